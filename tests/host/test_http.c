/* A real listener on the loopback, and in place of the node a thread that takes requests from the
 * inbox and answers them. Clients are sockets that say exactly what they want to say. */
#include "http.h"

#include "auth.h"
#include "clock.h"
#include "hash.h"
#include "log.h"
#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum {
    HELD_MAX = 1024,
    PATIENCE_MS = 20000, /* far more than anything here takes */
};

/* ---- the core ---- */

static struct {
    struct inbox *inbox;
    struct http *http;
    pthread_t thread;
    int wake;
    _Atomic bool ending;
    _Atomic bool holding;
    _Atomic uint32_t taken;
    _Atomic uint32_t held_count;
    const struct request *held[HELD_MAX];
    pthread_mutex_t lock; /* of last */
    int64_t last_amount;
    uint8_t last_card[CARD_NUMBER_SIZE];
    char last_note[FIELD_SIZE_MAX + 1];
} core;

static void remember(const struct request *request)
{
    pthread_mutex_lock(&core.lock);
    if (request->kind == COMMAND_SPEND) {
        core.last_amount = request->body.spend.amount;
        memcpy(core.last_card, request->body.spend.account.card.data, CARD_NUMBER_SIZE);
    } else if (request->kind == COMMAND_ENROL) {
        struct bytes text = request->body.enrol.fields[request->body.enrol.field_count - 1].text;
        memcpy(core.last_note, text.data, text.size);
        core.last_note[text.size] = 0;
    }
    pthread_mutex_unlock(&core.lock);
}

static void answer_request(const struct request *request)
{
    struct answer answer = {.kind = request->kind,
                            .page = request->page,
                            .event = {journal_of(2, 1), 17, 0},
                            .at_ms = 1,
                            .currency = {'C', 'N', 'Y'},
                            .balance = 4242};
    if (request->page != NULL) {
        memset(&request->page->rows.node, 0, sizeof request->page->rows.node);
        request->page->rows.node.journal = journal_of(2, 1);
        request->page->count = 0;
    }
    http_deliver(core.http, request->number, &answer);
}

static void take_all(void)
{
    const struct request *request = NULL;
    while ((request = inbox_take(core.inbox)) != NULL) {
        remember(request);
        atomic_fetch_add(&core.taken, 1);
        if (atomic_load(&core.holding)) {
            assert_true(atomic_load(&core.held_count) < HELD_MAX);
            core.held[atomic_load(&core.held_count)] = request;
            atomic_fetch_add(&core.held_count, 1);
        } else {
            answer_request(request);
        }
    }
}

static void let_go(void)
{
    if (!atomic_load(&core.holding)) {
        for (uint32_t i = 0; i < atomic_load(&core.held_count); i++) {
            answer_request(core.held[i]);
        }
        atomic_store(&core.held_count, 0);
    }
}

static void *run_core(void *unused)
{
    (void)unused;
    struct pollfd both[2] = {{.fd = inbox_descriptor(core.inbox), .events = POLLIN},
                             {.fd = core.wake, .events = POLLIN}};
    while (!atomic_load(&core.ending)) {
        (void)poll(both, 2, -1);
        eventfd_t count = 0;
        (void)eventfd_read(core.wake, &count);
        let_go();
        take_all();
    }
    return NULL;
}

static void hold(bool holding)
{
    atomic_store(&core.holding, holding);
    (void)eventfd_write(core.wake, 1);
}

/* ---- the server ---- */

static struct {
    struct api *api;
    char folder[SCRATCH_PATH_SIZE];
    char token[TOKEN_TEXT_SIZE + 1];
    struct http_options options;
} server;

static void make_token(void)
{
    char problem[256];
    const struct token *token = NULL;
    struct auth *auth =
        auth_load(scratch_in(server.folder, "tokens"), true, problem, sizeof problem);
    assert_non_null(auth);
    assert_int_equal(auth_create(auth, bytes_of("admin", 5), TOKEN_OPERATOR, &token, server.token),
                     STATUS_OK);
    auth_free(auth);
}

static void start(const struct http_options *options, uint32_t inbox_capacity)
{
    char problem[512] = "";
    server.options = *options;
    server.options.listen = "127.0.0.1:0";
    if (server.options.connections_per_address == 0) {
        server.options.connections_per_address = 512;
    }
    core.inbox = inbox_new(inbox_capacity);
    core.wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    assert_non_null(core.inbox);
    atomic_store(&core.ending, false);
    atomic_store(&core.holding, false);
    atomic_store(&core.taken, 0);
    atomic_store(&core.held_count, 0);
    core.http = http_start(&server.options, server.api, core.inbox, problem, sizeof problem);
    if (core.http == NULL) {
        fail_msg("%s", problem);
    }
    assert_int_equal(pthread_create(&core.thread, NULL, run_core, NULL), 0);
}

static void end_core(void)
{
    if (!atomic_exchange(&core.ending, true)) {
        (void)eventfd_write(core.wake, 1);
        pthread_join(core.thread, NULL);
    }
}

static void stop(void)
{
    end_core();
    http_stop(core.http, 0);
    core.http = NULL;
    inbox_free(core.inbox);
    (void)close(core.wake);
}

static int set_up(void **state)
{
    char problem[256];
    (void)state;
    pthread_mutex_init(&core.lock, NULL);
    scratch_make(server.folder);
    make_token();
    server.api = api_new(scratch_in(server.folder, "tokens"), problem, sizeof problem);
    assert_non_null(server.api);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    if (core.http != NULL) {
        stop();
    }
    api_free(server.api);
    scratch_remove(server.folder);
    pthread_mutex_destroy(&core.lock);
    return 0;
}

/* ---- a client ---- */

static int dial(void)
{
    struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(http_port(core.http)),
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(client >= 0);
    (void)setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    (void)setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    assert_int_equal(connect(client, (struct sockaddr *)&to, sizeof to), 0);
    return client;
}

static void say_bytes(int client, const void *bytes, size_t size)
{
    assert_int_equal(send(client, bytes, size, MSG_NOSIGNAL), (ssize_t)size);
}

static void say(int client, const char *text)
{
    say_bytes(client, text, strlen(text));
}

/* One response. The memory is good until the next call by this thread. */
struct reply {
    int status; /* 0: the connection ended */
    const char *head;
    const char *body;
    size_t body_size;
};

static _Thread_local char reply_memory[256 * 1024];

static size_t content_length(const char *head)
{
    const char *line = strcasestr(head, "\r\ncontent-length:");
    return line == NULL ? 0 : strtoul(line + strlen("\r\ncontent-length:"), NULL, 10);
}

/* Byte by byte in the head, so that nothing of the next response is taken. */
static struct reply hear_head(int client)
{
    size_t size = 0;
    struct reply reply = {.head = reply_memory, .body = ""};
    while (size < 16384) {
        ssize_t got = recv(client, reply_memory + size, 1, 0);
        if (got <= 0) {
            return (struct reply){.head = "", .body = ""};
        }
        size++;
        reply_memory[size] = 0;
        if (size >= 4 && memcmp(reply_memory + size - 4, "\r\n\r\n", 4) == 0) {
            break;
        }
    }
    assert_memory_equal(reply_memory, "HTTP/1.1 ", 9);
    reply.status = atoi(reply_memory + 9);
    reply.body = reply_memory + size + 1;
    return reply;
}

static struct reply hear(int client)
{
    struct reply reply = hear_head(client);
    size_t wanted = reply.status == 0 || reply.status == 100 ? 0 : content_length(reply.head);
    char *to = reply_memory + (reply.body - reply_memory);
    assert_true(wanted < 200 * 1024);
    while (reply.status != 0 && reply.body_size < wanted) {
        ssize_t got = recv(client, to + reply.body_size, wanted - reply.body_size, 0);
        if (got <= 0) {
            return (struct reply){.head = "", .body = ""};
        }
        reply.body_size += (size_t)got;
    }
    if (reply.status != 0) {
        to[reply.body_size] = 0;
    }
    return reply;
}

static bool has_header(const struct reply *reply, const char *line)
{
    char wanted[128];
    snprintf(wanted, sizeof wanted, "\r\n%s", line);
    return strcasestr(reply->head, wanted) != NULL;
}

static void assert_ended(int client)
{
    struct reply reply = hear(client);
    assert_int_equal(reply.status, 0);
    (void)close(client);
}

enum { HEAD_SIZE = 2048, REQUEST_SIZE = 4096, SEVERAL_SIZE = 32 * 1024 };

/* A request's head up to, and without, the empty line. */
static const char *head_of(const char *method, const char *target, const char *more)
{
    static _Thread_local char text[HEAD_SIZE];
    snprintf(text, sizeof text,
             "%s %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n%s", method, target,
             server.token, more);
    return text;
}

static const char *get(const char *target)
{
    static _Thread_local char text[REQUEST_SIZE];
    snprintf(text, sizeof text, "%s\r\n", head_of("GET", target, ""));
    return text;
}

static const char *post(const char *target, const char *key, const char *body)
{
    static _Thread_local char text[REQUEST_SIZE];
    char more[512];
    snprintf(more, sizeof more,
             "Idempotency-Key: %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n",
             key, strlen(body));
    snprintf(text, sizeof text, "%s\r\n%s", head_of("POST", target, more), body);
    return text;
}

#define SPEND "{\"card\":\"8000020010000017\",\"amount\":{\"minor\":3200,\"currency\":\"CNY\"}}"

/* Until a number that another thread makes is as it should be. */
#define ASSERT_SOON(condition)                                                                     \
    do {                                                                                           \
        uint64_t patience = clock_monotonic_ms() + PATIENCE_MS;                                    \
        while (!(condition)) {                                                                     \
            assert_true(clock_monotonic_ms() < patience);                                          \
            (void)sched_yield();                                                                   \
        }                                                                                          \
    } while (0)

static const struct http_options plain = {.query_deadline_ms = PATIENCE_MS,
                                          .command_deadline_ms = PATIENCE_MS};

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
    snprintf(more, sizeof more,
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
    snprintf(text, sizeof text, "%s\r\n", head_of("HEAD", "/openapi.yaml", ""));
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

/* ---- framing (platform.md 4.1): the request that hides behind must never be run ---- */

/* What an attacker would have run with somebody else's token. */
static const char *hidden(void)
{
    static char text[REQUEST_SIZE + 1];
    snprintf(text, sizeof text, "%s", post("/v1/spends", "hidden", SPEND));
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
    snprintf(text + size, sizeof text - (size_t)size, "%s", hidden());
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
        snprintf(text, sizeof text, "%s\r\n%s", heads[i], hidden());
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
    snprintf(more, sizeof more,
             "Idempotency-Key: k\r\nContent-Type: application/json\r\nContent-Length: 65536\r\n"
             "\r\n");
    say(client, head_of("POST", "/v1/spends", more));
    say_bytes(client, body, 65536);
    assert_int_equal(hear(client).status, 201);
    free(body);
    (void)close(client);
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
    assert_true(http_counters(core.http).timed_out >= 1);
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
    http_deliver(core.http, UINT64_C(1) << 32, &answer);
    http_deliver(core.http, (UINT64_C(1) << 32) + 100000, &answer);
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
    snprintf(listen_at, sizeof listen_at, "127.0.0.1:%u", (unsigned)http_port(core.http));
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

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
        TEST(framing_that_can_be_read_two_ways_is_refused),
        TEST(other_versions_and_a_missing_host_are_refused),
        TEST(a_body_of_64_KiB_is_read),
        TEST(a_head_beyond_16_KiB_is_refused),
        TEST(a_head_that_drips_is_ended_by_the_deadline),
        TEST(a_body_that_drips_is_ended_by_the_deadline),
        TEST(a_client_that_takes_no_answers_is_ended),
        TEST(a_request_that_waits_for_the_core_is_not_slow),
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
