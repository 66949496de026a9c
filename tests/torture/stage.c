#include "stage.h"

#include "clock.h"

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>

enum { TURN_MS = 2 };

void stage_open_fleet(struct stage *stage, struct torture *torture, const struct fleet_plan *plan)
{
    struct explanation explanation = {""};
    char dir[TORTURE_PATH_SIZE + 8];
    stage->torture = torture;
    (void)snprintf(dir, sizeof dir, "%s/chain", torture->dir);
    torture_must(torture, fleet_start(&stage->fleet, dir, plan, &explanation), &explanation);
    torture->until_ms = clock_monotonic_ms() + torture->lasts_ms;
    torture_step(torture, "a chain of %zu nodes is up", stage->fleet.count);
}

void stage_open(struct stage *stage, struct torture *torture, const struct fleet_plan *plan)
{
    stage_open_fleet(stage, torture, plan);
    stage_open_tills(stage);
}

void stage_open_tills(struct stage *stage)
{
    struct torture *torture = stage->torture;
    if (!load_start(&stage->load, &stage->fleet, dice_roll(&torture->dice) >> 1)) {
        torture_fail(torture, "the tills' accounts could not be opened");
    }
    stage->load.lanes = stage->load.site_count == 1 ? LOAD_LANES : LOAD_LANES / 4;
    torture_step(torture, "%d accounts are open", LOAD_ACCOUNTS);
}

void stage_check(struct stage *stage)
{
    struct torture_result *result = stage->torture->result;
    const struct load_counts *counts = &stage->load.counts;
    bool well = load_resolve(&stage->load, STAGE_RESOLVE_MS) && load_check(&stage->load);
    result->acknowledged = counts->done;
    result->refused = counts->refused;
    result->unknown = counts->unknown;
    if (!well) {
        torture_fail(stage->torture, "%" PRIu64 " wrong, the first: %.140s", counts->wrong,
                     stage->load.wrong);
    }
    torture_step(stage->torture,
                 "checked: %" PRIu64 " acknowledged, %" PRIu64 " refused, %" PRIu64
                 " answers lost and learned later, %" PRIu64 " repeats answered as before",
                 counts->done, counts->refused, counts->unknown, counts->repeats);
}

void stage_close(struct stage *stage)
{
    if (stage->load.fleet != NULL) {
        load_stop(&stage->load);
    }
    if (!fleet_stop(&stage->fleet)) {
        torture_fail(stage->torture, "a daemon did not end by itself");
    }
}

void stage_work(struct stage *stage, int64_t ms)
{
    uint64_t until = clock_monotonic_ms() + (uint64_t)ms;
    while (clock_monotonic_ms() < until) {
        load_turn(&stage->load, true, TURN_MS);
    }
}

void stage_kill(struct stage *stage, size_t node)
{
    struct daemon *daemon = &stage->fleet.nodes[node].daemon;
    if (!daemon_alive(daemon)) {
        torture_fail(stage->torture, "node %zu had ended by itself: see its log", node);
    }
    daemon_kill(daemon);
    load_hold(&stage->load, node, true);
}

void stage_halt(struct stage *stage, size_t node)
{
    if (!daemon_stop(&stage->fleet.nodes[node].daemon)) {
        torture_fail(stage->torture, "node %zu did not end by itself", node);
    }
    load_hold(&stage->load, node, true);
}

void stage_start(struct stage *stage, size_t node)
{
    struct explanation explanation = {""};
    torture_must(stage->torture, fleet_run(&stage->fleet, node, NULL, &explanation), &explanation);
    torture_must(stage->torture, fleet_wait_ready(&stage->fleet, node, &explanation), &explanation);
    load_hold(&stage->load, node, false);
}

void stage_signal(const struct stage *stage, size_t node, int number)
{
    (void)kill(stage->fleet.nodes[node].daemon.pid, number);
}

void stage_look(struct stage *stage, size_t node, struct fleet_view *view)
{
    if (!fleet_look(&stage->fleet, node, view)) {
        torture_fail(stage->torture, "node %zu does not say how it is", node);
    }
}

const char *stage_name(size_t node)
{
    static const char *const names[FLEET_NODES_MAX] = {"office", "branch 1", "branch 2", "branch 3",
                                                       "branch 4"};
    return names[node];
}

static enum status run(const char *program, va_list words, struct explanation *explanation)
{
    char output[1024];
    const char *all[DAEMON_ARGUMENTS_MAX] = {program};
    for (size_t i = 1; i < DAEMON_ARGUMENTS_MAX - 1; i++) {
        all[i] = va_arg(words, const char *);
        if (all[i] == NULL) {
            break;
        }
    }
    return daemon_call(all, output, sizeof output, explanation);
}

void run_must(const struct torture *torture, const char *program, ...)
{
    struct explanation explanation = {""};
    va_list words;
    va_start(words, program);
    enum status status = run(program, words, &explanation);
    va_end(words);
    torture_must(torture, status, &explanation);
}

bool run_try(const char *program, ...)
{
    struct explanation explanation = {""};
    va_list words;
    va_start(words, program);
    enum status status = run(program, words, &explanation);
    va_end(words);
    if (status != STATUS_OK) {
        (void)printf("           %s\n", explanation.text);
    }
    return status == STATUS_OK;
}
