/* What this journal holds of lots that have ended, it burns: a few lots a tick, so that no till
 * waits for it, and nothing is remembered but how far the list was gone through. */
#ifndef EXPIRY_H
#define EXPIRY_H

#include "desk.h"

/* Every tick. A pass goes through the list of lots whose end and grace are over, and rests for a
 * while after its last one. */
void expiry_sweep(struct node *node, uint64_t now_ms);

/* The office: days after a lot's last one in which nobody burns it yet. */
enum decision expiry_set(struct node *node, const struct request *request, struct answer *answer);

/* What was burned between two days, and what has ended and is not burned yet. */
void expired_query(struct node *node, const struct request *request, struct page *page);

#endif
