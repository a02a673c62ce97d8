// SPDX-License-Identifier: Apache-2.0
/* summary_totals.c - the guard that no row was lost or counted twice on its way into a group.
 *
 *     raw files -> units' totals            added up from rows alone, groups have no part in them
 *              \-> groups -> MERGE -> parts' totals     loaded from the states as they are written
 *
 * Both must be the same for every argument: how many values, their exact sum and sum of squares. What
 * stands in the wrong group, and extremes, are not seen here; `firn verify` sees both. */
#include "base/buffer.h"
#include "summary/summary_build_int.h"

#define VALUES_BYTES ((size_t)4096)

/* "5 in the summary, 4 in the raw files" of a result that both can give and that differs. */
static status put_values(const struct summary_build *b, const struct exec_totals *parts,
                         const struct exec_totals *units, const struct query_agg_out *out,
                         struct buffer *text, struct error *err)
{
    struct column_value mine, theirs;
    struct error ignored; /* an extreme, or a total that does not fit where a group's does */
    buffer_clear(text);
    if (exec_totals_result(parts, out, b->arena, &mine, &ignored) != ST_OK ||
        exec_totals_result(units, out, b->arena, &theirs, &ignored) != ST_OK ||
        (mine.null == theirs.null && (mine.null || column_value_cmp(&mine, &theirs, true) == 0)))
        return ST_OK;
    TRY(summary_put_value(&mine, NULL, text, err));
    TRY(buffer_append_str(text, STR(" in the summary, "), err));
    TRY(summary_put_value(&theirs, NULL, text, err));
    return buffer_append_str(text, STR(" in the raw files"), err);
}

/* The first measure of the argument that shows the difference, else how many values there are. */
static status refuse(const struct summary_build *b, const struct exec_totals *parts,
                     const struct exec_totals *units, int arg, struct buffer *text,
                     struct error *err)
{
    const struct query_agg_out count = {QUERY_AGG_COUNT, arg, column_type_of(COLUMN_BIGINT)};
    struct str name = STR("count(*)");
    bool found = false;
    for (size_t i = 0; i < b->d->column_count && text->len == 0; i++) {
        const struct summary_column *c = &b->d->columns[i];
        if (c->kind != SUMMARY_MEASURE || c->arg != arg)
            continue;
        TRY(put_values(b, parts, units, &(struct query_agg_out){c->agg, arg, c->type}, text, err));
        if (text->len > 0 || !found)
            name = c->name;
        found = true;
    }
    if (text->len == 0)
        TRY(put_values(b, parts, units, &count, text, err));
    if (text->len == 0)
        TRY(buffer_append_str(text, STR("their states differ"), err));
    FAIL(err, ST_REFUSED,
         "refused: the totals of all groups are not those of the raw files that they were made of, "
         "for %.*s: %.*s; nothing was published",
         STR_ARG(name), STR_ARG(buffer_str(text)));
}

status summary_units_total(const struct summary_build *b, struct exec_totals *to, struct error *err)
{
    for (size_t i = 0; i < b->after.unit_count; i++)
        if (b->after.units[i].rows > 0)
            TRY_CONTEXT(exec_totals_add(to, b->after.units[i].totals, err), err,
                        "totals of unit %lld", (long long)b->after.units[i].id);
    return ST_OK;
}

static status compare(const struct summary_build *b, struct exec_totals *parts,
                      struct exec_totals *units, struct error *err)
{
    struct buffer text;
    size_t arg;
    for (size_t i = 0; i < b->after.part_count; i++)
        TRY_CONTEXT(exec_totals_add(parts, b->after.parts[i].totals, err), err, "totals of %.*s",
                    STR_ARG(b->after.parts[i].path));
    TRY(summary_units_total(b, units, err));
    TRY(exec_totals_compare(parts, units, &arg, err));
    if (arg == b->aggregate->aggregate.arg_count)
        return ST_OK;
    buffer_init(&text, b->arena->account, VALUES_BYTES);
    status st = refuse(b, parts, units, (int)arg, &text, err);
    buffer_free(&text);
    return st;
}

status summary_check_totals(const struct summary_build *b, struct error *err)
{
    struct exec_totals *parts, *units;
    TRY(exec_totals_create(b->aggregate, b->exec->account, &parts, err));
    status st = exec_totals_create(b->aggregate, b->exec->account, &units, err);
    if (st == ST_OK) {
        st = compare(b, parts, units, err);
        exec_totals_free(units);
    }
    exec_totals_free(parts);
    return st;
}
