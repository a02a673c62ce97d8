// SPDX-License-Identifier: Apache-2.0
/* engine_int.h - sessions, transactions and statements: what engine's files share.
 *
 *     firn_execute -> engine_statement (parse, dispatch)
 *                       -> engine_txn: begin if none is open (pin one catalog state)
 *                       -> engine_query | engine_table | engine_copy | engine_summary | ...
 *                       -> engine_txn: commit if it was begun here
 *
 * E1  a statement reads the pinned state and what its own transaction has staged, nothing else
 * E2  a transaction makes at most one new snapshot of a table, whatever its statements did
 * E3  nothing is visible to others before engine_txn_commit's one catalog_commit
 * E4  every file written is in a list of paths until it is published; rollback deletes those */
#ifndef ENGINE_INT_H
#define ENGINE_INT_H

#include "column/column_zone.h"
#include "engine/engine_config_int.h"
#include "exec/exec.h"
#include "plan/plan.h"
#include "query/query_ast.h"
#include "store/store.h"
#include "firn.h"

/* ---- sessions (engine_session.c) ------------------------------------------------------------- */

/* Writes firn.yaml and makes an empty catalog in a folder (firn_init; engine_init.c). `warehouse` is a
 * folder or a URI; ptr NULL = warehouse/ in it. */
STATUS_MUST_USE status engine_init_folder(struct str folder, struct str warehouse,
                                          struct error *err);

/* ---- transactions (engine_txn.c) ------------------------------------------------------------- */

/* A table that leaves its name. */
struct engine_gone {
    struct str location;         /* of its metadata; ptr NULL: there is none */
    bool renamed;                /* not dropped: where renamed_from is this name, there it is */
    bool purge;                  /* its files go with it (engine_purge.c) */
    struct iceberg_paths doomed; /* which; the metadata file last */
    size_t folder_count;
    struct str folders[3]; /* where they stand */
    size_t spared_count;   /* files that it names and that stand elsewhere */
};

/* A table as this transaction sees it, once it has touched it. */
struct engine_staged {
    struct engine_staged *next;
    struct catalog_name name;
    struct iceberg_table *base; /* as pinned; NULL: there was none (or it was dropped first) */
    struct str base_location;   /* empty when base is NULL */
    struct engine_gone gone;    /* what the catalog has under this name and is to have no more */
    struct catalog_name renamed_from; /* where base stands; table.len 0: under this name */
    struct iceberg_table *origin; /* a new table as its server would make it; NULL = as wanted */
    struct iceberg_table
        *current; /* base, or origin, with everything below applied; NULL = dropped */
    size_t update_count, update_capacity;
    struct iceberg_update *updates; /* all but snapshots, in order */
    size_t built_count;
    struct iceberg_update *built; /* those and the snapshot's: base -> current */
    bool from_empty;              /* replaced: base's files are not carried over */
    size_t added_count, added_capacity, removed_count, removed_capacity;
    struct iceberg_data_file *added;
    struct str *removed; /* paths live in base */
    bool append_only;    /* may be put on top of a newer base at commit, unless it was read */
    bool written;        /* current's metadata file stands, where it is written here */
    bool registered;     /* current is a metadata file that stands already */
    bool touched;        /* something is to be committed */
    bool companion;      /* firn's own, beside a summary: goes ahead of it, and is not told of */
    bool published;      /* by itself, ahead of others (firn.publish = 'ordered') */
    size_t summary_count, summary_capacity;
    struct property *summary;       /* extra keys of the snapshot */
    struct iceberg_paths data;      /* data files written and not published */
    struct iceberg_paths manifests; /* of current's staged snapshot */
    struct iceberg_paths garbage;   /* neither any more, but not deleted yet */
    bool left_behind;           /* garbage that could not even be noted, or deleted in the end */
    struct str journal;         /* of its files (engine_journal.c); empty = none yet */
    int journal_number;         /* of the next one */
    int64_t snapshot_id;        /* staged; 0 = none */
    int64_t wanted_snapshot_id; /* the id to use; 0 = a random one */
};

/* A table whose rows a statement of the transaction has looked at. */
struct engine_read {
    struct engine_read *next;
    struct catalog_name name;
};

/* Another branch of the catalog, as a statement of the transaction has read it. */
struct engine_branch {
    struct engine_branch *next;
    struct str name;
    struct catalog_pin *pin; /* owned; NULL: there is no such branch */
};

struct engine_txn {
    struct arena arena;
    struct catalog_pin *pin; /* owned; NULL until a table is named */
    struct engine_branch *branches;
    bool explicit_block;  /* between BEGIN and COMMIT */
    bool failed;          /* a statement failed: only ROLLBACK or COMMIT (= rollback) */
    bool skip;            /* this run's transaction was committed before (--run-id) */
    struct str skip_hash; /* hash of the text that was committed then */
    int64_t now_us;
    char publish_id[37];          /* of its one commit */
    uint64_t uuid_count;          /* siblings of publish_id given out */
    struct engine_staged *tables; /* newest first */
    struct engine_staged *only;   /* the one that is being published by itself; NULL = all */
    struct engine_read *reads;    /* newest first, each once */
    size_t change_count, change_capacity;
    struct catalog_change *changes; /* namespaces, in order */
    uint8_t text_hash[32];          /* SHA-256 of the statements, for --run-id */
};

struct firn_session {
    struct mem_account account; /* everything of the session; limit = --memory */
    struct arena arena;
    struct engine_config config;
    size_t secret_count;
    struct str *secrets;     /* in arena: what no message may show, the longest first */
    struct store *store;     /* owned */
    struct catalog *catalog; /* owned; opened at the first table name */
    struct pool *pool;       /* owned; made when first needed */
    struct zone *zone;       /* in arena; NULL = UTC */
    struct str zone_name;
    size_t setting_count, setting_capacity;
    struct engine_setting *settings; /* SET in this session */
    struct arena saved_arena;        /* settings at BEGIN, for ROLLBACK */
    size_t saved_count;
    struct engine_setting *saved; /* in <saved_arena> */
    struct zone *saved_zone;
    struct engine_txn *txn; /* owned; NULL outside a statement and a block */
    int64_t run_ordinal;    /* transactions ended well, for --run-id */
    _Atomic bool cancel;
    void (*notice)(void *arg, const char *text);
    void *notice_arg;
    bool stream_open;             /* a result's rows are being read */
    struct arena published_arena; /* reset by every statement */
    size_t published_count, published_capacity;
    struct firn_published *published; /* in <published_arena> */
    char *describe;                   /* text of firn_describe, in arena */
};

/* Libraries' memory (engine_hooks.c); before anything else of a session. */
void engine_hooks_install(void);
STATUS_MUST_USE status engine_session_open(const struct firn_option *options, size_t option_count,
                                           struct firn_session **out, struct error *err);
void engine_session_close(struct firn_session *s);
__attribute__((format(printf, 2, 3))) void engine_notice(struct firn_session *s, const char *fmt,
                                                         ...);
/* Hands over what the configuration remarks, once. */
void engine_remarks_tell(struct firn_session *s);
/* The session's value of a setting: SET, else configuration, else default. */
struct str engine_setting_get(const struct firn_session *s, const char *name);
STATUS_MUST_USE status engine_setting_set(struct firn_session *s, struct str name, struct str value,
                                          struct error *err);
/* SET inside a block lasts if the block does. */
STATUS_MUST_USE status engine_settings_save(struct firn_session *s, struct error *err);
void engine_settings_restore(struct firn_session *s);
STATUS_MUST_USE status engine_catalog_open(struct firn_session *s, struct error *err);

/* Opens the implicit transaction of a statement; does nothing inside a block. */
STATUS_MUST_USE status engine_txn_begin(struct firn_session *s, bool explicit_block,
                                        struct error *err);
/* Pins the catalog if it is not yet. */
STATUS_MUST_USE status engine_txn_pin(struct firn_session *s, struct error *err);
/* Publishes. The transaction is over whatever the result; on failure everything is rolled back. */
STATUS_MUST_USE status engine_txn_commit(struct firn_session *s, int64_t *snapshot_id,
                                         struct error *err);
void engine_txn_rollback(struct firn_session *s);
/* The outcome of something that has read files of tables: one that is missing is ST_CONFLICT when
 * somebody has changed such a table since the pin, because its snapshot may have been expired. */
STATUS_MUST_USE status engine_txn_settle(struct firn_session *s, status st, struct error *err);
/* Adds a statement's text to the transaction's hash. */
void engine_txn_text(struct engine_txn *txn, struct str text);

/* A new UUID for names of files, a sibling of the publish id. */
void engine_txn_uuid(struct engine_txn *t, char out[37]);

/* ---- journals of unpublished files (engine_journal.c) ---------------------------------------- */

/* Before each file of a staged table is begun; the first time it writes the journal. */
STATUS_MUST_USE status engine_journal_open(struct firn_session *s, struct engine_staged *t,
                                           struct error *err);
/* Right before the publish of a new table. ST_CONFLICT when another process has cleared its files away. */
STATUS_MUST_USE status engine_journal_check(struct firn_session *s, const struct engine_staged *t,
                                            struct error *err);
/* The base has moved and the files stay: they go on under a new journal. ST_CONFLICT when another
 * process has cleared them away. */
STATUS_MUST_USE status engine_journal_renew(struct firn_session *s, struct engine_staged *t,
                                            struct error *err);
/* The files are published, or deleted. */
void engine_journal_end(struct firn_session *s, struct engine_staged *t);
/* Deletes what attempts that are over left behind at a table that was just published. */
void engine_journals_clear(struct firn_session *s, const struct engine_staged *t);

struct engine_journal {
    struct str publish_id;
    struct str uuid; /* the table's; of one to be created, its own */
    struct str base; /* metadata location; ptr NULL: there was no table */
    size_t folder_count;
    struct str *folders; /* where its files stand, at any depth */
};
/* A journal's text, checked; strings in `arena`. */
STATUS_MUST_USE status engine_journal_parse(struct str text, struct arena *arena,
                                            struct engine_journal *out, struct error *err);

/* The manifests of all of a table's snapshots, which share most of them, each once. */
STATUS_MUST_USE status engine_manifests(struct firn_session *s, const struct iceberg_table *t,
                                        struct arena *arena, struct iceberg_manifest **out,
                                        size_t *count, struct error *err);

/* ---- files that go with a table (engine_purge.c) --------------------------------------------- */

/* Notes at `at` which files of `t`, a table of the catalog that is being dropped, go with it. */
STATUS_MUST_USE status engine_purge_list(struct firn_session *s, const struct iceberg_table *t,
                                         struct engine_staged *at, struct error *err);
/* The drop is published: deletes them. What could not be deleted is said. */
void engine_purge_run(struct firn_session *s, struct engine_staged *at);

/* ---- staged tables --------------------------------------------------------------------------- */

/* The staged table of that name, or NULL. */
struct engine_staged *engine_staged_find(const struct engine_txn *t, struct catalog_name name);
/* The table as this transaction sees it: staged, else pinned; *out NULL when there is none. */
STATUS_MUST_USE status engine_table_get(struct firn_session *s, struct catalog_name name,
                                        struct iceberg_table **out, struct error *err);
/* The table as it is on another branch of the catalog, at one state as long as the transaction
 * lasts; *out NULL when there is no such branch, or no such table on it. */
STATUS_MUST_USE status engine_table_on(struct firn_session *s, struct str branch,
                                       struct catalog_name name, struct iceberg_table **out,
                                       struct error *err);
/* Notes that a statement reads the table: what is appended to it in this transaction may depend on
 * the rows it had, so it is not put on top of a newer base. */
STATUS_MUST_USE status engine_table_read(struct firn_session *s, struct catalog_name name,
                                         struct error *err);
/* Stages a table that exists (loaded) or not (base NULL). With --run-id, a table that already holds
 * this transaction sets txn->skip and gives ST_CANCELLED: the statement has nothing left to do. */
STATUS_MUST_USE status engine_stage(struct firn_session *s, struct catalog_name name,
                                    struct engine_staged **out, struct error *err);
STATUS_MUST_USE status engine_staged_update(struct firn_session *s, struct engine_staged *t,
                                            const struct iceberg_update *u, struct error *err);
STATUS_MUST_USE status engine_staged_add(struct firn_session *s, struct engine_staged *t,
                                         const struct iceberg_data_file *files, size_t count,
                                         struct error *err);
/* A file of base, or one added in this transaction (which is then deleted). */
STATUS_MUST_USE status engine_staged_remove(struct firn_session *s, struct engine_staged *t,
                                            struct str path, struct error *err);
STATUS_MUST_USE status engine_staged_property(struct firn_session *s, struct engine_staged *t,
                                              const char *key, struct str value, struct error *err);
/* Makes t->current from base and everything staged; writes manifests for its snapshot. */
STATUS_MUST_USE status engine_staged_build(struct firn_session *s, struct engine_staged *t,
                                           struct error *err);

/* ---- names and lookups (engine_lookup.c) ----------------------------------------------------- */

/* Splits [catalog.]schema.table; a missing schema is 42P01 with a hint; another catalog's name is
 * refused. Matching ignores case for unquoted names when unique. `exists` says whether such a table
 * is there. */
STATUS_MUST_USE status engine_resolve(struct firn_session *s, const struct query_table_name *name,
                                      struct arena *arena, struct catalog_name *out, bool *exists,
                                      struct error *err);
/* Same, and the table itself; one that does not exist is 42P01 with the nearest name. */
struct engine_env;
/* Fails: there is no such schema, perhaps one of a similar name. */
STATUS_MUST_USE status engine_no_space(struct firn_session *s, struct str space, int64_t position,
                                       struct arena *arena, struct error *err);
STATUS_MUST_USE status engine_table_must(struct engine_env *e, const struct query_table_name *name,
                                         struct catalog_name *out, struct iceberg_table **table,
                                         struct error *err);
/* The snapshot that "<snapshot id | branch | tag | timestamp>" means; 42704 when there is none. */
STATUS_MUST_USE status engine_snapshot_named(struct engine_env *e, const struct iceberg_table *t,
                                             struct str at, const struct iceberg_snapshot **out,
                                             struct error *err);
/* Whether a namespace is there as this transaction sees it. */
STATUS_MUST_USE status engine_space_exists(struct firn_session *s, struct str space, bool *out,
                                           struct error *err);
/* Namespaces as this transaction sees them. */
STATUS_MUST_USE status engine_spaces(struct firn_session *s, struct arena *arena, struct str **out,
                                     size_t *count, struct error *err);
/* Tables of a namespace as this transaction sees them. */
STATUS_MUST_USE status engine_tables(struct firn_session *s, struct str space, struct arena *arena,
                                     struct str **out, size_t *count, struct error *err);
/* One option of read_csv or COPY; *known false when it is none of CSV's. */
STATUS_MUST_USE status engine_csv_option(struct query_csv_options *o,
                                         const struct query_option *option, bool *known,
                                         struct error *err);
void engine_csv_defaults(struct query_csv_options *o);
STATUS_MUST_USE status engine_resolve_space(struct firn_session *s, const struct query_name *space,
                                            const struct query_name *catalog, struct arena *arena,
                                            struct str *out, bool *exists, struct error *err);
/* A statement's planning and execution environment; lives in one place for as long as its rows are
 * read. */
struct engine_env {
    struct firn_session *session;
    struct arena arena; /* the statement's */
    struct exec_counters counters;
    struct exec_context exec;
    struct plan_lookup lookup;
    struct plan_context plan;
    /* Names that mean something in this statement only: a gate's `summary` and `raw`. */
    size_t alias_count;
    struct engine_alias {
        struct str name;
        struct plan_table table;
    } aliases[2];
    const struct plan_table *only; /* what every name means: a definition over a past state */
    const struct summary_definition *bound; /* whose SELECT is planned: it has names of its own for
                                             * its raw table's columns */
};
STATUS_MUST_USE status engine_env_init(struct engine_env *e, struct firn_session *s,
                                       struct error *err);
void engine_env_free(struct engine_env *e);
/* Which of a summary's columns are sums with states, where t->snapshot has those states. */
STATUS_MUST_USE status engine_summary_states(struct engine_env *e, struct plan_table *t,
                                             struct error *err);
/* A metadata table ("t$files") as constant rows (engine_meta.c). */
STATUS_MUST_USE status engine_meta_table(struct engine_env *e, const struct iceberg_table *t,
                                         struct str kind, struct query_plan **out,
                                         struct error *err);

/* ---- results (engine_result.c) --------------------------------------------------------------- */

struct firn_result {
    struct firn_session *session; /* borrowed */
    struct arena arena;           /* the parsed statement */
    struct engine_env env;
    bool has_env; /* env is to be freed */
    bool has_rows, stream_taken;
    bool end_txn;            /* the rows' implicit transaction ends with the result */
    struct query_plan *plan; /* rows to produce */
    char tag[64];
    const char *verb; /* "SELECT": the tag gets the row count */
    int64_t row_count;
    struct firn_figures figures;
    int64_t requests_before;   /* of the session's store, when the statement began */
    struct column_stream rows; /* valid while a stream is open */
    struct error error;        /* of the stream */
};

/* Parses and runs one statement (engine_statement.c). */
STATUS_MUST_USE status engine_execute(struct firn_session *s, struct str text,
                                      struct firn_result *r, struct error *err);
/* Runs a statement inside the open transaction; sets rows (plan) or the tag. */
STATUS_MUST_USE status engine_run(struct firn_session *s, struct query_statement *st,
                                  struct firn_result *r, struct error *err);

STATUS_MUST_USE status engine_create_table(struct engine_env *e, struct query_statement *st,
                                           struct firn_result *r, struct error *err);
STATUS_MUST_USE status engine_schema_statement(struct engine_env *e, struct query_statement *st,
                                               struct error *err);
STATUS_MUST_USE status engine_drop_table(struct engine_env *e, struct query_statement *st,
                                         struct firn_result *r, struct error *err);
STATUS_MUST_USE status engine_rename_table(struct engine_env *e, struct query_statement *st,
                                           struct error *err);
STATUS_MUST_USE status engine_insert(struct engine_env *e, struct query_statement *st,
                                     struct firn_result *r, struct error *err);
STATUS_MUST_USE status engine_delete(struct engine_env *e, struct query_statement *st,
                                     struct firn_result *r, struct error *err);
STATUS_MUST_USE status engine_copy(struct engine_env *e, struct query_statement *st,
                                   struct firn_result *r, struct error *err);
STATUS_MUST_USE status engine_call(struct engine_env *e, struct query_statement *st,
                                   struct firn_result *r, struct error *err);
/* The text of a procedure's argument, by name or position; ptr NULL when absent or NULL. */
STATUS_MUST_USE status engine_call_text(struct engine_env *e, const struct query_ast *call,
                                        const char *name, size_t position, struct str *out,
                                        struct error *err);
/* "[catalog.]schema.table" of a procedure's argument; deeper namespaces belong to the schema, and
 * either may stand in double quotes. */
STATUS_MUST_USE status engine_call_table(struct engine_env *e, struct str text,
                                         struct query_table_name *out, struct error *err);
STATUS_MUST_USE status engine_show(struct engine_env *e, struct query_statement *st,
                                   struct firn_result *r, struct error *err);
STATUS_MUST_USE status engine_explain(struct engine_env *e, struct query_statement *st,
                                      struct firn_result *r, struct error *err);
/* Rows from a plan's stream into data files of a staged table; the stream is closed. */
STATUS_MUST_USE status engine_write_rows(struct engine_env *e, struct engine_staged *t,
                                         struct query_plan *plan, struct iceberg_data_file **files,
                                         size_t *count, int64_t *rows, struct error *err);
/* Adds files to what the statement wrote. */
void engine_note_written(struct firn_result *r, const struct iceberg_data_file *files,
                         size_t count);
/* "name:letter name:letter": l bigint, i int, t text, b boolean, Z timestamptz. */
STATUS_MUST_USE status engine_letters_schema(struct arena *arena, const char *columns,
                                             struct column_schema *out, struct error *err);
/* A new table's updates, or a replacement's (base kept, history kept, files not carried over). */
struct engine_table_def {
    const struct column_schema *columns;
    struct str partitioning, sorted_by, location; /* empty = none */
    size_t property_count;
    const struct property *properties;
};
STATUS_MUST_USE status engine_define_table(struct engine_env *e, struct engine_staged *t,
                                           const struct engine_table_def *d, struct error *err);
/* WITH (...) of CREATE TABLE and CREATE MATERIALIZED VIEW into *d. */
STATUS_MUST_USE status engine_table_options(struct engine_env *e, const struct query_statement *st,
                                            struct engine_table_def *d, struct error *err);
/* Forgets what this transaction staged for a table and deletes the files it wrote. */
void engine_staged_reset(struct firn_session *s, struct engine_staged *t);
/* Live data files of a table's current snapshot. */
STATUS_MUST_USE status engine_live_files(struct engine_env *e, const struct iceberg_table *t,
                                         struct iceberg_scan *out, struct error *err);
/* Takes out all live data files of a staged table. */
STATUS_MUST_USE status engine_staged_remove_all(struct engine_env *e, struct engine_staged *t,
                                                struct error *err);
/* Same from an open stream, which stays the caller's. `how` says what is not the table's to say:
 * sort_order_id, split, hidden. */
STATUS_MUST_USE status engine_write_stream(struct engine_env *e, struct engine_staged *t,
                                           struct column_stream *rows,
                                           const struct exec_write_spec *how,
                                           struct iceberg_data_file **files, size_t *count,
                                           int64_t *row_count, struct error *err);
/* Constant text rows as a plan: SHOW, EXPLAIN, metadata. cells: rows x columns. */
STATUS_MUST_USE status engine_rows_plan(struct arena *arena, const struct column_schema *schema,
                                        const struct column_value *cells, int64_t rows,
                                        struct query_plan **out, struct error *err);

/* ---- summaries (engine_summary.c) ------------------------------------------------------------ */

STATUS_MUST_USE status engine_create_summary(struct engine_env *e, struct query_statement *st,
                                             struct firn_result *r, struct error *err);
STATUS_MUST_USE status engine_refresh_summary(struct engine_env *e, struct query_statement *st,
                                              struct firn_result *r, struct error *err);
STATUS_MUST_USE status engine_constraint(struct engine_env *e, struct query_statement *st,
                                         struct firn_result *r, struct error *err);
/* Where the files of a summary end; `key` is the first column of its order. */
struct exec_split_rule engine_summary_split(const struct column_schema *rows, int key);
/* CALL system.verify (engine_verify.c). */
STATUS_MUST_USE status engine_verify(struct engine_env *e, const struct query_ast *call,
                                     struct firn_result *r, struct error *err);
/* A table that firn keeps beside a summary (engine_companion.c). */
bool engine_is_companion(const struct iceberg_table *t);

#endif
