/* The facts, and the block that carries them.
 *
 * `struct event` is one fact, decoded. Its body is a union by type; the ledger fields come first in
 * each body and the domain's fields follow. A body that carries more elements than this version
 * knows is read as far as known (proto/README.md): readers ignore, writers only append.
 * Texts are borrowed from the block that was decoded.
 */
#ifndef TALLY_EVENT_H
#define TALLY_EVENT_H

#include "tally/bounds.h"
#include "tally/bytes.h"
#include "tally/id.h"

/* Numbers are part of the signed format and never reused. 1 to 99: the authority. 100 to 199: the
 * rights ledger. 200 and up: everything that never touches a ledger register; an unknown one is
 * kept and passed on. */
enum event_type {
    EVENT_AUTH_EPOCH = 1,
    EVENT_JOURNAL_ADMIT = 2,
    EVENT_LIMITS_SET = 9,
    EVENT_ORGANISATION_SET = 20,
    EVENT_PRODUCT_PUBLISH = 21,
    EVENT_TOPUP = 100,
    EVENT_SPEND = 110,
    EVENT_REFUND = 115,
    EVENT_RIGHTS_MOVE = 130,
    EVENT_RIGHTS_ACCEPT = 131,
    EVENT_MEMBER_ENROL = 200,
    EVENT_ACCOUNT_OPEN = 201,
    EVENT_CARD_ISSUE = 202,
    EVENT_ACCOUNT_FREEZE = 203,
    EVENT_ACCOUNT_UNFREEZE = 204,
};

enum event_flags {
    EVENT_FLAG_CRITICAL = 1, /* who does not know the type spends nothing of that account */
    EVENT_FLAG_SEALED = 2,   /* carries sealed personal data */
};

enum bucket {
    BUCKET_PRINCIPAL = 1,
    BUCKET_BONUS = 2,
    BUCKET_POINTS = 3,
    BUCKET_VISITS = 4,
    BUCKET_VOUCHER = 5,
    BUCKET_REFUND = 6, /* the right to refund one line of a sale */
    BUCKET_CAPACITY = 7,
};

enum role {
    ROLE_OFFICE = 1,
    ROLE_MINT = 2,
    ROLE_SELL = 4,
    ROLE_RELAY = 8,
};

/* How a top-up was paid. */
enum tender {
    TENDER_CASH = 1,
    TENDER_BANK_CARD = 2,
    TENDER_MOBILE = 3, /* WeChat Pay, Alipay and the like */
    TENDER_TRANSFER = 4,
    TENDER_OTHER = 9,
};

enum freeze_kind {
    FREEZE_LOSS = 1,
    FREEZE_WISH = 2, /* the member asked */
    FREEZE_CASE = 3,
    FREEZE_COURT = 4,
};

enum spend_order {
    SPEND_PROPORTIONAL = 0, /* within a pair by what is left */
    SPEND_PRINCIPAL_FIRST = 1,
    SPEND_BONUS_FIRST = 2,
    SPEND_EXPIRY_FIRST = 3,
};

/* One lot as the issuing event states it. */
struct lot_terms {
    uint8_t bucket; /* enum bucket */
    int64_t amount;
    uint32_t from_day; /* first valid day, days since 1970-01-01 in the organisation's zone */
    uint32_t to_day;   /* last valid day, inclusive; 0 = never ends */
    uint32_t product;
    struct bytes key; /* empty, or 1 to 64 bytes that make equal lots one (proto/README.md) */
};

/* `after` is the writer's remainder of the lot once this line is applied. */
struct lot_line {
    struct lot_id lot;
    int64_t amount;
    int64_t after;
};

struct sale_item {
    struct bytes name; /* <= ITEM_NAME_SIZE_MAX */
    uint32_t quantity;
    int64_t list_minor;    /* price by the list, all pieces */
    int64_t charged_minor; /* what was charged */
};

struct accept_line {
    struct lot_id lot;
    int64_t cumulative; /* all that `from` ever granted us of this lot, as of the dep */
    int64_t witnessed;  /* of it covered by the checkpoint named */
};

struct sealed_field {
    uint8_t field;        /* enum member_field */
    uint8_t class_number; /* enum privacy_class */
    uint32_t key_number;
    struct bytes box; /* nonce24 and box, <= SEALED_SIZE_MAX */
};

enum member_field {
    FIELD_NAME = 1,
    FIELD_PHONE = 2,
    FIELD_ID_NUMBER = 3,
    FIELD_BIRTHDAY = 4, /* "MM-DD" or "YYYY-MM-DD" */
    FIELD_EMAIL = 5,
    FIELD_NOTE = 6,
};

enum privacy_class {
    CLASS_STATUTORY = 1,
    CLASS_SERVICE = 2,
    CLASS_MARKETING = 3,
    CLASS_TRAJECTORY = 4,
};

struct named_limit {
    struct bytes name; /* <= 32 bytes */
    int64_t value;
};

struct bonus_step {
    int64_t amount; /* paid at least this */
    int64_t bonus;
};

struct auth_signature {
    uint32_t root_index;
    uint8_t signature[64];
};

struct event {
    uint16_t type; /* enum event_type, or a number this version does not know */
    uint16_t flags;
    struct subject_id subject; /* account or member; zeros = none */
    struct ticket_id ticket;   /* zeros = none */
    uint32_t till;             /* 0 = none */
    uint32_t staff;            /* 0 = none */
    /* Elements in the body as received; the encoder writes that many when it is not 0 (so that what
     * was decoded encodes to the same bytes) and all it knows when it is 0. */
    uint8_t body_size;
    bool known; /* type is one of enum event_type and the body decoded */
    union {
        struct {
            uint64_t epoch;
            uint8_t public_key[32];
            uint64_t prev_seq;
            struct digest prev_id;
            uint32_t until_day;
            uint8_t signature_count;
            struct auth_signature signatures[AUTH_SIGNATURES_MAX];
        } auth_epoch;
        struct {
            uint64_t journal;
            uint8_t public_key[32];
            uint8_t transport_key[32];
            uint16_t roles;
            uint8_t endpoint_count;
            struct bytes endpoints[ENDPOINTS_MAX];
            struct bytes name; /* of the branch */
        } admit;
        struct {
            uint32_t branch; /* 0 = default for all */
            uint8_t count;
            struct named_limit limits[LIMITS_MAX];
        } limits;
        struct {
            struct bytes name;
            int32_t zone_minutes; /* east of UTC; on the wire + 1440 */
            struct bytes currency;
        } organisation;
        struct {
            uint32_t product;
            uint32_t version;
            struct bytes name;
            struct bytes currency;
            uint8_t named;       /* 1: the holder's name and id number are required */
            uint8_t order;       /* enum spend_order */
            int64_t balance_cap; /* of principal, checked at top-up; 0 = none */
            uint32_t bonus_days; /* bonus ends this many days after issue; 0 = never */
            uint8_t step_count;
            struct bonus_step steps[BONUS_STEPS_MAX]; /* rising; the highest reached applies */
        } product;
        struct {
            uint8_t lot_count;
            struct lot_terms lots[EVENT_LINES_MAX];
            uint8_t tender;
            uint32_t version; /* of the product */
        } topup;
        struct {
            uint8_t line_count;
            struct lot_line lines[EVENT_LINES_MAX];
            int64_t risk;
            int64_t seen;
            uint8_t item_count;
            struct sale_item items[SALE_ITEMS_MAX];
        } spend;
        struct {
            uint8_t line_count;
            /* lot = the refund lot; after = what of it is left */
            struct lot_line lines[EVENT_LINES_MAX];
            uint32_t to_days[EVENT_LINES_MAX];
            struct event_ref sale; /* always in full: [journal, seq, idx] */
            struct bytes reason;
        } refund;
        struct {
            uint64_t to;
            struct ticket_id request; /* req16: names the pull this serves */
            uint8_t why;              /* enum move_why */
            uint8_t line_count;
            struct lot_line lines[EVENT_LINES_MAX];
        } move;
        struct {
            uint64_t of;
            uint64_t from;
            uint64_t checkpoint;
            uint8_t line_count;
            struct accept_line lines[EVENT_LINES_MAX];
        } accept;
        struct {
            uint32_t home_branch;
            uint8_t field_count;
            struct sealed_field fields[MEMBER_FIELDS_MAX];
        } enrol;
        struct {
            struct subject_id member;
            uint32_t product;
            uint32_t version;
            uint32_t home_branch;
        } open;
        struct {
            struct bytes number; /* CARD_NUMBER_SIZE digits */
            uint8_t form;        /* enum card_form */
            struct subject_id holder;
        } issue;
        struct {
            uint8_t kind; /* enum freeze_kind */
            struct bytes reason;
        } freeze;
        struct {
            uint8_t token_count;
            struct event_ref tokens[FREEZE_TOKENS_MAX]; /* the freezes lifted */
            struct bytes reason;
        } unfreeze;
    } body;
};

enum move_why {
    MOVE_PULLED = 1,  /* a peer asked */
    MOVE_BY_HAND = 2, /* a manager moved rights */
    MOVE_SPREAD = 3,  /* distribution policy */
};

enum card_form {
    CARD_PLASTIC = 1,
    CARD_VIRTUAL = 2,
};

/* A block named in another journal's header: everything up to it is in the causal past. */
struct block_dep {
    uint64_t journal;
    uint64_t seq;
    struct digest id;
};

struct block_header {
    uint64_t version;
    uint64_t journal;
    uint64_t seq;
    struct digest prev;
    uint64_t hlc; /* ms since 1970 << 16 | counter */
    uint32_t day; /* days since 1970-01-01 in the organisation's zone */
    uint64_t auth;
    uint8_t auth_id[16];
    uint32_t rules;
    uint32_t count; /* events */
    uint32_t size;  /* sum of event lengths */
    struct digest root;
    uint32_t flags;
    uint32_t dep_count;
    struct block_dep deps[BLOCK_DEPS_MAX]; /* rising journal */
};

/* A block taken apart; everything borrows from the received bytes. */
struct block {
    struct block_header header;
    struct bytes whole; /* the block as received, stored and sent */
    struct bytes header_bytes;
    struct bytes signature; /* 64 bytes */
    struct digest id;
    struct bytes events[BLOCK_EVENTS_MAX];
};

/* What an event is worth: the same on every node that has its causal past. */
enum event_verdict {
    EVENT_VALID = 0,
    EVENT_PENDING = 1, /* kept for mint quotas; not written by rules 1 */
    EVENT_UNKNOWN = 2, /* a type newer than this node; judged after the upgrade */
    EVENT_INVALID = 3,
};

/* Why an event is INVALID; stable numbers. */
enum invalid_reason {
    INVALID_NONE = 0,
    INVALID_MALFORMED = 1,
    INVALID_BAD_AMOUNT = 2,
    INVALID_NO_ROLE = 3,
    INVALID_NOT_ACTIVE = 4,
    INVALID_NOT_COVERED = 6,
    INVALID_WRONG_ACCOUNT = 7,
    INVALID_LOT_TIME = 8,
    INVALID_SELF_MOVE = 9,
    INVALID_OVER_ACCEPT = 10,
    INVALID_OVER_WITNESS = 11,
    INVALID_RISK_CAP = 13,
    INVALID_BAD_REF = 15,
    INVALID_WRONG_NUMBER = 18, /* a card number outside the writer's own range */
};

#endif
