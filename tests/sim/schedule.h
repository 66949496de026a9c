/* What goes wrong in one run, and what is asked when: each a step that can be written down, left
 * out, or given again. A run draws its steps from its seed; a replay takes them from a list and
 * draws none (shrink.h makes such lists short).
 *
 * Steps of one group happen at a time, counted from the start of their storm. Those of the other
 * happen to the n-th thing of a kind: the third frame from 1 to 2, the ninth commit of machine 4.
 */
#ifndef SCHEDULE_H
#define SCHEDULE_H

#include "map.h"

#include <stdio.h>

struct sim;

enum step_kind {
    STEP_NONE = 0,
    /* at a time */
    STEP_ASK,     /* till a begins its errand number n */
    STEP_CUT,     /* frames from a to b are lost from now on; value 1: the session ends, too */
    STEP_UNCUT,   /* from a to b again */
    STEP_SPLIT,   /* whose bits in n differ hear nothing of each other; value as above */
    STEP_ISOLATE, /* a hears nobody; value as above */
    STEP_REJOIN,
    STEP_WHOLE,      /* no link is cut any more */
    STEP_RESET,      /* the session between a and b ends */
    STEP_CRASH,      /* a is off for value us; n > 0: dies again while it starts, at read n;
                      * b = 1: not now, but in the middle of its next commit */
    STEP_PAUSE,      /* a stands still for value us */
    STEP_SPACE_LOW,  /* a's disk is nearly full for value us */
    STEP_CLOCK_SET,  /* a's clock says value ms */
    STEP_CLOCK_RATE, /* a's clock runs at value millionths of real time */
    STEP_BACKUP,     /* a's directory is copied */
    STEP_RESTORE,    /* the copy is put back; value: enum head_fate */
    STEP_CLONE,      /* a second machine starts from the copy */
    STEP_DAYS,       /* value days later, at every machine */
    STEP_WRITE_OFF,  /* the office retires a's journal; value: sum of enum write_off */
    /* to the n-th */
    STEP_LOSE, /* frame n from a to b */
    STEP_DOUBLE,
    STEP_OVERTAKE,
    STEP_DAMAGE,
    STEP_UNKNOWN, /* commit n of a: reported as unknown; value 1: it was kept */
    STEP_STUCK,   /* commit n of a takes value us longer */
    STEP_READ_FAILS,
    STEP_KIND_COUNT,
};

enum write_off {
    WRITE_OFF_BURNT = 1,  /* the machine is off from now on; else it sells on */
    WRITE_OFF_ANEW = 2,   /* the branch is enrolled again */
    WRITE_OFF_STOLEN = 4, /* its key is thought to be in other hands */
};

/* What becomes of the head checkpoint beside a store that is put back. */
enum head_fate {
    HEAD_OLD = 0, /* the whole directory went back */
    HEAD_KEPT,    /* only the store did */
    HEAD_GONE,
};

struct step {
    enum step_kind kind;
    uint32_t storm; /* which one, from 0 */
    uint32_t a;
    uint32_t b;
    uint64_t at_us; /* since the storm began */
    uint64_t n;
    int64_t value;
};

static inline bool step_is_timed(const struct step *step)
{
    return step->kind < STEP_LOSE;
}

/* Where steps are written down as they are drawn, so that they outlive the run and the program. */
struct step_log {
    uint32_t count;
    uint32_t capacity;
    struct step *steps; /* the caller's memory */
};

struct schedule {
    bool given;           /* nothing is drawn */
    struct step_log *log; /* or NULL */
    struct step *steps;
    uint32_t count;
    uint32_t capacity;
    struct map counts; /* kind, a, b: how many there were */
    struct map nth;    /* given: kind, a, b, n -> place in steps */
};

struct schedule schedule_new(void);
void schedule_free(struct schedule *schedule);
/* From now on exactly these steps happen. */
void schedule_give(struct schedule *schedule, const struct step *steps, uint32_t count);
/* Appends; returns its place. */
uint32_t schedule_add(struct schedule *schedule, const struct step *step);

/* Plans the given steps of the storm that begins now. */
void schedule_begin_storm(struct sim *sim);
/* Plans a step for later in this storm. */
void schedule_plan(struct sim *sim, struct step step, uint64_t delay_us);
/* Notes a step that happens now. */
void schedule_note(struct sim *sim, struct step step);
/* HAPPENING_STEP. */
void schedule_happens(struct sim *sim, uint64_t place);

/* Does it strike the n-th thing of this kind, which is the one at hand? With `rate` out of `of`
 * when drawn. `*value` is what is drawn for it; what was given replaces it. */
bool schedule_strikes(struct sim *sim, enum step_kind kind, uint32_t a, uint32_t b, uint32_t rate,
                      uint32_t of, int64_t *value);

/* One line of text each, and back. */
void step_write(const struct step *step, FILE *out);
bool step_read(const char *line, struct step *step);
/* For people: "machine 2 is off for 120 ms". */
void step_tell(const struct step *step, char *text, size_t size);

#endif
