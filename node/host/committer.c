#include "committer.h"

#include "clock.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum committer_state {
    STATE_EMPTY,
    STATE_GIVEN,   /* a batch waits or is being written */
    STATE_OUTCOME, /* the outcome waits */
};

struct committer {
    struct store *store;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t given;
    enum committer_state state;
    bool stopping;
    enum status outcome;
    uint64_t since_ms;
    struct committer_counters counters;
    int descriptor;
    /* The copied batch: written by the core while EMPTY, read by the thread while GIVEN. */
    struct write *writes;
    size_t count;
    size_t capacity;
    uint8_t *memory;
    size_t memory_size;
};

static const uint32_t bucket_ms[COMMITTER_BUCKETS - 1] = {1,   2,   5,   10,   20,  50,
                                                          100, 200, 500, 1000, 5000};

uint32_t committer_bucket_ms(size_t bucket)
{
    assert(bucket < COMMITTER_BUCKETS - 1);
    return bucket_ms[bucket];
}

static uint64_t monotonic_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void count_commit(struct committer *committer, enum status outcome, uint64_t microseconds)
{
    struct committer_counters *counters = &committer->counters;
    counters->commits += 1;
    counters->failures += outcome != STATUS_OK;
    counters->writes += committer->count;
    for (size_t i = 0; i < committer->count; i++) {
        counters->bytes += committer->writes[i].key.size + committer->writes[i].value.size;
    }
    counters->microseconds += microseconds;
    size_t bucket = 0;
    while (bucket < COMMITTER_BUCKETS - 1 && microseconds > (uint64_t)bucket_ms[bucket] * 1000) {
        bucket += 1;
    }
    counters->by_bucket[bucket] += 1;
}

static void *serve(void *argument)
{
    struct committer *committer = argument;
    pthread_mutex_lock(&committer->lock);
    for (;;) {
        while (committer->state != STATE_GIVEN && !committer->stopping) {
            pthread_cond_wait(&committer->given, &committer->lock);
        }
        if (committer->state != STATE_GIVEN) {
            break;
        }
        pthread_mutex_unlock(&committer->lock);
        uint64_t before_us = monotonic_us();
        enum status outcome = store_commit(committer->store, committer->writes, committer->count);
        uint64_t microseconds = monotonic_us() - before_us;
        pthread_mutex_lock(&committer->lock);
        count_commit(committer, outcome, microseconds);
        committer->outcome = outcome;
        committer->state = STATE_OUTCOME;
        (void)eventfd_write(committer->descriptor, 1);
    }
    pthread_mutex_unlock(&committer->lock);
    return NULL;
}

static void release(struct committer *committer)
{
    if (committer->descriptor >= 0) {
        (void)close(committer->descriptor);
    }
    pthread_cond_destroy(&committer->given);
    pthread_mutex_destroy(&committer->lock);
    free(committer->writes);
    free(committer->memory);
    free(committer);
}

struct committer *committer_start(struct store *store)
{
    struct committer *committer = calloc(1, sizeof *committer);
    if (committer == NULL) {
        return NULL;
    }
    committer->store = store;
    pthread_mutex_init(&committer->lock, NULL);
    pthread_cond_init(&committer->given, NULL);
    committer->descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (committer->descriptor < 0 ||
        pthread_create(&committer->thread, NULL, serve, committer) != 0) {
        release(committer);
        return NULL;
    }
    return committer;
}

void committer_stop(struct committer *committer)
{
    if (committer == NULL) {
        return;
    }
    pthread_mutex_lock(&committer->lock);
    committer->stopping = true;
    pthread_cond_signal(&committer->given);
    pthread_mutex_unlock(&committer->lock);
    pthread_join(committer->thread, NULL);
    release(committer);
}

/* Running out of memory here is a crash: the batch is not durable and nobody was told that it is.
 */
static void *grown(void *memory, size_t size)
{
    void *larger = realloc(memory, size);
    if (larger == NULL) {
        abort();
    }
    return larger;
}

static struct bytes copied(uint8_t **at, struct bytes from)
{
    if (from.size > 0) {
        memcpy(*at, from.data, from.size);
    }
    struct bytes copy = bytes_of(*at, from.size);
    *at += from.size;
    return copy;
}

static void copy_batch(struct committer *committer, const struct write *writes, size_t count)
{
    size_t size = 1;
    for (size_t i = 0; i < count; i++) {
        size += writes[i].key.size + writes[i].value.size;
    }
    if (count > committer->capacity) {
        committer->writes = grown(committer->writes, count * sizeof *writes);
        committer->capacity = count;
    }
    if (size > committer->memory_size) {
        committer->memory = grown(committer->memory, size);
        committer->memory_size = size;
    }
    uint8_t *at = committer->memory;
    for (size_t i = 0; i < count; i++) {
        committer->writes[i].key = copied(&at, writes[i].key);
        committer->writes[i].value = copied(&at, writes[i].value);
    }
    committer->count = count;
}

void committer_put(struct committer *committer, const struct write *writes, size_t count)
{
    pthread_mutex_lock(&committer->lock);
    assert(committer->state == STATE_EMPTY);
    copy_batch(committer, writes, count);
    committer->state = STATE_GIVEN;
    committer->since_ms = clock_monotonic_ms();
    pthread_cond_signal(&committer->given);
    pthread_mutex_unlock(&committer->lock);
}

int committer_descriptor(const struct committer *committer)
{
    return committer->descriptor;
}

bool committer_outcome(struct committer *committer, enum status *outcome)
{
    pthread_mutex_lock(&committer->lock);
    bool ready = committer->state == STATE_OUTCOME;
    if (ready) {
        eventfd_t drained = 0;
        (void)eventfd_read(committer->descriptor, &drained);
        *outcome = committer->outcome;
        committer->state = STATE_EMPTY;
    }
    pthread_mutex_unlock(&committer->lock);
    return ready;
}

uint64_t committer_hanging_ms(struct committer *committer)
{
    pthread_mutex_lock(&committer->lock);
    uint64_t ms = committer->state == STATE_GIVEN ? clock_monotonic_ms() - committer->since_ms : 0;
    pthread_mutex_unlock(&committer->lock);
    return ms;
}

struct committer_counters committer_counters(struct committer *committer)
{
    pthread_mutex_lock(&committer->lock);
    struct committer_counters counters = committer->counters;
    pthread_mutex_unlock(&committer->lock);
    return counters;
}
