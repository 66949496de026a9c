/* What no client should do. */
#include "http.h"

#include "clock.h"
#include "listener.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- framing: the request that hides behind must never be run ---- */

/* What an attacker would have run with somebody else's token. */
static const char *hidden(void)
{
    static char text[REQUEST_SIZE + 1];
    (void)snprintf(text, sizeof text, "%s", post("/v1/spends", "hidden", SPEND));
    return text;
}

/* Sends the head, the body and the hidden request in one go. The answer has this status, and the
 * connection ends; nothing reaches the core. */
static void assert_attack_fails(const char *name, const char *head, int status)
{
    uint32_t before = atomic_load(&core.taken);
    uint64_t began = clock_monotonic_ms();
    int client = dial();
    char text[SEVERAL_SIZE];
    /* First the head, whose memory is used again for the hidden one. */
    int size = snprintf(text, sizeof text, "%s\r\n", head);
    (void)snprintf(text + size, sizeof text - (size_t)size, "%s", hidden());
    say(client, text);
    struct reply reply = hear(client);
    if (reply.status != status) {
        fail_msg("%s: %d instead of %d: %.200s", name, reply.status, status, reply.body);
    }
    if (status != 0) {
        if (!has_header(&reply, "Connection: close\r\n")) {
            fail_msg("%s: the connection is to be kept: %.220s", name, reply.body);
        }
        assert_null(strstr(reply.body, server.token));
        reply = hear(client);
        if (reply.status != 0) {
            fail_msg("%s: a second answer, %d", name, reply.status);
        }
    }
    assert_true(clock_monotonic_ms() - began < 5000);
    assert_int_equal(atomic_load(&core.taken), before);
    (void)close(client);
}

static const struct {
    const char *name;
    const char *method;
    const char *target;
    const char *more; /* header lines */
    int status;
} attacks[] = {
    {"two lengths", "POST", "/v1/spends", "Content-Length: 5\r\nContent-Length: 0\r\n", 400},
    {"two equal lengths", "POST", "/v1/spends", "Content-Length: 0\r\nContent-Length: 0\r\n", 400},
    {"length and chunked", "POST", "/v1/spends",
     "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 400},
    {"chunked and length", "POST", "/v1/spends",
     "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", 400},
    {"chunked", "POST", "/v1/spends", "Transfer-Encoding: chunked\r\n", 411},
    {"gzip, chunked", "POST", "/v1/spends", "Transfer-Encoding: gzip, chunked\r\n", 411},
    {"identity", "POST", "/v1/spends", "Transfer-Encoding: identity\r\n", 411},
    {"odd coding", "POST", "/v1/spends", "Transfer-Encoding: xchunked\r\n", 411},
    {"space before the colon", "POST", "/v1/spends", "Content-Length : 35\r\n", 400},
    {"tab before the colon", "POST", "/v1/spends", "Content-Length\t: 35\r\n", 400},
    {"space before the colon of the coding", "POST", "/v1/spends",
     "Transfer-Encoding : chunked\r\n", 400},
    {"folded length", "POST", "/v1/spends", "Content-Length:\r\n 5\r\n", 400},
    {"folded by a tab", "POST", "/v1/spends", "Content-Length:\r\n\t5\r\n", 400},
    {"nearly the length", "POST", "/v1/spends", "Content-Length5: \r\n", 400},
    {"no length", "POST", "/v1/spends", "", 411},
    {"length in hex", "POST", "/v1/spends", "Content-Length: 0x5\r\n", 400},
    {"length with a plus", "POST", "/v1/spends", "Content-Length: +5\r\n", 400},
    {"negative length", "POST", "/v1/spends", "Content-Length: -5\r\n", 400},
    {"list of lengths", "POST", "/v1/spends", "Content-Length: 5, 5\r\n", 400},
    {"empty length", "POST", "/v1/spends", "Content-Length: \r\n", 400},
    {"length beyond 64 KiB", "POST", "/v1/spends", "Content-Length: 65537\r\n", 413},
    {"length beyond all", "POST", "/v1/spends", "Content-Length: 99999999999999999999999\r\n", 413},
    {"body of a GET", "GET", "/v1/node", "Content-Length: 5\r\n", 400},
    {"chunked GET", "GET", "/v1/node", "Transfer-Encoding: chunked\r\n", 411},
    {"two hosts", "GET", "/v1/node", "Host: other\r\n", 400},
    {"folded second host", "GET", "/v1/node", "Host: other\r\n host\r\n", 400},
    {"two tokens", "GET", "/v1/node", "Authorization: Bearer other\r\n", 400},
    {"two cookies", "GET", "/v1/node", "Cookie: a=1\r\nCookie: a=2\r\n", 400},
    {"two types", "GET", "/v1/node", "Content-Type: a/b\r\nContent-Type: a/b\r\n", 400},
    {"two origins", "GET", "/v1/node", "Origin: a\r\nOrigin: b\r\n", 400},
    {"two keys", "GET", "/v1/node", "Idempotency-Key: a\r\nIdempotency-Key: a\r\n", 400},
    {"control byte in a value", "GET", "/v1/node", "X: a\x01z\r\n", 400},
    {"delete in a value", "GET", "/v1/node", "X: a\x7fz\r\n", 400},
    {"bare CR in a value", "GET", "/v1/node", "X: a\rContent-Length: 5\r\n", 400},
    {"bracket in a name", "GET", "/v1/node", "X(: a\r\n", 400},
    {"byte above ASCII in a name", "GET", "/v1/node", "X\xc3\xa9: a\r\n", 400},
    {"absolute form", "GET", "http://other/v1/node", "", 400},
    {"asterisk form", "OPTIONS", "*", "", 400},
    {"authority form", "CONNECT", "host:80", "", 400},
    {"NUL in the path", "GET", "/v1/node%00.css", "", 400},
    {"encoded dots", "GET", "/v1/%2e%2e/node", "", 400},
    {"encoded slash", "GET", "/v1%2fnode", "", 400},
    {"dots", "GET", "/v1/../v1/node", "", 400},
    {"double slash", "GET", "//v1/node", "", 400},
    {"method in small letters", "get", "/v1/node", "", 400},
    {"odd method", "G@T", "/v1/node", "", 400},
    {"unknown expectation", "POST", "/v1/spends", "Expect: more\r\nContent-Length: 5\r\n", 417},
    {"compressed body", "POST", "/v1/spends", "Content-Encoding: gzip\r\nContent-Length: 5\r\n",
     415},
};

static void framing_that_can_be_read_two_ways_is_refused(void **state)
{
    (void)state;
    start(&plain, 16);
    for (size_t i = 0; i < sizeof attacks / sizeof attacks[0]; i++) {
        assert_attack_fails(attacks[i].name,
                            head_of(attacks[i].method, attacks[i].target, attacks[i].more),
                            attacks[i].status);
    }
    assert_int_equal(http_counters(core.http).framing_refused > 30, true);
    assert_int_equal(core.taken, 0);
}

static void other_versions_and_a_missing_host_are_refused(void **state)
{
    (void)state;
    start(&plain, 16);
    assert_attack_fails("no host", "GET /healthz HTTP/1.1\r\n", 400);
    static const char *const heads[] = {
        "GET /healthz HTTP/2.0\r\nHost: a\r\n",
        "GET /healthz HTTP/3.7\r\nHost: a\r\n",
        "PRI * HTTP/2.0\r\n",
        "GET /healthz\r\n",
        "GET /healthz HTTP/1.1 \r\nHost: a\r\n",
        "\x16\x03\x01\x02",
    };
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        char text[SEVERAL_SIZE];
        int client = dial();
        (void)snprintf(text, sizeof text, "%s\r\n%s", heads[i], hidden());
        say(client, text);
        (void)shutdown(client, SHUT_WR);
        struct reply reply = hear(client);
        if (reply.status != 0 && (reply.status < 400 || reply.status > 505)) {
            fail_msg("%s: %d", heads[i], reply.status);
        }
        (void)close(client);
    }
    assert_int_equal(core.taken, 0);
}

static void a_body_of_64_KiB_is_read(void **state)
{
    (void)state;
    char more[256];
    char *body = malloc(65536);
    assert_non_null(body);
    memset(body, ' ', 65536);
    memcpy(body, SPEND, strlen(SPEND));
    start(&plain, 16);
    int client = dial();
    (void)snprintf(
        more, sizeof more,
        "Idempotency-Key: k\r\nContent-Type: application/json\r\nContent-Length: 65536\r\n"
        "\r\n");
    say(client, head_of("POST", "/v1/spends", more));
    say_bytes(client, body, 65536);
    assert_int_equal(hear(client).status, 201);
    free(body);
    (void)close(client);
}

/* Before it is sent: nothing of it is waited for. */
static void a_large_body_from_a_stranger_is_not_taken(void **state)
{
    (void)state;
    start(&plain, 16);
    int client = dial();
    say(client, "POST /v1/spends HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                "Idempotency-Key: k\r\nContent-Length: 60000\r\n\r\n");
    struct reply reply = hear(client);
    assert_int_equal(reply.status, 401);
    assert_true(has_header(&reply, "Connection: close\r\n"));
    assert_ended(client);
}

static void a_head_beyond_16_KiB_is_refused(void **state)
{
    (void)state;
    start(&plain, 16);
    int client = dial();
    char *text = calloc(1, 70000);
    assert_non_null(text);
    size_t size = (size_t)snprintf(text, 70000, "%sX: ", head_of("GET", "/v1/node", ""));
    memset(text + size, 'x', 64000 - size);
    (void)send(client, text, 64000, MSG_NOSIGNAL);
    struct reply reply = hear(client);
    assert_true(reply.status == 0 || reply.status == 431 || reply.status == 400);
    free(text);
    (void)close(client);
    assert_int_equal(core.taken, 0);
}

/* ---- slowness ---- */

static const struct http_options hasty = {.request_deadline_ms = 400,
                                          .query_deadline_ms = PATIENCE_MS,
                                          .command_deadline_ms = PATIENCE_MS};

/* A byte each 20 ms until the other side ends it; how long that took. */
static uint64_t drip(int client, const char *text)
{
    uint64_t began = clock_monotonic_ms();
    for (;;) {
        struct pollfd one = {.fd = client, .events = POLLIN};
        if (poll(&one, 1, 20) > 0) {
            char byte = 0;
            if (recv(client, &byte, 1, 0) <= 0) {
                return clock_monotonic_ms() - began;
            }
            continue; /* an error page before the end */
        }
        assert_true(clock_monotonic_ms() - began < PATIENCE_MS);
        (void)send(client, *text == 0 ? "x" : text, 1, MSG_NOSIGNAL);
        text += *text == 0 ? 0 : 1;
    }
}

static void a_head_that_drips_is_ended_by_the_deadline(void **state)
{
    (void)state;
    start(&hasty, 16);
    int client = dial();
    uint64_t took = drip(client, "GET /v1/node HTTP/1.1\r\nHost: localhost\r\nX-Long: ");
    assert_true(took >= 300);
    assert_true(took < 5000);
    ASSERT_SOON(http_counters(core.http).timed_out >= 1); /* counted after the end */
    (void)close(client);
}

static void a_body_that_drips_is_ended_by_the_deadline(void **state)
{
    (void)state;
    start(&hasty, 16);
    int client = dial();
    say(client, head_of("POST", "/v1/spends",
                        "Idempotency-Key: k\r\nContent-Type: application/json\r\n"
                        "Content-Length: 60000\r\n\r\n"));
    uint64_t took = drip(client, "{");
    assert_true(took >= 300);
    assert_true(took < 5000);
    (void)close(client);
    ASSERT_SOON(http_in_progress(core.http) == 0);
    assert_int_equal(core.taken, 0);
}

static void a_client_that_takes_no_answers_is_ended(void **state)
{
    (void)state;
    start(&hasty, 16);
    int client = dial();
    int small = 4096;
    (void)setsockopt(client, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    /* More than the buffers on the way can hold. */
    for (int i = 0; i < 400; i++) {
        const char *text = get("/openapi.yaml");
        if (send(client, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
            break;
        }
    }
    ASSERT_SOON(http_counters(core.http).timed_out >= 1);
    ASSERT_SOON(http_counters(core.http).connections == 0);
    (void)close(client);
}

static void a_request_that_waits_for_the_core_is_not_slow(void **state)
{
    (void)state;
    start(&hasty, 16);
    hold(true);
    int client = dial();
    say(client, get("/v1/node"));
    ASSERT_SOON(core.held_count == 1);
    struct pollfd one = {.fd = client, .events = POLLIN};
    assert_int_equal(poll(&one, 1, 900), 0); /* more than twice the deadline */
    hold(false);
    assert_int_equal(hear(client).status, 200);
    (void)close(client);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, listener_set_up, listener_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(framing_that_can_be_read_two_ways_is_refused),
        TEST(other_versions_and_a_missing_host_are_refused),
        TEST(a_body_of_64_KiB_is_read),
        TEST(a_large_body_from_a_stranger_is_not_taken),
        TEST(a_head_beyond_16_KiB_is_refused),
        TEST(a_head_that_drips_is_ended_by_the_deadline),
        TEST(a_body_that_drips_is_ended_by_the_deadline),
        TEST(a_client_that_takes_no_answers_is_ended),
        TEST(a_request_that_waits_for_the_core_is_not_slow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
