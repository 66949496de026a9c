/* The desk: each command of a till is answered once, however often it is asked (D1). The answer and
 * the facts are one commit, so a crash leaves both or neither; refusals are stored too, so that a
 * retry cannot succeed later behind the till's back. */
#ifndef DESK_H
#define DESK_H

#include "node_state.h"

/* What became of a command's decision. */
enum decision {
    DECIDED,       /* the answer is complete; facts, if any, are in the open batch */
    NEEDS_RIGHTS,  /* peers hold what is missing: worth waiting for */
    NEEDS_WITNESS, /* it is here, and the office's word on where it came from is missing */
};

void desk_request(struct node *node, const struct request *request);
/* Looks at everything parked again: rights may have come, or time has passed. */
void desk_reconsider(struct node *node);
/* Answers what is parked with a refusal. */
void desk_clear(struct node *node);

/* An event with the request's ticket, till and staff. */
struct event desk_event(const struct request *request, enum event_type type,
                        const struct subject_id *subject);
/* Says an answer at once. After a failed read nothing is said: the answer may rest on what was not
 * there to be read, and the node stops at the end of the step (J5). */
void desk_say(struct node *node, uint64_t request, const struct answer *answer);
/* Answers at once, without storing. */
void desk_refuse(struct node *node, const struct request *request, enum verdict verdict);

/* Resolves a card or account; fills answer's account, member, card, product. */
enum verdict desk_account(struct node *node, const struct account_name *name, struct answer *answer,
                          struct account_record *record);

#endif
