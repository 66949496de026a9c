/* Rows about journals with two histories: the proof that this node keeps, and who wrote it down. */
#ifndef RECORD_FORK_H
#define RECORD_FORK_H

#include "fork_proof.h"
#include "row_key.h"
#include "rows.h"

struct fork_record {
    uint64_t seq;
    uint64_t told_by;        /* journal of the node it came from; 0 = not known */
    uint64_t seen_ms;        /* by this node's wall clock */
    struct bytes headers[2]; /* the first of the block that is held here, if the node found it */
    struct bytes signatures[2];
};

/* The proof that is durable here. `scratch` (two headers and 256 bytes or more) holds what the
 * record borrows. */
bool fork_load(struct rows *rows, uint64_t journal, struct buffer *scratch,
               struct fork_record *record);
void fork_save(struct rows *rows, uint64_t journal, const struct fork_record *record);

/* Has `writer` written a JOURNAL.FORK about the journal? */
bool fork_said(struct rows *rows, uint64_t journal, uint64_t writer);
void fork_say(struct rows *rows, uint64_t journal, uint64_t writer, uint64_t seq);

#endif
