/* Card numbers that two branches can never both mint: '8', branch (5 digits), incarnation (3),
 * serial (6), Luhn check digit. The journal is in the number, and a journal has one writer, so no
 * lease of number ranges is needed and a branch never runs out while it is away. */
#ifndef NUMBER_H
#define NUMBER_H

#include "tally/bounds.h"
#include "tally/bytes.h"

/* branch 1..BRANCH_NUMBER_MAX, incarnation 1..INCARNATION_MAX, serial 1..CARD_SERIAL_MAX, else
 * false (the range is used up). */
bool number_make(uint64_t journal, uint32_t serial, uint8_t digits[static CARD_NUMBER_SIZE]);

/* Form and check digit; writes the journal and serial it belongs to. */
bool number_parse(struct bytes digits, uint64_t *journal, uint32_t *serial);

#endif
