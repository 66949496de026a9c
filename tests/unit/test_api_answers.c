/* Each answer of the node becomes the right JSON. */
#include "api_fixture.h"

static json_t *answered(struct api_call *call, const struct answer *answer, unsigned status)
{
    api_answer(call, answer);
    assert_int_equal(api_response(call)->status, status);
    json_t *json = response_json(call);
    api_end(call);
    return json;
}

static json_int_t minor_at(const json_t *json, const char *name)
{
    const json_t *money = json_object_get(json, name);
    assert_string_equal(text_at(money, "currency"), "CNY");
    return json_integer_value(json_object_get(money, "minor"));
}

static struct api_call *spending(void)
{
    return begin(TILL, "POST", "/v1/spends",
                 "{\"card\":\"" CARD "\",\"amount\":{\"minor\":3200,\"currency\":\"CNY\"}}");
}

static struct answer sold(void)
{
    return (struct answer){
        .kind = COMMAND_SPEND,
        .event = {journal_of(2, 1), 17, 0},
        .at_ms = INT64_C(1795298393123),
        .account = member_id,
        .currency = {'C', 'N', 'Y'},
        .principal = 2667,
        .bonus = 533,
        .balance = 32800,
        .usable_here = 2800,
        .pulled_ms = 41,
    };
}

static void a_sale_is_answered_with_what_it_took_and_left(void **state)
{
    (void)state;
    struct answer answer = sold();
    json_t *json = answered(spending(), &answer, 201);
    assert_string_equal(text_at(json, "event"), "2.1-17-0");
    assert_string_equal(text_at(json, "at"), "2026-11-21T21:59:53.123Z");
    assert_true(json_is_false(json_object_get(json, "replayed")));
    assert_string_equal(text_at(json, "account"), MEMBER);
    assert_int_equal(minor_at(json, "principal"), 2667);
    assert_int_equal(minor_at(json, "bonus"), 533);
    assert_int_equal(minor_at(json, "balance"), 32800);
    assert_int_equal(minor_at(json, "usable_here"), 2800);
    assert_int_equal(json_integer_value(json_object_get(json, "pulled_ms")), 41);
    json_decref(json);
}

static void a_refusal_by_the_rules_is_a_problem(void **state)
{
    (void)state;
    struct answer answer = {
        .verdict = REFUSED_RIGHTS, .kind = COMMAND_SPEND, .currency = {'C', 'N', 'Y'}, .offer = 2};
    struct api_call *call = spending();
    api_answer(call, &answer);
    assert_int_equal(api_response(call)->status, 409);
    assert_string_equal(api_response(call)->content_type, "application/problem+json");
    json_t *json = response_json(call);
    assert_string_equal(text_at(json, "code"), "rights");
    assert_int_equal(minor_at(json, "offer"), 2);
    json_decref(json);
    api_end(call);
}

static void an_unknown_outcome_says_repeat_and_never_failed(void **state)
{
    (void)state;
    struct answer answer = sold();
    answer.unknown = true;
    struct api_call *call = spending();
    api_answer(call, &answer);
    assert_int_equal(api_response(call)->status, 503);
    assert_string_equal(api_response(call)->headers[0].name, "Retry-After");
    json_t *json = response_json(call);
    assert_string_equal(text_at(json, "code"), "unknown");
    assert_non_null(strstr(text_at(json, "detail"), "same Idempotency-Key"));
    assert_null(json_object_get(json, "event"));
    json_decref(json);
    api_end(call);
}

static void busy_is_503_with_a_time_to_wait(void **state)
{
    (void)state;
    struct api_call *call = spending();
    api_refuse_busy(call);
    assert_null(api_request(call));
    assert_int_equal(api_response(call)->status, 503);
    assert_string_equal(api_response(call)->headers[0].name, "Retry-After");
    json_t *json = response_json(call);
    assert_string_equal(text_at(json, "code"), "busy");
    json_decref(json);
    api_end(call);
}

/* The core may still look at the request of a call that was given up. */
static void giving_up_leaves_the_request_as_it_was(void **state)
{
    (void)state;
    struct api_call *call = spending();
    struct request *request = asked(call, COMMAND_SPEND);
    struct request before = *request;
    api_refuse_unknown(call);
    assert_memory_equal(request, &before, sizeof before);
    assert_text(request->body.spend.account.card, CARD);
    api_end(call);
}

static void a_ticket_tells_the_answer_of_then(void **state)
{
    (void)state;
    struct answer answer = sold();
    answer.replayed = true;
    json_t *json = answered(begin(TILL, "GET", "/v1/tickets/key-1", NULL), &answer, 200);
    assert_string_equal(text_at(json, "operation"), "spend");
    assert_string_equal(text_at(json, "code"), "allowed");
    assert_string_equal(text_at(json, "event"), "2.1-17-0");
    assert_int_equal(minor_at(json, "principal"), 2667);
    json_decref(json);
}

static void a_ticket_tells_the_refusal_of_then(void **state)
{
    (void)state;
    struct answer answer = {.kind = COMMAND_SPEND, .verdict = REFUSED_FROZEN, .replayed = true};
    json_t *json = answered(begin(TILL, "GET", "/v1/tickets/key-1", NULL), &answer, 200);
    assert_string_equal(text_at(json, "code"), "frozen");
    assert_int_equal(json_integer_value(json_object_get(json, "status")), 409);
    json_decref(json);
}

static void a_key_never_used_is_404(void **state)
{
    (void)state;
    struct answer answer = {.kind = QUERY_TICKET, .verdict = REFUSED_UNKNOWN_KEY};
    json_t *json = answered(begin(TILL, "GET", "/v1/tickets/key-9", NULL), &answer, 404);
    assert_string_equal(text_at(json, "code"), "unknown_key");
    json_decref(json);
}

static void every_command_s_answer_is_told_by_its_ticket(void **state)
{
    (void)state;
    for (enum command_kind kind = COMMAND_ENROL; kind <= COMMAND_INVITE; kind++) {
        struct answer answer = sold();
        answer.kind = kind;
        json_t *json = answered(begin(TILL, "GET", "/v1/tickets/key-1", NULL), &answer, 200);
        assert_string_not_equal(text_at(json, "operation"), "unknown");
        json_decref(json);
    }
}

static void an_account_shows_lots_and_their_holders(void **state)
{
    (void)state;
    struct api_call *call = begin(TILL, "GET", "/v1/accounts?card=" CARD, NULL);
    struct page *page = asked(call, QUERY_ACCOUNT)->page;
    struct account_view *view = &page->rows.account;
    *view = (struct account_view){
        .account = member_id,
        .product = 1,
        .version = 2,
        .product_name = "Gold<br>",
        .product_name_size = 8,
        .currency = {'C', 'N', 'Y'},
        .card_count = 1,
        .principal = 300,
        .bonus = 60,
        .usable_here = 100,
        .elsewhere = 260,
        .lot_count = 1,
        .silent_branches = 2,
        .as_of_ms = INT64_C(1795298393123),
    };
    memcpy(view->cards[0], CARD, CARD_NUMBER_SIZE);
    view->lots[0] = (struct lot_view){.bucket = BUCKET_BONUS,
                                      .from_day = 1,
                                      .left = 60,
                                      .here = 60,
                                      .holder_count = 1,
                                      .holders = {{journal_of(2, 1), 60}}};
    struct answer answer = {.kind = QUERY_ACCOUNT, .page = page};
    json_t *json = answered(call, &answer, 200);
    assert_string_equal(text_at(json, "account"), MEMBER);
    assert_int_equal(minor_at(json, "balance"), 360);
    assert_int_equal(minor_at(json, "usable_here"), 100);
    assert_int_equal(minor_at(json, "elsewhere"), 260);
    assert_true(json_is_false(json_object_get(json, "frozen")));
    assert_int_equal(json_integer_value(json_object_get(json, "silent_branches")), 2);
    assert_string_equal(text_at(json, "as_of"), "2026-11-21T21:59:53.123Z");
    assert_string_equal(text_at(json_object_get(json, "product"), "name"), "Gold<br>");
    const json_t *cards = json_object_get(json, "cards");
    assert_string_equal(json_string_value(json_array_get(cards, 0)), CARD);
    const json_t *lot = json_array_get(json_object_get(json, "lots"), 0);
    assert_string_equal(text_at(lot, "bucket"), "bonus");
    assert_string_equal(text_at(lot, "valid_from"), "1970-01-02");
    assert_true(json_is_null(json_object_get(lot, "valid_to")));
    const json_t *holder = json_array_get(json_object_get(lot, "holders"), 0);
    assert_string_equal(text_at(holder, "journal"), "2.1");
    assert_int_equal(minor_at(holder, "held"), 60);
    json_decref(json);
}

static void a_member_shows_what_this_node_can_read(void **state)
{
    (void)state;
    struct api_call *call = begin(TILL, "GET", "/v1/members/" MEMBER, NULL);
    struct page *page = asked(call, QUERY_MEMBER)->page;
    struct member_view *view = &page->rows.member;
    *view = (struct member_view){
        .member = member_id, .home_branch = 2, .field_count = 2, .account_count = 1};
    view->fields[0].field = FIELD_NAME;
    view->fields[0].size = 6;
    memcpy(view->fields[0].text, "Li Lei", 6);
    view->fields[1].field = FIELD_PHONE;
    view->fields[1].locked = true;
    view->accounts[0] = member_id;
    struct answer answer = {.kind = QUERY_MEMBER, .page = page};
    json_t *json = answered(call, &answer, 200);
    assert_string_equal(text_at(json_object_get(json, "fields"), "name"), "Li Lei");
    assert_null(json_object_get(json_object_get(json, "fields"), "phone"));
    assert_string_equal(json_string_value(json_array_get(json_object_get(json, "locked"), 0)),
                        "phone");
    assert_int_equal(json_array_size(json_object_get(json, "accounts")), 1);
    json_decref(json);
}

static void a_page_says_whether_there_is_more_and_how_fresh_it_is(void **state)
{
    (void)state;
    struct api_call *call = begin(TILL, "GET", "/v1/accounts/" MEMBER "/events", NULL);
    struct page *page = asked(call, QUERY_HISTORY)->page;
    page->count = 1;
    page->more = true;
    page->cursor_size = 2;
    memcpy(page->cursor, "\x00\xff", 2);
    page->as_of_ms = 1;
    page->frontier.bytes[0] = 0xab;
    page->rows.history[0] = (struct history_entry){.event = {journal_of(2, 1), 17, 0},
                                                   .at_ms = 1,
                                                   .type = EVENT_RIGHTS_MOVE,
                                                   .principal = -5,
                                                   .to_journal = journal_of(3, 1),
                                                   .moved = 9};
    struct answer answer = {.kind = QUERY_HISTORY, .page = page, .currency = {'C', 'N', 'Y'}};
    json_t *json = answered(call, &answer, 200);
    assert_true(json_is_true(json_object_get(json, "more")));
    assert_string_equal(text_at(json, "cursor"), "AP8");
    assert_string_equal(text_at(json, "as_of"), "1970-01-01T00:00:00.001Z");
    assert_memory_equal(text_at(json, "frontier"), "ab00", 4);
    const json_t *entry = json_array_get(json_object_get(json, "entries"), 0);
    assert_string_equal(text_at(entry, "type"), "rights_move");
    assert_int_equal(minor_at(entry, "principal"), -5);
    assert_string_equal(text_at(entry, "to"), "3.1");
    assert_int_equal(minor_at(entry, "moved"), 9);
    assert_true(json_is_null(json_object_get(entry, "balance_after")));
    json_decref(json);
}

/* Pages filled to the brim, with extreme numbers: nothing overflows, all of it is JSON. */
static void full_pages_are_JSON(void **state)
{
    (void)state;
    static const char history[] = "/v1/accounts/" MEMBER "/events";
    static const char *const targets[] = {
        history,        "/v1/feed",        "/v1/invalid",          "/v1/branches",
        "/v1/products", "/v1/office/days", "/v1/office/liability", "/v1/office/holders",
    };
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        struct api_call *call = begin(OPERATOR, "GET", targets[i], NULL);
        struct request *request = api_request(call);
        assert_non_null(request);
        struct page *page = request->page;
        memset(&page->rows, 0, sizeof page->rows);
        page->count = PAGE_ENTRIES_MAX;
        for (size_t k = 0; k < PAGE_ENTRIES_MAX; k++) {
            if (request->kind == QUERY_HISTORY) {
                page->rows.history[k].type = 65535;
                page->rows.history[k].verdict = EVENT_INVALID;
            } else if (request->kind == QUERY_PRODUCTS) {
                page->rows.products[k].step_count = BONUS_STEPS_MAX;
                page->rows.products[k].name_size = NAME_SIZE_MAX;
            }
        }
        struct answer answer = {.kind = request->kind, .page = page};
        json_t *json = answered(call, &answer, 200);
        assert_int_equal(json_array_size(json_object_get(json, "entries")), PAGE_ENTRIES_MAX);
        json_decref(json);
    }
}

static void a_node_tells_who_and_how_it_is(void **state)
{
    (void)state;
    struct api_call *call = begin(TILL, "GET", "/v1/node", NULL);
    struct page *page = asked(call, QUERY_NODE)->page;
    page->rows.node = (struct node_view){.journal = journal_of(2, 1),
                                         .name = "Harbour",
                                         .name_size = 7,
                                         .roles = ROLE_SELL | ROLE_RELAY,
                                         .head_seq = 17,
                                         .synced = true};
    struct answer answer = {.kind = QUERY_NODE, .page = page};
    json_t *json = answered(call, &answer, 200);
    assert_string_equal(text_at(json, "journal"), "2.1");
    assert_string_equal(text_at(json, "name"), "Harbour");
    assert_int_equal(json_array_size(json_object_get(json, "roles")), 2);
    assert_int_equal(json_integer_value(json_object_get(json, "head_seq")), 17);
    assert_true(json_is_true(json_object_get(json, "synced")));
    json_decref(json);
}

static void an_invitation_tells_until_when(void **state)
{
    (void)state;
    struct api_call *call =
        begin(OPERATOR, "POST", "/v1/invitations", "{\"name\":\"Harbour\",\"hours\":2}");
    struct answer answer = {.kind = COMMAND_INVITE,
                            .at_ms = INT64_C(1795298393123),
                            .branch = 5,
                            .token_size = 3,
                            .token = {'a', 'b', 'c'}};
    json_t *json = answered(call, &answer, 201);
    assert_string_equal(text_at(json, "token"), "abc");
    assert_string_equal(text_at(json, "until"), "2026-11-21T23:59:53.123Z");
    assert_int_equal(json_integer_value(json_object_get(json, "branch")), 5);
    assert_true(json_is_null(json_object_get(json, "event")));
    json_decref(json);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_sale_is_answered_with_what_it_took_and_left),
        TEST(a_refusal_by_the_rules_is_a_problem),
        TEST(an_unknown_outcome_says_repeat_and_never_failed),
        TEST(busy_is_503_with_a_time_to_wait),
        TEST(giving_up_leaves_the_request_as_it_was),
        TEST(a_ticket_tells_the_answer_of_then),
        TEST(a_ticket_tells_the_refusal_of_then),
        TEST(a_key_never_used_is_404),
        TEST(every_command_s_answer_is_told_by_its_ticket),
        TEST(an_account_shows_lots_and_their_holders),
        TEST(a_member_shows_what_this_node_can_read),
        TEST(a_page_says_whether_there_is_more_and_how_fresh_it_is),
        TEST(full_pages_are_JSON),
        TEST(a_node_tells_who_and_how_it_is),
        TEST(an_invitation_tells_until_when),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
