// SPDX-License-Identifier: Apache-2.0
/* fuzz_iceberg_manifest.c - any bytes as a manifest list or a manifest. Entries that are read are
 * pruned by, written again and read back the same.
 *
 * First byte: bit 0 list or manifest, bit 1 of deletes, then the partition spec. */
#include "iceberg/iceberg_avro_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char metadata[] =
    "{\"format-version\":2,\"table-uuid\":\"u\",\"location\":\"/t\",\"last-sequence-number\":9,"
    "\"last-updated-ms\":1,\"last-column-id\":8,\"current-schema-id\":0,\"schemas\":[{\"type\":"
    "\"struct\",\"schema-id\":0,\"fields\":["
    "{\"id\":1,\"name\":\"id\",\"required\":false,\"type\":\"long\"},"
    "{\"id\":2,\"name\":\"day\",\"required\":false,\"type\":\"date\"},"
    "{\"id\":3,\"name\":\"na-me\",\"required\":false,\"type\":\"string\"},"
    "{\"id\":4,\"name\":\"price\",\"required\":false,\"type\":\"double\"},"
    "{\"id\":5,\"name\":\"amount\",\"required\":false,\"type\":\"decimal(20, 2)\"},"
    "{\"id\":6,\"name\":\"u\",\"required\":false,\"type\":\"uuid\"},"
    "{\"id\":7,\"name\":\"ts\",\"required\":false,\"type\":\"timestamptz\"},"
    "{\"id\":8,\"name\":\"f\",\"required\":false,\"type\":\"fixed[3]\"}]}],"
    "\"default-spec-id\":0,\"partition-specs\":[{\"spec-id\":0,\"fields\":[]},"
    "{\"spec-id\":1,\"fields\":["
    "{\"name\":\"id\",\"transform\":\"identity\",\"source-id\":1,\"field-id\":1000},"
    "{\"name\":\"day_day\",\"transform\":\"day\",\"source-id\":2,\"field-id\":1001},"
    "{\"name\":\"na-me\",\"transform\":\"identity\",\"source-id\":3,\"field-id\":1002},"
    "{\"name\":\"price\",\"transform\":\"identity\",\"source-id\":4,\"field-id\":1003},"
    "{\"name\":\"amount\",\"transform\":\"truncate[7]\",\"source-id\":5,\"field-id\":1004},"
    "{\"name\":\"u\",\"transform\":\"identity\",\"source-id\":6,\"field-id\":1005},"
    "{\"name\":\"ts_hour\",\"transform\":\"hour\",\"source-id\":7,\"field-id\":1006},"
    "{\"name\":\"f\",\"transform\":\"identity\",\"source-id\":8,\"field-id\":1007},"
    "{\"name\":\"id_bucket\",\"transform\":\"bucket[4]\",\"source-id\":1,\"field-id\":1008},"
    "{\"name\":\"id_void\",\"transform\":\"void\",\"source-id\":1,\"field-id\":1009}]},"
    "{\"spec-id\":2,\"fields\":["
    "{\"name\":\"z\",\"transform\":\"zorder[3]\",\"source-id\":1,\"field-id\":1010},"
    "{\"name\":\"gone\",\"transform\":\"identity\",\"source-id\":99,\"field-id\":1011}]}],"
    "\"last-partition-id\":1011,\"default-sort-order-id\":0,\"sort-orders\":[{\"order-id\":0,"
    "\"fields\":[]}],\"properties\":{},\"current-snapshot-id\":-1,\"snapshots\":[]}";

static void must(bool ok)
{
    if (!ok)
        __builtin_trap();
}

/* Comparisons of every kind with one value of each column. */
static void prune(const struct iceberg_table *t, const struct iceberg_manifest *m,
                  const struct iceberg_data_file *f)
{
    const struct iceberg_schema *schema = iceberg_current_schema(t);
    for (size_t c = 0; c < schema->count; c++) {
        struct column_value v = {.type = schema->fields[c].type};
        if (column_type_phys(v.type) == PHYS_STR)
            v.str = STR("0123456789abcdef");
        for (int kind = ICEBERG_PRED_EQ; kind <= ICEBERG_PRED_STARTS_WITH; kind++) {
            struct iceberg_pred p = {.kind = (enum iceberg_pred_kind)kind,
                                     .field_id = schema->fields[c].id,
                                     .value_count = 1,
                                     .values = &v};
            if (m)
                (void)iceberg_manifest_may_match(t, m, &p);
            if (!f)
                continue;
            bool may = iceberg_file_may_match(t, schema, f, &p);
            bool all = iceberg_file_all_match(t, schema, f, &p);
            must(may || !all || f->records >= 0);
        }
    }
}

static void read_list(struct store *store, const struct iceberg_table *t, struct arena *arena,
                      struct mem_account *account, struct error *err)
{
    struct iceberg_snapshot s = {.id = 1, .parent_id = -1, .manifest_list = STR("/in")};
    struct iceberg_manifest *m;
    size_t count;
    status st = iceberg_manifests_read(store, t, &s, arena, account, &m, &count, err);
    must(st == ST_OK || err->msg[0]);
    for (size_t i = 0; st == ST_OK && i < count; i++)
        prune(t, &m[i], NULL);
}

static void write_again(struct store *store, const struct iceberg_table *t,
                        const struct iceberg_entry *e, size_t count, int32_t spec_id,
                        struct arena *arena, struct mem_account *account, struct error *err)
{
    struct iceberg_commit c = {.table = t,
                               .schema = iceberg_current_schema(t),
                               .snapshot_id = 7,
                               .parent_id = -1,
                               .sequence_number = 3};
    struct iceberg_manifest m;
    struct iceberg_entry *back;
    size_t again;
    bool deletes = count > 0 && e->file.content != ICEBERG_DATA;
    if (iceberg_manifest_write(store, &c, spec_id, deletes, e, count, STR("/out"), arena, account,
                               &m, err))
        return; /* a partition field whose type is not known */
    status st = iceberg_entries_read(store, t, &m, arena, account, &back, &again, err);
    if (st == ST_LIMIT)
        return;
    must(st == ST_OK && again == count);
    must(m.added_files + m.existing_files + m.deleted_files == (int64_t)count);
    for (size_t i = 0; i < count; i++) {
        must(back[i].status == e[i].status && str_eq(back[i].file.path, e[i].file.path));
        must(back[i].file.records == e[i].file.records && back[i].file.bytes == e[i].file.bytes);
        must(back[i].file.metric_count <= e[i].file.metric_count);
        for (size_t k = 0; k < e[i].file.partition_count; k++) {
            const struct column_value *a = &e[i].file.partition[k], *b = &back[i].file.partition[k];
            must(a->null == b->null && (a->null || column_value_cmp(a, b, true) == 0));
        }
    }
}

static void read_entries(struct store *store, const struct iceberg_table *t, size_t bytes,
                         uint8_t choice, struct arena *arena, struct mem_account *account,
                         struct error *err)
{
    struct iceberg_manifest m = {.path = STR("/in"),
                                 .bytes = (int64_t)bytes,
                                 .spec_id = choice >> 2,
                                 .deletes = choice & 2,
                                 .sequence_number = 3,
                                 .min_sequence_number = 1,
                                 .added_snapshot_id = 7,
                                 .added_files = 5};
    struct iceberg_entry *e;
    size_t count;
    status st = iceberg_entries_read(store, t, &m, arena, account, &e, &count, err);
    must(st == ST_OK || err->msg[0]);
    for (size_t i = 0; st == ST_OK && i < count; i++) {
        must(e[i].sequence_number >= 0 && e[i].file.path.ptr);
        prune(t, NULL, &e[i].file);
    }
    if (st == ST_OK && !m.deletes)
        write_again(store, t, e, count, m.spec_id, arena, account, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mem_account account;
    struct arena arena;
    struct error err;
    struct iceberg_table *t;
    struct store *store;
    if (size < 1 || data[0] > 11)
        return 0;
    mem_account_init(&account, "fuzz", NULL, 256u << 20);
    arena_init(&arena, &account);
    error_init(&err);
    must(store_create_memory(&store, &err) == ST_OK);
    must(iceberg_table_parse(&arena, STR("t"), metadata, sizeof(metadata) - 1, &t, &err) == ST_OK);
    must(store_write_all(store, STR("/in"), data + 1, size - 1, &err) == ST_OK);
    if (data[0] & 1)
        read_entries(store, t, size - 1, data[0] & (uint8_t)~1, &arena, &account, &err);
    else
        read_list(store, t, &arena, &account, &err);
    arena_free(&arena);
    must(account.used_bytes == 0);
    store_destroy(store);
    return 0;
}
