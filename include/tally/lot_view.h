/* What queries say of lots: what is left of one, what became of it, what of many has ended. */
#ifndef TALLY_LOT_VIEW_H
#define TALLY_LOT_VIEW_H

#include "tally/bounds.h"
#include "tally/id.h"

/* One lot in an account's picture. All amounts are in minor units. */
struct lot_view {
    struct lot_id lot;
    uint8_t bucket;
    uint32_t from_day;
    uint32_t to_day;
    uint64_t issued_by;    /* journal */
    int64_t left;          /* whole chain */
    int64_t on_hold;       /* of it, set aside for orders */
    int64_t here;          /* held by this node */
    int64_t coming;        /* in flight to this node */
    int64_t in_flight;     /* in flight to anybody */
    uint32_t holder_count; /* the richest journals, this node among them */
    struct {
        uint64_t journal;
        int64_t held;
    } holders[SHEET_HOLDERS_MAX];
};

enum lot_state {
    LOT_PENDING = 1, /* its first day is still to come */
    LOT_ACTIVE,
    LOT_SPENT,   /* nothing is left, and nothing was burned */
    LOT_ENDED,   /* its last day is over, and some of it is not burned yet */
    LOT_EXPIRED, /* burned */
};

/* A lot with all that ever became of it, also when nothing is left: issued + refunded + made good =
 * used + expired + moved on + left, over the whole chain. */
struct lot_entry {
    struct lot_id lot;
    uint8_t bucket;
    uint8_t state; /* enum lot_state */
    uint32_t product;
    uint32_t from_day;
    uint32_t to_day;
    uint64_t issued_by; /* journal; 0: of several */
    int64_t issued;
    int64_t refunded;
    int64_t used; /* sold for, or covered with */
    int64_t expired;
    int64_t moved_on; /* to another account */
    int64_t made_good;
    int64_t left;
    int64_t in_flight;
    uint32_t holder_count; /* the first ones by number */
    struct {
        uint64_t journal;
        int64_t held;
    } holders[SHEET_HOLDERS_MAX];
};

/* Of one branch, product and bucket. */
struct expired_entry {
    uint32_t branch;
    uint32_t product;
    uint8_t bucket;
    int64_t burned;   /* in the days asked for */
    int64_t unburned; /* has ended, and is still held by the branch */
    int64_t coming;   /* has ended, and is on its way to it */
};

#endif
