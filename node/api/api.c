#include "api.h"

#include "api_state.h"
#include "hash.h"
#include "route.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum { REQUEST_PLACE_SIZE = 256 }; /* a pattern, and what a path names */

struct api *api_new(const char *tokens_path, char *problem, size_t problem_size)
{
    struct auth *auth = auth_load(tokens_path, false, problem, problem_size);
    if (auth == NULL) {
        return NULL;
    }
    struct api *api = calloc(1, sizeof *api);
    if (api == NULL) {
        abort();
    }
    json_object_seed(0);
    api->auth = auth;
    api->health = (struct api_health){.alive = true, .reason = "The node is starting."};
    pthread_mutex_init(&api->publishing, NULL);
    return api;
}

void api_free(struct api *api)
{
    if (api == NULL) {
        return;
    }
    auth_free(api->auth);
    pthread_mutex_destroy(&api->publishing);
    free(api->metrics);
    free(api);
}

void api_set_health(struct api *api, const struct api_health *health)
{
    pthread_mutex_lock(&api->publishing);
    api->health = *health;
    pthread_mutex_unlock(&api->publishing);
}

void api_set_metrics(struct api *api, const char *text, size_t size)
{
    char *copy = malloc(size == 0 ? 1 : size);
    if (copy == NULL) {
        abort();
    }
    memcpy(copy, text, size);
    pthread_mutex_lock(&api->publishing);
    char *old = api->metrics;
    api->metrics = copy;
    api->metrics_size = size;
    pthread_mutex_unlock(&api->publishing);
    free(old);
}

void api_set_zone(struct api *api, int32_t zone_minutes)
{
    atomic_store(&api->zone_minutes, zone_minutes);
}

int32_t call_zone_minutes(const struct api_call *call)
{
    return atomic_load(&call->api->zone_minutes);
}

bool api_knows(const struct api *api, const char *authorization)
{
    return auth_check(api->auth, authorization) != NULL;
}

/* Path and method. */
static void route_call(struct api_call *call, const struct api_http *http)
{
    const char *why = NULL;
    call->target_memory = malloc(strlen(http->target) + 1);
    if (call->target_memory == NULL) {
        abort();
    }
    if (!target_parse(http->target, call->target_memory, &call->target, &why)) {
        call_refuse(call, PROBLEM_TARGET, NULL, "Refused: %s", why);
        return;
    }
    call->route = route_find(http->method, &call->target, call->allow, sizeof call->allow);
    if (call->route != NULL) {
        return;
    }
    if (call->allow[0] == 0) {
        call_refuse(call, PROBLEM_NOT_FOUND, NULL,
                    "There is nothing at this address. /openapi.yaml lists all there are.");
    } else {
        call_header(call, "Allow", call->allow);
        call_refuse(call, PROBLEM_METHOD, NULL, "Refused: at this address there is only %s.",
                    call->allow);
    }
}

/* Says nothing about which of the reasons it was. */
static void authorise_call(struct api_call *call, const struct api_http *http)
{
    if (call->refused || call->route->roles == 0) {
        return;
    }
    call->token = auth_check(call->api->auth, http->authorization);
    if (call->token == NULL) {
        call_refuse(call, PROBLEM_TOKEN, NULL,
                    "Refused: this address needs a token that this node knows. Send the header "
                    "\"Authorization: Bearer tk_...\"; an operator makes tokens with "
                    "POST /v1/tills.");
    } else if ((call->token->role & call->route->roles) == 0) {
        call_refuse(call, PROBLEM_FORBIDDEN, NULL,
                    "Refused: a token with the role %s may not do this. Ask somebody whose token "
                    "may, or an operator for another one.",
                    token_role_name(call->token->role));
    } else {
        call->request.till = call->token->till;
    }
}

/* "application/json", with or without parameters. */
static bool is_json(const char *content_type)
{
    static const char json[] = "application/json";
    if (content_type == NULL || strncasecmp(content_type, json, sizeof json - 1) != 0) {
        return false;
    }
    char next = content_type[sizeof json - 1];
    return next == 0 || next == ';' || next == ' ' || next == '\t';
}

static void read_body(struct api_call *call, const struct api_http *http)
{
    char why[200];
    if (call->refused || (call->route->needs & ROUTE_BODY) == 0) {
        return;
    }
    if (!is_json(http->content_type)) {
        call_refuse(call, PROBLEM_CONTENT_TYPE, NULL,
                    "Refused: send the body as JSON, with the header \"Content-Type: "
                    "application/json\".");
        return;
    }
    call->body = json_parse_object(http->body, why, sizeof why);
    if (call->body == NULL) {
        call_refuse(call, PROBLEM_JSON, NULL, "Refused: %s Send one JSON object.", why);
    }
}

bool key_is_sound(struct bytes key)
{
    for (size_t i = 0; i < key.size; i++) {
        if (key.data[i] < 0x20 || key.data[i] > 0x7e) {
            return false;
        }
    }
    return key.size >= 1 && key.size <= IDEMPOTENCY_KEY_SIZE_MAX;
}

static void read_key(struct api_call *call, const struct api_http *http)
{
    if (call->refused || (call->route->needs & ROUTE_KEY) == 0) {
        return;
    }
    const char *text = http->idempotency_key;
    struct bytes key = bytes_of(text, text == NULL ? 0 : strlen(text));
    if (!key_is_sound(key)) {
        call_refuse(call, PROBLEM_KEY, NULL,
                    "Refused: a request that changes something needs the header "
                    "\"Idempotency-Key\" with 1 to %d printable ASCII characters, new for each "
                    "wish and the same when it is repeated.",
                    IDEMPOTENCY_KEY_SIZE_MAX);
        return;
    }
    call->request.ticket = hash_ticket(call->token->till, key);
}

static struct page *page_new(void)
{
    struct page *page = malloc(sizeof *page);
    if (page == NULL) {
        abort();
    }
    memset(page, 0, offsetof(struct page, rows));
    return page;
}

/* The handler's turn; then everything that is the same for all. */
static void read_request(struct api_call *call)
{
    if (call->refused) {
        return;
    }
    call->request.kind = call->route->kind;
    call->route->read(call);
    query_done(call);
    if (call->refused || call->route->kind == 0) {
        return;
    }
    if (command_is_query(call->route->kind)) {
        call->page = page_new();
        call->request.page = call->page;
        if (call->request.page_limit == 0) {
            call->request.page_limit = PAGE_ENTRIES_MAX;
        }
    } else {
        /* What a path names is part of what was asked. */
        char place[REQUEST_PLACE_SIZE];
        struct bytes named =
            call->target.segment_count > 3 ? call->target.segments[2] : bytes_of("", 0);
        (void)snprintf(place, sizeof place, "%s%.*s", call->route->pattern, (int)named.size,
                       (const char *)named.data);
        json_hash_request(call->route->method, place, call->body, call->request.request_hash);
    }
    call->asks = true;
}

struct api_call *api_begin(struct api *api, const struct api_http *http)
{
    struct api_call *call = calloc(1, sizeof *call);
    if (call == NULL) {
        abort();
    }
    call->api = api;
    call->request.cursor = bytes_of("", 0);
    route_call(call, http);
    authorise_call(call, http);
    read_key(call, http);
    read_body(call, http);
    read_request(call);
    assert(call->asks != call->ready);
    return call;
}

struct request *api_request(struct api_call *call)
{
    return call->asks ? &call->request : NULL;
}

/* As of what the answer speaks. */
static void render_freshness(struct render *out, const struct page *page)
{
    render_hex(out, "frontier", BYTES_OF(page->frontier.bytes));
    render_time(out, "as_of", page->as_of_ms);
    render_count(out, "silent_branches", page->silent_branches);
}

static void render_cursor(struct render *out, const struct page *page)
{
    char text[sodium_base64_ENCODED_LEN(sizeof page->cursor,
                                        sodium_base64_VARIANT_URLSAFE_NO_PADDING)];
    render_truth(out, "more", page->more);
    if (page->more && page->cursor_size > 0 && page->cursor_size <= sizeof page->cursor) {
        sodium_bin2base64(text, sizeof text, page->cursor, page->cursor_size,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING);
        render_string(out, "cursor", text);
    } else {
        render_null(out, "cursor");
    }
}

void call_render_fact(struct api_call *call, const struct answer *answer)
{
    render_ref(&call->out, "event", answer->event);
    render_time(&call->out, "at", answer->at_ms);
    render_truth(&call->out, "replayed", answer->replayed);
}

static void render_success(struct api_call *call, const struct answer *answer)
{
    struct render *out = &call->out;
    bool query = command_is_query(call->route->kind);
    out->size = 0;
    out->comma = false;
    render_open(out, NULL, '{');
    if (!query) {
        call_render_fact(call, answer);
    }
    call->route->render(call, answer);
    if ((call->route->needs & ROUTE_ROWS) != 0) {
        render_cursor(out, call->page);
    }
    if ((call->route->needs & ROUTE_FRESH) != 0) {
        render_freshness(out, call->page);
    }
    render_close(out, '}');
    call_finish(call, query ? 200 : 201, "application/json");
}

void api_answer(struct api_call *call, const struct answer *answer)
{
    assert(call->asks && !call->ready);
    /* An old refusal is what was asked for, not a refusal of this question. */
    bool told = call->route->kind == QUERY_TICKET && answer->verdict != REFUSED_UNKNOWN_KEY &&
                verdict_is_stored(answer->verdict);
    if (answer->unknown) {
        api_refuse_unknown(call);
    } else if (answer->verdict != VERDICT_ALLOWED && !told) {
        call_refuse_answer(call, answer);
    } else {
        render_success(call, answer);
    }
}

void api_refuse_busy(struct api_call *call)
{
    call_refuse_verdict(call, REFUSED_BUSY);
}

void api_refuse_unknown(struct api_call *call)
{
    call_refuse(call, PROBLEM_UNKNOWN, NULL,
                "The node could not tell in time what became of this: it may have happened. Send "
                "the same request with the same Idempotency-Key again; it happens at most once.");
}

const struct api_response *api_response(const struct api_call *call)
{
    assert(call->ready);
    return &call->response;
}

void api_end(struct api_call *call)
{
    if (call == NULL) {
        return;
    }
    json_decref(call->body);
    render_free(&call->out);
    free(call->target_memory);
    free(call->page);
    free(call);
}
