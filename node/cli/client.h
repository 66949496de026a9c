/* Asks a running node over HTTP. Writes carry an idempotency key; a write whose outcome is not
 * known is repeated with the same key, which never does anything twice. */
#ifndef CLIENT_H
#define CLIENT_H

#include "outcome.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CLIENT_URL_SIZE = 512,
    CLIENT_TOKEN_SIZE = 256,
    CLIENT_KEY_SIZE = 129, /* IDEMPOTENCY_KEY_SIZE_MAX and a terminator */
    CLIENT_PATH_SIZE = 2048,
    CLIENT_PROBLEM_SIZE = 512,
};

struct client;

struct client_options {
    const char *url;     /* http or https, without a path */
    const char *token;   /* NULL: none */
    uint32_t timeout_ms; /* of one exchange; 0 = 10,000 */
};

/* NULL with a sentence in `problem`. Copies what it needs. */
struct client *client_new(const struct client_options *options,
                          char problem[static CLIENT_PROBLEM_SIZE]);
void client_free(struct client *client);

/* A new UUIDv7 as text. */
void client_make_key(char key[static CLIENT_KEY_SIZE]);
/* 1 to IDEMPOTENCY_KEY_SIZE_MAX printable ASCII characters. */
bool client_key_is_sound(const char *key);

/* What came back. `body` is the caller's to release and may be NULL. */
struct client_reply {
    long status; /* HTTP; 0: no answer */
    json_t *body;
    char problem[CLIENT_PROBLEM_SIZE]; /* a sentence when nothing or no JSON came back */
};

enum outcome client_get(struct client *client, const char *path, struct client_reply *reply);
/* Borrows `body`. OUTCOME_UNKNOWN after three attempts without a definite answer. */
enum outcome client_post(struct client *client, const char *path, const json_t *body,
                         const char *key, struct client_reply *reply);

/* A path with a query, escaped as it grows. */
struct client_path {
    char text[CLIENT_PATH_SIZE];
    size_t size;
    bool has_query;
    bool too_long;
};

struct client_path client_path_of(const char *start);
/* "/segment". */
void client_path_segment(struct client_path *path, const char *segment);
/* "?name=value" or "&name=value"; nothing if the value is NULL. */
void client_path_query(struct client_path *path, const char *name, const char *value);

#endif
