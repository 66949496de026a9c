#include "traffic_client.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    HOST_SIZE_MAX = 256,
    REQUEST_SIZE_MAX = 4096,
    ANSWER_SIZE_START = 4096,
};

enum lane_state {
    LANE_IDLE,
    LANE_CONNECTING,
    LANE_SENDING,
    LANE_RECEIVING,
    LANE_ANSWERED, /* until wait has told it */
};

struct lane {
    size_t node;
    enum lane_state state;
    int socket; /* -1 = none */
    bool fresh; /* no answer came over this connection yet */
    bool again; /* the request was sent a second time over a new connection */
    uint64_t tag;
    uint64_t sent_us;
    uint64_t deadline_us;
    char request[REQUEST_SIZE_MAX];
    size_t request_size;
    size_t request_at;
    uint8_t *answer; /* header and body, answer_capacity long */
    size_t answer_capacity;
    size_t answer_size;
    /* known once the header is complete */
    size_t body_at; /* 0 = not yet */
    size_t body_size;
    bool until_close;
    bool keep;
    int http;
    uint32_t retry;
    const char *loss;
};

struct peer_address {
    struct sockaddr_storage address;
    socklen_t size;
    char host[HOST_SIZE_MAX + 16]; /* for the Host header */
    char token[TRAFFIC_TOKEN_SIZE_MAX];
};

struct traffic_client {
    struct peer_address nodes[TRAFFIC_NODES_MAX];
    size_t node_count;
    size_t lanes_per_node;
    struct lane *lanes; /* node by node */
    struct pollfd *polls;
    size_t *polled; /* which lane each of polls is */
};

static uint64_t now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* Splits "http://host:port", the host in brackets if it is an IPv6 address. */
static bool split_url(const char *url, char host[static HOST_SIZE_MAX], char port[static 8])
{
    static const char scheme[] = "http://";
    if (strncmp(url, scheme, sizeof scheme - 1) != 0) {
        return false;
    }
    const char *at = url + sizeof scheme - 1;
    const char *end = NULL;
    size_t size = 0;
    if (*at == '[') {
        at++;
        size = strcspn(at, "]");
        end = at[size] == ']' ? at + size + 1 : NULL;
    } else {
        size = strcspn(at, ":/");
        end = at + size;
    }
    if (end == NULL || size == 0 || size >= HOST_SIZE_MAX) {
        return false;
    }
    memcpy(host, at, size);
    host[size] = '\0';
    (void)snprintf(port, 8, "80");
    if (*end == ':') {
        size_t digits = strspn(end + 1, "0123456789");
        if (digits == 0 || digits > 5) {
            return false;
        }
        memcpy(port, end + 1, digits);
        port[digits] = '\0';
        end += 1 + digits;
    }
    return *end == '\0' || strcmp(end, "/") == 0;
}

static bool resolve(const struct traffic_node *node, struct peer_address *peer,
                    struct explanation *explanation)
{
    char host[HOST_SIZE_MAX];
    char port[8];
    if (!split_url(node->url, host, port)) {
        explain(explanation, "\"%s\" is no address of a node: write http://HOST:PORT.", node->url);
        return false;
    }
    if (strlen(node->token) >= TRAFFIC_TOKEN_SIZE_MAX) {
        explain(explanation, "The token for %s is too long to be one.", node->url);
        return false;
    }
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int error = getaddrinfo(host, port, &hints, &found);
    if (error != 0 || found == NULL) {
        explain(explanation, "The name \"%s\" is not known: %s.", host, gai_strerror(error));
        return false;
    }
    memcpy(&peer->address, found->ai_addr, found->ai_addrlen);
    peer->size = found->ai_addrlen;
    freeaddrinfo(found);
    (void)snprintf(peer->host, sizeof peer->host, strchr(host, ':') == NULL ? "%s:%s" : "[%s]:%s",
                   host, port);
    (void)snprintf(peer->token, sizeof peer->token, "%s", node->token);
    return true;
}

struct traffic_client *traffic_client_new(const struct traffic_node *nodes, size_t count,
                                          size_t lanes, struct explanation *explanation)
{
    if (count == 0 || count > TRAFFIC_NODES_MAX || lanes == 0 || lanes > TRAFFIC_LANES_MAX) {
        explain(explanation, "Traffic goes to 1 to %d nodes over 1 to %d connections each.",
                TRAFFIC_NODES_MAX, TRAFFIC_LANES_MAX);
        return NULL;
    }
    size_t all = count * lanes;
    struct traffic_client *client = calloc(1, sizeof *client);
    if (client == NULL) {
        explain(explanation, "There is not enough memory.");
        return NULL;
    }
    client->lanes = calloc(all, sizeof *client->lanes);
    client->polls = calloc(all, sizeof *client->polls);
    client->polled = calloc(all, sizeof *client->polled);
    if (client->lanes == NULL || client->polls == NULL || client->polled == NULL) {
        explain(explanation, "There is not enough memory for %zu connections.", all);
        traffic_client_free(client);
        return NULL;
    }
    client->node_count = count;
    client->lanes_per_node = lanes;
    for (size_t i = 0; i < all; i++) {
        client->lanes[i].node = i / lanes;
        client->lanes[i].socket = -1;
    }
    for (size_t i = 0; i < count; i++) {
        if (!resolve(&nodes[i], &client->nodes[i], explanation)) {
            traffic_client_free(client);
            return NULL;
        }
    }
    return client;
}

static void lane_close(struct lane *lane)
{
    if (lane->socket >= 0) {
        (void)close(lane->socket);
        lane->socket = -1;
    }
}

void traffic_client_free(struct traffic_client *client)
{
    if (client == NULL) {
        return;
    }
    for (size_t i = 0; i < client->node_count * client->lanes_per_node; i++) {
        lane_close(&client->lanes[i]);
        free(client->lanes[i].answer);
    }
    free(client->lanes);
    free(client->polls);
    free(client->polled);
    free(client);
}

int traffic_client_idle(const struct traffic_client *client, size_t node)
{
    assert(node < client->node_count);
    for (size_t i = 0; i < client->lanes_per_node; i++) {
        size_t lane = node * client->lanes_per_node + i;
        if (client->lanes[lane].state == LANE_IDLE) {
            return (int)lane;
        }
    }
    return TRAFFIC_LANE_NONE;
}

static void lane_lose(struct lane *lane, const char *loss)
{
    lane_close(lane);
    lane->state = LANE_ANSWERED;
    lane->http = 0;
    lane->loss = loss;
}

static void lane_connect(struct lane *lane, const struct peer_address *peer)
{
    lane->fresh = true;
    lane->socket = socket(peer->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (lane->socket < 0) {
        lane_lose(lane, "no socket could be opened");
        return;
    }
    int on = 1;
    (void)setsockopt(lane->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const struct sockaddr *address = (const struct sockaddr *)(const void *)&peer->address;
    if (connect(lane->socket, address, peer->size) == 0 || errno == EINPROGRESS) {
        lane->state = LANE_CONNECTING;
    } else {
        lane_lose(lane, "the node refuses connections");
    }
}

static void lane_start(struct lane *lane, const struct peer_address *peer)
{
    lane->request_at = 0;
    lane->answer_size = 0;
    lane->body_at = 0;
    lane->body_size = 0;
    lane->until_close = false;
    lane->http = 0;
    lane->retry = 0;
    lane->loss = NULL;
    if (lane->socket < 0) {
        lane_connect(lane, peer);
    } else {
        lane->fresh = false;
        lane->state = LANE_SENDING;
    }
}

/* A kept connection may have been closed by the node while idle, without the request having been
 * read. Asking again over a new connection is safe: every write carries its key. */
static void lane_broken(struct lane *lane, const struct peer_address *peer, const char *loss)
{
    if (!lane->fresh && !lane->again && lane->answer_size == 0) {
        lane_close(lane);
        lane->again = true;
        lane_start(lane, peer);
    } else {
        lane_lose(lane, loss);
    }
}

static void lane_write(struct lane *lane, const struct peer_address *peer)
{
    ssize_t sent = send(lane->socket, lane->request + lane->request_at,
                        lane->request_size - lane->request_at, MSG_NOSIGNAL);
    if (sent >= 0) {
        lane->request_at += (size_t)sent;
        if (lane->request_at == lane->request_size) {
            lane->state = LANE_RECEIVING;
        }
    } else if (errno != EAGAIN && errno != EINTR) {
        lane_broken(lane, peer, "the connection was lost");
    }
}

void traffic_client_send(struct traffic_client *client, int lane_index,
                         const struct traffic_request *request, uint32_t timeout_ms, uint64_t tag)
{
    struct lane *lane = &client->lanes[lane_index];
    const struct peer_address *peer = &client->nodes[lane->node];
    assert(lane->state == LANE_IDLE);

    const char *body = request->body == NULL ? "" : request->body;
    int size = snprintf(
        lane->request, sizeof lane->request,
        "%s %s HTTP/1.1\r\nHost: %s\r\n%s%s%s%s%s%s"
        "Content-Length: %zu\r\n\r\n%s",
        request->method, request->target, peer->host,
        peer->token[0] == '\0' ? "" : "Authorization: Bearer ", peer->token,
        peer->token[0] == '\0' ? "" : "\r\n",
        request->key == NULL ? "" : "Idempotency-Key: ", request->key == NULL ? "" : request->key,
        request->key == NULL ? "" : "\r\nContent-Type: application/json\r\n", strlen(body), body);
    assert(size > 0 && (size_t)size < sizeof lane->request);
    lane->request_size = (size_t)size;
    lane->tag = tag;
    lane->again = false;
    lane->sent_us = now_us();
    lane->deadline_us = lane->sent_us + (uint64_t)timeout_ms * 1000;
    lane_start(lane, peer);
    if (lane->state == LANE_SENDING) {
        lane_write(lane, peer);
    }
}

/* The value of a header line if it has this name, else NULL. */
static const char *header_value(const char *line, const char *name)
{
    size_t size = strlen(name);
    if (strncasecmp(line, name, size) != 0 || line[size] != ':') {
        return NULL;
    }
    return line + size + 1 + strspn(line + size + 1, " \t");
}

static bool lane_read_header_line(struct lane *lane, const char *line, bool *sized)
{
    const char *value = header_value(line, "Content-Length");
    if (value != NULL) {
        unsigned long long size = strtoull(value, NULL, 10);
        if (size > TRAFFIC_ANSWER_SIZE_MAX) {
            return false;
        }
        lane->body_size = (size_t)size;
        *sized = true;
    }
    value = header_value(line, "Connection");
    if (value != NULL && strncasecmp(value, "close", 5) == 0) {
        lane->keep = false;
    }
    value = header_value(line, "Retry-After");
    if (value != NULL) {
        lane->retry = (uint32_t)strtoul(value, NULL, 10) % 3600;
    }
    return header_value(line, "Transfer-Encoding") == NULL;
}

/* False if this is no answer that we understand. */
static bool lane_read_header(struct lane *lane, size_t header_size)
{
    char *text = (char *)lane->answer;
    if (header_size < 12 || strncmp(text, "HTTP/1.", 7) != 0) {
        return false;
    }
    lane->http = (int)strtol(text + 9, NULL, 10);
    if (lane->http < 200 || lane->http > 599) {
        return false;
    }
    lane->keep = text[7] == '1';
    bool sized = lane->http == 204 || lane->http == 304;
    char *line = strstr(text, "\r\n");
    while (line != NULL && (size_t)(line + 2 - text) < header_size - 2) {
        line += 2;
        char *end = strstr(line, "\r\n");
        if (end == NULL || !lane_read_header_line(lane, line, &sized)) {
            return false;
        }
        line = end;
    }
    lane->until_close = !sized;
    lane->body_at = header_size;
    return true;
}

static bool lane_make_room(struct lane *lane)
{
    if (lane->answer_capacity - lane->answer_size > 1) {
        return true;
    }
    size_t capacity = lane->answer_capacity == 0 ? ANSWER_SIZE_START : lane->answer_capacity * 2;
    uint8_t *answer =
        capacity > (size_t)TRAFFIC_ANSWER_SIZE_MAX * 2 ? NULL : realloc(lane->answer, capacity);
    if (answer == NULL) {
        return false;
    }
    lane->answer = answer;
    lane->answer_capacity = capacity;
    return true;
}

static void lane_digest(struct lane *lane)
{
    /* Room for this terminator is always kept; the header is searched as text. */
    lane->answer[lane->answer_size] = '\0';
    if (lane->body_at == 0) {
        const char *end = strstr((const char *)lane->answer, "\r\n\r\n");
        if (end == NULL) {
            return;
        }
        if (!lane_read_header(lane, (size_t)(end + 4 - (const char *)lane->answer))) {
            lane_lose(lane, "the answer is not one that a node gives");
            return;
        }
    }
    if (!lane->until_close && lane->answer_size - lane->body_at >= lane->body_size) {
        lane->state = LANE_ANSWERED;
        if (!lane->keep) {
            lane_close(lane);
        }
    }
}

static void lane_receive(struct lane *lane, const struct peer_address *peer)
{
    if (!lane_make_room(lane)) {
        lane_lose(lane, "the answer is too large");
        return;
    }
    ssize_t got = recv(lane->socket, lane->answer + lane->answer_size,
                       lane->answer_capacity - lane->answer_size - 1, 0);
    if (got > 0) {
        lane->answer_size += (size_t)got;
        lane_digest(lane);
    } else if (got == 0 && lane->body_at > 0 && lane->until_close) {
        lane->body_size = lane->answer_size - lane->body_at;
        lane->state = LANE_ANSWERED;
        lane_close(lane);
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
        lane_broken(lane, peer, "the connection was lost before the answer");
    }
}

static void lane_finish_connect(struct lane *lane, const struct peer_address *peer)
{
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(lane->socket, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) {
        lane_lose(lane, "the node refuses connections");
        return;
    }
    lane->state = LANE_SENDING;
    lane_write(lane, peer);
}

static void lane_step(struct lane *lane, const struct peer_address *peer)
{
    switch (lane->state) {
    case LANE_CONNECTING:
        lane_finish_connect(lane, peer);
        break;
    case LANE_SENDING:
        lane_write(lane, peer);
        break;
    case LANE_RECEIVING:
        lane_receive(lane, peer);
        break;
    case LANE_IDLE:
    case LANE_ANSWERED:
        break;
    }
}

static size_t take_answers(struct traffic_client *client, struct traffic_answer *answers,
                           size_t max)
{
    size_t count = 0;
    uint64_t now = now_us();
    for (size_t i = 0; i < client->node_count * client->lanes_per_node && count < max; i++) {
        struct lane *lane = &client->lanes[i];
        if (lane->state == LANE_IDLE) {
            continue;
        }
        if (lane->state != LANE_ANSWERED && now >= lane->deadline_us) {
            lane_lose(lane, "no answer came in time");
        }
        if (lane->state != LANE_ANSWERED) {
            continue;
        }
        lane->state = LANE_IDLE;
        answers[count++] = (struct traffic_answer){
            .node = lane->node,
            .tag = lane->tag,
            .http = lane->http,
            .again = lane->again,
            .retry = lane->retry,
            .took_us = now - lane->sent_us,
            .body = lane->http == 0 ? bytes_of(NULL, 0)
                                    : bytes_of(lane->answer + lane->body_at, lane->body_size),
            .loss = lane->loss == NULL ? "" : lane->loss,
        };
    }
    return count;
}

/* Fills polls; returns their number, and shortens the wait to the next deadline. */
static size_t fill_polls(struct traffic_client *client, int *wait_ms)
{
    size_t count = 0;
    uint64_t now = now_us();
    for (size_t i = 0; i < client->node_count * client->lanes_per_node; i++) {
        const struct lane *lane = &client->lanes[i];
        if (lane->state == LANE_IDLE) {
            continue;
        }
        if (lane->state == LANE_ANSWERED || lane->deadline_us <= now) {
            *wait_ms = 0;
            continue;
        }
        uint64_t left_ms = (lane->deadline_us - now) / 1000 + 1;
        if (*wait_ms < 0 || left_ms < (uint64_t)*wait_ms) {
            *wait_ms = (int)left_ms;
        }
        client->polled[count] = i;
        client->polls[count++] = (struct pollfd){
            .fd = lane->socket,
            .events = lane->state == LANE_RECEIVING ? POLLIN : POLLOUT,
        };
    }
    return count;
}

size_t traffic_client_wait(struct traffic_client *client, int wait_ms,
                           struct traffic_answer *answers, size_t max)
{
    size_t count = fill_polls(client, &wait_ms);
    int ready = poll(client->polls, count, wait_ms);
    for (size_t i = 0; ready > 0 && i < count; i++) {
        struct lane *lane = &client->lanes[client->polled[i]];
        if (client->polls[i].revents != 0) {
            lane_step(lane, &client->nodes[lane->node]);
        }
    }
    return take_answers(client, answers, max);
}

struct traffic_answer traffic_client_ask(struct traffic_client *client, size_t node,
                                         const struct traffic_request *request, uint32_t timeout_ms)
{
    int lane = traffic_client_idle(client, node);
    assert(lane != TRAFFIC_LANE_NONE);
    traffic_client_send(client, lane, request, timeout_ms, 0);
    struct traffic_answer answer;
    while (traffic_client_wait(client, -1, &answer, 1) == 0) {
    }
    return answer;
}
