// SPDX-License-Identifier: Apache-2.0
/* exec_merge.c - MERGE: stored groups and what was added to and removed from them, by key.
 *
 *     refill     each input that has no row left: next batch, keys of its rows, checked order
 *     collect    the least key of all inputs, again and again:
 *                    below every change        a run of stored rows, taken as it is
 *                    to be recomputed          the recomputed row, or none
 *                    changed                   a group for exec_merge_change
 *     change     states of the changed groups                            (exec_merge_change.c)
 *     give       the one piece cut out of its batch, or several copied into vectors
 *
 * Typical: 10^4 to 10^7 stored groups, of which one in a thousand changes. Long runs of untouched
 * groups are given out by themselves, as the spans their reader made: no value is copied. */
#include "exec/exec_merge.h"

#include "column/column_key.h"

#include <string.h>

#define LONG_RUN 256 /* rows that are cheaper given out alone than copied beside others */

/* ---- messages -------------------------------------------------------------------------------- */

void exec_merge_name_row(const struct exec_merge *m, struct str what,
                         const struct exec_merge_input *in, int64_t row, struct error *err)
{
    const struct column_field *fields[32];
    struct column_value values[32];
    size_t count = m->plan->merge.key_count;
    count = count < ARRAY_LEN(values) ? count : ARRAY_LEN(values);
    for (size_t i = 0; i < count; i++) {
        int column = m->plan->merge.keys[i];
        fields[i] = &m->plan->schema.fields[column];
        column_span_value(&in->batch.spans[column], fields[i]->type, row, &values[i]);
    }
    exec_states_name_group(what, fields, values, count, m->context.zone, err);
    error_context(err, "%s", in->name);
}

void exec_merge_name_group(const struct exec_merge *m, struct str what, size_t group,
                           struct error *err)
{
    int side = 0;
    while (m->row_of[side][group] < 0)
        side++;
    exec_merge_name_row(m, what, &m->inputs[side], m->row_of[side][group], err);
}

/* ---- inputs ---------------------------------------------------------------------------------- */

static bool has_row(const struct exec_merge_input *in)
{
    return in->at < in->batch.rows;
}

static struct str key_of(const struct exec_merge *m, const struct exec_merge_input *in, int64_t row)
{
    size_t n = m->plan->merge.key_count;
    const uint32_t *start = in->starts + (size_t)row * n;
    return (struct str){(const char *)in->keys.data + start[0], start[n] - start[0]};
}

static struct str key_column(const struct exec_merge *m, const struct exec_merge_input *in,
                             int64_t row, size_t column)
{
    const uint32_t *start = in->starts + (size_t)row * m->plan->merge.key_count + column;
    return (struct str){(const char *)in->keys.data + start[0], start[1] - start[0]};
}

static status make_keys(const struct exec_merge *m, struct exec_merge_input *in, struct error *err)
{
    size_t n = m->plan->merge.key_count, at = 0;
    buffer_clear(&in->keys);
    for (int64_t row = 0; row < in->batch.rows; row++)
        for (size_t i = 0; i < n; i++) {
            int column = m->plan->merge.keys[i];
            struct column_value v;
            in->starts[at++] = (uint32_t)in->keys.len;
            column_span_value(&in->batch.spans[column], m->plan->schema.fields[column].type, row,
                              &v);
            TRY(column_key_put(&v, &in->keys, err));
        }
    in->starts[at] = (uint32_t)in->keys.len;
    return ST_OK;
}

/* Each key above the one before. */
static status check_order(const struct exec_merge *m, const struct exec_merge_input *in,
                          struct error *err)
{
    struct str last = buffer_str(&in->last);
    for (int64_t row = 0; row < in->batch.rows; row++) {
        struct str key = key_of(m, in, row);
        int c = row > 0 || in->any ? column_key_cmp(last, key) : -1;
        if (c >= 0) {
            (void)error_set(err, ST_CORRUPT, __FILE__, __LINE__, "%s",
                            c == 0 ? "a group stands twice" : "groups are not sorted by key");
            exec_merge_name_row(m, STR(""), in, row, err);
            return ST_CORRUPT;
        }
        last = key;
    }
    return ST_OK;
}

static status read_on(struct exec_merge *m, struct exec_merge_input *in, struct error *err)
{
    if (in->batch.rows > 0) {
        struct str last = key_of(m, in, in->batch.rows - 1);
        buffer_clear(&in->last);
        TRY(buffer_append_str(&in->last, last, err));
        in->any = true;
    }
    in->at = 0;
    TRY(in->stream.next(in->stream.self, &in->batch, err));
    ENSURE(in->batch.rows <= COLUMN_SPAN_ROWS, err);
    in->ended = in->batch.rows == 0;
    if (m->plan->merge.tap && in == &m->inputs[MERGE_STORED] && !in->ended)
        TRY(m->plan->merge.tap(m->plan->merge.tap_self, &in->batch, err));
    TRY(make_keys(m, in, err));
    return check_order(m, in, err);
}

/* The boxes whose first column the stored batch reaches. */
static void choose_boxes(struct exec_merge *m)
{
    const struct exec_merge_input *in = &m->inputs[MERGE_STORED];
    m->box_count = 0;
    if (in->batch.rows == 0 || m->plan->merge.box_count == 0)
        return;
    struct str low = key_column(m, in, 0, 0), high = key_column(m, in, in->batch.rows - 1, 0);
    for (size_t i = 0; i < m->plan->merge.box_count; i++) {
        const struct query_box *box = &m->plan->merge.boxes[i];
        if (column_key_cmp(box->low[0], high) <= 0 && column_key_cmp(low, box->high[0]) <= 0)
            m->boxes[m->box_count++] = (uint32_t)i;
    }
}

/* *any is false at the end of all inputs. */
static status refill(struct exec_merge *m, bool *any, struct error *err)
{
    *any = false;
    for (int i = 0; i < MERGE_INPUTS; i++) {
        struct exec_merge_input *in = &m->inputs[i];
        if (!in->ended && !has_row(in)) {
            TRY(read_on(m, in, err));
            if (i == MERGE_STORED)
                choose_boxes(m);
        }
        *any |= !in->ended;
    }
    return ST_OK;
}

/* ---- collecting ------------------------------------------------------------------------------ */

static bool inside(const struct exec_merge *m, const struct query_box *box,
                   const struct exec_merge_input *in, int64_t row)
{
    for (size_t i = 0; i < m->plan->merge.key_count; i++) {
        struct str key = key_column(m, in, row, i);
        if (column_key_cmp(key, box->low[i]) < 0 || column_key_cmp(key, box->high[i]) > 0)
            return false;
    }
    return true;
}

static bool stored_in_box(const struct exec_merge *m, int64_t row)
{
    for (size_t i = 0; i < m->box_count; i++)
        if (inside(m, &m->plan->merge.boxes[m->boxes[i]], &m->inputs[MERGE_STORED], row))
            return true;
    return false;
}

static bool in_any_box(const struct exec_merge *m, const struct exec_merge_input *in, int64_t row)
{
    for (size_t i = 0; i < m->plan->merge.box_count; i++)
        if (inside(m, &m->plan->merge.boxes[i], in, row))
            return true;
    return false;
}

static void add_piece(struct exec_merge *m, int of, int64_t from, int64_t rows)
{
    struct exec_merge_piece *last = m->piece_count ? &m->pieces[m->piece_count - 1] : NULL;
    m->rows += rows;
    if (last && (int)last->of == of && last->from + last->rows == from) {
        last->rows += rows;
        return;
    }
    struct exec_merge_piece *p = &m->pieces[m->piece_count++];
    p->of = of;
    p->from = from;
    p->rows = rows;
}

/* The least key of the inputs that change something: a bit for each input that has it. */
static unsigned least_change(const struct exec_merge *m, struct str *key)
{
    unsigned at = 0;
    for (int i = MERGE_ADDED; i < MERGE_INPUTS; i++) {
        const struct exec_merge_input *in = &m->inputs[i];
        if (!has_row(in))
            continue;
        struct str own = key_of(m, in, in->at);
        int c = at ? column_key_cmp(own, *key) : -1;
        if (c < 0) {
            *key = own;
            at = 0;
        }
        at |= c <= 0 ? 1u << i : 0;
    }
    return at;
}

/* The first stored row from the next one on whose key is not below `key`. */
static int64_t run_end(const struct exec_merge *m, struct str key)
{
    const struct exec_merge_input *in = &m->inputs[MERGE_STORED];
    int64_t low = in->at, high = in->batch.rows;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (column_key_cmp(key_of(m, in, middle), key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Stored rows up to `end`, which nothing changes. */
static void take_run(struct exec_merge *m, int64_t end)
{
    struct exec_merge_input *in = &m->inputs[MERGE_STORED];
    if (m->plan->merge.find_lost) {
        in->at = end;
        return;
    }
    end = end - in->at > COLUMN_SPAN_ROWS - m->rows ? in->at + COLUMN_SPAN_ROWS - m->rows : end;
    int64_t from = in->at;
    if (m->box_count == 0 && end - from >= LONG_RUN) {
        m->full = true;
        if (m->piece_count > 0)
            return;
    }
    for (int64_t row = from; m->box_count > 0 && row < end; row++) {
        if (!stored_in_box(m, row))
            continue;
        if (row > from)
            add_piece(m, PIECE_STORED, from, row - from);
        from = row + 1;
    }
    if (end > from)
        add_piece(m, PIECE_STORED, from, end - from);
    in->at = end;
}

static void add_group(struct exec_merge *m, unsigned at)
{
    size_t g = m->group_count++;
    for (int side = 0; side < MERGE_SIDES; side++) {
        int64_t row = m->inputs[side].at;
        m->row_of[side][g] = at >> side & 1 ? (int32_t)row : -1;
        if (!(at >> side & 1))
            continue;
        m->selected[side][m->selected_count[side]++] = (uint16_t)row;
        m->group_of[side][row] = (uint32_t)g;
    }
    add_piece(m, PIECE_CHANGED, (int64_t)g, 1);
}

/* The group whose key stands next in the inputs of `at`. */
static void take_group(struct exec_merge *m, unsigned at)
{
    const unsigned stored = 1u << MERGE_STORED, removed = 1u << MERGE_REMOVED;
    const unsigned changed = 1u << MERGE_ADDED | removed;
    const struct exec_merge_input *first = &m->inputs[__builtin_ctz(at)];
    bool find_lost = m->plan->merge.find_lost;
    if (at >> MERGE_RECOMPUTE & 1 || in_any_box(m, first, first->at)) {
        if (at >> MERGE_RECOMPUTED & 1 && !find_lost)
            add_piece(m, PIECE_RECOMPUTED, m->inputs[MERGE_RECOMPUTED].at, 1);
    } else if (at & changed) {
        if (at & removed || !find_lost)
            add_group(m, at);
    } else if (at & stored && !find_lost) {
        add_piece(m, PIECE_STORED, m->inputs[MERGE_STORED].at, 1);
    }
    for (int i = 0; i < MERGE_INPUTS; i++)
        m->inputs[i].at += at >> i & 1;
}

/* False when an input must be read on first (M1), or at the end. */
static bool can_go_on(const struct exec_merge *m)
{
    bool any = false;
    for (int i = 0; i < MERGE_INPUTS; i++) {
        if (!m->inputs[i].ended && !has_row(&m->inputs[i]))
            return false;
        any |= !m->inputs[i].ended;
    }
    return any && !m->full && m->rows < COLUMN_SPAN_ROWS && m->group_count < MERGE_GROUPS;
}

static void collect(struct exec_merge *m)
{
    struct exec_merge_input *stored = &m->inputs[MERGE_STORED];
    struct str key;
    m->piece_count = m->group_count = 0;
    m->rows = 0;
    m->full = false;
    memset(m->selected_count, 0, sizeof(m->selected_count));
    while (can_go_on(m)) {
        unsigned at = least_change(m, &key);
        int64_t end = at && has_row(stored) ? run_end(m, key) : stored->batch.rows;
        if (end > stored->at) {
            take_run(m, end);
            continue;
        }
        if (has_row(stored) && column_key_cmp(key_of(m, stored, end), key) == 0)
            at |= 1u << MERGE_STORED;
        take_group(m, at);
    }
}

/* ---- giving out ------------------------------------------------------------------------------ */

/* Takes the groups out that are no rows of the output. */
static void drop_groups(struct exec_merge *m)
{
    struct exec_merge_piece pieces[COLUMN_SPAN_ROWS];
    size_t n = m->piece_count;
    memcpy(pieces, m->pieces, n * sizeof(*pieces));
    m->piece_count = 0;
    m->rows = 0;
    for (size_t i = 0; i < n; i++) {
        const struct exec_merge_piece *p = &pieces[i];
        if (p->of != PIECE_CHANGED)
            add_piece(m, (int)p->of, p->from, p->rows);
        for (int64_t g = p->from; p->of == PIECE_CHANGED && g < p->from + p->rows; g++)
            if (m->plan->merge.find_lost ? m->lost[g] : m->left[g] > 0)
                add_piece(m, PIECE_CHANGED, g, 1);
    }
}

static struct column_span source_of(const struct exec_merge *m, const struct exec_merge_piece *p,
                                    size_t column)
{
    if (p->of == PIECE_CHANGED)
        return column_vector_span(&m->results[column]);
    return m->inputs[p->of == PIECE_STORED ? MERGE_STORED : MERGE_RECOMPUTED].batch.spans[column];
}

static void give(struct exec_merge *m, struct column_batch *out)
{
    size_t columns = m->plan->schema.count;
    for (size_t c = 0; c < columns && m->rows > 0; c++) {
        struct column_vector *v = &m->vectors[c];
        struct column_span source = source_of(m, &m->pieces[0], c);
        if (m->piece_count == 1) {
            m->spans[c] =
                column_span_slice(&source, v->phys, m->pieces[0].from, m->rows, m->words[c]);
            continue;
        }
        column_vector_clear(v);
        for (size_t i = 0; i < m->piece_count; i++) {
            source = source_of(m, &m->pieces[i], c);
            column_vector_append_rows(v, &source, m->pieces[i].from, m->pieces[i].rows);
        }
        m->spans[c] = column_vector_span(v);
    }
    *out = (struct column_batch){m->rows, columns, m->spans};
}

static status merge_next(void *self, struct column_batch *out, struct error *err)
{
    struct exec_merge *m = self;
    bool any;
    do {
        TRY(exec_check_cancel(&m->context, err));
        TRY(refill(m, &any, err));
        collect(m);
        if (m->group_count > 0) {
            TRY(exec_merge_change(m, err));
            drop_groups(m);
        }
    } while (any && m->rows == 0);
    give(m, out);
    return ST_OK;
}

/* ---- open and close -------------------------------------------------------------------------- */

static void merge_close(void *self)
{
    struct exec_merge *m = self;
    struct mem_account *account = m->context.account;
    for (int i = 0; i < MERGE_INPUTS; i++) {
        struct exec_merge_input *in = &m->inputs[i];
        if (in->stream.close)
            in->stream.close(in->stream.self);
        buffer_free(&in->keys);
        buffer_free(&in->last);
    }
    for (size_t c = 0; m->vectors && c < m->plan->schema.count; c++)
        column_vector_free(&m->vectors[c]);
    for (size_t c = 0; m->results && c < m->plan->schema.count; c++)
        column_vector_free(&m->results[c]);
    for (int side = 0; side < MERGE_SIDES; side++)
        if (m->states[side])
            mem_free(account, m->states[side], MERGE_GROUPS * m->stride);
    arena_free(&m->batch);
    arena_free(&m->arena);
    mem_free(account, m, sizeof(*m));
}

/* An input must have the node's columns. */
static status check_schema(const struct query_plan *p, const struct query_plan *input,
                           struct error *err)
{
    ENSURE(input->schema.count == p->schema.count, err);
    for (size_t c = 0; c < p->schema.count; c++) {
        struct column_type a = p->schema.fields[c].type, b = input->schema.fields[c].type;
        ENSURE(column_type_phys(a) == column_type_phys(b) && a.scale == b.scale, err);
    }
    return ST_OK;
}

static status open_inputs(struct exec_merge *m, struct error *err)
{
    const struct query_plan *p = m->plan;
    static const char *const names[] = {"stored groups", "added groups", "removed groups",
                                        "groups to recompute", "recomputed groups"};
    struct query_plan *plans[] = {p->input, p->merge.added, p->merge.removed, p->merge.recompute,
                                  p->merge.recomputed};
    size_t starts = COLUMN_SPAN_ROWS * p->merge.key_count + 1;
    for (int i = 0; i < MERGE_INPUTS; i++) {
        struct exec_merge_input *in = &m->inputs[i];
        in->name = names[i];
        in->ended = !plans[i];
        buffer_init(&in->keys, m->context.account, UINT32_MAX);
        buffer_init(&in->last, m->context.account, UINT32_MAX);
        if (!plans[i])
            continue;
        TRY(ARENA_ARRAY(&m->arena, uint32_t, starts, &in->starts, err));
        TRY(check_schema(p, plans[i], err));
        TRY(exec_open(plans[i], &m->context, &in->stream, err));
    }
    return ST_OK;
}

static status open_arg(struct exec_merge *m, size_t index, struct error *err)
{
    const struct query_plan *p = m->plan;
    struct exec_merge_arg *arg = &m->args[index];
    arg->stored = &p->merge.args[index];
    arg->offset = m->stride;
    for (size_t c = 0; c < p->schema.count; c++)
        if (p->merge.outs[c].arg == (int)index)
            arg->need |= exec_states_need(p->merge.outs[c].kind);
    ENSURE(arg->stored->count || (arg->stored->rows && arg->stored->missing), err);
    ENSURE(!(arg->need & KERNEL_FIRST), err);
    arg->need &= ~(unsigned)(KERNEL_MIN | KERNEL_MAX);
    TRY(kernel_agg_init(&arg->kernel[0], arg->stored->type, arg->need, &m->batch, m->scratch, err));
    m->stride += arg->kernel[0].at.bytes;
    return ST_OK;
}

static status open_columns(struct exec_merge *m, struct error *err)
{
    const struct query_plan *p = m->plan;
    size_t columns = p->schema.count;
    TRY(ARENA_ARRAY(&m->arena, bool, columns, &m->is_key, err));
    TRY(ARENA_ARRAY(&m->arena, struct column_vector, columns, &m->vectors, err));
    TRY(ARENA_ARRAY(&m->arena, struct column_vector, columns, &m->results, err));
    TRY(ARENA_ARRAY(&m->arena, struct column_span, columns, &m->spans, err));
    TRY(arena_array(&m->arena, columns, sizeof(*m->words), (void **)&m->words, err));
    TRY(ARENA_ARRAY(&m->arena, uint32_t, p->merge.box_count, &m->boxes, err));
    for (size_t c = 0; c < columns; c++) {
        struct column_type type = p->schema.fields[c].type;
        TRY(column_vector_init(&m->vectors[c], type, m->context.account, err));
        TRY(column_vector_init(&m->results[c], type, m->context.account, err));
    }
    for (size_t i = 0; i < p->merge.key_count; i++)
        m->is_key[p->merge.keys[i]] = true;
    return ST_OK;
}

static status open_all(struct exec_merge *m, struct error *err)
{
    const struct query_plan *p = m->plan;
    ENSURE(p->merge.key_count > 0, err);
    TRY(open_inputs(m, err));
    TRY(open_columns(m, err));
    TRY(kernel_scratch_create(&m->arena, &m->scratch, err));
    TRY(ARENA_ARRAY(&m->arena, struct exec_merge_arg, p->merge.arg_count, &m->args, err));
    for (size_t i = 0; i < p->merge.arg_count; i++)
        TRY(open_arg(m, i, err));
    for (int side = 0; side < MERGE_SIDES; side++)
        TRY(mem_alloc(m->context.account, MERGE_GROUPS * m->stride, (void **)&m->states[side],
                      err));
    return ST_OK;
}

status exec_merge_open(struct query_plan *p, const struct exec_context *c,
                       struct column_stream *out, struct error *err)
{
    struct exec_merge *m;
    TRY(mem_calloc(c->account, sizeof(*m), (void **)&m, err));
    m->plan = p;
    m->context = *c;
    arena_init(&m->arena, c->account);
    arena_init(&m->batch, c->account);
    status st = open_all(m, err);
    if (st != ST_OK) {
        merge_close(m);
        return st;
    }
    *out = (struct column_stream){&p->schema, m, merge_next, merge_close};
    return ST_OK;
}
