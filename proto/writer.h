/* Packs into a caller's buffer with msgpack-c, whose shortest forms are the canonical ones. The
 * writer remembers the first value that did not fit; ask writer_finish once. */
#ifndef WRITER_H
#define WRITER_H

#include "tally/bytes.h"
#include "tally/status.h"

struct writer {
    struct buffer *out;
    bool failed;
};

struct writer writer_over(struct buffer *out); /* appends */
void write_uint(struct writer *writer, uint64_t value);
void write_array(struct writer *writer, uint32_t count);
void write_bin(struct writer *writer, struct bytes value);
/* `size` bytes, or an empty bin when all of them are zero. */
void write_bin_optional(struct writer *writer, const uint8_t *value, size_t size);
void write_str(struct writer *writer, struct bytes value);
void writer_refuse(struct writer *writer); /* a value that the format does not allow */
MUST_CHECK enum status writer_finish(const struct writer *writer); /* OK or TOO_LARGE */

#endif
