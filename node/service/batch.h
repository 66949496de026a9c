/* One group commit: the own block being filled, and what is to be said once the batch is durable.
 */
#ifndef BATCH_H
#define BATCH_H

#include "tally/command.h"
#include "tally/event.h"
#include "tally/world.h"

enum {
    BATCH_ANSWERS_MAX = 600,
    BATCH_FRAMES_MAX = 96,
    BATCH_FRAME_SIZE_MAX = 600,
    BATCH_BLOCKS_MAX = 512,
};

/* Events of the own block, signed when the batch closes. The header's journal, seq, hlc, day, auth
 * and deps are fixed while events are added, so that each is judged as every replica will judge it.
 */
struct open_block {
    bool open;
    struct block_header header;
    uint32_t used;
    struct digest leaves[BLOCK_EVENTS_MAX];
    struct bytes events[BLOCK_EVENTS_MAX];
    uint8_t arena[BLOCK_EVENTS_SIZE_MAX];
};

struct pending_answer {
    uint64_t request;
    struct answer answer;
};

struct pending_frame {
    uint32_t link;
    uint32_t size;
    uint8_t bytes[BATCH_FRAME_SIZE_MAX];
};

struct batch_block {
    uint64_t journal;
    uint64_t seq;
    struct digest id;
    uint64_t hlc;
    uint32_t day;
};

struct batch {
    uint32_t answer_count;
    uint32_t frame_count;
    uint32_t block_count;
    bool urgent; /* somebody waits for a block of it */
    struct pending_answer answers[BATCH_ANSWERS_MAX];
    struct pending_frame frames[BATCH_FRAMES_MAX];
    struct batch_block blocks[BATCH_BLOCKS_MAX];
};

#endif
