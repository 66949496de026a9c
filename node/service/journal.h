/* Journals: the own one is extended, others' are admitted; each block with all that it changes goes
 * into the open batch (J1).
 *
 * J1  a block and every row that it changes are one commit.
 * J2  nothing is said to anybody about a block before its commit is done.
 * J3  a journal only ever grows by the block that follows its tip (S1), and its deps are here. */
#ifndef JOURNAL_H
#define JOURNAL_H

#include "node_state.h"

enum admission {
    ADMITTED,
    ADMISSION_DUPLICATE, /* had it */
    ADMISSION_GAP,       /* earlier blocks are missing */
    ADMISSION_WAITS,     /* for another journal: see node->blocked */
    ADMISSION_FULL,      /* the open batch is full: again after the commit */
    ADMISSION_FORK,      /* proves that its writer signed two histories */
    ADMISSION_REJECTED,  /* breaks the format's rules: never */
};

/* Puts a journal into the frontier, with everything that stands beside it. Position, or UINT32_MAX
 * when this node's bounds are too small. */
uint32_t node_list_journal(struct node *node, uint64_t journal);

/* Two histories of it were signed: nobody gives it rights, or takes rights from it. */
bool journal_is_frozen(const struct node *node, uint64_t journal);

/* Room in the own open block for `events` more events of together `size` bytes, and in the batch.
 */
bool journal_has_room(const struct node *node, uint32_t events, uint32_t size);
/* The header under which the next own event is judged: opens a block if none is open. */
const struct block_header *journal_header(struct node *node);
/* Makes `from`, as far as it is held here, part of the open block's causal past. False if the block
 * cannot name another journal. */
bool journal_depend(struct node *node, uint64_t from);
/* Would this money event be VALID as the next one? Nothing is written. What the rules allow can
 * still break a bound of the registers, after a great many great amounts. */
bool journal_would_hold(struct node *node, const struct event *event);
/* The same, and why not. */
enum invalid_reason journal_judge(struct node *node, const struct event *event);
/* Appends an own event, which must be VALID, and folds it. Returns where it stands. */
struct event_ref journal_append(struct node *node, const struct event *event);
/* Signs and files the open block, if there is one. */
void journal_close(struct node *node);

/* The office: one event as a block of the authority journal, into the open batch. */
struct event_ref journal_append_authority(struct node *node, const struct event *event);
/* The same with up to AUTHORITY_EVENTS_MAX encoded events in one block. Not `by_hand`: the node
 * speaks of itself, and its clock alone does not carry the authority's day far ahead. */
enum { AUTHORITY_EVENTS_MAX = 64 };
struct event_ref journal_append_authority_block(struct node *node, const struct bytes *events,
                                                uint32_t count, bool by_hand);
/* Would a block that the office writes by itself carry a later day than its last? */
bool journal_authority_day_moves(const struct node *node);

/* Folds one event of an admitted block that an older version did not know (later.h). */
void journal_fold_later(struct node *node, const struct block *block, uint32_t index);

/* Written under rules that this version does not know. */
bool journal_is_newer(const struct block_header *header);

/* A block whose signature has been checked. */
enum admission journal_admit(struct node *node, const struct block *block);

/* Id of an admitted block; false if it is not here. */
bool journal_block_id(struct node *node, uint64_t journal, uint64_t seq, struct digest *id);

/* The day and time an own event would carry now. */
uint64_t node_next_hlc(const struct node *node);

#endif
