#include "shrink.h"

#include "run.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TRY_LIMIT_S = 20 }; /* a try that takes longer counts as one that found nothing */

/* What a try leaves where its parent sees it. */
struct outcome {
    bool over;
    struct run_result result;
    struct step_log log;
};

enum { LOG_STEPS = 400000 };

struct shrinker {
    struct plan best;
    char invariant[16];
    struct outcome *board;
    double until;
    uint32_t tries;
};

static double seconds_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A run in a process of its own, for a bug may end it. Fills `invariant`, empty if none. */
static void try_run(struct shrinker *shrinker, const struct plan *plan, char invariant[16])
{
    struct run_options options = {.log = plan->given ? NULL : &shrinker->board->log};
    (void)fflush(stdout);
    shrinker->tries++;
    shrinker->board->over = false;
    shrinker->board->log =
        (struct step_log){.capacity = LOG_STEPS, .steps = (struct step *)(shrinker->board + 1)};
    pid_t child = fork();
    if (child == 0) {
        int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
        (void)dup2(null, STDOUT_FILENO);
        (void)dup2(null, STDERR_FILENO);
        (void)alarm(TRY_LIMIT_S);
        struct census census = {{0}};
        shrinker->board->result = run_plan(plan, &options, &census);
        shrinker->board->over = true;
        _exit(0);
    }
    int status = 0;
    (void)waitpid(child, &status, 0);
    invariant[0] = '\0';
    if (shrinker->board->over) {
        memcpy(invariant, shrinker->board->result.invariant, 16);
    } else if (!(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)) {
        (void)snprintf(invariant, 16, "crash");
    }
}

/* Takes over a plan that still fails in the same way. Takes its steps, or frees them. */
static bool consider(struct shrinker *shrinker, struct plan plan)
{
    char invariant[16];
    if (seconds_now() > shrinker->until) {
        plan_free(&plan);
        return false;
    }
    try_run(shrinker, &plan, invariant);
    if (strcmp(invariant, shrinker->invariant) != 0) {
        plan_free(&plan);
        return false;
    }
    plan_free(&shrinker->best);
    shrinker->best = plan;
    return true;
}

/* The best plan without its steps from `from` on, `count` of them. */
static struct plan without(const struct shrinker *shrinker, uint32_t from, uint32_t count)
{
    struct plan plan = plan_copy(&shrinker->best);
    memmove(plan.steps + from, plan.steps + from + count,
            (plan.step_count - from - count) * sizeof *plan.steps);
    plan.step_count -= count;
    return plan;
}

static struct plan without_kind(const struct shrinker *shrinker, enum step_kind kind)
{
    struct plan plan = plan_copy(&shrinker->best);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < plan.step_count; i++) {
        if (plan.steps[i].kind != kind) {
            plan.steps[kept++] = plan.steps[i];
        }
    }
    plan.step_count = kept;
    return plan;
}

/* Whole classes of faults first, then ever smaller pieces of the list, until no single step can be
 * left out (delta debugging). */
static bool drop_kinds(struct shrinker *shrinker)
{
    bool any = false;
    for (uint32_t kind = STEP_CUT; kind < STEP_KIND_COUNT; kind++) {
        struct plan plan = without_kind(shrinker, (enum step_kind)kind);
        if (plan.step_count == shrinker->best.step_count) {
            plan_free(&plan);
        } else {
            any = consider(shrinker, plan) || any;
        }
    }
    return any;
}

static bool drop_pieces(struct shrinker *shrinker)
{
    bool any = false;
    uint32_t size = shrinker->best.step_count / 2;
    for (; size > 0; size = size / 2) {
        uint32_t at = shrinker->best.step_count;
        while (at > 0 && seconds_now() < shrinker->until) {
            uint32_t from = at > size ? at - size : 0;
            any = consider(shrinker, without(shrinker, from, at - from)) || any;
            at = from < shrinker->best.step_count ? from : shrinker->best.step_count;
        }
    }
    return any;
}

/* The chain itself: fewer branches, no hostile one, nothing after the storms, no jitter. */
static bool simplify(struct shrinker *shrinker)
{
    bool any = false;
    while (shrinker->best.branches > 1) {
        struct plan plan = plan_copy(&shrinker->best);
        plan.branches--;
        if (!consider(shrinker, plan)) {
            break;
        }
        any = true;
    }
    for (int what = 0; what < 6; what++) {
        struct plan plan = plan_copy(&shrinker->best);
        struct weather calm = weather_calm();
        if (what == 0) {
            plan.hostile = false;
        } else if (what == 1) {
            plan.observe = false;
        } else if (what == 2) {
            plan.restart_all = false;
        } else if (what == 3) {
            plan.weather = calm;
        } else if (what == 4) {
            plan.bonus_count = 0;
        } else {
            plan.topology = TOPOLOGY_MESH;
        }
        any = consider(shrinker, plan) || any;
    }
    return any;
}

static bool drop_storms(struct shrinker *shrinker)
{
    bool any = false;
    while (shrinker->best.storm_count > 1) {
        struct plan plan = plan_copy(&shrinker->best);
        plan.storm_count--;
        if (!consider(shrinker, plan)) {
            break;
        }
        any = true;
    }
    for (uint32_t i = 0; i < shrinker->best.storm_count; i++) {
        struct plan plan = plan_copy(&shrinker->best);
        plan.storms[i].join_late = false;
        any = consider(shrinker, plan) || any;
        for (int halvings = 0; halvings < 6; halvings++) {
            plan = plan_copy(&shrinker->best);
            plan.storms[i].for_us /= 2;
            if (!consider(shrinker, plan)) {
                break;
            }
            any = true;
        }
    }
    return any;
}

/* What was to come after the finding never came. */
static void cut_time(struct shrinker *shrinker)
{
    struct plan plan = plan_copy(&shrinker->best);
    uint32_t storm = shrinker->board->result.storm;
    uint64_t end_us = shrinker->board->result.storm_ms * 1000 + 1000;
    uint32_t kept = 0;
    for (uint32_t i = 0; shrinker->board->over && i < plan.step_count; i++) {
        const struct step *step = &plan.steps[i];
        if (step->storm < storm || (step->storm == storm && step->at_us <= end_us)) {
            plan.steps[kept++] = *step;
        }
    }
    plan.step_count = shrinker->board->over ? kept : plan.step_count;
    (void)consider(shrinker, plan);
}

/* The run as it was, with every step listed. False if it finds nothing, so listed. */
static bool list_steps(struct shrinker *shrinker)
{
    try_run(shrinker, &shrinker->best, shrinker->invariant);
    if (shrinker->best.given || shrinker->invariant[0] == '\0') {
        return shrinker->invariant[0] != '\0';
    }
    const struct step_log *log = &shrinker->board->log;
    struct plan plan = shrinker->best;
    plan.given = true;
    plan.steps = NULL;
    plan.step_count = 0;
    struct schedule steps = schedule_new();
    for (uint32_t i = 0; i < log->count; i++) {
        (void)schedule_add(&steps, &log->steps[i]);
    }
    plan.steps = steps.steps;
    plan.step_count = steps.count;
    steps.steps = NULL;
    schedule_free(&steps);
    return consider(shrinker, plan);
}

struct shrunk shrink_plan(struct plan *plan, uint32_t seconds)
{
    struct shrinker shrinker = {.best = *plan, .until = seconds_now() + seconds};
    size_t size = sizeof *shrinker.board + LOG_STEPS * sizeof(struct step);
    shrinker.board = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shrinker.board == MAP_FAILED) {
        abort();
    }
    struct shrunk shrunk = {.failed = list_steps(&shrinker)};
    shrunk.steps_before = shrinker.best.step_count;
    if (shrunk.failed) {
        cut_time(&shrinker);
        bool any = true;
        for (int round = 0; any && round < 8; round++) {
            any = drop_storms(&shrinker);
            any = drop_kinds(&shrinker) || any;
            any = simplify(&shrinker) || any;
            any = drop_pieces(&shrinker) || any;
        }
    }
    *plan = shrinker.best;
    shrunk.tries = shrinker.tries;
    shrunk.steps = plan->step_count;
    memcpy(shrunk.invariant, shrinker.invariant, sizeof shrunk.invariant);
    (void)munmap(shrinker.board, size);
    return shrunk;
}

bool shrink_tell(const struct plan *plan)
{
    struct census census = {{0}};
    return run_plan(plan, &(struct run_options){.narrate = true}, &census).findings == 0;
}
