// SPDX-License-Identifier: Apache-2.0
/* summary_property.c - a summary's table properties, out and in.
 *
 * They stand together: a refresh sets all of them in one commit, so a table that has some of them
 * and not the others was changed by somebody else, and is refused by the name of what is wrong.
 *
 * T1  firn.definition-hash is the hash of the definition and the states that stand beside it */
#include "summary/summary_cover.h"

#include "base/sha256.h"

#include <string.h>

static const char *const published_names[] = {
    "firn.definition",      "firn.states",        "firn.checks",
    "firn.definition-hash", "firn.version",       "firn.snapshot-id",
    "firn.rows-digest",     "firn.states-digest", "firn.epochs",
};
enum { DEFINITION, STATES, CHECKS, HASH, VERSION, SNAPSHOT_ID, ROWS_DIGEST, STATES_DIGEST, EPOCHS };

_Static_assert(ARRAY_LEN(published_names) == SUMMARY_PROPERTIES, "summary.h counts them");

static status hash_of(const struct summary_texts *texts, struct arena *arena, struct str *out,
                      struct error *err)
{
    uint8_t sum[SHA256_BYTES];
    char hex[SHA256_HEX_BYTES];
    sha256(texts->definition, texts->states, sum);
    sha256_hex(sum, hex);
    return arena_str(arena, str_of(hex), out, err);
}

status summary_hash(const struct summary_definition *d, struct arena *arena, struct str *out,
                    struct error *err)
{
    struct summary_texts texts;
    TRY(summary_format(d, arena, &texts, err));
    return hash_of(&texts, arena, out, err);
}

status summary_properties(const struct summary_definition *d, const struct summary_digest *digest,
                          int64_t snapshot_id, struct str epochs, struct arena *arena,
                          struct property out[SUMMARY_PROPERTIES], struct error *err)
{
    struct summary_texts texts;
    TRY(summary_format(d, arena, &texts, err));
    for (size_t i = 0; i < SUMMARY_PROPERTIES; i++)
        out[i] = (struct property){.key = str_of(published_names[i])};
    out[DEFINITION].value = texts.definition;
    out[STATES].value = texts.states;
    out[CHECKS].value = texts.checks;
    out[VERSION].value = STR(SUMMARY_VERSION);
    out[EPOCHS].value = epochs;
    TRY(hash_of(&texts, arena, &out[HASH].value, err));
    TRY(arena_printf(arena, &out[SNAPSHOT_ID].value, err, "%lld", (long long)snapshot_id));
    TRY(summary_digest_text(digest->rows, arena, &out[ROWS_DIGEST].value, err));
    return summary_digest_text(digest->states, arena, &out[STATES_DIGEST].value, err);
}

/* ---- in -------------------------------------------------------------------------------------- */

bool summary_is(const struct iceberg_table *t)
{
    for (size_t i = 0; i < SUMMARY_PROPERTIES; i++)
        if (iceberg_table_property(t, published_names[i]).ptr)
            return true;
    return iceberg_table_property(t, "firn.pending").ptr != NULL;
}

static bool is_hex(struct str s, size_t digits)
{
    bool good = s.len == digits;
    for (size_t i = 0; good && i < digits; i++)
        good = (s.ptr[i] >= '0' && s.ptr[i] <= '9') || (s.ptr[i] >= 'a' && s.ptr[i] <= 'f');
    return good;
}

static bool is_number(struct str s)
{
    bool good = s.len > 0 && s.len < 20;
    for (size_t i = 0; good && i < s.len; i++)
        good = s.ptr[i] >= '0' && s.ptr[i] <= '9';
    return good;
}

static status malformed(size_t which, struct str value, struct error *err)
{
    FAIL(err, ST_CORRUPT, "property %s is malformed: \"%.*s\"", published_names[which],
         (int)(value.len < 80 ? value.len : 80), value.ptr);
}

/* *any false: the table has none of them. */
static status collect(const struct iceberg_table *t, struct str values[SUMMARY_PROPERTIES],
                      bool *any, struct error *err)
{
    const char *missing = NULL;
    *any = false;
    for (size_t i = 0; i < SUMMARY_PROPERTIES; i++) {
        values[i] = iceberg_table_property(t, published_names[i]);
        if (values[i].ptr)
            *any = true;
        else
            missing = published_names[i];
    }
    if (*any && missing)
        FAIL(err, ST_CORRUPT,
             "property %s is missing: what is published of a materialized view "
             "stands together",
             missing);
    return ST_OK;
}

static status check_plain(const struct str values[SUMMARY_PROPERTIES], struct error *err)
{
    int64_t epochs[SUMMARY_EPOCHS];
    size_t count;
    if (!str_eq(values[VERSION], STR(SUMMARY_VERSION)))
        FAIL(err, ST_UNSUPPORTED, "property firn.version is \"%.*s\"; this firn knows version %s",
             (int)(values[VERSION].len < 20 ? values[VERSION].len : 20), values[VERSION].ptr,
             SUMMARY_VERSION);
    if (!is_hex(values[HASH], SHA256_HEX_BYTES - 1))
        return malformed(HASH, values[HASH], err);
    if (!is_number(values[SNAPSHOT_ID]))
        return malformed(SNAPSHOT_ID, values[SNAPSHOT_ID], err);
    for (size_t i = ROWS_DIGEST; i <= STATES_DIGEST; i++)
        if (!is_hex(values[i], SUMMARY_DIGEST_DIGITS))
            return malformed(i, values[i], err);
    return summary_epochs_parse(values[EPOCHS], epochs, &count, err);
}

static status load_published(const struct iceberg_table *t, struct arena *arena,
                             struct summary_definition **out, struct error *err)
{
    struct str values[SUMMARY_PROPERTIES], hash;
    bool any;
    TRY(collect(t, values, &any, err));
    if (!any)
        return ST_OK;
    TRY(check_plain(values, err));
    struct summary_texts texts = {values[DEFINITION], values[STATES], values[CHECKS]};
    TRY(summary_parse(&texts, arena, out, err));
    TRY(hash_of(&texts, arena, &hash, err));
    if (!str_eq(hash, values[HASH]))
        FAIL(err, ST_CORRUPT,
             "property firn.definition-hash is %.*s, but the definition and "
             "states beside it hash to %.*s",
             STR_ARG(values[HASH]), STR_ARG(hash));
    return ST_OK;
}

status summary_load(const struct iceberg_table *t, bool published, struct arena *arena,
                    struct summary_definition **out, struct error *err)
{
    struct str pending = published ? (struct str){0} : iceberg_table_property(t, "firn.pending");
    *out = NULL;
    return pending.ptr ? summary_parse_pending(pending, arena, out, err)
                       : load_published(t, arena, out, err);
}
