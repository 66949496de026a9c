/* How many spends a branch makes durable and acknowledges in a second, with one client and with
 * many, in a closed loop: each client sends its next one when it has the answer. */
#include "clock.h"
#include "fleet.h"
#include "replay_answer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    ROUNDS = 3,
    SIDES = 2,
    ACCOUNTS = 256,
    LANES_MAX = TRAFFIC_LANES_MAX,
    SAMPLES_MAX = 1 << 20,
    ANSWERS_MAX = 64,
    TIMEOUT_MS = 4 * 1000,
    FUNDS = 350000, /* all together below the quota of a day, and far above what is spent */
};

struct figures {
    double rate;
    double cpu_us; /* of the daemon, for each spend */
    double median_us;
    double worst_us; /* of 99 in 100 */
};

struct bench {
    struct fleet fleet;
    struct fleet_account accounts[ACCOUNTS];
    struct traffic_client *client;
    uint64_t number; /* of the next spend */
    uint64_t refused;
    uint64_t samples[SAMPLES_MAX];
    size_t sample_count;
};

static uint64_t now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* User and system time of a process so far. */
static uint64_t cpu_us(pid_t pid)
{
    char path[64];
    char line[1024] = "";
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    if (file == NULL || fgets(line, sizeof line, file) == NULL) {
        (void)fprintf(stderr, "%s cannot be read\n", path);
        exit(EXIT_FAILURE);
    }
    (void)fclose(file);
    /* Its name may hold anything, but ends at the last bracket; 11 fields later come the times. */
    const char *at = strrchr(line, ')');
    for (int i = 0; at != NULL && i < 12; i++) {
        at = strchr(at + 1, ' ');
    }
    char *end = NULL;
    uint64_t user = at == NULL ? 0 : strtoull(at, &end, 10);
    uint64_t system = end == NULL ? 0 : strtoull(end, NULL, 10);
    return (user + system) * 1000000 / (uint64_t)sysconf(_SC_CLK_TCK);
}

static void send_spend(struct bench *bench, int lane)
{
    char key[64];
    char body[160];
    uint64_t number = bench->number++;
    (void)snprintf(key, sizeof key, "rate-%" PRIu64, number);
    (void)snprintf(body, sizeof body,
                   "{\"card\":\"%s\",\"amount\":{\"minor\":7,\"currency\":\"USD\"}}",
                   bench->accounts[number % ACCOUNTS].card);
    const struct traffic_request request = {
        .method = "POST", .target = "/v1/spends", .key = key, .body = body};
    traffic_client_send(bench->client, lane, &request, TIMEOUT_MS, number);
}

static size_t take(struct bench *bench, uint64_t *done)
{
    struct traffic_answer answers[ANSWERS_MAX];
    size_t count = traffic_client_wait(bench->client, TIMEOUT_MS, answers, ANSWERS_MAX);
    for (size_t i = 0; i < count; i++) {
        if (answers[i].http != 201) {
            if (bench->refused++ == 0) {
                (void)fprintf(stderr, "HTTP %d: %.*s\n", answers[i].http, (int)answers[i].body.size,
                              (const char *)answers[i].body.data);
            }
            continue;
        }
        *done += 1;
        if (bench->sample_count < SAMPLES_MAX) {
            bench->samples[bench->sample_count++] = answers[i].took_us;
        }
    }
    return count;
}

/* Keeps `clients` in flight until the time is over, then waits for those under way. */
static uint64_t drive(struct bench *bench, size_t clients, uint64_t duration_ms)
{
    uint64_t done = 0;
    size_t flying = 0;
    uint64_t until = clock_monotonic_ms() + duration_ms;
    bench->sample_count = 0;
    while (clock_monotonic_ms() < until || flying > 0) {
        while (flying < clients && clock_monotonic_ms() < until) {
            send_spend(bench, traffic_client_idle(bench->client, 0));
            flying += 1;
        }
        flying -= take(bench, &done);
    }
    return done;
}

static int by_size(const void *left, const void *right)
{
    const uint64_t *a = left;
    const uint64_t *b = right;
    return *a < *b ? -1 : *a > *b;
}

static struct figures measure(struct bench *bench, size_t clients, uint64_t duration_ms)
{
    const struct fleet_node *branch = &bench->fleet.nodes[FLEET_BRANCH];
    const struct traffic_node target = {branch->url, branch->till_token};
    struct explanation explanation = {""};
    bench->client = traffic_client_new(&target, 1, clients, &explanation);
    if (bench->client == NULL) {
        (void)fprintf(stderr, "%s\n", explanation.text);
        exit(EXIT_FAILURE);
    }
    (void)drive(bench, clients, duration_ms / 10); /* connections are made */
    uint64_t start_us = now_us();
    uint64_t start_cpu = cpu_us(branch->daemon.pid);
    uint64_t done = drive(bench, clients, duration_ms);
    uint64_t took_us = now_us() - start_us;
    uint64_t cpu = cpu_us(branch->daemon.pid) - start_cpu;
    traffic_client_free(bench->client);
    qsort(bench->samples, bench->sample_count, sizeof bench->samples[0], by_size);
    if (done == 0) {
        return (struct figures){0};
    }
    size_t middle = bench->sample_count / 2;
    size_t late = bench->sample_count * 99 / 100;
    return (struct figures){
        .rate = (double)done * 1e6 / (double)took_us,
        .cpu_us = (double)cpu / (double)done,
        .median_us = (double)bench->samples[middle],
        .worst_us = (double)bench->samples[late],
    };
}

static bool fund(struct bench *bench)
{
    for (size_t i = 0; i < ACCOUNTS; i++) {
        char key[32];
        char body[160];
        (void)snprintf(key, sizeof key, "rate-account-%zu", i);
        if (!fleet_open_account(&bench->fleet, FLEET_BRANCH, key, &bench->accounts[i])) {
            return false;
        }
        (void)snprintf(key, sizeof key, "rate-funds-%zu", i);
        (void)snprintf(body, sizeof body,
                       "{\"card\":\"%s\",\"amount\":{\"minor\":%d,\"currency\":\"USD\"}}",
                       bench->accounts[i].card, FUNDS);
        const struct traffic_request request = {
            .method = "POST", .target = "/v1/topups", .key = key, .body = body};
        if (traffic_client_ask(bench->fleet.client, FLEET_BRANCH, &request, TIMEOUT_MS).http !=
            201) {
            return false;
        }
    }
    return true;
}

static int compare_rates(const void *left, const void *right)
{
    const struct figures *a = left;
    const struct figures *b = right;
    return a->rate < b->rate ? -1 : a->rate > b->rate;
}

static void print_figures(const char *title, size_t clients, const struct figures *figures)
{
    (void)printf("%-8s %3zu in flight: %8.0f spends/s, %6.0f us of the daemon's CPU each, "
                 "answered in %.0f us (median), %.0f us (99 of 100)\n",
                 title, clients, figures->rate, figures->cpu_us, figures->median_us,
                 figures->worst_us);
    (void)fflush(stdout);
}

static uint64_t option(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name); /* NOLINT(concurrency-mt-unsafe): one thread */
    return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

/* The branch once more, on a disk that takes longer to sync. */
static enum status slow_down(struct fleet *fleet, struct explanation *explanation)
{
    char shim[DAEMON_PATH_SIZE_MAX];
    enum status status = daemon_find("libfail_shim.so", shim, explanation);
    if (status == STATUS_OK && !daemon_stop(&fleet->nodes[FLEET_BRANCH].daemon)) {
        explain(explanation, "The branch did not stop.");
        status = STATUS_IO;
    }
    if (status == STATUS_OK) {
        status = fleet_run(fleet, FLEET_BRANCH, shim, explanation);
    }
    return status == STATUS_OK ? fleet_wait_ready(fleet, FLEET_BRANCH, explanation) : status;
}

static int run(struct bench *bench)
{
    const size_t clients[SIDES] = {1, (size_t)option("TALLY_RATE_CLIENTS", 128)};
    uint64_t duration_ms = option("TALLY_RATE_MS", 4000);
    struct figures all[SIDES][ROUNDS];
    if (clients[1] == 0 || clients[1] > LANES_MAX || duration_ms < 100) {
        (void)fprintf(stderr, "1 to %d clients, for at least 100 ms.\n", LANES_MAX);
        return 2;
    }
    if (!fund(bench)) {
        (void)fprintf(stderr, "The accounts could not be made.\n");
        return 1;
    }
    if (option("TALLY_RATE_ALONE", 0) != 0) {
        (void)daemon_stop(&bench->fleet.nodes[FLEET_OFFICE].daemon);
    }
    for (size_t round = 0; round < ROUNDS; round++) {
        for (size_t side = 0; side < SIDES; side++) {
            char title[16];
            (void)snprintf(title, sizeof title, "round %zu", round + 1);
            all[side][round] = measure(bench, clients[side], duration_ms);
            print_figures(title, clients[side], &all[side][round]);
        }
    }
    for (size_t side = 0; side < SIDES; side++) {
        qsort(all[side], ROUNDS, sizeof all[side][0], compare_rates);
        print_figures("median", clients[side], &all[side][ROUNDS / 2]);
    }
    double ratio = all[1][ROUNDS / 2].rate / all[0][ROUNDS / 2].rate;
    uint64_t least = option("TALLY_RATE_LEAST", 0);
    bool enough = ratio >= (double)least;
    (void)printf("ratio %.1f, %" PRIu64 " refused\n", ratio, bench->refused);
    if (!enough) {
        (void)printf("That is less than %" PRIu64 ": the clients do not share their syncs.\n",
                     least);
    }
    return bench->refused == 0 && enough ? 0 : 1;
}

int main(int count, char **words)
{
    static struct bench bench;
    struct explanation explanation = {""};
    char dir[FLEET_TEXT_SIZE_MAX];
    if (count != 2) {
        (void)fputs("Usage: commit_rate FOLDER\n", stderr);
        return 2;
    }
    if (words[1][0] == '/') {
        (void)snprintf(dir, sizeof dir, "%s", words[1]);
    } else {
        char here[FLEET_TEXT_SIZE_MAX / 2] = "";
        (void)snprintf(dir, sizeof dir, "%s/%.200s", getcwd(here, sizeof here), words[1]);
    }
    const struct fleet_plan plan = {
        .branches = 1, .config = "api_connections = 2048\napi_connections_per_address = 1200"};
    if (fleet_start(&bench.fleet, dir, &plan, &explanation) != STATUS_OK) {
        (void)fprintf(stderr, "%s\n", explanation.text);
        return 1;
    }
    if (option("TALLY_SYNC_US", 0) != 0 && slow_down(&bench.fleet, &explanation) != STATUS_OK) {
        (void)fprintf(stderr, "%s\n", explanation.text);
        (void)fleet_stop(&bench.fleet);
        return 1;
    }
    int code = run(&bench);
    (void)fleet_stop(&bench.fleet);
    return code;
}
