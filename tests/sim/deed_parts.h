/* What the files share that say what a hostile branch signs. */
#ifndef DEED_PARTS_H
#define DEED_PARTS_H

#include "book.h"

#include "tally/event.h"
#include "tally/world.h"

/* deed.c */
struct event hostile_event(struct world *machine, enum event_type type,
                           const struct subject_id *subject);
struct lot_id lot_id_of(const struct book_lot *lot);
struct subject_id account_of_lot(const struct book_lot *lot);

/* deed_expire.c: one deed about the ends of lots */
void deed_about_ends(struct world *machine, const struct subject_id *account);
/* By the day that its next block will have. */
bool deed_has_ended(struct world *machine, const struct book_lot *lot);

/* deed_hold.c: one deed about holds, or one more hold of this lot */
void deed_about_holds(struct world *machine, const struct book_lot *lot);
/* Sets some of what it holds of the lot aside, frozen or not. */
void deed_hold(struct world *machine, const struct book_lot *lot);

/* deed_fork.c: says of an honest journal that it has two histories, in an event or in a message */
void deed_accuse(struct world *machine);

/* deed_refund.c: one deed about refunds, transfers or requests */
void deed_about_refunds(struct world *machine);

/* deed_correct.c: one deed about voids, corrections or grants; `lot` names an account */
void deed_about_corrections(struct world *machine, const struct book_lot *lot);

#endif
