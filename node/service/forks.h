/* Journals that were shown to have two histories: the proof is kept, told to everybody, and written
 * down once; nobody takes more of such a journal until the authority resolves it.
 *
 * S4  two nodes that talk and hold different blocks of one journal at one number find out.
 * S5  who holds a proof tells it to all it talks with, until they say that they know; who hears one
 *     takes no more of that journal, whichever history it holds. Nothing but two headers of one
 *     place, both signed by the journal's key, is a proof.
 */
#ifndef FORKS_H
#define FORKS_H

#include "node_state.h"
#include "record_fork.h"

/* Are both signed by the journal's key, as of this authority position? */
bool fork_proof_holds(struct node *node, const struct fork_proof *proof, uint64_t auth);

/* A block of a journal that is frozen here, or that does not fit what is held of it: is it the
 * other half of a proof? Else the block that contradicts ours is asked for. */
void forks_compare(struct node *node, const struct block *block, uint32_t link);
/* May blocks be admitted of this journal, which is in quarantine? The office gathers what anybody
 * has of the history that it holds, until it says where that ends (JOURNAL.RESOLVE); then everybody
 * follows it up to there. */
bool forks_follows(const struct node *node, const struct frontier_entry *entry);
/* Which blocks of it to ask this peer for; false if none. */
bool forks_wants(const struct node *node, uint32_t at, const struct peer *peer, uint64_t *from,
                 uint64_t *to);
/* Do the blocks of this frame belong to the history that is followed, the next one first? Blocks
 * before its end are believed by the links that lead back from the end. */
bool forks_vet(struct node *node, const struct ingest *place);

/* An admitted JOURNAL.FORK carries a proof. */
void forks_hear_event(struct node *node, uint64_t writer, const struct event *event);
void forks_hear_message(struct node *node, struct peer *peer, const struct message *message);
/* What a peer's tip says of the journal: does it know? */
void forks_hear_tip(struct node *node, struct peer *peer, const struct tip *tip);

void forks_tick(struct node *node, uint64_t now_ms);

/* The journals in quarantine, for people. Returns how many; at most `max`. */
uint32_t forks_show(struct node *node, struct quarantine_view *views, uint32_t max);

#endif
