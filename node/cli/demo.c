#include "demo.h"

#include "arguments.h"
#include "clock.h"
#include "demo_cluster.h"
#include "outcome.h"
#include "proof.h"
#include "replay_engine.h"
#include "report.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    CONNECTIONS_DEFAULT = 32,
    GENERATED_DEFAULT = 56625,
    CONVERGE_MS_MAX = 120 * 1000,
    LOOK_MS = 50,
    /* the acts, in thousandths of the traffic */
    CUT_AT = 350,
    KILL_AT = 475,
    HEAL_AT = 600,
    STEP = 5,
    ALL = 1000,
    /* who plays them */
    KILLED = 2,
    CUT = 3,
    ACK_BUFFER_SIZE = 64 * 1024,
};

static const char data_default[] = "../shared/data/completejourney/baskets.csv";
static const char dir_default[] = "build/demo-cluster";

static const struct option_form forms[] = {
    {"once", NULL, "stop the chain after the report; exit code 0 only if the proof holds"},
    {"json", "FILE", "write the figures of the report too"},
    {"dir", "DIR", "where the nodes live (default build/demo-cluster; emptied at the start)"},
    {"data", "FILE", "the baskets (default ../shared/data/completejourney/baskets.csv)"},
    {"generate", "N", "no file: N baskets from the built-in generator"},
    {"limit", "N", "only the first N baskets of the file"},
    {"seed", "S", "of the generator and of the keys (default 1)"},
    {"connections", "N", "from the tills to each branch (default 32)"},
    {"port", "N", "the first of 64 ports to use (default: the first free ones from 17100)"},
    {"help", NULL, "this text"},
    {NULL, NULL, NULL},
};

struct demo {
    struct demo_cluster cluster;
    struct traffic traffic;
    struct replay_book book;
    struct replay_engine *engine;
    struct progress progress;
    struct report_story story;
    struct traffic_node tills[DEMO_BRANCHES];
    const char *names[DEMO_BRANCHES];
    struct traffic_node all[DEMO_NODES];
    uint64_t started_ms;
    uint64_t took_ms;
    bool once;
    const char *dir;
    const char *json_path;
    const char *source;
    const char *data;
    uint64_t generate;
    uint64_t limit;
    uint64_t seed;
    uint64_t lanes;
    uint64_t port;
};

static volatile sig_atomic_t stop_asked;

static void ask_to_stop(int signal_number)
{
    (void)signal_number;
    stop_asked = 1;
}

static void print_help(FILE *out)
{
    (void)fputs("tally demo: one office and four branches on this machine, with real daemons and "
                "keys\n\nUsage: tally demo [OPTIONS]\n\n"
                "Replays card traffic; in the middle one branch is cut off from its peers and\n"
                "another is killed; ends with a report and with the proof. Without --once the\n"
                "chain then stays up until Ctrl-C.\n\nOptions\n",
                out);
    for (const struct option_form *form = forms; form->name != NULL; form++) {
        char left[64];
        (void)snprintf(left, sizeof left, "--%s%s%s", form->name, form->value == NULL ? "" : " ",
                       form->value == NULL ? "" : form->value);
        (void)fprintf(out, "  %-20s %s\n", left, form->meaning);
    }
}

static bool read_number(const struct arguments *arguments, const char *name, uint64_t max,
                        uint64_t *number)
{
    const char *text = arguments_option(arguments, name);
    if (text == NULL) {
        return true;
    }
    char *end = NULL;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value > max ||
        (value == 0 && strcmp(name, "seed") != 0)) {
        (void)fprintf(stderr, "tally demo: --%s takes a whole number from 1 to %" PRIu64 ".\n",
                      name, max);
        return false;
    }
    *number = value;
    return true;
}

static bool read_options(const struct arguments *arguments, struct demo *demo)
{
    demo->once = arguments_has(arguments, "once");
    demo->json_path = arguments_option(arguments, "json");
    demo->dir = arguments_option(arguments, "dir");
    demo->data = arguments_option(arguments, "data");
    demo->dir = demo->dir == NULL ? dir_default : demo->dir;
    demo->seed = 1;
    demo->lanes = CONNECTIONS_DEFAULT;
    if (arguments->positional_count > 0) {
        (void)fprintf(stderr, "tally demo: there is nothing to do with \"%s\".\n",
                      arguments->positionals[0]);
        return false;
    }
    return read_number(arguments, "generate", TRAFFIC_VISITS_MAX, &demo->generate) &&
           read_number(arguments, "limit", TRAFFIC_VISITS_MAX, &demo->limit) &&
           read_number(arguments, "seed", UINT64_MAX, &demo->seed) &&
           read_number(arguments, "connections", TRAFFIC_LANES_MAX, &demo->lanes) &&
           read_number(arguments, "port", UINT16_MAX - DEMO_PORTS, &demo->port);
}

static enum status load_traffic(struct demo *demo, struct explanation *why)
{
    if (demo->data == NULL && demo->generate == 0) {
        if (access(data_default, R_OK) == 0) {
            demo->data = data_default;
        } else {
            demo->generate = demo->limit == 0 ? GENERATED_DEFAULT : demo->limit;
            (void)printf("There is no %s here: traffic comes from the built-in generator, %" PRIu64
                         " baskets of seed %" PRIu64 ".\n",
                         data_default, demo->generate, demo->seed);
        }
    }
    if (demo->generate > 0) {
        demo->source = "The built-in generator";
        return traffic_generate(demo->seed, demo->generate, &demo->traffic, why);
    }
    demo->source = demo->data;
    return traffic_read(demo->data, demo->limit, &demo->traffic, why);
}

/* Goes on until this many thousandths of the traffic are through. */
static enum status play_until(struct demo *demo, size_t thousandths, struct explanation *why)
{
    size_t visits = demo->traffic.visit_count * thousandths / ALL;
    enum status status = replay_engine_run(demo->engine, visits, &demo->progress, why);
    size_t lost = demo_cluster_lost(&demo->cluster);
    if (status == STATUS_OK && lost < DEMO_NODES) {
        explain(why, "%s has ended by itself: see %s.", demo->cluster.nodes[lost].name,
                demo->cluster.nodes[lost].log);
        return STATUS_IO;
    }
    return status;
}

/* True once the office has what the branch wrote while it was alone. */
static bool look_for_catch_up(struct demo *demo, uint64_t healed_ms, uint64_t wanted)
{
    demo->story.caught_up =
        wanted > 0 && demo_cluster_seq(&demo->cluster, DEMO_OFFICE, CUT) >= wanted;
    demo->story.catch_up_ms = clock_monotonic_ms() - healed_ms;
    return demo->story.caught_up;
}

/* After the heal: goes on to the end of the traffic, and looks now and then whether the office has
 * caught up; then waits until it has. */
static enum status play_catching_up(struct demo *demo, uint64_t healed_ms, uint64_t wanted,
                                    struct explanation *why)
{
    enum status status = STATUS_OK;
    size_t at = HEAL_AT;
    while (status == STATUS_OK && at < ALL && !look_for_catch_up(demo, healed_ms, wanted)) {
        at += STEP;
        status = play_until(demo, at, why);
    }
    if (status == STATUS_OK) {
        status = play_until(demo, ALL, why);
    }
    demo->took_ms = clock_monotonic_ms() - demo->started_ms;
    while (status == STATUS_OK && stop_asked == 0 && !demo->story.caught_up &&
           !look_for_catch_up(demo, healed_ms, wanted) &&
           demo->story.catch_up_ms < CONVERGE_MS_MAX) {
        (void)poll(NULL, 0, LOOK_MS);
    }
    return status;
}

static enum status play(struct demo *demo, struct explanation *why)
{
    struct demo_cluster *cluster = &demo->cluster;
    const char *cut_name = cluster->nodes[CUT].name;
    const char *killed_name = cluster->nodes[KILLED].name;
    demo->story.cut_name = cut_name;
    demo->story.cut_node = CUT - 1;
    demo->story.killed_name = killed_name;

    enum status status = play_until(demo, CUT_AT, why);
    if (status != STATUS_OK) {
        return status;
    }
    uint64_t cut_ms = clock_monotonic_ms();
    relay_cut(cluster->relay, CUT);
    replay_engine_enter(demo->engine, PHASE_CUT, CUT - 1);
    progress_say(&demo->progress, "  %s is cut off from every peer; its till goes on.", cut_name);
    demo->progress.note = "one branch is offline";
    status = play_until(demo, KILL_AT, why);
    if (status != STATUS_OK) {
        return status;
    }
    status = demo_cluster_kill(cluster, KILLED, why);
    progress_say(&demo->progress, "  %s is killed (SIGKILL) and started again.", killed_name);
    if (status == STATUS_OK) {
        status = play_until(demo, HEAL_AT, why);
    }
    if (status != STATUS_OK) {
        return status;
    }
    uint64_t wanted = demo_cluster_seq(cluster, CUT, CUT);
    relay_heal(cluster->relay, CUT);
    uint64_t healed_ms = clock_monotonic_ms();
    replay_engine_enter(demo->engine, PHASE_HEALED, SIZE_MAX);
    demo->story.cut_ms = healed_ms - cut_ms;
    demo->story.told = true;
    progress_say(&demo->progress, "  The line to %s is healed.", cut_name);
    demo->progress.note = NULL;
    status = play_catching_up(demo, healed_ms, wanted, why);
    demo->story.killed_ms = demo->book.nodes[KILLED - 1].silence_max_ms;
    return status;
}

static enum status open_engine(struct demo *demo, struct explanation *why)
{
    for (size_t i = 0; i < DEMO_NODES; i++) {
        const struct demo_node *node = &demo->cluster.nodes[i];
        demo->all[i] = (struct traffic_node){node->url, node->admin_token};
        if (i > DEMO_OFFICE) {
            demo->tills[i - 1] = (struct traffic_node){node->url, node->till_token};
            demo->names[i - 1] = node->name;
        }
    }
    struct replay_options options = {
        .nodes = demo->tills,
        .node_count = DEMO_BRANCHES,
        .lanes = demo->lanes,
        .product = 1,
        .currency = "USD",
        .stop = &stop_asked,
    };
    demo->engine = replay_engine_new(&demo->book, &options, why);
    return demo->engine == NULL ? STATUS_FULL : STATUS_OK;
}

static void open_ack_log(struct demo *demo)
{
    char path[DEMO_TEXT_SIZE_MAX + 32];
    (void)snprintf(path, sizeof path, "%s/acknowledged.jsonl", demo->cluster.dir);
    demo->book.ack_log = fopen(path, "w");
    if (demo->book.ack_log != NULL) {
        (void)setvbuf(demo->book.ack_log, NULL, _IOFBF, ACK_BUFFER_SIZE);
    }
}

static void print_addresses(const struct demo *demo)
{
    (void)printf("\nThe chain is up (data, keys and logs in %s)\n", demo->cluster.dir);
    for (size_t i = 0; i < DEMO_NODES; i++) {
        const struct demo_node *node = &demo->cluster.nodes[i];
        (void)printf("  %-10s branch %-3" PRIu32 " %s\n", node->name, node->branch, node->url);
    }
    (void)fflush(stdout);
}

static const char *any_card(const struct demo *demo)
{
    for (size_t i = 0; i < demo->traffic.card_count; i++) {
        const char *card = replay_engine_card(demo->engine, i);
        if (card[0] != '\0') {
            return card;
        }
    }
    return "CARD";
}

static void stay_up(struct demo *demo)
{
    const struct demo_node *nodes = demo->cluster.nodes;
    const char *card = any_card(demo);
    const char *tally = demo->cluster.tally;
    print_addresses(demo);
    (void)printf("\nA few things to try, in another terminal\n"
                 "  %s card show %s --dir %s\n"
                 "  %s topup %s 20.00 --dir %s\n"
                 "  %s spend %s 3.50 --dir %s\n"
                 "  %s history %s --dir %s\n"
                 "  %s office liability --dir %s\n"
                 "  curl -H \"Authorization: Bearer $(cat %s/admin.token)\" %s/v1/node\n"
                 "\nCtrl-C stops the chain.\n",
                 tally, card, nodes[1].dir, tally, card, nodes[1].dir, tally, card, nodes[4].dir,
                 tally, card, nodes[3].dir, tally, nodes[DEMO_OFFICE].dir, nodes[1].dir,
                 nodes[1].url);
    (void)fflush(stdout);
    while (stop_asked == 0) {
        (void)poll(NULL, 0, 500);
    }
}

static enum outcome tell(struct demo *demo, struct proof *proof)
{
    struct explanation why = {.text = ""};
    struct report report = {
        .source = demo->source,
        .generated = demo->generate > 0,
        .names = demo->names,
        .currency = "USD",
        .took_ms = demo->took_ms,
        .book = &demo->book,
        .story = demo->story,
        .proof = proof,
    };
    report_print(&report, stdout);
    if (demo->json_path != NULL && report_write(&report, demo->json_path, &why) != STATUS_OK) {
        (void)fprintf(stderr, "tally demo: %s\n", why.text);
        return OUTCOME_REFUSED;
    }
    return proof->holds ? OUTCOME_DONE : OUTCOME_REFUSED;
}

static enum outcome run_traffic(struct demo *demo, struct explanation *why)
{
    demo->started_ms = clock_monotonic_ms();
    (void)printf("\nThe traffic: %zu visits of %zu members\n", demo->traffic.visit_count,
                 demo->traffic.card_count);
    progress_start(&demo->progress, stdout, demo->traffic.visit_count);
    enum status status = play(demo, why);
    progress_end(&demo->progress, demo->book.visits_sold + demo->book.visits_refused +
                                      demo->book.visits_undetermined);
    if (status != STATUS_OK) {
        return OUTCOME_REFUSED;
    }
    (void)printf("Waiting until all nodes are level, then checking everything ..\n");
    (void)fflush(stdout);
    struct proof_question question = {
        .book = &demo->book,
        .engine = demo->engine,
        .nodes = demo->all,
        .node_count = DEMO_NODES,
        .office = DEMO_OFFICE,
        .alone = true,
        .ended_ms = demo->started_ms + demo->took_ms,
        .patience_ms = CONVERGE_MS_MAX,
        .stop = &stop_asked,
    };
    struct proof proof;
    proof_run(&question, &proof);
    enum outcome outcome = tell(demo, &proof);
    if (!demo->once && stop_asked == 0) {
        stay_up(demo);
    }
    return outcome;
}

static enum outcome run_demo(struct demo *demo)
{
    struct explanation why = {.text = ""};
    if (load_traffic(demo, &why) != STATUS_OK) {
        (void)fprintf(stderr, "tally demo: %s\n", why.text);
        return OUTCOME_USAGE;
    }
    (void)printf("Starting one office and %d branches ..\n", DEMO_BRANCHES);
    (void)fflush(stdout);
    demo->cluster.stop = &stop_asked;
    enum outcome outcome = OUTCOME_REFUSED;
    if (demo_cluster_start(&demo->cluster, demo->dir, (uint16_t)demo->port, &why) == STATUS_OK) {
        print_addresses(demo);
        replay_book_start(&demo->book, &demo->traffic, demo->seed, DEMO_BRANCHES);
        open_ack_log(demo);
        if (open_engine(demo, &why) == STATUS_OK) {
            outcome = run_traffic(demo, &why);
        }
        replay_engine_free(demo->engine);
        if (demo->book.ack_log != NULL) {
            (void)fclose(demo->book.ack_log);
        }
        replay_book_end(&demo->book);
        demo_cluster_stop(&demo->cluster);
    }
    if (outcome != OUTCOME_DONE && why.text[0] != '\0') {
        (void)fprintf(stderr, "tally demo: %s\n", why.text);
    }
    traffic_free(&demo->traffic);
    return outcome;
}

int demo_main(int argc, char **argv)
{
    struct arguments arguments;
    const struct option_form *const lists[2] = {forms, NULL};
    char problem[PROBLEM_SIZE];
    if (!arguments_parse(&arguments, argc - 1, argv + 1, lists, problem)) {
        (void)fprintf(stderr, "tally demo: %s\n", problem);
        return OUTCOME_USAGE;
    }
    if (arguments_has(&arguments, "help")) {
        print_help(stdout);
        return OUTCOME_DONE;
    }
    struct demo *demo = calloc(1, sizeof *demo);
    if (demo == NULL || !read_options(&arguments, demo)) {
        free(demo);
        return OUTCOME_USAGE;
    }
    struct sigaction action = {.sa_handler = ask_to_stop};
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGHUP, &action, NULL);
    enum outcome outcome = run_demo(demo);
    free(demo);
    return (int)outcome;
}
