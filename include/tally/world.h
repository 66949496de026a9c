/* The seam: everything a node may ask of the outside, and nothing else.
 *
 * Declared here, defined twice: node/host/ asks Linux, LevelDB and ZeroMQ; tests/sim/ asks a seeded
 * model of them. A program links exactly one, so there is no table of function pointers and no void
 * pointer, and `struct world` is opaque to every caller. Code below node/service/ may not include
 * this header at all. What comes back later (a commit's outcome, checked signatures, frames,
 * requests, time) comes as an input to node_step (node/service/node.h).
 */
#ifndef TALLY_WORLD_H
#define TALLY_WORLD_H

#include "tally/alarm.h"
#include "tally/bytes.h"
#include "tally/id.h"
#include "tally/status.h"

#include <stdbool.h>
#include <stdint.h>

struct world;
struct answer; /* tally/command.h */

/* One key and its new value; a value of size 0 erases the key. */
struct write {
    struct bytes key;
    struct bytes value;
};

/* One Ed25519 signature to check. All three are borrowed until world_verify returns. */
struct signature_check {
    struct bytes body;
    const uint8_t *signature;  /* 64 bytes */
    const uint8_t *public_key; /* 32 bytes */
};

/* Which of the node's secret keys signs; the keys stay on the other side of the seam. */
enum signer {
    SIGNER_JOURNAL,   /* this node's journal key */
    SIGNER_AUTHORITY, /* the authority key: present at the office only */
};

/* The two pipes of one link: control (small, urgent) and bulk (history). */
enum channel {
    CHANNEL_CONTROL,
    CHANNEL_BULK,
};

/* Milliseconds that never go back. The origin means nothing. */
uint64_t world_monotonic_ms(struct world *world);

/* Milliseconds since 1970 as this machine believes; may jump either way. */
int64_t world_wall_ms(struct world *world);

void world_random(struct world *world, uint8_t *out, size_t size);

/* Ed25519 over `body` with this node's key. */
void world_sign(struct world *world, enum signer signer, struct bytes body,
                uint8_t signature[static 64]);

/* Starts checking `count` signatures (1 to BLOCKS_PER_FRAME_MAX) outside the core. The outcome
 * comes as one INPUT_VERIFIED with this token: all good, or not. Copies what it needs. */
void world_verify(struct world *world, uint64_t token, const struct signature_check *checks,
                  size_t count);

/* Checks one signature here and now: at start, while nothing else waits. */
bool world_verify_now(struct world *world, const struct signature_check *check);

/* Copies the committed value of `key` behind what `value` already holds. STATUS_NOT_FOUND,
 * STATUS_TOO_LARGE, or STATUS_CORRUPT / STATUS_IO, after which nothing read from this store may be
 * trusted to be complete: the node stops. */
MUST_CHECK enum status world_load(struct world *world, struct bytes key, struct buffer *value);

/* The first committed key strictly above `after`, if it starts with `prefix`, and its value, both
 * copied into empty buffers. STATUS_NOT_FOUND past the last one. Keys order by memcmp. Calls that
 * continue from the key just returned are cheap. */
MUST_CHECK enum status world_next(struct world *world, struct bytes prefix, struct bytes after,
                                  struct buffer *key, struct buffer *value);

/* Hands over one batch: all of the writes or none, durable (synced) when INPUT_COMMITTED says done.
 * At most one batch is in flight. Copies what it needs before it returns. On any failure the
 * outcome is unknown, the input says so, and no later commit succeeds until the store is reopened.
 */
void world_commit(struct world *world, const struct write *writes, size_t count);

/* Room for data left below which nothing more may be written; reads go on. */
bool world_space_low(struct world *world);

/* Sends one frame to the peer at the other end of `link` (a number from INPUT_LINK_UP). Never
 * blocks and promises nothing: a frame may be lost, repeated or reordered. */
void world_send(struct world *world, uint32_t link, enum channel channel, struct bytes frame);

/* Ends a link; INPUT_LINK_DOWN follows. */
void world_drop_link(struct world *world, uint32_t link);

/* Answers the request with this number, once. `answer` is borrowed for the call. */
void world_answer(struct world *world, uint64_t request, const struct answer *answer);

/* The data keys of members: one per (member, class), kept outside the store so that destroying one
 * erases what it sealed. put: durable before it returns STATUS_OK; STATUS_DENIED once destroyed. */
MUST_CHECK enum status world_member_key_get(struct world *world, const struct subject_id *member,
                                            uint8_t class_number, uint8_t key[static 32]);
MUST_CHECK enum status world_member_key_put(struct world *world, const struct subject_id *member,
                                            uint8_t class_number, const uint8_t key[static 32]);

/* 32 secret bytes of this node, the same for its life, kept outside the store: the key of blind
 * indexes and of in-memory hash tables. */
void world_node_secret(struct world *world, uint8_t secret[static 32]);

/* The host logs and counts it. Never carries a member's data. */
void world_alarm(struct world *world, enum alarm alarm, uint64_t journal, uint64_t seq);

#endif
