/* What retired journals leave behind: the office accepts what was on its way to them, takes over
 * what they hold, and gives back to a journal whose late tail had used it. By itself, in passes
 * over its rows, a little at a time; safe to stop anywhere, for what is left to do is read from the
 * rows.
 *
 * E1  Nothing is taken over from a journal before its retirement is durable here, or in one commit
 *     with it.
 * E2  No more is reclaimed of a lot than the journal has left by all that is known here, and no
 * more is given back than is lacking, was reclaimed, and is still held.
 */
#ifndef ESTATE_H
#define ESTATE_H

#include "desk.h"

/* COMMAND_RETIRE. */
enum decision estate_retire(struct node *node, const struct request *request,
                            struct answer *answer);

/* A valid event of this node was folded: it may have brought what a retired journal still lacks. */
void estate_hear(struct node *node, const struct event *event);

/* One bounded step of the work. */
void estate_tick(struct node *node, uint64_t now_ms);

/* The office takes over the right to refund `amount` of a line of a sale from a retired journal,
 * when somebody asks for the refund: into the open block. */
bool estate_take_right(struct node *node, uint64_t of, struct event_ref sale,
                       const struct subject_id *account, const struct lot_id *lot, int64_t amount);

#endif
