// SPDX-License-Identifier: Apache-2.0
/* plan_function.c - which row of query_functions.def a call or an operator means.
 *
 * PostgreSQL's rules ("Type Conversion", operators and functions), over firn's rows:
 *
 *     1  a row whose arguments have exactly the given types; for an operator with one untyped
 *        literal, that literal is first tried as the other side's type
 *     2  rows that every argument can be cast to implicitly
 *     3  of these, those with the most exact matches
 *     4  then those with the most exact or preferred types (double, timestamptz, text)
 *     5  untyped literals: as text if a row takes text there, else the one category all rows agree
 *        on, the preferred type first
 *     6  else, if all typed arguments are of one type, the literals are taken as that type
 *
 * More than one row left is 42725, none is 42883. Comparisons and || have rules of their own.
 * PostgreSQL's operators between real and double are two doubles here, so real counts as an exact
 * match for a double operand (rule 3): real + integer is double, as there. */
#include "plan/plan_int.h"

#include <stdio.h>

#define MAX_CANDIDATES 64
#define MAX_ARGS       100 /* as in PostgreSQL */

struct candidates {
    size_t count;
    enum query_function fn[MAX_CANDIDATES];
};

struct call {
    const char *name;
    bool is_operator;
    struct query_expr **args;
    size_t count;
    int64_t position;
};

static enum column_kind letter_kind(char letter)
{
    switch (letter) {
    case 'b':
        return COLUMN_BOOLEAN;
    case 'i':
        return COLUMN_INT;
    case 'l':
        return COLUMN_BIGINT;
    case 'f':
        return COLUMN_REAL;
    case 'd':
        return COLUMN_DOUBLE;
    case 'n':
        return COLUMN_DECIMAL;
    case 'D':
        return COLUMN_DATE;
    case 'T':
        return COLUMN_TIME;
    case 'P':
        return COLUMN_TIMESTAMP;
    case 'Z':
        return COLUMN_TIMESTAMPTZ;
    case 'I':
        return COLUMN_INTERVAL;
    case 't':
        return COLUMN_TEXT;
    case 'y':
        return COLUMN_BINARY;
    case 'u':
        return COLUMN_UUID;
    default: /* '*' and 'a': any */
        return COLUMN_UNKNOWN;
    }
}

/* The letter of argument i, the last one repeated where the row ends in '+'; 0 past the end. */
static char row_letter(enum query_function f, size_t i)
{
    const char *args = query_functions[f].args;
    size_t n = strlen(args);
    bool repeats = n > 0 && args[n - 1] == '+';
    n -= repeats;
    return i < n ? args[i] : repeats ? args[n - 1] : 0;
}

static bool row_takes(enum query_function f, size_t count)
{
    size_t n = strlen(query_functions[f].args);
    if (n > 0 && query_functions[f].args[n - 1] == '+')
        return count >= n - 1;
    return count == n;
}

static bool accepts(char letter, enum column_kind from)
{
    enum column_kind to = letter_kind(letter);
    return to == COLUMN_UNKNOWN || plan_cast_context(from, to) == PLAN_CAST_IMPLICIT;
}

/* The type an argument counts as: no row takes smallint, so it is an integer from the start. */
static enum column_kind arg_kind(const struct call *c, size_t i)
{
    enum column_kind k = c->args[i]->type.kind;
    return k == COLUMN_SMALLINT ? COLUMN_INT : k;
}

static bool is_exact(const struct call *c, char letter, enum column_kind from)
{
    enum column_kind to = letter_kind(letter);
    return from == to ||
           (c->is_operator && c->count == 2 && from == COLUMN_REAL && to == COLUMN_DOUBLE);
}

/* ---- errors ---------------------------------------------------------------------------------- */

status plan_type_list(struct plan_binder *b, struct query_expr *const *args, size_t count,
                      struct str *out, struct error *err)
{
    *out = STR("");
    for (size_t i = 0; i < count; i++) {
        char name[64];
        TRY(arena_printf(b->c->arena, out, err, "%.*s%s%s", STR_ARG(*out), i ? ", " : "",
                         column_type_name(args[i]->type, name)));
    }
    return ST_OK;
}

static void nearest_function(struct str name, struct error *err)
{
    const char *best = NULL;
    bool known = false;
    int most = (int)(name.len + 2) / 3;
    for (size_t f = 0; f < QUERY_FN_COUNT; f++) {
        struct str other = str_of(query_functions[f].name);
        int distance = str_distance(name, other);
        if (str_eq(name, other)) {
            best = NULL;
            known = true;
            break;
        }
        if (distance <= most && distance < (int)name.len) {
            best = query_functions[f].name;
            most = distance - 1;
        }
    }
    for (int k = 0; !known && k <= QUERY_AGG_ANY_VALUE; k++) {
        const char *other = query_agg_name((enum query_agg)k);
        int distance = str_distance(name, str_of(other));
        known = distance == 0;
        if (distance <= most && k != QUERY_AGG_COUNT_DISTINCT) {
            best = known ? NULL : other;
            most = distance - 1;
        }
    }
    if (best)
        error_detail(err, "Perhaps you meant the function \"%s\".", best);
    else
        error_detail(err, "No function matches the given name and argument types. You might need "
                          "to add explicit type casts.");
}

static status fail_choice(struct plan_binder *b, const struct call *c, bool several,
                          struct error *err)
{
    char left[64], right[64] = "";
    struct str types;
    const char *state = several ? "42725" : "42883";
    status st;
    if (c->is_operator && c->count <= 2) {
        const char *how = several ? "operator is not unique:" : "operator does not exist:";
        column_type_name(c->args[0]->type, left);
        if (c->count == 2)
            column_type_name(c->args[1]->type, right);
        st = c->count == 2
                 ? error_set(err, ST_INVALID, __FILE__, __LINE__, "%s %s %s %s", how, left, c->name,
                             right)
                 : error_set(err, ST_INVALID, __FILE__, __LINE__, "%s %s %s", how, c->name, left);
        error_detail(err, "%s You might need to add explicit type casts.",
                     several ? "Could not choose a best candidate operator."
                             : "No operator matches the given name and argument types.");
    } else {
        TRY(plan_type_list(b, c->args, c->count, &types, err));
        st = error_set(err, ST_INVALID, __FILE__, __LINE__, "function %s(%.*s) %s", c->name,
                       STR_ARG(types), several ? "is not unique" : "does not exist");
        if (!several)
            nearest_function(str_of(c->name), err);
    }
    error_sqlstate(err, state);
    error_position(err, c->position);
    return st;
}

/* ---- the choice ------------------------------------------------------------------------------ */

static bool find_exact(const struct candidates *all, const struct call *c, enum column_kind as,
                       enum query_function *out)
{
    for (size_t k = 0; k < all->count; k++) {
        size_t i = 0;
        while (i < c->count) {
            enum column_kind from = arg_kind(c, i);
            if (from == COLUMN_UNKNOWN)
                from = as;
            if (from == COLUMN_UNKNOWN || letter_kind(row_letter(all->fn[k], i)) != from)
                break;
            i++;
        }
        if (i == c->count) {
            *out = all->fn[k];
            return true;
        }
    }
    return false;
}

/* Keeps the candidates with the most points; `preferred` gives points to preferred types too. */
static void keep_best(struct candidates *all, const struct call *c, bool preferred)
{
    int points[MAX_CANDIDATES], best = 0;
    for (size_t k = 0; k < all->count; k++) {
        points[k] = 0;
        for (size_t i = 0; i < c->count; i++) {
            char letter = row_letter(all->fn[k], i);
            enum column_kind from = arg_kind(c, i), to = letter_kind(letter);
            if (from == COLUMN_UNKNOWN)
                continue;
            points[k] += is_exact(c, letter, from) ||
                         (preferred && to != COLUMN_UNKNOWN && plan_type_is_preferred(to) &&
                          plan_type_category(to) == plan_type_category(from));
        }
        best = points[k] > best ? points[k] : best;
    }
    size_t kept = 0;
    for (size_t k = 0; k < all->count; k++)
        if (points[k] == best)
            all->fn[kept++] = all->fn[k];
    all->count = kept;
}

/* Rule 5 for argument i: false if the candidates do not agree on a category. */
static bool settle_unknown(struct candidates *all, size_t i)
{
    char category = 0;
    bool has_preferred = false;
    for (size_t k = 0; k < all->count; k++) {
        enum column_kind to = letter_kind(row_letter(all->fn[k], i));
        char here = plan_type_category(to);
        if (here == 'S') {
            category = 'S';
            break;
        }
        if (category && category != here)
            category = '?';
        else
            category = here;
    }
    for (size_t k = 0; k < all->count; k++) {
        enum column_kind to = letter_kind(row_letter(all->fn[k], i));
        has_preferred |= plan_type_category(to) == category && plan_type_is_preferred(to);
    }
    if (category == '?')
        return false;
    size_t kept = 0;
    for (size_t k = 0; k < all->count; k++) {
        enum column_kind to = letter_kind(row_letter(all->fn[k], i));
        if (plan_type_category(to) == category && (!has_preferred || plan_type_is_preferred(to)))
            all->fn[kept++] = all->fn[k];
    }
    all->count = kept;
    return true;
}

/* Rule 6. */
static bool assume_known(struct candidates *all, const struct call *c)
{
    enum column_kind known = COLUMN_UNKNOWN;
    for (size_t i = 0; i < c->count; i++) {
        enum column_kind from = arg_kind(c, i);
        if (from == COLUMN_UNKNOWN)
            continue;
        if (known != COLUMN_UNKNOWN && known != from)
            return false;
        known = from;
    }
    if (known == COLUMN_UNKNOWN)
        return false;
    size_t kept = 0;
    for (size_t k = 0; k < all->count; k++) {
        bool fits = true;
        for (size_t i = 0; i < c->count; i++)
            fits &= accepts(row_letter(all->fn[k], i), known);
        if (fits)
            all->fn[kept++] = all->fn[k];
    }
    all->count = kept;
    return kept == 1;
}

static status choose(struct plan_binder *b, const struct call *c, enum query_function *out,
                     struct error *err)
{
    struct candidates all = {0};
    for (size_t f = 0; f < QUERY_FN_COUNT; f++)
        if (row_takes((enum query_function)f, c->count) &&
            strcmp(query_functions[f].name, c->name) == 0) {
            ENSURE(all.count < MAX_CANDIDATES, err);
            all.fn[all.count++] = (enum query_function)f;
        }
    enum column_kind other = COLUMN_UNKNOWN;
    if (c->is_operator && c->count == 2)
        other = arg_kind(c, arg_kind(c, 0) == COLUMN_UNKNOWN);
    if (find_exact(&all, c, other, out))
        return ST_OK;
    size_t kept = 0;
    bool unknown = false;
    for (size_t k = 0; k < all.count; k++) {
        bool fits = true;
        for (size_t i = 0; i < c->count; i++) {
            fits &= accepts(row_letter(all.fn[k], i), arg_kind(c, i));
            unknown |= arg_kind(c, i) == COLUMN_UNKNOWN;
        }
        if (fits)
            all.fn[kept++] = all.fn[k];
    }
    all.count = kept;
    if (all.count > 1)
        keep_best(&all, c, false);
    if (all.count > 1)
        keep_best(&all, c, true);
    struct candidates before = all;
    bool agreed = true;
    for (size_t i = 0; i < c->count && all.count > 1 && agreed; i++)
        if (arg_kind(c, i) == COLUMN_UNKNOWN)
            agreed = settle_unknown(&all, i);
    if (all.count != 1 && before.count > 1 && unknown) {
        all = before;
        if (!assume_known(&all, c))
            return fail_choice(b, c, true, err);
    }
    if (all.count != 1)
        return fail_choice(b, c, all.count > 1, err);
    *out = all.fn[0];
    return ST_OK;
}

/* ---- the call -------------------------------------------------------------------------------- */

static status make_call(struct plan_binder *b, enum query_function f, const struct call *c,
                        struct query_expr **out, struct error *err)
{
    const struct query_function_row *row = &query_functions[f];
    struct column_type type = column_type_of(letter_kind(row->result));
    bool null = false;
    for (size_t i = 0; i < c->count; i++) {
        enum column_kind to = letter_kind(row_letter(f, i));
        if (to == COLUMN_UNKNOWN)
            TRY(plan_settle(b, c->args[i], &c->args[i], err));
        else if (to != COLUMN_DECIMAL || c->args[i]->type.kind != COLUMN_DECIMAL)
            TRY(plan_coerce(b, c->args[i], column_type_of(to), PLAN_CAST_IMPLICIT, &c->args[i],
                            err));
        null |= c->args[i]->kind == QUERY_CONST && c->args[i]->value.null;
    }
    if (row->result == 'n')
        type = plan_decimal_result(f, c->args, c->count);
    if (null && !(row->flags & FN_NULL_OK))
        return plan_null(b, type, c->position, out, err);
    TRY(plan_expr_new(b, QUERY_CALL, type, c->position, c->count, out, err));
    (*out)->function = f;
    for (size_t i = 0; i < c->count; i++)
        (*out)->args[i] = c->args[i];
    return plan_fold(b, out, err);
}

status plan_function(struct plan_binder *b, struct str name, struct query_expr **args, size_t count,
                     int64_t position, struct query_expr **out, struct error *err)
{
    struct str z;
    enum query_function f;
    if (count > MAX_ARGS)
        FAIL_SQL(err, ST_LIMIT, "54023", position,
                 "cannot pass more than %d arguments to a function", MAX_ARGS);
    TRY(arena_str(b->c->arena, name, &z, err));
    struct call c = {.name = z.ptr, .args = args, .count = count, .position = position};
    TRY(choose(b, &c, &f, err));
    return make_call(b, f, &c, out, err);
}

/* ---- operators ------------------------------------------------------------------------------- */

static const struct comparison {
    const char *name;
    enum query_function fn;
} comparisons[] = {
    {"=", QUERY_FN_EQ},
    {"<>", QUERY_FN_NE},
    {"!=", QUERY_FN_NE},
    {"<", QUERY_FN_LT},
    {"<=", QUERY_FN_LE},
    {">", QUERY_FN_GT},
    {">=", QUERY_FN_GE},
    {"is distinct from", QUERY_FN_DISTINCT_FROM},
    {"is not distinct from", QUERY_FN_NOT_DISTINCT_FROM},
};

static status compare(struct plan_binder *b, enum query_function f, struct call *c,
                      struct query_expr **out, struct error *err)
{
    struct column_type t;
    if (!plan_comparison_type(c->args[0], c->args[1], &t)) {
        if (f == QUERY_FN_DISTINCT_FROM || f == QUERY_FN_NOT_DISTINCT_FROM)
            c->name = "=";
        return fail_choice(b, c, false, err);
    }
    if (t.kind == COLUMN_UNKNOWN)
        t = column_type_of(COLUMN_TEXT);
    if (t.kind == COLUMN_DECIMAL) /* an untyped literal beside a decimal: with its own digits */
        for (size_t i = 0; i < 2; i++)
            if (c->args[i]->type.kind == COLUMN_UNKNOWN && !c->args[i]->value.null) {
                TRY(plan_coerce(b, c->args[i], column_type_of(COLUMN_DECIMAL), PLAN_CAST_IMPLICIT,
                                &c->args[i], err));
                t = plan_decimal_common(t, c->args[i]->type);
            }
    for (size_t i = 0; i < 2; i++)
        TRY(plan_coerce(b, c->args[i], t, PLAN_CAST_IMPLICIT, &c->args[i], err));
    return make_call(b, f, c, out, err);
}

/* text || anything and anything || text: the other side as text. */
static status concat(struct plan_binder *b, struct call *c, struct query_expr **out,
                     struct error *err)
{
    enum column_kind x = c->args[0]->type.kind, y = c->args[1]->type.kind;
    bool bytes = x == COLUMN_BINARY || y == COLUMN_BINARY || x == COLUMN_FIXED || y == COLUMN_FIXED;
    bool text = x == COLUMN_TEXT || y == COLUMN_TEXT || x == COLUMN_UNKNOWN || y == COLUMN_UNKNOWN;
    if (bytes && x != COLUMN_TEXT && y != COLUMN_TEXT)
        text = false;
    if (text)
        for (size_t i = 0; i < 2; i++)
            TRY(plan_coerce(b, c->args[i], column_type_of(COLUMN_TEXT), PLAN_CAST_ASSIGNMENT,
                            &c->args[i], err));
    enum query_function f;
    TRY(choose(b, c, &f, err));
    return make_call(b, f, c, out, err);
}

/* interval + date, interval + time and time + date are their mirror images. */
static void mirror(struct call *c)
{
    enum column_kind x = c->args[0]->type.kind, y = c->args[1]->type.kind;
    if ((x == COLUMN_INTERVAL && (y == COLUMN_DATE || y == COLUMN_TIME)) ||
        (x == COLUMN_TIME && y == COLUMN_DATE)) {
        struct query_expr *first = c->args[0];
        c->args[0] = c->args[1];
        c->args[1] = first;
    }
}

status plan_operator(struct plan_binder *b, const char *name, struct query_expr **args,
                     size_t count, int64_t position, struct query_expr **out, struct error *err)
{
    struct call c = {
        .name = name, .is_operator = true, .args = args, .count = count, .position = position};
    if (count == 2) {
        for (size_t i = 0; i < ARRAY_LEN(comparisons); i++)
            if (strcmp(name, comparisons[i].name) == 0)
                return compare(b, comparisons[i].fn, &c, out, err);
        if (strcmp(name, "||") == 0)
            return concat(b, &c, out, err);
        if (strcmp(name, "+") == 0)
            mirror(&c);
    }
    enum query_function f;
    TRY(choose(b, &c, &f, err));
    return make_call(b, f, &c, out, err);
}
