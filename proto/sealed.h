/* Personal fields, encrypted per member and class before anything is hashed: destroying the key
 * erases the field while every chain still verifies. nonce24 || XChaCha20-Poly1305, associated data
 * = type2 || member16 || class1 || key number4 (big-endian). */
#ifndef SEALED_H
#define SEALED_H

#include "tally/bounds.h"
#include "tally/id.h"
#include "tally/status.h"

struct seal_context {
    uint16_t event_type;
    struct subject_id member;
    uint8_t class_number;
    uint32_t key_number;
};

/* Appends nonce and box. */
MUST_CHECK enum status seal_field(const uint8_t key[static 32], const uint8_t nonce[static 24],
                                  const struct seal_context *context, struct bytes plain,
                                  struct buffer *out);
/* Appends the plain text; STATUS_FORGED if key, box or context do not belong together. */
MUST_CHECK enum status open_field(const uint8_t key[static 32], const struct seal_context *context,
                                  struct bytes box, struct buffer *plain);

#endif
