/* What people type: is it fit to be kept? */
#ifndef TEXT_H
#define TEXT_H

#include "tally/bytes.h"
#include "tally/event.h"

/* Valid UTF-8, 1 to `size_max` bytes, no control characters, no direction overrides or isolates, at
 * most 4 combining marks in a row, not only spaces. */
bool text_is_sound(struct bytes text, size_t size_max);

/* Is this a possible value of the field? Phone: digits, with an optional leading + and spaces or
 * dashes between, 5 to 20 digits. Birthday: "MM-DD" or "YYYY-MM-DD". Id number: 4 to 40 letters and
 * digits. E-mail: one @ with something on both sides. Others: text_is_sound. */
bool text_fits_field(uint8_t field, struct bytes text);

/* A phone number as it is compared: its digits, with a leading + if it had one. Returns the size,
 * at most 24. */
size_t text_phone_key(struct bytes phone, uint8_t key[static 24]);

/* ISO 4217 form: three capital letters. Digits after the decimal point: 0, 2 or 3 (JPY, KWD ..). */
bool text_is_currency(struct bytes text);
uint32_t currency_digits(const uint8_t currency[static CURRENCY_SIZE]);

/* The class in which a field's key lives. */
enum privacy_class field_class(uint8_t field);

#endif
