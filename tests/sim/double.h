/* A journal that exists twice: an old backup put back in its place, or a second machine made from
 * one. Nobody can prevent it. What the chain promises then (README.md here: I21, S13, P9): the node
 * learns of it from the first peer that knows better, and writes nothing from then on; until then
 * it pays only what its copy held or was given since; and no other branch is touched.
 *
 * At most one journal of a run is doubled, and never the office's: its double would speak as the
 * authority, and that loss has a procedure of its own.
 */
#ifndef DOUBLE_H
#define DOUBLE_H

#include "schedule.h"

#include <stdbool.h>

struct book;
struct sim;
struct world;

void double_free(struct sim *sim);

/* Steps of a storm. One that makes no sense (no backup yet, a second double) does nothing. */
void double_backup(struct world *machine);
void double_restore(struct world *machine, enum head_fate fate);
void double_clone(struct world *machine);

/* The node said that its journal is not the only one. */
void double_learned(struct world *machine);
/* A block of the machine's own journal is handed over for commit. */
void double_writes(struct world *machine);
/* Around the entering of a block in the book of the machine that wrote it. */
void double_before(struct world *machine, const struct book *book);
void double_after(struct world *machine, const struct book *book);

/* The journal that exists twice. */
uint64_t double_journal(const struct sim *sim);
/* Has this machine written down that the doubled journal forked, and takes nothing more of it? */
bool double_is_frozen(struct world *machine);
/* After heal: everybody has what can be had, and who must know knows. */
bool double_is_level(struct sim *sim);
/* What is missing, for the finding. */
void double_tell(struct sim *sim);
/* At the end of a run: the office says which history stands, and everybody comes to hold that one
 * (L13), unless somebody has taken part of the other. */
void double_resolve(struct sim *sim);
/* What was paid twice is within what the copy held (P9). */
void double_check(struct sim *sim);

#endif
