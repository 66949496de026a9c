#include "chain.h"

#include "replay_answer.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <ftw.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    FIRST_PORT = 20000, /* below the ports that the system gives to those who dial */
    LAST_PORT = 32000,
    ROUTE_PORTS_AT = 16,
    CALL_MS_MAX = 20 * 1000,
    WAIT_MS_MAX = 30 * 1000,
    POLL_MS = 10,
    BODY_SIZE = 2048,
    OPEN_FILES_MAX = 16,
};

uint64_t chain_now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static int bind_port(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(probe >= 0);
    if (bind(probe, (const struct sockaddr *)(const void *)&address, sizeof address) != 0) {
        (void)close(probe);
        return -1;
    }
    return probe;
}

/* The first port of the range stays bound, so that no other chain on this machine takes it. */
static bool take_range(struct chain *chain, uint16_t first)
{
    int lock = bind_port(first);
    if (lock < 0) {
        return false;
    }
    for (uint16_t i = 1; i < CHAIN_PORTS; i++) {
        int probe = bind_port((uint16_t)(first + i));
        if (probe < 0) {
            (void)close(lock);
            return false;
        }
        (void)close(probe);
    }
    chain->port_lock = lock;
    chain->first_port = first;
    return true;
}

static void take_ports(struct chain *chain)
{
    enum { RANGES = (LAST_PORT - FIRST_PORT) / CHAIN_PORTS };
    uint32_t start = (uint32_t)getpid() % RANGES;
    for (uint32_t i = 0; i < RANGES; i++) {
        if (take_range(chain, (uint16_t)(FIRST_PORT + (start + i) % RANGES * CHAIN_PORTS))) {
            return;
        }
    }
    fail_msg("There are no %d free ports in a row.", CHAIN_PORTS);
}

/* Those that are not there yet have a place too: a test may add them. */
static void name_nodes(struct chain *chain)
{
    for (size_t i = 0; i < CHAIN_NODES_MAX; i++) {
        struct chain_node *node = &chain->nodes[i];
        node->api_port = (uint16_t)(chain->first_port + 1 + i);
        node->peer_port = (uint16_t)(chain->first_port + CHAIN_PEER_PORTS_AT + 2 * i);
        (void)snprintf(node->dir, sizeof node->dir, "%.500s/node%zu", chain->dir, i);
        (void)snprintf(node->log, sizeof node->log, "%.500s/node%zu.log", chain->dir, i);
        (void)snprintf(node->url, sizeof node->url, "http://127.0.0.1:%u", node->api_port);
    }
}

static uint16_t route_port(const struct chain *chain, size_t dialler, size_t dialled)
{
    size_t pair = dialler * (dialler - 1) / 2 + dialled;
    return (uint16_t)(chain->first_port + ROUTE_PORTS_AT + 2 * pair);
}

static void start_relay(struct chain *chain)
{
    struct relay_route routes[CHAIN_NODES_MAX * (CHAIN_NODES_MAX - 1)];
    size_t count = 0;
    for (size_t dialler = 1; dialler < CHAIN_NODES_MAX; dialler++) {
        for (size_t dialled = 0; dialled < dialler; dialled++) {
            for (uint16_t bulk = 0; bulk < 2; bulk++) {
                routes[count++] = (struct relay_route){
                    .listen_port = (uint16_t)(route_port(chain, dialler, dialled) + bulk),
                    .target_port = (uint16_t)(chain->nodes[dialled].peer_port + bulk),
                    .first = dialler,
                    .second = dialled,
                };
            }
        }
    }
    struct explanation explanation = {""};
    chain->relay = relay_start(routes, count, &explanation);
    if (chain->relay == NULL) {
        fail_msg("%s", explanation.text);
    }
}

static void call_tally(const struct chain *chain, const char *const *words, char *output)
{
    const char *arguments[DAEMON_ARGUMENTS_MAX] = {chain->tally};
    for (size_t i = 0; words[i] != NULL; i++) {
        assert_true(i + 2 < DAEMON_ARGUMENTS_MAX);
        arguments[i + 1] = words[i];
    }
    struct explanation explanation = {""};
    if (daemon_call(arguments, output, CHAIN_OUTPUT_SIZE, &explanation) != STATUS_OK) {
        fail_msg("%s", explanation.text);
    }
}

static void init_office(struct chain *chain, const char *spread, char *output)
{
    struct chain_node *office = &chain->nodes[OFFICE];
    char listen[64];
    char peer[64];
    (void)snprintf(listen, sizeof listen, "127.0.0.1:%u", office->api_port);
    (void)snprintf(peer, sizeof peer, "tcp://127.0.0.1:%u", office->peer_port);
    const char *const words[] = {
        "cluster",     "init",    "--dir",    office->dir, "--name", "Tea House",     "--currency",
        "USD",         "--bonus", "300:60",   "--listen",  listen,   "--peer-listen", peer,
        "--advertise", peer,      "--spread", spread,      NULL};
    call_tally(chain, words, output);
    office->branch = 1;
}

static void join_branch(struct chain *chain, size_t index, char *output, const char *again)
{
    struct chain_node *node = &chain->nodes[index];
    char name[32];
    char listen[64];
    char peer[64];
    (void)snprintf(name, sizeof name, "Branch %c", (char)('A' + (int)index - 1));
    const char *const invite[] = {"branch",
                                  "invite",
                                  name,
                                  "--json",
                                  "--dir",
                                  chain->nodes[OFFICE].dir,
                                  again == NULL ? NULL : "--branch",
                                  again,
                                  NULL};
    call_tally(chain, invite, output);
    json_t *invitation = replay_answer_parse(bytes_of(output, strlen(output)));
    node->branch = (uint32_t)number_of(invitation, "branch");
    (void)snprintf(listen, sizeof listen, "127.0.0.1:%u", node->api_port);
    (void)snprintf(peer, sizeof peer, "tcp://127.0.0.1:%u", node->peer_port);
    const char *const join[] = {"branch",
                                "join",
                                text_of(invitation, "token"),
                                "--dir",
                                node->dir,
                                "--listen",
                                listen,
                                "--peer-listen",
                                peer,
                                "--advertise",
                                peer,
                                NULL};
    call_tally(chain, join, output);
    json_decref(invitation);
}

/* The way to the peers goes through the routes. */
static void extend_config(const struct chain *chain, size_t index)
{
    char path[CHAIN_PATH_SIZE + 16];
    (void)snprintf(path, sizeof path, "%s/config.conf", chain->nodes[index].dir);
    FILE *file = fopen(path, "a");
    assert_non_null(file);
    (void)fputs("\napi_connections = 512\napi_connections_per_address = 512\npeers = {", file);
    for (size_t i = 0; i < index; i++) {
        (void)fprintf(file, "%s\"%" PRIu32 "@tcp://127.0.0.1:%u\"", i == 0 ? "" : ", ",
                      chain->nodes[i].branch, route_port(chain, index, i));
    }
    (void)fputs("}\n", file);
    assert_int_equal(fclose(file), 0);
}

static void read_operator_token(struct chain_node *node)
{
    char path[CHAIN_PATH_SIZE + 16];
    (void)snprintf(path, sizeof path, "%s/admin.token", node->dir);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(node->tokens[0], sizeof node->tokens[0], file));
    (void)fclose(file);
    node->tokens[0][strcspn(node->tokens[0], "\r\n")] = '\0';
}

/* A client that knows the tokens that are known by now. */
void chain_open_client(struct chain *chain)
{
    struct traffic_node targets[2 * CHAIN_NODES_MAX];
    for (size_t i = 0; i < 2 * CHAIN_NODES_MAX; i++) {
        const struct chain_node *node = &chain->nodes[i % TILL];
        bool there = i % TILL < chain->count + chain->clones;
        targets[i] = (struct traffic_node){there ? node->url : chain->nodes[OFFICE].url,
                                           there ? node->tokens[i / TILL] : ""};
    }
    struct explanation explanation = {""};
    traffic_client_free(chain->client);
    chain->client = traffic_client_new(targets, 2 * CHAIN_NODES_MAX, 1, &explanation);
    if (chain->client == NULL) {
        fail_msg("%s", explanation.text);
    }
}

void chain_spawn(struct chain *chain, size_t index)
{
    struct chain_node *node = &chain->nodes[index];
    const char *const words[] = {chain->tallyd, "--dir", node->dir, NULL};
    struct explanation explanation = {""};
    if (daemon_start(&node->daemon, words, node->log, &explanation) != STATUS_OK) {
        fail_msg("%s", explanation.text);
    }
}

static void wait_ready(struct chain *chain, size_t index)
{
    struct traffic_request request = {.method = "GET", .target = "/readyz"};
    uint64_t started = chain_now_us();
    while (traffic_client_ask(chain->client, index, &request, CALL_MS_MAX).http != 200) {
        if (!daemon_alive(&chain->nodes[index].daemon)) {
            fail_msg("Node %zu ended while it started: see %s.", index, chain->nodes[index].log);
        }
        if (chain_now_us() - started > UINT64_C(1000) * WAIT_MS_MAX) {
            fail_msg("Node %zu was not ready in time: see %s.", index, chain->nodes[index].log);
        }
        (void)poll(NULL, 0, POLL_MS);
    }
}

static void bring_up(struct chain *chain, size_t index, const char *spread, char *output)
{
    if (index == OFFICE) {
        init_office(chain, spread, output);
    } else {
        join_branch(chain, index, output, NULL);
    }
    extend_config(chain, index);
    read_operator_token(&chain->nodes[index]);
    chain_open_client(chain);
    chain_spawn(chain, index);
    wait_ready(chain, index);
}

static void make_till(struct chain *chain, size_t index)
{
    const json_t *till =
        chain_post(chain, index, "/v1/tills", "{\"name\":\"Till\",\"role\":\"till\"}");
    const char *token = text_of(till, "token");
    assert_non_null(token);
    assert_in_range(strlen(token), 1, sizeof chain->nodes[index].tokens[1] - 1);
    memcpy(chain->nodes[index].tokens[1], token, strlen(token) + 1);
}

void chain_start_spread(struct chain *chain, size_t count, const char *spread)
{
    static char output[CHAIN_OUTPUT_SIZE];
    struct explanation explanation = {""};
    assert_in_range(count, 1, CHAIN_NODES_MAX);
    *chain = (struct chain){.count = count, .port_lock = -1, .kept = json_array()};
    if (daemon_find("tally", chain->tally, &explanation) != STATUS_OK ||
        daemon_find("tallyd", chain->tallyd, &explanation) != STATUS_OK) {
        fail_msg("%s", explanation.text);
    }
    (void)snprintf(chain->dir, sizeof chain->dir, "%.480s/chain-XXXXXX", TALLY_BINARY_DIR);
    assert_non_null(mkdtemp(chain->dir));
    take_ports(chain);
    name_nodes(chain);
    start_relay(chain);
    for (size_t i = 0; i < count; i++) {
        bring_up(chain, i, spread, output);
    }
    for (size_t i = 0; i < count; i++) {
        make_till(chain, i);
    }
    chain_open_client(chain);
    (void)chain_level(chain);
}

void chain_enrol_again(struct chain *chain, size_t index, char *output)
{
    struct chain_node *node = &chain->nodes[index];
    char branch[16];
    (void)snprintf(branch, sizeof branch, "%" PRIu32, node->branch);
    char anew[sizeof node->dir];
    int size = snprintf(anew, sizeof anew, "%.500s/node%zu.anew", chain->dir, index);
    assert_in_range(size, 1, (int)sizeof anew - 1);
    memcpy(node->dir, anew, (size_t)size + 1);
    join_branch(chain, index, output, branch);
    extend_config(chain, index);
    read_operator_token(node);
    chain_open_client(chain);
    chain_restart(chain, index);
}

void chain_adopt(struct chain *chain, size_t node)
{
    extend_config(chain, node);
    read_operator_token(&chain->nodes[node]);
    chain_open_client(chain);
    chain_spawn(chain, node);
    wait_ready(chain, node);
    make_till(chain, node);
    chain_open_client(chain);
}

static int remove_one(const char *path, const struct stat *found, int kind, struct FTW *place)
{
    (void)found;
    (void)kind;
    (void)place;
    return remove(path);
}

void chain_start(struct chain *chain, size_t count)
{
    chain_start_spread(chain, count, "off");
}

void chain_stop(struct chain *chain)
{
    bool clean = true;
    for (size_t i = chain->count + chain->clones; i > 0; i--) {
        struct daemon *daemon = &chain->nodes[i - 1].daemon;
        clean = (daemon->pid == 0 || daemon_stop(daemon)) && clean;
    }
    relay_stop(chain->relay);
    traffic_client_free(chain->client);
    json_decref(chain->kept);
    if (chain->port_lock >= 0) {
        (void)close(chain->port_lock);
    }
    chain->relay = NULL;
    chain->client = NULL;
    chain->kept = NULL;
    chain->port_lock = -1;
    /* CHAIN_KEEP=1: for who wants to see what is there after a failure. */
    if (getenv("CHAIN_KEEP") == NULL && chain->dir[0] != '\0') {
        (void)nftw(chain->dir, remove_one, OPEN_FILES_MAX, FTW_DEPTH | FTW_PHYS);
    }
    assert_true(clean);
}

int chain_group_setup(void **state)
{
    static struct chain chain;
    *state = &chain;
    chain_start(&chain, 3);
    return 0;
}

int chain_group_teardown(void **state)
{
    chain_stop(*state);
    return 0;
}

int chain_test_teardown(void **state)
{
    struct chain *chain = *state;
    for (size_t i = 0; i < chain->count; i++) {
        chain_heal(chain, i);
        if (!daemon_alive(&chain->nodes[i].daemon)) {
            chain_restart(chain, i);
        }
    }
    chain_forget(chain);
    return 0;
}

void chain_cut(struct chain *chain, size_t node)
{
    relay_cut(chain->relay, node);
}

void chain_heal(struct chain *chain, size_t node)
{
    relay_heal(chain->relay, node);
}

void chain_wait_peers(struct chain *chain, size_t at, json_int_t peers)
{
    uint64_t started = chain_now_us();
    while (number_of(chain_get(chain, at, "/v1/node"), "peers") != peers) {
        if (chain_now_us() - started > UINT64_C(1000) * WAIT_MS_MAX) {
            fail_msg("Node %zu did not come to %lld sessions.", at, (long long)peers);
        }
        (void)poll(NULL, 0, POLL_MS);
    }
}

void chain_kill(struct chain *chain, size_t node)
{
    daemon_kill(&chain->nodes[node].daemon);
}

void chain_halt(struct chain *chain, size_t node)
{
    assert_true(daemon_stop(&chain->nodes[node].daemon));
}

void chain_restart(struct chain *chain, size_t node)
{
    chain_spawn(chain, node);
    wait_ready(chain, node);
}

void chain_forget(struct chain *chain)
{
    json_array_clear(chain->kept);
}

static struct reply exchange(struct chain *chain, size_t caller, const char *method,
                             const char *path, const char *key, const char *body)
{
    char own_key[64];
    if (key == NULL && strcmp(method, "POST") == 0) {
        (void)snprintf(own_key, sizeof own_key, "chain-%d-%" PRIu64, (int)getpid(), chain->keys++);
        key = own_key;
    }
    struct traffic_request request = {method, path, key, body};
    struct traffic_answer answer = traffic_client_ask(chain->client, caller, &request, CALL_MS_MAX);
    if (answer.http == 0) {
        return (struct reply){.took_us = answer.took_us};
    }
    json_t *json = replay_answer_parse(answer.body);
    if (json != NULL) {
        assert_int_equal(json_array_append_new(chain->kept, json), 0);
    }
    return (struct reply){answer.http, json, answer.took_us};
}

static void print_body(char body[static BODY_SIZE], const char *format, va_list values)
    __attribute__((format(printf, 2, 0)));
static void print_body(char body[static BODY_SIZE], const char *format, va_list values)
{
    int size = vsnprintf(body, BODY_SIZE, format, values);
    assert_in_range(size, 0, BODY_SIZE - 1);
}

struct reply chain_call(struct chain *chain, size_t caller, const char *method, const char *path,
                        const char *key, const char *format, ...)
{
    char body[BODY_SIZE];
    if (format != NULL) {
        va_list values;
        va_start(values, format);
        print_body(body, format, values);
        va_end(values);
    }
    return exchange(chain, caller, method, path, key, format == NULL ? NULL : body);
}

/* The daemon's own words when it did not answer as expected. */
static void expect(const struct reply *reply, int http, const char *what)
{
    if (reply->http == http && reply->json != NULL) {
        return;
    }
    fail_msg("%s: HTTP %d instead of %d: %s %s", what, reply->http, http,
             replay_answer_text(reply->json, "code"), replay_answer_text(reply->json, "detail"));
}

const json_t *chain_get(struct chain *chain, size_t node, const char *format, ...)
{
    char path[BODY_SIZE];
    va_list values;
    va_start(values, format);
    print_body(path, format, values);
    va_end(values);
    struct reply reply = exchange(chain, node, "GET", path, NULL, NULL);
    expect(&reply, 200, path);
    return reply.json;
}

const json_t *chain_post(struct chain *chain, size_t caller, const char *path, const char *format,
                         ...)
{
    char body[BODY_SIZE];
    va_list values;
    va_start(values, format);
    print_body(body, format, values);
    va_end(values);
    struct reply reply = exchange(chain, caller, "POST", path, NULL, body);
    expect(&reply, 201, path);
    return reply.json;
}

const json_t *chain_refused(struct chain *chain, size_t caller, const char *code, const char *path,
                            const char *format, ...)
{
    char body[BODY_SIZE];
    va_list values;
    va_start(values, format);
    print_body(body, format, values);
    va_end(values);
    struct reply reply = exchange(chain, caller, "POST", path, NULL, body);
    assert_in_range(reply.http, 400, 599);
    assert_string_equal(replay_answer_text(reply.json, "code"), code);
    assert_true(strlen(text_of(reply.json, "detail")) > 20);
    return reply.json;
}

const json_t *chain_top_up(struct chain *chain, size_t caller, const char *card, int64_t amount)
{
    return chain_post(chain, caller, "/v1/topups",
                      "{\"card\":\"%s\",\"amount\":{\"minor\":%" PRId64
                      ",\"currency\":\"USD\"},\"tender\":\"cash\"}",
                      card, amount);
}

const json_t *chain_spend(struct chain *chain, size_t caller, const char *card, int64_t amount)
{
    return chain_post(chain, caller, "/v1/spends",
                      "{\"card\":\"%s\",\"amount\":{\"minor\":%" PRId64 ",\"currency\":\"USD\"}}",
                      card, amount);
}

const json_t *chain_spend_refused(struct chain *chain, size_t caller, const char *code,
                                  const char *card, int64_t amount)
{
    return chain_refused(
        chain, caller, code, "/v1/spends",
        "{\"card\":\"%s\",\"amount\":{\"minor\":%" PRId64 ",\"currency\":\"USD\"}}", card, amount);
}

const json_t *chain_refund(struct chain *chain, size_t caller, const char *sale, int64_t amount)
{
    return chain_post(chain, caller, "/v1/refunds",
                      "{\"sale\":\"%s\",\"amount\":{\"minor\":%" PRId64 ",\"currency\":\"USD\"}}",
                      sale, amount);
}

const json_t *chain_move(struct chain *chain, size_t node, const char *card, size_t to,
                         int64_t amount)
{
    return chain_post(chain, node, "/v1/moves",
                      "{\"card\":\"%s\",\"branch\":%" PRIu32 ",\"amount\":{\"minor\":%" PRId64
                      ",\"currency\":\"USD\"}}",
                      card, chain->nodes[to].branch, amount);
}

const char *chain_tally(struct chain *chain, size_t node, const char *const *words)
{
    static char output[CHAIN_OUTPUT_SIZE];
    const char *all[DAEMON_ARGUMENTS_MAX] = {NULL};
    size_t count = 0;
    while (words[count] != NULL) {
        assert_true(count + 4 < DAEMON_ARGUMENTS_MAX);
        all[count] = words[count];
        count++;
    }
    all[count++] = "--dir";
    all[count] = chain->nodes[node].dir;
    call_tally(chain, all, output);
    return output;
}

const char *chain_level(struct chain *chain)
{
    const json_t *views[CHAIN_NODES_MAX] = {NULL};
    uint64_t started = chain_now_us();
    size_t running = 0;
    for (size_t same = SIZE_MAX; same != running;) {
        same = 0;
        running = 0;
        for (size_t i = 0; i < chain->count; i++) {
            if (chain->nodes[i].daemon.pid == 0) {
                continue;
            }
            views[running] = chain_get(chain, i, "/v1/node");
            same += strcmp(text_of(views[running], "frontier"), text_of(views[0], "frontier")) == 0;
            running++;
        }
        if (same != running && chain_now_us() - started > UINT64_C(1000) * WAIT_MS_MAX) {
            fail_msg("The nodes did not come to the same blocks; see %s/*.log.", chain->dir);
        }
        (void)poll(NULL, 0, same == running ? 0 : POLL_MS);
    }
    for (size_t i = 1; i < running; i++) {
        assert_string_equal(text_of(views[i], "state"), text_of(views[0], "state"));
    }
    return text_of(views[0], "state");
}

void chain_card(struct chain *chain, size_t node, uint64_t product, char id[static CHAIN_ID_SIZE],
                char card[static CHAIN_CARD_SIZE])
{
    const json_t *member = chain_post(chain, node, "/v1/members", "{\"name\":\"Wang Fang\"}");
    const json_t *issued =
        chain_post(chain, node, "/v1/cards", "{\"member\":\"%s\",\"product\":%" PRIu64 "}",
                   text_of(member, "member"), product);
    (void)snprintf(id, CHAIN_ID_SIZE, "%s", text_of(issued, "account"));
    (void)snprintf(card, CHAIN_CARD_SIZE, "%s", text_of(issued, "card"));
}

int64_t minor(const json_t *object, const char *field)
{
    int64_t amount = 0;
    if (!replay_answer_amount(object, field, &amount)) {
        fail_msg("There is no amount \"%s\" in the answer.", field);
    }
    return amount;
}

const char *text_of(const json_t *object, const char *field)
{
    const char *text = json_string_value(json_object_get(object, field));
    if (text == NULL) {
        fail_msg("There is no text \"%s\" in the answer.", field);
    }
    return text;
}

json_int_t number_of(const json_t *object, const char *field)
{
    const json_t *value = json_object_get(object, field);
    if (!json_is_integer(value)) {
        fail_msg("There is no number \"%s\" in the answer.", field);
    }
    return json_integer_value(value);
}

const json_t *rows_of(const json_t *object)
{
    const json_t *rows = json_object_get(object, "entries");
    if (!json_is_array(rows)) {
        fail_msg("There are no entries in the answer.");
    }
    return rows;
}

static int compare_times(const void *a, const void *b)
{
    uint64_t one = *(const uint64_t *)a;
    uint64_t other = *(const uint64_t *)b;
    return (one > other) - (one < other);
}

void print_times(const char *what, uint64_t *times_us, size_t count)
{
    qsort(times_us, count, sizeof *times_us, compare_times);
    print_message(
        "           %s: p50 %" PRIu64 " us, p99 %" PRIu64 " us, most %" PRIu64 " us, of %zu\n",
        what, times_us[count / 2], times_us[count * 99 / 100], times_us[count - 1], count);
}

void check_times(const uint64_t *times_us, size_t count, uint64_t most_us)
{
    bool quiet = getenv("TALLY_QUIET") != NULL; /* NOLINT(concurrency-mt-unsafe): one thread */
    size_t rank = quiet ? count * 99 / 100 : count / 2;
    if (times_us[rank] > most_us) {
        fail_msg("%zu of %zu took up to %" PRIu64 " us, which is more than %" PRIu64 ".", rank,
                 count, times_us[rank], most_us);
    }
}
