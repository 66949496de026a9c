/* What the rows say: one struct a table, packed as msgpack arrays of numbers, bins and strings.
 * Rows are derived from blocks; a new version may write them differently (row M says which form).
 * Each `_load` returns false, with a zeroed record, when there is no such row. Loads see decisions
 * not committed yet unless the name says committed. */
#ifndef RECORD_H
#define RECORD_H

#include "frontier.h"
#include "registers.h"
#include "row_key.h"
#include "rows.h"
#include "sheet.h"
#include "tally/command.h"
#include "tally/event.h"

#include "usage.h"

struct terms_record {
    struct subject_id account;
    uint8_t bucket;
    uint32_t from_day;
    uint32_t to_day;
    uint32_t product;
    struct event_ref issued;
};

struct grant_record {
    struct grant grant;
    uint32_t steps; /* rows in TABLE_GRANT_STEP: 1..steps */
};

struct grant_step {
    uint64_t seq;
    int64_t granted; /* after the move at seq */
};

struct dep_record {
    uint64_t seq;
    struct digest id;
};

struct sale_record {
    struct subject_id account;
    struct digest leaf;
    uint32_t to_day; /* last day of its refund rights; 0 = no end */
    /* What the card paid, lot by lot, then what was paid in other tenders. */
    uint8_t line_count;
    struct {
        struct lot_id lot; /* zeros: another tender */
        uint8_t bucket;    /* 0: another tender */
        uint8_t tender;    /* enum tender, of another tender */
        struct event_ref issued;
        int64_t spent;
        int64_t refunded; /* by all journals */
    } lines[EVENT_LINES_MAX];
};

enum hold_state {
    HOLD_OPEN = 1,
    HOLD_CAPTURED = 2,
    HOLD_RELEASED = 3, /* somebody asked for it */
    HOLD_LAPSED = 4,   /* its time was over, and the holder said so */
};

/* What was set aside for an order (SPEND.HOLD), and what became of it. */
struct hold_record {
    struct subject_id account;
    uint64_t hlc; /* of its block */
    uint64_t until_ms;
    uint32_t till;
    uint32_t staff;
    uint8_t state; /* enum hold_state */
    uint64_t ended_hlc;
    struct event_ref ended; /* the SPEND.CAPTURE or SPEND.RELEASE that ended it */
    uint32_t order_size;
    uint8_t order[ORDER_SIZE_MAX];
    uint8_t line_count;
    struct {
        struct lot_id lot;
        uint8_t bucket;
        struct event_ref issued;
        uint32_t to_day;
        int64_t amount;
        int64_t captured;
    } lines[EVENT_LINES_MAX];
};

/* A wish filed for another journal to carry out (REQUEST.FILE), and what became of it. */
struct wish_record {
    struct subject_id account;
    uint8_t kind; /* enum request_kind */
    uint64_t hlc; /* of the block that filed it */
    uint32_t staff;
    struct event_ref sale;
    int64_t amount;
    uint32_t reason_size;
    uint8_t reason[REASON_SIZE_MAX];
    uint8_t outcome; /* enum request_outcome; 0 = open */
    uint64_t closed_hlc;
    struct event_ref done; /* what carried it out */
    uint32_t answer_size;
    uint8_t answer[REASON_SIZE_MAX]; /* why not */
    /* Said by the office, for a retired journal: stands apart, so that no verdict about a late
     * answer of that journal depends on it (L4). Its own answer goes before. */
    uint8_t office_outcome;
    struct event_ref office_done;
};

struct account_record {
    bool opened;
    struct subject_id member;
    uint32_t product;
    uint32_t version;
    uint32_t home_branch;
    struct event_ref opened_by;
    uint8_t card_count;
    uint8_t cards[8][CARD_NUMBER_SIZE];
};

struct member_record {
    bool enrolled;
    uint32_t home_branch;
    uint32_t account_count;
    struct subject_id accounts[8];
};

struct field_record {
    uint64_t hlc; /* of the block that wrote it: the later write stands */
    uint64_t journal;
    uint16_t event_type;
    uint8_t class_number;
    uint32_t key_number;
    struct bytes box; /* borrows from the caller's scratch */
};

struct card_record {
    struct subject_id account;
    struct subject_id holder;
    struct event_ref issued_by;
    uint8_t number[CARD_NUMBER_SIZE];
    uint8_t replaces[CARD_NUMBER_SIZE]; /* the card whose place it took; zeros = none */
};

struct invitation_record {
    uint64_t journal;
    uint8_t secret[32];
    uint64_t until_ms;
    uint8_t used_by[32]; /* public key of who joined; zeros = open */
    uint32_t name_size;
    uint8_t name[NAME_SIZE_MAX];
};

struct holder_record {
    int64_t principal;
    int64_t bonus;
};

struct counters_record {
    struct digest digest;
    uint64_t events;
    uint64_t blocks;
    uint64_t invalid;
    uint64_t unknown; /* events that wait for a version that knows their type */
};

bool terms_load(struct rows *rows, const struct lot_id *lot, struct terms_record *terms);
void terms_save(struct rows *rows, const struct lot_id *lot, const struct terms_record *terms);

bool registers_load(struct rows *rows, const struct row_key *key, struct registers *registers);
void registers_save(struct rows *rows, const struct row_key *key,
                    const struct registers *registers);

bool grant_load(struct rows *rows, const struct row_key *key, struct grant_record *record);
void grant_save(struct rows *rows, const struct row_key *key, const struct grant_record *record);
bool grant_step_load(struct rows *rows, const struct row_key *key, struct grant_step *step);
void grant_step_save(struct rows *rows, const struct row_key *key, const struct grant_step *step);

bool dep_load(struct rows *rows, uint64_t journal, uint64_t from, struct dep_record *dep);
void dep_save(struct rows *rows, uint64_t journal, uint64_t from, const struct dep_record *dep);

bool sale_load(struct rows *rows, struct event_ref sale, struct sale_record *record);
void sale_save(struct rows *rows, struct event_ref sale, const struct sale_record *record);

bool hold_load(struct rows *rows, struct event_ref hold, struct hold_record *record);
bool hold_decode(struct bytes value, struct hold_record *record);
/* And keeps its two indexes: it stands there while it is open. */
void hold_save(struct rows *rows, struct event_ref hold, const struct hold_record *record);

/* Under the journal that is to carry it out. */
bool wish_load(struct rows *rows, uint64_t to, struct event_ref request,
               struct wish_record *record);
void wish_save(struct rows *rows, uint64_t to, struct event_ref request,
               const struct wish_record *record);
/* The index of those that are open. */
void wish_list(struct rows *rows, uint64_t to, struct event_ref request, bool open);
bool wish_decode(struct bytes value, struct wish_record *record);

bool sheet_load(struct rows *rows, const struct subject_id *account, struct sheet *sheet);
bool sheet_load_committed(struct rows *rows, const struct subject_id *account, struct sheet *sheet);
void sheet_save(struct rows *rows, const struct subject_id *account, const struct sheet *sheet);

/* Lots with value left that a full sheet does not list, one row each. */
bool spare_load(struct rows *rows, const struct subject_id *account, const struct lot_id *id,
                struct sheet_lot *lot);
bool spare_decode(struct bytes value, struct sheet_lot *lot);
void spare_save(struct rows *rows, const struct subject_id *account, const struct sheet_lot *lot);
void spare_erase(struct rows *rows, const struct subject_id *account, const struct lot_id *id);

bool account_load(struct rows *rows, const struct subject_id *account,
                  struct account_record *record);
void account_save(struct rows *rows, const struct subject_id *account,
                  const struct account_record *record);

bool member_load(struct rows *rows, const struct subject_id *member, struct member_record *record);
void member_save(struct rows *rows, const struct subject_id *member,
                 const struct member_record *record);

/* `scratch` (SEALED_SIZE_MAX + 64 or more) holds the box. */
bool field_load(struct rows *rows, const struct subject_id *member, uint8_t field,
                struct buffer *scratch, struct field_record *record);
void field_save(struct rows *rows, const struct subject_id *member, uint8_t field,
                const struct field_record *record);

bool card_load(struct rows *rows, struct bytes number, struct card_record *record);
void card_save(struct rows *rows, struct bytes number, const struct card_record *record);

/* A freeze, by its place: what is known of it. */
struct freeze_record {
    bool seen;
    bool lifted;
    uint8_t kind;        /* enum freeze_kind */
    uint64_t hlc;        /* of its block */
    uint64_t lifted_hlc; /* the earliest unfreeze that names it; 0 = none */
};
bool freeze_load(struct rows *rows, const struct subject_id *account, struct event_ref token,
                 struct freeze_record *record);
bool freeze_decode(struct bytes value, struct freeze_record *record);
void freeze_save(struct rows *rows, const struct subject_id *account, struct event_ref token,
                 const struct freeze_record *record);

/* A card that never works again. */
struct revocation {
    bool lost;
    uint64_t hlc; /* of the earliest CARD.REPLACE; 0 = none */
    uint64_t journal;
    uint8_t by[CARD_NUMBER_SIZE]; /* the card that took its place */
};
bool revocation_load(struct rows *rows, struct bytes number, struct revocation *record);
void revocation_save(struct rows *rows, struct bytes number, const struct revocation *record);

/* Money (minor units, both buckets) in flight to a journal. */
void coming_add(struct rows *rows, uint64_t journal, uint8_t bucket, int64_t change);

bool usage_load(struct rows *rows, const struct subject_id *account, struct usage *usage);
void usage_save(struct rows *rows, const struct subject_id *account, const struct usage *usage);

/* A row that is one number; 0 when there is none. */
uint64_t number_load(struct rows *rows, struct bytes key);
void number_save(struct rows *rows, struct bytes key, uint64_t value);

void day_add(struct rows *rows, uint32_t branch, uint32_t day, uint16_t type, int64_t principal,
             int64_t bonus, int64_t uncovered);
bool day_decode(struct bytes value, struct day_entry *entry);

struct liability_record {
    int64_t issued;
    int64_t spent;
    int64_t refunded;
    int64_t held;
    int64_t in_flight;
    int64_t made_good;
    int64_t expired; /* burned after its end */
};
void liability_add(struct rows *rows, uint32_t product, uint8_t bucket,
                   const struct liability_record *change);
bool liability_decode(struct bytes value, struct liability_record *record);

/* Sums of money about lots that end, by day, branch, product and bucket; a sum of 0 has no row. */
enum ending_kind {
    ENDING_HELD = 1,   /* day: a lot's last one. Held by journals of the branch */
    ENDING_COMING = 2, /* the same, on its way to them */
    ENDING_BURNED = 3, /* day: on which they burned it */
};
void ending_add(struct rows *rows, enum ending_kind kind, uint64_t journal,
                const struct terms_record *terms, int64_t change);
void ended_add(struct rows *rows, enum ending_kind kind, uint32_t day, uint64_t journal,
               const struct terms_record *terms, int64_t change);
int64_t ended_decode(struct bytes value);
/* Lists a lot that ends, for who holds it to burn it in time; the list is gone through in order of
 * their last days. */
void ending_list(struct rows *rows, const struct subject_id *account, const struct lot_id *lot,
                 uint32_t to_day);
void ending_unlist(struct rows *rows, const struct subject_id *account, const struct lot_id *lot,
                   uint32_t to_day);

/* What had to be made good for a journal; its branch bears the loss. */
struct loss_record {
    int64_t principal;
    int64_t bonus;
};
void loss_add(struct rows *rows, uint64_t journal, uint32_t product, uint8_t bucket,
              int64_t change);
bool loss_decode(struct bytes value, struct loss_record *record);

void holder_add(struct rows *rows, uint64_t journal, uint8_t bucket, int64_t change);
bool holder_decode(struct bytes value, struct holder_record *record);

/* The statement: one line an event and account. */
struct statement_record {
    uint16_t type;
    uint8_t verdict;
    uint8_t reason;
    uint8_t tender;
    uint32_t till;
    uint32_t staff;
    int64_t principal; /* >= 0: how much; its sign follows from the type */
    int64_t bonus;
    struct event_ref sale;
    uint64_t to_journal;
    int64_t moved;
    int64_t uncovered; /* a sale: its part without cover; a cover: what it paid of such parts */
    struct ticket_id ticket;
    bool incoming;           /* transfers: this account received */
    struct subject_id other; /* transfers: the other account */
    uint8_t flags;           /* enum event_remark */
};
void statement_save(struct rows *rows, const struct subject_id *account, uint64_t hlc,
                    struct event_ref event, const struct statement_record *record);
bool statement_decode(struct bytes value, struct statement_record *record);

bool frontier_decode(struct bytes value, struct frontier_entry *entry);
void frontier_encode(const struct frontier_entry *entry, struct buffer *value);
void frontier_save(struct rows *rows, const struct frontier_entry *entry);

bool counters_load(struct rows *rows, struct counters_record *record);
void counters_encode(const struct counters_record *record, struct buffer *value);
void counters_save(struct rows *rows, const struct counters_record *record);

void invitation_save(struct rows *rows, const struct ticket_id *name,
                     const struct invitation_record *record);
bool invitation_load(struct rows *rows, const struct ticket_id *name,
                     struct invitation_record *record);
bool invitation_decode_row(struct bytes value, struct invitation_record *record);

/* A stored answer: what a repeat of the same ticket is told. */
void answer_save(struct rows *rows, uint32_t till, const struct ticket_id *ticket,
                 const uint8_t request_hash[static 16], const struct answer *answer);
bool answer_load(struct rows *rows, uint32_t till, const struct ticket_id *ticket,
                 uint8_t request_hash[static 16], struct answer *answer, enum row_layer *layer);

/* INVALID events: what the branch is charged. */
struct invalid_record {
    uint16_t type;
    uint8_t reason;
    int64_t amount;
};
void invalid_save(struct rows *rows, struct event_ref event, const struct invalid_record *record);
bool invalid_decode(struct bytes value, struct invalid_record *record);

#endif
