/* The text of /metrics: Prometheus exposition format 0.0.4. Names start with tally_, counters end
 * in _total, every metric has HELP and TYPE. Amounts of money are never metrics. */
#ifndef METRICS_H
#define METRICS_H

#include "tally/command.h"

#include "bus.h"
#include "committer.h"
#include "head_keeper.h"
#include "http.h"
#include "verifier.h"

struct loop_counters {
    uint64_t rounds;
    uint64_t requests;         /* given to the node */
    uint64_t requests_refused; /* not given to it: read only, or stopping */
    uint64_t frames;
    uint64_t longest_us; /* of one round, since the last publication */
};

/* Everything that is published; the caller's values, borrowed for the call. */
struct metrics {
    const struct node_view *node;
    const struct journal_view *journals;
    uint32_t journal_count;
    bool ready;
    bool confirmed; /* false: money is refused until somebody has confirmed the head */
    bool space_low;
    uint64_t free_bytes;
    uint64_t commit_hanging_ms;
    uint64_t requests_waiting; /* with the node */
    uint64_t start_wall_ms;
    uint64_t restarts;      /* of the store, in place */
    const uint64_t *alarms; /* ALARM_COUNT */
    struct loop_counters loop;
    struct bus_counters bus;
    struct committer_counters committer;
    struct verifier_counters verifier;
    struct head_keeper_counters heads;
    struct http_counters http;
};

enum { METRICS_SIZE_MAX = 512 * 1024 };

/* Returns the size written, at most `capacity`; lines that do not fit are left out whole. */
size_t metrics_write(const struct metrics *metrics, char *text, size_t capacity);

#endif
