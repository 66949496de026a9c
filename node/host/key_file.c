#include "key_file.h"

#include "file.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum {
    CHECK_SIZE = 16,
    HEX_SIZE = 2 * 32 + 1,
    CHECK_HEX_SIZE = 2 * CHECK_SIZE + 1,
    LINE_SIZE_MAX = 256,
};

/* Damage in the purpose is found as well as in the secret. */
static void check_text(const char *purpose, const uint8_t secret[static 32],
                       char text[static CHECK_HEX_SIZE])
{
    uint8_t check[CHECK_SIZE];
    crypto_generichash_state state;
    (void)crypto_generichash_init(&state, NULL, 0, sizeof check);
    (void)crypto_generichash_update(&state, (const uint8_t *)purpose, strlen(purpose) + 1);
    (void)crypto_generichash_update(&state, secret, 32);
    (void)crypto_generichash_final(&state, check, sizeof check);
    (void)sodium_bin2hex(text, CHECK_HEX_SIZE, check, sizeof check);
    sodium_memzero(&state, sizeof state);
}

enum status key_file_create(const char *path, const char *purpose, const uint8_t secret[static 32],
                            struct explanation *explanation)
{
    char hex[HEX_SIZE];
    char check[CHECK_HEX_SIZE];
    char line[LINE_SIZE_MAX];

    (void)sodium_bin2hex(hex, sizeof hex, secret, 32);
    check_text(purpose, secret, check);
    int size = snprintf(line, sizeof line, "tally-key 1 %s %s %s\n", purpose, hex, check);
    enum status status = STATUS_TOO_LARGE;
    if (size > 0 && (size_t)size < sizeof line) {
        status = file_create(path, bytes_of(line, (size_t)size), 0600, explanation);
    }
    sodium_memzero(hex, sizeof hex);
    sodium_memzero(line, sizeof line);
    return status;
}

/* The one line that a file of this purpose and secret holds, compared as a whole: so there is one
 * spelling of a key and no parser to mislead. */
static enum status parse_line(const char *line, size_t size, const char *purpose,
                              uint8_t secret[static 32])
{
    char expected[LINE_SIZE_MAX];
    char hex[HEX_SIZE];
    char check[CHECK_HEX_SIZE];
    uint8_t found[32];
    enum status status = STATUS_MALFORMED;

    int opening = snprintf(expected, sizeof expected, "tally-key 1 %s ", purpose);
    if (opening <= 0 || size < (size_t)opening + HEX_SIZE ||
        memcmp(line, expected, (size_t)opening) != 0) {
        return STATUS_MALFORMED;
    }
    if (sodium_hex2bin(found, sizeof found, line + opening, HEX_SIZE - 1, NULL, NULL, NULL) == 0) {
        (void)sodium_bin2hex(hex, sizeof hex, found, sizeof found);
        check_text(purpose, found, check);
        int length =
            snprintf(expected, sizeof expected, "tally-key 1 %s %s %s\n", purpose, hex, check);
        if (length > 0 && (size_t)length == size && memcmp(line, expected, size) == 0) {
            memcpy(secret, found, sizeof found);
            status = STATUS_OK;
        }
    }
    sodium_memzero(expected, sizeof expected);
    sodium_memzero(hex, sizeof hex);
    sodium_memzero(found, sizeof found);
    return status;
}

enum status key_file_read(const char *path, const char *purpose, uint8_t secret[static 32],
                          struct explanation *explanation)
{
    char line[LINE_SIZE_MAX];
    struct buffer content = {.data = (uint8_t *)line, .capacity = sizeof line};

    enum status status = file_check_private(path, false, explanation);
    if (status != STATUS_OK) {
        return status;
    }
    status = file_read(path, &content, explanation);
    if (status == STATUS_OK) {
        status = parse_line(line, content.size, purpose, secret);
        if (status != STATUS_OK) {
            explain(explanation,
                    "%s is not a whole %s key: it was damaged or changed; restore it from its "
                    "backup",
                    path, purpose);
        }
    }
    sodium_memzero(line, sizeof line);
    return status;
}
