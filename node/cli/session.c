#include "session.h"

#include "command_table.h"
#include "money_text.h"
#include "output.h"

#include "config.h"
#include "file.h"

#include "tally/bounds.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TIMEOUT_SECONDS_MAX = 3600,
    TYPED_SIZE = 64, /* a card number or an account as typed */
};

static const char node_default[] = "http://127.0.0.1:7080";

const struct option_form session_options[] = {
    {"node", "URL", "the node to ask (TALLY_NODE; default http://127.0.0.1:7080)"},
    {"token", "FILE|TEXT", "the token to show (TALLY_TOKEN; default DIR/admin.token)"},
    {"dir", "DIR", "a data directory on this machine (TALLY_DIR): its address and token"},
    {"key", "KEY", "the idempotency key of a write; one is made if none is given"},
    {"currency", "CODE", "of the amounts typed; default: the organisation's"},
    {"timeout", "SECONDS", "how long to wait for one answer (default 10)"},
    {"json", NULL, "print the answer itself, for programs"},
    {"help", NULL, "say what the command does, with an example"},
    {0},
};

const char *session_word(const struct session *session, uint32_t n)
{
    return n < session->arguments.positional_count ? session->arguments.positionals[n] : NULL;
}

const char *session_option(const struct session *session, const char *name)
{
    return arguments_option(&session->arguments, name);
}

enum outcome session_misused(const struct session *session, const char *format, ...)
{
    va_list rest;
    va_start(rest, format);
    (void)fputs("tally: ", stderr);
    (void)vfprintf(stderr, format, rest);
    va_end(rest);
    (void)fprintf(stderr, "\nUsage: tally %s %s\nSee \"tally help %s\".\n",
                  session->subcommand->name, session->subcommand->usage, session->subcommand->name);
    return OUTCOME_USAGE;
}

enum outcome session_refused(const struct session *session, const char *format, ...)
{
    (void)session;
    va_list rest;
    va_start(rest, format);
    (void)fputs("tally: ", stderr);
    (void)vfprintf(stderr, format, rest);
    va_end(rest);
    (void)fputc('\n', stderr);
    return OUTCOME_REFUSED;
}

bool session_number(const char *text, uint64_t min, uint64_t max, uint64_t *number)
{
    uint64_t value = 0;
    if (text[0] == '\0') {
        return false;
    }
    for (const char *at = text; *at != '\0'; at++) {
        if (*at < '0' || *at > '9' || value > (UINT64_MAX - 9) / 10) {
            return false;
        }
        value = value * 10 + (uint64_t)(*at - '0');
    }
    if (value < min || value > max) {
        return false;
    }
    *number = value;
    return true;
}

static const char *setting(const struct session *session, const char *option, const char *variable)
{
    const char *value = session_option(session, option);
    if (value == NULL) {
        value = getenv(variable);
    }
    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* Where the node of this data directory listens. */
static enum outcome url_from_directory(const struct session *session, const char *directory,
                                       char url[static CLIENT_URL_SIZE])
{
    char path[FILE_PATH_SIZE_MAX];
    char host[CONFIG_HOST_SIZE_MAX];
    uint16_t port = 0;
    struct explanation explanation = {{0}};
    struct config *config = calloc(1, sizeof *config);
    enum outcome outcome = OUTCOME_REFUSED;
    if (config == NULL || file_path(path, directory, "config.conf") != STATUS_OK) {
        session_refused(session, "The path of the data directory is too long.");
    } else if (config_load(path, config, &explanation) != STATUS_OK) {
        session_refused(session, "%s", explanation.text);
    } else if (!config_split_endpoint(config->api_listen, false, host, &port)) {
        session_refused(session, "%s leaves the port to the system: say --node URL.", path);
    } else {
        bool any = strcmp(host, "0.0.0.0") == 0 || strcmp(host, "*") == 0;
        bool any_six = strcmp(host, "::") == 0;
        bool six = strchr(host, ':') != NULL;
        (void)snprintf(url, CLIENT_URL_SIZE, "http://%s%s%s:%u", six ? "[" : "",
                       any       ? "127.0.0.1"
                       : any_six ? "::1"
                                 : host,
                       six ? "]" : "", (unsigned)port);
        outcome = OUTCOME_DONE;
    }
    free(config);
    return outcome;
}

/* The first line of a file, without the space around it. */
static enum outcome token_from_file(const struct session *session, const char *path,
                                    char token[static CLIENT_TOKEN_SIZE])
{
    uint8_t memory[CLIENT_TOKEN_SIZE];
    struct buffer content = BUFFER_OVER(memory);
    struct explanation explanation = {{0}};
    if (file_read(path, &content, &explanation) != STATUS_OK) {
        return session_refused(session, "The token cannot be read. %s", explanation.text);
    }
    size_t size = 0;
    while (size < content.size && content.data[size] > ' ') {
        size++;
    }
    if (size == 0 || size >= CLIENT_TOKEN_SIZE) {
        return session_refused(session, "%s does not hold a token.", path);
    }
    memcpy(token, content.data, size);
    token[size] = '\0';
    return OUTCOME_DONE;
}

static enum outcome token_find(const struct session *session, const char *directory,
                               char token[static CLIENT_TOKEN_SIZE])
{
    char path[FILE_PATH_SIZE_MAX];
    const char *given = setting(session, "token", "TALLY_TOKEN");
    token[0] = '\0';
    if (given != NULL && strncmp(given, "tk_", 3) == 0) {
        if (strlen(given) >= CLIENT_TOKEN_SIZE) {
            return session_refused(session, "The token is too long.");
        }
        (void)snprintf(token, CLIENT_TOKEN_SIZE, "%s", given);
        return OUTCOME_DONE;
    }
    if (given != NULL) {
        return token_from_file(session, given, token);
    }
    if (directory == NULL) {
        return OUTCOME_DONE;
    }
    if (file_path(path, directory, "admin.token") != STATUS_OK) {
        return session_refused(session, "The path of the data directory is too long.");
    }
    return token_from_file(session, path, token);
}

static enum outcome client_open(struct session *session)
{
    char url[CLIENT_URL_SIZE];
    char token[CLIENT_TOKEN_SIZE];
    char problem[CLIENT_PROBLEM_SIZE];
    uint64_t seconds = 0;
    if (session->client != NULL) {
        return OUTCOME_DONE;
    }
    const char *timeout = session_option(session, "timeout");
    if (timeout != NULL && !session_number(timeout, 1, TIMEOUT_SECONDS_MAX, &seconds)) {
        return session_misused(session, "--timeout takes a number of seconds from 1 to %d.",
                               TIMEOUT_SECONDS_MAX);
    }
    const char *directory = setting(session, "dir", "TALLY_DIR");
    /* What was typed comes before what the environment says. */
    const char *node = session_option(session, "dir") != NULL
                           ? session_option(session, "node")
                           : setting(session, "node", "TALLY_NODE");
    if (node == NULL && directory != NULL) {
        enum outcome outcome = url_from_directory(session, directory, url);
        if (outcome != OUTCOME_DONE) {
            return outcome;
        }
        node = url;
    }
    enum outcome outcome = token_find(session, directory, token);
    if (outcome != OUTCOME_DONE) {
        return outcome;
    }
    struct client_options options = {.url = node != NULL ? node : node_default,
                                     .token = token[0] != '\0' ? token : NULL,
                                     .timeout_ms = (uint32_t)seconds * 1000};
    session->client = client_new(&options, problem);
    return session->client != NULL ? OUTCOME_DONE : session_misused(session, "%s", problem);
}

void session_close(struct session *session)
{
    client_free(session->client);
    session->client = NULL;
}

/* Why there is no answer, for whoever asked. */
static void failure_show(const struct session *session, enum outcome outcome,
                         const struct client_reply *reply, bool write)
{
    if (session->json && reply->body != NULL) {
        output_json(reply->body);
    } else if (reply->body != NULL && outcome == OUTCOME_REFUSED) {
        output_problem(reply->body, reply->status);
        if (reply->status == 401) {
            (void)fputs(
                "Give a token: --token FILE, TALLY_TOKEN, or --dir with the node's directory.\n",
                stderr);
        }
    } else if (outcome == OUTCOME_UNREACHABLE) {
        (void)fprintf(stderr, "tally: %s Is tallyd running there? (--node URL, --dir DIR)\n",
                      reply->problem);
    } else if (reply->problem[0] != '\0') {
        (void)fprintf(stderr, "tally: %s\n", reply->problem);
    }
    if (write && outcome == OUTCOME_UNKNOWN) {
        (void)fprintf(
            stderr,
            "tally: it is not known whether it was done. Repeat the same command with --key %s\n"
            "       (nothing is done twice), or ask: tally ticket %s\n",
            session->key, session->key);
    }
}

enum outcome session_fetch(struct session *session, const struct client_path *path, json_t **answer)
{
    struct client_reply reply = {0};
    *answer = NULL;
    if (path->too_long) {
        return session_misused(session, "What was typed is too long.");
    }
    enum outcome outcome = client_open(session);
    if (outcome != OUTCOME_DONE) {
        return outcome;
    }
    outcome = client_get(session->client, path->text, &reply);
    if (outcome != OUTCOME_DONE) {
        failure_show(session, outcome, &reply, false);
        json_decref(reply.body);
        return outcome;
    }
    *answer = reply.body;
    return OUTCOME_DONE;
}

static void answer_show(const struct session *session, const json_t *answer, session_show *show)
{
    if (session->json) {
        output_json(answer);
    } else {
        show(answer);
    }
}

enum outcome session_get(struct session *session, const struct client_path *path,
                         session_show *show)
{
    json_t *answer = NULL;
    enum outcome outcome = session_fetch(session, path, &answer);
    if (outcome == OUTCOME_DONE) {
        answer_show(session, answer, show);
    }
    json_decref(answer);
    return outcome;
}

static enum outcome key_choose(struct session *session)
{
    const char *given = session_option(session, "key");
    if (given == NULL) {
        client_make_key(session->key);
        return OUTCOME_DONE;
    }
    if (!client_key_is_sound(given)) {
        return session_misused(session, "--key takes 1 to %d printable ASCII characters.",
                               IDEMPOTENCY_KEY_SIZE_MAX);
    }
    (void)snprintf(session->key, sizeof session->key, "%s", given);
    return OUTCOME_DONE;
}

enum outcome session_post(struct session *session, const char *path, json_t *body,
                          session_show *show)
{
    struct client_reply reply = {0};
    enum outcome outcome = key_choose(session);
    if (outcome == OUTCOME_DONE) {
        outcome = client_open(session);
    }
    if (outcome != OUTCOME_DONE) {
        goto done;
    }
    outcome = client_post(session->client, path, body, session->key, &reply);
    if (outcome != OUTCOME_DONE) {
        failure_show(session, outcome, &reply, true);
        goto done;
    }
    answer_show(session, reply.body, show);
    if (!session->json && json_is_true(json_object_get(reply.body, "replayed"))) {
        puts("This key was used before: that is the stored answer, and nothing was done twice.");
    }

done:
    json_decref(reply.body);
    json_decref(body);
    return outcome;
}

/* What was typed without spaces and dashes; false if it is too long. */
static bool typed_compact(const char *text, char compact[static TYPED_SIZE])
{
    size_t size = 0;
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == ' ' || *at == '-') {
            continue;
        }
        if (size + 1 >= TYPED_SIZE) {
            return false;
        }
        compact[size++] = *at;
    }
    compact[size] = '\0';
    return true;
}

/* "card", "account", or NULL. */
static const char *typed_kind(const char *compact)
{
    size_t size = strlen(compact);
    if (size == CARD_NUMBER_SIZE && strspn(compact, "0123456789") == size) {
        return "card";
    }
    if (size == 32 && strspn(compact, "0123456789abcdefABCDEF") == size) {
        return "account";
    }
    return NULL;
}

static const char account_misused[] = "\"%s\" is neither a card number (16 digits) nor an account "
                                      "(32 hex digits).";

enum outcome session_account(const struct session *session, const char *text, json_t *body)
{
    char compact[TYPED_SIZE];
    const char *kind = typed_compact(text, compact) ? typed_kind(compact) : NULL;
    if (kind == NULL) {
        return session_misused(session, account_misused, text);
    }
    session_set(body, kind, compact);
    return OUTCOME_DONE;
}

enum outcome session_account_path(const struct session *session, const char *text,
                                  struct client_path *path)
{
    char compact[TYPED_SIZE];
    const char *kind = typed_compact(text, compact) ? typed_kind(compact) : NULL;
    if (kind == NULL) {
        return session_misused(session, account_misused, text);
    }
    if (strcmp(kind, "card") == 0) {
        client_path_query(path, kind, compact);
    } else {
        client_path_segment(path, compact);
    }
    return OUTCOME_DONE;
}

enum outcome session_currency(struct session *session)
{
    if (session->currency[0] != '\0') {
        return OUTCOME_DONE;
    }
    const char *given = session_option(session, "currency");
    if (given != NULL) {
        if (!money_text_is_currency(given)) {
            return session_misused(session, "--currency takes three capital letters, like CNY.");
        }
        (void)snprintf(session->currency, sizeof session->currency, "%s", given);
        return OUTCOME_DONE;
    }
    json_t *node = NULL;
    struct client_path path = client_path_of("/v1/node");
    enum outcome outcome = session_fetch(session, &path, &node);
    if (outcome != OUTCOME_DONE) {
        return outcome;
    }
    const char *own = output_text_at(node, "currency");
    if (money_text_is_currency(own)) {
        (void)snprintf(session->currency, sizeof session->currency, "%.3s", own);
    } else {
        outcome = session_refused(session, "The node does not name a currency: add --currency.");
    }
    json_decref(node);
    return outcome;
}

enum outcome session_money(struct session *session, const char *text, json_t **money)
{
    int64_t minor = 0;
    *money = NULL;
    enum outcome outcome = session_currency(session);
    if (outcome != OUTCOME_DONE) {
        return outcome;
    }
    if (!money_text_parse(text, session->currency, &minor)) {
        return session_misused(session, "\"%s\" is not an amount of %s; write it like 300.00.",
                               text, session->currency);
    }
    *money = json_pack("{s:I, s:s}", "minor", (json_int_t)minor, "currency", session->currency);
    assert(*money != NULL);
    return OUTCOME_DONE;
}

void session_set(json_t *body, const char *name, const char *text)
{
    if (text != NULL) {
        /* A text that is no UTF-8 stays as null, which the node refuses by its name. */
        json_t *value = json_string(text);
        json_object_set_new(body, name, value != NULL ? value : json_null());
    }
}

enum outcome session_account_id(struct session *session, const char *text, struct client_path *path)
{
    json_t *account = NULL;
    struct client_path lookup = client_path_of("/v1/accounts");
    enum outcome outcome = session_account_path(session, text, &lookup);
    if (outcome != OUTCOME_DONE) {
        return outcome;
    }
    if (!lookup.has_query) {
        *path = lookup;
        return OUTCOME_DONE;
    }
    outcome = session_fetch(session, &lookup, &account);
    if (outcome == OUTCOME_DONE) {
        client_path_segment(path, output_text_at(account, "account"));
    }
    json_decref(account);
    return outcome;
}
