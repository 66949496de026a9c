/* Signatures as this seed makes them: real ones, or keyed hashes, which cost a hundredth. */
#include "sim.h"

#include <sodium.h>
#include <string.h>

void sim_make_keys(struct sim *sim, struct random_stream *random, uint8_t public_key[32],
                   uint8_t secret_key[64])
{
    uint8_t seed[32];
    random_fill(random, seed, sizeof seed);
    memset(secret_key, 0, 64);
    if (sim->ed25519) {
        (void)crypto_sign_seed_keypair(public_key, secret_key, seed);
    } else {
        memcpy(public_key, seed, sizeof seed);
    }
}

static void keyed_hash(const struct sim *sim, const uint8_t public_key[32], struct bytes body,
                       uint8_t signature[64])
{
    uint8_t key[64];
    memcpy(key, sim->mac_key, 32);
    memcpy(key + 32, public_key, 32);
    (void)crypto_generichash(signature, 64, body.data, body.size, key, sizeof key);
}

void sim_sign(struct sim *sim, const uint8_t public_key[32], const uint8_t secret_key[64],
              struct bytes body, uint8_t signature[64])
{
    if (sim->ed25519) {
        (void)crypto_sign_detached(signature, NULL, body.data, body.size, secret_key);
    } else {
        keyed_hash(sim, public_key, body, signature);
    }
}

bool sim_signature_holds(struct sim *sim, const struct signature_check *check)
{
    if (sim->ed25519) {
        return crypto_sign_verify_detached(check->signature, check->body.data, check->body.size,
                                           check->public_key) == 0;
    }
    uint8_t expected[64];
    keyed_hash(sim, check->public_key, check->body, expected);
    return memcmp(expected, check->signature, sizeof expected) == 0;
}
