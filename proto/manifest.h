/* The network's manifest, whose hash names the network, and the one-time token of an invitation. */
#ifndef MANIFEST_H
#define MANIFEST_H

#include "tally/bounds.h"
#include "tally/id.h"
#include "tally/status.h"

enum {
    ROOTS_MAX = 8,
    INVITATION_TEXT_SIZE_MAX = 512,
    MANIFEST_SIZE_MAX = 512,
};

/* [1, name, threshold, [root public key ..], created_day] */
struct manifest {
    struct bytes name;
    uint32_t threshold; /* 1 in this version */
    uint32_t root_count;
    uint8_t roots[ROOTS_MAX][32];
    uint32_t created_day;
};

MUST_CHECK enum status manifest_encode(const struct manifest *manifest, struct buffer *out);
MUST_CHECK enum status manifest_decode(struct bytes input, struct manifest *manifest);

/* What `tally branch invite` prints: "tally1-" and base32 (Crockford, no padding) of
 * [1, manifest bin, journal, secret bin32, endpoint str, office transport key bin32, name str,
 * until_ms] and a 4-byte checksum. The secret is the seed of the X25519 key with which the joiner
 * connects, so it never crosses the wire. */
struct invitation {
    struct bytes manifest; /* encoded */
    uint64_t journal;      /* reserved for the joiner */
    uint8_t secret[32];
    struct bytes endpoint; /* the office's control endpoint */
    uint8_t office_transport_key[32];
    struct bytes name; /* of the branch */
    uint64_t until_ms;
};

/* Text without a terminator. */
MUST_CHECK enum status invitation_encode(const struct invitation *invitation, struct buffer *text);
/* Case, spaces, dashes and look-alike letters are forgiven. `scratch` holds what `invitation`
 * borrows. STATUS_FORGED if the checksum does not hold. */
MUST_CHECK enum status invitation_decode(struct bytes text, struct buffer *scratch,
                                         struct invitation *invitation);
/* The name of an invitation as the office files it: hash of the secret. */
struct ticket_id invitation_name(const uint8_t secret[static 32]);
/* The X25519 key pair that the secret seeds. */
void invitation_transport_keys(const uint8_t secret[static 32], uint8_t public_key[static 32],
                               uint8_t secret_key[static 32]);
/* What a JOIN's proof covers. */
MUST_CHECK enum status join_signed_bytes(const struct digest *network,
                                         const struct ticket_id *invitation,
                                         const uint8_t public_key[static 32],
                                         const uint8_t transport_key[static 32],
                                         struct buffer *out);
/* What a lease's signature covers: the authority lets this journal go on from one time to another.
 */
MUST_CHECK enum status lease_signed_bytes(const struct digest *network, uint64_t journal,
                                          uint64_t issued_ms, uint64_t until_ms,
                                          struct buffer *out);

#endif
