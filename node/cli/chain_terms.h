/* How `tally cluster init` reads the terms of a new chain from the command line. */
#ifndef CHAIN_TERMS_H
#define CHAIN_TERMS_H

#include "tally/event.h"

#include <stdbool.h>
#include <stdint.h>

/* "+08:00", "-03:30", "Z": minutes east of UTC, at most 14 hours either way. */
bool zone_parse(const char *text, int32_t *minutes);

/* "300:60": who pays 300.00 gets 60.00 more. */
bool bonus_parse(const char *text, const char *currency, struct bonus_step *step);

#endif
