// SPDX-License-Identifier: Apache-2.0
/* query_expr.c - bound expressions: equality, properties, text.
 *
 * The text reads as SQL, fully parenthesised, so that two expressions print alike only if they are
 * alike:   ((amount * 2) > 10::bigint)   date_trunc('month', ts)   sum($3) */
#include "query/query_expr.h"

#include "base/buffer.h"
#include "column/column_text.h"

#define EXPR_TEXT_MAX_BYTES (16u << 20)

/* ---- equality -------------------------------------------------------------------------------- */

/* As constants, -0.0 is not +0.0 and '1 month' is not '30 days'. */
static bool expr_value_eq(const struct column_value *a, const struct column_value *b)
{
    if (!column_type_eq(a->type, b->type) || a->null != b->null)
        return false;
    if (a->null)
        return true;
    if (column_type_phys(a->type) == PHYS_INTERVAL)
        return a->interval.months == b->interval.months && a->interval.days == b->interval.days &&
               a->interval.us == b->interval.us;
    return column_value_cmp(a, b, true) == 0;
}

bool query_expr_eq(const struct query_expr *a, const struct query_expr *b)
{
    if (a == b)
        return true;
    if (!a || !b || a->kind != b->kind || !column_type_eq(a->type, b->type) ||
        a->arg_count != b->arg_count)
        return false;
    if (a->kind == QUERY_CONST && !expr_value_eq(&a->value, &b->value))
        return false;
    if (a->kind == QUERY_COLUMN && a->column != b->column)
        return false;
    if (a->kind == QUERY_CALL && a->function != b->function)
        return false;
    if (a->kind == QUERY_SUBQUERY && a->plan != b->plan)
        return false;
    for (size_t i = 0; i < a->arg_count; i++)
        if (!query_expr_eq(a->args[i], b->args[i]))
            return false;
    return true;
}

/* ---- properties ------------------------------------------------------------------------------ */

/* A cast between timestamptz and anything else reads the session's time zone. */
static unsigned expr_cast_flags(const struct query_expr *e)
{
    bool to = e->type.kind == COLUMN_TIMESTAMPTZ;
    bool from = e->args[0]->type.kind == COLUMN_TIMESTAMPTZ;
    return to != from ? FN_STABLE : FN_IMMUTABLE;
}

unsigned query_expr_flags(const struct query_expr *e)
{
    unsigned own = e->kind == QUERY_CALL       ? query_functions[e->function].flags
                   : e->kind == QUERY_CAST     ? expr_cast_flags(e)
                   : e->kind == QUERY_SUBQUERY ? FN_STABLE
                                               : FN_IMMUTABLE;
    for (size_t i = 0; i < e->arg_count; i++) {
        unsigned arg = query_expr_flags(e->args[i]);
        own = ((own | arg) & ~(unsigned)FN_IMMUTABLE) | (own & arg & FN_IMMUTABLE);
    }
    return own;
}

void query_expr_columns(const struct query_expr *e, void (*visit)(void *arg, int column), void *arg)
{
    if (e->kind == QUERY_COLUMN)
        visit(arg, e->column);
    for (size_t i = 0; i < e->arg_count; i++)
        query_expr_columns(e->args[i], visit, arg);
}

/* ---- text ------------------------------------------------------------------------------------ */

struct expr_text {
    struct buffer out;
    const struct column_schema *names; /* NULL: $1, $2 */
};

static status text_expr(struct expr_text *t, const struct query_expr *e, struct error *err);

static status text_quoted(struct expr_text *t, struct str s, char quote, struct error *err)
{
    TRY(buffer_append_byte(&t->out, (uint8_t)quote, err));
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == quote)
            TRY(buffer_append_byte(&t->out, (uint8_t)quote, err));
        TRY(buffer_append_byte(&t->out, (uint8_t)s.ptr[i], err));
    }
    return buffer_append_byte(&t->out, (uint8_t)quote, err);
}

/* Plain when PostgreSQL would read it back as it is; keywords are not known here. */
static status text_name(struct expr_text *t, struct str name, struct error *err)
{
    bool plain = name.len > 0 && !(name.ptr[0] >= '0' && name.ptr[0] <= '9');
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        plain &= (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    }
    return plain ? buffer_append_str(&t->out, name, err) : text_quoted(t, name, '"', err);
}

static status text_type(struct expr_text *t, struct column_type type, struct error *err)
{
    char name[64];
    return buffer_printf(&t->out, err, "::%s", column_type_name(type, name));
}

/* Integers, booleans and texts stand bare; all others carry their type. */
static status text_const(struct expr_text *t, const struct query_expr *e, struct error *err)
{
    const struct column_value *v = &e->value;
    if (v->null) {
        TRY(buffer_append_str(&t->out, STR("NULL"), err));
        return v->type.kind == COLUMN_UNKNOWN ? ST_OK : text_type(t, v->type, err);
    }
    if (v->type.kind == COLUMN_BOOLEAN)
        return buffer_append_str(&t->out, v->b ? STR("true") : STR("false"), err);
    if (v->type.kind == COLUMN_TEXT || v->type.kind == COLUMN_UNKNOWN)
        return text_quoted(t, v->str, '\'', err);
    if (v->type.kind == COLUMN_INT)
        return buffer_printf(&t->out, err, v->i32 < 0 ? "(%d)" : "%d", v->i32);
    TRY(buffer_append_byte(&t->out, '\'', err));
    TRY(column_text_format(v, NULL, &t->out, err));
    TRY(buffer_append_byte(&t->out, '\'', err));
    return text_type(t, v->type, err);
}

static status text_column(struct expr_text *t, const struct query_expr *e, struct error *err)
{
    if (t->names && e->column >= 0 && (size_t)e->column < t->names->count)
        return text_name(t, t->names->fields[e->column].name, err);
    return buffer_printf(&t->out, err, "$%d", e->column + 1);
}

/* head, arguments from `first` between separators, tail. */
static status text_args(struct expr_text *t, const char *head, const struct query_expr *e,
                        size_t first, const char *separator, struct error *err)
{
    TRY(buffer_printf(&t->out, err, "%s(", head));
    for (size_t i = first; i < e->arg_count; i++) {
        if (i > first)
            TRY(buffer_append_str(&t->out, str_of(separator), err));
        TRY(text_expr(t, e->args[i], err));
    }
    return buffer_append_byte(&t->out, ')', err);
}

static status text_upper(struct expr_text *t, const char *name, struct error *err)
{
    for (; *name; name++)
        TRY(buffer_append_byte(&t->out,
                               (uint8_t)(*name >= 'a' && *name <= 'z' ? *name - 32 : *name), err));
    return ST_OK;
}

/* Symbols and words that SQL writes between or around their arguments; others are name(...). */
static bool call_is_infix(const char *name)
{
    return !(name[0] >= 'a' && name[0] <= 'z') || strncmp(name, "is ", 3) == 0 ||
           strcmp(name, "not") == 0 || strcmp(name, "like") == 0 || strcmp(name, "ilike") == 0;
}

static status text_call(struct expr_text *t, const struct query_expr *e, struct error *err)
{
    const char *name = query_functions[e->function].name;
    if (!call_is_infix(name))
        return text_args(t, name, e, 0, ", ", err);
    bool prefix = e->arg_count == 1 && strncmp(name, "is ", 3) != 0;
    TRY(buffer_append_byte(&t->out, '(', err));
    if (!prefix) {
        TRY(text_expr(t, e->args[0], err));
        TRY(buffer_append_byte(&t->out, ' ', err));
    }
    TRY(text_upper(t, name, err));
    for (size_t i = prefix ? 0 : 1; i < e->arg_count; i++) {
        TRY(buffer_append_str(&t->out, i == 2 ? STR(" ESCAPE ") : STR(" "), err));
        TRY(text_expr(t, e->args[i], err));
    }
    return buffer_append_byte(&t->out, ')', err);
}

static status text_case(struct expr_text *t, const struct query_expr *e, struct error *err)
{
    TRY(buffer_append_str(&t->out, STR("CASE"), err));
    for (size_t i = 0; i < e->arg_count; i++) {
        struct str word = i + 1 == e->arg_count && i % 2 == 0 ? STR(" ELSE ")
                          : i % 2 == 0                        ? STR(" WHEN ")
                                                              : STR(" THEN ");
        TRY(buffer_append_str(&t->out, word, err));
        TRY(text_expr(t, e->args[i], err));
    }
    return buffer_append_str(&t->out, STR(" END"), err);
}

static status text_in(struct expr_text *t, const struct query_expr *e, struct error *err)
{
    TRY(buffer_append_byte(&t->out, '(', err));
    TRY(text_expr(t, e->args[0], err));
    TRY(text_args(t, " IN ", e, 1, ", ", err));
    return buffer_append_byte(&t->out, ')', err);
}

static status text_cast(struct expr_text *t, const struct query_expr *e, struct error *err)
{
    TRY(text_expr(t, e->args[0], err));
    return text_type(t, e->type, err);
}

static status text_expr(struct expr_text *t, const struct query_expr *e, struct error *err)
{
    switch (e->kind) {
    case QUERY_CONST:
        return text_const(t, e, err);
    case QUERY_COLUMN:
        return text_column(t, e, err);
    case QUERY_CALL:
        return text_call(t, e, err);
    case QUERY_CAST:
        return text_cast(t, e, err);
    case QUERY_AND:
        return text_args(t, "", e, 0, " AND ", err);
    case QUERY_OR:
        return text_args(t, "", e, 0, " OR ", err);
    case QUERY_CASE:
        return text_case(t, e, err);
    case QUERY_COALESCE:
        return text_args(t, "COALESCE", e, 0, ", ", err);
    case QUERY_NULLIF:
        return text_args(t, "NULLIF", e, 0, ", ", err);
    case QUERY_GREATEST:
        return text_args(t, "GREATEST", e, 0, ", ", err);
    case QUERY_LEAST:
        return text_args(t, "LEAST", e, 0, ", ", err);
    case QUERY_IN:
        return text_in(t, e, err);
    case QUERY_SUBQUERY:
        return buffer_append_str(&t->out, STR("(subquery)"), err);
    }
    FAIL(err, ST_INTERNAL, "an expression of unknown kind %d", (int)e->kind);
}

status query_expr_text(const struct query_expr *e, const struct column_schema *names,
                       struct arena *arena, struct str *out, struct error *err)
{
    struct expr_text t = {.names = names};
    buffer_init(&t.out, arena->account, EXPR_TEXT_MAX_BYTES);
    status st = text_expr(&t, e, err);
    if (st == ST_OK)
        st = arena_str(arena, buffer_str(&t.out), out, err);
    buffer_free(&t.out);
    return st;
}
