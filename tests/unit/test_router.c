#include "api_fixture.h"

#include "names.h"
#include "openapi.h"
#include "route.h"

static struct target target_of(const char *raw, uint8_t *memory)
{
    struct target target;
    const char *why = NULL;
    if (!target_parse(raw, memory, &target, &why)) {
        fail_msg("%s: %s", raw, why);
    }
    return target;
}

static const struct route *find(const char *method, const char *raw, char *allow)
{
    uint8_t memory[TARGET_SIZE_MAX + 1];
    struct target target = target_of(raw, memory);
    return route_find(method, &target, allow, 48);
}

static void each_route_is_found_by_its_own_pattern(void **state)
{
    (void)state;
    size_t count = 0;
    char allow[48];
    const struct route *table = route_table(&count);
    assert_true(count > 30);
    for (size_t i = 0; i < count; i++) {
        char path[80];
        size_t size = 0;
        for (const char *at = table[i].pattern; *at != 0; at++) {
            bool bracket = *at == '{' || *at == '}';
            path[size] = '0';
            if (!bracket) {
                path[size] = *at;
            }
            size++;
        }
        path[size] = 0;
        assert_ptr_equal(find(table[i].method, path, allow), &table[i]);
    }
}

static void a_path_that_is_not_there_has_no_methods(void **state)
{
    (void)state;
    static const char *const paths[] = {
        "/",
        "/v1",
        "/v1/",
        "/v1/spends/",
        "/v1/spends/x",
        "/v2/spends",
        "/V1/spends",
        "/v1/Spends",
        "/v1/accounts/",
        "/v1/accounts/a/b",
        "/spends",
        "/healthz/x",
        "/v1/spend",
        "/v1/office",
        "/openapi.json",
        "/v1/accounts/a/events/b",
    };
    char allow[48];
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        assert_null(find("GET", paths[i], allow));
        if (allow[0] != 0) {
            fail_msg("%s allows %s", paths[i], allow);
        }
    }
}

static void another_method_is_told_which_there_are(void **state)
{
    (void)state;
    char allow[48];
    assert_null(find("DELETE", "/v1/products", allow));
    assert_string_equal(allow, "POST, GET, HEAD");
    assert_null(find("TRACE", "/v1/spends", allow));
    assert_string_equal(allow, "POST");
    assert_null(find("HEAD", "/v1/spends", allow));
    assert_null(find("get", "/healthz", allow));
    assert_string_equal(find("HEAD", "/healthz", allow)->pattern, "/healthz");
}

/* Who may do what, once more and by hand. */
static void each_route_is_open_to_its_roles_only(void **state)
{
    (void)state;
    enum { T = TOKEN_TILL, M = TOKEN_MANAGER, F = TOKEN_OFFICE, O = TOKEN_OPERATOR };
    static const struct {
        const char *method;
        const char *pattern;
        unsigned roles;
    } rights[] = {
        {"POST", "/v1/members", T | M | O},
        {"GET", "/v1/members", T | M | F | O},
        {"GET", "/v1/members/{id}", T | M | F | O},
        {"POST", "/v1/cards", T | M | O},
        {"POST", "/v1/topups", T | M | O},
        {"POST", "/v1/spends", T | M | O},
        {"POST", "/v1/holds", T | M | O},
        {"POST", "/v1/holds/{ref}/capture", T | M | O},
        {"POST", "/v1/holds/{ref}/release", T | M | O},
        {"GET", "/v1/holds/{ref}", T | M | F | O},
        {"GET", "/v1/accounts/{id}/holds", T | M | F | O},
        {"POST", "/v1/refunds", T | M | O},
        {"POST", "/v1/transfers", T | M | O},
        {"POST", "/v1/requests", T | M | O},
        {"GET", "/v1/requests", T | M | F | O},
        {"POST", "/v1/freezes", T | M | O},
        {"POST", "/v1/unfreezes", M | O},
        {"POST", "/v1/losses", T | M | O},
        {"POST", "/v1/replacements", T | M | O},
        {"GET", "/v1/accounts/{id}/exposure", T | M | F | O},
        {"GET", "/v1/exposure", M | F | O},
        {"GET", "/v1/risk", M | F | O},
        {"POST", "/v1/risk", O},
        {"GET", "/v1/limits", M | F | O},
        {"POST", "/v1/limits", O},
        {"GET", "/v1/quotas", M | F | O},
        {"POST", "/v1/quotas", O},
        {"GET", "/v1/mints", M | F | O},
        {"POST", "/v1/mints", F | O},
        {"POST", "/v1/suspensions", O},
        {"POST", "/v1/moves", M | O},
        {"GET", "/v1/accounts", T | M | F | O},
        {"GET", "/v1/accounts/{id}", T | M | F | O},
        {"GET", "/v1/accounts/{id}/events", T | M | F | O},
        {"GET", "/v1/accounts/{id}/lots", T | M | F | O},
        {"GET", "/v1/sales/{ref}", T | M | F | O},
        {"GET", "/v1/tickets", T | M | F | O},
        {"GET", "/v1/tickets/{key}", T | M | F | O},
        {"GET", "/v1/node", T | M | F | O},
        {"GET", "/v1/branches", T | M | F | O},
        {"GET", "/v1/products", T | M | F | O},
        {"POST", "/v1/products", F | O},
        {"GET", "/v1/feed", F | O},
        {"GET", "/v1/blocks", F | O},
        {"GET", "/v1/invalid", F | O},
        {"GET", "/v1/office/days", F | O},
        {"GET", "/v1/office/liability", F | O},
        {"GET", "/v1/office/expired", F | O},
        {"POST", "/v1/expiry", O},
        {"GET", "/v1/office/holders", F | O},
        {"GET", "/v1/office/branches", F | O},
        {"POST", "/v1/invitations", O},
        {"POST", "/v1/retirements", O},
        {"POST", "/v1/tills", O},
        {"GET", "/v1/tills", O},
        {"GET", "/healthz", 0},
        {"GET", "/readyz", 0},
        {"GET", "/metrics", 0},
        {"GET", "/openapi.yaml", 0},
    };
    size_t count = 0;
    char allow[48];
    (void)route_table(&count);
    assert_int_equal(count, sizeof rights / sizeof rights[0]);
    for (size_t i = 0; i < count; i++) {
        char path[80];
        (void)snprintf(path, sizeof path, "%.*s", (int)strcspn(rights[i].pattern, "{"),
                       rights[i].pattern);
        if (strchr(rights[i].pattern, '{') != NULL) {
            strcat(path, "0");
            const char *rest = strchr(rights[i].pattern, '}') + 1;
            strcat(path, rest);
        }
        const struct route *route = find(rights[i].method, path, allow);
        assert_non_null(route);
        assert_int_equal(route->roles, rights[i].roles);
    }
}

/* The roles are kept at the door, not only written in the table. */
static void a_role_that_is_not_enough_is_refused_everywhere(void **state)
{
    (void)state;
    static const uint8_t roles[] = {0, TOKEN_TILL, TOKEN_MANAGER, TOKEN_OFFICE, TOKEN_OPERATOR};
    size_t count = 0;
    const struct route *table = route_table(&count);
    for (size_t i = 0; i < count; i++) {
        bool post = strcmp(table[i].method, "POST") == 0;
        for (enum fixture_till till = TILL; till <= OPERATOR; till++) {
            if (table[i].roles == 0) {
                continue;
            }
            struct api_call *call =
                begin(till, table[i].method, table[i].pattern, post ? "{\"no\":1}" : NULL);
            unsigned status = api_request(call) != NULL ? 200 : api_response(call)->status;
            bool refused = status == 403;
            if (refused != ((table[i].roles & roles[till]) == 0)) {
                fail_msg("%s %s as %s: %u", table[i].method, table[i].pattern,
                         token_role_name(roles[till]), status);
            }
            api_end(call);
        }
    }
}

static void without_a_token_all_is_refused_alike(void **state)
{
    (void)state;
    size_t count = 0;
    const struct route *table = route_table(&count);
    char *first = NULL;
    for (size_t i = 0; i < count; i++) {
        static const char *const wrong[] = {
            NULL,          "",           "Bearer",
            "Bearer tk_x", "Basic YTpi", "Bearer tk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
        for (size_t w = 0; w < sizeof wrong / sizeof wrong[0] && table[i].roles != 0; w++) {
            struct api_http http = http_of(NOBODY, table[i].method, table[i].pattern, "{}");
            http.authorization = wrong[w];
            struct api_call *call = api_begin(fixture.api, &http);
            assert_null(api_request(call));
            assert_int_equal(api_response(call)->status, 401);
            assert_string_equal(api_response(call)->headers[0].name, "WWW-Authenticate");
            char *text = response_text(call);
            if (first == NULL) {
                first = text;
            } else {
                assert_string_equal(text, first);
                free(text);
            }
            api_end(call);
        }
    }
    free(first);
}

/* ---- targets ---- */

static void a_target_is_taken_apart_and_decoded(void **state)
{
    (void)state;
    uint8_t memory[200];
    struct target target =
        target_of("/v1/tickets/a%20b%2Bc?from=2026-11-21T00:00:00%2B08:00&phone=+86%201&x", memory);
    assert_int_equal(target.segment_count, 3);
    assert_memory_equal(target.segments[2].data, "a b+c", 5);
    assert_int_equal(target.segments[2].size, 5);
    assert_int_equal(target.parameter_count, 3);
    assert_memory_equal(target.parameters[0].value.data, "2026-11-21T00:00:00+08:00", 25);
    assert_memory_equal(target.parameters[1].value.data, "+86 1", 5);
    assert_int_equal(target.parameters[2].value.size, 0);
}

/* 3.3 class 7. */
static void what_two_programs_could_read_differently_is_refused(void **state)
{
    (void)state;
    static const char *const odd[] = {
        "",
        "*",
        "v1/node",
        "http://host/v1/node",
        "host:80",
        "//v1/node",
        "/v1//node",
        "/v1/./node",
        "/v1/../node",
        "/v1/node/..",
        "/v1/node/.",
        "/v1/..?x=1",
        "/v1/%2e%2e/node",
        "/v1/%2Enode",
        "/v1%2fnode",
        "/v1%2Fnode",
        "/v1/no%00de",
        "/v1/node?x=%00",
        "/v1/node%",
        "/v1/node%2",
        "/v1/node%2x",
        "/v1/node%x2",
        "/v1/%252e%252e/node",
        "/v1/node#part",
        "/v1\\node",
        "/v1/no de",
        "/v1/node\t",
        "/v1/node\x7f",
        "/v1/caf\xc3\xa9",
        "/v1/accounts?card=1&card=2",
        "/v1/accounts?card=1&%63ard=2",
        "/a/b/c/d/e/f/g",
        "/v1/node?a&b&c&d&e&f&g&h&i&j&k&l&m",
    };
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        uint8_t memory[200];
        struct target target;
        const char *why = NULL;
        if (target_parse(odd[i], memory, &target, &why)) {
            fail_msg("accepted %s", odd[i]);
        }
        assert_true(strlen(why) > 10);
        assert_refused(begin(OPERATOR, "GET", odd[i], NULL), 400, "target");
    }
}

static void a_target_of_2048_bytes_is_read_and_one_more_is_refused(void **state)
{
    (void)state;
    char raw[TARGET_SIZE_MAX + 2];
    const char *why = NULL;
    memset(raw, 'a', sizeof raw);
    raw[0] = '/';
    raw[TARGET_SIZE_MAX] = 0;
    assert_true(target_is_sound(raw, &why));
    raw[TARGET_SIZE_MAX] = 'a';
    raw[TARGET_SIZE_MAX + 1] = 0;
    assert_false(target_is_sound(raw, &why));
}

/* ---- the description ---- */

static char *document(void)
{
    struct bytes text = openapi_document();
    char *copy = calloc(1, text.size + 1);
    assert_non_null(copy);
    memcpy(copy, text.data, text.size);
    return copy;
}

static bool is_method(const char *line)
{
    static const char *const methods[] = {"get",     "put",  "post",  "delete",
                                          "options", "head", "patch", "trace"};
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        size_t size = strlen(methods[i]);
        if (strncmp(line + 4, methods[i], size) == 0 && strcmp(line + 4 + size, ":") == 0) {
            return strncmp(line, "    ", 4) == 0;
        }
    }
    return false;
}

static bool table_has(const char *method, const char *pattern)
{
    size_t count = 0;
    const struct route *table = route_table(&count);
    for (size_t i = 0; i < count; i++) {
        if (strcasecmp(table[i].method, method) == 0 && strcmp(table[i].pattern, pattern) == 0) {
            return true;
        }
    }
    return false;
}

/* Each "  /path:" and the "    method:" lines below it. */
static size_t compare_paths(char *text)
{
    char path[80] = "";
    size_t found = 0;
    bool inside = false;
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        if (line[0] != ' ') {
            inside = strcmp(line, "paths:") == 0;
        } else if (inside && strncmp(line, "  /", 3) == 0) {
            (void)snprintf(path, sizeof path, "%.*s", (int)strlen(line + 2) - 1, line + 2);
        } else if (inside && is_method(line)) {
            char method[16];
            (void)snprintf(method, sizeof method, "%.*s", (int)strlen(line + 4) - 1, line + 4);
            if (!table_has(method, path)) {
                fail_msg("openapi.yaml has %s %s, and the table has not", method, path);
            }
            found++;
        }
    }
    return found;
}

static void the_description_has_the_routes_of_the_table_and_no_others(void **state)
{
    (void)state;
    size_t count = 0;
    char *text = document();
    (void)route_table(&count);
    assert_int_equal(compare_paths(text), count);
    free(text);
}

static void assert_described(const char *text, const char *code)
{
    char line[64];
    (void)snprintf(line, sizeof line, "\n        - %s\n", code);
    if (strstr(text, line) == NULL) {
        fail_msg("openapi.yaml does not list the code %s", code);
    }
}

static void the_description_lists_every_code(void **state)
{
    (void)state;
    char *text = document();
    for (enum problem problem = PROBLEM_TARGET; problem < PROBLEM_COUNT; problem++) {
        assert_described(text, problem_code(problem));
    }
    for (enum verdict verdict = REFUSED_AMOUNT; verdict < VERDICT_COUNT; verdict++) {
        assert_described(text, verdict_name(verdict));
    }
    assert_described(text, "framing");
    free(text);
}

static void the_description_is_served_as_it_is(void **state)
{
    (void)state;
    struct api_call *call = begin(NOBODY, "GET", "/openapi.yaml", NULL);
    assert_int_equal(api_response(call)->status, 200);
    assert_string_equal(api_response(call)->content_type, "application/yaml");
    assert_true(bytes_equal(api_response(call)->body, openapi_document()));
    assert_memory_equal(api_response(call)->body.data, "openapi: 3.1.0\n", 15);
    api_end(call);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_route_is_found_by_its_own_pattern),
        cmocka_unit_test(a_path_that_is_not_there_has_no_methods),
        cmocka_unit_test(another_method_is_told_which_there_are),
        cmocka_unit_test(each_route_is_open_to_its_roles_only),
        TEST(a_role_that_is_not_enough_is_refused_everywhere),
        TEST(without_a_token_all_is_refused_alike),
        cmocka_unit_test(a_target_is_taken_apart_and_decoded),
        TEST(what_two_programs_could_read_differently_is_refused),
        cmocka_unit_test(a_target_of_2048_bytes_is_read_and_one_more_is_refused),
        cmocka_unit_test(the_description_has_the_routes_of_the_table_and_no_others),
        cmocka_unit_test(the_description_lists_every_code),
        TEST(the_description_is_served_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
