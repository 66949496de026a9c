/* The machine's clocks. Order never comes from them: see tally/world.h. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

/* Milliseconds that never go back. The origin means nothing. */
uint64_t clock_monotonic_ms(void);

/* Milliseconds since 1970 as this machine believes; may jump either way. */
int64_t clock_wall_ms(void);

#endif
