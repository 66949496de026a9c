/* A secret seed of 32 bytes in a file of its own that belongs offline: the root key of a network,
 * or the recovery key of its backups. Sealed under a passphrase (Argon2id, 256 MiB) if one is
 * given. */
#ifndef SEALED_SEED_H
#define SEALED_SEED_H

#include "tally/bytes.h"
#include "tally/status.h"

#include "explanation.h"

#include <stdbool.h>
#include <stdint.h>

enum seed_purpose {
    SEED_ROOT = 1, /* Ed25519: signs authority certificates */
    SEED_RECOVERY, /* X25519: opens backups */
};

/* A new random seed at `path`, mode 0600, which must not exist; its public half to `public_key`.
 * `passphrase` NULL or empty: kept in the clear, guarded by the file's mode alone. */
MUST_CHECK enum status sealed_seed_create(const char *path, enum seed_purpose purpose,
                                          const char *passphrase, uint8_t public_key[static 32],
                                          struct explanation *explanation);

/* Public half, and whether a passphrase is needed. STATUS_MALFORMED: damaged, or of another
 * purpose. */
MUST_CHECK enum status sealed_seed_inspect(const char *path, enum seed_purpose purpose,
                                           uint8_t public_key[static 32], bool *sealed,
                                           struct explanation *explanation);

/* The seed itself; the caller wipes it. STATUS_DENIED: wrong passphrase, or others may read the
 * file. */
MUST_CHECK enum status sealed_seed_open(const char *path, enum seed_purpose purpose,
                                        const char *passphrase, uint8_t seed[static 32],
                                        struct explanation *explanation);

#endif
