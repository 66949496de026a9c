/* tally-sim: whole chains, one a seed, under faults. A finding is a number that replays it. */
#include "policy.h"
#include "run.h"
#include "scenario.h"
#include "shrink.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    JOBS_MAX = 16,
    CENSUS_SEEDS = 1000, /* from so many seeds on, what never happened is a failure */
    TWICE_EVERY = 32,
    SHRINK_SECONDS = 180,
};

struct options {
    uint64_t first;
    uint64_t last;
    uint32_t jobs;
    bool long_run;
    bool loud;
    bool until_found; /* stop at the first finding */
    bool shrink;
    const char *replay; /* a plan in this file instead of a seed */
};

/* Seen by all workers. */
struct board {
    uint64_t next;
    uint64_t done;
    uint64_t found; /* seeds with findings */
    uint64_t first_found;
    uint64_t steps;
    uint64_t virtual_ms;
    struct {
        uint64_t seed; /* at work on; 0 = none */
        struct census census;
    } workers[JOBS_MAX];
};

static void run_once(const struct options *options, struct board *board, uint32_t worker,
                     uint64_t seed)
{
    struct census *census = &board->workers[worker].census;
    struct run_result result = run_seed(seed, options->long_run, options->loud, census);
    if (seed % TWICE_EVERY == 0 && result.findings == 0) {
        struct census again = {{0}};
        struct run_result second = run_seed(seed, options->long_run, false, &again);
        census->counts[CENSUS_RUN_TWICE]++;
        if (second.trace != result.trace) {
            printf("finding seed=%llu step=0 invariant=I19 two runs of one seed differ\n",
                   (unsigned long long)seed);
            result.findings++;
        }
    }
    if (result.findings > 0) {
        printf("  replay: tally-sim %s--seed %llu --trace\n", options->long_run ? "--long " : "",
               (unsigned long long)seed);
        (void)fflush(stdout);
        (void)__atomic_add_fetch(&board->found, 1, __ATOMIC_SEQ_CST);
        uint64_t none = 0;
        (void)__atomic_compare_exchange_n(&board->first_found, &none, seed, false, __ATOMIC_SEQ_CST,
                                          __ATOMIC_SEQ_CST);
    }
    (void)__atomic_add_fetch(&board->steps, result.steps, __ATOMIC_SEQ_CST);
    (void)__atomic_add_fetch(&board->virtual_ms, result.virtual_ms, __ATOMIC_SEQ_CST);
    (void)__atomic_add_fetch(&board->done, 1, __ATOMIC_SEQ_CST);
}

static void work(const struct options *options, struct board *board, uint32_t worker)
{
    for (;;) {
        if (options->until_found && __atomic_load_n(&board->found, __ATOMIC_SEQ_CST) > 0) {
            return;
        }
        uint64_t seed = __atomic_fetch_add(&board->next, 1, __ATOMIC_SEQ_CST);
        if (seed > options->last) {
            return;
        }
        board->workers[worker].seed = seed;
        run_once(options, board, worker, seed);
        board->workers[worker].seed = 0;
    }
}

static pid_t start_worker(const struct options *options, struct board *board, uint32_t worker)
{
    (void)fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* workers end with their parent */
        work(options, board, worker);
        (void)fflush(stdout);
        _exit(0);
    }
    return child;
}

/* A worker that died of a signal met a broken assertion (or worse) in the seed that it was at. */
static void bury(struct board *board, uint32_t worker, int status)
{
    uint64_t seed = board->workers[worker].seed;
    board->workers[worker].seed = 0;
    printf("finding seed=%llu step=0 invariant=crash the program ended (%s %d)\n",
           (unsigned long long)seed, WIFSIGNALED(status) ? "signal" : "status",
           WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    printf("  replay: tally-sim --seed %llu --trace\n", (unsigned long long)seed);
    (void)fflush(stdout);
    board->found++;
    if (board->first_found == 0) {
        board->first_found = seed;
    }
}

static void run_workers(const struct options *options, struct board *board)
{
    pid_t children[JOBS_MAX] = {0};
    uint32_t alive = 0;
    for (uint32_t i = 0; i < options->jobs; i++) {
        children[i] = start_worker(options, board, i);
        alive++;
    }
    while (alive > 0) {
        int status = 0;
        pid_t ended = wait(&status);
        if (ended < 0) {
            return;
        }
        for (uint32_t i = 0; i < options->jobs; i++) {
            if (children[i] != ended) {
                continue;
            }
            alive--;
            if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
                bury(board, i, status);
                children[i] = start_worker(options, board, i);
                alive++;
            }
            break;
        }
    }
}

static double seconds_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int run_seeds(const struct options *options)
{
    struct board *board =
        mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (board == MAP_FAILED) {
        (void)fprintf(stderr, "tally-sim: no memory: %s\n", strerror(errno));
        return 2;
    }
    board->next = options->first;
    double before = seconds_now();
    run_workers(options, board);
    double took = seconds_now() - before;
    struct census total = {{0}};
    for (uint32_t i = 0; i < options->jobs; i++) {
        census_add(&total, &board->workers[i].census);
    }
    uint64_t seeds = options->last - options->first + 1;
    bool all = census_report(&total, stdout);
    printf("%llu seeds, %llu with findings, first %llu; %.1f s, %.1f seeds/s, %llu steps, "
           "%llu s of virtual time\n",
           (unsigned long long)board->done, (unsigned long long)board->found,
           (unsigned long long)board->first_found, took, (double)board->done / took,
           (unsigned long long)board->steps, (unsigned long long)(board->virtual_ms / 1000));
    if (board->found > 0) {
        return 1;
    }
    if (!all && seeds >= CENSUS_SEEDS) {
        printf("something that must happen never did: see the census\n");
        return 1;
    }
    return 0;
}

static int run_scenarios(char **files, int count)
{
    int failed = 0;
    for (int i = 0; i < count; i++) {
        bool passed = scenario_run(files[i]);
        printf("%s %s\n", passed ? "ok  " : "FAIL", files[i]);
        failed += passed ? 0 : 1;
    }
    return failed == 0 && count > 0 ? 0 : 1;
}

static bool read_plan(const char *path, struct plan *plan)
{
    FILE *in = fopen(path, "r");
    if (in == NULL || !plan_read(in, plan)) {
        (void)fprintf(stderr, "tally-sim: %s is not a run that --shrink left behind\n", path);
        if (in != NULL) {
            (void)fclose(in);
        }
        return false;
    }
    (void)fclose(in);
    return true;
}

/* Makes the failing run of a seed (or file) short, tells it, and leaves a file. */
static int shrink(const struct options *options)
{
    struct plan plan;
    if (options->replay == NULL) {
        plan = plan_of(options->first, options->long_run);
    } else if (!read_plan(options->replay, &plan)) {
        return 2;
    }
    struct shrunk shrunk = shrink_plan(&plan, SHRINK_SECONDS);
    if (!shrunk.failed) {
        printf("nothing to shrink: this run finds nothing\n");
        plan_free(&plan);
        return 2;
    }
    char path[64];
    (void)snprintf(path, sizeof path, "seed-%llu.plan", (unsigned long long)plan.seed);
    FILE *out = fopen(path, "w");
    if (out == NULL) {
        (void)fprintf(stderr, "tally-sim: %s: %s\n", path, strerror(errno));
        return 2;
    }
    plan_write(&plan, out);
    (void)fclose(out);
    printf("invariant %s: %u of %u steps are left, %u branches, %u runs were tried\n",
           shrunk.invariant, shrunk.steps, shrunk.steps_before, plan.branches, shrunk.tries);
    printf("replay: tally-sim --replay %s [--trace]\n", path);
    (void)fflush(stdout);
    (void)shrink_tell(&plan);
    plan_free(&plan);
    return 1;
}

static int replay(const struct options *options)
{
    struct plan plan;
    if (!read_plan(options->replay, &plan)) {
        return 2;
    }
    struct census census = {{0}};
    struct run_options run = {.loud = options->loud, .narrate = !options->loud};
    struct run_result result = run_plan(&plan, &run, &census);
    plan_free(&plan);
    return result.findings == 0 ? 0 : 1;
}

static int usage(void)
{
    (void)fprintf(stderr,
                  "usage: tally-sim --seeds A..B [--long] [--jobs N] [--until-found]\n"
                  "       tally-sim [--long] --seed N [--trace | --shrink]\n"
                  "       tally-sim --replay FILE [--trace | --shrink]\n"
                  "       tally-sim --scenario FILE...\n"
                  "       tally-sim --policy NAME|all [--data FILE | --generate N] [--seed S]\n"
                  "Runs whole chains in one thread, with virtual time and seeded faults, against\n"
                  "an account book of its own. Ends with a census and exits 1 on any finding.\n"
                  "  --seeds A..B   these seeds; --jobs N side by side; --until-found ends early\n"
                  "  --seed N       one seed again; --trace prints each step\n"
                  "  --shrink       leaves out of a failing run what it does not need; prints the\n"
                  "                 steps that are left and keeps them in seed-N.plan\n"
                  "  --replay FILE  such a run again, step by step\n"
                  "  --long         a longer storm for each seed\n"
                  "  --scenario     stories as text (tests/scenario)\n"
                  "  --policy       what distribution is worth, on a year of visits\n");
    return 2;
}

static bool read_range(const char *text, struct options *options)
{
    char *end = NULL;
    options->first = strtoull(text, &end, 10);
    if (strncmp(end, "..", 2) != 0) {
        return false;
    }
    options->last = strtoull(end + 2, &end, 10);
    return *end == '\0' && options->first >= 1 && options->last >= options->first;
}

int main(int argc, char **argv)
{
    static const struct option known[] = {
        {"seeds", required_argument, NULL, 's'},  {"seed", required_argument, NULL, 'n'},
        {"jobs", required_argument, NULL, 'j'},   {"long", no_argument, NULL, 'l'},
        {"trace", no_argument, NULL, 't'},        {"verbose", no_argument, NULL, 't'},
        {"scenario", no_argument, NULL, 'f'},     {"until-found", no_argument, NULL, 'u'},
        {"help", no_argument, NULL, 'h'},         {"shrink", no_argument, NULL, 'k'},
        {"replay", required_argument, NULL, 'r'}, {NULL, 0, NULL, 0},
    };
    struct options options = {.jobs = 2};
    bool scenarios = false;
    int option = 0;
    (void)setvbuf(stdout, NULL, _IOLBF, 0); /* a crash must not take the last lines with it */
    if (argc > 1 && strncmp(argv[1], "--policy", 8) == 0) {
        return policy_main(argc, argv);
    }
    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (option) {
        case 'h':
            (void)usage();
            return 0;
        case 's':
            if (!read_range(optarg, &options)) {
                return usage();
            }
            break;
        case 'n':
            options.first = strtoull(optarg, NULL, 10);
            options.last = options.first;
            options.jobs = 1;
            break;
        case 'j':
            options.jobs = (uint32_t)strtoul(optarg, NULL, 10);
            break;
        case 'l':
            options.long_run = true;
            break;
        case 't':
            options.loud = true;
            break;
        case 'f':
            scenarios = true;
            break;
        case 'k':
            options.shrink = true;
            break;
        case 'r':
            options.replay = optarg;
            break;
        case 'u':
            options.until_found = true;
            break;
        default:
            return usage();
        }
    }
    if (scenarios) {
        return run_scenarios(argv + optind, argc - optind);
    }
    if (options.shrink && optind == argc && (options.replay != NULL || options.first > 0)) {
        return shrink(&options);
    }
    if (options.replay != NULL && optind == argc) {
        return replay(&options);
    }
    if (options.first == 0 || options.jobs == 0 || options.jobs > JOBS_MAX || optind < argc) {
        return usage();
    }
    return run_seeds(&options);
}
