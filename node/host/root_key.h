/* The root key of a network: an Ed25519 key that signs authority certificates, kept in a file of
 * its own that belongs offline. Sealed under a passphrase (Argon2id, 256 MiB) if one is given. */
#ifndef ROOT_KEY_H
#define ROOT_KEY_H

#include "tally/bytes.h"
#include "tally/status.h"

#include "explanation.h"

#include <stdbool.h>
#include <stdint.h>

/* A new random root key at `path`, mode 0600, which must not exist; its public half to
 * `public_key`. `passphrase` NULL or empty: kept in the clear, guarded by the file's mode alone. */
MUST_CHECK enum status root_key_create(const char *path, const char *passphrase,
                                       uint8_t public_key[static 32],
                                       struct explanation *explanation);

/* Public half, and whether a passphrase is needed. */
MUST_CHECK enum status root_key_inspect(const char *path, uint8_t public_key[static 32],
                                        bool *sealed, struct explanation *explanation);

/* Signs once; the secret is wiped before it returns. STATUS_DENIED: wrong passphrase, or others may
 * read the file. */
MUST_CHECK enum status root_key_sign(const char *path, const char *passphrase, struct bytes body,
                                     uint8_t signature[static 64], struct explanation *explanation);

#endif
