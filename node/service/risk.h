/* The risk allowance: off unless the office has set both of its caps. A branch that is cut off may
 * sell more than the rights it holds, up to the caps, and only what the account was last seen to
 * have; afterwards the office pulls rights of the account, covers the sale with them and settles
 * it; what cannot be covered is owed, and the next top-up pays it. K1 to K4 stand in fold_risk.c.
 *
 * K5 Nothing is sold without cover while rights can be had: only after the pull has failed. */
#ifndef RISK_H
#define RISK_H

#include "desk.h"
#include "node_state.h"

/* May this much more of the account be sold here without cover? `whole` is the amount of the whole
 * sale, `seen` what the account has by own view. */
bool risk_allows(struct node *node, const struct subject_id *account, int64_t risk, int64_t whole,
                 int64_t seen);

/* A top-up of an account that owes: as much of the new lots goes to the office in the same block.
 */
void risk_after_top_up(struct node *node, const struct subject_id *account,
                       struct event_ref top_up);

/* Something may have come that is to be covered, settled or acknowledged. */
bool risk_is_news(const struct event *event);
/* The office covers and settles; a branch acknowledges. A few at a time. */
void risk_sweep(struct node *node, uint64_t now_ms);
/* One look at a pull of the office for a cover. */
void risk_reconsider(struct node *node, struct parked *parked);

enum decision risk_set(struct node *node, const struct request *request, struct answer *answer);
void risk_query(struct node *node, struct page *page);

/* What the journal may sell without cover beyond its rights, at most, under the caps as known here:
 * of one account, and of all. */
int64_t risk_room_of_account(const struct node *node, uint64_t journal);
int64_t risk_room_of_branch(const struct node *node, uint64_t journal);

#endif
