/* Blocks on their way in: a received frame waits for its signatures to be checked outside the core,
 * then its blocks are admitted one after another as the open batch has room. Bounded: when all
 * places are taken nothing more is asked for. */
#ifndef INGEST_H
#define INGEST_H

#include "node_state.h"

void ingest_hear(struct node *node, struct peer *peer, const struct message *message);
void ingest_verified(struct node *node, uint64_t token, bool good);
/* Admits what can be admitted, oldest first. */
void ingest_admit(struct node *node);
bool ingest_has_room(const struct node *node);
/* Is something of this journal waiting? */
bool ingest_has(const struct node *node, uint64_t journal);
void ingest_forget_link(struct node *node, uint32_t link);

#endif
