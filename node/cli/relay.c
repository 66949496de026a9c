#include "relay.h"

#include "clock.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    BACKLOG = 64,
    PIPE_SIZE = 64 * 1024,
    RETRY_LISTEN_MS = 20,
    MARKS = 32,
    PORTIONS_A_SECOND = 50, /* of a narrow line */
    WAKE_POLLS = 1,
};

/* Up to where something came at once, and when it may go on. */
struct mark {
    size_t end;
    uint64_t due_ms;
};

/* One direction of a connection. */
struct stream {
    uint8_t bytes[PIPE_SIZE];
    size_t from;
    size_t ready; /* up to here it may go on by now */
    size_t to;
    bool ended; /* the source has closed */
    struct mark marks[MARKS];
    size_t mark_count;
    uint64_t due_ms;  /* of the last mark */
    uint64_t rest_ms; /* a narrow line is busy until then */
};

struct connection {
    bool used;
    size_t route;
    int sockets[2]; /* who dialled, whom we dialled */
    bool connecting;
    struct stream *streams; /* [0]: from sockets[0] to sockets[1]; [1]: back */
    size_t polls[2];
};

struct route {
    struct relay_route terms;
    int listener; /* -1: cut, or not yet listening again */
    atomic_bool cut;
    size_t poll;
    struct relay_line lines[2]; /* under the lock: from the first to the second, and back */
};

struct relay {
    struct route routes[RELAY_ROUTES_MAX];
    size_t route_count;
    struct connection connections[RELAY_CONNECTIONS_MAX];
    struct pollfd polls[WAKE_POLLS + RELAY_ROUTES_MAX + 2 * RELAY_CONNECTIONS_MAX];
    int wake[2];
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t applied;
    uint64_t asked_turn; /* under the lock: a turn that begins after this one has seen the cuts */
    uint64_t done_turn;
    bool stop;
    uint64_t dice;
    struct relay_line now[RELAY_ROUTES_MAX][2]; /* the thread's own copy of all lines */
    uint64_t now_ms;
    atomic_uint_fast64_t carried;
};

static struct sockaddr_in loopback(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static const struct sockaddr *generic(const struct sockaddr_in *address)
{
    return (const struct sockaddr *)(const void *)address;
}

static int listen_on(uint16_t port)
{
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener < 0) {
        return -1;
    }
    int on = 1;
    (void)setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    struct sockaddr_in address = loopback(port);
    if (bind(listener, generic(&address), sizeof address) != 0 || listen(listener, BACKLOG) != 0) {
        (void)close(listener);
        return -1;
    }
    return listener;
}

static void close_connection(struct connection *connection)
{
    for (size_t i = 0; i < 2; i++) {
        if (connection->sockets[i] >= 0) {
            (void)close(connection->sockets[i]);
        }
    }
    free(connection->streams);
    *connection = (struct connection){0};
}

static struct connection *free_connection(struct relay *relay)
{
    for (size_t i = 0; i < RELAY_CONNECTIONS_MAX; i++) {
        if (!relay->connections[i].used) {
            return &relay->connections[i];
        }
    }
    return NULL;
}

static void accept_one(struct relay *relay, size_t index)
{
    struct route *route = &relay->routes[index];
    int dialled = accept4(route->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (dialled < 0) {
        return;
    }
    struct connection *connection = free_connection(relay);
    struct stream *streams = connection == NULL ? NULL : calloc(2, sizeof *streams);
    int target = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = loopback(route->terms.target_port);
    if (streams == NULL || target < 0 ||
        (connect(target, generic(&address), sizeof address) != 0 && errno != EINPROGRESS)) {
        (void)close(dialled);
        if (target >= 0) {
            (void)close(target);
        }
        free(streams);
        return;
    }
    int on = 1;
    (void)setsockopt(dialled, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)setsockopt(target, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    *connection = (struct connection){
        .used = true,
        .route = index,
        .sockets = {dialled, target},
        .connecting = true,
        .streams = streams,
    };
}

/* Brings listeners and connections in line with what is cut. */
static void apply_cuts(struct relay *relay)
{
    for (size_t i = 0; i < relay->route_count; i++) {
        struct route *route = &relay->routes[i];
        bool cut = atomic_load(&route->cut);
        if (cut && route->listener >= 0) {
            (void)close(route->listener);
            route->listener = -1;
        } else if (!cut && route->listener < 0) {
            route->listener = listen_on(route->terms.listen_port);
        }
    }
    for (size_t i = 0; i < RELAY_CONNECTIONS_MAX; i++) {
        struct connection *connection = &relay->connections[i];
        if (connection->used && atomic_load(&relay->routes[connection->route].cut)) {
            close_connection(connection);
        }
    }
}

static uint32_t draw(struct relay *relay, uint32_t most)
{
    relay->dice = relay->dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return most == 0 ? 0 : (uint32_t)((relay->dice >> 33) % (most + 1));
}

static bool has_room(const struct stream *stream)
{
    return stream->mark_count < MARKS && (stream->to < PIPE_SIZE || stream->from == stream->to);
}

/* False when the connection is over. */
static bool pull(struct relay *relay, struct stream *stream, int source,
                 const struct relay_line *line)
{
    if (stream->from == stream->to) {
        stream->from = 0;
        stream->ready = 0;
        stream->to = 0;
        stream->mark_count = 0;
    }
    if (stream->ended || !has_room(stream)) {
        return true;
    }
    ssize_t got = recv(source, stream->bytes + stream->to, PIPE_SIZE - stream->to, 0);
    if (got > 0) {
        uint64_t due_ms = relay->now_ms + line->delay_ms + draw(relay, line->jitter_ms);
        stream->to += (size_t)got;
        stream->due_ms = due_ms > stream->due_ms ? due_ms : stream->due_ms;
        stream->marks[stream->mark_count++] = (struct mark){stream->to, stream->due_ms};
    } else if (got == 0) {
        stream->ended = true;
    } else if (errno != EAGAIN && errno != EINTR) {
        return false;
    }
    return true;
}

static void let_go(struct stream *stream, uint64_t now_ms)
{
    size_t due = 0;
    while (due < stream->mark_count && stream->marks[due].due_ms <= now_ms) {
        stream->ready = stream->marks[due++].end;
    }
    stream->mark_count -= due;
    memmove(stream->marks, stream->marks + due, stream->mark_count * sizeof stream->marks[0]);
}

/* How much may go on now. */
static size_t allowed(const struct stream *stream, const struct relay_line *line, uint64_t now_ms)
{
    size_t size = stream->ready - stream->from;
    if (line->dead || (line->bytes_per_second > 0 && now_ms < stream->rest_ms)) {
        return 0;
    }
    size_t portion = line->bytes_per_second / PORTIONS_A_SECOND + 1;
    return line->bytes_per_second > 0 && size > portion ? portion : size;
}

static bool push(struct relay *relay, struct stream *stream, int target,
                 const struct relay_line *line)
{
    let_go(stream, relay->now_ms);
    size_t size = allowed(stream, line, relay->now_ms);
    if (size > 0) {
        ssize_t sent = send(target, stream->bytes + stream->from, size, MSG_NOSIGNAL);
        if (sent >= 0) {
            stream->from += (size_t)sent;
            atomic_fetch_add(&relay->carried, (uint64_t)sent);
            if (line->bytes_per_second > 0) {
                stream->rest_ms = relay->now_ms + (uint64_t)sent * 1000 / line->bytes_per_second;
            }
        } else if (errno != EAGAIN && errno != EINTR) {
            return false;
        }
    }
    return !stream->ended || stream->from < stream->to;
}

static bool finish_connect(struct connection *connection)
{
    int error = 0;
    socklen_t size = sizeof error;
    connection->connecting = false;
    return getsockopt(connection->sockets[1], SOL_SOCKET, SO_ERROR, &error, &size) == 0 &&
           error == 0;
}

static void carry(struct relay *relay, struct connection *connection)
{
    short events[2] = {relay->polls[connection->polls[0]].revents,
                       relay->polls[connection->polls[1]].revents};
    if (connection->connecting) {
        if (events[1] != 0 && !finish_connect(connection)) {
            close_connection(connection);
        }
        return;
    }
    bool alive = true;
    for (size_t i = 0; i < 2 && alive; i++) {
        struct stream *stream = &connection->streams[i];
        const struct relay_line *line = &relay->now[connection->route][i];
        if ((events[i] & (POLLIN | POLLHUP | POLLERR)) != 0) {
            alive = pull(relay, stream, connection->sockets[i], line);
        }
        alive = alive && push(relay, stream, connection->sockets[1 - i], line);
    }
    if (!alive) {
        close_connection(connection);
    }
}

static short wanted_events(const struct relay *relay, const struct connection *connection,
                           size_t side)
{
    const struct stream *in = &connection->streams[side];
    const struct stream *out = &connection->streams[1 - side];
    const struct relay_line *line = &relay->now[connection->route][1 - side];
    if (connection->connecting) {
        return side == 1 ? POLLOUT : 0;
    }
    bool goes = allowed(out, line, relay->now_ms) > 0;
    return (short)((has_room(in) && !in->ended ? POLLIN : 0) | (goes ? POLLOUT : 0));
}

/* When what waits in a stream may go on, if that is only a matter of time. */
static void shorten_wait(const struct relay *relay, const struct stream *stream,
                         const struct relay_line *line, int *wait_ms)
{
    uint64_t at_ms = stream->ready > stream->from ? stream->rest_ms
                     : stream->mark_count > 0     ? stream->marks[0].due_ms
                                                  : UINT64_MAX;
    if (line->dead || at_ms == UINT64_MAX || at_ms <= relay->now_ms) {
        return;
    }
    int left_ms = at_ms - relay->now_ms > 1000 ? 1000 : (int)(at_ms - relay->now_ms);
    *wait_ms = *wait_ms < 0 || left_ms < *wait_ms ? left_ms : *wait_ms;
}

static size_t fill_polls(struct relay *relay, int *wait_ms)
{
    size_t count = 0;
    *wait_ms = -1;
    relay->polls[count++] = (struct pollfd){.fd = relay->wake[0], .events = POLLIN};
    for (size_t i = 0; i < relay->route_count; i++) {
        struct route *route = &relay->routes[i];
        if (route->listener < 0 && !atomic_load(&route->cut)) {
            *wait_ms = RETRY_LISTEN_MS;
        }
        route->poll = count;
        relay->polls[count++] = (struct pollfd){.fd = route->listener, .events = POLLIN};
    }
    for (size_t i = 0; i < RELAY_CONNECTIONS_MAX; i++) {
        struct connection *connection = &relay->connections[i];
        for (size_t side = 0; connection->used && side < 2; side++) {
            connection->polls[side] = count;
            relay->polls[count++] = (struct pollfd){
                .fd = connection->sockets[side],
                .events = wanted_events(relay, connection, side),
            };
            if (!connection->connecting) {
                shorten_wait(relay, &connection->streams[side],
                             &relay->now[connection->route][side], wait_ms);
            }
        }
    }
    return count;
}

/* What time alone has released. */
static void release_due(struct relay *relay)
{
    for (size_t i = 0; i < RELAY_CONNECTIONS_MAX; i++) {
        struct connection *connection = &relay->connections[i];
        for (size_t side = 0; connection->used && side < 2; side++) {
            let_go(&connection->streams[side], relay->now_ms);
        }
    }
}

static void take_turn(struct relay *relay)
{
    int wait_ms = -1;
    apply_cuts(relay);
    (void)pthread_mutex_lock(&relay->lock);
    for (size_t i = 0; i < relay->route_count; i++) {
        memcpy(relay->now[i], relay->routes[i].lines, sizeof relay->now[i]);
    }
    relay->done_turn = relay->asked_turn;
    (void)pthread_cond_broadcast(&relay->applied);
    (void)pthread_mutex_unlock(&relay->lock);
    release_due(relay);
    size_t count = fill_polls(relay, &wait_ms);
    int found = poll(relay->polls, count, wait_ms);
    relay->now_ms = clock_monotonic_ms();
    if (found <= 0) {
        return;
    }
    if (relay->polls[0].revents != 0) {
        char bytes[64];
        (void)!read(relay->wake[0], bytes, sizeof bytes);
    }
    for (size_t i = 0; i < RELAY_CONNECTIONS_MAX; i++) {
        struct connection *connection = &relay->connections[i];
        if (connection->used && (relay->polls[connection->polls[0]].revents != 0 ||
                                 relay->polls[connection->polls[1]].revents != 0)) {
            carry(relay, connection);
        }
    }
    for (size_t i = 0; i < relay->route_count; i++) {
        if (relay->routes[i].listener >= 0 && relay->polls[relay->routes[i].poll].revents != 0) {
            accept_one(relay, i);
        }
    }
}

static bool must_stop(struct relay *relay)
{
    (void)pthread_mutex_lock(&relay->lock);
    bool stop = relay->stop;
    (void)pthread_mutex_unlock(&relay->lock);
    return stop;
}

static void *run(void *context)
{
    struct relay *relay = context;
    while (!must_stop(relay)) {
        take_turn(relay);
    }
    return NULL;
}

static void release(struct relay *relay)
{
    for (size_t i = 0; i < RELAY_CONNECTIONS_MAX; i++) {
        if (relay->connections[i].used) {
            close_connection(&relay->connections[i]);
        }
    }
    for (size_t i = 0; i < relay->route_count; i++) {
        if (relay->routes[i].listener >= 0) {
            (void)close(relay->routes[i].listener);
        }
    }
    (void)close(relay->wake[0]);
    (void)close(relay->wake[1]);
    (void)pthread_mutex_destroy(&relay->lock);
    (void)pthread_cond_destroy(&relay->applied);
    free(relay);
}

struct relay *relay_start(const struct relay_route *routes, size_t count,
                          struct explanation *explanation)
{
    assert(count <= RELAY_ROUTES_MAX);
    struct relay *relay = calloc(1, sizeof *relay);
    if (relay == NULL || pipe2(relay->wake, O_CLOEXEC) != 0) {
        explain(explanation, "The forwarder cannot be set up: %s.", strerrordesc_np(errno));
        free(relay);
        return NULL;
    }
    relay->now_ms = clock_monotonic_ms();
    (void)pthread_mutex_init(&relay->lock, NULL);
    (void)pthread_cond_init(&relay->applied, NULL);
    for (size_t i = 0; i < count; i++) {
        relay->routes[i].terms = routes[i];
        relay->routes[i].listener = listen_on(routes[i].listen_port);
        relay->route_count++;
        if (relay->routes[i].listener < 0) {
            explain(explanation, "Port %u of this machine cannot be listened on: %s.",
                    routes[i].listen_port, strerrordesc_np(errno));
            release(relay);
            return NULL;
        }
    }
    int error = pthread_create(&relay->thread, NULL, run, relay);
    if (error != 0) {
        explain(explanation, "The forwarder's thread cannot be started: %s.",
                strerrordesc_np(error));
        release(relay);
        return NULL;
    }
    return relay;
}

static void wake(struct relay *relay)
{
    (void)!write(relay->wake[1], "w", 1);
}

void relay_stop(struct relay *relay)
{
    if (relay == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&relay->lock);
    relay->stop = true;
    (void)pthread_mutex_unlock(&relay->lock);
    wake(relay);
    (void)pthread_join(relay->thread, NULL);
    release(relay);
}

/* Until the thread goes by what was set. */
static void wait_applied(struct relay *relay)
{
    (void)pthread_mutex_lock(&relay->lock);
    uint64_t turn = ++relay->asked_turn;
    wake(relay);
    while (relay->done_turn < turn) {
        (void)pthread_cond_wait(&relay->applied, &relay->lock);
    }
    (void)pthread_mutex_unlock(&relay->lock);
}

static void set_cut(struct relay *relay, size_t node, bool cut)
{
    for (size_t i = 0; i < relay->route_count; i++) {
        struct route *route = &relay->routes[i];
        if (route->terms.first == node || route->terms.second == node) {
            atomic_store(&route->cut, cut);
        }
    }
    wait_applied(relay);
}

void relay_spoil(struct relay *relay, size_t from, size_t to, const struct relay_line *line)
{
    (void)pthread_mutex_lock(&relay->lock);
    for (size_t i = 0; i < relay->route_count; i++) {
        struct route *route = &relay->routes[i];
        if (route->terms.first == from && route->terms.second == to) {
            route->lines[0] = *line;
        } else if (route->terms.first == to && route->terms.second == from) {
            route->lines[1] = *line;
        }
    }
    (void)pthread_mutex_unlock(&relay->lock);
    wait_applied(relay);
}

void relay_cut(struct relay *relay, size_t node)
{
    set_cut(relay, node, true);
}

void relay_heal(struct relay *relay, size_t node)
{
    set_cut(relay, node, false);
}

uint64_t relay_carried(const struct relay *relay)
{
    return atomic_load(&relay->carried);
}
