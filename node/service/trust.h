/* What a node may do with rights that another branch vouches for, and the office's word on it:
 * checkpoints, leases, approvals of what was minted above a quota (L6, L7).
 *
 * A checkpoint says that the office holds a journal up to a block durably and will extend only that
 * history. The office signs them for journals that gave rights away: at once when somebody waits,
 * else every minute, and all once a day. */
#ifndef TRUST_H
#define TRUST_H

#include "node_state.h"

/* After the frontier and the roster were read. */
void trust_load(struct node *node);
void trust_tick(struct node *node, uint64_t now_ms);
/* An event of the authority journal at position `auth`. */
void trust_apply(struct node *node, uint64_t auth, const struct event *event);
/* A block of this journal gives rights away. */
void trust_note_move(struct node *node, uint64_t journal, uint64_t seq);

void trust_hear_request(struct node *node, struct peer *peer, const struct message *message);
void trust_hear_lease(struct node *node, struct peer *peer, const struct message *message);

/* Would this event hold as the next one? When only the exposure speaks against it, what checkpoints
 * cover is stated first, in acceptances of its own. INVALID_EXPOSED: the office's word is missing.
 */
enum invalid_reason trust_judge(struct node *node, const struct event *event);
/* Asks the office for checkpoints of the journals that gave this account's unwitnessed rights.
 * False when the office cannot be reached, or when there are none. */
bool trust_ask(struct node *node, const struct subject_id *account);

/* How much of a lot may be given away without its account's exposure passing the limit; `headroom`
 * is what is left of the limit, from trust_headroom, and shrinks. */
int64_t trust_headroom(struct node *node, const struct subject_id *account);
int64_t trust_share(struct node *node, const struct subject_id *account, const struct lot_id *lot,
                    int64_t wanted, int64_t *headroom);

/* Before rights are given away: states the witnesses that are there when the limit would cut what
 * is given, and asks the office for more. */
void trust_prepare(struct node *node, const struct subject_id *account,
                   const struct rights_line *lines, uint32_t count);

/* Is the lease that this node recorded last over? Then it uses and moves no rights. */
bool trust_lease_is_over(const struct node *node);
bool trust_lease_is_signed(struct node *node, uint64_t journal, uint64_t issued_ms,
                           uint64_t until_ms, const uint8_t signature[static 64], uint64_t auth);

#endif
