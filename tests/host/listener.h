/* A real listener on the loopback, and in place of the node a thread that takes requests from the
 * inbox and answers them. Clients are sockets that say exactly what they want to say. For one test
 * program each. */
#ifndef LISTENER_H
#define LISTENER_H

#include "auth.h"
#include "clock.h"
#include "http.h"
#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
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

static inline void remember(const struct request *request)
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

static inline void answer_request(const struct request *request)
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

static inline void take_all(void)
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

static inline void let_go(void)
{
    if (!atomic_load(&core.holding)) {
        for (uint32_t i = 0; i < atomic_load(&core.held_count); i++) {
            answer_request(core.held[i]);
        }
        atomic_store(&core.held_count, 0);
    }
}

static inline void *run_core(void *unused)
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

static inline void hold(bool holding)
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

static inline void make_token(void)
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

static inline void start(const struct http_options *options, uint32_t inbox_capacity)
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

static inline void end_core(void)
{
    if (!atomic_exchange(&core.ending, true)) {
        (void)eventfd_write(core.wake, 1);
        pthread_join(core.thread, NULL);
    }
}

static inline void stop(void)
{
    end_core();
    http_stop(core.http, 0);
    core.http = NULL;
    inbox_free(core.inbox);
    (void)close(core.wake);
}

static inline int listener_set_up(void **state)
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

static inline int listener_tear_down(void **state)
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

static inline int dial(void)
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

static inline void say_bytes(int client, const void *bytes, size_t size)
{
    assert_int_equal(send(client, bytes, size, MSG_NOSIGNAL), (ssize_t)size);
}

static inline void say(int client, const char *text)
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

static inline size_t content_length(const char *head)
{
    const char *line = strcasestr(head, "\r\ncontent-length:");
    return line == NULL ? 0 : strtoul(line + strlen("\r\ncontent-length:"), NULL, 10);
}

/* Byte by byte in the head, so that nothing of the next response is taken. */
static inline struct reply hear_head(int client)
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
    reply.status = (int)strtol(reply_memory + 9, NULL, 10);
    reply.body = reply_memory + size + 1;
    return reply;
}

static inline struct reply hear(int client)
{
    struct reply reply = hear_head(client);
    if (reply.status == 0) {
        return reply;
    }
    size_t wanted = reply.status == 100 ? 0 : content_length(reply.head);
    char *to = reply_memory + (reply.body - reply_memory);
    assert_true(wanted < sizeof reply_memory / 2);
    while (reply.body_size < wanted) {
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

static inline bool has_header(const struct reply *reply, const char *line)
{
    char wanted[128];
    (void)snprintf(wanted, sizeof wanted, "\r\n%s", line);
    return strcasestr(reply->head, wanted) != NULL;
}

static inline void assert_ended(int client)
{
    struct reply reply = hear(client);
    assert_int_equal(reply.status, 0);
    (void)close(client);
}

enum { HEAD_SIZE = 2048, REQUEST_SIZE = 4096, SEVERAL_SIZE = 32 * 1024 };

/* A request's head up to, and without, the empty line. */
static inline const char *head_of(const char *method, const char *target, const char *more)
{
    static _Thread_local char text[HEAD_SIZE];
    (void)snprintf(text, sizeof text,
                   "%s %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n%s", method,
                   target, server.token, more);
    return text;
}

static inline const char *get(const char *target)
{
    static _Thread_local char text[REQUEST_SIZE];
    (void)snprintf(text, sizeof text, "%s\r\n", head_of("GET", target, ""));
    return text;
}

static inline const char *post(const char *target, const char *key, const char *body)
{
    static _Thread_local char text[REQUEST_SIZE];
    char more[512];
    (void)snprintf(
        more, sizeof more,
        "Idempotency-Key: %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n", key,
        strlen(body));
    (void)snprintf(text, sizeof text, "%s\r\n%s", head_of("POST", target, more), body);
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

#endif
