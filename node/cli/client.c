#include "client.h"

#include "tally/bounds.h"

#include <curl/curl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    ATTEMPTS_MAX = 3,
    PAUSE_FIRST_MS = 200, /* doubled after each attempt */
    TIMEOUT_MS = 10000,
    CONNECT_TIMEOUT_MS = 3000,
    ANSWER_SIZE_MAX = 64 * 1024 * 1024,
};

struct client {
    CURL *curl;
    char url[CLIENT_URL_SIZE];
    char authorization[CLIENT_TOKEN_SIZE + 32]; /* "" = none */
};

/* The body as it comes in. */
struct received {
    char *data;
    size_t size;
};

static size_t receive(char *data, size_t one, size_t count, void *user)
{
    struct received *received = user;
    size_t size = one * count;
    if (size > ANSWER_SIZE_MAX - received->size) {
        return 0;
    }
    char *grown = realloc(received->data, received->size + size + 1);
    if (grown == NULL) {
        return 0;
    }
    memcpy(grown + received->size, data, size);
    received->data = grown;
    received->size += size;
    return size;
}

static bool url_is_sound(const char *url)
{
    bool known = strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0;
    return known && strlen(url) < CLIENT_URL_SIZE && strpbrk(url, " \t\r\n@?#") == NULL;
}

static bool token_is_sound(const char *token)
{
    for (const char *at = token; *at != '\0'; at++) {
        if (*at <= ' ' || *at > '~') {
            return false;
        }
    }
    return token[0] != '\0' && strlen(token) < CLIENT_TOKEN_SIZE;
}

/* Both protocols, no redirects, no proxy of the environment, which would be shown the token. */
static bool curl_prepare(CURL *curl, uint32_t timeout_ms)
{
    return curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS) ==
               CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)timeout_ms) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_USERAGENT, "tally") == CURLE_OK;
}

struct client *client_new(const struct client_options *options,
                          char problem[static CLIENT_PROBLEM_SIZE])
{
    if (!url_is_sound(options->url)) {
        (void)snprintf(problem, CLIENT_PROBLEM_SIZE,
                       "\"%.200s\" is not the address of a node; write http://host:port or "
                       "https://host:port.",
                       options->url);
        return NULL;
    }
    if (options->token != NULL && !token_is_sound(options->token)) {
        (void)snprintf(problem, CLIENT_PROBLEM_SIZE,
                       "The token is empty, too long, or holds characters that no token has.");
        return NULL;
    }
    struct client *client = calloc(1, sizeof *client);
    CURL *curl = curl_easy_init();
    uint32_t timeout_ms = options->timeout_ms > 0 ? options->timeout_ms : TIMEOUT_MS;
    if (client == NULL || curl == NULL || !curl_prepare(curl, timeout_ms)) {
        (void)snprintf(problem, CLIENT_PROBLEM_SIZE, "libcurl could not be set up.");
        curl_easy_cleanup(curl);
        free(client);
        return NULL;
    }
    client->curl = curl;
    (void)snprintf(client->url, sizeof client->url, "%s", options->url);
    size_t size = strlen(client->url);
    if (client->url[size - 1] == '/') {
        client->url[size - 1] = '\0';
    }
    if (options->token != NULL) {
        (void)snprintf(client->authorization, sizeof client->authorization,
                       "Authorization: Bearer %s", options->token);
    }
    return client;
}

void client_free(struct client *client)
{
    if (client == NULL) {
        return;
    }
    curl_easy_cleanup(client->curl);
    sodium_memzero(client->authorization, sizeof client->authorization);
    free(client);
}

void client_make_key(char key[static CLIENT_KEY_SIZE])
{
    uint8_t id[16];
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t now_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    randombytes_buf(id, sizeof id);
    for (size_t i = 0; i < 6; i++) {
        id[i] = (uint8_t)(now_ms >> (40 - 8 * i));
    }
    id[6] = (uint8_t)(0x70 | (id[6] & 0x0f));
    id[8] = (uint8_t)(0x80 | (id[8] & 0x3f));
    size_t at = 0;
    for (size_t i = 0; i < sizeof id; i++) {
        bool dash = i == 4 || i == 6 || i == 8 || i == 10;
        at += (size_t)snprintf(key + at, CLIENT_KEY_SIZE - at, "%s%02x", dash ? "-" : "", id[i]);
    }
}

bool client_key_is_sound(const char *key)
{
    for (const char *at = key; *at != '\0'; at++) {
        if (*at < ' ' || *at > '~') {
            return false;
        }
    }
    return key[0] != '\0' && key[0] != ' ' && strlen(key) <= IDEMPOTENCY_KEY_SIZE_MAX &&
           key[strlen(key) - 1] != ' ';
}

/* One exchange, ready to be sent as often as it takes. */
struct exchange {
    const char *path;
    char *body; /* NULL: a GET */
    const char *key;
};

static bool header_add(struct curl_slist **headers, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*headers, line);
    if (longer == NULL) {
        return false;
    }
    *headers = longer;
    return true;
}

static bool headers_make(const struct client *client, const struct exchange *exchange,
                         struct curl_slist **headers)
{
    char line[CLIENT_KEY_SIZE + 32];
    bool made = header_add(headers, "Accept: application/json");
    if (client->authorization[0] != '\0') {
        made = made && header_add(headers, client->authorization);
    }
    if (exchange->body != NULL) {
        (void)snprintf(line, sizeof line, "Idempotency-Key: %s", exchange->key);
        made = made && header_add(headers, "Content-Type: application/json") &&
               header_add(headers, line) && header_add(headers, "Expect:");
    }
    return made;
}

/* Sends once. What arrived is in `received`, also when it is not all. */
static CURLcode exchange_send(struct client *client, const struct exchange *exchange,
                              struct received *received, long *status)
{
    char url[CLIENT_URL_SIZE + CLIENT_PATH_SIZE];
    struct curl_slist *headers = NULL;
    CURLcode code = CURLE_OUT_OF_MEMORY;
    (void)snprintf(url, sizeof url, "%s%s", client->url, exchange->path);
    if (!headers_make(client, exchange, &headers)) {
        goto done;
    }
    curl_easy_setopt(client->curl, CURLOPT_URL, url);
    curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(client->curl, CURLOPT_WRITEDATA, received);
    if (exchange->body != NULL) {
        curl_easy_setopt(client->curl, CURLOPT_POST, 1L);
        curl_easy_setopt(client->curl, CURLOPT_POSTFIELDS, exchange->body);
        curl_easy_setopt(client->curl, CURLOPT_POSTFIELDSIZE, (long)strlen(exchange->body));
    } else {
        curl_easy_setopt(client->curl, CURLOPT_HTTPGET, 1L);
    }
    code = curl_easy_perform(client->curl);
    curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, status);
    curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, NULL);

done:
    curl_slist_free_all(headers);
    return code;
}

/* Nothing was sent, so nothing was done. */
static bool nothing_was_sent(CURLcode code)
{
    return code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST ||
           code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL ||
           code == CURLE_SSL_CONNECT_ERROR || code == CURLE_PEER_FAILED_VERIFICATION ||
           code == CURLE_OUT_OF_MEMORY;
}

static const char *reply_code(const struct client_reply *reply)
{
    const char *code = json_string_value(json_object_get(reply->body, "code"));
    return code != NULL ? code : "";
}

/* Turns what arrived into a reply. */
static enum outcome reply_read(struct client_reply *reply, const struct received *received)
{
    json_error_t error;
    reply->body = NULL;
    if (received->size > 0) {
        reply->body = json_loadb(received->data, received->size, JSON_REJECT_DUPLICATES, &error);
    }
    if (reply->status >= 200 && reply->status < 300) {
        if (reply->body == NULL) {
            (void)snprintf(reply->problem, sizeof reply->problem,
                           "What answered is not a node: status %ld without JSON.", reply->status);
            return OUTCOME_UNKNOWN;
        }
        return OUTCOME_DONE;
    }
    if (reply->body == NULL) {
        (void)snprintf(reply->problem, sizeof reply->problem,
                       "Status %ld without an explanation; is this the address of a node?",
                       reply->status);
    }
    if (strcmp(reply_code(reply), "unknown") == 0) {
        return OUTCOME_UNKNOWN;
    }
    return reply->status >= 500 && reply->body == NULL ? OUTCOME_UNKNOWN : OUTCOME_REFUSED;
}

static enum outcome attempt(struct client *client, const struct exchange *exchange,
                            struct client_reply *reply)
{
    struct received received = {0};
    *reply = (struct client_reply){0};
    CURLcode code = exchange_send(client, exchange, &received, &reply->status);
    enum outcome outcome = OUTCOME_UNREACHABLE;
    if (code == CURLE_OK) {
        outcome = reply_read(reply, &received);
    } else {
        reply->status = 0;
        (void)snprintf(reply->problem, sizeof reply->problem, "No answer from %.200s: %s.",
                       client->url, curl_easy_strerror(code));
        outcome = nothing_was_sent(code) ? OUTCOME_UNREACHABLE : OUTCOME_UNKNOWN;
    }
    free(received.data);
    return outcome;
}

enum outcome client_get(struct client *client, const char *path, struct client_reply *reply)
{
    struct exchange exchange = {.path = path};
    enum outcome outcome = attempt(client, &exchange, reply);
    /* A read changes nothing, so there is nothing to be uncertain about. */
    return outcome == OUTCOME_UNKNOWN ? OUTCOME_UNREACHABLE : outcome;
}

static void pause_ms(long milliseconds)
{
    struct timespec pause = {.tv_sec = milliseconds / 1000,
                             .tv_nsec = milliseconds % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

enum outcome client_post(struct client *client, const char *path, const json_t *body,
                         const char *key, struct client_reply *reply)
{
    struct exchange exchange = {.path = path, .body = json_dumps(body, JSON_COMPACT), .key = key};
    *reply = (struct client_reply){0};
    if (exchange.body == NULL) {
        (void)snprintf(reply->problem, sizeof reply->problem,
                       "The request is not valid UTF-8 text.");
        return OUTCOME_REFUSED;
    }
    enum outcome outcome = OUTCOME_UNREACHABLE;
    bool unknown_before = false;
    for (int i = 0; i < ATTEMPTS_MAX; i++) {
        json_decref(reply->body);
        outcome = attempt(client, &exchange, reply);
        bool busy = outcome == OUTCOME_REFUSED && strcmp(reply_code(reply), "busy") == 0;
        if (outcome == OUTCOME_UNREACHABLE && unknown_before) {
            outcome = OUTCOME_UNKNOWN;
        }
        unknown_before = unknown_before || outcome == OUTCOME_UNKNOWN;
        if ((outcome != OUTCOME_UNKNOWN && !busy) || i + 1 == ATTEMPTS_MAX) {
            break;
        }
        pause_ms((long)PAUSE_FIRST_MS << i);
    }
    free(exchange.body);
    return outcome;
}

struct client_path client_path_of(const char *start)
{
    struct client_path path = {0};
    path.size = (size_t)snprintf(path.text, sizeof path.text, "%s", start);
    return path;
}

static void path_append(struct client_path *path, const char *text, bool escape)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~";
    for (const char *at = text; *at != '\0'; at++) {
        char piece[4] = {*at, '\0'};
        if (escape && strchr(plain, *at) == NULL) {
            (void)snprintf(piece, sizeof piece, "%%%02X", (unsigned)(unsigned char)*at);
        }
        size_t size = strlen(piece);
        if (size >= sizeof path->text - path->size) {
            path->too_long = true;
            return;
        }
        memcpy(path->text + path->size, piece, size + 1);
        path->size += size;
    }
}

void client_path_segment(struct client_path *path, const char *segment)
{
    path_append(path, "/", false);
    path_append(path, segment, true);
}

void client_path_query(struct client_path *path, const char *name, const char *value)
{
    if (value == NULL) {
        return;
    }
    path_append(path, path->has_query ? "&" : "?", false);
    path_append(path, name, true);
    path_append(path, "=", false);
    path_append(path, value, true);
    path->has_query = true;
}
