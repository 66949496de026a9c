/* The head file: how far this node's own journal had come, kept outside the store, so that a store
 * that went back in time is noticed (protocol: start, amnesia). Written at least every 64 blocks or
 * each second and at a clean stop. */
#ifndef HEAD_FILE_H
#define HEAD_FILE_H

#include "tally/id.h"
#include "tally/status.h"

#include "explanation.h"

#include <stdint.h>

/* [1, journal, seq, id, hlc, day, signature] */
struct head_record {
    uint64_t journal;
    uint64_t seq;
    struct digest id; /* of the block at seq */
    uint64_t hlc;
    uint32_t day;
    uint8_t signature[64]; /* over the head: proto's head_signed_bytes */
};

/* After a failure the file holds the record that it held before, or the new one. */
MUST_CHECK enum status head_file_write(const char *path, const struct head_record *head,
                                       struct explanation *explanation);

/* STATUS_NOT_FOUND, or STATUS_MALFORMED unless the file is exactly one record. The caller checks
 * the signature. */
MUST_CHECK enum status head_file_read(const char *path, struct head_record *head,
                                      struct explanation *explanation);

#endif
