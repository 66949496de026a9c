/* An account as one node sees it: the lots with value left, who holds the rights, what is on its
 * way. A sheet is derived from the registers and is what decisions read; it names no "self", so it
 * is the same on every node with the same events (unless there are more lots or holders than it
 * lists).
 */
#ifndef SHEET_H
#define SHEET_H

#include "tally/bounds.h"
#include "tally/event.h"
#include "tally/id.h"

enum {
    SHEET_FLIGHTS_MAX = 8, /* moves of one lot not yet accepted that a sheet lists */
};

struct sheet_holder {
    uint64_t journal;
    int64_t held; /* raw > 0 */
};

struct sheet_flight {
    uint64_t from;
    uint64_t to;
    int64_t amount; /* granted - accepted > 0 */
};

struct sheet_lot {
    struct lot_id lot;
    uint8_t bucket;
    uint32_t from_day;
    uint32_t to_day;
    uint32_t product;
    struct event_ref issued; /* lots of one event are one pair */
    int64_t left;            /* ledger(l): held by all + on hold + in flight */
    int64_t on_hold;         /* of it, set aside for orders by who holds it */
    uint8_t crowded;         /* 1: there may be holders or flights beyond those listed */
    uint8_t holder_count;
    struct sheet_holder holders[SHEET_HOLDERS_MAX];
    uint8_t flight_count;
    struct sheet_flight flights[SHEET_FLIGHTS_MAX];
};

struct sheet {
    int64_t principal; /* sum of ledger(l) over all lots of the bucket, also those not listed */
    int64_t bonus;
    int64_t uncovered; /* ever sold without cover (RISK) or left by claw-backs (DEBT) */
    int64_t covered;   /* of it: ever paid by the office's covers (DCV) */
    int64_t made_good; /* of both: what was used twice after a loss, and the chain bears */
    uint32_t frozen;   /* live freeze tokens */
    uint32_t unlisted; /* lots with value left beyond those listed: they have rows of their own */
    uint8_t lot_count;
    struct sheet_lot lots[SHEET_LOTS_MAX]; /* by (issued journal, seq, index, lot id) */
};

/* What the account owes: the office covers it out of the account's own rights, wherever they are.
 */
int64_t sheet_owed(const struct sheet *sheet);
/* What the member has: ledger - owed. Below zero when nothing is left to cover from. */
int64_t sheet_balance(const struct sheet *sheet);

/* Of the lots listed: what is set aside for orders. */
int64_t sheet_on_hold(const struct sheet *sheet);

/* NULL if not listed. */
struct sheet_lot *sheet_find(struct sheet *sheet, const struct lot_id *lot);

/* Lists the lot (at its sorted place) or returns the listed one. NULL if full: the caller counts it
 * in unlisted. */
struct sheet_lot *sheet_list(struct sheet *sheet, const struct sheet_lot *terms);

/* Nothing left, held or in flight: of no interest to anybody until something is refunded to it. */
bool sheet_lot_is_spent(const struct sheet_lot *lot);
/* Drops such lots. */
void sheet_tidy(struct sheet *sheet);

/* Sets what `journal` holds (0 removes it); keeps the richest when there are too many. Holders stay
 * sorted by journal. */
void sheet_set_holder(struct sheet_lot *lot, uint64_t journal, int64_t held);

/* Sets what is in flight from -> to (0 removes it); sorted by (from, to). */
void sheet_set_flight(struct sheet_lot *lot, uint64_t from, uint64_t to, int64_t amount);

int64_t sheet_lot_held(const struct sheet_lot *lot, uint64_t journal);
/* Sum of what is in flight to `journal`. */
int64_t sheet_lot_coming(const struct sheet_lot *lot, uint64_t journal);

#endif
