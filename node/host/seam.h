/* The real `struct world`: where each call of tally/world.h goes on this machine. Used by the core
 * thread only, like the node that holds it. */
#ifndef SEAM_H
#define SEAM_H

#include "tally/command.h"
#include "tally/world.h"

#include "bus.h"
#include "committer.h"
#include "http.h"
#include "key_store.h"
#include "log.h"
#include "store.h"
#include "verifier.h"

enum {
    SEAM_ASKED_MAX = 1024, /* requests that the node has and has not answered */
};

/* Requests that the host itself makes have numbers from here on. */
static const uint64_t SEAM_OWN_REQUEST = UINT64_C(1) << 63;

struct asked {
    uint64_t number;
    enum command_kind kind;
};

struct world {
    struct store *store;
    struct key_store *keys;
    struct committer *committer; /* NULL: commits happen at once, their outcome in `committed` */
    struct verifier *verifier;
    enum status committed;
    struct bus *bus;   /* NULL: frames go nowhere */
    struct http *http; /* NULL: only the host asks */
    struct asked asked[SEAM_ASKED_MAX];
    uint32_t asked_count;
    uint64_t space_ms; /* when the disk was last asked for its room; 0 = never */
    bool space_low;
    uint64_t answered;     /* requests, ever */
    uint64_t own_answered; /* number of the host's own request that was answered last */
    enum verdict own_verdict;
    uint64_t alarms[ALARM_COUNT];
    struct log_limit alarm_limit;
};

/* Notes that the node has been given this request, before node_step. There must be room. */
void seam_asked(struct world *world, const struct request *request);
bool seam_has_room(const struct world *world);

/* When the node cannot be stepped any more: everything that it still owes an answer is unknown. */
void seam_answer_unknown(struct world *world);
/* Answers a request that the node never got: a refusal, or, for a command whose key may be that of
 * an earlier one, that nobody knows. */
void seam_say_unknown(struct world *world, const struct request *request);
void seam_refuse(struct world *world, const struct request *request, enum verdict verdict);

#endif
