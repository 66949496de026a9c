/* A request to the API from arbitrary bytes: the first chooses the route, the others are its body,
 * or its query. It becomes a typed request within bounds, or a 4xx; the same wish in canonical form
 * becomes the same request; and every answer is JSON. */
#include "api.h"
#include "auth.h"
#include "json.h"
#include "route.h"
#include "text.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t tokens_memory[TOKENS_FILE_SIZE_MAX];
static size_t tokens_size;
static char authorization[64];

enum status tokens_file_read(const char *path, struct buffer *content)
{
    (void)path;
    return buffer_append(content, bytes_of(tokens_memory, tokens_size)) ? STATUS_OK
                                                                        : STATUS_TOO_LARGE;
}

enum status tokens_file_replace(const char *path, struct bytes content)
{
    (void)path;
    memcpy(tokens_memory, content.data, content.size);
    tokens_size = content.size;
    return STATUS_OK;
}

static struct api *the_api(void)
{
    static struct api *api;
    char problem[256];
    char text[TOKEN_TEXT_SIZE + 1];
    const struct token *token = NULL;
    if (api == NULL) {
        struct auth *auth = auth_load("tokens", true, problem, sizeof problem);
        enum status status = auth_create(auth, bytes_of("fuzz", 4), TOKEN_OPERATOR, &token, text);
        assert(status == STATUS_OK);
        (void)status;
        auth_free(auth);
        (void)snprintf(authorization, sizeof authorization, "Bearer %s", text);
        api = api_new("tokens", problem, sizeof problem);
        assert(api != NULL);
    }
    return api;
}

static const char *const posts[] = {
    "/v1/spends",  "/v1/topups",    "/v1/refunds", "/v1/members",  "/v1/cards",
    "/v1/freezes", "/v1/unfreezes", "/v1/moves",   "/v1/products", "/v1/invitations"};
static const char *const gets[] = {"/v1/accounts?",
                                   "/v1/members?",
                                   "/v1/accounts/0123456789abcdef0123456789abcdef/events?",
                                   "/v1/sales/",
                                   "/v1/tickets/",
                                   "/v1/office/days?",
                                   "/v1/feed?",
                                   "/"};

enum {
    POSTS = sizeof posts / sizeof posts[0],
    GETS = sizeof gets / sizeof gets[0],
};

static struct api_call *post(size_t route, struct bytes body)
{
    const struct api_http http = {.method = "POST",
                                  .target = posts[route],
                                  .body = body,
                                  .authorization = authorization,
                                  .idempotency_key = "key",
                                  .content_type = "application/json"};
    return api_begin(the_api(), &http);
}

static struct api_call *get(size_t route, struct bytes rest)
{
    char target[4096];
    size_t start = strlen(gets[route]);
    size_t size = rest.size < sizeof target - start - 1 ? rest.size : sizeof target - start - 1;
    memcpy(target, gets[route], start);
    memcpy(target + start, rest.data, size);
    target[start + size] = 0;
    const struct api_http http = {
        .method = "GET", .target = target, .authorization = authorization};
    return api_begin(the_api(), &http);
}

static void check_account(const struct account_name *account)
{
    bool by_id = !id_is_none(account->account.bytes, 16);
    assert(by_id != (account->card.size == CARD_NUMBER_SIZE));
    assert(by_id || card_is_formed(account->card));
    (void)by_id;
}

static void check_command(const struct request *request)
{
    if (request->kind == COMMAND_SPEND) {
        check_account(&request->body.spend.account);
        assert(request->body.spend.amount >= 1 && request->body.spend.amount <= AMOUNT_MAX);
        assert(text_is_currency(request->body.spend.currency));
        assert(request->body.spend.item_count <= SALE_ITEMS_MAX);
        for (uint32_t i = 0; i < request->body.spend.item_count; i++) {
            assert(text_is_sound(request->body.spend.items[i].name, ITEM_NAME_SIZE_MAX));
        }
    } else if (request->kind == COMMAND_TOP_UP) {
        check_account(&request->body.top_up.account);
        assert(request->body.top_up.amount >= 1 && request->body.top_up.amount <= AMOUNT_MAX);
    } else if (request->kind == COMMAND_MOVE) {
        check_account(&request->body.move.account);
        assert(request->body.move.amount >= 1 && request->body.move.branch >= 1);
    } else if (request->kind == COMMAND_ENROL) {
        assert(request->body.enrol.field_count >= 1);
        assert(request->body.enrol.field_count <= MEMBER_FIELDS_MAX);
    } else if (request->kind == COMMAND_PUBLISH_PRODUCT) {
        assert(request->body.product.step_count <= BONUS_STEPS_MAX);
    }
}

/* The same wish, typed canonically. */
static void check_round_trip(size_t route, const struct api_call *call)
{
    char *text = json_dumps(call->body, JSON_COMPACT | JSON_SORT_KEYS);
    assert(text != NULL);
    struct api_call *again = post(route, bytes_of(text, strlen(text)));
    assert(again->asks);
    assert(memcmp(again->request.request_hash, call->request.request_hash, 16) == 0);
    api_end(again);
    free(text);
}

static void check_response(struct api_call *call, unsigned least, unsigned most)
{
    const struct api_response *response = api_response(call);
    assert(response->status >= least && response->status <= most);
    if (strstr(response->content_type, "json") != NULL) {
        json_error_t error;
        json_t *json = json_loadb((const char *)response->body.data, response->body.size,
                                  JSON_REJECT_DUPLICATES, &error);
        assert(json != NULL);
        json_decref(json);
    }
    (void)least;
    (void)most;
}

static void answer(struct api_call *call, uint8_t verdict)
{
    struct request *request = api_request(call);
    struct answer said = {.kind = request->kind,
                          .verdict = verdict % VERDICT_COUNT,
                          .page = request->page,
                          .currency = {'C', 'N', 'Y'}};
    if (request->page != NULL) {
        memset(&request->page->rows, 0, sizeof request->page->rows);
        request->page->count = 1;
    }
    api_answer(call, &said);
    check_response(call, 200, 507);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    size_t route = data[0] % (POSTS + GETS);
    struct bytes rest = bytes_of(data + 2, size - 2);
    struct api_call *call = route < POSTS ? post(route, rest) : get(route - POSTS, rest);
    if (api_request(call) == NULL) {
        check_response(call, route < POSTS ? 400 : 200, 503);
    } else {
        check_command(api_request(call));
        if (route < POSTS) {
            check_round_trip(route, call);
        }
        answer(call, data[1]);
    }
    api_end(call);
    return 0;
}
