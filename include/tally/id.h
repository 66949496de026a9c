/* Names of things, a struct for each kind so that the compiler keeps them apart. All are compared
 * byte by byte; all zeros means "none" where a name is optional. */
#ifndef TALLY_ID_H
#define TALLY_ID_H

#include "tally/bytes.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* A member (random), an account (random): what an event is about. */
struct subject_id {
    uint8_t bytes[16];
};

/* A lot: derived from the event that issued it (proto/hash.h). */
struct lot_id {
    uint8_t bytes[16];
};

/* A till's idempotency key, hashed to 16 bytes; also names a pull of rights. */
struct ticket_id {
    uint8_t bytes[16];
};

/* A block's id, an event's leaf, a digest of state: BLAKE2b-256. */
struct digest {
    uint8_t bytes[32];
};

/* A journal is (branch, incarnation) packed as branch << 16 | incarnation, 48 bits. Branch 0 is the
 * authority, whose incarnation is its epoch. 0 means none. */
static inline uint64_t journal_of(uint32_t branch, uint16_t incarnation)
{
    return (uint64_t)branch << 16 | incarnation;
}

static inline uint32_t journal_branch(uint64_t journal)
{
    return (uint32_t)(journal >> 16);
}

static inline uint16_t journal_incarnation(uint64_t journal)
{
    return (uint16_t)(journal & 0xffff);
}

static inline bool journal_is_authority(uint64_t journal)
{
    return journal >> 16 == 0;
}

/* Where an event stands: journal, block number, index in the block. */
struct event_ref {
    uint64_t journal; /* 0 = none */
    uint64_t seq;
    uint16_t index;
};

static inline bool event_ref_equal(struct event_ref a, struct event_ref b)
{
    return a.journal == b.journal && a.seq == b.seq && a.index == b.index;
}

static inline bool event_ref_is_none(struct event_ref ref)
{
    return ref.journal == 0 && ref.seq == 0 && ref.index == 0;
}

static inline bool subject_equal(const struct subject_id *a, const struct subject_id *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

static inline bool lot_equal(const struct lot_id *a, const struct lot_id *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

static inline bool ticket_equal(const struct ticket_id *a, const struct ticket_id *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

static inline bool digest_equal(const struct digest *a, const struct digest *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* True if every byte is zero: an optional name that is absent. */
static inline bool id_is_none(const uint8_t *bytes, size_t size)
{
    uint8_t any = 0;
    for (size_t i = 0; i < size; i++) {
        any |= bytes[i];
    }
    return any == 0;
}

#endif
