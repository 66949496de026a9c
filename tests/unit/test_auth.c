#include "api_fixture.h"

#include <sodium.h>

static void a_token_is_known_by_its_text_alone(void **state)
{
    (void)state;
    char problem[256];
    struct auth *auth = auth_load("tokens", false, problem, sizeof problem);
    assert_non_null(auth);
    const struct token *token = auth_check(auth, fixture.authorization[MANAGER]);
    assert_non_null(token);
    assert_int_equal(token->till, MANAGER);
    assert_int_equal(token->role, TOKEN_MANAGER);
    assert_string_equal(token->name, "till 2");
    auth_free(auth);
}

/* 3.3 class 8: whatever is wrong, nobody is found. */
static void what_is_not_quite_a_token_is_nobody(void **state)
{
    (void)state;
    char problem[256];
    char odd[12][320];
    const char *good = fixture.authorization[TILL];
    struct auth *auth = auth_load("tokens", false, problem, sizeof problem);
    assert_non_null(auth);
    (void)snprintf(odd[0], sizeof odd[0], "%s", good + strlen("Bearer "));
    (void)snprintf(odd[1], sizeof odd[1], "Basic %s", good + strlen("Bearer "));
    (void)snprintf(odd[2], sizeof odd[2], "%s ", good);
    (void)snprintf(odd[3], sizeof odd[3], "%sA", good);
    (void)snprintf(odd[4], sizeof odd[4], "%.*s", (int)strlen(good) - 1, good);
    (void)snprintf(odd[5], sizeof odd[5], "Bearer");
    (void)snprintf(odd[6], sizeof odd[6], "Bearer ");
    (void)snprintf(odd[7], sizeof odd[7], "%s", "");
    (void)snprintf(odd[8], sizeof odd[8], "%s", good);
    odd[8][20] = odd[8][20] == 'x' ? 'y' : 'x';
    (void)snprintf(odd[9], sizeof odd[9], "%s, %s", good, "Bearer x");
    (void)snprintf(odd[10], sizeof odd[10], "Bearer\t%s", good + strlen("Bearer "));
    (void)snprintf(odd[11], sizeof odd[11], "Bearer %.64s", (const char *)token_file.text + 60);
    for (size_t i = 0; i < 12; i++) {
        if (auth_check(auth, odd[i]) != NULL) {
            fail_msg("accepted: %s", odd[i]);
        }
    }
    assert_null(auth_check(auth, NULL));
    auth_free(auth);
}

static void the_scheme_has_no_case(void **state)
{
    (void)state;
    char problem[256];
    char text[320];
    struct auth *auth = auth_load("tokens", false, problem, sizeof problem);
    (void)snprintf(text, sizeof text, "bEARER  %s",
                   fixture.authorization[TILL] + strlen("Bearer "));
    assert_non_null(auth_check(auth, text));
    auth_free(auth);
}

static bool file_holds(const char *text)
{
    return memmem(token_file.text, token_file.size, text, strlen(text)) != NULL;
}

static void the_file_keeps_the_hash_and_not_the_token(void **state)
{
    (void)state;
    const char *text = fixture.authorization[TILL] + strlen("Bearer ");
    assert_int_equal(strlen(text), TOKEN_TEXT_SIZE);
    assert_memory_equal(text, "tk_", 3);
    assert_false(file_holds(text));
    assert_false(file_holds(text + 3));
    assert_false(file_holds("tk_"));
    uint8_t hash[32];
    char hex[65];
    crypto_generichash(hash, sizeof hash, (const uint8_t *)text, TOKEN_TEXT_SIZE, NULL, 0);
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    assert_true(file_holds(hex));
}

static void each_byte_of_the_hash_counts(void **state)
{
    (void)state;
    char problem[256];
    uint8_t *hash = memmem(token_file.text, token_file.size, "\"hash\":\"", 8);
    assert_non_null(hash);
    hash += 8;
    for (size_t i = 0; i < 64; i++) {
        uint8_t before = hash[i];
        hash[i] = before == '0' ? '1' : '0';
        struct auth *auth = auth_load("tokens", false, problem, sizeof problem);
        assert_non_null(auth);
        assert_null(auth_check(auth, fixture.authorization[TILL]));
        assert_non_null(auth_check(auth, fixture.authorization[MANAGER]));
        auth_free(auth);
        hash[i] = before;
    }
}

static void a_new_token_works_at_once_and_after_a_restart(void **state)
{
    (void)state;
    char problem[256];
    char text[TOKEN_TEXT_SIZE + 1];
    char authorization[80];
    const struct token *token = NULL;
    struct auth *auth = auth_load("tokens", false, problem, sizeof problem);
    assert_int_equal(auth_create(auth, bytes_of("new", 3), TOKEN_OFFICE, &token, text), STATUS_OK);
    assert_int_equal(token->till, 5);
    (void)snprintf(authorization, sizeof authorization, "Bearer %s", text);
    assert_ptr_equal(auth_check(auth, authorization), token);
    assert_non_null(auth_check(auth, fixture.authorization[TILL]));
    auth_free(auth);
    auth = auth_load("tokens", false, problem, sizeof problem);
    token = auth_check(auth, authorization);
    assert_non_null(token);
    assert_int_equal(token->till, 5);
    assert_int_equal(token->role, TOKEN_OFFICE);
    assert_true(token->created_ms > INT64_C(1700000000000));
    auth_free(auth);
}

static void what_a_reader_holds_outlives_new_tokens(void **state)
{
    (void)state;
    char problem[256];
    struct auth *auth = auth_load("tokens", false, problem, sizeof problem);
    const struct token *held = auth_check(auth, fixture.authorization[TILL]);
    for (int i = 0; i < 20; i++) {
        char name[16];
        char text[TOKEN_TEXT_SIZE + 1];
        const struct token *token = NULL;
        int size = snprintf(name, sizeof name, "more %d", i);
        assert_int_equal(auth_create(auth, bytes_of(name, (size_t)size), TOKEN_TILL, &token, text),
                         STATUS_OK);
    }
    assert_int_equal(held->till, TILL);
    assert_string_equal(held->name, "till 1");
    auth_free(auth);
}

static void a_name_is_taken_once(void **state)
{
    (void)state;
    char problem[256];
    char text[TOKEN_TEXT_SIZE + 1];
    const struct token *token = NULL;
    struct auth *auth = auth_load("tokens", false, problem, sizeof problem);
    uint32_t before = token_file.replacements;
    assert_int_equal(auth_create(auth, bytes_of("till 2", 6), TOKEN_TILL, &token, text),
                     STATUS_DENIED);
    assert_int_equal(token_file.replacements, before);
    auth_free(auth);
}

static void a_token_that_could_not_be_written_does_not_work(void **state)
{
    (void)state;
    char problem[256];
    char text[TOKEN_TEXT_SIZE + 1] = "";
    char authorization[80];
    size_t count = 0;
    const struct token *token = NULL;
    struct auth *auth = auth_load("tokens", false, problem, sizeof problem);
    token_file.failure = STATUS_FULL;
    assert_int_equal(auth_create(auth, bytes_of("new", 3), TOKEN_TILL, &token, text), STATUS_FULL);
    token_file.failure = STATUS_OK;
    (void)snprintf(authorization, sizeof authorization, "Bearer %s", text);
    assert_null(auth_check(auth, authorization));
    (void)auth_list(auth, &count);
    assert_int_equal(count, 4);
    auth_free(auth);
}

static void a_node_keeps_a_bounded_number_of_tokens(void **state)
{
    (void)state;
    char problem[256];
    char text[TOKEN_TEXT_SIZE + 1];
    char name[16];
    const struct token *token = NULL;
    struct auth *auth = auth_load("tokens", false, problem, sizeof problem);
    for (int i = 4; i < TOKENS_MAX; i++) {
        int size = snprintf(name, sizeof name, "more %d", i);
        assert_int_equal(auth_create(auth, bytes_of(name, (size_t)size), TOKEN_TILL, &token, text),
                         STATUS_OK);
    }
    assert_int_equal(auth_create(auth, bytes_of("one more", 8), TOKEN_TILL, &token, text),
                     STATUS_FULL);
    auth_free(auth);
    auth = auth_load("tokens", false, problem, sizeof problem);
    assert_non_null(auth);
    auth_free(auth);
}

static void assert_unreadable(const char *content, const char *line)
{
    char problem[256] = "";
    token_file.size = strlen(content);
    memcpy(token_file.text, content, token_file.size);
    assert_null(auth_load("DIR/tokens", false, problem, sizeof problem));
    if (strstr(problem, line) == NULL) {
        fail_msg("\"%s\" says nothing of \"%s\"", problem, line);
    }
}

#define HASH "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void a_damaged_file_is_refused_by_line(void **state)
{
    (void)state;
    assert_unreadable("x\n", "DIR/tokens:1:");
    assert_unreadable("{\"till\":1,\"name\":\"a\",\"role\":\"till\",\"hash\":\"" HASH "\"}\n{}\n",
                      "DIR/tokens:2:");
    assert_unreadable("{\"till\":0,\"name\":\"a\",\"role\":\"till\",\"hash\":\"" HASH "\"}\n",
                      ":1:");
    assert_unreadable("{\"till\":1,\"name\":\"a\",\"role\":\"root\",\"hash\":\"" HASH "\"}\n",
                      ":1:");
    assert_unreadable("{\"till\":1,\"name\":\"a\",\"role\":\"till\",\"hash\":\"00\"}\n", ":1:");
    assert_unreadable("{\"till\":1,\"name\":\"\",\"role\":\"till\",\"hash\":\"" HASH "\"}\n",
                      ":1:");
    assert_unreadable("{\"till\":2,\"name\":\"a\",\"role\":\"till\",\"hash\":\"" HASH "\"}\n"
                      "{\"till\":2,\"name\":\"b\",\"role\":\"till\",\"hash\":\"" HASH "\"}\n",
                      ":2:");
    token_file.absent = true;
    assert_unreadable("", "is not there");
    token_file.absent = false;
}

static void roles_have_names(void **state)
{
    (void)state;
    static const uint8_t roles[] = {TOKEN_TILL, TOKEN_MANAGER, TOKEN_OFFICE, TOKEN_OPERATOR};
    for (size_t i = 0; i < 4; i++) {
        const char *name = token_role_name(roles[i]);
        assert_int_equal(token_role_by_name(bytes_of(name, strlen(name))), roles[i]);
    }
    assert_int_equal(token_role_by_name(bytes_of("Operator", 8)), 0);
    assert_int_equal(token_role_by_name(bytes_of("tillx", 5)), 0);
    assert_int_equal(token_role_by_name(bytes_of("til", 3)), 0);
    assert_int_equal(token_role_by_name(bytes_of("", 0)), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_token_is_known_by_its_text_alone),
        TEST(what_is_not_quite_a_token_is_nobody),
        TEST(the_scheme_has_no_case),
        TEST(the_file_keeps_the_hash_and_not_the_token),
        TEST(each_byte_of_the_hash_counts),
        TEST(a_new_token_works_at_once_and_after_a_restart),
        TEST(what_a_reader_holds_outlives_new_tokens),
        TEST(a_name_is_taken_once),
        TEST(a_token_that_could_not_be_written_does_not_work),
        TEST(a_node_keeps_a_bounded_number_of_tokens),
        TEST(a_damaged_file_is_refused_by_line),
        TEST(roles_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
