#include "sealed_seed.h"

#include "file.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* The file, binary: magic 8, kind 1, public 32, salt 16, nonce 24, then the seed: 32 bytes in the
 * clear with zeroes for salt, nonce and 16 more, or 48 bytes of secretbox. Then a check of 16 over
 * all before it, so that damage is not taken for a wrong passphrase. */
enum {
    MAGIC_SIZE = 8,
    KIND_AT = MAGIC_SIZE,
    PUBLIC_AT = KIND_AT + 1,
    SALT_AT = PUBLIC_AT + 32,
    NONCE_AT = SALT_AT + crypto_pwhash_SALTBYTES,
    SEED_AT = NONCE_AT + crypto_secretbox_NONCEBYTES,
    CHECK_AT = SEED_AT + 32 + crypto_secretbox_MACBYTES,
    CHECK_SIZE = 16,
    SEED_FILE_SIZE = CHECK_AT + CHECK_SIZE,
    KIND_CLEAR = 0,
    KIND_SEALED = 1,
    PASSES = 3,
    MEMORY_BYTES = 256 * 1024 * 1024,
};

struct purpose {
    uint8_t magic[MAGIC_SIZE];
    const char *name;
};

static const struct purpose *purpose_of(enum seed_purpose purpose)
{
    static const struct purpose root = {"tallyrk1", "root key"};
    static const struct purpose recovery = {"tallybk1", "recovery key"};
    return purpose == SEED_ROOT ? &root : &recovery;
}

static void public_half(enum seed_purpose purpose, const uint8_t seed[static 32],
                        uint8_t public_key[static 32])
{
    if (purpose == SEED_RECOVERY) {
        (void)crypto_scalarmult_base(public_key, seed);
        return;
    }
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    (void)crypto_sign_seed_keypair(public_key, secret, seed);
    sodium_memzero(secret, sizeof secret);
}

static bool passphrase_given(const char *passphrase)
{
    return passphrase != NULL && passphrase[0] != '\0';
}

static void file_check(const uint8_t file[static SEED_FILE_SIZE], uint8_t check[static CHECK_SIZE])
{
    (void)crypto_generichash(check, CHECK_SIZE, file, CHECK_AT, NULL, 0);
}

/* Argon2id, 256 MiB, three passes: about half a second. STATUS_IO without that much memory. */
static enum status derive(const char *passphrase,
                          const uint8_t salt[static crypto_pwhash_SALTBYTES],
                          uint8_t key[static crypto_secretbox_KEYBYTES],
                          struct explanation *explanation)
{
    if (crypto_pwhash(key, crypto_secretbox_KEYBYTES, passphrase, strlen(passphrase), salt, PASSES,
                      MEMORY_BYTES, crypto_pwhash_ALG_ARGON2ID13) != 0) {
        explain(explanation, "cannot open the passphrase's lock: it takes 256 MiB of memory");
        return STATUS_IO;
    }
    return STATUS_OK;
}

static enum status seal(uint8_t file[static SEED_FILE_SIZE], const char *passphrase,
                        const uint8_t seed[static 32], struct explanation *explanation)
{
    uint8_t key[crypto_secretbox_KEYBYTES];
    randombytes_buf(file + SALT_AT, crypto_pwhash_SALTBYTES);
    randombytes_buf(file + NONCE_AT, crypto_secretbox_NONCEBYTES);
    enum status status = derive(passphrase, file + SALT_AT, key, explanation);
    if (status == STATUS_OK) {
        file[KIND_AT] = KIND_SEALED;
        (void)crypto_secretbox_easy(file + SEED_AT, seed, 32, file + NONCE_AT, key);
    }
    sodium_memzero(key, sizeof key);
    return status;
}

enum status sealed_seed_create(const char *path, enum seed_purpose purpose, const char *passphrase,
                               uint8_t public_key[static 32], struct explanation *explanation)
{
    uint8_t file[SEED_FILE_SIZE] = {0};
    uint8_t seed[32];
    uint8_t made[32];
    enum status status = STATUS_OK;

    if (sodium_init() < 0) {
        explain(explanation, "the system gives no random numbers");
        return STATUS_IO;
    }
    randombytes_buf(seed, sizeof seed);
    public_half(purpose, seed, made);
    memcpy(file, purpose_of(purpose)->magic, MAGIC_SIZE);
    memcpy(file + PUBLIC_AT, made, sizeof made);
    if (passphrase_given(passphrase)) {
        status = seal(file, passphrase, seed, explanation);
    } else {
        memcpy(file + SEED_AT, seed, sizeof seed);
    }
    if (status == STATUS_OK) {
        file_check(file, file + CHECK_AT);
        status = file_create(path, bytes_of(file, sizeof file), 0600, explanation);
    }
    if (status == STATUS_OK) {
        memcpy(public_key, made, sizeof made);
    }
    sodium_memzero(seed, sizeof seed);
    sodium_memzero(file, sizeof file);
    return status;
}

static enum status read_file(const char *path, enum seed_purpose purpose,
                             uint8_t file[static SEED_FILE_SIZE], struct explanation *explanation)
{
    struct buffer content = {.data = file, .capacity = SEED_FILE_SIZE};
    uint8_t check[CHECK_SIZE];

    enum status status = file_check_private(path, false, explanation);
    if (status == STATUS_OK) {
        status = file_read(path, &content, explanation);
    }
    if (status != STATUS_OK && status != STATUS_TOO_LARGE) {
        return status;
    }
    file_check(file, check);
    bool good = status == STATUS_OK && content.size == SEED_FILE_SIZE &&
                memcmp(file, purpose_of(purpose)->magic, MAGIC_SIZE) == 0 &&
                file[KIND_AT] <= KIND_SEALED && memcmp(check, file + CHECK_AT, sizeof check) == 0;
    if (!good) {
        explain(explanation, "%s is not a %s, or it was damaged; use another copy of it", path,
                purpose_of(purpose)->name);
        return STATUS_MALFORMED;
    }
    return STATUS_OK;
}

enum status sealed_seed_inspect(const char *path, enum seed_purpose purpose,
                                uint8_t public_key[static 32], bool *sealed,
                                struct explanation *explanation)
{
    uint8_t file[SEED_FILE_SIZE] = {0};
    enum status status = read_file(path, purpose, file, explanation);
    if (status == STATUS_OK) {
        memcpy(public_key, file + PUBLIC_AT, 32);
        *sealed = file[KIND_AT] == KIND_SEALED;
    }
    sodium_memzero(file, sizeof file);
    return status;
}

static enum status unseal(const uint8_t file[static SEED_FILE_SIZE], enum seed_purpose purpose,
                          const char *passphrase, uint8_t seed[static 32],
                          struct explanation *explanation)
{
    uint8_t key[crypto_secretbox_KEYBYTES];
    if (file[KIND_AT] == KIND_CLEAR) {
        memcpy(seed, file + SEED_AT, 32);
        return STATUS_OK;
    }
    if (!passphrase_given(passphrase)) {
        explain(explanation, "the %s is sealed: its passphrase is needed",
                purpose_of(purpose)->name);
        return STATUS_DENIED;
    }
    enum status status = derive(passphrase, file + SALT_AT, key, explanation);
    if (status == STATUS_OK && crypto_secretbox_open_easy(seed, file + SEED_AT, CHECK_AT - SEED_AT,
                                                          file + NONCE_AT, key) != 0) {
        explain(explanation, "that is not the passphrase of this %s", purpose_of(purpose)->name);
        status = STATUS_DENIED;
    }
    sodium_memzero(key, sizeof key);
    return status;
}

enum status sealed_seed_open(const char *path, enum seed_purpose purpose, const char *passphrase,
                             uint8_t seed[static 32], struct explanation *explanation)
{
    uint8_t file[SEED_FILE_SIZE] = {0};
    if (sodium_init() < 0) {
        explain(explanation, "the system gives no random numbers");
        return STATUS_IO;
    }
    enum status status = read_file(path, purpose, file, explanation);
    if (status == STATUS_OK) {
        status = unseal(file, purpose, passphrase, seed, explanation);
    }
    sodium_memzero(file, sizeof file);
    return status;
}
