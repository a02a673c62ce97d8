// SPDX-License-Identifier: Apache-2.0
/* pool.h - the one thread pool, owned by engine; any module may hand it tasks.
 *
 * pool_run calls run(arg, i) for every i in [0, tasks), on the pool's threads and the caller's own,
 * and returns when all have ended. The first failure (lowest i) is returned; tasks not yet started
 * are then skipped. With pool NULL or one thread everything runs on the caller's thread, in order.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include "base/status.h"

struct pool;

/* threads counts the caller: 1 creates no thread. 1 to 256. */
STATUS_MUST_USE status pool_create(int threads, struct pool **out, struct error *err);
void pool_destroy(struct pool *p);
int pool_threads(const struct pool *p);
/* `worker` is 0..threads-1, the same for all calls on one thread during one pool_run. Not
 * re-entrant: a task must not call pool_run on the same pool. */
STATUS_MUST_USE status pool_run(struct pool *p, size_t tasks,
                                status (*run)(void *arg, size_t task, int worker,
                                              struct error *err),
                                void *arg, struct error *err);

#endif
