/* HTTP as no client should speak it: bytes to a node's port, and what comes back. */
#ifndef RAW_HTTP_H
#define RAW_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RAW_ANSWER_SIZE = 4096 };

/* Sends the bytes and takes what comes until the node closes or is silent for `patience_ms`. The
 * answer is terminated and cut. Returns its status, or 0 if there was none; -1 if nobody listens.
 */
int raw_http_say(uint16_t port, const void *bytes, size_t size, int patience_ms,
                 char answer[static RAW_ANSWER_SIZE]);

/* A connection that stays open; -1 if there is none. */
int raw_connect(uint16_t port);
/* Sends what the other side takes; whether it took all does not matter. */
void raw_send(int connection, const void *bytes, size_t size);

/* Rows of requests that are to be refused, each with a second request hidden behind the first. The
 * next row's bytes into `request`; false after the last. `token` is a till's, `card` one that has
 * money, and the keys of all that is hidden begin with "hidden-". */
bool raw_http_row(size_t row, const char *token, const char *card, char *request, size_t *size,
                  const char **name);
enum { RAW_REQUEST_SIZE = 128 * 1024 };

/* Bodies that are no acceptable spend. NULL after the last. `*size` because of NULs. */
const char *raw_http_body(size_t row, size_t *size);

#endif
