#include "schedule.h"

#include "sim.h"
#include "storm.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct count_key {
    uint64_t kind;
    uint64_t a;
    uint64_t b;
};

struct count_record {
    struct count_key key;
    uint64_t count;
};

struct nth_key {
    struct count_key what;
    uint64_t n;
};

struct nth_record {
    struct nth_key key;
    uint64_t place;
};

struct schedule schedule_new(void)
{
    return (struct schedule){
        .counts = map_of(sizeof(struct count_key), sizeof(struct count_record)),
        .nth = map_of(sizeof(struct nth_key), sizeof(struct nth_record)),
    };
}

void schedule_free(struct schedule *schedule)
{
    free(schedule->steps);
    map_free(&schedule->counts);
    map_free(&schedule->nth);
    schedule->steps = NULL;
}

uint32_t schedule_add(struct schedule *schedule, const struct step *step)
{
    if (schedule->count == schedule->capacity) {
        schedule->capacity = schedule->capacity == 0 ? 256 : schedule->capacity * 2;
        schedule->steps = realloc(schedule->steps, schedule->capacity * sizeof *schedule->steps);
        if (schedule->steps == NULL) {
            abort();
        }
    }
    if (schedule->log != NULL && schedule->log->count < schedule->log->capacity) {
        schedule->log->steps[schedule->log->count++] = *step;
    }
    schedule->steps[schedule->count] = *step;
    return schedule->count++;
}

void schedule_give(struct schedule *schedule, const struct step *steps, uint32_t count)
{
    schedule->given = true;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t place = schedule_add(schedule, &steps[i]);
        if (!step_is_timed(&steps[i])) {
            struct nth_key key = {{(uint64_t)steps[i].kind, steps[i].a, steps[i].b}, steps[i].n};
            struct nth_record *record = map_put(&schedule->nth, &key);
            record->place = place;
        }
    }
}

static void plan_place(struct sim *sim, uint32_t place, uint64_t at_us)
{
    agenda_plan(&sim->agenda,
                (struct happening){.at_us = at_us, .kind = HAPPENING_STEP, .number = place});
}

void schedule_begin_storm(struct sim *sim)
{
    struct schedule *schedule = &sim->schedule;
    for (uint32_t i = 0; schedule->given && i < schedule->count; i++) {
        if (step_is_timed(&schedule->steps[i]) && schedule->steps[i].storm == sim->storm_number) {
            plan_place(sim, i, sim->storm_start_us + schedule->steps[i].at_us);
        }
    }
}

void schedule_plan(struct sim *sim, struct step step, uint64_t delay_us)
{
    delay_us++; /* what else happens now has its turn, whether the step is drawn or given */
    step.storm = sim->storm_number;
    step.at_us = sim->now_us + delay_us - sim->storm_start_us;
    plan_place(sim, schedule_add(&sim->schedule, &step), sim->now_us + delay_us);
}

void schedule_note(struct sim *sim, struct step step)
{
    if (!sim->schedule.given) {
        step.storm = sim->storm_number;
        step.at_us = sim->now_us - sim->storm_start_us;
        (void)schedule_add(&sim->schedule, &step);
    }
}

void schedule_happens(struct sim *sim, uint64_t place)
{
    if (sim->storm && place < sim->schedule.count) {
        struct step step = sim->schedule.steps[place];
        if (!storm_do(sim, &step)) {
            plan_place(sim, (uint32_t)place, sim->now_us + 50000); /* not yet */
        }
    }
}

bool schedule_strikes(struct sim *sim, enum step_kind kind, uint32_t a, uint32_t b, uint32_t rate,
                      uint32_t of, int64_t *value)
{
    struct schedule *schedule = &sim->schedule;
    if (!sim->storm || (rate == 0 && !schedule->given)) {
        return false;
    }
    bool strikes = !schedule->given && random_below(&sim->random_fault, of) < rate;
    if (!schedule->given && schedule->log == NULL) {
        return strikes;
    }
    struct count_key key = {(uint64_t)kind, a, b};
    struct count_record *counted = map_put(&schedule->counts, &key);
    counted->count++;
    if (schedule->given) {
        struct nth_key nth = {key, counted->count};
        const struct nth_record *record = map_find(&schedule->nth, &nth);
        if (record != NULL) {
            *value = schedule->steps[record->place].value;
        }
        strikes = record != NULL;
    } else if (strikes) {
        schedule_note(
            sim, (struct step){.kind = kind, .a = a, .b = b, .n = counted->count, .value = *value});
    }
    if (strikes && sim->narrate) {
        struct step step = {.kind = kind, .a = a, .b = b, .n = counted->count, .value = *value};
        sim_narrate(sim, &step);
    }
    return strikes;
}

/* ---- text ---- */

static const char *const kind_names[STEP_KIND_COUNT] = {
    "none",     "ask",     "cut",     "uncut", "split",      "isolate", "rejoin",
    "whole",    "reset",   "crash",   "pause", "space",      "clock",   "rate",
    "backup",   "restore", "clone",   "days",  "writeoff",   "lose",    "double",
    "overtake", "damage",  "unknown", "stuck", "read_fails",
};

void step_write(const struct step *step, FILE *out)
{
    (void)fprintf(out,
                  "step %s storm %" PRIu32 " at %" PRIu64 " a %" PRIu32 " b %" PRIu32 " n %" PRIu64
                  " value %" PRId64 "\n",
                  kind_names[step->kind], step->storm, step->at_us, step->a, step->b, step->n,
                  step->value);
}

bool step_read(const char *line, struct step *step)
{
    char name[16];
    *step = (struct step){0};
    int fields =
        sscanf(line,
               "step %15s storm %" SCNu32 " at %" SCNu64 " a %" SCNu32 " b %" SCNu32 " n %" SCNu64
               " value %" SCNd64,
               name, &step->storm, &step->at_us, &step->a, &step->b, &step->n, &step->value);
    if (fields != 7) {
        return false;
    }
    for (uint32_t kind = 1; kind < STEP_KIND_COUNT; kind++) {
        if (strcmp(name, kind_names[kind]) == 0) {
            step->kind = (enum step_kind)kind;
            return true;
        }
    }
    return false;
}

/* What each kind says of a, b, n and value, in this order: one of the forms below. */
void step_tell(const struct step *step, char *text, size_t size)
{
    unsigned a = step->a;
    unsigned b = step->b;
    unsigned long long n = step->n;
    long long ms = step->value / 1000;
    const char *session = step->value == 1 ? ", its session ends" : "";
    switch (step->kind) {
    case STEP_ASK:
        (void)snprintf(text, size, "till %u begins errand %llu", a, n);
        break;
    case STEP_CUT:
        (void)snprintf(text, size, "machine %u no longer reaches machine %u%s", a, b, session);
        break;
    case STEP_UNCUT:
        (void)snprintf(text, size, "machine %u reaches machine %u again", a, b);
        break;
    case STEP_SPLIT:
        (void)snprintf(text, size, "the chain falls in two (%llx)%s", n, session);
        break;
    case STEP_ISOLATE:
        (void)snprintf(text, size, "machine %u is cut off%s", a, session);
        break;
    case STEP_REJOIN:
        (void)snprintf(text, size, "machine %u is back", a);
        break;
    case STEP_WHOLE:
        (void)snprintf(text, size, "no link is cut any more");
        break;
    case STEP_RESET:
        (void)snprintf(text, size, "the session between machines %u and %u ends", a, b);
        break;
    case STEP_CRASH:
        (void)snprintf(text, size, "machine %u crashes%s, for %lld ms%s", a,
                       b == 1 ? " in its next commit" : "", ms,
                       n > 0 ? ", and again while it starts" : "");
        break;
    case STEP_PAUSE:
        (void)snprintf(text, size, "machine %u stands still for %lld ms", a, ms);
        break;
    case STEP_SPACE_LOW:
        (void)snprintf(text, size, "machine %u: the disk is nearly full for %lld ms", a, ms);
        break;
    case STEP_CLOCK_SET:
        (void)snprintf(text, size, "machine %u: the clock now says %lld s", a, ms);
        break;
    case STEP_CLOCK_RATE:
        (void)snprintf(text, size, "machine %u: the clock runs at %lld/1000 of real time", a, ms);
        break;
    case STEP_BACKUP:
        (void)snprintf(text, size, "machine %u: a backup is made", a);
        break;
    case STEP_RESTORE:
        (void)snprintf(text, size, "machine %u: the backup is put back, its head file %s", a,
                       step->value == HEAD_OLD    ? "too"
                       : step->value == HEAD_KEPT ? "is not"
                                                  : "is lost");
        break;
    case STEP_CLONE:
        (void)snprintf(text, size, "machine %u: a second machine starts from its backup", a);
        break;
    case STEP_DAYS:
        (void)snprintf(text, size, "%lld days go by", (long long)step->value);
        break;
    case STEP_WRITE_OFF:
        (void)snprintf(
            text, size, "machine %u is written off%s%s", a,
            (step->value & WRITE_OFF_BURNT) != 0 ? ": it burns down" : ", though it is alive",
            (step->value & WRITE_OFF_ANEW) != 0 ? ", and a new one takes its place" : "");
        break;
    case STEP_LOSE:
    case STEP_DOUBLE:
    case STEP_OVERTAKE:
    case STEP_DAMAGE:
        (void)snprintf(text, size, "frame %llu from machine %u to machine %u: %s", n, a, b,
                       step->kind == STEP_LOSE       ? "lost"
                       : step->kind == STEP_DOUBLE   ? "comes twice"
                       : step->kind == STEP_OVERTAKE ? "overtakes others"
                                                     : "damaged, so the session ends");
        break;
    case STEP_UNKNOWN:
        (void)snprintf(text, size, "machine %u: commit %llu fails, and was %s", a, n,
                       step->value == 1 ? "kept" : "lost");
        break;
    case STEP_STUCK:
        (void)snprintf(text, size, "machine %u: commit %llu takes %lld ms longer", a, n, ms);
        break;
    case STEP_READ_FAILS:
        (void)snprintf(text, size, "machine %u: read %llu fails", a, n);
        break;
    case STEP_NONE:
    case STEP_KIND_COUNT:
        (void)snprintf(text, size, "nothing");
        break;
    }
}
