// SPDX-License-Identifier: Apache-2.0
/* test.c - runs registered tests, each in a process of its own. */
#include "harness/test.h"

#include <stdarg.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static struct test_case *first, **last = &first;

void test_register(struct test_case *t)
{
    *last = t;
    last = &t->next;
}

void test_fail(const char *file, int line, const char *fmt, ...)
{
    va_list args;
    fprintf(stderr, "%s:%d: ", file, line);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
    exit(1);
}

static int run_forked(const struct test_case *t)
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        alarm(60);
        t->run();
        exit(0);
    }
    int how = 0;
    if (child < 0 || waitpid(child, &how, 0) < 0)
        return 1;
    if (WIFSIGNALED(how))
        fprintf(stderr, "%s: ended by signal %d\n", t->name, WTERMSIG(how));
    return !(WIFEXITED(how) && WEXITSTATUS(how) == 0);
}

int main(int argc, char **argv)
{
    int passed = 0, failed = 0;
    bool in_process = getenv("FIRN_TEST_NO_FORK") != NULL;
    for (const struct test_case *t = first; t; t = t->next) {
        if (argc > 1 && !strstr(t->name, argv[1]))
            continue;
        int bad = in_process ? (t->run(), 0) : run_forked(t);
        if (bad)
            fprintf(stderr, "FAILED %s\n", t->name);
        bad ? failed++ : passed++;
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed > 0 || passed == 0;
}
