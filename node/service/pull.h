/* Rights on demand: asking the holders of what a spend lacks, and giving to who asks. */
#ifndef PULL_H
#define PULL_H

#include "node_state.h"

/* Asks reachable holders that were not asked yet for what the parked spend still lacks. False when
 * nothing is under way and nobody is left to ask. */
bool pull_ask(struct node *node, struct parked *parked);
/* Repeats questions that had no answer. */
void pull_retry(struct node *node, uint64_t now_ms);
/* Who gets a question for `holder`: its own link, or one that may pass it on; NULL if nobody. */
struct peer *pull_way_to(struct node *node, uint64_t holder, uint64_t not_via);
void pull_hear_request(struct node *node, struct peer *peer, const struct message *message);
void pull_hear_response(struct node *node, const struct message *message);

/* Limit: 1 = a holder gives what was asked for, and not half of what it has. */
extern const char limit_pull_exact[];

/* A session with that journal's node is up, or with one that may pass a word on to it. */
bool pull_reaches(struct node *node, uint64_t journal);

#endif
