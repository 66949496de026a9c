/* The n-th call of one kind fails, or is the daemon's last. */
#include "stage.h"

#include "clock.h"

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    DEEDS = 40,           /* of the script that the daemon works through */
    SCRIPT_MS_MAX = 8000, /* and it must get through it in this time */
    LANES = 4,
    CHECK_EVERY = 12,
    FAULTS_MOST = 60, /* no longer script has more of the rarer calls */
    CALLS_MAX = 16,
    POINTS_MAX = 20000,
    ENV_SIZE = 64,
};

/* Start, a few dozen deeds, and a clean stop; or as far as it comes. */
static void work_through_script(struct stage *stage)
{
    struct load *load = &stage->load;
    struct daemon *daemon = &stage->fleet.nodes[FLEET_BRANCH].daemon;
    uint64_t until = clock_monotonic_ms() + SCRIPT_MS_MAX;
    size_t wanted = load->deed_count + DEEDS;
    load_hold(load, FLEET_BRANCH, false);
    while (daemon_alive(daemon) && load->deed_count < wanted && clock_monotonic_ms() < until) {
        load_turn(load, true, 2);
    }
    if (daemon_alive(daemon)) {
        (void)daemon_stop(daemon);
    }
    load_hold(load, FLEET_BRANCH, true);
    load_settle(load);
}

/* ---- a library that makes it fail ---- */

static void fail_once(struct stage *stage, const char *operation, int64_t number, const char *how)
{
    struct explanation explanation = {""};
    char plan[ENV_SIZE];
    (void)snprintf(plan, sizeof plan, "%s:%" PRId64 ":%s", operation, number, how);
    torture_fault(stage->torture, "%s", plan);
    /* NOLINTBEGIN(concurrency-mt-unsafe): one thread */
    (void)setenv("TALLY_FAIL", plan, 1);
    torture_must(
        stage->torture,
        fleet_run(&stage->fleet, FLEET_BRANCH, TALLY_BINARY_DIR "/libfail_shim.so", &explanation),
        &explanation);
    (void)unsetenv("TALLY_FAIL");
    /* NOLINTEND(concurrency-mt-unsafe) */
    work_through_script(stage);
}

void scenario_disk_error(struct torture *torture)
{
    static const char *const operations[] = {"sync",   "write", "tear",   "fsync",
                                             "append", "open",  "rename", "unlink"};
    enum { OPERATIONS = sizeof operations / sizeof operations[0] };
    static const char *const hows[] = {"EIO", "EIO1", "ENOSPC"};
    static struct stage stage;
    torture_needs_preload(torture);
    const struct fleet_plan plan = {.branches = 1};
    stage_open(&stage, torture, &plan);
    stage.load.lanes = LANES;
    stage_halt(&stage, FLEET_BRANCH);
    int64_t reach = 2; /* small numbers first: those of the start */
    do {
        size_t which = torture->result->faults % OPERATIONS;
        reach = which == 0 && reach < FAULTS_MOST ? reach * 2 : reach;
        fail_once(&stage, operations[which], dice_between(&torture->dice, 1, reach),
                  hows[dice_between(&torture->dice, 0, 2)]);
        if (torture->result->faults % CHECK_EVERY == 0) {
            stage_start(&stage, FLEET_BRANCH);
            stage_check(&stage);
            stage_halt(&stage, FLEET_BRANCH);
        }
    } while (!torture_time_is_up(torture));
    stage_start(&stage, FLEET_BRANCH);
    stage_check(&stage);
    stage_close(&stage);
    torture_note(torture, "%" PRIu64 " calls failed, each mended by a new start",
                 torture->result->faults);
}

/* ---- a tracer that kills it ---- */

static const char *const calls[] = {"write",   "pwrite64", "fdatasync", "fsync",
                                    "rename",  "unlink",   "openat",    "close",
                                    "sendmsg", "sendto",   "ftruncate"};

enum { CALLS = sizeof calls / sizeof calls[0] };

struct point {
    size_t call;
    int64_t number;
};

static void run_traced(struct stage *stage, const char *const *options)
{
    struct fleet_node *node = &stage->fleet.nodes[FLEET_BRANCH];
    struct explanation explanation = {""};
    const char *words[DAEMON_ARGUMENTS_MAX] = {"/usr/bin/strace", "-D", "-f", "-qq"};
    size_t count = 4;
    for (; *options != NULL; options++) {
        words[count++] = *options;
    }
    words[count++] = stage->fleet.tallyd;
    words[count++] = "--dir";
    words[count] = node->dir;
    torture_must(stage->torture, daemon_start(&node->daemon, words, node->log, &explanation),
                 &explanation);
    work_through_script(stage);
}

/* How often the script makes each call, as strace counts: a table whose last word is the name, and
 * whose fourth is the number. */
static void count_calls(struct stage *stage, int64_t counts[static CALLS])
{
    char path[TORTURE_PATH_SIZE + 16];
    char line[256];
    (void)snprintf(path, sizeof path, "%s/calls", stage->torture->dir);
    const char *const options[] = {"-c", "-U", "calls,name", "-o", path, NULL};
    run_traced(stage, options);
    (void)poll(NULL, 0, 500); /* the tracer writes it when the daemon has ended */
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        torture_skip(stage->torture, "strace may not trace here");
    }
    while (fgets(line, sizeof line, file) != NULL) {
        char name[64] = "";
        char *end = NULL;
        int64_t number = strtoll(line, &end, 10);
        if (end == line || sscanf(end, "%63s", name) != 1) {
            continue;
        }
        for (size_t i = 0; i < CALLS; i++) {
            counts[i] = strcmp(name, calls[i]) == 0 ? number : counts[i];
        }
    }
    (void)fclose(file);
}

/* Every point of the script, in an order that the seed draws. */
static size_t list_points(struct stage *stage, struct point points[static POINTS_MAX])
{
    int64_t counts[CALLS] = {0};
    size_t count = 0;
    count_calls(stage, counts);
    for (size_t i = 0; i < CALLS; i++) {
        torture_step(stage->torture, "the script makes %" PRId64 " calls of %s", counts[i],
                     calls[i]);
        for (int64_t number = 1; number <= counts[i] && count < POINTS_MAX; number++) {
            points[count++] = (struct point){i, number};
        }
    }
    if (count == 0) {
        torture_skip(stage->torture, "strace counts no calls here");
    }
    for (size_t i = count - 1; i > 0; i--) {
        size_t other = (size_t)dice_between(&stage->torture->dice, 0, (int64_t)i);
        struct point kept = points[i];
        points[i] = points[other];
        points[other] = kept;
    }
    return count;
}

static void kill_at(struct stage *stage, const struct point *point)
{
    char trace[ENV_SIZE];
    char inject[ENV_SIZE];
    const char *name = calls[point->call];
    (void)snprintf(trace, sizeof trace, "trace=%s", name);
    (void)snprintf(inject, sizeof inject, "inject=%s:signal=KILL:when=%" PRId64, name,
                   point->number);
    const char *const options[] = {"--seccomp-bpf", "-o", "/dev/null", "-e",
                                   trace,           "-e", inject,      NULL};
    torture_fault(stage->torture, "SIGKILL at %s number %" PRId64, name, point->number);
    run_traced(stage, options);
}

void scenario_syscall(struct torture *torture)
{
    static struct stage stage;
    static struct point points[POINTS_MAX];
    size_t done = 0;
    torture_needs_program(torture, "/usr/bin/strace");
    torture_needs_preload(torture); /* the leak check would not be traced */
    const struct fleet_plan plan = {.branches = 1};
    stage_open(&stage, torture, &plan);
    stage.load.lanes = LANES;
    stage_halt(&stage, FLEET_BRANCH);
    size_t count = list_points(&stage, points);
    do {
        kill_at(&stage, &points[done++]);
        if (done % CHECK_EVERY == 0 || done == count || torture_time_is_up(torture)) {
            stage_start(&stage, FLEET_BRANCH);
            stage_check(&stage);
            stage_halt(&stage, FLEET_BRANCH);
        }
    } while (done < count && !torture_time_is_up(torture));
    stage_start(&stage, FLEET_BRANCH);
    stage_check(&stage);
    stage_close(&stage);
    torture_note(torture, "%zu of %zu kill points of the script", done, count);
}
