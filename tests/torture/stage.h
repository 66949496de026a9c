/* A fleet under load, as most scenarios use it. Whatever fails here fails the scenario. */
#ifndef STAGE_H
#define STAGE_H

#include "torture.h"

#include "fleet.h"
#include "load.h"

enum { STAGE_RESOLVE_MS = 120 * 1000 };

struct stage {
    struct torture *torture;
    struct fleet fleet;
    struct load load;
};

/* The fleet in a folder of the scenario's, and tills with accounts at every branch. */
void stage_open(struct stage *stage, struct torture *torture, const struct fleet_plan *plan);
/* The same, without tills. */
void stage_open_fleet(struct stage *stage, struct torture *torture, const struct fleet_plan *plan);
void stage_open_tills(struct stage *stage);
/* Everything unknown is learned, and held against what every node says. */
void stage_check(struct stage *stage);
/* Ends it; each daemon must end by itself. */
void stage_close(struct stage *stage);

void stage_work(struct stage *stage, int64_t ms);
/* SIGKILL; nothing more is sent to it. */
void stage_kill(struct stage *stage, size_t node);
/* SIGTERM, which must end it cleanly. */
void stage_halt(struct stage *stage, size_t node);
/* Starts it; returns once it is ready, and the tills go on there. */
void stage_start(struct stage *stage, size_t node);
void stage_signal(const struct stage *stage, size_t node, int number);

/* The digests of a node's state and frontier. */
void stage_look(struct stage *stage, size_t node, struct fleet_view *view);
const char *stage_name(size_t node);

/* Runs a program to its end, which must be 0. The words end with NULL. */
void run_must(const struct torture *torture, const char *program, ...) __attribute__((sentinel));
/* True if it ended with 0. */
bool run_try(const char *program, ...) __attribute__((sentinel));

#endif
