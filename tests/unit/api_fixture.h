/* An API over a file of tokens in memory, and calls on it without a listener. For one test program
 * each: it defines the seam of node/api/auth.h. */
#ifndef API_FIXTURE_H
#define API_FIXTURE_H

#include "api.h"
#include "auth.h"
#include "call.h"
#include "hash.h"
#include "json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

/* The file of tokens. */
static struct {
    uint8_t text[TOKENS_FILE_SIZE_MAX];
    size_t size;
    bool absent;
    enum status failure; /* of every replacement */
    uint32_t replacements;
} token_file;

enum status tokens_file_read(const char *path, struct buffer *content)
{
    (void)path;
    if (token_file.absent) {
        return STATUS_NOT_FOUND;
    }
    return buffer_append(content, bytes_of(token_file.text, token_file.size)) ? STATUS_OK
                                                                              : STATUS_TOO_LARGE;
}

enum status tokens_file_replace(const char *path, struct bytes content)
{
    (void)path;
    if (token_file.failure != STATUS_OK) {
        return token_file.failure;
    }
    assert_true(content.size <= sizeof token_file.text);
    memcpy(token_file.text, content.data, content.size);
    token_file.size = content.size;
    token_file.absent = false;
    token_file.replacements++;
    return STATUS_OK;
}

enum fixture_till {
    NOBODY,
    TILL,
    MANAGER,
    OFFICE_DESK,
    OPERATOR,
};

/* Tills 1 to 4, in the order of enum fixture_till. */
static struct {
    struct api *api;
    char authorization[5][64];
} fixture;

static inline int fixture_set_up(void **state)
{
    static const uint8_t roles[] = {0, TOKEN_TILL, TOKEN_MANAGER, TOKEN_OFFICE, TOKEN_OPERATOR};
    char problem[256] = "";
    (void)state;
    token_file.absent = true;
    token_file.failure = STATUS_OK;
    struct auth *auth = auth_load("tokens", true, problem, sizeof problem);
    assert_non_null(auth);
    for (uint32_t i = TILL; i <= OPERATOR; i++) {
        char name[16];
        char text[TOKEN_TEXT_SIZE + 1];
        const struct token *token = NULL;
        (void)snprintf(name, sizeof name, "till %u", i);
        assert_int_equal(auth_create(auth, bytes_of(name, strlen(name)), roles[i], &token, text),
                         STATUS_OK);
        assert_int_equal(token->till, i);
        (void)snprintf(fixture.authorization[i], sizeof fixture.authorization[i], "Bearer %s",
                       text);
    }
    auth_free(auth);
    fixture.api = api_new("tokens", problem, sizeof problem);
    assert_non_null(fixture.api);
    return 0;
}

static inline int fixture_tear_down(void **state)
{
    (void)state;
    api_free(fixture.api);
    fixture.api = NULL;
    return 0;
}

/* A request as a client with everything in order would send it. `body` NULL for none. */
static inline struct api_http http_of(enum fixture_till till, const char *method,
                                      const char *target, const char *body)
{
    return (struct api_http){
        .method = method,
        .target = target,
        .body = bytes_of(body == NULL ? "" : body, body == NULL ? 0 : strlen(body)),
        .authorization = till == NOBODY ? NULL : fixture.authorization[till],
        .idempotency_key = body == NULL ? NULL : "key-1",
        .content_type = body == NULL ? NULL : "application/json",
        .peer_address = "::1",
    };
}

static inline struct api_call *begin(enum fixture_till till, const char *method, const char *target,
                                     const char *body)
{
    struct api_http http = http_of(till, method, target, body);
    return api_begin(fixture.api, &http);
}

/* The body of the response as text; freed by the caller. */
static inline char *response_text(struct api_call *call)
{
    struct bytes body = api_response(call)->body;
    char *text = calloc(1, body.size + 1);
    assert_non_null(text);
    if (body.size > 0) {
        memcpy(text, body.data, body.size);
    }
    return text;
}

static inline json_t *response_json(struct api_call *call)
{
    struct bytes body = api_response(call)->body;
    json_error_t error;
    json_t *json = json_loadb((const char *)body.data, body.size, JSON_REJECT_DUPLICATES, &error);
    if (json == NULL) {
        fail_msg("the response is no JSON: %s: %.*s", error.text, (int)body.size,
                 (const char *)body.data);
    }
    return json;
}

static inline const char *text_at(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "(none)" : text;
}

/* Ends the call: it was refused with this status and code, and nobody is to be asked. */
static inline void assert_refused(struct api_call *call, unsigned status, const char *code)
{
    assert_null(api_request(call));
    json_t *problem = response_json(call);
    if (api_response(call)->status != status || strcmp(text_at(problem, "code"), code) != 0) {
        fail_msg("%u %s instead of %u %s: %s", api_response(call)->status, text_at(problem, "code"),
                 status, code, text_at(problem, "detail"));
    }
    assert_string_equal(api_response(call)->content_type, "application/problem+json");
    assert_int_equal(json_integer_value(json_object_get(problem, "status")), status);
    assert_true(strlen(text_at(problem, "detail")) > 20);
    json_decref(problem);
    api_end(call);
}

#define MEMBER "0123456789abcdef0123456789abcdef"
#define CARD "8000020010000017"

static const struct subject_id member_id = {{0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x01,
                                             0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef}};

/* The request that is to be put to the node; fails with what was said instead. */
static inline struct request *asked(struct api_call *call, enum command_kind kind)
{
    struct request *request = api_request(call);
    if (request == NULL) {
        fail_msg("refused: %.*s", (int)api_response(call)->body.size,
                 (const char *)api_response(call)->body.data);
        abort();
    }
    assert_int_equal(request->kind, kind);
    assert_int_equal(request->staff, 0);
    return request;
}

static inline void assert_text(struct bytes actual, const char *expected)
{
    if (!bytes_equal(actual, bytes_of(expected, strlen(expected)))) {
        fail_msg("\"%.*s\" instead of \"%s\"", (int)actual.size, (const char *)actual.data,
                 expected);
    }
}

#endif
