/* Each route becomes the right typed request, and what needs no node is answered at once. */
#include "api_fixture.h"

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
    const char *body = "{\"card\":\"" CARD "\",\"kind\":\"loss\"}";
    struct api_call *one = begin(TILL, "POST", "/v1/freezes", body);
    struct api_call *two = begin(MANAGER, "POST", "/v1/freezes", body);
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
    (void)snprintf(authorization, sizeof authorization, "Bearer %.60s", text_at(json, "token"));
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
        TEST(a_new_till_s_token_works_at_once),
        TEST(the_list_of_tills_shows_no_token_and_no_hash),
        TEST(a_till_s_name_is_taken_once),
        TEST(health_is_what_the_core_published),
        TEST(metrics_are_what_the_core_published),
        TEST(without_tokens_there_is_no_api_and_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
