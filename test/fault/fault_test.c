// SPDX-License-Identifier: Apache-2.0
/* fault_test.c - the demo, and verify over it, with the n-th allocation failing, then the n-th
 * operation on the disk.
 *
 *     fault_test quick [SEED [POINTS]]              about POINTS of every series, chosen by the seed
 *     fault_test KIND SCENARIO FROM STEP [FILE]     points FROM, FROM + STEP, ... until the demo
 *                                                   makes fewer calls than that; the next point is
 *                                                   kept in FILE, and progress is printed
 *
 * KIND is memory or disk, once or from then on: memory, memory-on, disk, disk-on. SCENARIO is
 * `first` (no folder yet), `over` (four days over the three of a finished run, without
 * validation) or `verify` (of the three).
 *
 * Each point is a process of its own, so that one-time initialisation of libraries is failed too.
 * After it, without faults, a second process looks at the tables.
 *
 * F1  exit 0 leaves the new state; any exit leaves the old or the new one, both tables alike
 * F2  a failed allocation is exit 4 and "out of memory", a failed operation exit 1 and the name of a
 *     file; exit 6 (unknown) is allowed and counted
 * F3  no file is left that the state does not need, except after exit 6
 * F4  under AddressSanitizer nothing leaks */
#include "cli/cli.h"

#include "base/clock.h"
#include "store/store.h"

#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#define LEAKS() __lsan_do_recoverable_leak_check()
#else
#define LEAKS() 0
#endif

#define QUICK_POINTS    100
#define PROGRESS_POINTS 1000
#define EXIT_LEAK       97
#define EXIT_TORN       98 /* of the looking process: the tables do not fit each other */
#define NAMES_BYTES     65536

struct kind {
    const char *name;
    bool disk, persistent;
};
static const struct kind kinds[] = {{"memory", false, false},
                                    {"memory-on", false, true},
                                    {"disk", true, false},
                                    {"disk-on", true, true}};
static const char *const scenarios[] = {"first", "over", "verify"};
enum { FIRST, OVER, VERIFY };

/* What a point leaves behind: exit code, words, calls counted. */
struct outcome {
    int code, signal;
    char words[4096];
};

static char work[256], lake[300], kept[300]; /* folders of this process */
static uint64_t *shared_count;               /* calls of the last point; shared with the children */
static char names_old[NAMES_BYTES];          /* files of the kept state */
static size_t files_new[ARRAY_LEN(scenarios)]; /* files after an untouched run, by scenario */
static long unknown_seen, points_seen, failures;

static void shell(const char *command)
{
    if (system(command) != 0) {
        fprintf(stderr, "failed: %s\n", command);
        exit(2);
    }
}

#define RAW     "demo.sales_transactions_raw"
#define SUMMARY "demo.sales_daily_summary"

/* ---- the demo -------------------------------------------------------------------------------- */

static int run_demo(int scenario)
{
    char *argv[] = {(char *)"firn",
                    (char *)"demo",
                    lake,
                    (char *)"-q",
                    (char *)"-v",
                    (char *)"days=4",
                    (char *)"-v",
                    (char *)"enable_validation=False",
                    NULL};
    struct cli_args args;
    int code = cli_args_parse(scenario == FIRST ? 4 : 8, argv, &args);
    if (code == 0)
        code = cli_demo(&args);
    cli_args_free(&args);
    return code;
}

static int run_verify(void)
{
    char config[320];
    char *argv[] = {(char *)"firn",
                    (char *)"verify",
                    (char *)SUMMARY,
                    (char *)"-q",
                    (char *)"--config",
                    config,
                    NULL};
    struct cli_args args;
    snprintf(config, sizeof(config), "%s/firn.yaml", lake);
    int code = cli_args_parse(6, argv, &args);
    if (code == 0)
        code = cli_run_statement(&args, STR("CALL system.verify('" SUMMARY "', files => true)"));
    cli_args_free(&args);
    return code;
}

static void fault_set(const struct kind *k, uint64_t nth)
{
    if (k->disk)
        store_fault_set(nth, k->persistent);
    else
        mem_fault_set(nth, k->persistent);
}

/* The child: stdout is dropped, stderr goes to `words`. */
static void child(const struct kind *k, int scenario, uint64_t nth, int words)
{
    int code = 2;
    if (freopen("/dev/null", "w", stdout) && dup2(words, STDERR_FILENO) >= 0) {
        fault_set(k, nth);
        code = scenario == VERIFY ? run_verify() : run_demo(scenario);
        *shared_count = k->disk ? store_fault_count() : mem_fault_count();
        fault_set(k, 0);
        if (LEAKS())
            code = EXIT_LEAK;
    }
    fflush(NULL);
    _exit(code);
}

static void read_words(int fd, char *out, size_t size)
{
    size_t len = 0;
    for (ssize_t n; len + 1 < size && (n = read(fd, out + len, size - 1 - len)) > 0;)
        len += (size_t)n;
    out[len] = '\0';
}

static void run_point(const struct kind *k, int scenario, uint64_t nth, struct outcome *out)
{
    int words[2], ended;
    *out = (struct outcome){0};
    *shared_count = 0;
    if (pipe(words) != 0)
        exit(2);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        child(k, scenario, nth, words[1]);
    close(words[1]);
    read_words(words[0], out->words, sizeof(out->words));
    close(words[0]);
    if (pid < 0 || waitpid(pid, &ended, 0) != pid)
        exit(2);
    out->code = WIFEXITED(ended) ? WEXITSTATUS(ended) : -1;
    out->signal = WIFSIGNALED(ended) ? WTERMSIG(ended) : 0;
}

/* ---- what is seen afterwards ----------------------------------------------------------------- */

/* The first column of the first row, a bigint; -1 when the table or schema does not exist. */
static int64_t query(struct firn_session *s, const char *sql)
{
    struct firn_result *r;
    struct firn_error e;
    struct ArrowArrayStream rows;
    struct ArrowArray batch;
    if (firn_execute(s, sql, strlen(sql), &r, &e) != 0) {
        if (strcmp(e.sqlstate, "42P01") == 0 || strcmp(e.sqlstate, "3F000") == 0)
            return -1;
        fprintf(stderr, "%s: %s\n", sql, e.message);
        _exit(EXIT_TORN);
    }
    if (firn_result_stream(r, &rows, &e) != 0 || rows.get_next(&rows, &batch) != 0 ||
        !batch.release || batch.length < 1) {
        firn_result_error(r, &e);
        fprintf(stderr, "%s: %s\n", sql, e.message);
        _exit(EXIT_TORN);
    }
    int64_t value = ((const int64_t *)batch.children[0]->buffers[1])[batch.children[0]->offset];
    batch.release(&batch);
    rows.release(&rows);
    firn_result_free(r);
    return value;
}

/* Days in both tables, 0 for none; leaves with EXIT_TORN when they differ. */
static int look(void)
{
    char config[320];
    struct firn_session *s;
    struct firn_error e;
    snprintf(config, sizeof(config), "%s/firn.yaml", lake);
    if (access(config, F_OK) != 0)
        return 0;
    struct firn_option option = {"config", config};
    if (firn_session_open(&option, 1, &s, &e) != 0) {
        fprintf(stderr, "%s\n", e.message);
        _exit(EXIT_TORN);
    }
    int64_t raw = query(s, "SELECT count(*) FROM " RAW);
    int64_t groups = query(s, "SELECT count(*) FROM " SUMMARY), days = 0;
    if (raw >= 0 || groups >= 0) {
        int64_t counted = query(s, "SELECT sum(transaction_count) FROM " SUMMARY);
        int64_t equal =
            query(s, "SELECT CAST(CASE WHEN (SELECT sum(total_revenue) FROM " SUMMARY
                     ") = (SELECT sum(amount) FROM " RAW ") THEN 1 ELSE 0 END AS bigint)");
        days = groups / 3;
        if (raw != days * 333 || groups != days * 3 || counted != raw || equal != 1) {
            fprintf(stderr, "%lld raw rows, %lld groups, %lld rows counted, sums %s\n",
                    (long long)raw, (long long)groups, (long long)counted,
                    equal == 1 ? "equal" : "differ");
            _exit(EXIT_TORN);
        }
    }
    firn_session_close(s);
    return (int)days;
}

/* The days, or EXIT_TORN; in a process of its own, so that this one stays as it is. */
static int look_apart(char *words, size_t size)
{
    int fd[2], ended;
    if (pipe(fd) != 0)
        exit(2);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(fd[1], STDERR_FILENO);
        int days = look();
        _exit(days);
    }
    close(fd[1]);
    read_words(fd[0], words, size);
    close(fd[0]);
    if (pid < 0 || waitpid(pid, &ended, 0) != pid)
        exit(2);
    return WIFEXITED(ended) ? WEXITSTATUS(ended) : EXIT_TORN;
}

static char names[NAMES_BYTES];
static size_t names_len, names_count;

static int add_name(const char *path, const struct stat *st, int type, struct FTW *f)
{
    (void)st;
    (void)f;
    static const char *const passing[] = {"firn.db-wal", "firn.db-shm", "firn.db-lock"};
    const char *name = strrchr(path, '/') + 1;
    for (size_t i = 0; i < ARRAY_LEN(passing); i++)
        if (strcmp(name, passing[i]) == 0)
            return 0;
    if (type != FTW_F)
        return 0;
    names_count++;
    int n = snprintf(names + names_len, sizeof(names) - names_len, "%s\n", path);
    if (n < 0 || (size_t)n >= sizeof(names) - names_len)
        exit(2);
    names_len += (size_t)n;
    return 0;
}

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Every file below the lakehouse, sorted, in `names`. */
static void list_files(void)
{
    static char sorted[NAMES_BYTES];
    char *lines[1024];
    size_t n = 0, len = 0;
    names_len = names_count = 0;
    names[0] = '\0';
    nftw(lake, add_name, 16, FTW_PHYS);
    for (char *line = strtok(names, "\n"); line && n < ARRAY_LEN(lines); line = strtok(NULL, "\n"))
        lines[n++] = line;
    qsort(lines, n, sizeof(*lines), compare_lines);
    sorted[0] = '\0';
    for (size_t i = 0; i < n; i++)
        len += (size_t)snprintf(sorted + len, sizeof(sorted) - len, "%s\n", lines[i]);
    memcpy(names, sorted, len + 1);
}

/* ---- one point ------------------------------------------------------------------------------- */

static int remove_name(const char *path, const struct stat *st, int type, struct FTW *f)
{
    (void)st;
    (void)type;
    (void)f;
    return remove(path);
}

static void remove_tree(const char *path)
{
    if (access(path, F_OK) == 0 && nftw(path, remove_name, 16, FTW_PHYS | FTW_DEPTH) != 0) {
        perror(path);
        exit(2);
    }
}

static void reset(int scenario)
{
    char command[1024];
    remove_tree(lake);
    if (scenario != FIRST) {
        snprintf(command, sizeof(command), "cp -a '%s' '%s'", kept, lake);
        shell(command);
    }
}

static const char *complaint(const struct kind *k, int scenario, const struct outcome *o, int days,
                             int old_days, int new_days)
{
    if (o->signal)
        return "was killed by a signal";
    if (o->code == EXIT_LEAK)
        return "leaks";
    if (days == EXIT_TORN)
        return "leaves tables that do not fit (F1)";
    if (days != old_days && days != new_days)
        return "leaves neither the old nor the new state (F1)";
    if (o->code == 0 && days != new_days)
        return "exits 0 with the old state (F1)";
    if (o->code != 0 && o->code != 6 && o->code != (k->disk ? 1 : 4))
        return "gives another exit code (F2)";
    if (o->code == 4 && !strstr(o->words, "out of memory"))
        return "does not say that memory ran out (F2)";
    if (o->code == 1 && !strstr(o->words, lake))
        return "does not name the file (F2)";
    if (o->code == 6)
        return NULL;
    list_files();
    if (days == new_days && names_count != files_new[scenario])
        return "leaves files that nobody needs beside the new state (F3)";
    if (days == old_days && scenario != FIRST && strcmp(names, names_old) != 0)
        return "leaves other files than the old state's (F3)";
    if (days == old_days && scenario == FIRST && strstr(names, "/warehouse/"))
        return "leaves files in an empty warehouse (F3)";
    return NULL;
}

/* False when the demo made fewer calls than `nth`: the body was untouched. */
static bool point(const struct kind *k, int scenario, uint64_t nth)
{
    struct outcome o;
    char words[2048];
    int old_days = scenario == FIRST ? 0 : 3, new_days = scenario == OVER ? 4 : 3;
    run_point(k, scenario, nth, &o);
    bool reached = *shared_count == 0 || *shared_count >= nth; /* 0: it did not come to its end */
    int days = look_apart(words, sizeof(words));
    const char *bad = complaint(k, scenario, &o, days, old_days, new_days);
    points_seen += reached;
    unknown_seen += o.code == 6;
    if (bad) {
        failures++;
        printf("%s %s %llu: %s: exit %d, signal %d, %d days\n%s%s%s%s", k->name,
               scenarios[scenario], (unsigned long long)nth, bad, o.code, o.signal, days, o.words,
               words, strstr(bad, "files") ? names : "", strstr(bad, "files") ? "\n" : "");
        fflush(stdout);
    }
    if (bad || days != old_days || scenario == FIRST || o.code == 6)
        reset(scenario);
    return reached;
}

/* ---- series ---------------------------------------------------------------------------------- */

/* Calls of an untouched run. */
static uint64_t count_calls(const struct kind *k, int scenario)
{
    struct outcome o;
    reset(scenario);
    run_point(k, scenario, 0, &o);
    if (o.code != 0) {
        printf("%s fails without any fault: exit %d\n%s", scenarios[scenario], o.code, o.words);
        exit(1);
    }
    list_files();
    files_new[scenario] = names_count;
    reset(scenario);
    return *shared_count;
}

static void prepare(void)
{
    struct outcome o;
    char command[1024];
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(work, sizeof(work), "%s/firn-fault-XXXXXX", base);
    if (!mkdtemp(work))
        exit(2);
    snprintf(lake, sizeof(lake), "%s/lake", work);
    snprintf(kept, sizeof(kept), "%s/kept", work);
    shared_count = mmap(NULL, sizeof(*shared_count), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared_count == MAP_FAILED)
        exit(2);
    run_point(&kinds[0], 0, 0, &o);
    if (o.code != 0) {
        printf("the demo fails without any fault: exit %d\n%s", o.code, o.words);
        exit(1);
    }
    list_files();
    memcpy(names_old, names, sizeof(names_old));
    snprintf(command, sizeof(command), "mv '%s' '%s'", lake, kept);
    shell(command);
}

static void keep(const char *file, uint64_t next)
{
    FILE *f = file ? fopen(file, "w") : NULL;
    if (f) {
        fprintf(f, "%llu\n", (unsigned long long)next);
        fclose(f);
    }
}

static void series(const struct kind *k, int scenario, uint64_t from, uint64_t step,
                   const char *file)
{
    int64_t started = clock_monotonic_us();
    long before = points_seen, unknown = unknown_seen;
    uint64_t calls = count_calls(k, scenario), nth = from;
    for (; calls > 0 && point(k, scenario, nth); nth += step) { /* verify writes nothing */
        keep(file, nth + step);
        if (file && (points_seen - before) % PROGRESS_POINTS == 0) {
            printf("%s %s: at %llu of %llu\n", k->name, scenarios[scenario],
                   (unsigned long long)nth, (unsigned long long)calls);
            fflush(stdout);
        }
    }
    keep(file, nth);
    printf("%s %s: %llu calls, %ld points, %ld of unknown outcome, %.1f s\n", k->name,
           scenarios[scenario], (unsigned long long)calls, points_seen - before,
           unknown_seen - unknown, (double)(clock_monotonic_us() - started) / 1e6);
    fflush(stdout);
}

static void quick(unsigned seed, uint64_t points)
{
    printf("seed %u\n", seed);
    srand(seed);
    for (size_t k = 0; k < ARRAY_LEN(kinds); k++)
        for (int scenario = FIRST; scenario <= VERIFY; scenario++) {
            uint64_t calls = count_calls(&kinds[k], scenario), step = calls / points + 1;
            series(&kinds[k], scenario, (uint64_t)rand() % step + 1, step, NULL);
        }
}

int main(int argc, char **argv)
{
    const struct kind *k = NULL;
    int scenario = FIRST;
    for (size_t i = 0; argc > 1 && i < ARRAY_LEN(kinds); i++)
        if (strcmp(argv[1], kinds[i].name) == 0)
            k = &kinds[i];
    for (int i = FIRST; argc > 2 && i <= VERIFY; i++)
        if (strcmp(argv[2], scenarios[i]) == 0)
            scenario = i;
    bool is_quick = argc > 1 && strcmp(argv[1], "quick") == 0;
    if (!is_quick && (!k || argc < 5)) {
        fprintf(stderr,
                "usage: fault_test quick [SEED [POINTS]] | KIND SCENARIO FROM STEP [FILE]\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    prepare();
    if (is_quick)
        quick(argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : (unsigned)clock_now_us(),
              argc > 3 ? strtoull(argv[3], NULL, 10) : QUICK_POINTS);
    else
        series(k, scenario, strtoull(argv[3], NULL, 10), strtoull(argv[4], NULL, 10),
               argc > 5 ? argv[5] : NULL);
    remove_tree(work);
    printf("%ld points, %ld failed, %ld of unknown outcome\n", points_seen, failures, unknown_seen);
    return failures ? 1 : 0;
}
