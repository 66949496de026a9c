/* Memory with its length. `struct bytes` always borrows: it is good until the owner changes or
 * frees what it points at. `struct buffer` is the caller's memory, filled from the front. */
#ifndef TALLY_BYTES_H
#define TALLY_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
    const uint8_t *data;
    size_t size;
};

struct buffer {
    uint8_t *data;
    size_t size;     /* filled */
    size_t capacity; /* size <= capacity */
};

/* An empty buffer over an array in scope (not over a pointer). */
#define BUFFER_OVER(array) ((struct buffer){.data = (array), .size = 0, .capacity = sizeof(array)})

/* The bytes of an array in scope or of a struct of bytes. */
#define BYTES_OF(array) ((struct bytes){.data = (const uint8_t *)(array), .size = sizeof(array)})

static inline struct bytes bytes_of(const void *data, size_t size)
{
    return (struct bytes){.data = data, .size = size};
}

static inline struct bytes buffer_bytes(const struct buffer *buffer)
{
    return (struct bytes){.data = buffer->data, .size = buffer->size};
}

static inline bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* Appends all of `more`, or nothing and returns false when it does not fit. */
static inline bool buffer_append(struct buffer *buffer, struct bytes more)
{
    if (more.size > buffer->capacity - buffer->size) {
        return false;
    }
    if (more.size > 0) {
        memcpy(buffer->data + buffer->size, more.data, more.size);
    }
    buffer->size += more.size;
    return true;
}

#endif
