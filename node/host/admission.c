#include "admission.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

struct admission {
    pthread_mutex_t lock;
    pthread_cond_t answered;
    struct transport_key keys[ADMISSION_KEYS_MAX]; /* sorted */
    size_t count;
    struct transport_key questions[ADMISSION_QUESTIONS_MAX]; /* a ring */
    size_t first_question;
    size_t question_count;
    struct transport_key waited_for;
    bool attended;  /* the core answers questions */
    bool waiting;   /* for the answer about `waited_for` */
    int descriptor; /* an eventfd: readable exactly while a question waits */
};

struct admission *admission_new(void)
{
    struct admission *admission = calloc(1, sizeof *admission);
    if (admission == NULL) {
        return NULL;
    }
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&admission->answered, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&admission->lock, NULL);
    admission->descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (admission->descriptor < 0) {
        admission_free(admission);
        return NULL;
    }
    return admission;
}

void admission_free(struct admission *admission)
{
    if (admission == NULL) {
        return;
    }
    if (admission->descriptor >= 0) {
        (void)close(admission->descriptor);
    }
    pthread_cond_destroy(&admission->answered);
    pthread_mutex_destroy(&admission->lock);
    free(admission);
}

/* Where the key is or would be. */
static size_t place_of(const struct admission *admission, const struct transport_key *key)
{
    size_t low = 0;
    size_t high = admission->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (memcmp(admission->keys[middle].bytes, key->bytes, sizeof key->bytes) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool stands_at(const struct admission *admission, size_t place,
                      const struct transport_key *key)
{
    return place < admission->count &&
           memcmp(admission->keys[place].bytes, key->bytes, sizeof key->bytes) == 0;
}

bool admission_allows(struct admission *admission, const struct transport_key *key)
{
    pthread_mutex_lock(&admission->lock);
    bool allowed = stands_at(admission, place_of(admission, key), key);
    pthread_mutex_unlock(&admission->lock);
    return allowed;
}

static struct timespec deadline_in(uint32_t wait_ms)
{
    struct timespec deadline;
    (void)clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += (time_t)(wait_ms / 1000);
    deadline.tv_nsec += (long)(wait_ms % 1000) * 1000000L;
    if (deadline.tv_nsec >= 1000000000L) {
        deadline.tv_sec += 1;
        deadline.tv_nsec -= 1000000000L;
    }
    return deadline;
}

bool admission_ask(struct admission *admission, const struct transport_key *key, uint32_t wait_ms)
{
    struct timespec deadline = deadline_in(wait_ms);
    pthread_mutex_lock(&admission->lock);
    bool allowed = stands_at(admission, place_of(admission, key), key);
    if (!allowed && admission->attended && admission->question_count < ADMISSION_QUESTIONS_MAX) {
        size_t last =
            (admission->first_question + admission->question_count) % ADMISSION_QUESTIONS_MAX;
        admission->questions[last] = *key;
        admission->question_count += 1;
        (void)eventfd_write(admission->descriptor, 1);
        admission->waited_for = *key;
        admission->waiting = true;
        int error = 0;
        while (error == 0 && admission->waiting) {
            error = pthread_cond_timedwait(&admission->answered, &admission->lock, &deadline);
        }
        admission->waiting = false;
        allowed = stands_at(admission, place_of(admission, key), key);
    }
    pthread_mutex_unlock(&admission->lock);
    return allowed;
}

void admission_attend(struct admission *admission)
{
    pthread_mutex_lock(&admission->lock);
    admission->attended = true;
    pthread_mutex_unlock(&admission->lock);
}

int admission_descriptor(const struct admission *admission)
{
    return admission->descriptor;
}

bool admission_next_question(struct admission *admission, struct transport_key *key)
{
    pthread_mutex_lock(&admission->lock);
    bool any = admission->question_count > 0;
    if (any) {
        *key = admission->questions[admission->first_question];
        admission->first_question = (admission->first_question + 1) % ADMISSION_QUESTIONS_MAX;
        admission->question_count -= 1;
        if (admission->question_count == 0) {
            eventfd_t drained = 0;
            (void)eventfd_read(admission->descriptor, &drained);
        }
    }
    pthread_mutex_unlock(&admission->lock);
    return any;
}

/* Room is there. */
static void insert(struct admission *admission, size_t place, const struct transport_key *key)
{
    assert(admission->count < ADMISSION_KEYS_MAX);
    memmove(&admission->keys[place + 1], &admission->keys[place],
            (admission->count - place) * sizeof *key);
    admission->keys[place] = *key;
    admission->count += 1;
}

static void erase(struct admission *admission, size_t place)
{
    admission->count -= 1;
    memmove(&admission->keys[place], &admission->keys[place + 1],
            (admission->count - place) * sizeof admission->keys[0]);
}

bool admission_set(struct admission *admission, const struct transport_key *key, bool allowed)
{
    bool done = true;
    pthread_mutex_lock(&admission->lock);
    size_t place = place_of(admission, key);
    bool there = stands_at(admission, place, key);
    if (allowed && !there) {
        done = admission->count < ADMISSION_KEYS_MAX;
        if (done) {
            insert(admission, place, key);
        }
    } else if (!allowed && there) {
        erase(admission, place);
    }
    pthread_mutex_unlock(&admission->lock);
    return done;
}

void admission_answer(struct admission *admission, const struct transport_key *key, bool allowed)
{
    (void)admission_set(admission, key, allowed);
    pthread_mutex_lock(&admission->lock);
    if (admission->waiting &&
        memcmp(admission->waited_for.bytes, key->bytes, sizeof key->bytes) == 0) {
        admission->waiting = false;
        pthread_cond_signal(&admission->answered);
    }
    pthread_mutex_unlock(&admission->lock);
}

size_t admission_list(struct admission *admission, struct transport_key *keys, size_t max)
{
    pthread_mutex_lock(&admission->lock);
    size_t count = admission->count < max ? admission->count : max;
    if (count > 0) {
        memcpy(keys, admission->keys, count * sizeof *keys);
    }
    pthread_mutex_unlock(&admission->lock);
    return count;
}
