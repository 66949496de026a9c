#include "pair.h"

#include "clock.h"
#include "replay_answer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ftw.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    FIRST_PORT = 30100,
    LAST_PORT = 32700,
    PORTS = 10,
    READY_MS_MAX = 60 * 1000,
    READY_POLL_MS = 2,
    OUTPUT_SIZE_MAX = 8192,
    PATH_SIZE_MAX = PAIR_TEXT_SIZE_MAX + 64,
    OPEN_FILES_MAX = 16,
};

/* ---- a folder and ports ---- */

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *where)
{
    (void)about;
    (void)kind;
    (void)where;
    return remove(path);
}

static enum status make_folder(const char *dir, struct explanation *explanation)
{
    char path[PATH_SIZE_MAX];
    (void)snprintf(path, sizeof path, "%s", dir);
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread yet */
    if (nftw(dir, remove_one, OPEN_FILES_MAX, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT) {
        explain(explanation, "%s cannot be removed: %s.", dir, strerrordesc_np(errno));
        return STATUS_IO;
    }
    for (char *at = strchr(path + 1, '/'); at != NULL; at = strchr(at + 1, '/')) {
        *at = '\0';
        (void)mkdir(path, 0700);
        *at = '/';
    }
    if (mkdir(dir, 0700) != 0) {
        explain(explanation, "%s cannot be made: %s.", dir, strerrordesc_np(errno));
        return STATUS_IO;
    }
    return STATUS_OK;
}

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

/* Each process looks from another place on, so that two at once do not take the same. */
static uint16_t choose_ports(void)
{
    uint32_t ranges = (LAST_PORT - FIRST_PORT) / PORTS;
    for (uint32_t i = 0; i < ranges; i++) {
        uint32_t range = ((uint32_t)getpid() * 7 + i) % ranges;
        uint16_t first = (uint16_t)(FIRST_PORT + range * PORTS);
        uint16_t at = 0;
        while (at < PORTS && port_free((uint16_t)(first + at))) {
            at++;
        }
        if (at == PORTS) {
            return first;
        }
    }
    return 0;
}

static void name_nodes(struct pair *pair, uint16_t first_port)
{
    static const char *const folders[PAIR_NODES] = {"office", "branch"};
    for (size_t i = 0; i < PAIR_NODES; i++) {
        struct pair_node *node = &pair->nodes[i];
        node->api_port = (uint16_t)(first_port + i);
        node->peer_port = (uint16_t)(first_port + 2 + 2 * i);
        (void)snprintf(node->dir, sizeof node->dir, "%.480s/%s", pair->dir, folders[i]);
        (void)snprintf(node->log, sizeof node->log, "%.480s/%s.log", pair->dir, folders[i]);
        (void)snprintf(node->url, sizeof node->url, "http://127.0.0.1:%u", node->api_port);
    }
}

/* ---- set-up ---- */

static enum status init_office(struct pair *pair, struct explanation *explanation)
{
    const struct pair_node *office = &pair->nodes[PAIR_OFFICE];
    char output[OUTPUT_SIZE_MAX];
    char listen[64];
    char peer[64];
    (void)snprintf(listen, sizeof listen, "127.0.0.1:%u", office->api_port);
    (void)snprintf(peer, sizeof peer, "tcp://127.0.0.1:%u", office->peer_port);
    const char *const words[] = {
        pair->tally, "cluster",     "init",    "--dir",      office->dir, "--name", "Pair",
        "--bonus",   "50:2",        "--bonus", "100:5",      "--listen",  listen,   "--peer-listen",
        peer,        "--advertise", peer,      "--currency", "USD",       NULL};
    return daemon_call(words, output, sizeof output, explanation);
}

static enum status join_branch(struct pair *pair, const char *name, const struct pair_node *branch,
                               struct explanation *explanation)
{
    char output[OUTPUT_SIZE_MAX];
    char token[2048] = "";
    char listen[64];
    char peer[64];
    const char *const invite[] = {
        pair->tally, "branch", "invite", name, "--json", "--dir", pair->nodes[PAIR_OFFICE].dir,
        NULL};
    enum status status = daemon_call(invite, output, sizeof output, explanation);
    if (status != STATUS_OK) {
        return status;
    }
    json_t *json = replay_answer_parse(bytes_of(output, strlen(output)));
    (void)snprintf(token, sizeof token, "%s", replay_answer_text(json, "token"));
    json_decref(json);
    (void)snprintf(listen, sizeof listen, "127.0.0.1:%u", branch->api_port);
    (void)snprintf(peer, sizeof peer, "tcp://127.0.0.1:%u", branch->peer_port);
    const char *const join[] = {pair->tally,   "branch",   "join", token,           "--dir",
                                branch->dir,   "--listen", listen, "--peer-listen", peer,
                                "--advertise", peer,       NULL};
    return daemon_call(join, output, sizeof output, explanation);
}

enum status pair_join(struct pair *pair, const char *name, struct pair_node *node,
                      struct explanation *explanation)
{
    uint16_t first_port = pair->nodes[PAIR_OFFICE].api_port;
    *node = (struct pair_node){.api_port = (uint16_t)(first_port + 6),
                               .peer_port = (uint16_t)(first_port + 8)};
    (void)snprintf(node->dir, sizeof node->dir, "%.480s/guest", pair->dir);
    return join_branch(pair, name, node, explanation);
}

static enum status extend_config(const struct pair_node *node, const char *config,
                                 struct explanation *explanation)
{
    char path[PATH_SIZE_MAX];
    (void)snprintf(path, sizeof path, "%s/config.conf", node->dir);
    FILE *file = fopen(path, "a");
    bool written = file != NULL && fprintf(file, "\n%s\n", config) > 0;
    written = (file == NULL || fclose(file) == 0) && written;
    if (!written) {
        explain(explanation, "%s cannot be written: %s.", path, strerrordesc_np(errno));
        return STATUS_IO;
    }
    return STATUS_OK;
}

static enum status read_admin_token(struct pair_node *node, struct explanation *explanation)
{
    char path[PATH_SIZE_MAX];
    (void)snprintf(path, sizeof path, "%s/admin.token", node->dir);
    FILE *file = fopen(path, "r");
    bool read = file != NULL && fgets(node->admin_token, sizeof node->admin_token, file) != NULL;
    if (file != NULL) {
        (void)fclose(file);
    }
    if (!read) {
        explain(explanation, "There is no operator's token in %s.", path);
        return STATUS_NOT_FOUND;
    }
    node->admin_token[strcspn(node->admin_token, "\r\n")] = '\0';
    return STATUS_OK;
}

static enum status make_till(struct pair *pair, size_t index, struct explanation *explanation)
{
    struct pair_node *node = &pair->nodes[index];
    const struct traffic_request request = {.method = "POST",
                                            .target = "/v1/tills",
                                            .key = "till",
                                            .body = "{\"name\":\"Till\",\"role\":\"till\"}"};
    struct traffic_answer answer = traffic_client_ask(pair->client, index, &request, PAIR_ASK_MS);
    json_t *json = answer.http == 201 ? replay_answer_parse(answer.body) : NULL;
    (void)snprintf(node->till_token, sizeof node->till_token, "%.190s",
                   replay_answer_text(json, "token"));
    json_decref(json);
    if (node->till_token[0] == '\0') {
        explain(explanation, "No till was made (HTTP %d).", answer.http);
        return STATUS_DENIED;
    }
    return STATUS_OK;
}

static enum status bring_up(struct pair *pair, const char *config, struct explanation *explanation)
{
    struct traffic_node targets[PAIR_NODES];
    enum status status = init_office(pair, explanation);
    for (size_t i = 0; i < PAIR_NODES && status == STATUS_OK; i++) {
        if (i == PAIR_BRANCH) {
            status = join_branch(pair, "Harbour", &pair->nodes[i], explanation);
        }
        if (status == STATUS_OK) {
            status = extend_config(&pair->nodes[i], config, explanation);
        }
        if (status == STATUS_OK) {
            status = read_admin_token(&pair->nodes[i], explanation);
        }
        if (status == STATUS_OK) {
            status = pair_run(pair, i, NULL, explanation);
        }
        if (status == STATUS_OK) {
            status = pair_wait_ready(pair, i, explanation);
        }
        targets[i] = (struct traffic_node){pair->nodes[i].url, pair->nodes[i].admin_token};
    }
    if (status == STATUS_OK) {
        pair->client = traffic_client_new(targets, PAIR_NODES, 1, explanation);
        status = pair->client == NULL ? STATUS_IO : STATUS_OK;
    }
    for (size_t i = 0; i < PAIR_NODES && status == STATUS_OK; i++) {
        status = make_till(pair, i, explanation);
    }
    return status;
}

enum status pair_start(struct pair *pair, const char *dir, const char *config,
                       struct explanation *explanation)
{
    *pair = (struct pair){0};
    if (dir[0] != '/' || strlen(dir) > sizeof pair->dir - 64) {
        explain(explanation, "The folder must be a full path of less than %zu bytes.",
                sizeof pair->dir - 64);
        return STATUS_TOO_LARGE;
    }
    (void)snprintf(pair->dir, sizeof pair->dir, "%s", dir);
    uint16_t first_port = choose_ports();
    if (first_port == 0) {
        explain(explanation, "There are no free ports.");
        return STATUS_BUSY;
    }
    name_nodes(pair, first_port);
    enum status status = daemon_find("tally", pair->tally, explanation);
    if (status == STATUS_OK) {
        status = daemon_find("tallyd", pair->tallyd, explanation);
    }
    if (status == STATUS_OK) {
        status = make_folder(pair->dir, explanation);
    }
    if (status == STATUS_OK) {
        status = bring_up(pair, config, explanation);
    }
    if (status != STATUS_OK) {
        (void)pair_stop(pair);
    }
    return status;
}

bool pair_stop(struct pair *pair)
{
    bool well = true;
    traffic_client_free(pair->client);
    pair->client = NULL;
    for (size_t i = PAIR_NODES; i > 0; i--) {
        well = daemon_stop(&pair->nodes[i - 1].daemon) && well;
    }
    return well;
}

enum status pair_run(struct pair *pair, size_t node, const char *preload,
                     struct explanation *explanation)
{
    struct pair_node *at = &pair->nodes[node];
    const char *const words[] = {pair->tallyd, "--dir", at->dir, NULL};
    /* NOLINTBEGIN(concurrency-mt-unsafe): these programs have one thread */
    if (preload != NULL) {
        (void)setenv("LD_PRELOAD", preload, 1);
    }
    enum status status = daemon_start(&at->daemon, words, at->log, explanation);
    (void)unsetenv("LD_PRELOAD");
    /* NOLINTEND(concurrency-mt-unsafe) */
    return status;
}

enum status pair_wait_ready(struct pair *pair, size_t node, struct explanation *explanation)
{
    struct pair_node *at = &pair->nodes[node];
    const struct traffic_node target = {at->url, ""};
    const struct traffic_request request = {.method = "GET", .target = "/readyz"};
    struct traffic_client *client = traffic_client_new(&target, 1, 1, explanation);
    if (client == NULL) {
        return STATUS_IO;
    }
    uint64_t started = clock_monotonic_ms();
    enum status status = STATUS_BUSY;
    while (status == STATUS_BUSY && clock_monotonic_ms() - started < READY_MS_MAX) {
        if (traffic_client_ask(client, 0, &request, PAIR_ASK_MS).http == 200) {
            status = STATUS_OK;
        } else if (!daemon_alive(&at->daemon)) {
            status = STATUS_IO;
        } else {
            (void)poll(NULL, 0, READY_POLL_MS);
        }
    }
    traffic_client_free(client);
    if (status != STATUS_OK) {
        explain(explanation, "The node %s: see %s.",
                status == STATUS_IO ? "ended while it started" : "was not ready in time", at->log);
    }
    return status;
}

/* ---- questions ---- */

json_t *pair_get(struct pair *pair, size_t node, const char *target, int *http)
{
    const struct traffic_request request = {.method = "GET", .target = target};
    struct traffic_answer answer = traffic_client_ask(pair->client, node, &request, PAIR_ASK_MS);
    if (http != NULL) {
        *http = answer.http;
    }
    return answer.http == 0 ? NULL : replay_answer_parse(answer.body);
}

bool pair_look(struct pair *pair, size_t node, struct pair_view *view)
{
    *view = (struct pair_view){0};
    json_t *json = pair_get(pair, node, "/v1/node", NULL);
    (void)snprintf(view->state, sizeof view->state, "%s", replay_answer_text(json, "state"));
    (void)snprintf(view->frontier, sizeof view->frontier, "%s",
                   replay_answer_text(json, "frontier"));
    bool whole = replay_answer_count(json, "head_seq", &view->head_seq) &&
                 replay_answer_count(json, "events", &view->events) &&
                 replay_answer_count(json, "peers", &view->peers) &&
                 replay_answer_count(json, "alarms", &view->alarms) &&
                 replay_answer_count(json, "invalid_events", &view->invalid_events);
    view->read_only = json_is_true(json_object_get(json, "read_only"));
    json_decref(json);
    return whole && strlen(view->state) == PAIR_STATE_SIZE - 1;
}

bool pair_converge(struct pair *pair, uint64_t patience_ms, struct pair_view *view)
{
    uint64_t started = clock_monotonic_ms();
    struct pair_view office;
    do {
        if (pair_look(pair, PAIR_BRANCH, view) && pair_look(pair, PAIR_OFFICE, &office) &&
            strcmp(view->frontier, office.frontier) == 0) {
            return strcmp(view->state, office.state) == 0;
        }
        (void)poll(NULL, 0, READY_POLL_MS);
    } while (clock_monotonic_ms() - started < patience_ms);
    return false;
}

static bool make(struct pair *pair, const char *target, const char *key, const char *body,
                 json_t **made)
{
    const struct traffic_request request = {
        .method = "POST", .target = target, .key = key, .body = body};
    struct traffic_answer answer =
        traffic_client_ask(pair->client, PAIR_BRANCH, &request, PAIR_ASK_MS);
    *made = answer.http == 201 ? replay_answer_parse(answer.body) : NULL;
    return *made != NULL;
}

bool pair_open_account(struct pair *pair, const char *key, struct pair_account *account)
{
    char text[160];
    json_t *made = NULL;
    if (!make(pair, "/v1/members", key, "{\"name\":\"Ada\"}", &made)) {
        return false;
    }
    (void)snprintf(text, sizeof text, "{\"member\":\"%s\"}", replay_answer_text(made, "member"));
    json_decref(made);
    char card_key[100];
    (void)snprintf(card_key, sizeof card_key, "%.90s-card", key);
    if (!make(pair, "/v1/cards", card_key, text, &made)) {
        return false;
    }
    (void)snprintf(account->card, sizeof account->card, "%s", replay_answer_text(made, "card"));
    (void)snprintf(account->account, sizeof account->account, "%s",
                   replay_answer_text(made, "account"));
    json_decref(made);
    return account->card[0] != '\0' && strlen(account->account) == 32;
}
