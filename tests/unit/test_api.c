/* Each route becomes the right typed request, and each answer the right JSON. */
#include "api_fixture.h"

#define MEMBER "0123456789abcdef0123456789abcdef"
#define CARD "8000020010000017"

static const struct subject_id member_id = {{0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x01,
                                             0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef}};

/* The request that is to be put to the node; fails with what was said instead. */
static struct request *asked(struct api_call *call, enum command_kind kind)
{
    struct request *request = api_request(call);
    if (request == NULL) {
        fail_msg("refused: %.*s", (int)api_response(call)->body.size,
                 (const char *)api_response(call)->body.data);
    }
    assert_int_equal(request->kind, kind);
    assert_int_equal(request->staff, 0);
    return request;
}

static void assert_text(struct bytes actual, const char *expected)
{
    if (!bytes_equal(actual, bytes_of(expected, strlen(expected)))) {
        fail_msg("\"%.*s\" instead of \"%s\"", (int)actual.size, (const char *)actual.data,
                 expected);
    }
}

static void assert_by_card(const struct account_name *account)
{
    assert_true(id_is_none(account->account.bytes, 16));
    assert_text(account->card, CARD);
}

static void assert_by_id(const struct account_name *account)
{
    assert_true(subject_equal(&account->account, &member_id));
    assert_int_equal(account->card.size, 0);
}

/* ---- requests ---- */

static void a_command_carries_till_ticket_and_hash(void **state)
{
    (void)state;
    struct api_call *call = begin(MANAGER, "POST", "/v1/unfreezes", "{\"card\":\"" CARD "\"}");
    struct request *request = asked(call, COMMAND_UNFREEZE);
    struct ticket_id ticket = hash_ticket(MANAGER, bytes_of("key-1", 5));
    assert_int_equal(request->till, MANAGER);
    assert_true(ticket_equal(&request->ticket, &ticket));
    assert_null(request->page);
    char why[100];
    uint8_t hash[16];
    json_t *body = json_parse_object(bytes_of("{ \"card\": \"" CARD "\" }", 30), why, sizeof why);
    assert_non_null(body);
    json_hash_request("POST", "/v1/unfreezes", body, hash);
    assert_memory_equal(request->request_hash, hash, 16);
    json_decref(body);
    api_end(call);
}

static void one_key_of_two_tills_makes_two_tickets(void **state)
{
    (void)state;
    const char *body = "{\"card\":\"" CARD "\"}";
    struct api_call *one = begin(TILL, "POST", "/v1/unfreezes", body);
    struct api_call *two = begin(MANAGER, "POST", "/v1/unfreezes", body);
    assert_false(ticket_equal(&api_request(one)->ticket, &api_request(two)->ticket));
    assert_memory_equal(api_request(one)->request_hash, api_request(two)->request_hash, 16);
    api_end(one);
    api_end(two);
}

static void a_member_is_enrolled_with_the_fields_given(void **state)
{
    (void)state;
    struct api_call *call =
        begin(TILL, "POST", "/v1/members",
              "{\"note\":\"likes tea\",\"name\":\"\xe6\x9d\x8e\xe9\x9b\xb7\",\"phone\":\"+86 138 "
              "0000 0000\",\"birthday\":\"03-14\"}");
    struct request *request = asked(call, COMMAND_ENROL);
    assert_int_equal(request->body.enrol.field_count, 4);
    assert_int_equal(request->body.enrol.fields[0].field, FIELD_NAME);
    assert_text(request->body.enrol.fields[0].text, "\xe6\x9d\x8e\xe9\x9b\xb7");
    assert_int_equal(request->body.enrol.fields[1].field, FIELD_PHONE);
    assert_text(request->body.enrol.fields[1].text, "+86 138 0000 0000");
    assert_int_equal(request->body.enrol.fields[2].field, FIELD_BIRTHDAY);
    assert_int_equal(request->body.enrol.fields[3].field, FIELD_NOTE);
    api_end(call);
}

static void a_card_is_plastic_and_of_product_1_unless_said(void **state)
{
    (void)state;
    struct api_call *call = begin(TILL, "POST", "/v1/cards", "{\"member\":\"" MEMBER "\"}");
    struct request *request = asked(call, COMMAND_ISSUE_CARD);
    assert_true(subject_equal(&request->body.issue.member, &member_id));
    assert_int_equal(request->body.issue.product, 1);
    assert_int_equal(request->body.issue.form, CARD_PLASTIC);
    api_end(call);
    call = begin(TILL, "POST", "/v1/cards",
                 "{\"member\":\"" MEMBER "\",\"product\":7,\"form\":\"virtual\"}");
    request = asked(call, COMMAND_ISSUE_CARD);
    assert_int_equal(request->body.issue.product, 7);
    assert_int_equal(request->body.issue.form, CARD_VIRTUAL);
    api_end(call);
}

static void a_top_up_names_account_amount_and_tender(void **state)
{
    (void)state;
    struct api_call *call =
        begin(TILL, "POST", "/v1/topups",
              "{\"card\":\"" CARD "\",\"amount\":{\"minor\":30000,\"currency\":\"CNY\"},"
              "\"tender\":\"mobile\"}");
    struct request *request = asked(call, COMMAND_TOP_UP);
    assert_by_card(&request->body.top_up.account);
    assert_int_equal(request->body.top_up.amount, 30000);
    assert_text(request->body.top_up.currency, "CNY");
    assert_int_equal(request->body.top_up.tender, TENDER_MOBILE);
    api_end(call);
    call = begin(TILL, "POST", "/v1/topups",
                 "{\"account\":\"" MEMBER
                 "\",\"amount\":{\"currency\":\"CNY\",\"minor\":1000000000000}}");
    request = asked(call, COMMAND_TOP_UP);
    assert_by_id(&request->body.top_up.account);
    assert_int_equal(request->body.top_up.amount, AMOUNT_MAX);
    assert_int_equal(request->body.top_up.tender, TENDER_CASH);
    api_end(call);
}

static void a_spend_may_list_what_was_sold(void **state)
{
    (void)state;
    struct api_call *call =
        begin(TILL, "POST", "/v1/spends",
              "{\"card\":\"" CARD "\",\"amount\":{\"minor\":3200,\"currency\":\"CNY\"},"
              "\"items\":[{\"name\":\"Latte\",\"quantity\":2,\"list\":3600,\"charged\":3200},"
              "{\"name\":\"Cup\",\"charged\":0}],\"wait_ms\":1500}");
    struct request *request = asked(call, COMMAND_SPEND);
    assert_by_card(&request->body.spend.account);
    assert_int_equal(request->body.spend.amount, 3200);
    assert_int_equal(request->body.spend.wait_ms, 1500);
    assert_int_equal(request->body.spend.item_count, 2);
    assert_text(request->body.spend.items[0].name, "Latte");
    assert_int_equal(request->body.spend.items[0].quantity, 2);
    assert_int_equal(request->body.spend.items[0].list_minor, 3600);
    assert_int_equal(request->body.spend.items[0].charged_minor, 3200);
    assert_int_equal(request->body.spend.items[1].quantity, 1);
    assert_int_equal(request->body.spend.items[1].list_minor, 0);
    api_end(call);
}

static void a_refund_names_the_sale(void **state)
{
    (void)state;
    struct api_call *call =
        begin(TILL, "POST", "/v1/refunds",
              "{\"sale\":\"2.1-17-3\",\"amount\":{\"minor\":100,\"currency\":\"CNY\"},"
              "\"reason\":\"cold\"}");
    struct request *request = asked(call, COMMAND_REFUND);
    assert_true(
        event_ref_equal(request->body.refund.sale, (struct event_ref){journal_of(2, 1), 17, 3}));
    assert_int_equal(request->body.refund.amount, 100);
    assert_text(request->body.refund.reason, "cold");
    api_end(call);
}

static void a_freeze_has_a_kind_and_perhaps_a_reason(void **state)
{
    (void)state;
    struct api_call *call =
        begin(TILL, "POST", "/v1/freezes",
              "{\"account\":\"" MEMBER "\",\"kind\":\"court\",\"reason\":\"order 7\"}");
    struct request *request = asked(call, COMMAND_FREEZE);
    assert_by_id(&request->body.freeze.account);
    assert_int_equal(request->body.freeze.kind, FREEZE_COURT);
    assert_text(request->body.freeze.reason, "order 7");
    api_end(call);
}

static void a_move_names_the_branch(void **state)
{
    (void)state;
    struct api_call *call = begin(MANAGER, "POST", "/v1/moves",
                                  "{\"card\":\"" CARD "\",\"branch\":3,\"amount\":{\"minor\":10000,"
                                  "\"currency\":\"CNY\"}}");
    struct request *request = asked(call, COMMAND_MOVE);
    assert_by_card(&request->body.move.account);
    assert_int_equal(request->body.move.branch, 3);
    assert_int_equal(request->body.move.amount, 10000);
    api_end(call);
}

static void a_product_has_its_steps_in_order(void **state)
{
    (void)state;
    struct api_call *call =
        begin(OFFICE_DESK, "POST", "/v1/products",
              "{\"name\":\"Gold\",\"currency\":\"CNY\",\"named\":true,\"order\":\"bonus_first\","
              "\"balance_cap\":{\"minor\":500000,\"currency\":\"CNY\"},\"bonus_days\":365,"
              "\"bonus\":[{\"amount\":{\"minor\":10000,\"currency\":\"CNY\"},"
              "\"bonus\":{\"minor\":0,\"currency\":\"CNY\"}},"
              "{\"amount\":{\"minor\":30000,\"currency\":\"CNY\"},"
              "\"bonus\":{\"minor\":6000,\"currency\":\"CNY\"}}],\"product\":4,\"version\":2}");
    struct request *request = asked(call, COMMAND_PUBLISH_PRODUCT);
    assert_int_equal(request->body.product.product, 4);
    assert_int_equal(request->body.product.version, 2);
    assert_text(request->body.product.name, "Gold");
    assert_text(request->body.product.currency, "CNY");
    assert_int_equal(request->body.product.named, 1);
    assert_int_equal(request->body.product.order, SPEND_BONUS_FIRST);
    assert_int_equal(request->body.product.balance_cap, 500000);
    assert_int_equal(request->body.product.bonus_days, 365);
    assert_int_equal(request->body.product.step_count, 2);
    assert_int_equal(request->body.product.steps[0].bonus, 0);
    assert_int_equal(request->body.product.steps[1].amount, 30000);
    assert_int_equal(request->body.product.steps[1].bonus, 6000);
    api_end(call);
}

static void a_product_may_be_little_more_than_a_name(void **state)
{
    (void)state;
    struct api_call *call =
        begin(OPERATOR, "POST", "/v1/products", "{\"name\":\"Plain\",\"currency\":\"CNY\"}");
    struct request *request = asked(call, COMMAND_PUBLISH_PRODUCT);
    assert_int_equal(request->body.product.product, 0);
    assert_int_equal(request->body.product.version, 0);
    assert_int_equal(request->body.product.named, 0);
    assert_int_equal(request->body.product.order, SPEND_PROPORTIONAL);
    assert_int_equal(request->body.product.balance_cap, 0);
    assert_int_equal(request->body.product.step_count, 0);
    api_end(call);
}

static void an_invitation_lasts_a_day_unless_said(void **state)
{
    (void)state;
    struct api_call *call =
        begin(OPERATOR, "POST", "/v1/invitations", "{\"name\":\"Harbour\",\"hours\":2}");
    struct request *request = asked(call, COMMAND_INVITE);
    assert_text(request->body.invite.name, "Harbour");
    assert_int_equal(request->body.invite.hours, 2);
    api_end(call);
    call = begin(OPERATOR, "POST", "/v1/invitations", "{\"name\":\"Harbour\"}");
    assert_int_equal(asked(call, COMMAND_INVITE)->body.invite.hours, 24);
    api_end(call);
}

static void a_member_is_found_by_id_card_or_phone(void **state)
{
    (void)state;
    struct api_call *call = begin(TILL, "GET", "/v1/members/" MEMBER, NULL);
    struct request *request = asked(call, QUERY_MEMBER);
    assert_true(subject_equal(&request->body.member.member, &member_id));
    assert_non_null(request->page);
    assert_int_equal(request->body.member.card.size + request->body.member.phone.size, 0);
    api_end(call);
    call = begin(TILL, "GET", "/v1/members?card=" CARD, NULL);
    assert_text(asked(call, QUERY_MEMBER)->body.member.card, CARD);
    api_end(call);
    call = begin(TILL, "GET", "/v1/members?phone=+86%20138-0000", NULL);
    assert_text(asked(call, QUERY_MEMBER)->body.member.phone, "+86 138-0000");
    api_end(call);
}

static void an_account_is_found_by_id_or_card(void **state)
{
    (void)state;
    struct api_call *call = begin(OFFICE_DESK, "GET", "/v1/accounts/" MEMBER, NULL);
    assert_by_id(&asked(call, QUERY_ACCOUNT)->body.account.account);
    api_end(call);
    call = begin(OFFICE_DESK, "HEAD", "/v1/accounts?card=" CARD, NULL);
    assert_by_card(&asked(call, QUERY_ACCOUNT)->body.account.account);
    api_end(call);
}

static void history_is_filtered_by_time_type_and_branch(void **state)
{
    (void)state;
    struct api_call *call =
        begin(TILL, "GET",
              "/v1/accounts/" MEMBER "/events?from=2026-11-21T21:59:53.123Z&to="
              "2026-11-22T06:00:00%2B08:00&type=rights_move&branch=3&limit=7&cursor=AP8",
              NULL);
    struct request *request = asked(call, QUERY_HISTORY);
    assert_by_id(&request->body.history.account);
    assert_int_equal(request->body.history.from_ms, INT64_C(1795298393123));
    assert_int_equal(request->body.history.to_ms, INT64_C(1795298400000));
    assert_int_equal(request->body.history.type, EVENT_RIGHTS_MOVE);
    assert_int_equal(request->body.history.branch, 3);
    assert_int_equal(request->page_limit, 7);
    assert_true(bytes_equal(request->cursor, bytes_of("\x00\xff", 2)));
    api_end(call);
}

/* Its first and its last millisecond, eight hours before UTC's. */
static void a_date_is_a_day_of_the_organisation(void **state)
{
    (void)state;
    api_set_zone(fixture.api, 480);
    struct api_call *call =
        begin(TILL, "GET", "/v1/accounts/" MEMBER "/events?from=1970-01-02&to=1970-01-02", NULL);
    struct request *request = asked(call, QUERY_HISTORY);
    assert_int_equal(request->body.history.from_ms, 86400000 - 8 * 3600000);
    assert_int_equal(request->body.history.to_ms, 2 * 86400000 - 8 * 3600000 - 1);
    assert_int_equal(request->page_limit, 50);
    api_end(call);
}

static void a_sale_is_found_by_its_reference(void **state)
{
    (void)state;
    struct api_call *call = begin(TILL, "GET", "/v1/sales/2.1-17-3", NULL);
    assert_true(event_ref_equal(asked(call, QUERY_SALE)->body.sale.sale,
                                (struct event_ref){journal_of(2, 1), 17, 3}));
    api_end(call);
}

static void a_ticket_is_that_of_the_asking_till(void **state)
{
    (void)state;
    struct ticket_id mine = hash_ticket(TILL, bytes_of("a b", 3));
    struct api_call *call = begin(TILL, "GET", "/v1/tickets/a%20b", NULL);
    assert_true(ticket_equal(&asked(call, QUERY_TICKET)->ticket, &mine));
    api_end(call);
    call = begin(MANAGER, "GET", "/v1/tickets/a%20b", NULL);
    assert_false(ticket_equal(&asked(call, QUERY_TICKET)->ticket, &mine));
    api_end(call);
    struct ticket_id slash = hash_ticket(TILL, bytes_of("a/b.c", 5));
    call = begin(TILL, "GET", "/v1/tickets?key=a%2Fb.c", NULL);
    assert_true(ticket_equal(&asked(call, QUERY_TICKET)->ticket, &slash));
    api_end(call);
}

static void the_office_asks_for_its_reports(void **state)
{
    (void)state;
    static const struct {
        const char *target;
        enum command_kind kind;
    } reports[] = {
        {"/v1/node", QUERY_NODE},
        {"/v1/branches", QUERY_BRANCHES},
        {"/v1/office/branches", QUERY_BRANCHES},
        {"/v1/products", QUERY_PRODUCTS},
        {"/v1/office/liability", QUERY_LIABILITY},
        {"/v1/office/holders", QUERY_HOLDERS},
        {"/v1/invalid", QUERY_INVALID},
    };
    for (size_t i = 0; i < sizeof reports / sizeof reports[0]; i++) {
        struct api_call *call = begin(OFFICE_DESK, "GET", reports[i].target, NULL);
        assert_non_null(asked(call, reports[i].kind)->page);
        assert_int_equal(api_request(call)->page_limit, PAGE_ENTRIES_MAX);
        api_end(call);
    }
    struct api_call *call =
        begin(OFFICE_DESK, "GET", "/v1/office/days?from=1970-01-02&to=1970-01-11&branch=2", NULL);
    struct request *request = asked(call, QUERY_DAYS);
    assert_int_equal(request->body.days.from_day, 1);
    assert_int_equal(request->body.days.to_day, 10);
    assert_int_equal(request->body.days.branch, 2);
    api_end(call);
    call = begin(OFFICE_DESK, "GET", "/v1/feed?after=12345678901&limit=200", NULL);
    request = asked(call, QUERY_FEED);
    assert_int_equal(request->body.feed.after, 12345678901);
    assert_int_equal(request->page_limit, 200);
    api_end(call);
}

/* ---- answers ---- */

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
    static const char *const targets[] = {
        "/v1/accounts/" MEMBER "/events",
        "/v1/feed",
        "/v1/invalid",
        "/v1/branches",
        "/v1/products",
        "/v1/office/days",
        "/v1/office/liability",
        "/v1/office/holders",
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

/* ---- what needs no node ---- */

static void a_new_till_s_token_works_at_once(void **state)
{
    (void)state;
    struct api_call *call =
        begin(OPERATOR, "POST", "/v1/tills", "{\"name\":\"door\",\"role\":\"manager\"}");
    assert_null(api_request(call));
    assert_int_equal(api_response(call)->status, 201);
    json_t *json = response_json(call);
    api_end(call);
    assert_int_equal(json_integer_value(json_object_get(json, "till")), 5);
    char authorization[80];
    snprintf(authorization, sizeof authorization, "Bearer %.60s", text_at(json, "token"));
    json_decref(json);
    struct api_http http = http_of(NOBODY, "POST", "/v1/unfreezes", "{\"card\":\"" CARD "\"}");
    http.authorization = authorization;
    call = api_begin(fixture.api, &http);
    assert_int_equal(asked(call, COMMAND_UNFREEZE)->till, 5);
    api_end(call);
}

static void the_list_of_tills_shows_no_token_and_no_hash(void **state)
{
    (void)state;
    struct api_call *call = begin(OPERATOR, "GET", "/v1/tills", NULL);
    char *text = response_text(call);
    json_t *json = response_json(call);
    const json_t *first = json_array_get(json_object_get(json, "entries"), 0);
    assert_int_equal(json_array_size(json_object_get(json, "entries")), 4);
    assert_string_equal(text_at(first, "name"), "till 1");
    assert_string_equal(text_at(first, "role"), "till");
    assert_null(strstr(text, "tk_"));
    assert_null(strstr(text, "hash"));
    free(text);
    json_decref(json);
    api_end(call);
}

static void a_till_s_name_is_taken_once(void **state)
{
    (void)state;
    assert_refused(begin(OPERATOR, "POST", "/v1/tills", "{\"name\":\"till 2\"}"), 409,
                   "name_taken");
    token_file.failure = STATUS_IO;
    assert_refused(begin(OPERATOR, "POST", "/v1/tills", "{\"name\":\"new\"}"), 500, "internal");
    token_file.failure = STATUS_FULL;
    assert_refused(begin(OPERATOR, "POST", "/v1/tills", "{\"name\":\"new\"}"), 507, "space");
}

static void health_is_what_the_core_published(void **state)
{
    (void)state;
    struct api_call *call = begin(NOBODY, "GET", "/readyz", NULL);
    assert_int_equal(api_response(call)->status, 503);
    api_end(call);
    api_set_health(fixture.api, &(struct api_health){.alive = true, .ready = true});
    call = begin(NOBODY, "GET", "/readyz", NULL);
    assert_int_equal(api_response(call)->status, 200);
    api_end(call);
    api_set_health(fixture.api, &(struct api_health){.reason = "The \"disk\" is full."});
    call = begin(NOBODY, "GET", "/healthz", NULL);
    assert_int_equal(api_response(call)->status, 503);
    api_end(call);
    call = begin(NOBODY, "GET", "/readyz", NULL);
    json_t *json = response_json(call);
    assert_string_equal(text_at(json, "reason"), "The \"disk\" is full.");
    json_decref(json);
    api_end(call);
}

static void metrics_are_what_the_core_published(void **state)
{
    (void)state;
    struct api_call *call = begin(NOBODY, "GET", "/metrics", NULL);
    assert_int_equal(api_response(call)->status, 200);
    assert_int_equal(api_response(call)->body.size, 0);
    api_end(call);
    api_set_metrics(fixture.api, "tally_up 1\n", 11);
    api_set_metrics(fixture.api, "tally_up 2\n", 11);
    call = begin(NOBODY, "GET", "/metrics", NULL);
    assert_true(bytes_equal(api_response(call)->body, bytes_of("tally_up 2\n", 11)));
    assert_memory_equal(api_response(call)->content_type, "text/plain; version=0.0.4", 25);
    api_end(call);
}

static void without_tokens_there_is_no_api_and_a_sentence(void **state)
{
    (void)state;
    char problem[256] = "";
    token_file.absent = true;
    assert_null(api_new("DIR/tokens", problem, sizeof problem));
    assert_non_null(strstr(problem, "DIR/tokens"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_command_carries_till_ticket_and_hash),
        TEST(one_key_of_two_tills_makes_two_tickets),
        TEST(a_member_is_enrolled_with_the_fields_given),
        TEST(a_card_is_plastic_and_of_product_1_unless_said),
        TEST(a_top_up_names_account_amount_and_tender),
        TEST(a_spend_may_list_what_was_sold),
        TEST(a_refund_names_the_sale),
        TEST(a_freeze_has_a_kind_and_perhaps_a_reason),
        TEST(a_move_names_the_branch),
        TEST(a_product_has_its_steps_in_order),
        TEST(a_product_may_be_little_more_than_a_name),
        TEST(an_invitation_lasts_a_day_unless_said),
        TEST(a_member_is_found_by_id_card_or_phone),
        TEST(an_account_is_found_by_id_or_card),
        TEST(history_is_filtered_by_time_type_and_branch),
        TEST(a_date_is_a_day_of_the_organisation),
        TEST(a_sale_is_found_by_its_reference),
        TEST(a_ticket_is_that_of_the_asking_till),
        TEST(the_office_asks_for_its_reports),
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
        TEST(a_new_till_s_token_works_at_once),
        TEST(the_list_of_tills_shows_no_token_and_no_hash),
        TEST(a_till_s_name_is_taken_once),
        TEST(health_is_what_the_core_published),
        TEST(metrics_are_what_the_core_published),
        TEST(without_tokens_there_is_no_api_and_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
