/* What was said of an account's exposure, kept to be held against what happened: F2, the figure is
 * never below what is spent later by those that had not acknowledged. */
#ifndef FORESIGHT_H
#define FORESIGHT_H

#include "sim.h"
#include "tally/command.h"

enum { FORESIGHTS_MAX = 64 };

struct foresights;

struct foresights *foresights_new(void);
void foresights_free(struct foresights *foresights);
/* `answer` is of a QUERY_EXPOSURE at this machine. */
void foresight_note(struct world *machine, const struct answer *answer);
/* An unfreeze of the account is about to enter the book: from here on spending is right again. */
void foresight_lifted(struct sim *sim, const struct subject_id *account);
/* Compares all that was noted with the book as it stands. */
void foresight_check(struct sim *sim);

#endif
