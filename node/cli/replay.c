#include "replay.h"

#include "arguments.h"
#include "clock.h"
#include "outcome.h"
#include "proof.h"
#include "replay_engine.h"
#include "report.h"
#include "tally/bounds.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum {
    CONNECTIONS_DEFAULT = 32,
    GENERATED_MAX = TRAFFIC_VISITS_MAX,
    LISTED_SIZE_MAX = 4096,
    CONVERGE_MS_MAX = 120 * 1000,
    ASK_TIMEOUT_MS = 10 * 1000,
};

static const struct option_form forms[] = {
    {"node", "URL[,URL..]", "the branches that sell; stores are dealt out to them"},
    {"token", "T[,T..]", "a till token for each node (one: the same for all)"},
    {"connections", "N", "connections to each node (default 32)"},
    {"limit", "N", "only the first N baskets of the file"},
    {"generate", "N", "no file: N baskets from the built-in generator"},
    {"seed", "S", "of the generator and of all keys: the same seed, the same keys (default 1)"},
    {"product", "N", "the product of the cards (default 1)"},
    {"currency", "CODE", "of the amounts (default: what the first node says)"},
    {"ack-log", "FILE", "one JSON line for each acknowledged operation"},
    {"json", "FILE", "the figures of the report"},
    {"prove", "URL", "afterwards hold the replay against this node (the office) and the others"},
    {"prove-token", "T", "a token for that node (default: that of the first)"},
    {"alone", NULL, "with --prove: nothing else ever wrote to this chain"},
    {"help", NULL, "this text"},
    {NULL, NULL, NULL},
};

struct replay_plan {
    const char *file; /* NULL: generate */
    size_t generate;
    size_t limit;
    uint64_t seed;
    const char *ack_path;
    const char *json_path;
    const char *prove;
    const char *prove_token;
    bool alone;
    char nodes_text[LISTED_SIZE_MAX];
    char tokens_text[LISTED_SIZE_MAX];
    struct traffic_node nodes[TRAFFIC_NODES_MAX + 1]; /* and the one that proves */
    const char *names[TRAFFIC_NODES_MAX];
    struct replay_options options;
};

static volatile sig_atomic_t stop_asked;

static void ask_to_stop(int signal_number)
{
    (void)signal_number;
    stop_asked = 1;
}

static void print_help(FILE *out)
{
    (void)fputs("tally replay: carries card traffic out against running nodes\n\n"
                "Usage: tally replay FILE --node URL[,URL..] --token T[,T..] [OPTIONS]\n"
                "       tally replay --generate N --node URL --token T [OPTIONS]\n\n"
                "FILE has a line for each basket, in order of time, with the columns basket_id,\n"
                "household_id, store_id, sales_cents and coupon_disc_cents. A household becomes a\n"
                "member with one card. Top-ups are made by a fixed rule, which the report states.\n"
                "The same seed repeats the same keys, so a replay can be run again safely.\n\n"
                "Options\n",
                out);
    for (const struct option_form *form = forms; form->name != NULL; form++) {
        char left[64];
        (void)snprintf(left, sizeof left, "--%s%s%s", form->name, form->value == NULL ? "" : " ",
                       form->value == NULL ? "" : form->value);
        (void)fprintf(out, "  %-24s %s\n", left, form->meaning);
    }
    (void)fputs("\nExit codes: 0 done (and the proof, if asked for, holds), 1 not, 2 usage, "
                "3 no node reached\n",
                out);
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
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value > max) {
        (void)fprintf(stderr, "tally replay: --%s takes a whole number up to %llu.\n", name,
                      (unsigned long long)max);
        return false;
    }
    *number = value;
    return true;
}

/* Cuts a list at its commas, in place. 0 if there are none or too many. */
static size_t split_list(char *text, const char *items[static TRAFFIC_NODES_MAX])
{
    size_t count = 0;
    for (char *at = text; at != NULL;) {
        if (count == TRAFFIC_NODES_MAX) {
            return 0;
        }
        items[count++] = at;
        at = strchr(at, ',');
        if (at != NULL) {
            *at++ = '\0';
        }
    }
    return count;
}

static bool plan_nodes(const struct arguments *arguments, struct replay_plan *plan)
{
    const char *nodes = arguments_option(arguments, "node");
    const char *tokens = arguments_option(arguments, "token");
    const char *urls[TRAFFIC_NODES_MAX];
    const char *shown[TRAFFIC_NODES_MAX];
    if (nodes == NULL || tokens == NULL || strlen(nodes) >= LISTED_SIZE_MAX ||
        strlen(tokens) >= LISTED_SIZE_MAX) {
        (void)fputs("tally replay: name the nodes with --node and their tokens with --token.\n",
                    stderr);
        return false;
    }
    (void)snprintf(plan->nodes_text, sizeof plan->nodes_text, "%s", nodes);
    (void)snprintf(plan->tokens_text, sizeof plan->tokens_text, "%s", tokens);
    size_t node_count = split_list(plan->nodes_text, urls);
    size_t token_count = split_list(plan->tokens_text, shown);
    if (node_count == 0 || (token_count != 1 && token_count != node_count)) {
        (void)fprintf(stderr, "tally replay: 1 to %d nodes, and one token or one for each.\n",
                      TRAFFIC_NODES_MAX);
        return false;
    }
    for (size_t i = 0; i < node_count; i++) {
        plan->nodes[i] = (struct traffic_node){urls[i], shown[token_count == 1 ? 0 : i]};
        plan->names[i] = urls[i];
        if (strncmp(urls[i], "http://", 7) == 0) {
            plan->names[i] += 7;
        }
    }
    plan->options.nodes = plan->nodes;
    plan->options.node_count = node_count;
    return true;
}

static bool plan_numbers(const struct arguments *arguments, struct replay_plan *plan)
{
    uint64_t generate = 0;
    uint64_t limit = 0;
    uint64_t lanes = CONNECTIONS_DEFAULT;
    uint64_t product = 1;
    plan->seed = 1;
    if (!read_number(arguments, "generate", GENERATED_MAX, &generate) ||
        !read_number(arguments, "limit", TRAFFIC_VISITS_MAX, &limit) ||
        !read_number(arguments, "connections", TRAFFIC_LANES_MAX, &lanes) ||
        !read_number(arguments, "product", UINT32_MAX, &product) ||
        !read_number(arguments, "seed", UINT64_MAX, &plan->seed)) {
        return false;
    }
    if (lanes == 0 || (plan->file == NULL) == (generate == 0)) {
        (void)fputs("tally replay: name one FILE, or --generate N; see tally replay --help.\n",
                    stderr);
        return false;
    }
    plan->generate = generate;
    plan->limit = limit;
    plan->options.lanes = lanes;
    plan->options.product = (uint32_t)product;
    return true;
}

static bool plan_replay(const struct arguments *arguments, struct replay_plan *plan)
{
    const char *currency = arguments_option(arguments, "currency");
    if (arguments->positional_count > 1) {
        (void)fputs("tally replay: one FILE at a time.\n", stderr);
        return false;
    }
    plan->file = arguments->positional_count == 1 ? arguments->positionals[0] : NULL;
    plan->ack_path = arguments_option(arguments, "ack-log");
    plan->json_path = arguments_option(arguments, "json");
    plan->prove = arguments_option(arguments, "prove");
    plan->prove_token = arguments_option(arguments, "prove-token");
    plan->alone = arguments_has(arguments, "alone");
    plan->options.stop = &stop_asked;
    if (currency != NULL && strlen(currency) != CURRENCY_SIZE) {
        (void)fputs("tally replay: --currency takes three letters, as in USD.\n", stderr);
        return false;
    }
    if (currency != NULL) {
        memcpy(plan->options.currency, currency, CURRENCY_SIZE);
    }
    return plan_nodes(arguments, plan) && plan_numbers(arguments, plan);
}

/* Asks the first node for its currency, unless one was given. */
static bool find_currency(struct replay_plan *plan, struct explanation *why)
{
    if (plan->options.currency[0] != '\0') {
        return true;
    }
    struct traffic_client *client = traffic_client_new(plan->nodes, 1, 1, why);
    if (client == NULL) {
        return false;
    }
    struct traffic_request request = {.method = "GET", .target = "/v1/node"};
    struct traffic_answer answer = traffic_client_ask(client, 0, &request, ASK_TIMEOUT_MS);
    json_t *node = answer.http == 200 ? replay_answer_parse(answer.body) : NULL;
    const char *currency = replay_answer_text(node, "currency");
    bool found = strlen(currency) == CURRENCY_SIZE;
    if (found) {
        memcpy(plan->options.currency, currency, CURRENCY_SIZE);
    } else if (answer.http == 0) {
        explain(why, "%s does not answer: %s. Is the node running?", plan->nodes[0].url,
                answer.loss);
    } else if (answer.http == 401) {
        explain(why, "%s does not accept the token: make one with tally till add.",
                plan->nodes[0].url);
    } else {
        explain(why, "%s names no currency: give one with --currency.", plan->nodes[0].url);
    }
    json_decref(node);
    traffic_client_free(client);
    return found;
}

static enum status load_traffic(const struct replay_plan *plan, struct traffic *traffic,
                                struct explanation *why)
{
    if (plan->file != NULL) {
        return traffic_read(plan->file, plan->limit, traffic, why);
    }
    return traffic_generate(plan->seed, plan->generate, traffic, why);
}

static void prove(struct replay_plan *plan, const struct replay_book *book,
                  const struct replay_engine *engine, struct proof *proof)
{
    size_t office = plan->options.node_count;
    const char *token = plan->prove_token == NULL ? plan->nodes[0].token : plan->prove_token;
    plan->nodes[office] = (struct traffic_node){plan->prove, token};
    struct proof_question question = {
        .book = book,
        .engine = engine,
        .nodes = plan->nodes,
        .node_count = office + 1,
        .office = office,
        .alone = plan->alone,
        .ended_ms = clock_monotonic_ms(),
        .patience_ms = CONVERGE_MS_MAX,
        .stop = &stop_asked,
    };
    for (size_t i = 0; i < office; i++) {
        if (strcmp(plan->nodes[i].url, plan->prove) == 0) {
            question.office = i;
            question.node_count = office;
        }
    }
    proof_run(&question, proof);
}

static enum outcome run_engine(struct replay_plan *plan, struct replay_book *book,
                               struct report *report)
{
    struct explanation why = {.text = ""};
    struct proof proof;
    struct progress progress;
    struct replay_engine *engine = replay_engine_new(book, &plan->options, &why);
    if (engine == NULL) {
        (void)fprintf(stderr, "tally replay: %s\n", why.text);
        return OUTCOME_USAGE;
    }
    uint64_t started = clock_monotonic_ms();
    progress_start(&progress, stdout, book->traffic->visit_count);
    enum status status = replay_engine_run(engine, book->traffic->visit_count, &progress, &why);
    report->took_ms = clock_monotonic_ms() - started;
    progress_end(&progress, book->visits_sold + book->visits_refused + book->visits_undetermined);
    bool holds = status == STATUS_OK && book->contradictions == 0 && book->visits_undetermined == 0;
    if (status != STATUS_OK) {
        (void)fprintf(stderr, "tally replay: %s\n", why.text);
    } else if (plan->prove != NULL) {
        prove(plan, book, engine, &proof);
        report->proof = &proof;
        holds = proof.holds;
    }
    report_print(report, stdout);
    if (plan->json_path != NULL && report_write(report, plan->json_path, &why) != STATUS_OK) {
        (void)fprintf(stderr, "tally replay: %s\n", why.text);
        holds = false;
    }
    report->proof = NULL;
    replay_engine_free(engine);
    return holds ? OUTCOME_DONE : OUTCOME_REFUSED;
}

static enum outcome run_plan(struct replay_plan *plan)
{
    struct explanation why = {.text = ""};
    struct traffic traffic;
    struct replay_book book;
    if (!find_currency(plan, &why)) {
        (void)fprintf(stderr, "tally replay: %s\n", why.text);
        return OUTCOME_UNREACHABLE;
    }
    if (load_traffic(plan, &traffic, &why) != STATUS_OK) {
        (void)fprintf(stderr, "tally replay: %s\n", why.text);
        return OUTCOME_USAGE;
    }
    replay_book_start(&book, &traffic, plan->seed, plan->options.node_count);
    if (plan->ack_path != NULL) {
        book.ack_log = fopen(plan->ack_path, "w");
        if (book.ack_log == NULL) {
            (void)fprintf(stderr, "tally replay: %s cannot be written.\n", plan->ack_path);
            traffic_free(&traffic);
            return OUTCOME_USAGE;
        }
        (void)setvbuf(book.ack_log, NULL, _IOLBF, BUFSIZ);
    }
    struct report report = {
        .source = plan->file == NULL ? "the built-in generator" : plan->file,
        .generated = plan->file == NULL,
        .names = plan->names,
        .book = &book,
    };
    memcpy(report.currency, plan->options.currency, sizeof report.currency);
    enum outcome outcome = run_engine(plan, &book, &report);
    if (book.ack_log != NULL && fclose(book.ack_log) != 0) {
        (void)fprintf(stderr, "tally replay: %s is not complete.\n", plan->ack_path);
        outcome = OUTCOME_REFUSED;
    }
    replay_book_end(&book);
    traffic_free(&traffic);
    return outcome;
}

int replay_main(int argc, char **argv)
{
    struct arguments arguments;
    const struct option_form *const lists[2] = {forms, NULL};
    char problem[PROBLEM_SIZE];
    if (!arguments_parse(&arguments, argc - 1, argv + 1, lists, problem)) {
        (void)fprintf(stderr, "tally replay: %s\n", problem);
        return OUTCOME_USAGE;
    }
    if (arguments_has(&arguments, "help")) {
        print_help(stdout);
        return OUTCOME_DONE;
    }
    struct replay_plan *plan = calloc(1, sizeof *plan);
    if (plan == NULL || !plan_replay(&arguments, plan)) {
        free(plan);
        return OUTCOME_USAGE;
    }
    struct sigaction action = {.sa_handler = ask_to_stop};
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    enum outcome outcome = run_plan(plan);
    free(plan);
    return (int)outcome;
}
