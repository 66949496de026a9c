/* Talking with peers: greetings, tips, wants and blocks. What is said about blocks is only ever
 * what is committed (J2). */
#ifndef TALK_H
#define TALK_H

#include "node_state.h"

void talk_link_up(struct node *node, const struct input *input);
void talk_link_down(struct node *node, uint32_t link);
void talk_hear(struct node *node, const struct input *input);
void talk_tick(struct node *node, uint64_t now_ms);
/* After a commit: own new blocks go to nearly level peers with the next tick, a few to a frame; at
 * once when somebody waits for one (a move of rights, a new branch). */
void talk_committed(struct node *node, bool urgent);
/* Asks for what peers have and we lack. */
void talk_schedule(struct node *node);

void talk_send(struct node *node, struct peer *peer, enum channel channel,
               const struct message *message);
/* Says it once `batch` is durable. */
void talk_send_after(struct node *node, struct batch *batch, struct peer *peer,
                     const struct message *message);

struct peer *talk_peer_of_link(struct node *node, uint32_t link);

/* Digest over (journal, seq, id) of everything committed. */
struct digest node_frontier_digest(struct node *node);

#endif
