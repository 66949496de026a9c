#include "root_key.h"

#include "sealed_seed.h"

#include <sodium.h>

enum status root_key_create(const char *path, const char *passphrase, uint8_t public_key[static 32],
                            struct explanation *explanation)
{
    return sealed_seed_create(path, SEED_ROOT, passphrase, public_key, explanation);
}

enum status root_key_inspect(const char *path, uint8_t public_key[static 32], bool *sealed,
                             struct explanation *explanation)
{
    return sealed_seed_inspect(path, SEED_ROOT, public_key, sealed, explanation);
}

enum status root_key_sign(const char *path, const char *passphrase, struct bytes body,
                          uint8_t signature[static 64], struct explanation *explanation)
{
    uint8_t seed[crypto_sign_SEEDBYTES] = {0};
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    uint8_t public_key[32];
    enum status status = sealed_seed_open(path, SEED_ROOT, passphrase, seed, explanation);
    if (status == STATUS_OK) {
        (void)crypto_sign_seed_keypair(public_key, secret, seed);
        (void)crypto_sign_detached(signature, NULL, body.data, body.size, secret);
    }
    sodium_memzero(seed, sizeof seed);
    sodium_memzero(secret, sizeof secret);
    return status;
}
