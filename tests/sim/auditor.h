/* Watches everything that becomes durable and everything that leaves a node, enters it in the
 * account book, and reports what breaks an invariant by its name in tests/sim/README.md.
 */
#ifndef AUDITOR_H
#define AUDITOR_H

#include "book.h"
#include "map.h"
#include "tally/world.h"

struct sim;

struct auditor *auditor_new(void);
void auditor_free(struct auditor *auditor);
/* The book of the whole chain; once a journal was doubled (double.h) it grows no more. */
struct book *auditor_book(struct sim *sim);
/* What this machine's own blocks and those that it admitted add up to; the chain's book as long as
 * all tell one story. */
struct book *auditor_book_of(struct world *machine);
/* From now on each machine has a book of its own. */
void auditor_part(struct sim *sim);
/* A new book of all that lies on the machine's disk. */
struct book *auditor_replay(struct world *machine);

/* A batch of this machine became durable. */
void auditor_batch(struct world *machine, const struct write *writes, size_t count);
/* A frame is about to leave this machine. */
void auditor_frame(struct world *machine, struct bytes frame);
/* A hostile branch publishes this block: it goes into the book as it would at any node. `expected`
 * is the verdict that every node must come to for its last event. */
void auditor_hostile(struct sim *sim, struct bytes block_bytes, enum invalid_reason expected);
/* Looks for anything personal in the clear (S23). */
void auditor_secrecy(struct world *machine, struct bytes bytes, const char *where);

/* The highest block of `journal` that is durable at this machine with all below it. */
uint64_t auditor_durable(struct world *machine, uint64_t journal);
/* The same before the batch that is being looked at. */
uint64_t auditor_durable_before(struct world *machine, uint64_t journal);
/* Number of live freeze tokens of the account at this machine. */
uint32_t auditor_frozen_at(struct world *machine, const struct subject_id *account);
/* A freeze that this machine takes for live was lifted by somebody whose word has not come yet. */
bool auditor_lifted_elsewhere(struct world *machine, const struct subject_id *account);
/* Remembers that this frontier came with this state; another state is a finding (S11). */
void auditor_state(struct world *machine, const struct digest *frontier,
                   const struct digest *state);
/* The book balances. */
void auditor_balance(struct sim *sim);

#endif
