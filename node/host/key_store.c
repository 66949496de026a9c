#include "key_store.h"

#include "file.h"
#include "key_file.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The secrets of a node, in one guarded allocation. All but the signing keys are 32 bytes as they
 * are in their files; an Ed25519 secret is made from the seed in its file. */
struct secrets {
    uint8_t journal[crypto_sign_SECRETKEYBYTES];
    uint8_t authority[crypto_sign_SECRETKEYBYTES];
    uint8_t next_authority[crypto_sign_SECRETKEYBYTES];
    uint8_t transport[crypto_scalarmult_SCALARBYTES];
    uint8_t node[32];
    uint8_t master[32];
};

struct key_store {
    struct secrets *secrets; /* sodium_malloc, read-only once loaded */
    struct public_keys public_keys;
    bool uses_next_authority;
    struct member_keys *members;
};

/* The key that the authority goes on under once the root has certified it. */
static const char next_authority[] = "keys/authority.next.key";

/* One file each. */
static const char *const purposes[] = {"journal", "transport", "node", "master"};
enum { PURPOSES = sizeof purposes / sizeof purposes[0] };

static enum status key_path(char path[static FILE_PATH_SIZE_MAX], const char *data_directory,
                            const char *purpose)
{
    char name[64];
    assert(strlen(purpose) <= KEY_FILE_PURPOSE_SIZE_MAX);
    (void)snprintf(name, sizeof name, "keys/%s.key", purpose);
    return file_path(path, data_directory, name);
}

static enum status create_one(const char *data_directory, const char *purpose,
                              struct explanation *explanation)
{
    char path[FILE_PATH_SIZE_MAX];
    uint8_t secret[32];

    enum status status = key_path(path, data_directory, purpose);
    if (status != STATUS_OK) {
        explain(explanation, "%s: the path is too long", data_directory);
        return status;
    }
    randombytes_buf(secret, sizeof secret);
    status = key_file_create(path, purpose, secret, explanation);
    sodium_memzero(secret, sizeof secret);
    return status;
}

enum status key_store_create(const char *data_directory, bool with_authority,
                             struct explanation *explanation)
{
    char directory[FILE_PATH_SIZE_MAX];

    if (sodium_init() < 0) {
        explain(explanation, "the system gives no random numbers");
        return STATUS_IO;
    }
    enum status status = file_path(directory, data_directory, "keys");
    if (status != STATUS_OK) {
        explain(explanation, "%s: the path is too long", data_directory);
        return status;
    }
    status = file_make_directory(directory, 0700, explanation);
    for (size_t i = 0; i < PURPOSES && status == STATUS_OK; i++) {
        status = create_one(data_directory, purposes[i], explanation);
    }
    if (status == STATUS_OK && with_authority) {
        status = create_one(data_directory, "authority", explanation);
    }
    return status;
}

static enum status load_one(const char *data_directory, const char *purpose,
                            uint8_t secret[static 32], struct explanation *explanation)
{
    char path[FILE_PATH_SIZE_MAX];
    enum status status = key_path(path, data_directory, purpose);
    if (status != STATUS_OK) {
        explain(explanation, "%s: the path is too long", data_directory);
        return status;
    }
    return key_file_read(path, purpose, secret, explanation);
}

static enum status load_signing_key(const char *data_directory, const char *purpose,
                                    uint8_t secret[static crypto_sign_SECRETKEYBYTES],
                                    uint8_t public_key[static 32], struct explanation *explanation)
{
    uint8_t seed[crypto_sign_SEEDBYTES];
    enum status status = load_one(data_directory, purpose, seed, explanation);
    if (status == STATUS_OK) {
        (void)crypto_sign_seed_keypair(public_key, secret, seed);
    }
    sodium_memzero(seed, sizeof seed);
    return status;
}

enum status key_store_prepare_authority(const char *data_directory, uint8_t public_key[static 32],
                                        struct explanation *explanation)
{
    char path[FILE_PATH_SIZE_MAX];
    uint8_t seed[crypto_sign_SEEDBYTES];
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    if (sodium_init() < 0 || file_path(path, data_directory, next_authority) != STATUS_OK) {
        explain(explanation, "%s: the path is too long", data_directory);
        return STATUS_TOO_LARGE;
    }
    enum status status = STATUS_OK;
    if (!file_exists(path)) {
        randombytes_buf(seed, sizeof seed);
        status = key_file_create(path, "authority", seed, explanation);
    }
    if (status == STATUS_OK) {
        status = key_file_read(path, "authority", seed, explanation);
    }
    if (status == STATUS_OK) {
        (void)crypto_sign_seed_keypair(public_key, secret, seed);
    }
    sodium_memzero(seed, sizeof seed);
    sodium_memzero(secret, sizeof secret);
    return status;
}

enum status key_store_promote_authority(const char *data_directory, struct explanation *explanation)
{
    char next[FILE_PATH_SIZE_MAX];
    char path[FILE_PATH_SIZE_MAX];
    enum status status = file_path(next, data_directory, next_authority);
    if (status == STATUS_OK) {
        status = key_path(path, data_directory, "authority");
    }
    if (status != STATUS_OK) {
        explain(explanation, "%s: the path is too long", data_directory);
        return status;
    }
    if (rename(next, path) != 0) {
        explain(explanation, "cannot put %s in the place of %s: %s", next, path, strerror(errno));
        return file_status(errno);
    }
    return file_sync_parent(path);
}

static enum status load_next_authority(struct key_store *keys, const char *data_directory,
                                       struct explanation *explanation)
{
    char path[FILE_PATH_SIZE_MAX];
    uint8_t seed[crypto_sign_SEEDBYTES];
    enum status status = file_path(path, data_directory, next_authority);
    if (status != STATUS_OK || !file_exists(path)) {
        return status;
    }
    status = key_file_read(path, "authority", seed, explanation);
    if (status == STATUS_OK) {
        (void)crypto_sign_seed_keypair(keys->public_keys.next_authority,
                                       keys->secrets->next_authority, seed);
        keys->public_keys.has_next_authority = true;
    }
    sodium_memzero(seed, sizeof seed);
    return status;
}

static enum status load_authority(struct key_store *keys, const char *data_directory,
                                  struct explanation *explanation)
{
    char path[FILE_PATH_SIZE_MAX];
    enum status status = key_path(path, data_directory, "authority");
    if (status != STATUS_OK || !file_exists(path)) {
        return status;
    }
    status = load_signing_key(data_directory, "authority", keys->secrets->authority,
                              keys->public_keys.authority, explanation);
    keys->public_keys.has_authority = status == STATUS_OK;
    return status == STATUS_OK ? load_next_authority(keys, data_directory, explanation) : status;
}

static enum status load_secrets(struct key_store *keys, const char *data_directory,
                                struct explanation *explanation)
{
    struct secrets *secrets = keys->secrets;
    struct public_keys *public_keys = &keys->public_keys;

    enum status status = load_signing_key(data_directory, "journal", secrets->journal,
                                          public_keys->journal, explanation);
    if (status == STATUS_OK) {
        status = load_one(data_directory, "transport", secrets->transport, explanation);
    }
    if (status == STATUS_OK) {
        (void)crypto_scalarmult_base(public_keys->transport, secrets->transport);
        status = load_one(data_directory, "node", secrets->node, explanation);
    }
    if (status == STATUS_OK) {
        status = load_one(data_directory, "master", secrets->master, explanation);
    }
    if (status == STATUS_OK) {
        status = load_authority(keys, data_directory, explanation);
    }
    return status;
}

static enum status open_members(struct key_store *keys, const char *data_directory,
                                struct explanation *explanation)
{
    char path[FILE_PATH_SIZE_MAX];
    enum status status = file_path(path, data_directory, "keys/members.sqlite");
    if (status != STATUS_OK) {
        explain(explanation, "%s: the path is too long", data_directory);
        return status;
    }
    return member_keys_open(path, keys->secrets->master, &keys->members, explanation);
}

enum status key_store_open(const char *data_directory, struct key_store **keys,
                           struct explanation *explanation)
{
    char directory[FILE_PATH_SIZE_MAX];

    enum status status = file_path(directory, data_directory, "keys");
    if (status != STATUS_OK) {
        explain(explanation, "%s: the path is too long", data_directory);
        return status;
    }
    status = file_check_private(directory, true, explanation);
    if (status != STATUS_OK) {
        return status;
    }
    struct key_store *opened = calloc(1, sizeof *opened);
    if (opened == NULL || sodium_init() < 0 ||
        (opened->secrets = sodium_malloc(sizeof *opened->secrets)) == NULL) {
        explain(explanation, "no memory for the keys");
        key_store_close(opened);
        return STATUS_IO;
    }
    sodium_memzero(opened->secrets, sizeof *opened->secrets);
    status = load_secrets(opened, data_directory, explanation);
    if (status == STATUS_OK) {
        status = open_members(opened, data_directory, explanation);
    }
    if (status != STATUS_OK) {
        key_store_close(opened);
        return status;
    }
    (void)sodium_mprotect_readonly(opened->secrets);
    *keys = opened;
    return STATUS_OK;
}

void key_store_close(struct key_store *keys)
{
    if (keys == NULL) {
        return;
    }
    member_keys_close(keys->members);
    sodium_free(keys->secrets); /* wipes */
    free(keys);
}

void key_store_use_next_authority(struct key_store *keys)
{
    assert(keys->public_keys.has_next_authority);
    keys->uses_next_authority = true;
    memcpy(keys->public_keys.authority, keys->public_keys.next_authority, 32);
}

struct public_keys key_store_public(const struct key_store *keys)
{
    return keys->public_keys;
}

void key_store_sign(const struct key_store *keys, enum signer signer, struct bytes body,
                    uint8_t signature[static 64])
{
    const uint8_t *secret = NULL;
    switch (signer) {
    case SIGNER_JOURNAL:
        secret = keys->secrets->journal;
        break;
    case SIGNER_AUTHORITY:
        assert(keys->public_keys.has_authority);
        secret =
            keys->uses_next_authority ? keys->secrets->next_authority : keys->secrets->authority;
        break;
    }
    assert(secret != NULL);
    (void)crypto_sign_detached(signature, NULL, body.data, body.size, secret);
}

void key_store_node_secret(const struct key_store *keys, uint8_t secret[static 32])
{
    memcpy(secret, keys->secrets->node, sizeof keys->secrets->node);
}

void key_store_transport_secret(const struct key_store *keys, uint8_t secret[static 32])
{
    memcpy(secret, keys->secrets->transport, sizeof keys->secrets->transport);
}

void key_store_transport_z85(const struct key_store *keys, char public_text[static KEY_Z85_SIZE],
                             char secret_text[static KEY_Z85_SIZE])
{
    key_z85(keys->public_keys.transport, public_text);
    key_z85(keys->secrets->transport, secret_text);
}

struct member_keys *key_store_members(const struct key_store *keys)
{
    return keys->members;
}

/* ZeroMQ RFC 32: each four bytes as five digits of base 85. */
void key_z85(const uint8_t key[static 32], char text[static KEY_Z85_SIZE])
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz"
                                 "ABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
    static_assert(sizeof digits == 85 + 1, "85 digits");
    for (size_t group = 0; group < 8; group++) {
        const uint8_t *four = key + group * 4;
        uint32_t value = (uint32_t)four[0] << 24 | (uint32_t)four[1] << 16 |
                         (uint32_t)four[2] << 8 | (uint32_t)four[3];
        for (size_t place = 5; place > 0; place--) {
            text[group * 5 + place - 1] = digits[value % 85];
            value /= 85;
        }
    }
    text[KEY_Z85_SIZE - 1] = '\0';
}
