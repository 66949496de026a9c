#include "demo_cluster.h"

#include "clock.h"
#include "replay_answer.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    FIRST_PORT = 17100,
    LAST_PORT = 30000,
    PORT_STEP = 100,
    PEER_PORTS_AT = 8, /* behind the API ports: two a node, then two a route */
    ROUTE_PORTS_AT = 20,
    READY_MS_MAX = 60 * 1000,
    READY_POLL_MS = 50,
    ASK_TIMEOUT_MS = 5000,
    OPEN_FILES_MAX = 16,
    OUTPUT_SIZE_MAX = 8192,
    PATH_SIZE_MAX = DEMO_TEXT_SIZE_MAX + 64,
};

static_assert(ROUTE_PORTS_AT + DEMO_NODES * (DEMO_NODES - 1) <= DEMO_PORTS, "the ports suffice");

static const char marker[] = "made-by-tally-demo";

static bool port_free(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int on = 1;
    int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    bool is_free =
        bind(probe, (const struct sockaddr *)(const void *)&address, sizeof address) == 0;
    (void)close(probe);
    return is_free;
}

static bool range_free(uint16_t first)
{
    for (uint32_t i = 0; i < DEMO_PORTS; i++) {
        if (!port_free((uint16_t)(first + i))) {
            return false;
        }
    }
    return true;
}

static enum status choose_ports(struct demo_cluster *cluster, uint16_t port,
                                struct explanation *explanation)
{
    if (port != 0 && range_free(port)) {
        cluster->first_port = port;
        return STATUS_OK;
    }
    for (int first = FIRST_PORT; port == 0 && first < LAST_PORT; first += PORT_STEP) {
        if (range_free((uint16_t)first)) {
            cluster->first_port = (uint16_t)first;
            return STATUS_OK;
        }
    }
    explain(explanation, "There are no %d free ports in a row on this machine%s.", DEMO_PORTS,
            port == 0 ? "" : " from there on; leave --port away");
    return STATUS_BUSY;
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *where)
{
    (void)about;
    (void)kind;
    (void)where;
    return remove(path);
}

static bool path_in(char path[static PATH_SIZE_MAX], const char *folder, const char *name)
{
    int length = snprintf(path, PATH_SIZE_MAX, "%s/%s", folder, name);
    return length > 0 && length < PATH_SIZE_MAX;
}

/* Only what an earlier demo made, or nothing, is ever removed. */
static enum status empty_folder(const char *dir, struct explanation *explanation)
{
    char path[PATH_SIZE_MAX];
    bool fits = path_in(path, dir, marker);
    bool ours = fits && access(path, F_OK) == 0;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread yet */
    if (ours && nftw(dir, remove_one, OPEN_FILES_MAX, FTW_DEPTH | FTW_PHYS) != 0) {
        explain(explanation, "%s of an earlier demo cannot be removed: %s.", dir,
                strerrordesc_np(errno));
        return STATUS_IO;
    }
    for (char *at = strchr(path + 1, '/'); at != NULL; at = strchr(at + 1, '/')) {
        *at = '\0';
        int made = mkdir(path, 0700);
        bool last = strcmp(path, dir) == 0;
        if (made != 0 && (errno != EEXIST || (last && rmdir(dir) != 0))) {
            explain(explanation,
                    "%s is not a folder that a demo made, and will not be emptied: name another "
                    "with --dir.",
                    path);
            return STATUS_DENIED;
        }
        if (made != 0 && last) {
            (void)mkdir(path, 0700);
        }
        *at = '/';
    }
    int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) {
        explain(explanation, "Nothing can be written into %s: %s.", dir, strerrordesc_np(errno));
        return STATUS_IO;
    }
    (void)close(file);
    return STATUS_OK;
}

static uint16_t route_port(const struct demo_cluster *cluster, size_t dialler, size_t dialled)
{
    assert(dialled < dialler);
    size_t pair = dialler * (dialler - 1) / 2 + dialled;
    return (uint16_t)(cluster->first_port + ROUTE_PORTS_AT + 2 * pair);
}

/* `bulk`: 0 for the control port, 1 for the one above it. */
static struct relay_route make_route(const struct demo_cluster *cluster, size_t dialler,
                                     size_t dialled, uint16_t bulk)
{
    return (struct relay_route){
        .listen_port = (uint16_t)(route_port(cluster, dialler, dialled) + bulk),
        .target_port = (uint16_t)(cluster->nodes[dialled].peer_port + bulk),
        .first = dialler,
        .second = dialled,
    };
}

static enum status start_relay(struct demo_cluster *cluster, struct explanation *explanation)
{
    struct relay_route routes[DEMO_NODES * (DEMO_NODES - 1)];
    size_t count = 0;
    for (size_t dialler = 1; dialler < DEMO_NODES; dialler++) {
        for (size_t dialled = 0; dialled < dialler; dialled++) {
            routes[count++] = make_route(cluster, dialler, dialled, 0);
            routes[count++] = make_route(cluster, dialler, dialled, 1);
        }
    }
    cluster->relay = relay_start(routes, count, explanation);
    return cluster->relay == NULL ? STATUS_BUSY : STATUS_OK;
}

static void name_nodes(struct demo_cluster *cluster)
{
    static const char *const names[DEMO_NODES] = {"Office", "Harbour", "Market", "Old Town",
                                                  "Station"};
    static const char *const folders[DEMO_NODES] = {"office", "harbour", "market", "oldtown",
                                                    "station"};
    for (size_t i = 0; i < DEMO_NODES; i++) {
        struct demo_node *node = &cluster->nodes[i];
        node->name = names[i];
        node->folder = folders[i];
        node->api_port = (uint16_t)(cluster->first_port + i);
        node->peer_port = (uint16_t)(cluster->first_port + PEER_PORTS_AT + 2 * i);
        (void)snprintf(node->dir, sizeof node->dir, "%.450s/%s", cluster->dir, folders[i]);
        (void)snprintf(node->log, sizeof node->log, "%.450s/%s.log", cluster->dir, folders[i]);
        (void)snprintf(node->url, sizeof node->url, "http://127.0.0.1:%u", node->api_port);
    }
}

/* The way to the peers goes through the routes, and the till's machine has many connections. */
static enum status extend_config(const struct demo_cluster *cluster, size_t index,
                                 struct explanation *explanation)
{
    char path[PATH_SIZE_MAX];
    bool fits = path_in(path, cluster->nodes[index].dir, "config.conf");
    FILE *file = fits ? fopen(path, "a") : NULL;
    if (file == NULL) {
        explain(explanation, "%s cannot be written: %s.", path, strerrordesc_np(errno));
        return STATUS_IO;
    }
    (void)fprintf(file, "\n# for the demo\napi_connections = 2048\n"
                        "api_connections_per_address = 1200\npeers = {");
    for (size_t i = 0; i < index; i++) {
        (void)fprintf(file, "%s\"%u@tcp://127.0.0.1:%u\"", i == 0 ? "" : ", ",
                      cluster->nodes[i].branch, route_port(cluster, index, i));
    }
    (void)fputs("}\n", file);
    if (fclose(file) != 0) {
        explain(explanation, "%s cannot be written: %s.", path, strerrordesc_np(errno));
        return STATUS_IO;
    }
    return STATUS_OK;
}

static enum status start_node(struct demo_cluster *cluster, size_t index,
                              struct explanation *explanation)
{
    struct demo_node *node = &cluster->nodes[index];
    const char *const words[] = {cluster->tallyd, "--dir", node->dir, NULL};
    return daemon_start(&node->daemon, words, node->log, explanation);
}

static bool stopping(const struct demo_cluster *cluster)
{
    return cluster->stop != NULL && *cluster->stop != 0;
}

static enum status wait_ready(struct demo_cluster *cluster, size_t index,
                              struct explanation *explanation)
{
    struct demo_node *node = &cluster->nodes[index];
    struct traffic_node target = {node->url, ""};
    struct traffic_client *client = traffic_client_new(&target, 1, 1, explanation);
    if (client == NULL) {
        return STATUS_IO;
    }
    struct traffic_request request = {.method = "GET", .target = "/readyz"};
    uint64_t started = clock_monotonic_ms();
    enum status status = STATUS_BUSY;
    explain(explanation, "%s was not ready within %d s: see %s.", node->name, READY_MS_MAX / 1000,
            node->log);
    while (status == STATUS_BUSY && clock_monotonic_ms() - started < READY_MS_MAX) {
        struct traffic_answer answer = traffic_client_ask(client, 0, &request, ASK_TIMEOUT_MS);
        if (answer.http == 200) {
            status = STATUS_OK;
        } else if (!daemon_alive(&node->daemon) || stopping(cluster)) {
            explain(explanation,
                    stopping(cluster) ? "%s was still starting (%s)."
                                      : "%s ended while it started: see %s.",
                    node->name, node->log);
            status = STATUS_IO;
        } else {
            (void)poll(NULL, 0, READY_POLL_MS);
        }
    }
    traffic_client_free(client);
    if (status == STATUS_OK) {
        explanation->text[0] = '\0';
    }
    return status;
}

static enum status init_office(struct demo_cluster *cluster, struct explanation *explanation)
{
    struct demo_node *office = &cluster->nodes[DEMO_OFFICE];
    char output[OUTPUT_SIZE_MAX];
    char listen[DEMO_URL_SIZE_MAX];
    char peer[DEMO_URL_SIZE_MAX];
    (void)snprintf(listen, sizeof listen, "127.0.0.1:%u", office->api_port);
    (void)snprintf(peer, sizeof peer, "tcp://127.0.0.1:%u", office->peer_port);
    const char *const words[] = {cluster->tally,
                                 "cluster",
                                 "init",
                                 "--dir",
                                 office->dir,
                                 "--name",
                                 "Corner Market",
                                 "--zone=-05:00",
                                 "--currency",
                                 "USD",
                                 "--bonus",
                                 "50:2",
                                 "--bonus",
                                 "100:5",
                                 "--listen",
                                 listen,
                                 "--peer-listen",
                                 peer,
                                 "--advertise",
                                 peer,
                                 NULL};
    office->branch = 1;
    return daemon_call(words, output, sizeof output, explanation);
}

/* What a command printed with --json: the text of one field. */
static bool printed_text(const char *output, const char *field, char *text, size_t size,
                         uint64_t *branch)
{
    json_t *json = replay_answer_parse(bytes_of(output, strlen(output)));
    const char *value = replay_answer_text(json, field);
    int length = snprintf(text, size, "%s", value);
    bool whole = length > 0 && (size_t)length < size && replay_answer_count(json, "branch", branch);
    json_decref(json);
    return whole;
}

static enum status join_branch(struct demo_cluster *cluster, size_t index,
                               struct explanation *explanation)
{
    struct demo_node *node = &cluster->nodes[index];
    char output[OUTPUT_SIZE_MAX];
    char token[2048];
    char listen[DEMO_URL_SIZE_MAX];
    char peer[DEMO_URL_SIZE_MAX];
    uint64_t branch = 0;
    const char *const invite[] = {cluster->tally,
                                  "branch",
                                  "invite",
                                  node->name,
                                  "--json",
                                  "--dir",
                                  cluster->nodes[DEMO_OFFICE].dir,
                                  NULL};
    enum status status = daemon_call(invite, output, sizeof output, explanation);
    if (status != STATUS_OK) {
        return status;
    }
    if (!printed_text(output, "token", token, sizeof token, &branch)) {
        explain(explanation, "\"tally branch invite\" printed no token.");
        return STATUS_MALFORMED;
    }
    node->branch = (uint32_t)branch;
    (void)snprintf(listen, sizeof listen, "127.0.0.1:%u", node->api_port);
    (void)snprintf(peer, sizeof peer, "tcp://127.0.0.1:%u", node->peer_port);
    const char *const join[] = {cluster->tally, "branch",   "join", token,           "--dir",
                                node->dir,      "--listen", listen, "--peer-listen", peer,
                                "--advertise",  peer,       NULL};
    return daemon_call(join, output, sizeof output, explanation);
}

static enum status read_admin_token(struct demo_node *node, struct explanation *explanation)
{
    char path[PATH_SIZE_MAX];
    FILE *file = path_in(path, node->dir, "admin.token") ? fopen(path, "r") : NULL;
    bool read = file != NULL && fgets(node->admin_token, sizeof node->admin_token, file) != NULL;
    if (file != NULL) {
        (void)fclose(file);
    }
    if (!read) {
        explain(explanation, "The operator's token of %s is not in %s.", node->name, path);
        return STATUS_NOT_FOUND;
    }
    node->admin_token[strcspn(node->admin_token, "\r\n")] = '\0';
    return STATUS_OK;
}

static enum status make_till(struct demo_cluster *cluster, size_t index,
                             struct explanation *explanation)
{
    struct demo_node *node = &cluster->nodes[index];
    struct traffic_request request = {
        .method = "POST",
        .target = "/v1/tills",
        .key = "demo-till",
        .body = "{\"name\":\"Demo till\",\"role\":\"till\"}",
    };
    struct traffic_answer answer =
        traffic_client_ask(cluster->client, index, &request, ASK_TIMEOUT_MS);
    json_t *json = answer.http == 0 ? NULL : replay_answer_parse(answer.body);
    int length = snprintf(node->till_token, sizeof node->till_token, "%s",
                          replay_answer_text(json, "token"));
    bool made = answer.http == 201 && length > 0 && (size_t)length < sizeof node->till_token;
    if (!made) {
        explain(explanation, "%s made no till (HTTP %d): %.200s", node->name, answer.http,
                answer.http == 0 ? answer.loss : replay_answer_text(json, "detail"));
    }
    json_decref(json);
    return made ? STATUS_OK : STATUS_DENIED;
}

static enum status open_client(struct demo_cluster *cluster, struct explanation *explanation)
{
    struct traffic_node targets[DEMO_NODES];
    for (size_t i = 0; i < DEMO_NODES; i++) {
        enum status status = read_admin_token(&cluster->nodes[i], explanation);
        if (status != STATUS_OK) {
            return status;
        }
        targets[i] = (struct traffic_node){cluster->nodes[i].url, cluster->nodes[i].admin_token};
    }
    cluster->client = traffic_client_new(targets, DEMO_NODES, 1, explanation);
    return cluster->client == NULL ? STATUS_IO : STATUS_OK;
}

static enum status bring_up(struct demo_cluster *cluster, struct explanation *explanation)
{
    enum status status = init_office(cluster, explanation);
    for (size_t i = 0; i < DEMO_NODES && status == STATUS_OK; i++) {
        if (i != DEMO_OFFICE) {
            status = join_branch(cluster, i, explanation);
        }
        if (status == STATUS_OK) {
            status = extend_config(cluster, i, explanation);
        }
        if (status == STATUS_OK) {
            status = start_node(cluster, i, explanation);
        }
        if (status == STATUS_OK) {
            status = wait_ready(cluster, i, explanation);
        }
    }
    if (status == STATUS_OK) {
        status = open_client(cluster, explanation);
    }
    for (size_t i = 1; i < DEMO_NODES && status == STATUS_OK; i++) {
        status = make_till(cluster, i, explanation);
    }
    return status;
}

enum status demo_cluster_start(struct demo_cluster *cluster, const char *dir, uint16_t port,
                               struct explanation *explanation)
{
    char here[DEMO_TEXT_SIZE_MAX / 2] = "";
    const volatile sig_atomic_t *stop = cluster->stop;
    *cluster = (struct demo_cluster){.stop = stop};
    if (dir[0] != '/' && getcwd(here, sizeof here) == NULL) {
        explain(explanation, "The path of this folder is too long.");
        return STATUS_TOO_LARGE;
    }
    int length =
        snprintf(cluster->dir, sizeof cluster->dir, "%s%s%s", here, dir[0] == '/' ? "" : "/", dir);
    if (length < 0 || length > DEMO_TEXT_SIZE_MAX - 64) {
        explain(explanation, "The path of the demo's folder is too long.");
        return STATUS_TOO_LARGE;
    }
    enum status status = daemon_find("tally", cluster->tally, explanation);
    if (status == STATUS_OK) {
        status = daemon_find("tallyd", cluster->tallyd, explanation);
    }
    if (status == STATUS_OK) {
        status = empty_folder(cluster->dir, explanation);
    }
    if (status == STATUS_OK) {
        status = choose_ports(cluster, port, explanation);
    }
    if (status == STATUS_OK) {
        name_nodes(cluster);
        status = start_relay(cluster, explanation);
    }
    if (status == STATUS_OK) {
        status = bring_up(cluster, explanation);
    }
    if (status != STATUS_OK) {
        demo_cluster_stop(cluster);
    }
    return status;
}

void demo_cluster_stop(struct demo_cluster *cluster)
{
    traffic_client_free(cluster->client);
    cluster->client = NULL;
    for (size_t i = DEMO_NODES; i > 0; i--) {
        (void)daemon_stop(&cluster->nodes[i - 1].daemon);
    }
    relay_stop(cluster->relay);
    cluster->relay = NULL;
}

enum status demo_cluster_kill(struct demo_cluster *cluster, size_t node,
                              struct explanation *explanation)
{
    daemon_kill(&cluster->nodes[node].daemon);
    return start_node(cluster, node, explanation);
}

static bool is_journal_of(const json_t *row, uint32_t branch)
{
    char start[16];
    int size = snprintf(start, sizeof start, "%" PRIu32 ".", branch);
    return strncmp(replay_answer_text(row, "journal"), start, (size_t)size) == 0;
}

uint64_t demo_cluster_seq(struct demo_cluster *cluster, size_t at, size_t of)
{
    struct traffic_request request = {.method = "GET", .target = "/v1/branches"};
    struct traffic_answer answer =
        traffic_client_ask(cluster->client, at, &request, ASK_TIMEOUT_MS);
    json_t *json = answer.http == 200 ? replay_answer_parse(answer.body) : NULL;
    const json_t *rows = replay_answer_rows(json);
    uint64_t seq = 0;
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        if (is_journal_of(row, cluster->nodes[of].branch)) {
            (void)replay_answer_count(row, "seq", &seq);
        }
    }
    json_decref(json);
    return seq;
}

size_t demo_cluster_lost(struct demo_cluster *cluster)
{
    size_t i = 0;
    while (i < DEMO_NODES && daemon_alive(&cluster->nodes[i].daemon)) {
        i++;
    }
    return i;
}
