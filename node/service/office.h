/* What only the office's node does: products, invitations, admitting who joins. It writes the
 * authority journal. */
#ifndef OFFICE_H
#define OFFICE_H

#include "desk.h"

enum decision office_publish(struct node *node, const struct request *request,
                             struct answer *answer);
enum decision office_invite(struct node *node, const struct request *request,
                            struct answer *answer);
/* The token of an invitation that a stored answer speaks of, made again while it is open. */
void office_invite_again(struct node *node, struct answer *answer);
/* A machine with an invitation asks to be admitted. */
void office_hear_join(struct node *node, struct peer *peer, const struct message *message);
/* Reads the open invitations and the next free branch number, at start. */
void office_load(struct node *node);
/* Is this the key of an open invitation? */
bool office_invited(const struct node *node, const uint8_t transport_key[static 32]);

#endif
