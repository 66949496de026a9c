/* Members: personal fields sealed per member and class before anything is hashed, their keys
 * outside the store, and this node's blind index by phone. */
#ifndef MEMBERS_H
#define MEMBERS_H

#include "desk.h"
#include "node_state.h"

/* COMMAND_ENROL and COMMAND_ISSUE_CARD. */
enum decision members_enrol(struct node *node, const struct request *request,
                            struct answer *answer);
enum decision members_issue(struct node *node, const struct request *request,
                            struct answer *answer);

/* The next card number of this journal; false when they are used up. */
bool members_next_number(struct node *node, uint8_t number[static CARD_NUMBER_SIZE]);

/* Files the member's phone in the blind index, if this node has the key to read it. */
void members_index(struct node *node, const struct subject_id *member);
/* The member with this phone number whose keys this node holds; committed rows only. */
bool members_by_phone(struct node *node, struct bytes phone, struct subject_id *member);
/* Fills a member's page; locked fields say so. */
bool members_view(struct node *node, const struct subject_id *member, struct member_view *view);

/* Keys on their way: to the office (which keeps all), and to a branch that serves the member. */
void members_hear_keys(struct node *node, struct peer *peer, const struct message *message);
/* Once a second: deliver what the office has not acknowledged. */
void members_sweep_keys(struct node *node, uint64_t now_ms);
/* Asks the office for the keys of a member that is served here. */
void members_ask_keys(struct node *node, const struct subject_id *member);

#endif
