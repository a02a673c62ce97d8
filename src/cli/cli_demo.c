// SPDX-License-Identifier: Apache-2.0
/* cli_demo.c - firn demo: the sales pipeline in an embedded lakehouse of its own, and what the
 * summary is worth on more rows.
 *
 *     firn demo [DIR]            init DIR if it holds no firn.yaml, then the embedded script
 *     firn demo [DIR] --rows N   N sample rows, a summary over them, both queries timed: cold (a
 *                                new session, files dropped from the page cache) and warm
 *                                (median of five) */
#include "cli/cli.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define WARM_RUNS 5

static int make_lakehouse(const struct cli_args *a, const char *folder, char config[4096])
{
    struct firn_error e;
    snprintf(config, 4096, "%s/firn.yaml", folder);
    if (access(config, F_OK) == 0)
        return 0;
    if (firn_init(folder, NULL, &e) != 0)
        return cli_report(&e, "");
    if (!a->quiet)
        fprintf(stderr, "firn: made an embedded lakehouse in %s\n", folder);
    return 0;
}

/* ---- timing ---------------------------------------------------------------------------------- */

struct timed {
    int64_t us;
    struct firn_figures figures;
};

static int run_one(struct firn_session *s, const char *sql, struct timed *out)
{
    struct firn_result *r;
    struct firn_error e;
    int64_t start = clock_monotonic_us();
    if (firn_execute(s, sql, strlen(sql), &r, &e) != 0)
        return cli_report(&e, "");
    int code = 0;
    if (firn_result_has_rows(r)) {
        struct ArrowArrayStream rows;
        code = firn_result_stream(r, &rows, &e) != 0 ? cli_report(&e, "") : 0;
        for (bool more = code == 0; more;) {
            struct ArrowArray batch;
            if (rows.get_next(&rows, &batch) != 0) {
                firn_result_error(r, &e);
                code = cli_report(&e, "");
                break;
            }
            more = batch.release != NULL;
            if (more)
                batch.release(&batch);
        }
        if (code == 0)
            rows.release(&rows);
    }
    if (out) {
        out->us = clock_monotonic_us() - start;
        firn_result_figures(r, &out->figures);
    }
    firn_result_free(r);
    return code;
}

static int compare_us(const void *a, const void *b)
{
    int64_t x = ((const struct timed *)a)->us, y = ((const struct timed *)b)->us;
    return (x > y) - (x < y);
}

/* Drops a file from the page cache, so that the next read comes from the disk. */
static int forget_file(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    int fd = kind == FTW_F ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
        close(fd);
    }
    return 0;
}

static void forget_files(const char *folder)
{
    char path[4200];
    snprintf(path, sizeof(path), "%s/warehouse", folder);
    nftw(path, forget_file, 16, FTW_PHYS);
}

/* What every session of the demo is opened with. */
struct demo {
    const char *folder;
    struct firn_option *options;
    size_t option_count;
};

static int open_session(const struct demo *d, struct firn_session **out)
{
    struct firn_error e;
    return firn_session_open(d->options, d->option_count, out, &e) == 0 ? 0 : cli_report(&e, "");
}

/* Runs a query in a session of its own: cold, then WARM_RUNS times. */
static int time_query(const struct demo *d, const char *sql, struct timed *cold, struct timed *warm)
{
    struct firn_session *s;
    struct timed runs[WARM_RUNS];
    int code = open_session(d, &s);
    if (code != 0)
        return code;
    code = run_one(s, sql, cold);
    for (int i = 0; code == 0 && i < WARM_RUNS; i++)
        code = run_one(s, sql, &runs[i]);
    firn_session_close(s);
    if (code == 0) {
        qsort(runs, WARM_RUNS, sizeof(runs[0]), compare_us);
        *warm = runs[WARM_RUNS / 2];
    }
    return code;
}

static int load_rows(const struct demo *d, long long rows)
{
    static const char *const statements[] = {
        "BEGIN",
        NULL, /* the table, below */
        "CREATE OR REPLACE MATERIALIZED VIEW demo.sales_many_daily AS "
        "SELECT transaction_date, product_id, count(*) AS transaction_count, "
        "sum(quantity) AS total_quantity, sum(amount) AS total_revenue, "
        "avg(amount) AS avg_transaction_value, max(amount) AS max_transaction_value, "
        "min(amount) AS min_transaction_value FROM demo.sales_many "
        "GROUP BY transaction_date, product_id",
        "REFRESH MATERIALIZED VIEW demo.sales_many_daily",
        "COMMIT",
    };
    struct firn_session *s;
    char table[512];
    long long days = rows >= 365000 ? 365 : 3, per_day = (rows + days - 1) / days;
    snprintf(table, sizeof(table),
             "CREATE OR REPLACE TABLE demo.sales_many AS SELECT * FROM sample_sales(days => %lld, "
             "rows_per_day => %lld) LIMIT %lld",
             days, per_day, rows);
    int code = open_session(d, &s);
    if (code != 0)
        return code;
    code = run_one(s, "CREATE SCHEMA IF NOT EXISTS demo", NULL);
    for (size_t i = 0; code == 0 && i < ARRAY_LEN(statements); i++)
        code = run_one(s, statements[i] ? statements[i] : table, NULL);
    firn_session_close(s);
    return code;
}

static void print_timed(const char *what, const struct timed *cold, const struct timed *warm)
{
    printf("%-24s %14lld %12.2f %12.2f\n", what, (long long)warm->figures.rows,
           (double)cold->us / 1000.0, (double)warm->us / 1000.0);
}

static double ratio(int64_t a, int64_t b)
{
    return (double)a / (double)(b > 0 ? b : 1);
}

static int demo_rows(long long rows, const struct demo *d)
{
    struct timed raw_cold, raw_warm, sum_cold, sum_warm;
    printf("\nBoth queries on %lld sample rows:\n", rows);
    fflush(stdout);
    int code = load_rows(d, rows);
    forget_files(d->folder);
    if (code == 0)
        code = time_query(d,
                          "SELECT product_id, sum(amount) AS total_revenue FROM demo.sales_many "
                          "GROUP BY product_id ORDER BY product_id",
                          &raw_cold, &raw_warm);
    if (code == 0)
        code = time_query(d,
                          "SELECT product_id, sum(total_revenue) AS total_revenue FROM "
                          "demo.sales_many_daily GROUP BY product_id ORDER BY product_id",
                          &sum_cold, &sum_warm);
    if (code != 0)
        return code;
    printf("%-24s %14s %12s %12s\n", "", "rows scanned", "cold ms", "warm ms");
    print_timed("query 1, raw", &raw_cold, &raw_warm);
    print_timed("query 2, summary", &sum_cold, &sum_warm);
    printf("%-24s %13.1fx %11.1fx %11.1fx\n", "ratio",
           ratio(raw_warm.figures.rows, sum_warm.figures.rows), ratio(raw_cold.us, sum_cold.us),
           ratio(raw_warm.us, sum_warm.us));
    return 0;
}

int cli_demo(const struct cli_args *a)
{
    char config[4096];
    struct demo d = {.folder = a->operand_count ? a->operands[0] : "firn-demo",
                     .option_count = a->option_count + 1};
    size_t bytes = d.option_count * sizeof(*d.options);
    struct error err;
    char *end = NULL;
    long long rows = a->rows ? strtoll(a->rows, &end, 10) : 0;
    if (a->rows && (*end || rows < 1 || rows > 1000000000)) {
        fprintf(stderr, "firn: --rows takes 1 to 1000000000, not \"%s\"\n", a->rows);
        return FIRN_USAGE;
    }
    if (a->print) {
        fwrite(cli_demo_script, 1, cli_demo_script_bytes, stdout);
        return 0;
    }
    int code = make_lakehouse(a, d.folder, config);
    if (code != 0)
        return code;
    error_init(&err);
    if (mem_calloc(NULL, bytes, (void **)&d.options, &err) != ST_OK) {
        fprintf(stderr, "firn: %s\n", err.msg);
        return status_exit_code(err.code);
    }
    for (size_t i = 0; i < a->option_count; i++)
        d.options[i] = a->options[i];
    d.options[a->option_count] = (struct firn_option){"config", config};
    code = a->rows ? demo_rows(rows, &d)
                   : cli_run_text(a, (struct str){cli_demo_script, cli_demo_script_bytes},
                                  "batch_aggregation.sql", d.options, d.option_count);
    mem_free(NULL, d.options, bytes);
    return code;
}
