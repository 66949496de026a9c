/* Counts what really happened. A storm in which nothing happened proves nothing: over many seeds no
 * count may stay zero. The one list of what must happen is in census.c. */
#ifndef CENSUS_H
#define CENSUS_H

#include "tally/event.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Kinds of counted things that come in families use a base: a verdict is counted at
 * CENSUS_VERDICT + verdict, an event in CENSUS_EVENT by its place in the list of types. */
enum census_item {
    CENSUS_FRAMES_LOST,
    CENSUS_FRAMES_DOUBLED,
    CENSUS_FRAMES_OVERTAKEN,
    CENSUS_FRAMES_QUEUE_FULL,
    CENSUS_FRAMES_SLOWED,
    CENSUS_FRAMES_DAMAGED,
    CENSUS_CUT_STALLED,
    CENSUS_CUT_KILLED,
    CENSUS_CUT_ONE_WAY,
    CENSUS_PARTITIONS,
    CENSUS_SWIZZLES,
    CENSUS_HEALS,
    CENSUS_LINKS_DROPPED_BY_NODE,
    CENSUS_LINKS_RESET,
    CENSUS_CRASHES,
    CENSUS_CRASH_BATCH_KEPT,
    CENSUS_CRASH_BATCH_LOST,
    CENSUS_CRASH_STARTING,
    CENSUS_PAUSES,
    CENSUS_RESTARTS,
    CENSUS_COMMIT_UNKNOWN_KEPT,
    CENSUS_COMMIT_UNKNOWN_LOST,
    CENSUS_COMMIT_STUCK,
    CENSUS_READ_FAILED,
    CENSUS_SPACE_LOW,
    CENSUS_CLOCK_JUMPS,
    CENSUS_CLOCK_ERAS,
    CENSUS_CLOCK_FROZEN,
    CENSUS_CLOCK_FAST,
    CENSUS_DAYS,
    CENSUS_BACKUPS,
    CENSUS_RESTORES,
    CENSUS_CLONES,
    CENSUS_DOUBLES_BEHIND,
    CENSUS_DOUBLES_NOTICED,
    CENSUS_FORKS_SEEN,
    CENSUS_FORK_PROOFS,
    CENSUS_ACCUSED,
    CENSUS_RESOLVED,
    CENSUS_PAID_TWICE,
    CENSUS_WRITTEN_OFF,
    CENSUS_WRITTEN_OFF_ALIVE,
    CENSUS_REENROLLED,
    CENSUS_LATE_BLOCKS,
    CENSUS_DISKS_FOUND,
    CENSUS_MADE_GOOD,
    CENSUS_LATE_JOINS,
    CENSUS_EPOCHS,
    CENSUS_PULLS,
    CENSUS_SPREADS,
    CENSUS_OLDER,
    CENSUS_UPDATED,
    CENSUS_UNKNOWN_KEPT,
    CENSUS_OBSERVERS,
    CENSUS_ED25519_SEEDS,
    CENSUS_HOSTILE_SEEDS,
    CENSUS_HOSTILE_INVALID,
    CENSUS_HOSTILE_VALID,
    CENSUS_HOSTILE_REJECTED,
    CENSUS_MESH,
    CENSUS_STAR,
    CENSUS_LINE,
    CENSUS_REPLAYED_ANSWERS,
    CENSUS_UNKNOWN_ANSWERS,
    CENSUS_TILL_TIMEOUTS,
    CENSUS_PARALLEL_DOUBLES,
    CENSUS_OTHER_BODY,
    CENSUS_PULLED_SPENDS,
    CENSUS_PULLED_REFUNDS,
    CENSUS_TENDER_REFUNDS,
    CENSUS_RESTORED_LOTS,
    CENSUS_REQUESTS_DONE,
    CENSUS_HOLDS_LAPSED,
    CENSUS_HOLDS_PART,
    CENSUS_HOLDS_FROZEN,
    CENSUS_HOLDS_VOID,
    CENSUS_UNCOVERED_SPENDS,
    CENSUS_RISK_SEEDS,
    CENSUS_OFFLINE_SPENDS,
    CENSUS_OFFLINE_REFUSALS,
    CENSUS_QUERIES,
    CENSUS_RUN_TWICE,
    CENSUS_CALMS,
    CENSUS_ACCOUNTS_COMPARED,
    CENSUS_PENDING_MINTS,
    CENSUS_WITNESSED,
    CENSUS_EVENT,                         /* + census_event_place(type) */
    CENSUS_VERDICT = CENSUS_EVENT + 60,   /* + enum verdict */
    CENSUS_MESSAGE = CENSUS_VERDICT + 64, /* + enum message_kind */
    CENSUS_COUNT = CENSUS_MESSAGE + 100,
};

struct census {
    uint64_t counts[CENSUS_COUNT];
};

void census_add(struct census *census, const struct census *more);
void census_event(struct census *census, uint16_t type);
/* Counts an acceptance that names a checkpoint. */
void census_witness(struct census *census, const struct event *event);
/* Prints the table. False if something that must happen never did. */
bool census_report(const struct census *census, FILE *out);

#endif
