// SPDX-License-Identifier: Apache-2.0
/* expr.c - bound expressions to trees of nodes, and the ways in.
 *
 * Stands between the operators (filter, project, aggregate, sort), which own an expression for each
 * value they need, and the evaluation in expr_eval.c. Compiling chooses every function by its
 * row number and types once, so that evaluation only follows pointers.
 *
 * An expression keeps two arenas: `memory` for the tree and its vectors, `text` for the strings of
 * one evaluation. Both are charged to the context's account and end with the context's arena. */
#include "expr/expr_int.h"

struct expr {
    struct expr_node *root;
    struct arena memory, text;
    uint64_t is_true[COLUMN_SPAN_WORDS], not_null[COLUMN_SPAN_WORDS]; /* for select */
};

/* What compiling needs at every node. */
struct compiler {
    const struct expr_context *context;
    struct expr *expr;
    int depth;
};

static const struct expr_function_table *const tables[] = {
    &expr_fn_loop_table,    &expr_fn_number_table,         &expr_fn_text_table,
    &expr_fn_match_table,   &expr_fn_time_table,           &expr_fn_extract_table,
    &expr_fn_to_char_table, &expr_fn_to_char_number_table, &expr_fn_from_char_table,
};

static const struct expr_function *find_function(enum query_function id)
{
    for (size_t t = 0; t < ARRAY_LEN(tables); t++)
        for (size_t i = 0; i < tables[t]->count; i++)
            if (tables[t]->rows[i].id == id)
                return &tables[t]->rows[i];
    return NULL;
}

status expr_call_bind(struct expr_call *c, struct error *err)
{
    if (c->function == QUERY_FN_COUNT)
        return expr_cast_bind(c, err);
    const struct expr_function *f = find_function(c->function);
    if (!f)
        FAIL(err, ST_INTERNAL, "function %s has no implementation",
             query_functions[c->function].name);
    c->scalar = f->scalar;
    c->loop = f->loop;
    return f->bind ? f->bind(c, err) : ST_OK;
}

/* Q1: plan has brought every argument to the letter of its function's row. */
static bool letter_matches(char letter, struct column_type t)
{
    switch (letter) {
    case 'b':
        return t.kind == COLUMN_BOOLEAN;
    case 'i':
        return t.kind == COLUMN_INT || t.kind == COLUMN_SMALLINT;
    case 'l':
        return t.kind == COLUMN_BIGINT;
    case 'f':
        return t.kind == COLUMN_REAL;
    case 'd':
        return t.kind == COLUMN_DOUBLE;
    case 'n':
        return t.kind == COLUMN_DECIMAL;
    case 'D':
        return t.kind == COLUMN_DATE;
    case 'T':
        return t.kind == COLUMN_TIME;
    case 'P':
        return t.kind == COLUMN_TIMESTAMP;
    case 'Z':
        return t.kind == COLUMN_TIMESTAMPTZ;
    case 'I':
        return t.kind == COLUMN_INTERVAL;
    case 't':
        return t.kind == COLUMN_TEXT || t.kind == COLUMN_UNKNOWN;
    case 'y':
        return t.kind == COLUMN_BINARY || t.kind == COLUMN_FIXED;
    case 'u':
        return t.kind == COLUMN_UUID;
    default:
        return letter == 'a' || letter == '*';
    }
}

static bool letters_match(const struct query_function_row *row, const struct expr_call *c)
{
    const char *letter = row->args;
    const struct column_type *common = NULL;
    for (size_t k = 0; k < c->arg_count; k++) {
        if (!*letter || !letter_matches(*letter, c->arg_types[k]))
            return false;
        if (*letter == 'a' && common &&
            column_type_phys(*common) != column_type_phys(c->arg_types[k]))
            return false;
        if (*letter == 'a')
            common = &c->arg_types[k];
        if (letter[1] != '+')
            letter++;
    }
    return (!*letter || letter[1] == '+') && letter_matches(row->result, c->type);
}

static status make_call(struct compiler *m, struct expr_node *n, enum query_function function,
                        struct column_type type, struct error *err)
{
    struct arena *a = &m->expr->memory;
    TRY(ARENA_NEW(a, struct expr_call, &n->call, err));
    struct expr_call *c = n->call;
    c->function = function;
    c->type = type;
    c->arg_count = n->arg_count;
    c->zone = m->context->zone;
    c->now_us = m->context->now_us;
    c->memory = a;
    c->text = &m->expr->text;
    struct column_type *types;
    TRY(ARENA_ARRAY(a, struct column_type, n->arg_count, &types, err));
    for (size_t k = 0; k < n->arg_count; k++)
        types[k] = n->args[k]->type;
    c->arg_types = types;
    TRY(ARENA_ARRAY(a, struct column_span, n->arg_count, &n->spans, err));
    TRY(ARENA_ARRAY(a, void *, n->arg_count, &n->arg_values, err));
    TRY(ARENA_ARRAY(a, uint64_t *, n->arg_count, &n->arg_valid, err));
    TRY(ARENA_ARRAY(a, size_t, n->arg_count, &n->arg_steps, err));
    TRY(ARENA_ARRAY(a, size_t, n->arg_count, &n->arg_bytes, err));
    for (size_t k = 0; k < n->arg_count; k++)
        n->arg_bytes[k] = n->args[k]->bytes;
    if (function == QUERY_FN_COUNT)
        return expr_call_bind(c, err);
    const struct query_function_row *row = &query_functions[function];
    c->null_ok = row->flags & FN_NULL_OK;
    n->per_row = row->flags & FN_VOLATILE;
    n->is_volatile |= n->per_row;
    if (n->kind == QUERY_CALL && !letters_match(row, c))
        FAIL(err, ST_INTERNAL, "arguments of function %s are not of the types it takes (%s)",
             row->name, row->args);
    return expr_call_bind(c, err);
}

/* The node that compares two of n's arguments, for NULLIF and IN. */
static status make_equal(struct compiler *m, struct expr_node *n, struct error *err)
{
    TRY(ARENA_NEW(n->memory, struct expr_node, &n->equal, err));
    struct expr_node *h = n->equal;
    h->kind = QUERY_CALL;
    h->type = column_type_of(COLUMN_BOOLEAN);
    h->phys = PHYS_BOOL;
    h->bytes = column_phys_bytes(PHYS_BOOL);
    h->memory = n->memory;
    h->arg_count = 2;
    TRY(ARENA_ARRAY(n->memory, struct expr_node *, 2, &h->args, err));
    h->args[0] = n->args[0];
    h->args[1] = n->args[1];
    return make_call(m, h, QUERY_FN_EQ, h->type, err);
}

/* A RUN of the constant. */
static status make_constant(struct expr_node *n, const struct query_expr *e, struct error *err)
{
    n->eval = expr_node_constant;
    n->run_null = e->value.null;
    if (e->value.null)
        return ST_OK;
    ENSURE(column_type_phys(e->value.type) == n->phys, err);
    memcpy(n->one, (const uint8_t *)&e->value + offsetof(struct column_value, b), n->bytes);
    return ST_OK;
}

/* Whether values of one node may stand for values of the other: same bits, same meaning. */
static bool same_form(const struct expr_node *a, const struct expr_node *b)
{
    return a->phys == b->phys && (a->type.kind != COLUMN_DECIMAL || a->type.scale == b->type.scale);
}

static bool args_fit(const struct expr_node *n, size_t from, size_t step)
{
    for (size_t k = from; k < n->arg_count; k += step)
        if (!same_form(n, n->args[k]))
            return false;
    return true;
}

static status make_control(struct compiler *m, struct expr_node *n, struct error *err)
{
    bool boolean = n->phys == PHYS_BOOL;
    switch (n->kind) {
    case QUERY_AND:
    case QUERY_OR:
        ENSURE(n->arg_count > 0 && boolean && args_fit(n, 0, 1), err);
        n->eval = expr_node_and;
        return ST_OK;
    case QUERY_CASE:
        ENSURE(n->arg_count % 2 == 1 && args_fit(n, 1, 2), err);
        ENSURE(same_form(n, n->args[n->arg_count - 1]), err);
        for (size_t k = 0; k + 1 < n->arg_count; k += 2)
            ENSURE(n->args[k]->phys == PHYS_BOOL, err);
        n->eval = expr_node_case;
        return ST_OK;
    case QUERY_COALESCE:
        ENSURE(n->arg_count > 0 && args_fit(n, 0, 1), err);
        n->eval = expr_node_coalesce;
        return ST_OK;
    case QUERY_NULLIF:
        ENSURE(n->arg_count == 2 && args_fit(n, 0, 1), err);
        n->eval = expr_node_nullif;
        return make_equal(m, n, err);
    case QUERY_GREATEST:
    case QUERY_LEAST:
        ENSURE(n->arg_count > 0 && args_fit(n, 0, 1), err);
        n->eval = expr_node_greatest;
        return ST_OK;
    case QUERY_IN:
        ENSURE(n->arg_count > 1 && boolean, err);
        for (size_t k = 1; k < n->arg_count; k++)
            ENSURE(same_form(n->args[0], n->args[k]), err);
        TRY(expr_list_create(n, err));
        n->eval = n->list ? expr_node_in_list : expr_node_in;
        return make_equal(m, n, err);
    default:
        FAIL(err, ST_INTERNAL, "expression node of kind %d reached execution", (int)n->kind);
    }
}

/* Dictionary roots: the highest nodes above exactly one column. */
static status mark_roots(struct expr_node *n, struct error *err)
{
    if (n->kind != QUERY_COLUMN && n->column >= 0 && !n->is_volatile)
        return expr_dictionary_create(n, err);
    for (size_t k = 0; k < n->arg_count; k++)
        TRY(mark_roots(n->args[k], err));
    return ST_OK;
}

static status compile(struct compiler *m, const struct query_expr *e, struct expr_node **out,
                      struct error *err)
{
    if (++m->depth > EXPR_MOST_DEPTH)
        FAIL_SQL(err, ST_LIMIT, "54001", e->position, "an expression has more than %d levels",
                 EXPR_MOST_DEPTH);
    struct arena *a = &m->expr->memory;
    TRY(ARENA_NEW(a, struct expr_node, out, err));
    struct expr_node *n = *out;
    n->kind = e->kind;
    n->type = e->type;
    n->phys = column_type_phys(e->type);
    n->bytes = column_phys_bytes(n->phys);
    n->position = e->position;
    n->memory = a;
    n->column = EXPR_NO_COLUMN;
    n->arg_count = e->arg_count;
    TRY(ARENA_ARRAY(a, struct expr_node *, e->arg_count, &n->args, err));
    for (size_t k = 0; k < e->arg_count; k++) {
        TRY(compile(m, e->args[k], &n->args[k], err));
        int below = n->args[k]->column;
        if (n->column == EXPR_NO_COLUMN)
            n->column = below;
        else if (below != EXPR_NO_COLUMN && below != n->column)
            n->column = EXPR_MANY_COLUMNS;
        n->is_volatile |= n->args[k]->is_volatile;
    }
    m->depth--;
    switch (e->kind) {
    case QUERY_CONST:
        return make_constant(n, e, err);
    case QUERY_COLUMN:
        ENSURE(e->column >= 0, err);
        n->column = e->column;
        n->eval = expr_node_column;
        return ST_OK;
    case QUERY_CALL:
        ENSURE((unsigned)e->function < QUERY_FN_COUNT, err);
        n->eval = expr_node_call;
        return make_call(m, n, e->function, e->type, err);
    case QUERY_CAST:
        ENSURE(n->arg_count == 1, err);
        n->eval = expr_node_call;
        return make_call(m, n, QUERY_FN_COUNT, e->type, err);
    default:
        return make_control(m, n, err);
    }
}

static void expr_free(void *arg)
{
    struct expr *e = arg;
    arena_free(&e->text);
    arena_free(&e->memory);
}

status expr_compile(const struct query_expr *e, const struct expr_context *c, struct expr **out,
                    struct error *err)
{
    TRY(ARENA_NEW(c->arena, struct expr, out, err));
    arena_init(&(*out)->memory, c->account);
    arena_init(&(*out)->text, c->account);
    TRY(arena_on_reset(c->arena, expr_free, *out, err));
    struct compiler m = {.context = c, .expr = *out};
    TRY(compile(&m, e, &(*out)->root, err));
    return mark_roots((*out)->root, err);
}

status expr_eval(struct expr *e, const struct column_batch *batch, struct column_span *out,
                 struct error *err)
{
    ENSURE(batch->rows <= COLUMN_SPAN_ROWS, err);
    arena_reset(&e->text);
    struct expr_frame f = {.batch = batch,
                           .rows = batch->rows,
                           .words = expr_mask_words(batch->rows),
                           .text = &e->text};
    if (batch->rows == 0) {
        *out = (struct column_span){.kind = SPAN_RUN, .run_null = true};
        return ST_OK;
    }
    return expr_node_eval(e->root, &f, NULL, out, err);
}

status expr_select(struct expr *e, const struct column_batch *batch, uint16_t *rows, size_t *count,
                   struct error *err)
{
    *count = 0;
    struct column_span s;
    ENSURE(e->root->phys == PHYS_BOOL, err);
    TRY(expr_eval(e, batch, &s, err));
    if (batch->rows == 0 || (s.kind == SPAN_RUN && (s.run_null || !*(const uint8_t *)s.values)))
        return ST_OK;
    expr_mask_of(&s, e->is_true, e->not_null);
    size_t n = 0;
    for (size_t w = 0; w < expr_mask_words(batch->rows); w++)
        for (uint64_t bits = e->is_true[w]; bits; bits &= bits - 1)
            rows[n++] = (uint16_t)(w * 64 + (size_t)__builtin_ctzll(bits));
    *count = n;
    return ST_OK;
}

status expr_fold(const struct query_expr *e, const struct expr_context *c, struct arena *arena,
                 struct column_value *out, struct error *err)
{
    struct arena scratch;
    arena_init(&scratch, c->account);
    struct expr_context own = *c;
    own.arena = &scratch;
    struct expr *expr;
    struct column_batch one_row = {.rows = 1};
    struct column_span s;
    struct column_value v;
    status st;
    TRY_DONE(expr_compile(e, &own, &expr, err));
    TRY_DONE(expr_eval(expr, &one_row, &s, err));
    column_span_value(&s, e->type, 0, &v);
    TRY_DONE(column_value_copy(arena, &v, out, err));
done:
    if (st != ST_OK && err && err->position == 0)
        error_position(err, e->position);
    arena_free(&scratch);
    return st;
}
