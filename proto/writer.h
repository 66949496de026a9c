/* Packs into a caller's buffer with msgpack-c, whose shortest forms are the canonical ones. The
 * writer remembers the first value that did not fit; ask writer_finish once. */
#ifndef WRITER_H
#define WRITER_H

#include "tally/bytes.h"
#include "tally/status.h"

struct writer {
    struct buffer *out;
    size_t start; /* size of `out` before */
    bool failed;
};

struct writer writer_over(struct buffer *out); /* appends */
void write_uint(struct writer *writer, uint64_t value);
void write_amount(struct writer *writer, int64_t value);     /* refuses a negative one */
void write_journal(struct writer *writer, uint64_t journal); /* refuses more than 48 bits */
void write_array(struct writer *writer, uint32_t count);
/* The count, or 0 once the writer failed: what to loop over. Refuses more than `max`. */
uint32_t write_array_upto(struct writer *writer, uint32_t count, uint32_t max);
void write_bin(struct writer *writer, struct bytes value);
void write_bin_upto(struct writer *writer, struct bytes value, size_t max);
/* `size` bytes, or an empty bin when all of them are zero. */
void write_bin_optional(struct writer *writer, const uint8_t *value, size_t size);
void write_str(struct writer *writer, struct bytes value); /* refuses what is not UTF-8 */
void write_str_upto(struct writer *writer, struct bytes value, size_t max);
void writer_refuse(struct writer *writer); /* a value that the format does not allow */
/* OK or TOO_LARGE, which takes back all that was written. */
MUST_CHECK enum status writer_finish(const struct writer *writer);

#endif
