/* What is looked at when all is calm: every node has every block, so all must say the same, and
 * what they say must be what the account book says. */
#ifndef INSPECTION_H
#define INSPECTION_H

#include <stdbool.h>

struct sim;
struct world;

/* Every running node has every block of every journal. */
bool inspection_is_level(struct sim *sim);
/* Some branch has not answered a request that was filed for it. */
bool inspection_has_wishes(struct sim *sim);
/* Asks every node everything and compares. May let some virtual time pass. */
void inspection_run(struct sim *sim);
/* Restarts every node, one after the other, and sees that each comes back to the same state. */
void inspection_restart_all(struct sim *sim);

/* inspection_books.c */
struct page;
void inspection_look_at_books(struct world *machine, struct page *page);

#endif
