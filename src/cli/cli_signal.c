// SPDX-License-Identifier: Apache-2.0
/* cli_signal.c - SIGINT and SIGTERM end a run in order: the statement is cancelled, its transaction
 * rolled back, files it wrote deleted. A second signal ends the program at once.
 *
 * A signal handler takes no argument, hence the two variables of this file. */
#include "cli/cli_int.h"

#include <signal.h>

static struct firn_session *volatile watched;
static volatile sig_atomic_t seen;

static void on_signal(int number)
{
    struct firn_session *s = watched;
    seen = 1;
    signal(number, SIG_DFL);
    if (s)
        firn_cancel(s);
}

void cli_signal_watch(struct firn_session *s)
{
    watched = s;
    signal(SIGINT, s ? on_signal : SIG_DFL);
    signal(SIGTERM, s ? on_signal : SIG_DFL);
}

bool cli_signal_seen(void)
{
    return seen != 0;
}
