/* The client of `tally` against a listener that answers as it is told: what is repeated, under
 * which key, and what each ending is called. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client.h"

#include <curl/curl.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWERS_MAX = 8, TEXT_SIZE = 256 };

/* What to answer, in order; status 0 hangs up without an answer. */
struct canned {
    unsigned status;
    const char *body;
};

struct listener {
    struct MHD_Daemon *daemon;
    struct client *client;
    const struct canned *answers;
    size_t answer_count;
    size_t asked;
    char keys[ANSWERS_MAX][TEXT_SIZE];
    char bodies[ANSWERS_MAX][TEXT_SIZE];
    char authorization[TEXT_SIZE];
    char url[TEXT_SIZE];
};

static const char *header(struct MHD_Connection *connection, const char *name)
{
    const char *value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
    return value != NULL ? value : "";
}

/* NOLINTNEXTLINE(readability-function-size): the library's parameters */
static enum MHD_Result answer(void *user, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **seen)
{
    struct listener *listener = user;
    (void)version;
    (void)method;
    size_t i = listener->asked;
    if (i >= listener->answer_count) {
        return MHD_NO;
    }
    if (*seen == NULL) {
        *seen = listener;
        return MHD_YES;
    }
    if (*upload_size > 0) {
        (void)snprintf(listener->bodies[i], TEXT_SIZE, "%.*s", (int)*upload_size, upload);
        *upload_size = 0;
        return MHD_YES;
    }
    listener->asked++;
    (void)snprintf(listener->keys[i], TEXT_SIZE, "%s", header(connection, "Idempotency-Key"));
    (void)snprintf(listener->authorization, TEXT_SIZE, "%s", header(connection, "Authorization"));
    (void)snprintf(listener->url, TEXT_SIZE, "%s", url);
    const struct canned *canned = &listener->answers[i];
    if (canned->status == 0) {
        return MHD_NO;
    }
    char body[TEXT_SIZE];
    (void)snprintf(body, sizeof body, "%s", canned->body);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(body), body, MHD_RESPMEM_MUST_COPY);
    enum MHD_Result queued = MHD_queue_response(connection, canned->status, response);
    MHD_destroy_response(response);
    return queued;
}

static int setup(void **state)
{
    struct listener *listener = calloc(1, sizeof *listener);
    assert_non_null(listener);
    struct sockaddr_in here = {.sin_family = AF_INET,
                               .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    listener->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, answer,
                                        listener, MHD_OPTION_SOCK_ADDR, &here, MHD_OPTION_END);
    assert_non_null(listener->daemon);
    char url[64];
    char problem[CLIENT_PROBLEM_SIZE];
    (void)snprintf(
        url, sizeof url, "http://127.0.0.1:%u/",
        (unsigned)MHD_get_daemon_info(listener->daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
    struct client_options options = {.url = url, .token = "tk_abc", .timeout_ms = 5000};
    listener->client = client_new(&options, problem);
    assert_non_null(listener->client);
    *state = listener;
    return 0;
}

static int teardown(void **state)
{
    struct listener *listener = *state;
    client_free(listener->client);
    MHD_stop_daemon(listener->daemon);
    free(listener);
    return 0;
}

static enum outcome post(struct listener *listener, const struct canned *answers, size_t count,
                         struct client_reply *reply)
{
    listener->answers = answers;
    listener->answer_count = count;
    json_t *body = json_pack("{s:s}", "card", "8");
    enum outcome outcome = client_post(listener->client, "/v1/topups", body, "the key", reply);
    json_decref(body);
    return outcome;
}

static const char done[] = "{\"event\":\"2.1-17-0\"}";
static const char unknown[] = "{\"code\":\"unknown\"}";
static const char busy[] = "{\"code\":\"busy\"}";
static const char frozen[] = "{\"code\":\"frozen\",\"detail\":\"Refused: frozen.\"}";

static void a_write_carries_key_token_and_body(void **state)
{
    struct listener *listener = *state;
    static const struct canned answers[] = {{201, done}};
    struct client_reply reply;
    assert_int_equal(post(listener, answers, 1, &reply), OUTCOME_DONE);
    assert_string_equal(listener->keys[0], "the key");
    assert_string_equal(listener->authorization, "Bearer tk_abc");
    assert_string_equal(listener->bodies[0], "{\"card\":\"8\"}");
    assert_string_equal(listener->url, "/v1/topups");
    assert_string_equal(json_string_value(json_object_get(reply.body, "event")), "2.1-17-0");
    json_decref(reply.body);
}

static void an_unknown_outcome_is_repeated_under_the_same_key(void **state)
{
    struct listener *listener = *state;
    static const struct canned answers[] = {{503, unknown}, {0, NULL}, {201, done}};
    struct client_reply reply;
    assert_int_equal(post(listener, answers, 3, &reply), OUTCOME_DONE);
    assert_int_equal(listener->asked, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(listener->keys[i], "the key");
        assert_string_equal(listener->bodies[i], "{\"card\":\"8\"}");
    }
    json_decref(reply.body);
}

static void three_times_unknown_is_unknown(void **state)
{
    struct listener *listener = *state;
    static const struct canned answers[] = {
        {503, unknown}, {503, unknown}, {503, unknown}, {201, done}};
    struct client_reply reply;
    assert_int_equal(post(listener, answers, 4, &reply), OUTCOME_UNKNOWN);
    assert_int_equal(listener->asked, 3);
    json_decref(reply.body);
}

static void a_refusal_is_final(void **state)
{
    struct listener *listener = *state;
    static const struct canned answers[] = {{409, frozen}, {201, done}};
    struct client_reply reply;
    assert_int_equal(post(listener, answers, 2, &reply), OUTCOME_REFUSED);
    assert_int_equal(listener->asked, 1);
    assert_int_equal(reply.status, 409);
    assert_string_equal(json_string_value(json_object_get(reply.body, "code")), "frozen");
    json_decref(reply.body);
}

static void a_busy_node_is_asked_again(void **state)
{
    struct listener *listener = *state;
    static const struct canned answers[] = {{503, busy}, {201, done}};
    struct client_reply reply;
    assert_int_equal(post(listener, answers, 2, &reply), OUTCOME_DONE);
    assert_int_equal(listener->asked, 2);
    json_decref(reply.body);
}

static void who_answers_without_json_is_no_node(void **state)
{
    struct listener *listener = *state;
    static const struct canned answers[] = {{404, "<html>"}};
    struct client_reply reply;
    assert_int_equal(post(listener, answers, 1, &reply), OUTCOME_REFUSED);
    assert_null(reply.body);
    assert_non_null(strstr(reply.problem, "address of a node"));
}

static void a_read_is_never_unknown(void **state)
{
    struct listener *listener = *state;
    static const struct canned answers[] = {{0, NULL}};
    struct client_reply reply;
    listener->answers = answers;
    listener->answer_count = 1;
    assert_int_equal(client_get(listener->client, "/v1/node", &reply), OUTCOME_UNREACHABLE);
    assert_true(strlen(reply.problem) > 10);
    json_decref(reply.body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_write_carries_key_token_and_body, setup, teardown),
        cmocka_unit_test_setup_teardown(an_unknown_outcome_is_repeated_under_the_same_key, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(three_times_unknown_is_unknown, setup, teardown),
        cmocka_unit_test_setup_teardown(a_refusal_is_final, setup, teardown),
        cmocka_unit_test_setup_teardown(a_busy_node_is_asked_again, setup, teardown),
        cmocka_unit_test_setup_teardown(who_answers_without_json_is_no_node, setup, teardown),
        cmocka_unit_test_setup_teardown(a_read_is_never_unknown, setup, teardown),
    };
    if (sodium_init() < 0 || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
