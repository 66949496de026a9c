#include "verifier.h"

#include <assert.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum job_state {
    JOB_FREE,
    JOB_WAITING,
    JOB_CHECKING,
    JOB_DONE,
};

struct job {
    enum job_state state;
    uint64_t token;
    bool good;
    struct signature_check *checks; /* copies, into `memory` */
    size_t count;
    size_t capacity;
    uint8_t *memory;
    size_t memory_size;
};

struct outcome {
    uint64_t token;
    bool good;
};

struct verifier {
    pthread_mutex_t lock;
    pthread_cond_t given;
    struct job jobs[VERIFIER_JOBS_MAX];
    uint64_t order[VERIFIER_JOBS_MAX]; /* when each was given, to serve the oldest first */
    uint64_t given_count;
    struct outcome *spare; /* of lists that the caller checked; used by his thread alone */
    size_t spare_count;
    size_t spare_capacity;
    bool stopping;
    struct verifier_counters counters;
    pthread_t threads[VERIFIER_THREADS_MAX];
    uint32_t thread_count;
    int descriptor; /* an eventfd used as a semaphore: one count an outcome */
};

static bool all_hold(const struct signature_check *checks, size_t count)
{
    bool good = true;
    for (size_t i = 0; i < count && good; i++) {
        good = crypto_sign_verify_detached(checks[i].signature, checks[i].body.data,
                                           checks[i].body.size, checks[i].public_key) == 0;
    }
    return good;
}

/* The oldest in that state; NULL if none is. */
static struct job *oldest(struct verifier *verifier, enum job_state state)
{
    struct job *found = NULL;
    uint64_t when = UINT64_MAX;
    for (size_t i = 0; i < VERIFIER_JOBS_MAX; i++) {
        if (verifier->jobs[i].state == state && verifier->order[i] < when) {
            found = &verifier->jobs[i];
            when = verifier->order[i];
        }
    }
    return found;
}

static void *serve(void *argument)
{
    struct verifier *verifier = argument;
    pthread_mutex_lock(&verifier->lock);
    while (!verifier->stopping) {
        struct job *job = oldest(verifier, JOB_WAITING);
        if (job == NULL) {
            pthread_cond_wait(&verifier->given, &verifier->lock);
            continue;
        }
        job->state = JOB_CHECKING;
        pthread_mutex_unlock(&verifier->lock);
        bool good = all_hold(job->checks, job->count);
        pthread_mutex_lock(&verifier->lock);
        job->good = good;
        job->state = JOB_DONE;
        (void)eventfd_write(verifier->descriptor, 1);
    }
    pthread_mutex_unlock(&verifier->lock);
    return NULL;
}

struct verifier *verifier_start(uint32_t threads)
{
    assert(threads > 0 && threads <= VERIFIER_THREADS_MAX);
    struct verifier *verifier = calloc(1, sizeof *verifier);
    if (verifier == NULL) {
        return NULL;
    }
    pthread_mutex_init(&verifier->lock, NULL);
    pthread_cond_init(&verifier->given, NULL);
    verifier->descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);
    while (verifier->descriptor >= 0 && verifier->thread_count < threads &&
           pthread_create(&verifier->threads[verifier->thread_count], NULL, serve, verifier) == 0) {
        verifier->thread_count += 1;
    }
    if (verifier->thread_count < threads) {
        verifier_stop(verifier);
        return NULL;
    }
    return verifier;
}

void verifier_stop(struct verifier *verifier)
{
    if (verifier == NULL) {
        return;
    }
    pthread_mutex_lock(&verifier->lock);
    verifier->stopping = true;
    pthread_cond_broadcast(&verifier->given);
    pthread_mutex_unlock(&verifier->lock);
    for (uint32_t i = 0; i < verifier->thread_count; i++) {
        pthread_join(verifier->threads[i], NULL);
    }
    for (size_t i = 0; i < VERIFIER_JOBS_MAX; i++) {
        free(verifier->jobs[i].checks);
        free(verifier->jobs[i].memory);
    }
    free(verifier->spare);
    if (verifier->descriptor >= 0) {
        (void)close(verifier->descriptor);
    }
    pthread_cond_destroy(&verifier->given);
    pthread_mutex_destroy(&verifier->lock);
    free(verifier);
}

static void *grown(void *memory, size_t size)
{
    void *larger = realloc(memory, size);
    if (larger == NULL) {
        abort();
    }
    return larger;
}

static const uint8_t *copied(uint8_t **at, const uint8_t *from, size_t size)
{
    uint8_t *copy = *at;
    if (size > 0) {
        memcpy(copy, from, size);
    }
    *at += size;
    return copy;
}

static void fill_job(struct job *job, const struct signature_check *checks, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        size += checks[i].body.size + crypto_sign_BYTES + crypto_sign_PUBLICKEYBYTES;
    }
    if (count > job->capacity) {
        job->checks = grown(job->checks, count * sizeof *checks);
        job->capacity = count;
    }
    if (size > job->memory_size) {
        job->memory = grown(job->memory, size);
        job->memory_size = size;
    }
    uint8_t *at = job->memory;
    for (size_t i = 0; i < count; i++) {
        job->checks[i].body =
            bytes_of(copied(&at, checks[i].body.data, checks[i].body.size), checks[i].body.size);
        job->checks[i].signature = copied(&at, checks[i].signature, crypto_sign_BYTES);
        job->checks[i].public_key = copied(&at, checks[i].public_key, crypto_sign_PUBLICKEYBYTES);
    }
    job->count = count;
}

static void check_in_core(struct verifier *verifier, uint64_t token,
                          const struct signature_check *checks, size_t count)
{
    if (verifier->spare_count == verifier->spare_capacity) {
        verifier->spare_capacity += VERIFIER_JOBS_MAX;
        verifier->spare =
            grown(verifier->spare, verifier->spare_capacity * sizeof *verifier->spare);
    }
    verifier->spare[verifier->spare_count] =
        (struct outcome){.token = token, .good = all_hold(checks, count)};
    verifier->spare_count += 1;
    (void)eventfd_write(verifier->descriptor, 1);
}

void verifier_put(struct verifier *verifier, uint64_t token, const struct signature_check *checks,
                  size_t count)
{
    assert(count > 0);
    pthread_mutex_lock(&verifier->lock);
    verifier->counters.lists += 1;
    verifier->counters.signatures += count;
    struct job *job = oldest(verifier, JOB_FREE);
    if (job != NULL) {
        verifier->given_count += 1;
        verifier->order[job - verifier->jobs] = verifier->given_count;
        job->token = token;
        fill_job(job, checks, count);
        job->state = JOB_WAITING;
        pthread_cond_signal(&verifier->given);
    } else {
        verifier->counters.in_core += 1;
    }
    pthread_mutex_unlock(&verifier->lock);
    if (job == NULL) {
        check_in_core(verifier, token, checks, count);
    }
}

int verifier_descriptor(const struct verifier *verifier)
{
    return verifier->descriptor;
}

bool verifier_outcome(struct verifier *verifier, uint64_t *token, bool *good)
{
    eventfd_t one = 0;
    if (eventfd_read(verifier->descriptor, &one) != 0) {
        return false;
    }
    pthread_mutex_lock(&verifier->lock);
    struct job *job = oldest(verifier, JOB_DONE);
    if (job != NULL) {
        *token = job->token;
        *good = job->good;
        job->state = JOB_FREE;
    } else {
        assert(verifier->spare_count > 0);
        verifier->spare_count -= 1;
        *token = verifier->spare[verifier->spare_count].token;
        *good = verifier->spare[verifier->spare_count].good;
    }
    verifier->counters.bad_lists += !*good;
    pthread_mutex_unlock(&verifier->lock);
    return true;
}

struct verifier_counters verifier_counters(struct verifier *verifier)
{
    pthread_mutex_lock(&verifier->lock);
    struct verifier_counters counters = verifier->counters;
    pthread_mutex_unlock(&verifier->lock);
    return counters;
}
