#include "http.h"

#include "clock.h"
#include "config.h"
#include "connection_table.h"
#include "exchange.h"
#include "framing.h"
#include "log.h"

#include <assert.h>
#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
    SWEEP_MS = 100,
    HEADER_MEMORY = 16 * 1024,
    BACKLOG = 512,
    STRANGER_BODY_SIZE_MAX = 8 * 1024, /* what is buffered for somebody without a token */
    SPEND_WAIT_MS = 800,               /* what the node waits for rights if the till does not say */
};

struct http {
    struct http_options options;
    struct api *api;
    struct inbox *inbox;
    struct MHD_Daemon *daemon;
    int listener;
    uint16_t port;
    struct connection_table *connections;
    struct exchange_table *exchanges;
    _Atomic bool stopping;
    pthread_t watchdog;
    bool watching;
    pthread_mutex_t waking; /* of the watchdog, and of the log's limit */
    pthread_cond_t wake;
    bool enough; /* the watchdog is to end */
    struct log_limit noise;
    _Atomic uint64_t requests;
    _Atomic uint64_t by_class[6];
    _Atomic uint64_t framing_refused;
    _Atomic uint64_t timed_out;
};

/* ---- what libmicrohttpd says ---- */

__attribute__((format(printf, 2, 0))) static void note(void *closure, const char *format,
                                                       va_list values)
{
    struct http *http = closure;
    char text[LOG_TEXT_SIZE_MAX];
    uint64_t dropped = 0;
    if (!log_wants(LOG_DEBUG)) {
        return; /* a line for every client that hangs up */
    }
    pthread_mutex_lock(&http->waking);
    bool pass = log_limit_pass(&http->noise, clock_monotonic_ms(), &dropped);
    pthread_mutex_unlock(&http->waking);
    if (pass) {
        (void)vsnprintf(text, sizeof text, format, values);
        log_event(LOG_DEBUG, "http_listener", log_text("text", text),
                  log_count("dropped", dropped));
    }
}

/* ---- answers ---- */

static void count_response(struct http *http, unsigned status)
{
    atomic_fetch_add(&http->requests, 1);
    if (status >= 100 && status < 600) {
        atomic_fetch_add(&http->by_class[status / 100], 1);
    }
}

static enum MHD_Result queue(struct http *http, struct exchange *exchange, unsigned status,
                             struct MHD_Response *response, bool last)
{
    if (response == NULL) {
        return MHD_NO;
    }
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    if (last || atomic_load(&http->stopping)) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    }
    /* A client that does not take its answer is ended like one that does not send its request. */
    connection_expect(exchange->entry, clock_monotonic_ms() + http->options.request_deadline_ms);
    enum MHD_Result result = MHD_queue_response(exchange->connection, status, response);
    MHD_destroy_response(response);
    count_response(http, status);
    return result;
}

/* The body stays with the call until the exchange ends. */
static enum MHD_Result send_response(struct http *http, struct exchange *exchange)
{
    const struct api_response *from = api_response(exchange->call);
    /* PERSISTENT: it is only read. */
    union {
        const void *in;
        void *out;
    } body = {.in = from->body.data};
    struct MHD_Response *response =
        MHD_create_response_from_buffer(from->body.size, body.out, MHD_RESPMEM_PERSISTENT);
    if (response != NULL) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, from->content_type);
        for (uint32_t i = 0; i < from->header_count; i++) {
            MHD_add_response_header(response, from->headers[i].name, from->headers[i].value);
        }
    }
    return queue(http, exchange, from->status, response, false);
}

/* The connection closes after it: nobody knows where the next request would begin. */
static enum MHD_Result refuse_framing(struct http *http, struct exchange *exchange,
                                      const struct framing *framing)
{
    char text[512];
    int size = snprintf(text, sizeof text,
                        "{\"type\":\"/problems/framing\",\"title\":\"The request is not framed as "
                        "it should be\",\"status\":%u,\"detail\":\"Refused: %s\",\"code\":"
                        "\"framing\"}",
                        framing->status, framing->why);
    assert(size > 0 && (size_t)size < sizeof text);
    struct MHD_Response *response =
        MHD_create_response_from_buffer((size_t)size, text, MHD_RESPMEM_MUST_COPY);
    if (response != NULL) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/problem+json");
    }
    atomic_fetch_add(&http->framing_refused, 1);
    exchange->state = EXCHANGE_REFUSED;
    return queue(http, exchange, framing->status, response, true);
}

/* ---- requests ---- */

static void *on_target(void *closure, const char *target, struct MHD_Connection *connection)
{
    struct http *http = closure;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct exchange *exchange = exchange_new(http->exchanges, connection, target);
    if (exchange != NULL) {
        exchange->entry = info == NULL ? NULL : info->socket_context;
        connection_expect(exchange->entry,
                          clock_monotonic_ms() + http->options.request_deadline_ms);
    }
    return exchange;
}

static enum MHD_Result on_header(void *closure, enum MHD_ValueKind kind, const char *key,
                                 size_t key_size, const char *value, size_t value_size)
{
    (void)kind;
    framing_header(closure, bytes_of(key, key_size),
                   bytes_of(value == NULL ? "" : value, value == NULL ? 0 : value_size));
    return MHD_YES;
}

/* Never more than Content-Length said, and that was bounded. */
static enum MHD_Result take_piece(struct exchange *exchange, const char *data, size_t size)
{
    if (exchange->body == NULL) {
        exchange->body = malloc(exchange->body_capacity == 0 ? 1 : exchange->body_capacity);
    }
    if (exchange->body == NULL || size > exchange->body_capacity - exchange->body_size) {
        return MHD_NO;
    }
    memcpy(exchange->body + exchange->body_size, data, size);
    exchange->body_size += size;
    return MHD_YES;
}

static uint64_t give_up_at(const struct http *http, const struct request *request)
{
    uint64_t now = clock_monotonic_ms();
    if (command_is_query(request->kind)) {
        return now + http->options.query_deadline_ms;
    }
    uint64_t wait = 0;
    if (request->kind == COMMAND_SPEND) {
        wait = request->body.spend.wait_ms > 0 ? request->body.spend.wait_ms : SPEND_WAIT_MS;
    }
    return now + http->options.command_deadline_ms + wait;
}

/* Suspended first: the answer may come before this returns. */
static enum MHD_Result ask(struct http *http, struct exchange *exchange, struct request *request)
{
    if (atomic_load(&http->stopping) ||
        !exchange_ask(http->exchanges, exchange, request, give_up_at(http, request))) {
        api_refuse_busy(exchange->call);
        return send_response(http, exchange);
    }
    uint64_t number = request->number;
    connection_expect(exchange->entry, 0);
    MHD_suspend_connection(exchange->connection);
    if (!inbox_put(http->inbox, request)) {
        exchange_take_back(http->exchanges, exchange, number);
        MHD_resume_connection(exchange->connection);
    }
    return MHD_YES;
}

static const char *header(const struct exchange *exchange, const char *name)
{
    return MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, name);
}

static enum MHD_Result serve(struct http *http, struct exchange *exchange, const char *method)
{
    struct api_http request = {
        .method = method,
        .target = exchange->target,
        .body = bytes_of(exchange->body, exchange->body_size),
        .authorization = header(exchange, MHD_HTTP_HEADER_AUTHORIZATION),
        .idempotency_key = header(exchange, "Idempotency-Key"),
        .content_type = header(exchange, MHD_HTTP_HEADER_CONTENT_TYPE),
        .accept = header(exchange, MHD_HTTP_HEADER_ACCEPT),
        .peer_address = exchange->entry == NULL ? "" : exchange->entry->address_text,
    };
    exchange->call = api_begin(http->api, &request);
    struct request *wish = api_request(exchange->call);
    if (wish == NULL) {
        return send_response(http, exchange);
    }
    return ask(http, exchange, wish);
}

static enum MHD_Result check_head(struct http *http, struct exchange *exchange, const char *method,
                                  const char *version)
{
    struct framing framing = {0};
    exchange->checked = true;
    MHD_get_connection_values_n(exchange->connection, MHD_HEADER_KIND, on_header, &framing);
    if (!framing_end(&framing, method, exchange->target, version)) {
        return refuse_framing(http, exchange, &framing);
    }
    exchange->body_capacity = framing.body_size;
    if (framing.body_size > STRANGER_BODY_SIZE_MAX &&
        !api_knows(http->api, framing.values[FRAMING_AUTHORIZATION])) {
        return serve(http, exchange, method); /* without its body: it is refused anyhow */
    }
    return MHD_YES;
}

/* The connection was resumed: there is an answer, or there will be none. */
static enum MHD_Result conclude(struct http *http, struct exchange *exchange)
{
    switch (exchange->state) {
    case EXCHANGE_ANSWERED:
        api_answer(exchange->call, &exchange->answer);
        return send_response(http, exchange);
    case EXCHANGE_GIVEN_UP:
        api_refuse_unknown(exchange->call);
        return send_response(http, exchange);
    case EXCHANGE_BUSY:
        api_refuse_busy(exchange->call);
        return send_response(http, exchange);
    case EXCHANGE_READING:
    case EXCHANGE_REFUSED:
    case EXCHANGE_ASKED:
        break;
    }
    return MHD_YES;
}

/* NOLINTNEXTLINE(readability-function-size): the library's parameters */
static enum MHD_Result on_request(void *closure, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *size, void **context)
{
    struct http *http = closure;
    struct exchange *exchange = *context;
    (void)connection;
    (void)url; /* decoded and cut at NUL: only the raw target counts */
    if (exchange == NULL) {
        return MHD_NO;
    }
    if (!exchange->checked) {
        return check_head(http, exchange, method, version);
    }
    if (*size > 0) {
        enum MHD_Result result =
            exchange->state == EXCHANGE_READING ? take_piece(exchange, data, *size) : MHD_YES;
        *size = 0;
        return result;
    }
    return exchange->call == NULL && exchange->state == EXCHANGE_READING
               ? serve(http, exchange, method)
               : conclude(http, exchange);
}

static void on_completed(void *closure, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode code)
{
    struct http *http = closure;
    struct exchange *exchange = *context;
    (void)connection;
    (void)code;
    *context = NULL;
    if (exchange != NULL) {
        connection_expect(exchange->entry, clock_monotonic_ms() + http->options.idle_ms +
                                               http->options.request_deadline_ms);
        exchange_end(http->exchanges, exchange);
    }
}

/* ---- connections ---- */

static enum MHD_Result on_accept(void *closure, const struct sockaddr *from, socklen_t size)
{
    struct http *http = closure;
    (void)size;
    return connection_admit(http->connections, from) ? MHD_YES : MHD_NO;
}

static void on_connection(void *closure, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct http *http = closure;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        connection_close(http->connections, *context);
        *context = NULL;
        return;
    }
    int descriptor =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    const struct sockaddr *from =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
    *context = connection_open(http->connections, descriptor, from);
    connection_expect(*context, clock_monotonic_ms() + http->options.request_deadline_ms);
}

static void *watch(void *closure)
{
    struct http *http = closure;
    pthread_mutex_lock(&http->waking);
    while (!http->enough) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += SWEEP_MS * 1000000L;
        if (until.tv_nsec >= 1000000000L) {
            until.tv_nsec -= 1000000000L;
            until.tv_sec++;
        }
        pthread_cond_timedwait(&http->wake, &http->waking, &until);
        pthread_mutex_unlock(&http->waking);
        uint64_t now = clock_monotonic_ms();
        atomic_fetch_add(&http->timed_out, connection_table_sweep(http->connections, now));
        exchange_table_give_up(http->exchanges, now);
        pthread_mutex_lock(&http->waking);
    }
    pthread_mutex_unlock(&http->waking);
    return NULL;
}

/* ---- start and stop ---- */

static struct http_options with_defaults(const struct http_options *options)
{
    struct http_options all = *options;
    const struct {
        uint32_t *value;
        uint32_t fallback;
    } defaults[] = {
        {&all.connections_max, 512},       {&all.connections_per_address, 16},
        {&all.request_deadline_ms, 10000}, {&all.idle_ms, 15000},
        {&all.command_deadline_ms, 1800},  {&all.query_deadline_ms, 10000},
    };
    for (size_t i = 0; i < sizeof defaults / sizeof defaults[0]; i++) {
        if (*defaults[i].value == 0) {
            *defaults[i].value = defaults[i].fallback;
        }
    }
    return all;
}

/* Listens on the first address of the name that works. -1 with errno. */
static int listen_on(const struct addrinfo *addresses)
{
    int error = EADDRNOTAVAIL;
    for (const struct addrinfo *at = addresses; at != NULL; at = at->ai_next) {
        int on = 1;
        int descriptor =
            socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, at->ai_protocol);
        if (descriptor < 0) {
            error = errno;
            continue;
        }
        (void)setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (bind(descriptor, at->ai_addr, at->ai_addrlen) == 0 &&
            listen(descriptor, BACKLOG) == 0) {
            return descriptor;
        }
        error = errno;
        (void)close(descriptor);
    }
    errno = error;
    return -1;
}

static bool port_of(int descriptor, uint16_t *port)
{
    struct sockaddr_storage bound = {0};
    socklen_t size = sizeof bound;
    if (getsockname(descriptor, (struct sockaddr *)&bound, &size) != 0) {
        return false;
    }
    if (bound.ss_family == AF_INET6) {
        struct sockaddr_in6 six;
        memcpy(&six, &bound, sizeof six);
        *port = ntohs(six.sin6_port);
    } else {
        struct sockaddr_in four;
        memcpy(&four, &bound, sizeof four);
        *port = ntohs(four.sin_port);
    }
    return true;
}

static bool open_listener(struct http *http, char *problem, size_t problem_size)
{
    char host[CONFIG_HOST_SIZE_MAX];
    char service[8];
    uint16_t port = 0;
    struct addrinfo *addresses = NULL;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    if (!config_split_endpoint(http->options.listen, true, host, &port)) {
        (void)snprintf(
            problem, problem_size,
            "Cannot listen for HTTP on \"%s\": write address:port, as in 127.0.0.1:7080 or "
            "[::1]:7080.",
            http->options.listen);
        return false;
    }
    (void)snprintf(service, sizeof service, "%u", (unsigned)port);
    int failed = getaddrinfo(host, service, &hints, &addresses);
    if (failed != 0) {
        (void)snprintf(
            problem, problem_size,
            "Cannot listen for HTTP on \"%s\": the address is not known (%s). Correct it in "
            "the configuration.",
            http->options.listen, gai_strerror(failed));
        return false;
    }
    http->listener = listen_on(addresses);
    int error = errno;
    freeaddrinfo(addresses);
    if (http->listener >= 0 && port_of(http->listener, &http->port)) {
        return true;
    }
    char reason[128];
    (void)snprintf(problem, problem_size,
                   "Cannot listen for HTTP on \"%s\": %s. Stop the program that uses it, or choose "
                   "another address in the configuration.",
                   http->options.listen, strerror_r(error, reason, sizeof reason));
    return false;
}

static bool start_daemon(struct http *http)
{
    /* Not its epoll: with 128 connections ready at once that waits for yet another event before it
     * looks at any of them, up to the idle time. */
    unsigned flags = MHD_USE_POLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    http->daemon = MHD_start_daemon(
        flags, 0, on_accept, http, on_request, http, MHD_OPTION_EXTERNAL_LOGGER, note, http,
        MHD_OPTION_LISTEN_SOCKET, http->listener, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)http->options.connections_max, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)((http->options.idle_ms + 999) / 1000), MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)HEADER_MEMORY, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_URI_LOG_CALLBACK,
        on_target, http, MHD_OPTION_NOTIFY_CONNECTION, on_connection, http,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, http, MHD_OPTION_END);
    return http->daemon != NULL;
}

static bool start_watchdog(struct http *http)
{
    http->watching = pthread_create(&http->watchdog, NULL, watch, http) == 0;
    return http->watching;
}

static void stop_watchdog(struct http *http)
{
    if (http->watching) {
        pthread_mutex_lock(&http->waking);
        http->enough = true;
        pthread_cond_signal(&http->wake);
        pthread_mutex_unlock(&http->waking);
        pthread_join(http->watchdog, NULL);
        http->watching = false;
    }
}

static void release(struct http *http)
{
    stop_watchdog(http);
    if (http->daemon != NULL) {
        MHD_stop_daemon(http->daemon);
    }
    if (http->listener >= 0) {
        (void)close(http->listener);
    }
    exchange_table_free(http->exchanges);
    connection_table_free(http->connections);
    pthread_cond_destroy(&http->wake);
    pthread_mutex_destroy(&http->waking);
    free(http);
}

struct http *http_start(const struct http_options *options, struct api *api, struct inbox *inbox,
                        char *problem, size_t problem_size)
{
    struct http *http = calloc(1, sizeof *http);
    if (http == NULL) {
        (void)snprintf(problem, problem_size, "There is no memory left for the HTTP listener.");
        return NULL;
    }
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&http->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&http->waking, NULL);
    http->options = with_defaults(options);
    http->api = api;
    http->inbox = inbox;
    http->listener = -1;
    http->noise = (struct log_limit){.burst = 10, .period_ms = 10000};
    /* Some may still be with the core when their clients are gone. */
    http->exchanges = exchange_table_new(http->options.connections_max + REQUESTS_QUEUED_MAX);
    http->connections =
        connection_table_new(http->options.connections_max, http->options.connections_per_address);
    if (!open_listener(http, problem, problem_size)) {
        release(http);
        return NULL;
    }
    if (http->exchanges == NULL || http->connections == NULL || !start_watchdog(http) ||
        !start_daemon(http)) {
        (void)snprintf(
            problem, problem_size,
            "The HTTP listener does not start: no memory, threads or descriptors are left.");
        release(http);
        return NULL;
    }
    return http;
}

void http_deliver(struct http *http, uint64_t number, const struct answer *answer)
{
    struct MHD_Connection *connection = NULL;
    if (exchange_deliver(http->exchanges, number, answer, &connection)) {
        MHD_resume_connection(connection);
    }
}

uint16_t http_port(const struct http *http)
{
    return http->port;
}

void http_quiesce(struct http *http)
{
    if (!atomic_exchange(&http->stopping, true)) {
        (void)MHD_quiesce_daemon(http->daemon);
    }
}

uint32_t http_in_progress(const struct http *http)
{
    return exchange_table_open(http->exchanges);
}

/* Until nothing is in progress, or the time is over. */
static void wait_for_end(const struct http *http, uint32_t most_ms)
{
    static const struct timespec moment = {.tv_nsec = 2000000};
    uint64_t until = clock_monotonic_ms() + most_ms;
    while (http_in_progress(http) > 0 && clock_monotonic_ms() < until) {
        nanosleep(&moment, NULL);
    }
}

void http_stop(struct http *http, uint32_t grace_ms)
{
    if (http == NULL) {
        return;
    }
    http_quiesce(http);
    wait_for_end(http, grace_ms);
    /* libmicrohttpd aborts on a suspended connection, so none may be left. */
    exchange_table_give_up(http->exchanges, UINT64_MAX);
    wait_for_end(http, 500);
    exchange_table_give_up(http->exchanges, UINT64_MAX);
    release(http);
}

struct http_counters http_counters(struct http *http)
{
    struct http_counters counters = {
        .requests = atomic_load(&http->requests),
        .framing_refused = atomic_load(&http->framing_refused),
        .timed_out = atomic_load(&http->timed_out),
        .connections = connection_table_count(http->connections),
    };
    for (size_t i = 0; i < 6; i++) {
        counters.by_class[i] = atomic_load(&http->by_class[i]);
    }
    return counters;
}
