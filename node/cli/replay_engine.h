/* Carries out the visits of a traffic against running nodes: many cards at once, the operations of
 * one card one after another in order of time.
 *
 * The rule for value, since the traffic has sales only ("synthetic top-ups"):
 *   1. Before a sale that would overdraw the card by the replay's own book, the card is topped up
 * at the same branch with what is missing, rounded up to a whole 50.00, tender "other".
 *   2. A sale refused for "rights" or "balance" (the money is there, but this branch cannot reach
 * it or does not know of it yet) is counted under that reason; then the card is topped up at this
 *      branch with what is missing here, rounded up to a whole 50.00, and the sale is asked again
 *      under a new key. At most RESCUES_MAX times a visit.
 *   3. A card that this branch does not know yet is asked for again, under new keys, for about
 *      STRANGER_MS_MAX; then the visit is refused for that reason.
 *   4. Any other refusal ends the visit.
 * An operation without a definite answer (no answer at all, "unknown", "busy", a node that is
 * starting) is repeated under the same key, with growing pauses, for PATIENCE_MS_MAX.
 *
 * Stores are mapped onto nodes by their rank in visits: the busiest to the first node, the next to
 * the second, and round again. A household becomes a member with one card at its first visit. */
#ifndef REPLAY_ENGINE_H
#define REPLAY_ENGINE_H

#include "progress.h"
#include "replay_book.h"
#include "traffic.h"
#include "traffic_client.h"

#include <signal.h>

enum {
    TOPUP_STEP = 5000, /* 50.00 */
    RESCUES_MAX = 3,
    STRANGER_MS_MAX = 3000,
    PATIENCE_MS_MAX = 120 * 1000,
    REPLAY_CURRENCY_SIZE = 4,
};

struct replay_engine;

struct replay_options {
    const struct traffic_node *nodes;
    size_t node_count;
    size_t lanes; /* connections to each node */
    uint32_t product;
    char currency[REPLAY_CURRENCY_SIZE];
    const volatile sig_atomic_t *stop; /* not 0: give up soon; may be NULL */
};

/* Borrows book (which names the traffic) and the options' texts. NULL with a sentence. */
struct replay_engine *replay_engine_new(struct replay_book *book,
                                        const struct replay_options *options,
                                        struct explanation *explanation);
void replay_engine_free(struct replay_engine *engine);

/* From now on: which stretch of the traffic this is, and which node is cut off (SIZE_MAX: none). */
void replay_engine_enter(struct replay_engine *engine, enum replay_phase phase, size_t cut);

/* Goes on until `until` visits are finished; with all of them, until nothing is in flight. Requests
 * may stay in flight when it returns early. STATUS_OK, STATUS_DENIED (a node does not accept the
 * token), STATUS_BUSY (stopped by `stop`) or STATUS_FULL (memory). */
MUST_CHECK enum status replay_engine_run(struct replay_engine *engine, size_t until,
                                         struct progress *progress,
                                         struct explanation *explanation);

/* The account of a card of the traffic and what the replay thinks is on it; false if it has none.
 */
bool replay_engine_account(const struct replay_engine *engine, size_t card_index,
                           struct subject_id *account, int64_t *balance);

/* Its card number, or "". */
const char *replay_engine_card(const struct replay_engine *engine, size_t card);

#endif
