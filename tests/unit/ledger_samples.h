/* Samples of the events that came after the first seventeen: one of each type with every element
 * and list in use. */
#ifndef LEDGER_SAMPLES_H
#define LEDGER_SAMPLES_H

#include "tally/event.h"

enum { LEDGER_SAMPLES = 29 };

/* `number` below LEDGER_SAMPLES; the rest of the event is the caller's. */
void ledger_sample(size_t number, struct event *event);

#endif
