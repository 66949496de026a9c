#include "inbox.h"

#include <assert.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct inbox {
    pthread_mutex_t lock;
    const struct request **ring;
    uint32_t capacity;
    uint32_t first;
    uint32_t count;
    bool closed;
    int descriptor; /* an eventfd: readable exactly while count > 0 */
};

struct inbox *inbox_new(uint32_t capacity)
{
    assert(capacity > 0);
    struct inbox *inbox = calloc(1, sizeof *inbox);
    if (inbox == NULL) {
        return NULL;
    }
    inbox->ring = calloc(capacity, sizeof(const struct request *));
    inbox->capacity = capacity;
    inbox->descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&inbox->lock, NULL);
    if (inbox->ring == NULL || inbox->descriptor < 0) {
        inbox_free(inbox);
        return NULL;
    }
    return inbox;
}

void inbox_free(struct inbox *inbox)
{
    if (inbox == NULL) {
        return;
    }
    if (inbox->descriptor >= 0) {
        (void)close(inbox->descriptor);
    }
    pthread_mutex_destroy(&inbox->lock);
    free(inbox->ring);
    free(inbox);
}

bool inbox_put(struct inbox *inbox, const struct request *request)
{
    assert(request != NULL);
    pthread_mutex_lock(&inbox->lock);
    bool room = !inbox->closed && inbox->count < inbox->capacity;
    if (room) {
        inbox->ring[(inbox->first + inbox->count) % inbox->capacity] = request;
        inbox->count += 1;
        if (inbox->count == 1) {
            /* Under the lock, so that the descriptor never says less than the ring. */
            (void)eventfd_write(inbox->descriptor, 1);
        }
    }
    pthread_mutex_unlock(&inbox->lock);
    return room;
}

void inbox_close(struct inbox *inbox)
{
    pthread_mutex_lock(&inbox->lock);
    inbox->closed = true;
    pthread_mutex_unlock(&inbox->lock);
}

const struct request *inbox_take(struct inbox *inbox)
{
    const struct request *request = NULL;
    pthread_mutex_lock(&inbox->lock);
    if (inbox->count > 0) {
        request = inbox->ring[inbox->first];
        inbox->first = (inbox->first + 1) % inbox->capacity;
        inbox->count -= 1;
        if (inbox->count == 0) {
            eventfd_t drained = 0;
            (void)eventfd_read(inbox->descriptor, &drained);
        }
    }
    pthread_mutex_unlock(&inbox->lock);
    return request;
}

int inbox_descriptor(const struct inbox *inbox)
{
    return inbox->descriptor;
}
