#include "fleet.h"

#include "clock.h"
#include "replay_answer.h"

#include <arpa/inet.h>
#include <assert.h>
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
    GUEST = FLEET_NODES_MAX, /* its place behind the nodes */
    PEER_PORTS_AT = FLEET_NODES_MAX + 1,
    PORTS = PEER_PORTS_AT + 2 * (FLEET_NODES_MAX + 1),
    READY_MS_MAX = 60 * 1000,
    READY_POLL_MS = 2,
    OUTPUT_SIZE_MAX = 8192,
    PATH_SIZE_MAX = FLEET_TEXT_SIZE_MAX + 64,
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

static void name_nodes(struct fleet *fleet, const struct fleet_plan *plan, uint16_t first_port)
{
    for (size_t i = 0; i < fleet->count; i++) {
        struct fleet_node *node = &fleet->nodes[i];
        char folder[16] = "office";
        if (i > FLEET_OFFICE) {
            (void)snprintf(folder, sizeof folder, i == FLEET_BRANCH ? "branch" : "branch%zu", i);
        }
        node->api_port = (uint16_t)(first_port + i);
        node->peer_port = (uint16_t)(first_port + PEER_PORTS_AT + 2 * i);
        node->space = plan->spaces == NULL ? NULL : plan->spaces[i];
        const char *host = plan->hosts == NULL ? "127.0.0.1" : plan->hosts[i];
        (void)snprintf(node->host, sizeof node->host, "%s", host);
        (void)snprintf(node->dir, sizeof node->dir, "%.480s/%s", fleet->dir, folder);
        (void)snprintf(node->log, sizeof node->log, "%.480s/%s.log", fleet->dir, folder);
        (void)snprintf(node->url, sizeof node->url, "http://%s:%u", host, node->api_port);
    }
}

/* ---- set-up ---- */

/* Runs `words` where the node is: in its network namespace, if it has one. */
static size_t place(const struct fleet_node *node, char space[static 64], const char **words)
{
    if (node->space == NULL) {
        return 0;
    }
    (void)snprintf(space, 64, "--net=/run/netns/%s", node->space);
    words[0] = "/usr/bin/nsenter";
    words[1] = space;
    words[2] = "--";
    return 3;
}

static enum status init_office(struct fleet *fleet, bool plain, struct explanation *explanation)
{
    const struct fleet_node *office = &fleet->nodes[FLEET_OFFICE];
    char output[OUTPUT_SIZE_MAX];
    char listen[64];
    char peer[64];
    (void)snprintf(listen, sizeof listen, "%s:%u", office->host, office->api_port);
    (void)snprintf(peer, sizeof peer, "tcp://%s:%u", office->host, office->peer_port);
    const char *const words[] = {fleet->tally, "cluster",
                                 "init",       "--dir",
                                 office->dir,  "--name",
                                 "Fleet",      "--listen",
                                 listen,       "--peer-listen",
                                 peer,         "--advertise",
                                 peer,         "--currency",
                                 "USD",        "--spread",
                                 "off",        plain ? NULL : "--bonus",
                                 "50:2",       "--bonus",
                                 "100:5",      NULL};
    return daemon_call(words, output, sizeof output, explanation);
}

static enum status join_branch(struct fleet *fleet, const char *name, struct fleet_node *branch,
                               struct explanation *explanation)
{
    char output[OUTPUT_SIZE_MAX];
    char token[2048] = "";
    char listen[64];
    char peer[64];
    char space[64];
    uint64_t number = 0;
    const char *const invite[] = {
        fleet->tally, "branch", "invite", name, "--json", "--dir", fleet->nodes[FLEET_OFFICE].dir,
        NULL};
    enum status status = daemon_call(invite, output, sizeof output, explanation);
    if (status != STATUS_OK) {
        return status;
    }
    json_t *json = replay_answer_parse(bytes_of(output, strlen(output)));
    (void)snprintf(token, sizeof token, "%s", replay_answer_text(json, "token"));
    (void)replay_answer_count(json, "branch", &number);
    json_decref(json);
    branch->branch = (uint32_t)number;
    (void)snprintf(listen, sizeof listen, "%s:%u", branch->host, branch->api_port);
    (void)snprintf(peer, sizeof peer, "tcp://%s:%u", branch->host, branch->peer_port);
    const char *const join[] = {fleet->tally,  "branch",   "join", token,           "--dir",
                                branch->dir,   "--listen", listen, "--peer-listen", peer,
                                "--advertise", peer,       NULL};
    const char *words[DAEMON_ARGUMENTS_MAX] = {NULL};
    size_t at = place(branch, space, words);
    memcpy(words + at, join, sizeof join);
    return daemon_call(words, output, sizeof output, explanation);
}

enum status fleet_join(struct fleet *fleet, const char *name, struct fleet_node *node,
                       struct explanation *explanation)
{
    uint16_t first_port = fleet->nodes[FLEET_OFFICE].api_port;
    *node = (struct fleet_node){.api_port = (uint16_t)(first_port + GUEST),
                                .peer_port = (uint16_t)(first_port + PEER_PORTS_AT + 2 * GUEST),
                                .host = "127.0.0.1"};
    (void)snprintf(node->dir, sizeof node->dir, "%.480s/guest", fleet->dir);
    return join_branch(fleet, name, node, explanation);
}

static enum status extend_config(const struct fleet *fleet, size_t index,
                                 const struct fleet_plan *plan, struct explanation *explanation)
{
    const struct fleet_node *node = &fleet->nodes[index];
    char path[PATH_SIZE_MAX];
    (void)snprintf(path, sizeof path, "%s/config.conf", node->dir);
    FILE *file = fopen(path, "a");
    bool written =
        file != NULL && fprintf(file, "\n%s\n", plan->config == NULL ? "" : plan->config) > 0;
    if (written && plan->extend != NULL) {
        plan->extend(fleet, index, file);
    }
    written = (file == NULL || fclose(file) == 0) && written;
    if (!written) {
        explain(explanation, "%s cannot be written: %s.", path, strerrordesc_np(errno));
        return STATUS_IO;
    }
    return STATUS_OK;
}

static enum status read_admin_token(struct fleet_node *node, struct explanation *explanation)
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

static enum status make_till(struct fleet *fleet, size_t index, struct explanation *explanation)
{
    struct fleet_node *node = &fleet->nodes[index];
    const struct traffic_request request = {.method = "POST",
                                            .target = "/v1/tills",
                                            .key = "till",
                                            .body = "{\"name\":\"Till\",\"role\":\"till\"}"};
    struct traffic_answer answer = traffic_client_ask(fleet->client, index, &request, FLEET_ASK_MS);
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

static enum status bring_up(struct fleet *fleet, size_t index, const struct fleet_plan *plan,
                            struct explanation *explanation)
{
    static const char *const names[FLEET_NODES_MAX] = {"Office", "Harbour", "Market", "Station",
                                                       "Bridge"};
    struct fleet_node *node = &fleet->nodes[index];
    enum status status = index == FLEET_OFFICE
                             ? init_office(fleet, plan->plain, explanation)
                             : join_branch(fleet, names[index], node, explanation);
    if (status == STATUS_OK) {
        status = extend_config(fleet, index, plan, explanation);
    }
    if (status == STATUS_OK) {
        status = read_admin_token(node, explanation);
    }
    if (status == STATUS_OK) {
        status = fleet_run(fleet, index, NULL, explanation);
    }
    return status == STATUS_OK ? fleet_wait_ready(fleet, index, explanation) : status;
}

static enum status bring_all_up(struct fleet *fleet, const struct fleet_plan *plan,
                                struct explanation *explanation)
{
    struct traffic_node targets[FLEET_NODES_MAX];
    enum status status = STATUS_OK;
    for (size_t i = 0; i < fleet->count && status == STATUS_OK; i++) {
        status = bring_up(fleet, i, plan, explanation);
        targets[i] = (struct traffic_node){fleet->nodes[i].url, fleet->nodes[i].admin_token};
    }
    if (status == STATUS_OK) {
        fleet->client = traffic_client_new(targets, fleet->count, 1, explanation);
        status = fleet->client == NULL ? STATUS_IO : STATUS_OK;
    }
    for (size_t i = 0; i < fleet->count && status == STATUS_OK; i++) {
        status = make_till(fleet, i, explanation);
    }
    return status;
}

enum status fleet_start(struct fleet *fleet, const char *dir, const struct fleet_plan *plan,
                        struct explanation *explanation)
{
    *fleet = (struct fleet){.count = 1 + plan->branches};
    if (dir[0] != '/' || strlen(dir) > sizeof fleet->dir - 64) {
        explain(explanation, "The folder must be a full path of less than %zu bytes.",
                sizeof fleet->dir - 64);
        return STATUS_TOO_LARGE;
    }
    assert(fleet->count <= FLEET_NODES_MAX);
    (void)snprintf(fleet->dir, sizeof fleet->dir, "%s", dir);
    uint16_t first_port = choose_ports();
    if (first_port == 0) {
        explain(explanation, "There are no free ports.");
        return STATUS_BUSY;
    }
    name_nodes(fleet, plan, first_port);
    fleet->nodes[FLEET_OFFICE].branch = 1;
    enum status status = daemon_find("tally", fleet->tally, explanation);
    if (status == STATUS_OK) {
        status = daemon_find("tallyd", fleet->tallyd, explanation);
    }
    if (status == STATUS_OK) {
        status = make_folder(fleet->dir, explanation);
    }
    if (status == STATUS_OK) {
        status = bring_all_up(fleet, plan, explanation);
    }
    if (status != STATUS_OK) {
        (void)fleet_stop(fleet);
    }
    return status;
}

bool fleet_stop(struct fleet *fleet)
{
    bool well = true;
    traffic_client_free(fleet->client);
    fleet->client = NULL;
    for (size_t i = fleet->count; i > 0; i--) {
        struct daemon *daemon = &fleet->nodes[i - 1].daemon;
        well = (daemon->pid == 0 || daemon_stop(daemon)) && well;
    }
    return well;
}

enum status fleet_run(struct fleet *fleet, size_t node, const char *preload,
                      struct explanation *explanation)
{
    struct fleet_node *at = &fleet->nodes[node];
    const char *words[DAEMON_ARGUMENTS_MAX] = {NULL};
    char space[64];
    size_t first = place(at, space, words);
    const char *const own[] = {fleet->tallyd, "--dir", at->dir, NULL};
    memcpy(words + first, own, sizeof own);
    /* NOLINTBEGIN(concurrency-mt-unsafe): these programs have one thread */
    if (preload != NULL) {
        (void)setenv("LD_PRELOAD", preload, 1);
    }
    enum status status = daemon_start(&at->daemon, words, at->log, explanation);
    (void)unsetenv("LD_PRELOAD");
    /* NOLINTEND(concurrency-mt-unsafe) */
    return status;
}

enum status fleet_wait_ready(struct fleet *fleet, size_t node, struct explanation *explanation)
{
    struct fleet_node *at = &fleet->nodes[node];
    const struct traffic_node target = {at->url, ""};
    const struct traffic_request request = {.method = "GET", .target = "/readyz"};
    struct traffic_client *client = traffic_client_new(&target, 1, 1, explanation);
    if (client == NULL) {
        return STATUS_IO;
    }
    uint64_t started = clock_monotonic_ms();
    enum status status = STATUS_BUSY;
    while (status == STATUS_BUSY && clock_monotonic_ms() - started < READY_MS_MAX) {
        if (traffic_client_ask(client, 0, &request, FLEET_ASK_MS).http == 200) {
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

json_t *fleet_get(struct fleet *fleet, size_t node, const char *target, int *http)
{
    const struct traffic_request request = {.method = "GET", .target = target};
    struct traffic_answer answer = traffic_client_ask(fleet->client, node, &request, FLEET_ASK_MS);
    if (http != NULL) {
        *http = answer.http;
    }
    return answer.http == 0 ? NULL : replay_answer_parse(answer.body);
}

bool fleet_look(struct fleet *fleet, size_t node, struct fleet_view *view)
{
    *view = (struct fleet_view){0};
    json_t *json = fleet_get(fleet, node, "/v1/node", NULL);
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
    return whole && strlen(view->state) == FLEET_STATE_SIZE - 1;
}

/* Whether those that run have one frontier; the views are theirs. */
static bool level(struct fleet *fleet, struct fleet_view views[static FLEET_NODES_MAX],
                  size_t *running)
{
    *running = 0;
    for (size_t i = 0; i < fleet->count; i++) {
        if (fleet->nodes[i].daemon.pid == 0) {
            continue;
        }
        if (!fleet_look(fleet, i, &views[*running]) ||
            strcmp(views[*running].frontier, views[0].frontier) != 0) {
            return false;
        }
        *running += 1;
    }
    return *running > 0;
}

bool fleet_converge(struct fleet *fleet, uint64_t patience_ms, struct fleet_view *view)
{
    uint64_t started = clock_monotonic_ms();
    struct fleet_view views[FLEET_NODES_MAX];
    size_t running = 0;
    do {
        if (level(fleet, views, &running)) {
            bool same = true;
            *view = views[running - 1];
            for (size_t i = 0; i < running; i++) {
                same = same && strcmp(views[i].state, view->state) == 0;
            }
            return same;
        }
        (void)poll(NULL, 0, READY_POLL_MS);
    } while (clock_monotonic_ms() - started < patience_ms);
    return false;
}

static bool make(struct fleet *fleet, size_t node, const char *target, const char *key,
                 const char *body, json_t **made)
{
    const struct traffic_request request = {
        .method = "POST", .target = target, .key = key, .body = body};
    struct traffic_answer answer = traffic_client_ask(fleet->client, node, &request, FLEET_ASK_MS);
    *made = answer.http == 201 ? replay_answer_parse(answer.body) : NULL;
    return *made != NULL;
}

bool fleet_open_account(struct fleet *fleet, size_t node, const char *key,
                        struct fleet_account *account)
{
    char text[160];
    json_t *made = NULL;
    if (!make(fleet, node, "/v1/members", key, "{\"name\":\"Ada\"}", &made)) {
        return false;
    }
    (void)snprintf(text, sizeof text, "{\"member\":\"%s\"}", replay_answer_text(made, "member"));
    json_decref(made);
    char card_key[100];
    (void)snprintf(card_key, sizeof card_key, "%.90s-card", key);
    if (!make(fleet, node, "/v1/cards", card_key, text, &made)) {
        return false;
    }
    (void)snprintf(account->card, sizeof account->card, "%s", replay_answer_text(made, "card"));
    (void)snprintf(account->account, sizeof account->account, "%s",
                   replay_answer_text(made, "account"));
    json_decref(made);
    return account->card[0] != '\0' && strlen(account->account) == 32;
}
