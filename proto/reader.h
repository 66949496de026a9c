/* Reads the one msgpack encoding that Tally allows (proto/README.md), in place and bounded.
 *
 * The reader remembers its first failure and every later read returns zero or nothing, so a decoder
 * has no error path in its middle: read everything, then ask reader_finish once. Values point into
 * the input. Shortest forms only; no nil, bool, negative, float, map, ext; strings are valid UTF-8.
 */
#ifndef READER_H
#define READER_H

#include "tally/bytes.h"
#include "tally/status.h"

struct reader {
    struct bytes input;
    size_t at;
    uint32_t values_left; /* refuses input with more values than this */
    bool failed;
};

/* At most `values` values (containers count too). */
struct reader reader_over(struct bytes input, uint32_t values);

uint64_t read_uint(struct reader *reader);
/* Refuses a number above `max`. */
uint64_t read_uint_upto(struct reader *reader, uint64_t max);
uint8_t read_u8(struct reader *reader);
uint16_t read_u16(struct reader *reader);
uint32_t read_u32(struct reader *reader);
/* 0 to INT64_MAX: whether an amount is acceptable is for the ledger to say. */
int64_t read_amount(struct reader *reader);
/* At most 48 bits. */
uint64_t read_journal(struct reader *reader);
/* An array of exactly `count`, of at least `min` (returns the count), of at most `max`. A count is
 * compared with the bytes left before anything else. Nesting is limited by the caller's structure.
 */
void read_array(struct reader *reader, uint32_t count);
uint32_t read_array_atleast(struct reader *reader, uint32_t min);
uint32_t read_array_upto(struct reader *reader, uint32_t max);
/* bin of any size up to `max`; bin of exactly `size` copied; str of up to `max` bytes. */
struct bytes read_bin(struct reader *reader, size_t max);
void read_bin_exact(struct reader *reader, uint8_t *out, size_t size);
/* bin of exactly `size`, or empty, which leaves zeros. Zeros written out are refused: nothing has
 * two encodings. */
void read_bin_optional(struct reader *reader, uint8_t *out, size_t size);
struct bytes read_str(struct reader *reader, size_t max);
/* Skips one value of any allowed kind, checking it like the others, nested at most `depth` (<=
 * MESSAGE_DEPTH_MAX; a number or text has depth 0, an array of them 1). */
void read_skip(struct reader *reader, uint8_t depth);
/* The same for `count` values in a row: trailing elements that this version does not know. */
void read_skip_many(struct reader *reader, uint32_t count, uint8_t depth);
void reader_refuse(struct reader *reader);
bool reader_failed(const struct reader *reader);
/* STATUS_OK if nothing failed and nothing is left over, else STATUS_MALFORMED. */
MUST_CHECK enum status reader_finish(const struct reader *reader);

/* True if `input` is exactly one allowed value nested at most `depth`. */
bool reader_accepts(struct bytes input, uint8_t depth, uint32_t values);

/* True if it is well-formed UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF. */
bool bytes_are_utf8(struct bytes text);

#endif
