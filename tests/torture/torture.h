/* What a scenario has. Each runs alone in a process that is the first one of namespaces of its own
 * (processes, mounts, network): when it ends, however it ends, the kernel ends its daemons, takes
 * down its mounts with their loop devices, and its networks. It passes by returning. */
#ifndef TORTURE_H
#define TORTURE_H

#include "tally/status.h"
#include "unit/dice.h"

#include "explanation.h"

#include <stdbool.h>
#include <stdint.h>

enum { TORTURE_PATH_SIZE = 400, TORTURE_NOTE_SIZE = 200 };

/* What is shown of it at the end. */
struct torture_result {
    uint64_t faults; /* done to the chain */
    uint64_t acknowledged;
    uint64_t refused;
    uint64_t unknown; /* answers that never came, and were learned later */
    char note[TORTURE_NOTE_SIZE];
};

struct torture {
    char dir[TORTURE_PATH_SIZE]; /* empty, its own */
    uint64_t seed;
    struct dice dice;
    bool brief;        /* the short form */
    bool isolated;     /* the namespaces are its own */
    bool privileged;   /* it is root outside of them, too */
    uint64_t lasts_ms; /* so long it goes on once the chain is up */
    uint64_t until_ms;
    struct torture_result *result;
};

/* A line in its log, with the time since it began. */
void torture_step(const struct torture *torture, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* A fault was done to the chain: counted, and a line in the log. */
void torture_fault(const struct torture *torture, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void torture_note(const struct torture *torture, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
_Noreturn void torture_fail(const struct torture *torture, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
_Noreturn void torture_skip(const struct torture *torture, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void torture_must(const struct torture *torture, enum status status,
                  const struct explanation *explanation);
bool torture_time_is_up(const struct torture *torture);

/* What needs more than every machine gives: skips the scenario. */
void torture_needs_network(const struct torture *torture);
void torture_needs_mounts(const struct torture *torture);
void torture_needs_preload(const struct torture *torture);
void torture_needs_program(const struct torture *torture, const char *path);

/* The scenarios. */
void scenario_kill(struct torture *torture);
void scenario_freeze(struct torture *torture);
void scenario_partition(struct torture *torture);
void scenario_one_card(struct torture *torture);
void scenario_delay(struct torture *torture);
void scenario_disk_full(struct torture *torture);
void scenario_disk_full_log(struct torture *torture);
void scenario_disk_error(struct torture *torture);
void scenario_syscall(struct torture *torture);
void scenario_damage(struct torture *torture);
void scenario_rollback(struct torture *torture);
void scenario_clone(struct torture *torture);
void scenario_power_cut_ext4(struct torture *torture);
void scenario_power_cut_xfs(struct torture *torture);

#endif
