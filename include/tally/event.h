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
    EVENT_BRANCH_SUSPEND = 4, /* nobody moves rights to it */
    EVENT_BRANCH_RESUME = 5,
    EVENT_JOURNAL_RETIRE = 6,  /* the office acts for it from here on */
    EVENT_JOURNAL_RESOLVE = 7, /* after a fork: exactly these paths belong to the journal */
    EVENT_QUOTA_GRANT = 8,
    EVENT_LIMITS_SET = 9,
    EVENT_MINT_APPROVE = 10,
    EVENT_CHECKPOINT_SIGN = 11, /* the office has these blocks durably and extends only them */
    EVENT_ORGANISATION_SET = 20,
    EVENT_PRODUCT_PUBLISH = 21,
    EVENT_TOPUP = 100,
    EVENT_LOT_ISSUE = 101,    /* value that nobody paid for: a grant, a replacement */
    EVENT_ADJUST = 102,       /* the office adds value: correction, compensation, opening balance */
    EVENT_MINT_RELEASE = 103, /* a PENDING mint that the authority approved */
    EVENT_SPEND = 110,
    EVENT_SPEND_HOLD = 112,
    EVENT_SPEND_CAPTURE = 113,
    EVENT_SPEND_RELEASE = 114,
    EVENT_REFUND = 115,
    EVENT_LOT_EXPIRE = 116,
    EVENT_LOT_CLAWBACK = 117,
    EVENT_LOT_REBIND = 118, /* value moves to another account, lot by lot */
    EVENT_PAYOUT = 119,     /* the office takes value out: correction, closing */
    EVENT_RIGHTS_MOVE = 130,
    EVENT_RIGHTS_ACCEPT = 131,
    EVENT_RIGHTS_RETURN = 132,
    EVENT_RIGHTS_RECLAIM = 133,
    EVENT_RIGHTS_COVER = 134,
    EVENT_RISK_SETTLE = 135,
    EVENT_RISK_ACK = 136,
    EVENT_FREEZE_ACK = 140,
    EVENT_LEASE_RECORD = 141,
    EVENT_JOURNAL_FORK = 142,
    EVENT_MEMBER_ENROL = 200,
    EVENT_ACCOUNT_OPEN = 201,
    EVENT_CARD_ISSUE = 202,
    EVENT_ACCOUNT_FREEZE = 203,
    EVENT_ACCOUNT_UNFREEZE = 204,
    EVENT_CARD_LOSS_REPORT = 205, /* revokes the card and freezes its account */
    EVENT_CARD_REPLACE = 206,     /* another card for the same account; no money moves */
    EVENT_REQUEST_FILE = 207,     /* a wish that only another journal can carry out */
    EVENT_REQUEST_CLOSE = 208,
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

/* Why a journal was retired. */
enum retire_kind {
    RETIRE_LOST = 1,   /* an older tail that turns up is still admitted */
    RETIRE_CLOSED = 2, /* (seq, id) is the end */
    RETIRE_STOLEN = 3, /* (seq, id) is a cut: what stands behind it counts nowhere */
};

/* And in a command: it has two histories, the one that the office holds stands (JOURNAL.RESOLVE).
 */
enum { RETIRE_FORKED = 4 };

/* Why the office added or took value. */
enum adjust_cause {
    ADJUST_CORRECTION = 1,
    ADJUST_COMPENSATION = 2, /* LOSS.COMPENSATE */
    ADJUST_OPENING = 3,      /* IMPORT.OPENING */
    ADJUST_CLOSING = 4,      /* ACCOUNT.CLOSE.PAYOUT */
    ADJUST_GRANT = 5,        /* LOT.ISSUE by policy */
};

enum cover_kind {
    COVER_DEBT = 1,      /* pays what an account owes */
    COVER_SHORTFALL = 2, /* gives back to a retired journal what it had used already */
};

/* Why a branch's loss account is charged. */
enum loss_cause {
    LOSS_RULE = 1,    /* an INVALID event: goods left, and no member was charged */
    LOSS_RECLAIM = 2, /* a retired journal turned out to have used more than it had left */
    LOSS_FORK = 3,    /* a journal had two histories */
};

enum release_why {
    RELEASE_ASKED = 1,
    RELEASE_EXPIRED = 2,
};

enum request_kind {
    REQUEST_REFUND = 1, /* of a sale whose refund rights are at a branch that is away */
};

enum request_outcome {
    REQUEST_DONE = 1,
    REQUEST_REFUSED = 2,
    REQUEST_WITHDRAWN = 3,
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

/* A part of a sale that was paid, or is given back, in another way than from the card. */
struct tender_line {
    uint8_t tender; /* enum tender */
    int64_t amount;
};

/* A lot and how much of it: `cumulative` in RIGHTS.RETURN. */
struct lot_amount {
    struct lot_id lot;
    int64_t amount;
};

/* A place in a journal, with the block that stands there. */
struct journal_tip {
    uint64_t journal;
    uint64_t seq;
    struct digest id;
};

struct bucket_quota {
    uint8_t bucket; /* enum bucket */
    int64_t per_day;
};

struct lifted_freeze {
    struct event_ref freeze;
    struct event_ref unfreeze;
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
            uint32_t branch;
            struct bytes reason;
        } suspend; /* BRANCH.SUSPEND, BRANCH.RESUME */
        struct {
            uint64_t journal;
            uint8_t kind; /* enum retire_kind */
            uint64_t seq;
            struct digest id;
            struct bytes reason;
        } retire;
        struct {
            uint64_t journal;
            uint8_t tip_count;
            struct journal_tip tips[JOURNAL_TIPS_MAX]; /* of that journal */
        } resolve;
        struct {
            uint32_t branch; /* 0 = default for all */
            uint8_t count;
            struct bucket_quota quotas[QUOTAS_MAX];
        } quota;
        struct {
            struct event_ref mint;
        } approve; /* MINT.APPROVE; MINT.RELEASE names its own PENDING mint */
        struct {
            uint8_t tip_count;
            struct journal_tip tips[JOURNAL_TIPS_MAX]; /* rising journal */
            struct digest state;                       /* zeros: not stated */
        } checkpoint;
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
            uint8_t named;         /* 1: the holder's name and id number are required */
            uint8_t order;         /* enum spend_order */
            int64_t balance_cap;   /* of principal, checked at top-up; 0 = none */
            uint32_t bonus_days;   /* bonus ends this many days after issue; 0 = never */
            uint32_t bonus_months; /* or so many months, on the day of the same number, else on the
                                      month's last; 0 = by days */
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
            uint8_t tender_count; /* what else paid for the same sale */
            struct tender_line tenders[TENDERS_MAX];
        } spend;
        struct {
            uint8_t line_count;
            /* lot = the refund lot; after = what of it is left */
            struct lot_line lines[EVENT_LINES_MAX];
            uint32_t to_days[EVENT_LINES_MAX];
            struct event_ref sale; /* always in full: [journal, seq, idx] */
            struct bytes reason;
            uint8_t tender_count; /* given back in another way, with this */
            struct tender_line tenders[TENDERS_MAX];
        } refund;
        struct {
            uint64_t to;
            struct ticket_id request; /* req16: names the pull this serves */
            uint8_t why;              /* enum move_why */
            uint8_t line_count;
            struct lot_line lines[EVENT_LINES_MAX];
            struct event_ref sale; /* refund rights: of this sale; zeros = none */
        } move;
        struct {
            uint8_t lot_count;
            struct lot_terms lots[EVENT_LINES_MAX];
            uint8_t cause;       /* enum adjust_cause */
            uint32_t approver;   /* staff: the second person; 0 = none */
            struct event_ref of; /* what it is about; zeros = none */
            struct bytes reason;
        } issue_lots; /* LOT.ISSUE, ADJUST */
        struct {
            uint8_t line_count;
            struct lot_line lines[EVENT_LINES_MAX];
            uint64_t until_ms;  /* since 1970; the holder releases it by an event after that */
            struct bytes order; /* whose it is, <= ORDER_SIZE_MAX */
        } hold;
        struct {
            struct event_ref hold;
            uint8_t line_count;
            struct lot_amount lines[EVENT_LINES_MAX];
            uint8_t item_count;
            struct sale_item items[SALE_ITEMS_MAX];
        } capture;
        struct {
            struct event_ref hold;
            uint8_t why; /* enum release_why */
        } release;
        struct {
            uint8_t line_count;
            struct lot_line lines[EVENT_LINES_MAX];
        } expire;
        struct {
            struct event_ref of; /* the event that is undone */
            uint8_t line_count;
            struct lot_line lines[EVENT_LINES_MAX];
            int64_t debt; /* what was used already */
            struct bytes reason;
        } clawback;
        struct {
            struct subject_id to; /* account */
            uint8_t line_count;
            struct lot_line lines[EVENT_LINES_MAX];
            struct bytes reason;
        } rebind;
        struct {
            uint8_t line_count;
            struct lot_line lines[EVENT_LINES_MAX];
            uint8_t cause;     /* enum adjust_cause */
            uint32_t approver; /* staff: the second person; 0 = none */
            struct bytes reason;
        } payout;
        struct {
            uint64_t of;   /* retired journal that the office acts for; 0 = own */
            uint64_t from; /* retired giver */
            uint8_t line_count;
            struct lot_amount lines[EVENT_LINES_MAX]; /* cumulative */
        } giveback;                                   /* RIGHTS.RETURN */
        struct {
            uint64_t of;
            uint8_t line_count;
            struct lot_amount lines[EVENT_LINES_MAX];
            struct event_ref sale; /* refund rights: of this sale; zeros = none */
        } reclaim;
        struct {
            uint8_t kind;        /* enum cover_kind */
            uint64_t of;         /* COVER_SHORTFALL: the retired journal */
            struct event_ref at; /* COVER_DEBT: what caused it; zeros = none */
            uint8_t line_count;
            struct lot_line lines[EVENT_LINES_MAX];
        } cover;
        struct {
            struct event_ref spend;
            int64_t debt; /* what covers could not pay */
        } settle;
        struct {
            struct event_ref settle;
        } risk_ack;
        struct {
            uint8_t freeze_count;
            struct event_ref freezes[FREEZE_TOKENS_MAX];
            uint8_t lifted_count;
            struct lifted_freeze lifted[FREEZE_TOKENS_MAX];
        } freeze_ack;
        struct {
            uint64_t issued_ms;
            uint64_t until_ms;
            uint8_t signature[64];
        } lease;
        struct {
            struct bytes headers[2];
            struct bytes signatures[2];
        } fork;
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
        struct {
            struct bytes number; /* CARD_NUMBER_SIZE digits; empty: all cards of the account */
            struct bytes reason;
        } loss;
        struct {
            struct bytes old; /* CARD_NUMBER_SIZE digits: revoked by this */
            struct bytes number;
            uint8_t form; /* enum card_form */
            struct subject_id holder;
        } replace;
        struct {
            uint8_t kind; /* enum request_kind */
            uint64_t to;  /* journal that can carry it out */
            struct event_ref sale;
            int64_t amount;
            struct bytes reason;
        } file;
        struct {
            struct event_ref request;
            uint8_t outcome;       /* enum request_outcome */
            struct event_ref done; /* the event that carried it out; zeros = none */
            struct bytes reason;
            uint64_t of; /* by the office, for this retired journal; 0 = for itself */
        } close;
    } body;
};

enum move_why {
    MOVE_PULLED = 1,  /* a peer asked */
    MOVE_BY_HAND = 2, /* a manager moved rights */
    MOVE_SPREAD = 3,  /* distribution policy */
    MOVE_HOME = 4,    /* the account was frozen here: its rights go home */
    MOVE_COVER = 5,   /* to the office, for a debt or a shortfall */
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
    EVENT_PENDING = 1, /* minted above the day's quota: counts once the authority approves */
    EVENT_UNKNOWN = 2, /* a type newer than this node; judged after the upgrade */
    EVENT_INVALID = 3,
};

/* What people should know about a VALID event; bits, stable. No verdict depends on them. */
enum event_remark {
    REMARK_LEASE = 1, /* written after the branch's lease had ended */
};

/* Why an event is INVALID; stable numbers. */
enum invalid_reason {
    INVALID_NONE = 0,
    INVALID_MALFORMED = 1,
    INVALID_BAD_AMOUNT = 2,
    INVALID_NO_ROLE = 3,
    INVALID_NOT_ACTIVE = 4,
    INVALID_NOT_RETIRED = 5,
    INVALID_NOT_COVERED = 6,
    INVALID_WRONG_ACCOUNT = 7,
    INVALID_LOT_TIME = 8,
    INVALID_SELF_MOVE = 9,
    INVALID_OVER_ACCEPT = 10,
    INVALID_OVER_WITNESS = 11,
    INVALID_EXPOSED = 12,
    INVALID_RISK_CAP = 13,
    INVALID_RISK_GUARD = 14,
    INVALID_BAD_REF = 15,
    INVALID_FROZEN = 16,
    INVALID_OVER_QUOTA = 17,   /* PENDING, the only curable one */
    INVALID_WRONG_NUMBER = 18, /* a card number outside the writer's own range */
};

#endif
