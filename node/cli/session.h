/* One run of `tally`: what was typed, and the node it speaks to, opened at the first question. */
#ifndef SESSION_H
#define SESSION_H

#include "arguments.h"
#include "client.h"
#include "outcome.h"

#include <jansson.h>
#include <stdbool.h>

struct subcommand;

struct session {
    const struct subcommand *subcommand;
    struct arguments arguments;
    bool json; /* --json: the answer itself, for programs */
    struct client *client;
    char key[CLIENT_KEY_SIZE]; /* of the last write */
    char currency[4];          /* of amounts typed; "" until asked for */
};

/* Options that every subcommand takes. */
extern const struct option_form session_options[];

void session_close(struct session *session);

/* Shows an answer to a person. */
typedef void session_show(const json_t *answer);

/* Asks and shows the answer (as JSON when --json was given), or explains why there is none. */
enum outcome session_get(struct session *session, const struct client_path *path,
                         session_show *show);
/* Takes `body`; NULL means that memory ran out. */
enum outcome session_post(struct session *session, const char *path, json_t *body,
                          session_show *show);

/* Asks for the caller's own use; explains a failure. `*answer` is his to release. */
enum outcome session_fetch(struct session *session, const struct client_path *path,
                           json_t **answer);

/* Says on standard error what does not make sense, and where help is. Returns OUTCOME_USAGE. */
enum outcome session_misused(const struct session *session, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Says on standard error why it was not done. Returns OUTCOME_REFUSED. */
enum outcome session_refused(const struct session *session, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The n-th word, or NULL. */
const char *session_word(const struct session *session, uint32_t n);
const char *session_option(const struct session *session, const char *name);

/* A whole number from `min` to `max`. */
bool session_number(const char *text, uint64_t min, uint64_t max, uint64_t *number);

/* Adds "card" or "account" for what was typed: 16 digits (spaces and dashes between are forgiven),
 * or 32 hex digits. */
enum outcome session_account(const struct session *session, const char *text, json_t *body);
/* The same as a path: "?card=.." behind `path`, or the id as a segment. */
enum outcome session_account_path(const struct session *session, const char *text,
                                  struct client_path *path);

/* The account's id as a segment behind `path`; asks the node for that of a card. */
enum outcome session_account_id(struct session *session, const char *text,
                                struct client_path *path);

/* Settles session->currency: --currency, or else the organisation's, for which the node is asked
 * once. */
enum outcome session_currency(struct session *session);

/* The money object of an amount typed, in that currency. `*money` is the caller's to release. */
enum outcome session_money(struct session *session, const char *text, json_t **money);

/* Sets `name` to a text; nothing if it is NULL. */
void session_set(json_t *body, const char *name, const char *text);

#endif
