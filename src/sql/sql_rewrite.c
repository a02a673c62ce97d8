// SPDX-License-Identifier: Apache-2.0
/* sql_rewrite.c - second step: the text that PostgreSQL's grammar takes, and the way back.
 *
 *     CREATE OR REPLACE TABLE t      ->  CREATE            TABLE t       mark: or_replace
 *     DROP TABLE t PURGE             ->  DROP TABLE t                    mark: purge
 *     DROP SCHEMA lake.demo          ->  DROP SCHEMA      demo           mark: catalog lake
 *     SELECT "Größe" FROM t          ->  SELECT  firn0$0   FROM t        name 0: Größe, quoted
 *
 * Blanks keep their length. A generated name stands between two blanks, because "a"b is two words.
 *
 * R1  the number behind `firn` is one that no word of the text has between "firn" and "$", so a
 *     generated name never equals a written one
 * R2  segments ascend in both offsets; the parts of a generated name map to the start of the name
 *     it stands for */
#include "sql/sql_int.h"

#include <stdio.h>

#define SQL_NAME_BYTES     63 /* PostgreSQL cuts longer ones */
#define SQL_GENERATED_MAX  26 /* " firn<6 digits>$<7 digits> " and some room */
#define SQL_PREFIX_NUMBERS (SQL_MAX_BYTES / 6 + 1)

static bool token_is(const struct sql_source *s, size_t i, int kind)
{
    return i < s->token_count && s->tokens[i].kind == kind;
}

/* What PostgreSQL accepts as a schema's name. */
static bool token_is_name(const struct sql_source *s, size_t i)
{
    return i < s->token_count &&
           (s->tokens[i].kind == PG_QUERY__TOKEN__IDENT ||
            s->tokens[i].keyword == PG_QUERY__KEYWORD_KIND__UNRESERVED_KEYWORD ||
            s->tokens[i].keyword == PG_QUERY__KEYWORD_KIND__COL_NAME_KEYWORD);
}

static struct str token_text(const struct sql_source *s, size_t i)
{
    return (struct str){s->text.ptr + s->tokens[i].start, s->tokens[i].end - s->tokens[i].start};
}

static bool token_is_kept_apart(const struct sql_source *s, size_t i)
{
    struct str t = token_text(s, i);
    return s->tokens[i].kind == PG_QUERY__TOKEN__IDENT &&
           (t.ptr[0] == '"' || t.len > SQL_NAME_BYTES);
}

/* A written name as PostgreSQL reads it: quotes off and "" to ", or folded to lower case. */
static status name_of_token(struct sql_source *s, size_t i, struct query_name *out,
                            struct error *err)
{
    struct str t = token_text(s, i);
    out->quoted = t.ptr[0] == '"';
    char *to;
    TRY(ARENA_ARRAY(s->arena, char, t.len + 1, &to, err));
    size_t len = 0;
    if (out->quoted) {
        for (size_t at = 1; at + 1 < t.len; at++) {
            to[len++] = t.ptr[at];
            at += t.ptr[at] == '"';
        }
    } else {
        for (; len < t.len; len++)
            to[len] = (char)(t.ptr[len] + (t.ptr[len] >= 'A' && t.ptr[len] <= 'Z' ? 32 : 0));
    }
    to[len] = 0;
    out->text = (struct str){to, len};
    return ST_OK;
}

/* ---- marks ----------------------------------------------------------------------------------- */

/* CREATE SCHEMA [IF NOT EXISTS] and DROP SCHEMA [IF EXISTS]: the token behind. */
static size_t mark_skip_condition(const struct sql_source *s, size_t i)
{
    i += token_is(s, i, PG_QUERY__TOKEN__IF_P);
    i += token_is(s, i, PG_QUERY__TOKEN__NOT);
    i += token_is(s, i, PG_QUERY__TOKEN__EXISTS);
    return i;
}

/* DROP TABLE a, b CASCADE PURGE (Spark's, behind PostgreSQL's own): the token of PURGE, else `i`. A
 * table may be called so: behind a comma, a dot or the words in front of the names it is one. */
static size_t mark_find_purge(const struct sql_source *s, size_t i)
{
    size_t last = i;
    while (last + 1 < s->token_count && !token_is(s, last + 1, PG_QUERY__TOKEN__ASCII_59))
        last++;
    bool name = token_is(s, last - 1, PG_QUERY__TOKEN__ASCII_44) ||
                token_is(s, last - 1, PG_QUERY__TOKEN__ASCII_46) ||
                token_is(s, last - 1, PG_QUERY__TOKEN__TABLE) ||
                token_is(s, last - 1, PG_QUERY__TOKEN__VIEW) ||
                token_is(s, last - 1, PG_QUERY__TOKEN__EXISTS);
    return !name && str_eq_nocase(token_text(s, last), STR("purge")) ? last : i;
}

/* Looks at token i; [*blank, *blank_end) are the tokens to blank, none if equal. */
static status mark_look(struct sql_source *s, size_t i, size_t *blank, size_t *blank_end,
                        struct error *err)
{
    struct sql_mark mark = {.token = i};
    *blank = *blank_end = i;
    bool create = token_is(s, i, PG_QUERY__TOKEN__CREATE);
    if (create && token_is(s, i + 1, PG_QUERY__TOKEN__OR) &&
        token_is(s, i + 2, PG_QUERY__TOKEN__REPLACE) &&
        (token_is(s, i + 3, PG_QUERY__TOKEN__TABLE) ||
         token_is(s, i + 3, PG_QUERY__TOKEN__MATERIALIZED))) {
        mark.or_replace = true;
        *blank = i + 1;
        *blank_end = i + 3;
    } else if ((create || token_is(s, i, PG_QUERY__TOKEN__DROP)) &&
               token_is(s, i + 1, PG_QUERY__TOKEN__SCHEMA)) {
        size_t name = mark_skip_condition(s, i + 2);
        if (!token_is_name(s, name) || !token_is(s, name + 1, PG_QUERY__TOKEN__ASCII_46) ||
            !token_is_name(s, name + 2))
            return ST_OK;
        TRY(name_of_token(s, name, &mark.catalog, err));
        *blank = name;
        *blank_end = name + 2;
    } else if (token_is(s, i, PG_QUERY__TOKEN__DROP) &&
               (token_is(s, i + 1, PG_QUERY__TOKEN__TABLE) ||
                token_is(s, i + 1, PG_QUERY__TOKEN__MATERIALIZED)) &&
               mark_find_purge(s, i + 1) > i + 1) {
        mark.purge = true;
        *blank = mark_find_purge(s, i + 1);
        *blank_end = *blank + 1;
    } else {
        return ST_OK;
    }
    s->marks[s->mark_count++] = mark;
    return ST_OK;
}

/* ---- generated names ------------------------------------------------------------------------- */

/* The smallest number that the text does not have as "firn<number>$" in any case (R1). */
static status prefix_choose(struct sql_source *s, struct error *err)
{
    uint8_t *taken;
    TRY(arena_calloc(s->scratch, SQL_PREFIX_NUMBERS, (void **)&taken, err));
    for (size_t i = 0; i + 4 < s->text.len; i++) {
        if (!str_eq_nocase((struct str){s->text.ptr + i, 4}, STR("firn")))
            continue;
        uint32_t number = 0;
        size_t at = i + 4;
        for (; at < s->text.len && s->text.ptr[at] >= '0' && s->text.ptr[at] <= '9'; at++)
            number = number < SQL_PREFIX_NUMBERS ? number * 10 + (uint32_t)(s->text.ptr[at] - '0')
                                                 : number;
        if (at < s->text.len && s->text.ptr[at] == '$' && number < SQL_PREFIX_NUMBERS)
            taken[number] = 1;
    }
    unsigned number = 0;
    while (taken[number]) /* fewer than SQL_PREFIX_NUMBERS can be taken: each needs 6 bytes */
        number++;
    snprintf(s->prefix, sizeof(s->prefix), "firn%u$", number);
    return ST_OK;
}

/* ---- writing --------------------------------------------------------------------------------- */

struct rewrite {
    struct sql_source *s;
    size_t len; /* of s->rewritten */
    size_t at;  /* original bytes before are written */
};

static void rewrite_segment(struct rewrite *w, size_t original, bool verbatim)
{
    w->s->segments[w->s->segment_count++] =
        (struct sql_segment){(uint32_t)w->len, (uint32_t)original, verbatim};
}

static void rewrite_copy(struct rewrite *w, size_t until)
{
    memcpy(w->s->rewritten + w->len, w->s->text.ptr + w->at, until - w->at);
    w->len += until - w->at;
    w->at = until;
}

static status rewrite_name(struct rewrite *w, size_t i, struct error *err)
{
    struct sql_source *s = w->s;
    const struct sql_token *t = &s->tokens[i];
    rewrite_copy(w, t->start);
    rewrite_segment(w, t->start, false);
    TRY(name_of_token(s, i, &s->names[s->name_count].name, err));
    s->names[s->name_count].written = token_text(s, i);
    w->len += (size_t)snprintf(s->rewritten + w->len, SQL_GENERATED_MAX, " %s%zu ", s->prefix,
                               s->name_count);
    s->name_count++;
    w->at = t->end;
    rewrite_segment(w, t->end, true);
    return ST_OK;
}

static status rewrite_alloc(struct sql_source *s, size_t lead_bytes, struct error *err)
{
    size_t names = 0, marks = 0;
    for (size_t i = 0; i < s->token_count; i++) {
        names += token_is_kept_apart(s, i);
        marks += token_is(s, i, PG_QUERY__TOKEN__CREATE) || token_is(s, i, PG_QUERY__TOKEN__DROP);
    }
    TRY(ARENA_ARRAY(s->scratch, struct sql_name_kept, names + 1, &s->names, err));
    TRY(ARENA_ARRAY(s->scratch, struct sql_mark, marks + 1, &s->marks, err));
    TRY(ARENA_ARRAY(s->scratch, struct sql_segment, 2 * names + 2, &s->segments, err));
    TRY(arena_alloc(s->scratch, lead_bytes + s->text.len + names * SQL_GENERATED_MAX + 1,
                    (void **)&s->rewritten, err));
    return prefix_choose(s, err);
}

status sql_rewrite(struct sql_source *s, const char *lead, struct error *err)
{
    size_t lead_bytes = strlen(lead);
    TRY(rewrite_alloc(s, lead_bytes, err));
    s->segment_count = 0;
    struct rewrite w = {.s = s};
    rewrite_segment(&w, 0, false);
    memcpy(s->rewritten, lead, lead_bytes);
    w.len = lead_bytes;
    rewrite_segment(&w, 0, true);
    for (size_t i = 0, blank = 0, blank_end = 0; i < s->token_count; i++) {
        if (i >= blank_end)
            TRY(mark_look(s, i, &blank, &blank_end, err));
        const struct sql_token *t = &s->tokens[i];
        if (i >= blank && i < blank_end) {
            rewrite_copy(&w, t->start);
            memset(s->rewritten + w.len, ' ', t->end - t->start);
            w.len += t->end - t->start;
            w.at = t->end;
        } else if (token_is_kept_apart(s, i)) {
            TRY(rewrite_name(&w, i, err));
        }
    }
    rewrite_copy(&w, s->text.len);
    s->rewritten[w.len] = 0;
    return ST_OK;
}

/* ---- the way back ---------------------------------------------------------------------------- */

size_t sql_offset(const struct sql_source *s, size_t rewritten)
{
    size_t low = 0, high = s->segment_count; /* the last segment that starts at or before */
    while (high - low > 1) {
        size_t mid = low + (high - low) / 2;
        if (s->segments[mid].rewritten <= rewritten)
            low = mid;
        else
            high = mid;
    }
    const struct sql_segment *g = &s->segments[low];
    size_t at = g->original + (g->verbatim ? rewritten - g->rewritten : 0);
    return at < s->text.len ? at : s->text.len;
}

int64_t sql_position(const struct sql_source *s, int location)
{
    return location < 0 ? 0 : (int64_t)sql_offset(s, (size_t)location) + 1;
}

int64_t sql_token_position(const struct sql_source *s, size_t token)
{
    return token < s->last ? s->tokens[token].start + 1 : 0;
}

size_t sql_token_at(const struct sql_source *s, int64_t position)
{
    size_t low = 0, high = s->token_count; /* the first token at or behind */
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if ((int64_t)s->tokens[mid].start + 1 < position)
            low = mid + 1;
        else
            high = mid;
    }
    return low < s->token_count && (int64_t)s->tokens[low].start + 1 == position ? low
                                                                                 : s->token_count;
}

size_t sql_token_find(const struct sql_source *s, size_t token, int kind)
{
    for (size_t depth = 0; token < s->last; token++) {
        int k = s->tokens[token].kind;
        if (k == kind && depth == 0)
            break;
        depth += k == PG_QUERY__TOKEN__ASCII_40;
        depth -= k == PG_QUERY__TOKEN__ASCII_41 && depth > 0;
    }
    return token;
}

struct str sql_slice(const struct sql_source *s, size_t first, size_t last)
{
    if (first >= last)
        return (struct str){s->text.ptr, 0};
    return (struct str){s->text.ptr + s->tokens[first].start,
                        s->tokens[last - 1].end - s->tokens[first].start};
}

/* ---- errors ---------------------------------------------------------------------------------- */

/* The byte offset of the n-th character (1 = the first). */
static size_t error_char_offset(const char *z, int n)
{
    size_t at = 0;
    for (; z[at]; at++)
        if (((uint8_t)z[at] & 0xC0) != 0x80 && --n == 0)
            break;
    return at;
}

/* Copies a message with generated names put back; cut at `size`. */
static void error_restore_names(const struct sql_source *s, const char *message, char *out,
                                size_t size)
{
    size_t prefix = strlen(s->prefix), len = 0;
    while (*message && len + 1 < size) {
        size_t number = 0, digits = prefix;
        bool kept = prefix && strncmp(message, s->prefix, prefix) == 0;
        for (; kept && message[digits] >= '0' && message[digits] <= '9' && number < s->name_count;
             digits++)
            number = number * 10 + (size_t)(message[digits] - '0');
        if (!kept || digits == prefix || number >= s->name_count) {
            out[len++] = *message++;
            continue;
        }
        struct str written = s->names[number].written;
        size_t n = written.len < size - len - 1 ? written.len : size - len - 1;
        memcpy(out + len, written.ptr, n);
        len += n;
        message += digits;
    }
    out[len] = 0;
}

status sql_error(const struct sql_source *s, const PgQueryError *e, struct error *err)
{
    const char *message = e->message ? e->message : "the statement cannot be parsed";
    int64_t position = 0;
    if (e->cursorpos > 0)
        position = (int64_t)sql_offset(s, error_char_offset(s->rewritten, e->cursorpos)) + 1;
    char text[512];
    error_restore_names(s, message, text, sizeof(text));
    if (strncmp(message, "out of memory", 13) == 0)
        FAIL(err, ST_OOM, "%s", text);
    if (strncmp(message, "memory exhausted", 16) == 0 || strncmp(message, "stack depth", 11) == 0)
        FAIL_SQL(err, ST_LIMIT, "54001", position, "the statement is nested too deeply: %s", text);
    if (strncmp(message, "invalid byte sequence", 21) == 0)
        FAIL_SQL(err, ST_INVALID, "22021", position, "%s", text);
    FAIL_SQL(err, ST_INVALID, "42601", position, "%s", text);
}
