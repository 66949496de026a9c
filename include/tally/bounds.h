/* Every limit, in one place, tied together by static_assert. Sizes are bytes unless the name says
 * otherwise. Limits of the signed format (blocks, events) may never change; the others may. */
#ifndef TALLY_BOUNDS_H
#define TALLY_BOUNDS_H

#include <assert.h>
#include <stdint.h>

enum {
    /* the signed format (proto/README.md) */
    BLOCK_SIZE_MAX = 64 * 1024,
    BLOCK_EVENTS_SIZE_MAX = 60 * 1024, /* sum of event lengths a writer puts into one block */
    BLOCK_EVENTS_MAX = 512,
    BLOCK_HEADER_SIZE_MAX = 1800,
    BLOCK_DEPS_MAX = 32,
    EVENT_SIZE_MAX = 4 * 1024,
    EVENT_LINES_MAX = 16, /* lines or lots in one event */
    EVENT_DEPTH_MAX = 4,
    MESSAGE_DEPTH_MAX = 6,
    MESSAGE_VALUES_MAX = 4096,

    /* texts inside events; UTF-8 bytes, without a terminator */
    NAME_SIZE_MAX = 120,  /* a person, a branch, a product */
    FIELD_SIZE_MAX = 240, /* one personal field before sealing */
    SEALED_SIZE_MAX = FIELD_SIZE_MAX + 24 + 16,
    REASON_SIZE_MAX = 200,   /* free text with a freeze, refund, move */
    ITEM_NAME_SIZE_MAX = 48, /* one item of a sale */
    ORDER_SIZE_MAX = 64,     /* what a hold is for: a booking, a table, a bill */
    ENDPOINT_SIZE_MAX = 120, /* "tcp://host:port" */
    CARD_NUMBER_SIZE = 16,   /* decimal digits */
    CURRENCY_SIZE = 3,       /* ISO 4217 */
    SALE_ITEMS_MAX = 8,
    MEMBER_FIELDS_MAX = 8,
    ENDPOINTS_MAX = 4,
    BONUS_STEPS_MAX = 8,
    FREEZE_TOKENS_MAX = 16, /* tokens lifted by one event */
    LIMITS_MAX = 16,        /* named limits in one LIMITS.SET */
    QUOTAS_MAX = 8,         /* buckets in one QUOTA.GRANT */
    JOURNAL_TIPS_MAX = 32,  /* places in one CHECKPOINT.SIGN or JOURNAL.RESOLVE */
    TENDERS_MAX = 4,        /* other tenders beside the card in one sale */
    AUTH_SIGNATURES_MAX = 8,

    /* rows of the store */
    ROW_KEY_SIZE_MAX = 96,
    ROW_VALUE_SIZE_MAX = BLOCK_SIZE_MAX,
    SHEET_LOTS_MAX = 64,   /* lots with value left that one account shows and spends */
    SHEET_HOLDERS_MAX = 8, /* journals listed per lot: the richest */

    /* the wire */
    FRAME_SIZE_MAX = 128 * 1024,
    WIRE_MESSAGE_SIZE_MAX = 1024 * 1024, /* ZMQ_MAXMSGSIZE */
    TIPS_PER_MESSAGE_MAX = 512,
    BLOCKS_PER_FRAME_MAX = 256,
    WANTS_PER_PEER_MAX = 8,
    WANT_BYTES_MAX = 512 * 1024,

    /* a node */
    PARKED_MAX = 64, /* spends that wait for rights from peers */
    REQUESTS_QUEUED_MAX = 512,
    PAGE_ENTRIES_MAX = 200, /* rows in one page of an answer */
    PRODUCT_VERSIONS_MAX = 256,
    BRANCH_NUMBER_MAX = 99999, /* five digits of a card number */
    INCARNATION_MAX = 999,     /* three digits of a card number */
    CARD_SERIAL_MAX = 999999,  /* six digits of a card number */

    IDEMPOTENCY_KEY_SIZE_MAX = 128,
};

/* One amount in an event, in minor units; and the sum that no register may pass. */
static const int64_t AMOUNT_MAX = INT64_C(1000000000000);
static const int64_t REGISTER_MAX = INT64_C(100000000000000);

static_assert(BLOCK_EVENTS_SIZE_MAX + BLOCK_HEADER_SIZE_MAX + BLOCK_EVENTS_MAX * 3 + 80 <=
                  BLOCK_SIZE_MAX,
              "a full block fits its bound");
static_assert(BLOCK_SIZE_MAX + 64 <= FRAME_SIZE_MAX, "the largest block fits one frame");
static_assert(FRAME_SIZE_MAX <= WIRE_MESSAGE_SIZE_MAX, "a frame fits one wire message");
static_assert(EVENT_SIZE_MAX <= BLOCK_EVENTS_SIZE_MAX, "an event fits a block");

#endif
