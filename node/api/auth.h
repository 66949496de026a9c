/* Who asks, and what he may. A token is 32 random bytes as text, shown once; the file keeps only
 * its BLAKE2b-256. Readers take no lock: the list in force is replaced whole, never changed. */
#ifndef AUTH_H
#define AUTH_H

#include "tally/bounds.h"
#include "tally/bytes.h"
#include "tally/status.h"

enum {
    TOKEN_TEXT_SIZE = 46, /* "tk_" and base64url of 32 bytes; without a terminator */
    TOKEN_NAME_SIZE_MAX = 64,
    TOKENS_MAX = 512,
    TOKENS_FILE_SIZE_MAX = 256 * 1024,
};

/* One bit each, so that a route names all that may take it. */
enum token_role {
    TOKEN_TILL = 1,
    TOKEN_MANAGER = 2,
    TOKEN_OFFICE = 4,
    TOKEN_OPERATOR = 8,
};

struct token {
    uint32_t till; /* 1 and up; never used twice */
    uint8_t role;  /* enum token_role */
    uint8_t hash[32];
    int64_t created_ms;
    char name[TOKEN_NAME_SIZE_MAX + 1];
};

struct auth;

/* "till", "manager", "office", "operator"; "unknown". And back: 0 for anything else. */
const char *token_role_name(uint8_t role);
uint8_t token_role_by_name(struct bytes name);

/* Reads the file. One that is not there holds no tokens if `may_be_absent`. NULL with a sentence
 * in `problem`. */
struct auth *auth_load(const char *path, bool may_be_absent, char *problem, size_t problem_size);
void auth_free(struct auth *auth);

/* Who has this `Authorization` value ("Bearer tk_..."); NULL for nobody, whatever the reason, after
 * the same work. Good until auth_free. */
const struct token *auth_check(const struct auth *auth, const char *authorization);

/* Makes a till with a new token, in force at once and durable in the file. STATUS_DENIED: the name
 * is taken. STATUS_FULL: TOKENS_MAX reached. STATUS_IO: the file could not be written; nothing
 * changed. On success `*token` is good until auth_free and `text` is the secret. */
MUST_CHECK enum status auth_create(struct auth *auth, struct bytes name, uint8_t role,
                                   const struct token **token,
                                   char text[static TOKEN_TEXT_SIZE + 1]);

/* The tokens in force, by rising till; `*count` of them. Good until auth_free. */
const struct token *auth_list(const struct auth *auth, size_t *count);

/* The file itself, defined in node/host/tokens.c: api/ touches no disk. Reading appends to
 * `content`; STATUS_NOT_FOUND, STATUS_TOO_LARGE, or what the disk says. Replacing is all or
 * nothing, mode 0600, and durable when it returns STATUS_OK. */
MUST_CHECK enum status tokens_file_read(const char *path, struct buffer *content);
MUST_CHECK enum status tokens_file_replace(const char *path, struct bytes content);

#endif
