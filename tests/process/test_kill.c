/* A branch that is killed again and again under load, and one whose disk fails: whatever its till
 * was told is there afterwards, once. */
#include "clock.h"
#include "load.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>

enum {
    KILLS_DEFAULT = 25,
    CHECK_EVERY = 50,
    LOAD_MS_MAX = 80,  /* under load until the kill */
    START_MS_MAX = 40, /* a start that is killed, too, is killed so soon */
    RESOLVE_MS = 60 * 1000,
    FAIL_MS_MAX = 30 * 1000,
};

#if defined(SANITIZED)
static const bool sanitized = true;
#else
static const bool sanitized = false;
#endif

static uint64_t option(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name); /* NOLINT(concurrency-mt-unsafe): one thread */
    return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

static void must(enum status status, const struct explanation *explanation)
{
    if (status != STATUS_OK) {
        fail_msg("%s", explanation->text);
    }
}

static void start(struct fleet *fleet, struct load *load, const char *name, uint64_t seed)
{
    char dir[FLEET_TEXT_SIZE_MAX];
    struct explanation explanation = {""};
    (void)snprintf(dir, sizeof dir, "%s/process/%s", TALLY_BINARY_DIR, name);
    const struct fleet_plan plan = {.branches = 1, .config = "api_connections_per_address = 64"};
    must(fleet_start(fleet, dir, &plan, &explanation), &explanation);
    assert_true(load_start(load, fleet, seed));
}

static void check(struct load *load)
{
    if (!load_resolve(load, RESOLVE_MS) || !load_check(load)) {
        fail_msg("%" PRIu64 " wrong, the first: %s", load->counts.wrong, load->wrong);
    }
}

static void print_counts(const struct load *load)
{
    const struct load_counts *counts = &load->counts;
    print_message("%" PRIu64 " acknowledged, %" PRIu64 " refused, %" PRIu64
                  " answers lost and learned later, %" PRIu64 " repeats answered as before\n",
                  counts->done, counts->refused, counts->unknown, counts->repeats);
}

static void work_for(struct load *load, int64_t ms)
{
    uint64_t until = clock_monotonic_ms() + (uint64_t)ms;
    while (clock_monotonic_ms() < until) {
        load_turn(load, true, 1);
    }
}

/* Kills it, lets the answers that were on their way arrive, starts it again. */
static void kill_and_start(struct fleet *fleet, struct load *load, uint64_t *start_ms)
{
    struct explanation explanation = {""};
    struct daemon *branch = &fleet->nodes[FLEET_BRANCH].daemon;
    assert_true(daemon_alive(branch));
    daemon_kill(branch);
    load_settle(load);
    if (dice_between(&load->dice, 0, 4) == 0) {
        must(fleet_run(fleet, FLEET_BRANCH, NULL, &explanation), &explanation);
        (void)poll(NULL, 0, (int)dice_between(&load->dice, 0, START_MS_MAX));
        daemon_kill(branch);
    }
    uint64_t started = clock_monotonic_ms();
    must(fleet_run(fleet, FLEET_BRANCH, NULL, &explanation), &explanation);
    must(fleet_wait_ready(fleet, FLEET_BRANCH, &explanation), &explanation);
    uint64_t took = clock_monotonic_ms() - started;
    *start_ms = took > *start_ms ? took : *start_ms;
}

static void nothing_acknowledged_is_lost_or_doubled_by_kills(void **state)
{
    static struct fleet fleet;
    static struct load load;
    uint64_t kills = option("TALLY_KILLS", KILLS_DEFAULT);
    uint64_t seed = option("TALLY_SEED", 1);
    uint64_t start_ms = 0;
    (void)state;
    print_message("seed %" PRIu64 ", %" PRIu64 " kills\n", seed, kills);
    start(&fleet, &load, "kill", seed);
    for (uint64_t i = 1; i <= kills; i++) {
        work_for(&load, dice_between(&load.dice, 0, LOAD_MS_MAX));
        kill_and_start(&fleet, &load, &start_ms);
        if (i % CHECK_EVERY == 0 || i == kills) {
            check(&load);
            print_message("after %" PRIu64 " kills: ", i);
            print_counts(&load);
        }
    }
    work_for(&load, LOAD_MS_MAX);
    check(&load);
    print_message("slowest start until ready: %" PRIu64 " ms\n", start_ms);
    assert_true(load.counts.done > kills);
    assert_true(load.counts.unknown > 0);
    assert_true(load.counts.repeats > 0);
    load_stop(&load);
    assert_true(fleet_stop(&fleet));
}

/* A dying disk ends the daemon. After one that was full for a moment it opens its store again, and
 * works on. */
static void work_through_failure(struct fleet *fleet, struct load *load, bool ends)
{
    struct fleet_node *branch = &fleet->nodes[FLEET_BRANCH];
    uint64_t until = clock_monotonic_ms() + FAIL_MS_MAX;
    uint64_t unknown = load->counts.unknown;
    while (ends ? daemon_alive(&branch->daemon) : load->counts.unknown == unknown) {
        assert_true(clock_monotonic_ms() < until);
        load_turn(load, true, 1);
    }
    load_settle(load);
    if (!ends) {
        uint64_t done = load->counts.done;
        while (load->counts.done < done + LOAD_LANES * 2) {
            assert_true(clock_monotonic_ms() < until);
            load_turn(load, true, 1);
        }
        assert_true(daemon_alive(&branch->daemon));
        daemon_kill(&branch->daemon);
        load_settle(load);
    }
}

static void every_answer_outlives_a_failing_write(void **state)
{
    static const char *const plans[] = {"sync:1:EIO",  "sync:7:EIO",    "sync:40:ENOSPC",
                                        "write:2:EIO", "write:25:EIO",  "write:60:ENOSPC",
                                        "tear:3:EIO",  "tear:31:ENOSPC"};
    static struct fleet fleet;
    static struct load load;
    struct explanation explanation = {""};
    uint64_t start_ms = 0;
    (void)state;
    if (sanitized) {
        print_message("the sanitizer must be loaded first, so nothing can be put before it\n");
        skip();
    }
    start(&fleet, &load, "fail", option("TALLY_SEED", 1));
    for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++) {
        work_for(&load, LOAD_MS_MAX / 2);
        (void)daemon_stop(&fleet.nodes[FLEET_BRANCH].daemon);
        load_settle(&load);
        /* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
        (void)setenv("TALLY_FAIL", plans[i], 1);
        must(fleet_run(&fleet, FLEET_BRANCH, TALLY_BINARY_DIR "/libfail_shim.so", &explanation),
             &explanation);
        work_through_failure(&fleet, &load, strstr(plans[i], "EIO") != NULL);
        uint64_t before = load.counts.done;
        must(fleet_run(&fleet, FLEET_BRANCH, NULL, &explanation), &explanation);
        must(fleet_wait_ready(&fleet, FLEET_BRANCH, &explanation), &explanation);
        check(&load);
        print_message("%-15s %" PRIu64 " acknowledged until then, %" PRIu64 " learned after it\n",
                      plans[i], before, load.counts.done - before);
    }
    work_for(&load, LOAD_MS_MAX);
    kill_and_start(&fleet, &load, &start_ms);
    check(&load);
    print_counts(&load);
    load_stop(&load);
    assert_true(fleet_stop(&fleet));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_acknowledged_is_lost_or_doubled_by_kills),
        cmocka_unit_test(every_answer_outlives_a_failing_write),
    };
    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
