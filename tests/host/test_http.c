/* What tills do, and what the listener does when the core is slow or gone. */
#include "http.h"

#include "listener.h"
#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- what a till does ---- */

static void a_request_is_answered_by_the_core(void **state)
{
    (void)state;
    start(&plain, 16);
    int client = dial();
    say(client, post("/v1/spends", "k1", SPEND));
    struct reply reply = hear(client);
    assert_int_equal(reply.status, 201);
    assert_true(has_header(&reply, "Content-Type: application/json\r\n"));
    assert_true(has_header(&reply, "Cache-Control: no-store\r\n"));
    assert_true(has_header(&reply, "X-Content-Type-Options: nosniff\r\n"));
    assert_non_null(strstr(reply.body, "\"event\":\"2.1-17-0\""));
    assert_non_null(strstr(reply.body, "4242"));
    assert_int_equal(core.last_amount, 3200);
    assert_memory_equal(core.last_card, "8000020010000017", CARD_NUMBER_SIZE);
    (void)close(client);
}

static void no_answer_tells_the_program_s_name_or_version(void **state)
{
    (void)state;
    start(&plain, 16);
    int client = dial();
    say(client, get("/healthz"));
    struct reply reply = hear(client);
    assert_int_equal(reply.status, 200);
    assert_false(has_header(&reply, "Server:"));
    say(client, "BROKEN\r\n\r\n");
    reply = hear(client);
    assert_false(has_header(&reply, "Server:"));
    assert_null(strcasestr(reply.body, "microhttpd"));
    (void)close(client);
}

static void a_connection_serves_one_request_after_another(void **state)
{
    (void)state;
    start(&plain, 16);
    int client = dial();
    for (uint32_t i = 0; i < 500; i++) {
        say(client, i % 2 == 0 ? get("/v1/node") : post("/v1/spends", "k", SPEND));
        struct reply reply = hear(client);
        assert_int_equal(reply.status, i % 2 == 0 ? 200 : 201);
        assert_false(has_header(&reply, "Connection: close"));
    }
    assert_int_equal(core.taken, 500);
    struct http_counters counters = http_counters(core.http);
    assert_int_equal(counters.requests, 500);
    assert_int_equal(counters.by_class[2], 500);
    assert_int_equal(counters.connections, 1);
    (void)close(client);
    ASSERT_SOON(http_counters(core.http).connections == 0);
}

static void requests_sent_ahead_are_answered_in_order(void **state)
{
    (void)state;
    char text[SEVERAL_SIZE] = "";
    start(&plain, 16);
    int client = dial();
    strcat(text, get("/healthz"));
    strcat(text, post("/v1/spends", "k1", SPEND));
    strcat(text, get("/v1/node"));
    strcat(text, get("/v1/nothing"));
    say(client, text);
    static const int expected[] = {200, 201, 200, 404};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(hear(client).status, expected[i]);
    }
    assert_int_equal(core.taken, 2);
    (void)close(client);
}

static void a_body_may_come_in_pieces(void **state)
{
    (void)state;
    start(&plain, 16);
    int client = dial();
    const char *text = post("/v1/members", "k1", "{\"name\":\"Li Lei\",\"note\":\"tea\"}");
    for (const char *at = text; *at != 0; at++) {
        say_bytes(client, at, 1);
    }
    assert_int_equal(hear(client).status, 201);
    assert_string_equal(core.last_note, "tea");
    (void)close(client);
}

static void a_client_that_asks_first_is_told_to_go_on(void **state)
{
    (void)state;
    char more[256];
    start(&plain, 16);
    int client = dial();
    (void)snprintf(more, sizeof more,
                   "Idempotency-Key: k\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
                   "Expect: 100-continue\r\n\r\n",
                   strlen(SPEND));
    say(client, head_of("POST", "/v1/spends", more));
    assert_int_equal(hear(client).status, 100);
    say(client, SPEND);
    assert_int_equal(hear(client).status, 201);
    (void)close(client);
}

static void a_head_has_no_body(void **state)
{
    (void)state;
    start(&plain, 16);
    int client = dial();
    char text[REQUEST_SIZE];
    (void)snprintf(text, sizeof text, "%s\r\n", head_of("HEAD", "/openapi.yaml", ""));
    say(client, text);
    struct reply reply = hear_head(client);
    assert_int_equal(reply.status, 200);
    assert_true(content_length(reply.head) > 10000);
    say(client, get("/healthz"));
    assert_int_equal(hear(client).status, 200);
    (void)close(client);
}

static void a_document_larger_than_a_buffer_arrives_whole(void **state)
{
    (void)state;
    start(&plain, 16);
    int client = dial();
    say(client, get("/openapi.yaml"));
    struct reply reply = hear(client);
    assert_int_equal(reply.status, 200);
    assert_true(reply.body_size > 40000);
    assert_memory_equal(reply.body, "openapi: 3.1.0\n", 15);
    (void)close(client);
}

struct crowd_member {
    pthread_t thread;
    uint32_t good;
};

static void *be_one_of_many(void *context)
{
    struct crowd_member *member = context;
    for (int i = 0; i < 5; i++) {
        int client = dial();
        say(client, post("/v1/spends", "k", SPEND));
        member->good += hear(client).status == 201 ? 1 : 0;
        say(client, get("/v1/node"));
        member->good += hear(client).status == 200 ? 1 : 0;
        (void)close(client);
    }
    return NULL;
}

static void two_hundred_clients_at_once_are_all_served(void **state)
{
    (void)state;
    static struct crowd_member crowd[200];
    memset(crowd, 0, sizeof crowd);
    start(&plain, REQUESTS_QUEUED_MAX);
    for (size_t i = 0; i < 200; i++) {
        assert_int_equal(pthread_create(&crowd[i].thread, NULL, be_one_of_many, &crowd[i]), 0);
    }
    for (size_t i = 0; i < 200; i++) {
        pthread_join(crowd[i].thread, NULL);
        assert_int_equal(crowd[i].good, 10);
    }
    assert_int_equal(core.taken, 2000);
    ASSERT_SOON(http_in_progress(core.http) == 0);
}

/* ---- the core is slow, or the client is gone ---- */

static void a_client_that_goes_away_leaves_nothing_behind(void **state)
{
    (void)state;
    start(&plain, 64);
    hold(true);
    for (uint32_t i = 0; i < 20; i++) {
        int client = dial();
        say(client, i % 2 == 0 ? get("/v1/node") : post("/v1/spends", "k", SPEND));
        ASSERT_SOON(core.held_count == i + 1);
        if (i % 3 == 0) {
            struct linger abrupt = {.l_onoff = 1};
            (void)setsockopt(client, SOL_SOCKET, SO_LINGER, &abrupt, sizeof abrupt);
        }
        (void)close(client);
    }
    hold(false);
    ASSERT_SOON(http_in_progress(core.http) == 0);
    ASSERT_SOON(http_counters(core.http).connections == 0);
    int client = dial();
    say(client, get("/v1/node"));
    assert_int_equal(hear(client).status, 200);
    (void)close(client);
}

static void a_full_inbox_is_busy_at_once(void **state)
{
    (void)state;
    int clients[3];
    start(&plain, 1);
    end_core(); /* nobody takes */
    for (size_t i = 0; i < 3; i++) {
        clients[i] = dial();
        say(clients[i], post("/v1/spends", "k", SPEND));
        if (i > 0) {
            struct reply reply = hear(clients[i]);
            assert_int_equal(reply.status, 503);
            assert_true(has_header(&reply, "Retry-After: 1\r\n"));
            assert_non_null(strstr(reply.body, "\"code\":\"busy\""));
        } else {
            ASSERT_SOON(http_in_progress(core.http) == 1);
            struct pollfd inbox = {.fd = inbox_descriptor(core.inbox), .events = POLLIN};
            assert_int_equal(poll(&inbox, 1, PATIENCE_MS), 1);
        }
    }
    /* The refused connections are as good as before. */
    say(clients[1], get("/healthz"));
    assert_int_equal(hear(clients[1]).status, 200);
    http_stop(core.http, 0);
    core.http = NULL;
    for (size_t i = 0; i < 3; i++) {
        (void)close(clients[i]);
    }
    inbox_free(core.inbox);
    (void)close(core.wake);
}

static void a_core_that_does_not_answer_makes_the_outcome_unknown(void **state)
{
    (void)state;
    const struct http_options impatient = {.command_deadline_ms = 200, .query_deadline_ms = 200};
    start(&impatient, 16);
    hold(true);
    int client = dial();
    say(client, post("/v1/spends", "k", SPEND));
    struct reply reply = hear(client);
    assert_int_equal(reply.status, 503);
    assert_non_null(strstr(reply.body, "\"code\":\"unknown\""));
    assert_true(has_header(&reply, "Retry-After: 1\r\n"));
    say(client, get("/v1/node"));
    assert_int_equal(hear(client).status, 503);
    /* The late answers go nowhere, and the next request gets its own. */
    assert_int_equal(core.held_count, 2);
    hold(false);
    ASSERT_SOON(core.held_count == 0);
    say(client, get("/v1/node"));
    assert_int_equal(hear(client).status, 200);
    (void)close(client);
}

static void a_spend_may_take_as_long_as_it_may_wait(void **state)
{
    (void)state;
    const struct http_options impatient = {.command_deadline_ms = 200, .query_deadline_ms = 200};
    start(&impatient, 16);
    hold(true);
    int client = dial();
    say(client, post("/v1/spends", "k",
                     "{\"card\":\"8000020010000017\",\"amount\":{\"minor\":1,\"currency\":\"CNY\"},"
                     "\"wait_ms\":10000}"));
    struct pollfd one = {.fd = client, .events = POLLIN};
    assert_int_equal(poll(&one, 1, 700), 0);
    hold(false);
    assert_int_equal(hear(client).status, 201);
    (void)close(client);
}

static void an_answer_to_nobody_is_ignored(void **state)
{
    (void)state;
    struct answer answer = {.kind = QUERY_NODE};
    start(&plain, 16);
    http_deliver(core.http, 0, &answer);
    http_deliver(core.http, UINT64_MAX, &answer);
    http_deliver(core.http, UINT64_C(1) << 16, &answer);
    http_deliver(core.http, (UINT64_C(1) << 16) + 60000, &answer);
    int client = dial();
    say(client, get("/v1/node"));
    assert_int_equal(hear(client).status, 200);
    (void)close(client);
}

/* ---- limits ---- */

static void an_address_has_a_bounded_number_of_connections(void **state)
{
    (void)state;
    struct http_options few = plain;
    few.connections_per_address = 3;
    start(&few, 16);
    int clients[3];
    for (size_t i = 0; i < 3; i++) {
        clients[i] = dial();
        say(clients[i], get("/healthz"));
        assert_int_equal(hear(clients[i]).status, 200);
    }
    assert_ended(dial());
    (void)close(clients[0]);
    ASSERT_SOON(http_counters(core.http).connections == 2);
    int client = dial();
    say(client, get("/healthz"));
    assert_int_equal(hear(client).status, 200);
    (void)close(client);
    (void)close(clients[1]);
    (void)close(clients[2]);
}

/* ---- start and stop ---- */

static void an_address_in_use_is_explained(void **state)
{
    (void)state;
    char problem[512] = "";
    char listen_at[64];
    start(&plain, 16);
    (void)snprintf(listen_at, sizeof listen_at, "127.0.0.1:%u", (unsigned)http_port(core.http));
    struct http_options same = {.listen = listen_at};
    assert_null(http_start(&same, server.api, core.inbox, problem, sizeof problem));
    assert_non_null(strstr(problem, listen_at));
    assert_non_null(strstr(problem, "in use"));
}

static void what_is_no_address_is_explained(void **state)
{
    (void)state;
    static const char *const odd[] = {"",
                                      "7080",
                                      "127.0.0.1",
                                      "127.0.0.1:x",
                                      "127.0.0.1:99999",
                                      "[::1:7080",
                                      "no.such.host.invalid:7080"};
    start(&plain, 16);
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        char problem[512] = "";
        struct http_options options = {.listen = odd[i]};
        assert_null(http_start(&options, server.api, core.inbox, problem, sizeof problem));
        assert_true(strlen(problem) > 30);
    }
}

static void a_listener_stops_with_clients_that_still_wait(void **state)
{
    (void)state;
    start(&plain, 16);
    hold(true);
    int waiting = dial();
    int idle = dial();
    say(waiting, post("/v1/spends", "k", SPEND));
    ASSERT_SOON(core.held_count == 1);
    stop();
    struct reply reply = hear(waiting);
    assert_int_equal(reply.status, 503);
    assert_non_null(strstr(reply.body, "\"code\":\"unknown\""));
    assert_true(has_header(&reply, "Connection: close\r\n"));
    assert_ended(waiting);
    assert_ended(idle);
}

static void a_quiet_listener_ends_what_it_began_and_begins_nothing(void **state)
{
    (void)state;
    start(&plain, 16);
    hold(true);
    int waiting = dial();
    int open = dial();
    say(open, get("/healthz"));
    assert_int_equal(hear(open).status, 200);
    say(waiting, post("/v1/spends", "k", SPEND));
    ASSERT_SOON(core.held_count == 1);
    http_quiesce(core.http);
    say(open, post("/v1/spends", "late", SPEND));
    assert_int_equal(hear(open).status, 503);
    assert_ended(open);
    assert_int_equal(http_in_progress(core.http), 1);
    hold(false);
    struct reply reply = hear(waiting);
    assert_int_equal(reply.status, 201);
    assert_true(has_header(&reply, "Connection: close\r\n"));
    assert_ended(waiting);
    ASSERT_SOON(http_in_progress(core.http) == 0);
    assert_int_equal(core.taken, 1);
}

static void a_new_till_can_work_through_the_listener_at_once(void **state)
{
    (void)state;
    start(&plain, 16);
    int client = dial();
    say(client, post("/v1/tills", "k", "{\"name\":\"door\"}"));
    struct reply reply = hear(client);
    assert_int_equal(reply.status, 201);
    const char *token = strstr(reply.body, "tk_");
    assert_non_null(token);
    char old[TOKEN_TEXT_SIZE + 1];
    memcpy(old, server.token, sizeof old);
    memcpy(server.token, token, TOKEN_TEXT_SIZE);
    say(client, get("/v1/node"));
    assert_int_equal(hear(client).status, 200);
    assert_int_equal(scratch_files_with(server.folder, server.token, TOKEN_TEXT_SIZE), 0);
    memcpy(server.token, old, sizeof old);
    (void)close(client);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, listener_set_up, listener_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_request_is_answered_by_the_core),
        TEST(no_answer_tells_the_program_s_name_or_version),
        TEST(a_connection_serves_one_request_after_another),
        TEST(requests_sent_ahead_are_answered_in_order),
        TEST(a_body_may_come_in_pieces),
        TEST(a_client_that_asks_first_is_told_to_go_on),
        TEST(a_head_has_no_body),
        TEST(a_document_larger_than_a_buffer_arrives_whole),
        TEST(two_hundred_clients_at_once_are_all_served),
        TEST(a_client_that_goes_away_leaves_nothing_behind),
        TEST(a_full_inbox_is_busy_at_once),
        TEST(a_core_that_does_not_answer_makes_the_outcome_unknown),
        TEST(a_spend_may_take_as_long_as_it_may_wait),
        TEST(an_answer_to_nobody_is_ignored),
        TEST(an_address_has_a_bounded_number_of_connections),
        TEST(an_address_in_use_is_explained),
        TEST(what_is_no_address_is_explained),
        TEST(a_listener_stops_with_clients_that_still_wait),
        TEST(a_quiet_listener_ends_what_it_began_and_begins_nothing),
        TEST(a_new_till_can_work_through_the_listener_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
