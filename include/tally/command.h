/* What may be asked of a node, and the answers.
 *
 * A command is a wish: it may be refused, once, with a verdict. A query changes nothing. Both
 * travel as `struct request` from whoever speaks to people (node/api) to the node and come back as
 * `struct answer`. Texts in a request are borrowed until it is answered.
 */
#ifndef TALLY_COMMAND_H
#define TALLY_COMMAND_H

#include "tally/bounds.h"
#include "tally/bytes.h"
#include "tally/event.h"
#include "tally/id.h"
#include "tally/limit_view.h"
#include "tally/lot_view.h"

enum command_kind {
    /* commands: need a ticket */
    COMMAND_ENROL = 1,  /* a new member */
    COMMAND_ISSUE_CARD, /* opens an account of a product for a member, with its first card */
    COMMAND_TOP_UP,
    COMMAND_SPEND,
    COMMAND_HOLD,    /* sets value aside for an order */
    COMMAND_CAPTURE, /* an order is paid with what was set aside for it, or with a part */
    COMMAND_RELEASE, /* what was set aside for an order is free again */
    COMMAND_REFUND,  /* of a sale, wherever it was made */
    COMMAND_FREEZE,
    COMMAND_UNFREEZE,
    COMMAND_REPORT_LOSS,     /* of a card: it never works again, and its account is frozen */
    COMMAND_REPLACE_CARD,    /* another card for the account; lifts the freezes of the loss */
    COMMAND_MOVE,            /* rights of an account from this branch to another, by hand */
    COMMAND_PUBLISH_PRODUCT, /* office */
    COMMAND_INVITE,          /* office: reserves a branch number and makes a one-time token */
    COMMAND_TRANSFER,        /* value from one account of a member to another */
    COMMAND_FILE_REQUEST,    /* a refund that only another branch can make, when it is back */
    COMMAND_SET_RISK,        /* office: the caps of the risk allowance; 0 = off */
    COMMAND_SET_EXPIRY,      /* office: days of grace after a lot's last one */
    COMMAND_SET_LIMITS,      /* office: what a branch may do on its own word, and for how long */
    COMMAND_SET_QUOTA,       /* office: what a branch may mint on one day */
    COMMAND_APPROVE_MINT,    /* office: a mint above the quota comes to count */
    COMMAND_SUSPEND,         /* office: nobody moves rights to the branch; or: again they do */
    COMMAND_RETIRE,          /* office: from here on it acts for the branch's journal */
    /* queries */
    QUERY_MEMBER,
    QUERY_ACCOUNT,
    QUERY_HISTORY,
    QUERY_LOTS,     /* all lots that an account ever had, and what became of them */
    QUERY_SALE,     /* what of a sale is refundable */
    QUERY_HOLD,     /* one hold, and what became of it */
    QUERY_HOLDS,    /* of an account, those that are open */
    QUERY_TICKET,   /* what became of an idempotency key of this till */
    QUERY_NODE,     /* this node: head, digest, counters */
    QUERY_BRANCHES, /* every journal known, its frontier, who is connected */
    QUERY_PRODUCTS,
    QUERY_DAYS,      /* top-ups, sales, refunds by branch and day */
    QUERY_LIABILITY, /* outstanding principal and bonus by product */
    QUERY_EXPIRED,   /* what was burned after its end, and what has ended and was not burned yet */
    QUERY_HOLDERS,   /* rights by journal */
    QUERY_FEED,      /* admitted events in admission order */
    QUERY_BLOCKS,    /* the blocks themselves, as they are signed, in the same order */
    QUERY_INVALID,   /* INVALID events and the branch that each is charged to */
    QUERY_EXPOSURE,  /* of an account: who has heard of its freezes, and what others may still spend
                      */
    QUERY_CHAIN_EXPOSURE, /* what each branch may still spend, whatever happens elsewhere */
    QUERY_REQUESTS,       /* wishes filed for another journal, and what became of them */
    QUERY_RISK,           /* the risk allowance: caps, what is open, what can be lost at most */
    QUERY_LIMITS,         /* of all and of each branch */
    QUERY_QUOTAS,         /* of each branch, what it minted today, and what waits */
    QUERY_MINTS,          /* mints that wait for the office, or for their branch */
    COMMAND_KIND_COUNT,
};

static inline bool command_is_query(enum command_kind kind)
{
    return kind >= QUERY_MEMBER;
}

/* The answer of the rules. Everything but VERDICT_ALLOWED is a refusal; names are in proto/names.
 */
enum verdict {
    VERDICT_ALLOWED = 0,
    REFUSED_AMOUNT, /* zero, negative, or above AMOUNT_MAX */
    REFUSED_UNKNOWN_CARD,
    REFUSED_UNKNOWN_ACCOUNT,
    REFUSED_UNKNOWN_MEMBER,
    REFUSED_UNKNOWN_PRODUCT,
    REFUSED_UNKNOWN_SALE,
    REFUSED_UNKNOWN_HOLD,
    REFUSED_UNKNOWN_BRANCH,
    REFUSED_UNKNOWN_KEY,  /* QUERY_TICKET: this till never used that key here */
    REFUSED_REVOKED_CARD, /* reported lost, or replaced */
    REFUSED_FROZEN,
    REFUSED_NEWER_FACT, /* a fact about the account that this version does not understand */
    REFUSED_NOT_FROZEN,
    REFUSED_BALANCE,        /* the whole chain, as seen here, holds less: answer.balance */
    REFUSED_RIGHTS,         /* it is there, but not here and not reachable now: answer.offer */
    REFUSED_REFUNDABLE,     /* more than the sale still has refundable: answer.limit */
    REFUSED_OTHER_BRANCH,   /* the right to refund the sale is at a branch that is away */
    REFUSED_HOLD_UNTIL,     /* a hold until a time that is over, or too far ahead */
    REFUSED_HOLD_AMOUNT,    /* more than the hold set aside: answer.limit */
    REFUSED_HOLD_ELSEWHERE, /* another branch placed the hold: answer.branch */
    REFUSED_HOLD_ENDED,     /* it was captured, released, has lapsed, or its branch was retired */
    REFUSED_HOLD_OVER,      /* its time is over: it lapses */
    REFUSED_CAP,            /* the product's limit on the balance: answer.limit is the headroom */
    REFUSED_LOTS,           /* the account has SHEET_LOTS_MAX parcels of value already */
    REFUSED_MISSING_FIELD,  /* answer.field is missing */
    REFUSED_FIELD,          /* answer.field is not acceptable */
    REFUSED_NUMBERS,        /* this journal's card numbers are used up */
    REFUSED_SELF,           /* a move to this branch itself */
    REFUSED_CURRENCY,       /* not the account's currency */
    REFUSED_ROLE,           /* this node's role does not include it */
    REFUSED_VERSION,        /* a product version that is not the next one */
    REFUSED_OTHER_MEMBER,   /* a transfer to another member's account */
    REFUSED_OTHER_PRODUCT,  /* a transfer to an account of another product */
    REFUSED_STILL_WRITES,   /* the branch's journal was not retired yet */
    REFUSED_AWAY,           /* the branch is not connected */
    REFUSED_NOT_FORKED,     /* the branch's journal has one history */
    REFUSED_ENDED,          /* the branch's journal was retired, and in another way */
    REFUSED_KEY_REUSED,     /* the same idempotency key with another request */
    REFUSED_UNWITNESSED,  /* rights from a branch that the office has not confirmed: answer.limit */
    REFUSED_QUOTA,        /* the branch has minted what it may on a day */
    REFUSED_SUSPENDED,    /* rights for a branch that is suspended */
    REFUSED_UNKNOWN_MINT, /* nothing above a quota is known by that reference */
    /* refusals that are not stored: the same key may be tried again */
    REFUSED_BUSY,
    REFUSED_SPACE,     /* the disk is nearly full */
    REFUSED_READ_ONLY, /* this node must not extend its journal: see /readyz */
    REFUSED_LEASE,     /* no word from the office for longer than its lease */
    REFUSED_RETIRED,   /* the authority retired this node's journal: enrol the branch again */
    VERDICT_COUNT,
};

static inline bool verdict_is_stored(enum verdict verdict)
{
    return verdict < REFUSED_BUSY;
}

struct member_text {
    uint8_t field; /* enum member_field */
    struct bytes text;
};

/* Names an account directly (account set) or by card number (size CARD_NUMBER_SIZE). */
struct account_name {
    struct subject_id account; /* zeros: use the card */
    struct bytes card;
};

struct page;

struct request {
    uint64_t number; /* the host's; comes back with the answer */
    enum command_kind kind;
    uint32_t till;
    uint32_t staff;
    struct ticket_id ticket;  /* commands: hash_ticket of the key */
    uint8_t request_hash[16]; /* commands: of everything asked; same key, other hash: refused */
    struct page *page;        /* queries with rows: filled by the node, owned by the asker */
    uint32_t page_limit;      /* 1 to PAGE_ENTRIES_MAX */
    struct bytes cursor;      /* from the page before, or empty */
    union {
        struct {
            uint32_t field_count;
            struct member_text fields[MEMBER_FIELDS_MAX];
        } enrol;
        struct {
            struct subject_id member;
            uint32_t product;
            uint8_t form; /* enum card_form */
        } issue;
        struct {
            struct account_name account;
            int64_t amount;
            struct bytes currency; /* empty: the account's */
            uint8_t tender;
        } top_up;
        struct {
            struct account_name account;
            int64_t amount;
            struct bytes currency;
            uint32_t item_count;
            struct sale_item items[SALE_ITEMS_MAX];
            uint32_t wait_ms;      /* how long to wait for rights from peers; 0 = the default 800 */
            uint32_t tender_count; /* what else pays for the same sale, in the order of use */
            struct tender_line tenders[TENDERS_MAX];
            /* a hold, which has neither items nor other tenders */
            uint64_t until_ms;  /* since 1970 */
            struct bytes order; /* what for; may be empty */
        } spend;
        struct {
            struct event_ref hold;
            int64_t amount;
            uint32_t item_count;
            struct sale_item items[SALE_ITEMS_MAX];
        } capture; /* of a release and of QUERY_HOLD the hold alone */
        struct {
            struct event_ref sale;
            int64_t amount; /* in all: to the card and in other tenders */
            struct bytes reason;
            uint32_t wait_ms;
            bool by_tender; /* these tenders, and the rest to the card; else what was used last
                               goes back first */
            uint32_t tender_count;
            struct tender_line tenders[TENDERS_MAX];
        } refund;
        struct {
            struct event_ref sale;
            int64_t amount;
            struct bytes reason;
        } file;
        struct {
            struct account_name from;
            struct account_name to;
            int64_t amount;
            struct bytes currency;
            struct bytes reason;
            uint32_t wait_ms;
        } transfer;
        struct {
            struct account_name account;
            uint8_t kind; /* enum freeze_kind */
            struct bytes reason;
        } freeze; /* and unfreeze, and a loss */
        struct {
            struct bytes card; /* the old one */
            uint8_t form;      /* enum card_form */
            uint8_t keep_frozen;
        } replace;
        struct {
            struct account_name account;
            uint32_t branch;
            int64_t amount;
        } move;
        struct {
            uint32_t product; /* 0 = a new one */
            uint32_t version; /* 0 = the next */
            struct bytes name;
            struct bytes currency;
            uint8_t named;
            uint8_t order;
            int64_t balance_cap;
            uint32_t bonus_days;
            uint32_t bonus_months;
            uint8_t step_count;
            struct bonus_step steps[BONUS_STEPS_MAX];
        } product;
        struct {
            struct bytes name;
            uint32_t hours;  /* until the token ends */
            uint32_t branch; /* 0 = a new one; else a new journal for this retired branch */
        } invite;
        struct {
            uint32_t only;   /* branch number; 0 = the default of all */
            int64_t account; /* caps: of one account at one branch */
            int64_t branch;  /* and of all of a branch's */
        } risk;
        struct {
            int64_t grace; /* days; 0 = burned on the day after the last one */
        } expiry;
        struct {
            uint32_t branch; /* 0 = the default of all */
            uint32_t given;  /* bits 1 << enum limit_kind; at least one */
            int64_t values[LIMIT_KIND_COUNT];
        } limits;
        struct {
            uint32_t branch; /* 0 = the default of all */
            uint8_t bucket;  /* enum bucket: principal or bonus */
            int64_t per_day;
        } quota;
        struct {
            struct event_ref mint;
        } approve;
        struct {
            uint32_t branch;
            bool resume;
            struct bytes reason;
        } suspend;
        struct {
            uint32_t branch;
            uint8_t kind; /* enum retire_kind */
            struct bytes reason;
        } retire;
        struct { /* exactly one of these is set */
            struct subject_id member;
            struct bytes card;
            struct bytes phone;
        } member;
        struct {
            struct account_name account;
        } account;
        struct {
            struct account_name account;
            int64_t from_ms; /* 0 = open */
            int64_t to_ms;
            uint16_t type;   /* enum event_type, 0 = all */
            uint32_t branch; /* 0 = all */
        } history;
        struct {
            struct event_ref sale;
        } sale;
        struct {
            uint32_t from_day;
            uint32_t to_day; /* 0 = open */
            uint32_t branch; /* 0 = all */
        } days;
        struct {
            uint64_t after; /* position; 0 = from the start */
        } feed;             /* and blocks */
        struct {
            bool open; /* only those that nobody has answered */
        } requests;
    } body;
};

/* What a node says. Fixed size, so that an answer can be stored and repeated. */
struct answer {
    enum command_kind kind;
    enum verdict verdict;
    bool unknown;  /* the outcome is not known: repeat the same key; nothing else here counts */
    bool replayed; /* the stored answer of an earlier call with this key */
    bool pending;  /* recorded, and counts once the office approves it */
    struct event_ref event; /* the fact that was written; journal 0 = none */
    int64_t at_ms;          /* its time */
    struct subject_id account;
    struct subject_id member;
    uint8_t card[CARD_NUMBER_SIZE]; /* digits; zeros = none */
    uint8_t currency[CURRENCY_SIZE];
    int64_t principal; /* of this operation */
    int64_t bonus;
    int64_t uncovered;   /* of a sale: without cover, under the risk allowance */
    int64_t balance;     /* after it, whole chain, principal and bonus, as seen here */
    int64_t usable_here; /* after it */
    int64_t on_hold;     /* after it, of the balance: set aside for orders, at all branches */
    int64_t offer;       /* refused for rights: what this branch could take now */
    int64_t limit;       /* see the verdict; of a hold that was placed: until when, ms since 1970 */
    uint8_t field;       /* see the verdict; enum member_field */
    uint32_t product;
    uint32_t version;
    uint32_t branch;         /* invite: the number reserved */
    uint64_t pulled_ms;      /* how long the till waited for rights from peers */
    struct subject_id other; /* transfer: the account that received */
    uint32_t tender_count;   /* refund: what to hand out in other ways than to the card */
    struct tender_line tenders[TENDERS_MAX];
    /* invite: the token, INVITATION_TEXT_SIZE_MAX; not stored, a repeat makes it again */
    uint16_t token_size;
    uint8_t token[512];
    const struct page *page; /* queries: the request's page, filled */
};

/* All amounts in minor units. */
struct account_view {
    struct subject_id account;
    struct subject_id member;
    uint32_t product;
    uint32_t version;
    uint8_t product_name[NAME_SIZE_MAX];
    uint32_t product_name_size;
    uint8_t currency[CURRENCY_SIZE];
    uint32_t home_branch;
    uint32_t frozen; /* live freeze tokens */
    uint32_t card_count;
    uint8_t cards[8][CARD_NUMBER_SIZE];
    int64_t principal; /* of all lots, whole chain */
    int64_t bonus;
    int64_t owed; /* sold without cover and not covered yet: the balance is principal + bonus - owed
                   */
    int64_t made_good;   /* of the balance: was used already, at branches written off since */
    int64_t usable_here; /* held here or on its way here, valid today */
    int64_t on_hold;     /* set aside for orders, at whatever branch: neither here nor elsewhere */
    int64_t elsewhere;   /* held by others, or in flight between others */
    uint32_t today;      /* by this node's clock, in the organisation's zone */
    int64_t ended;       /* of the balance: of lots whose last day is over */
    uint32_t lot_count;
    bool more_lots; /* there are lots beyond those listed */
    struct lot_view lots[SHEET_LOTS_MAX];
    uint32_t silent_branches; /* journals not heard from for over a minute */
    int64_t as_of_ms;         /* everything known is at least this fresh: the oldest of them */
};

struct member_view {
    struct subject_id member;
    uint32_t home_branch;
    uint32_t field_count;
    struct {
        uint8_t field;
        bool locked; /* this node has no key for it */
        uint32_t size;
        uint8_t text[FIELD_SIZE_MAX];
    } fields[MEMBER_FIELDS_MAX];
    uint32_t account_count;
    struct subject_id accounts[8];
};

struct history_entry {
    struct event_ref event;
    int64_t at_ms;
    uint16_t type; /* enum event_type */
    uint8_t verdict;
    uint8_t reason; /* enum invalid_reason */
    uint8_t tender;
    uint32_t till;
    uint32_t staff;
    int64_t principal; /* change of the member's balance: minus for a spend */
    int64_t bonus;
    int64_t balance_after; /* in this listing's order, newest first */
    bool after_loss;       /* a spend after a loss was reported, where that was not known */
    bool balance_known;    /* false when a filter hides what lies between */
    struct event_ref sale; /* refunds: what was refunded; captures and releases: the hold */
    uint64_t to_journal;   /* moves and accepts: the other side */
    int64_t moved;         /* moves and accepts: how much; holds and releases: so much was set
                              aside, or is free again */
    int64_t uncovered;     /* change of the balance by what was sold without cover: minus for such a
                              sale, plus when a cover pays it out of the lots */
    struct ticket_id ticket;
    struct subject_id other; /* transfers: the other account; zeros = none */
};

struct sale_view {
    struct event_ref event;
    struct subject_id account;
    int64_t at_ms;
    uint32_t line_count;
    struct {
        struct lot_id lot;
        uint8_t bucket; /* 0: paid in another tender */
        uint8_t tender; /* enum tender, of another tender */
        int64_t spent;
        int64_t refunded;
        int64_t here; /* that this node may refund now */
    } lines[EVENT_LINES_MAX];
    uint32_t item_count; /* what was sold, as the till named it */
    struct {
        uint8_t name[ITEM_NAME_SIZE_MAX];
        uint32_t name_size;
        uint32_t quantity;
        int64_t list;    /* price by the list, all pieces */
        int64_t charged; /* what was charged */
    } items[SALE_ITEMS_MAX];
};

/* What was set aside for an order, and what became of it. */
struct hold_view {
    struct event_ref hold;
    struct subject_id account;
    int64_t at_ms;
    int64_t until_ms;
    uint32_t till;
    uint32_t staff;
    uint32_t order_size;
    uint8_t order[ORDER_SIZE_MAX];
    uint8_t state;       /* 1 open, 2 captured, 3 released, 4 lapsed */
    bool is_void;        /* open, and its branch's journal was retired: nobody can capture it */
    int64_t held[2];     /* principal, bonus */
    int64_t captured[2]; /* of it */
    int64_t ended_ms;
    struct event_ref ended; /* what captured (then it is the sale) or released it */
};

/* A request filed for another journal, and what became of it. */
struct request_view {
    struct event_ref event;
    int64_t at_ms;
    struct subject_id account;
    uint8_t kind; /* enum request_kind */
    uint64_t to;
    struct event_ref sale;
    int64_t amount;
    uint32_t staff;
    uint32_t reason_size;
    uint8_t reason[REASON_SIZE_MAX];
    uint8_t outcome; /* enum request_outcome; 0 = open */
    int64_t closed_ms;
    struct event_ref done; /* what carried it out */
    uint32_t answer_size;
    uint8_t answer[REASON_SIZE_MAX]; /* why not: a verdict's name */
};

struct journal_view {
    uint64_t journal;
    uint8_t name[NAME_SIZE_MAX];
    uint32_t name_size;
    uint16_t roles;
    bool suspended; /* nobody moves rights to it, it gets no lease */
    uint8_t endpoint[ENDPOINT_SIZE_MAX];
    uint32_t endpoint_size;
    uint64_t seq; /* frontier: last block held, none missing below */
    struct digest id;
    int64_t at_ms;          /* time of that block */
    bool connected;         /* a session with its node is up */
    int64_t heard_ms;       /* since a session with it was last alive; -1 = never since start */
    bool frozen;            /* a fork was proved */
    uint8_t retired;        /* enum retire_kind; 0 = it may write */
    bool forked;            /* it had two histories, and this one stands */
    uint64_t retired_seq;   /* the last block known when it was retired; later ones are late */
    int64_t left_principal; /* what a retired journal holds that is not reclaimed yet */
    int64_t left_bonus;
    int64_t made_good;  /* what it had used besides: borne by the branch's loss account */
    uint64_t their_seq; /* own journal as that peer last said it holds (0 = unknown) */
};

/* A journal of which nothing more is taken: it has two histories, here is the proof. */
struct quarantine_view {
    uint64_t journal;
    uint64_t seq;         /* both blocks stand at this number */
    struct digest ids[2]; /* the first is the one that is held here, if the node found it itself */
    int64_t seen_ms;
    uint64_t told_by; /* journal of the node that it came from; 0 = not known */
};
enum { QUARANTINE_SHOWN_MAX = 8 };

struct node_view {
    uint64_t journal;
    uint8_t name[NAME_SIZE_MAX];
    uint32_t name_size;
    uint8_t organisation[NAME_SIZE_MAX];
    uint32_t organisation_size;
    int32_t zone_minutes;
    uint8_t currency[CURRENCY_SIZE];
    struct digest network;
    uint16_t roles;
    uint64_t head_seq;
    struct digest head_id;
    uint64_t auth_seq;
    struct digest auth_id;   /* of that block of the authority */
    uint64_t auth_epoch;     /* which of its keys signs */
    uint32_t auth_until_day; /* until when that key is meant to; 0 = no end */
    struct digest frontier;  /* digest over (journal, seq, id) of all */
    struct digest state;     /* digest over the replicated rows */
    uint64_t events;         /* admitted */
    uint64_t blocks;
    uint64_t unreplicated;   /* own blocks that no peer has shown yet */
    int64_t unreplicated_ms; /* age of the oldest */
    uint32_t peers;          /* sessions up */
    uint32_t parked;
    uint64_t pulls_asked;
    uint64_t pulls_served;
    uint64_t spread_moves; /* by distribution, since the start */
    struct {
        uint8_t mode; /* 0 off, 1 by shares, 2 by visits */
        int64_t second_percent;
        int64_t second_max;
        int64_t vault_percent;
        int64_t threshold;
        int64_t account_max;
        int64_t branch_max;
    } spread; /* the terms of distribution, at this branch (node/rules/spread.h) */
    uint64_t alarms;
    uint64_t divergences; /* of the alarms: an event states another remainder than is known here */
    struct trust_view trust;
    uint64_t invalid_events;
    uint64_t unknown_events; /* kept until a version runs here that knows their types */
    uint32_t quarantine_count;
    struct quarantine_view quarantined[QUARANTINE_SHOWN_MAX];
    bool read_only;
    bool retired;  /* the own journal was: enrol the branch again */
    bool settling; /* the office: what retired journals left is being taken over */
    bool synced;   /* authority known and every connected peer's tips reached */
};

struct product_view {
    uint32_t product;
    uint32_t version;
    uint32_t name_size;
    uint8_t name[NAME_SIZE_MAX];
    uint8_t currency[CURRENCY_SIZE];
    uint8_t named;
    uint8_t order;
    int64_t balance_cap;
    uint32_t bonus_days;
    uint32_t bonus_months;
    uint8_t step_count;
    struct bonus_step steps[BONUS_STEPS_MAX];
};

/* One branch, one day. The day is the branch's own (block header). */
struct day_entry {
    uint32_t branch;
    uint32_t day;
    int64_t topups;
    int64_t topup_principal;
    int64_t topup_bonus;
    int64_t sales;
    int64_t sale_principal;
    int64_t sale_bonus;
    int64_t sale_uncovered; /* sold without cover under the risk allowance */
    int64_t refunds;
    int64_t refund_principal;
    int64_t refund_bonus;
};

/* issued + refunded + made good = spent + expired + left; left = held + in flight. Per product and
 * bucket. */
struct liability_entry {
    uint32_t product;
    uint8_t bucket;
    int64_t issued;
    int64_t spent;
    int64_t refunded;
    int64_t held;
    int64_t in_flight;
    int64_t made_good;
    int64_t expired; /* burned after its end */
};

struct holder_entry {
    uint64_t journal;
    int64_t principal;
    int64_t bonus;
};

struct feed_entry {
    uint64_t position; /* of its block in this node's order of admission */
    struct event_ref event;
    int64_t at_ms;
    uint32_t day;
    uint16_t type;
    uint8_t verdict;
    uint8_t reason;
    struct subject_id subject;
    struct ticket_id ticket;
    uint32_t till;
    uint32_t staff;
    int64_t principal; /* positive amounts, by type */
    int64_t bonus;
    int64_t uncovered; /* a sale: its part without cover */
};

/* Blocks one after another, each with its size before it (4 bytes, big-endian). */
struct blocks_page {
    uint64_t last; /* position of the last one */
    bool more;
    struct digest state; /* over the replicated rows of this moment, of which `last` is the end
                            unless there are more */
    uint32_t size;
    uint8_t bytes[FRAME_SIZE_MAX];
    uint32_t manifest_size; /* of the network: names the root that vouches for the first block */
    uint8_t manifest[512];
};

struct invalid_entry {
    struct event_ref event;
    uint16_t type;
    uint8_t reason;
    int64_t amount; /* charged to the branch's loss account */
};

/* Rows of a query's answer. `cursor` continues, when `more`. */
struct page {
    uint32_t count;
    bool more;
    uint32_t cursor_size;
    uint8_t cursor[96];
    uint32_t silent_branches; /* journals not heard from for over a minute */
    int64_t as_of_ms;
    struct digest frontier; /* digest of the frontier these rows speak for */
    union {
        struct account_view account;
        struct member_view member;
        struct sale_view sale;
        struct node_view node;
        struct history_entry history[PAGE_ENTRIES_MAX];
        struct journal_view journals[PAGE_ENTRIES_MAX];
        struct product_view products[PAGE_ENTRIES_MAX];
        struct day_entry days[PAGE_ENTRIES_MAX];
        struct liability_entry liability[PAGE_ENTRIES_MAX];
        struct holder_entry holders[PAGE_ENTRIES_MAX];
        struct feed_entry feed[PAGE_ENTRIES_MAX];
        struct blocks_page blocks;
        struct invalid_entry invalid[PAGE_ENTRIES_MAX];
        struct {
            uint32_t freezes; /* live */
            uint32_t branches;
            uint32_t acknowledged;
            int64_t spendable; /* at most, by those that have not acknowledged, and what the others
                                  have set aside for orders */
            uint32_t entry_count;
            int64_t room; /* of it: what may be sold beyond rights, under the risk allowance */
            struct exposure_entry entries[PAGE_ENTRIES_MAX];
        } exposure;
        struct request_view requests[PAGE_ENTRIES_MAX];
        struct hold_view holds[PAGE_ENTRIES_MAX];
        struct lot_entry lots[PAGE_ENTRIES_MAX]; /* what ends first, first */
        struct risk_page risk;
        struct limits_page limits;
        struct quotas_page quotas;
        struct mint_entry mints[PAGE_ENTRIES_MAX];
        struct {
            int64_t grace;  /* days */
            uint32_t today; /* the authority's: what ended before it has ended */
            int64_t burned; /* of all, also beyond the page */
            int64_t unburned;
            int64_t coming;
            struct expired_entry entries[PAGE_ENTRIES_MAX];
        } expired;
    } rows;
};

#endif
