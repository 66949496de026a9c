/* Money as people write it: "300", "300.00", "1,300.5", "300.00 CNY". The program holds minor units
 * and knows from the currency how many digits follow the point. Never floating point. */
#ifndef MONEY_TEXT_H
#define MONEY_TEXT_H

#include <stdbool.h>
#include <stdint.h>

enum { MONEY_TEXT_SIZE = 48 };

/* 1 to AMOUNT_MAX minor units. `currency` is three letters; a currency behind the number must be
 * the same. Commas are allowed where thousands are, and fewer decimals than the currency has. False
 * for everything else: a sign, a second point, decimals the currency lacks, a comma elsewhere. */
bool money_text_parse(const char *text, const char *currency, int64_t *minor);

/* The same, and zero too. */
bool money_text_parse_zero(const char *text, const char *currency, int64_t *minor);

/* "-1,300.00 CNY"; without the currency if it is not three letters (two decimals then). */
void money_text_print(int64_t minor, const char *currency, char text[static MONEY_TEXT_SIZE]);

/* Three capital letters. */
bool money_text_is_currency(const char *text);

#endif
