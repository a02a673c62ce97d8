// SPDX-License-Identifier: Apache-2.0
/* pool.c - a fixed set of threads that share one job at a time.
 *
 *     caller: publish job under lock, wake all -> work too -> wait until `busy` is 0
 *     worker: sleep until `round` changes -> take task numbers from `next` until none is left
 *
 * P1  a worker touches the job only between taking part (busy + 1) and leaving (busy - 1), both
 *     under the lock, so the caller's stack frame outlives every use */
#include "base/pool.h"
#include "base/mem.h"

#include <pthread.h>

struct pool_job {
    status (*run)(void *arg, size_t task, int worker, struct error *err);
    void *arg;
    size_t tasks;
    _Atomic size_t next; /* next task number to take */
    _Atomic bool stop;   /* a task failed */
    size_t failed_task;  /* under the lock; valid when code != OK */
    struct error error;  /* of failed_task */
    status code;         /* of failed_task */
};

struct pool {
    pthread_mutex_t lock;
    pthread_cond_t wake, idle;
    struct pool_job *job; /* borrowed from pool_run; NULL between jobs */
    uint64_t round;       /* counts jobs */
    int busy;             /* workers inside the job */
    int threads;          /* caller included */
    int started;          /* threads to join */
    bool quit;
    struct pool_worker {
        pthread_t thread;
        struct pool *pool;
        int number;
    } workers[256];
};

static void job_work(struct pool *p, struct pool_job *job, int worker)
{
    while (!atomic_load(&job->stop)) {
        size_t task = atomic_fetch_add(&job->next, 1);
        if (task >= job->tasks)
            return;
        struct error e;
        error_init(&e);
        status st = job->run(job->arg, task, worker, &e);
        if (st == ST_OK)
            continue;
        atomic_store(&job->stop, true);
        if (p)
            pthread_mutex_lock(&p->lock);
        if (job->code == ST_OK || task < job->failed_task) {
            job->code = st;
            job->failed_task = task;
            job->error = e;
        }
        if (p)
            pthread_mutex_unlock(&p->lock);
    }
}

static void *worker_main(void *arg)
{
    struct pool_worker *w = arg;
    struct pool *p = w->pool;
    uint64_t seen = 0;
    pthread_mutex_lock(&p->lock);
    for (;;) {
        while (!p->quit && (p->round == seen || !p->job)) {
            seen = p->job ? seen : p->round;
            pthread_cond_wait(&p->wake, &p->lock);
        }
        if (p->quit)
            break;
        seen = p->round;
        struct pool_job *job = p->job;
        p->busy++;
        pthread_mutex_unlock(&p->lock);
        job_work(p, job, w->number);
        pthread_mutex_lock(&p->lock);
        if (--p->busy == 0)
            pthread_cond_signal(&p->idle);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

status pool_create(int threads, struct pool **out, struct error *err)
{
    struct pool *p;
    *out = NULL;
    if (threads < 1 || threads > 256)
        FAIL(err, ST_INVALID, "threads must be 1 to 256, not %d", threads);
    TRY(mem_calloc(NULL, sizeof(*p), (void **)&p, err));
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->wake, NULL);
    pthread_cond_init(&p->idle, NULL);
    p->threads = threads;
    for (int i = 1; i < threads; i++) {
        struct pool_worker *w = &p->workers[i];
        *w = (struct pool_worker){.pool = p, .number = i};
        if (pthread_create(&w->thread, NULL, worker_main, w) != 0) {
            pool_destroy(p);
            FAIL(err, ST_OOM, "thread %d of %d could not be started", i + 1, threads);
        }
        p->started++;
    }
    *out = p;
    return ST_OK;
}

void pool_destroy(struct pool *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->quit = true;
    pthread_cond_broadcast(&p->wake);
    pthread_mutex_unlock(&p->lock);
    for (int i = 1; i <= p->started; i++)
        pthread_join(p->workers[i].thread, NULL);
    pthread_cond_destroy(&p->wake);
    pthread_cond_destroy(&p->idle);
    pthread_mutex_destroy(&p->lock);
    mem_free(NULL, p, sizeof(*p));
}

int pool_threads(const struct pool *p)
{
    return p ? p->threads : 1;
}

status pool_run(struct pool *p, size_t tasks,
                status (*run)(void *arg, size_t task, int worker, struct error *err), void *arg,
                struct error *err)
{
    struct pool_job job = {.run = run, .arg = arg, .tasks = tasks};
    if (!p || p->threads == 1 || tasks < 2) {
        job_work(NULL, &job, 0);
    } else {
        pthread_mutex_lock(&p->lock);
        p->job = &job;
        p->round++;
        pthread_cond_broadcast(&p->wake);
        pthread_mutex_unlock(&p->lock);
        job_work(p, &job, 0);
        pthread_mutex_lock(&p->lock);
        p->job = NULL;
        while (p->busy > 0)
            pthread_cond_wait(&p->idle, &p->lock);
        pthread_mutex_unlock(&p->lock);
    }
    if (job.code != ST_OK && err)
        *err = job.error;
    return job.code;
}
