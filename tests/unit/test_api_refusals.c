/* What a stranger may send: each gets its 4xx, and the node is not asked. */
#include "api_fixture.h"

#define ID "0123456789abcdef0123456789abcdef"
#define MONEY "{\"minor\":100,\"currency\":\"CNY\"}"

struct unfit {
    const char *body;
    unsigned status;
    const char *code;
};

static void assert_all_refused(const char *target, const struct unfit *unfit, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct api_call *call = begin(OPERATOR, "POST", target, unfit[i].body);
        if (api_request(call) != NULL || api_response(call)->status < 400) {
            fail_msg("%s accepts %s", target, unfit[i].body);
        }
        assert_refused(call, unfit[i].status, unfit[i].code);
    }
}

#define ASSERT_ALL_REFUSED(target, table)                                                          \
    assert_all_refused(target, table, sizeof(table) / sizeof((table)[0]))

/* Class 4; the syntax itself is tested in test_json.c. */
static void what_is_not_JSON_is_refused(void **state)
{
    (void)state;
    static const struct unfit table[] = {
        {"", 400, "json"},
        {"[]", 400, "json"},
        {"{\"card\":", 400, "json"},
        {"{\"card\":\"" CARD "\",\"card\":\"" CARD "\",\"amount\":" MONEY "}", 400, "json"},
        {"{\"card\":\"" CARD "\",\"amount\":" MONEY "}{}", 400, "json"},
        {"{\"a\":[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]}", 400, "json"},
    };
    ASSERT_ALL_REFUSED("/v1/spends", table);
}

#define SPEND(amount)                                                                              \
    "{\"card\":\"" CARD "\",\"amount\":{\"minor\":" amount ",\"currency\":\"CNY\"}}"

/* Class 5. */
static void what_is_not_an_amount_is_refused(void **state)
{
    (void)state;
    static const struct unfit table[] = {
        {SPEND("0"), 422, "amount"},
        {SPEND("-1"), 422, "amount"},
        {SPEND("-0"), 400, "json"},
        {SPEND("1000000000001"), 422, "amount"},
        {SPEND("9007199254740993"), 422, "amount"},
        {SPEND("9223372036854775807"), 422, "amount"},
        {SPEND("-9223372036854775808"), 422, "amount"},
        {SPEND("9223372036854775808"), 400, "json"},
        {SPEND("1e3"), 422, "amount"},
        {SPEND("1.0"), 422, "amount"},
        {SPEND("1E0"), 422, "amount"},
        {SPEND("\"100\""), 422, "amount"},
        {SPEND("true"), 422, "amount"},
        {SPEND("null"), 422, "amount"},
        {SPEND("[100]"), 422, "amount"},
        {SPEND("{\"minor\":1}"), 422, "amount"},
        {"{\"card\":\"" CARD "\",\"amount\":100}", 422, "amount"},
        {"{\"card\":\"" CARD "\",\"amount\":\"1.00 CNY\"}", 422, "amount"},
        {"{\"card\":\"" CARD "\",\"amount\":null}", 422, "amount"},
        {"{\"card\":\"" CARD "\",\"amount\":[100,\"CNY\"]}", 422, "amount"},
        {"{\"card\":\"" CARD "\"}", 422, "missing_field"},
        {"{\"card\":\"" CARD "\",\"amount\":{}}", 422, "missing_field"},
        {"{\"card\":\"" CARD "\",\"amount\":{\"minor\":1}}", 422, "missing_field"},
        {"{\"card\":\"" CARD "\",\"amount\":{\"currency\":\"CNY\"}}", 422, "missing_field"},
        {"{\"card\":\"" CARD "\",\"amount\":{\"minor\":1,\"currency\":\"cny\"}}", 422, "currency"},
        {"{\"card\":\"" CARD "\",\"amount\":{\"minor\":1,\"currency\":\"CNYX\"}}", 422, "currency"},
        {"{\"card\":\"" CARD "\",\"amount\":{\"minor\":1,\"currency\":156}}", 422, "currency"},
        {"{\"card\":\"" CARD "\",\"amount\":{\"minor\":1,\"currency\":\"CNY\",\"x\":1}}", 422,
         "unknown_field"},
    };
    ASSERT_ALL_REFUSED("/v1/spends", table);
    ASSERT_ALL_REFUSED("/v1/topups", table);
}

static void other_numbers_are_whole_and_in_bounds_too(void **state)
{
    (void)state;
#define ITEMS(items) "{\"card\":\"" CARD "\",\"amount\":" MONEY ",\"items\":" items "}"
    static const struct unfit spends[] = {
        {"{\"card\":\"" CARD "\",\"amount\":" MONEY ",\"wait_ms\":-1}", 422, "field"},
        {"{\"card\":\"" CARD "\",\"amount\":" MONEY ",\"wait_ms\":10001}", 422, "field"},
        {"{\"card\":\"" CARD "\",\"amount\":" MONEY ",\"wait_ms\":1.5}", 422, "field"},
        {ITEMS("{}"), 422, "field"},
        {ITEMS("[1]"), 422, "field"},
        {ITEMS("[{}]"), 422, "missing_field"},
        {ITEMS("[{\"name\":\"a\",\"charged\":-1}]"), 422, "field"},
        {ITEMS("[{\"name\":\"a\",\"charged\":1,\"quantity\":0}]"), 422, "field"},
        {ITEMS("[{\"name\":\"a\",\"charged\":1,\"quantity\":4294967297}]"), 422, "field"},
        {ITEMS("[{\"name\":\"a\",\"charged\":1,\"quantity\":1000001}]"), 422, "field"},
        {ITEMS("[{\"name\":\"a\",\"charged\":\"1\"}]"), 422, "field"},
        {ITEMS("[{\"name\":\"\",\"charged\":1}]"), 422, "field"},
        {ITEMS("[{\"name\":\"a\",\"charged\":1,\"colour\":1}]"), 422, "unknown_field"},
        {ITEMS("[{\"name\":\"0123456789012345678901234567890123456789012345678\",\"charged\":1}]"),
         422, "field"},
        {ITEMS("[{\"name\":\"a\",\"charged\":1},{\"name\":\"a\",\"charged\":1},"
               "{\"name\":\"a\",\"charged\":1},{\"name\":\"a\",\"charged\":1},"
               "{\"name\":\"a\",\"charged\":1},{\"name\":\"a\",\"charged\":1},"
               "{\"name\":\"a\",\"charged\":1},{\"name\":\"a\",\"charged\":1},"
               "{\"name\":\"a\",\"charged\":1}]"),
         422, "field"},
    };
    static const struct unfit moves[] = {
        {"{\"card\":\"" CARD "\",\"amount\":" MONEY ",\"branch\":0}", 422, "field"},
        {"{\"card\":\"" CARD "\",\"amount\":" MONEY ",\"branch\":100000}", 422, "field"},
        {"{\"card\":\"" CARD "\",\"amount\":" MONEY ",\"branch\":\"3\"}", 422, "field"},
        {"{\"card\":\"" CARD "\",\"amount\":" MONEY "}", 422, "missing_field"},
    };
    static const struct unfit cards[] = {
        {"{\"member\":\"" ID "\",\"product\":0}", 422, "field"},
        {"{\"member\":\"" ID "\",\"product\":4294967296}", 422, "field"},
        {"{\"member\":\"" ID "\",\"form\":\"paper\"}", 422, "field"},
        {"{\"member\":\"" ID "0\"}", 422, "field"},
        {"{\"member\":\"00000000000000000000000000000000\"}", 422, "field"},
        {"{\"member\":\"0123456789ABCDEF0123456789ABCDEF\"}", 422, "field"},
        {"{\"member\":7}", 422, "field"},
        {"{}", 422, "missing_field"},
    };
    ASSERT_ALL_REFUSED("/v1/spends", spends);
    ASSERT_ALL_REFUSED("/v1/moves", moves);
    ASSERT_ALL_REFUSED("/v1/cards", cards);
}

static void a_product_that_makes_no_sense_is_refused(void **state)
{
    (void)state;
#define PRODUCT(more) "{\"name\":\"Gold\",\"currency\":\"CNY\"," more "}"
#define STEP(amount, bonus)                                                                        \
    "{\"amount\":{\"minor\":" amount ",\"currency\":\"CNY\"},\"bonus\":{\"minor\":" bonus          \
    ",\"currency\":\"CNY\"}}"
    static const struct unfit table[] = {
        {"{\"currency\":\"CNY\"}", 422, "missing_field"},
        {"{\"name\":\"Gold\"}", 422, "missing_field"},
        {"{\"name\":\"Gold\",\"currency\":\"yuan\"}", 422, "currency"},
        {PRODUCT("\"named\":1"), 422, "field"},
        {PRODUCT("\"order\":\"random\""), 422, "field"},
        {PRODUCT("\"bonus_days\":36501"), 422, "field"},
        {PRODUCT("\"bonus_months\":1201"), 422, "field"},
        {PRODUCT("\"bonus_months\":1,\"bonus_days\":30"), 422, "field"},
        {PRODUCT("\"balance_cap\":5"), 422, "amount"},
        {PRODUCT("\"balance_cap\":{\"minor\":5,\"currency\":\"EUR\"}"), 422, "field"},
        {PRODUCT("\"bonus\":[" STEP("0", "1") "]"), 422, "amount"},
        {PRODUCT("\"bonus\":[" STEP("1", "-1") "]"), 422, "amount"},
        {PRODUCT("\"bonus\":[" STEP("2", "1") "," STEP("2", "1") "]"), 422, "field"},
        {PRODUCT("\"bonus\":[" STEP("2", "1") "," STEP("1", "1") "]"), 422, "field"},
        {PRODUCT("\"version\":-1"), 422, "field"},
        {PRODUCT("\"price\":1"), 422, "unknown_field"},
    };
    ASSERT_ALL_REFUSED("/v1/products", table);
}

/* Class 6. */
static void text_that_is_not_fit_to_be_kept_is_refused(void **state)
{
    (void)state;
    static const struct unfit table[] = {
        {"{}", 422, "missing_field"},
        {"{\"name\":\"\"}", 422, "field"},
        {"{\"name\":\"   \"}", 422, "field"},
        {"{\"name\":7}", 422, "field"},
        {"{\"name\":null}", 422, "field"},
        {"{\"name\":\"a\\u0000b\"}", 400, "json"},
        {"{\"name\":\"a\\u0007b\"}", 422, "field"},
        {"{\"name\":\"a\\nb\"}", 422, "field"},
        {"{\"name\":\"a\\u007fb\"}", 422, "field"},
        {"{\"name\":\"a\\u0085b\"}", 422, "field"},
        {"{\"name\":\"a\\u202eb\"}", 422, "field"},
        {"{\"name\":\"a\\u2066b\"}", 422, "field"},
        {"{\"name\":\"Z\\u0300\\u0301\\u0302\\u0303\\u0304\\u0305\\u0306\"}", 422, "field"},
        {"{\"name\":\"a\xff\"}", 400, "json"},
        {"{\"name\":\"a\xc0\x80\"}", 400, "json"},
        {"{\"name\":\"a\\ud83d\"}", 400, "json"},
        {"{\"name\":\"Li\",\"phone\":\"call me\"}", 422, "field"},
        {"{\"name\":\"Li\",\"phone\":\"123\"}", 422, "field"},
        {"{\"name\":\"Li\",\"birthday\":\"31-31\"}", 422, "field"},
        {"{\"name\":\"Li\",\"birthday\":\"2026-02-29\"}", 422, "field"},
        {"{\"name\":\"Li\",\"email\":\"nobody\"}", 422, "field"},
        {"{\"name\":\"Li\",\"id_number\":\"12;3\"}", 422, "field"},
        {"{\"name\":\"Li\",\"surname\":\"Lei\"}", 422, "unknown_field"},
        {"{\"name\":\"Li\",\"home_branch\":1}", 422, "unknown_field"},
    };
    ASSERT_ALL_REFUSED("/v1/members", table);
}

static void a_name_of_120_bytes_is_kept_and_121_are_refused(void **state)
{
    (void)state;
    char body[200];
    (void)snprintf(body, sizeof body, "{\"name\":\"%0120d\"}", 1);
    struct api_call *call = begin(TILL, "POST", "/v1/members", body);
    assert_non_null(api_request(call));
    api_end(call);
    (void)snprintf(body, sizeof body, "{\"name\":\"%0121d\"}", 1);
    assert_refused(begin(TILL, "POST", "/v1/members", body), 422, "field");
}

/* Markup and formulas are text; whoever shows them must escape them, as the answers here do. */
static void markup_is_kept_as_the_text_it_is(void **state)
{
    (void)state;
    struct api_call *call =
        begin(TILL, "POST", "/v1/members", "{\"name\":\"=1+1<script>alert(1)</script>\"}");
    assert_non_null(api_request(call));
    api_end(call);
}

static void the_refused_member_is_named(void **state)
{
    (void)state;
    struct api_call *call = begin(
        TILL, "POST", "/v1/spends",
        "{\"card\":\"" CARD "\",\"amount\":" MONEY
        ",\"items\":[{\"name\":\"a\",\"charged\":1},{\"name\":\"b\",\"charged\":1,\"x<y\":1}]}");
    json_t *json = response_json(call);
    assert_string_equal(text_at(json, "field"), "items[1].x<y");
    json_decref(json);
    api_end(call);
    call = begin(TILL, "POST", "/v1/spends", SPEND("0"));
    json = response_json(call);
    assert_string_equal(text_at(json, "field"), "amount.minor");
    json_decref(json);
    api_end(call);
}

static void who_is_meant_must_be_said_once(void **state)
{
    (void)state;
    static const struct unfit table[] = {
        {"{\"amount\":" MONEY "}", 422, "missing_field"},
        {"{\"card\":\"" CARD "\",\"account\":\"" ID "\",\"amount\":" MONEY "}", 422, "field"},
        {"{\"card\":8000020010000017,\"amount\":" MONEY "}", 422, "field"},
        {"{\"card\":\"800002001000001\",\"amount\":" MONEY "}", 422, "field"},
        {"{\"card\":\"80000200100000170\",\"amount\":" MONEY "}", 422, "field"},
        {"{\"card\":\"800002001000001x\",\"amount\":" MONEY "}", 422, "field"},
        {"{\"account\":\"" ID "00\",\"amount\":" MONEY "}", 422, "field"},
        {"{\"account\":\"\",\"amount\":" MONEY "}", 422, "field"},
    };
    ASSERT_ALL_REFUSED("/v1/spends", table);
    ASSERT_ALL_REFUSED("/v1/topups", table);
}

static void words_outside_the_list_are_refused(void **state)
{
    (void)state;
    static const struct unfit freezes[] = {
        {"{\"card\":\"" CARD "\"}", 422, "missing_field"},
        {"{\"card\":\"" CARD "\",\"kind\":\"mood\"}", 422, "field"},
        {"{\"card\":\"" CARD "\",\"kind\":1}", 422, "field"},
        {"{\"card\":\"" CARD "\",\"kind\":\"LOSS\"}", 422, "field"},
    };
    static const struct unfit topups[] = {
        {"{\"card\":\"" CARD "\",\"amount\":" MONEY ",\"tender\":\"gold\"}", 422, "field"},
    };
    static const struct unfit refunds[] = {
        {"{\"sale\":\"17\",\"amount\":" MONEY "}", 422, "field"},
        {"{\"sale\":17,\"amount\":" MONEY "}", 422, "field"},
        {"{\"amount\":" MONEY "}", 422, "missing_field"},
    };
    static const struct unfit tills[] = {
        {"{\"role\":\"till\"}", 422, "missing_field"},
        {"{\"name\":\"a\",\"role\":\"root\"}", 422, "field"},
        {"{\"name\":\"a\\nb\"}", 422, "field"},
        {"{\"name\":\"a\",\"token\":\"mine\"}", 422, "unknown_field"},
    };
    static const struct unfit invitations[] = {
        {"{\"name\":\"Harbour\",\"hours\":0}", 422, "field"},
        {"{\"name\":\"Harbour\",\"hours\":100000}", 422, "field"},
        {"{\"hours\":1}", 422, "missing_field"},
    };
    uint32_t before = token_file.replacements;
    ASSERT_ALL_REFUSED("/v1/freezes", freezes);
    ASSERT_ALL_REFUSED("/v1/topups", topups);
    ASSERT_ALL_REFUSED("/v1/refunds", refunds);
    ASSERT_ALL_REFUSED("/v1/tills", tills);
    ASSERT_ALL_REFUSED("/v1/invitations", invitations);
    assert_refused(begin(OPERATOR, "POST", "/v1/tills?x=1", "{\"name\":\"a\"}"), 400, "query");
    assert_int_equal(token_file.replacements, before);
}

/* Class 7; the target itself is tested in test_router.c. */
static void methods_that_are_not_there_are_refused(void **state)
{
    (void)state;
    static const char *const methods[] = {"TRACE",  "CONNECT", "OPTIONS", "PUT",  "PATCH",
                                          "DELETE", "GET",     "get",     "POSTX"};
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        struct api_call *call = begin(OPERATOR, methods[i], "/v1/spends", NULL);
        assert_string_equal(api_response(call)->headers[0].name, "Allow");
        assert_string_equal(api_response(call)->headers[0].value, "POST");
        assert_refused(call, 405, "method");
    }
    assert_refused(begin(OPERATOR, "GET", "/v1/nothing", NULL), 404, "not_found");
    assert_refused(begin(NOBODY, "GET", "/admin", NULL), 404, "not_found");
}

static void a_query_that_is_not_understood_is_refused(void **state)
{
    (void)state;
    static const char *const targets[] = {
        "/v1/accounts",
        "/v1/accounts?card=123",
        "/v1/accounts?card=" CARD "&verbose=1",
        "/v1/accounts?Card=" CARD,
        "/v1/accounts/" ID "?card=" CARD,
        "/v1/members",
        "/v1/members?name=Li",
        "/v1/members?card=" CARD "&phone=12345",
        "/v1/members?phone=call%20me",
        "/v1/members?phone=%ff%fe",
        "/v1/accounts/" ID "/events?from=yesterday",
        "/v1/accounts/" ID "/events?from=2026-02-30",
        "/v1/accounts/" ID "/events?to=2026-11-21T25:00:00Z",
        "/v1/accounts/" ID "/events?type=theft",
        "/v1/accounts/" ID "/events?branch=100000",
        "/v1/accounts/" ID "/events?branch=-1",
        "/v1/accounts/" ID "/events?limit=0",
        "/v1/accounts/" ID "/events?limit=201",
        "/v1/accounts/" ID "/events?limit=1e2",
        "/v1/accounts/" ID "/events?limit=99999999999999999999999",
        "/v1/accounts/" ID "/events?cursor=!!",
        "/v1/accounts/" ID "/events?cursor=A",
        "/v1/office/days?from=2026-11-21T00:00:00Z",
        "/v1/office/days?day=2026-11-21",
        "/v1/feed?after=-1",
        "/v1/feed?after=9223372036854775808",
        "/v1/feed?after=x",
        "/v1/node?x",
        "/healthz?x=1",
        "/v1/tickets",
    };
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        struct api_call *call = begin(OPERATOR, "GET", targets[i], NULL);
        if (api_request(call) != NULL || api_response(call)->status != 400) {
            fail_msg("%s is accepted", targets[i]);
        }
        assert_refused(call, 400, "query");
    }
    char cursor[400];
    (void)snprintf(cursor, sizeof cursor, "/v1/branches?cursor=%0200d", 0);
    assert_refused(begin(OPERATOR, "GET", cursor, NULL), 400, "query");
}

/* Class 10: what has not the form of a name cannot be there. */
static void a_name_of_another_form_is_not_there(void **state)
{
    (void)state;
    assert_refused(begin(TILL, "GET", "/v1/accounts/1", NULL), 404, "unknown_account");
    assert_refused(begin(TILL, "GET", "/v1/accounts/" ID "0", NULL), 404, "unknown_account");
    assert_refused(begin(TILL, "GET", "/v1/accounts/1/events", NULL), 404, "unknown_account");
    assert_refused(begin(TILL, "GET", "/v1/members/" ID "%20", NULL), 404, "unknown_member");
    assert_refused(begin(TILL, "GET", "/v1/sales/17", NULL), 404, "unknown_sale");
    assert_refused(begin(TILL, "GET", "/v1/accounts/00000000000000000000000000000000", NULL), 404,
                   "unknown_account");
}

/* Class 9. */
static void a_write_without_a_good_key_is_refused(void **state)
{
    (void)state;
    char longest[IDEMPOTENCY_KEY_SIZE_MAX + 2];
    memset(longest, 'k', sizeof longest);
    longest[IDEMPOTENCY_KEY_SIZE_MAX + 1] = 0;
    const char *const keys[] = {NULL, "", longest, "caf\xc3\xa9", "a\tb", "a\x7f"};
    struct api_http http = http_of(TILL, "POST", "/v1/spends", SPEND("1"));
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        http.idempotency_key = keys[i];
        assert_refused(api_begin(fixture.api, &http), 400, "key");
    }
    longest[IDEMPOTENCY_KEY_SIZE_MAX] = 0;
    http.idempotency_key = longest;
    struct api_call *call = api_begin(fixture.api, &http);
    assert_non_null(api_request(call));
    api_end(call);
}

/* Class 10. */
static void a_body_of_another_type_is_refused(void **state)
{
    (void)state;
    static const char *const types[] = {
        NULL,
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "application/json5",
        "application/vnd.api+json",
        "text/html; application/json",
    };
    struct api_http http = http_of(TILL, "POST", "/v1/spends", SPEND("1"));
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        http.content_type = types[i];
        assert_refused(api_begin(fixture.api, &http), 415, "content_type");
    }
    http.content_type = "Application/JSON; charset=utf-8";
    struct api_call *call = api_begin(fixture.api, &http);
    assert_non_null(api_request(call));
    api_end(call);
}

/* Class 8: who may not is told so before anything of the request is looked at. */
static void the_token_comes_before_all_else(void **state)
{
    (void)state;
    assert_refused(begin(NOBODY, "POST", "/v1/spends", "not json"), 401, "token");
    assert_refused(begin(NOBODY, "GET", "/v1/accounts/" ID "?x=1", NULL), 401, "token");
    assert_refused(begin(TILL, "POST", "/v1/tills", "not json"), 403, "forbidden");
    assert_refused(begin(OFFICE_DESK, "POST", "/v1/spends", SPEND("1")), 403, "forbidden");
    assert_refused(begin(TILL, "GET", "/v1/office/days", NULL), 403, "forbidden");
    assert_refused(begin(TILL, "POST", "/v1/moves", "{}"), 403, "forbidden");
}

static void no_answer_repeats_a_secret(void **state)
{
    (void)state;
    struct api_http http = http_of(NOBODY, "GET", "/v1/node", NULL);
    http.authorization = "Bearer tk_verysecret";
    struct api_call *call = api_begin(fixture.api, &http);
    char *text = response_text(call);
    assert_null(strstr(text, "verysecret"));
    free(text);
    api_end(call);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_not_JSON_is_refused),
        TEST(what_is_not_an_amount_is_refused),
        TEST(other_numbers_are_whole_and_in_bounds_too),
        TEST(a_product_that_makes_no_sense_is_refused),
        TEST(text_that_is_not_fit_to_be_kept_is_refused),
        TEST(a_name_of_120_bytes_is_kept_and_121_are_refused),
        TEST(markup_is_kept_as_the_text_it_is),
        TEST(the_refused_member_is_named),
        TEST(who_is_meant_must_be_said_once),
        TEST(words_outside_the_list_are_refused),
        TEST(methods_that_are_not_there_are_refused),
        TEST(a_query_that_is_not_understood_is_refused),
        TEST(a_name_of_another_form_is_not_there),
        TEST(a_write_without_a_good_key_is_refused),
        TEST(a_body_of_another_type_is_refused),
        TEST(the_token_comes_before_all_else),
        TEST(no_answer_repeats_a_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
