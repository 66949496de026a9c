/* Whether somebody else has confirmed that this journal ends where we think: a file beside the
 * store that is there while nobody has. Until then money waits (protocol: start, amnesia). */
#ifndef CONFIRMATION_H
#define CONFIRMATION_H

#include "tally/status.h"

#include "explanation.h"

#include <stdbool.h>

/* From now on a confirmation is needed; outlives a power cut. */
MUST_CHECK enum status confirmation_demand(const char *path, struct explanation *explanation);
/* Somebody has shown, signed by us, what this store does not have: nothing can confirm it any more,
 * and only a new incarnation helps. */
MUST_CHECK enum status confirmation_refute(const char *path, struct explanation *explanation);
/* It was given. False if the head was refuted, or the file cannot be removed. */
bool confirmation_give(const char *path);
bool confirmation_is_demanded(const char *path);

#endif
