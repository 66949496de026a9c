/* The account book: what all blocks of a chain add up to, kept by other means than the nodes' (maps
 * and plain sums, no registers, no sheets), so that the two can be compared. It sees every block
 * once, in an order in which each comes after what it depends on.
 */
#ifndef BOOK_H
#define BOOK_H

#include "map.h"
#include "tally/command.h"
#include "tally/event.h"

/* Keys are bytes without gaps: numbers as uint64_t, names as arrays. */
struct book_place {
    uint64_t journal;
    uint64_t seq;
    uint64_t index;
};

struct book_journal {
    uint64_t journal;
    uint64_t seq;
    struct digest id;
    uint64_t hlc;
    uint64_t day;
    uint64_t auth;
    uint64_t roles;       /* 0 = not admitted */
    uint64_t retired_at;  /* authority position; 0 = it is not */
    uint64_t retired_seq; /* its last block that the office knew then */
    bool fork_written;    /* somebody wrote down that it has two histories, with proof */
    uint8_t public_key[32];
};

struct book_block {
    uint64_t journal;
    uint64_t seq;
    struct digest id;
    uint64_t day;
    uint64_t events;
};

struct book_event {
    struct book_place place;
    uint16_t type;
    uint8_t reason; /* enum invalid_reason; 0 = valid */
    uint32_t till;
    struct ticket_id ticket;
    struct subject_id subject;
    int64_t principal; /* moved by this event, positive */
    int64_t bonus;
    int64_t amount;          /* of all lines */
    int64_t uncovered;       /* of a sale */
    uint64_t to;             /* moves: the receiver */
    uint8_t why;             /* moves */
    uint8_t kind;            /* freezes */
    struct event_ref sale;   /* refunds */
    struct subject_id other; /* transfers: the account that received */
    bool restored;           /* refunds: a lot had ended */
    bool asked_by_wish;      /* refunds: a request's answer names it */
};

struct book_lot {
    uint8_t id[16];
    uint8_t account[16];
    uint8_t bucket;
    uint32_t from_day;
    uint32_t to_day;
    uint32_t product;
    struct book_place issued_by;
    uint8_t original[16]; /* refund lots: the lot that paid */
    uint8_t original_bucket;
    uint8_t tender; /* refund lots of another tender */
    int64_t issued;
    int64_t adopted; /* came from another account's lot */
    int64_t rebound; /* went to another account's lot */
    int64_t refunded;
    int64_t used;
    int64_t expired; /* burned after its end */
    int64_t granted;
    int64_t accepted;
    int64_t made_good; /* by book_make_good */
};

struct book_holding {
    uint8_t lot[16];
    uint64_t journal;
    int64_t held;       /* by what the journal itself wrote: that it may use */
    int64_t on_hold;    /* besides, set aside for orders */
    bool written_about; /* the office took over of it, or gave back to it */
    int64_t expired;    /* of it, what the journal burned */
    int64_t taken;      /* by the office from a retired journal, less what it gave back */
    int64_t returned;   /* by holders to a retired giver */
    int64_t adopted;    /* what the office accepted in its place */
    uint64_t steps;     /* how often `held` changed */
};

/* What a journal held after one of its blocks, by its own word. */
struct book_past {
    uint8_t lot[16];
    uint64_t journal;
    uint64_t step;
    uint64_t seq;
    int64_t held;
};

struct book_pair {
    uint8_t lot[16];
    uint64_t from;
    uint64_t to;
    int64_t granted;
    int64_t accepted;  /* by the receiver itself */
    int64_t witnessed; /* of it, what a checkpoint was named for */
    int64_t adopted;   /* by the office for it */
    int64_t returned;
    uint64_t accept_steps;
};

/* What the receiver itself had accepted after one of its blocks. */
struct book_accept {
    uint8_t lot[16];
    uint64_t from;
    uint64_t to;
    uint64_t step;
    uint64_t seq;
    int64_t accepted;
    int64_t witnessed; /* of it, what a checkpoint was named for */
};

/* What one journal had granted another after one of its blocks. */
struct book_grant {
    uint8_t lot[16];
    uint64_t from;
    uint64_t to;
    uint64_t step;
    uint64_t seq;
    int64_t granted;
};

struct book_token;

struct book_account {
    uint8_t id[16];
    uint8_t member[16];
    uint32_t product;
    uint64_t opened_by;     /* journal; 0: only money was seen so far */
    struct book_lot **lots; /* all that were ever issued, refund rights too */
    uint32_t lot_count;
    uint32_t lot_capacity;
    int64_t uncovered;         /* ever sold without cover */
    int64_t covered;           /* ever covered of that */
    struct book_token *tokens; /* the newest freeze; the others follow by `earlier` */
};

enum { BOOK_LIFTS_MAX = 64, BOOK_ACKS_MAX = 32 }; /* by at most eight nodes, and new incarnations */

/* A journal has said that it knows of a freeze. */
struct book_ack {
    uint64_t journal;
    bool lifted; /* and that it was lifted */
};

struct book_token {
    uint8_t account[16];
    struct book_place freeze;
    bool listed;
    bool seen;
    struct book_token *earlier; /* of the same account */
    uint32_t lift_count;
    struct book_place lifts[BOOK_LIFTS_MAX]; /* the unfreezes that name it; more are not kept */
    uint32_t ack_count;
    struct book_ack acks[BOOK_ACKS_MAX];
};

/* What was set aside for an order. */
struct book_hold {
    struct book_place place;
    uint8_t account[16];
    uint64_t until_ms;
    uint16_t ended_by; /* SPEND.CAPTURE or SPEND.RELEASE; 0 = open */
    bool lapsed;
    int64_t captured;
    uint32_t count;
    struct lot_amount lines[EVENT_LINES_MAX];
};

/* A request filed for another journal. */
struct book_wish {
    struct book_place place;
    uint8_t account[16];
    uint64_t to;
    struct event_ref sale;
    int64_t amount;
    uint8_t outcome;        /* 0 = open */
    uint8_t office_outcome; /* said for a retired journal */
};

struct book_day {
    uint64_t branch;
    uint64_t day;
    struct day_entry sums;
};

enum { BOOK_TOUCHED_MAX = 64 };

struct book {
    uint32_t touched_count; /* holdings that the event being entered changes */
    struct book_holding *touched[BOOK_TOUCHED_MAX];
    struct map journals;
    struct map blocks;
    struct map events;
    struct map lots;
    struct map holdings;
    struct map pairs;
    struct map pasts;
    struct map accepts;
    struct map grants;
    struct map grant_counts; /* pair -> steps */
    struct map deps;         /* journal, from -> seq */
    struct map accounts;
    struct map tokens;
    struct map cards;
    struct map days;
    struct map wishes;
    struct map holds;
    struct map risks;  /* sales without cover */
    struct map caps;   /* of such sales, as the authority set them */
    struct map burned; /* by day, branch, product and bucket */
    struct map limits; /* book_trust.h, and what follows */
    struct map checkpoints;
    struct map approvals;
    struct map minted;
    struct map pendings;
    struct sim *sim; /* checks signatures; NULL: none holds */
    uint64_t event_count;
};

/* What the book thinks of one event, for the auditor. */
struct book_opinion {
    struct event event;
    enum invalid_reason reason;
    bool after_wrong;   /* a line's stated remainder is not the book's */
    bool card_repeated; /* a card number that exists already */
    bool wish_wrong;    /* a request is called done by something else than was asked */
    struct book_event *record;
};

struct book *book_new(void);
void book_free(struct book *book);

/* Enters a block. The caller checked that it is the next of its journal. `opinions` has room for
 * BLOCK_EVENTS_MAX. Returns false if an event's envelope does not decode. */
bool book_enter(struct book *book, const struct block *block, struct book_opinion *opinions);

struct book_journal *book_journal_of(const struct book *book, uint64_t journal);
struct book_block *book_block_at(const struct book *book, uint64_t journal, uint64_t seq);
struct book_event *book_event_at(const struct book *book, struct event_ref ref);
struct book_lot *book_lot_of(const struct book *book, const struct lot_id *lot);
int64_t book_held(const struct book *book, const struct lot_id *lot, uint64_t journal);
int64_t book_granted(const struct book *book, const struct lot_id *lot, uint64_t from, uint64_t to);
int64_t book_accepted(const struct book *book, const struct lot_id *lot, uint64_t from,
                      uint64_t to);
/* What `from` had granted `to` when its journal stood at `seq`. */
int64_t book_granted_as_of(const struct book *book, const struct lot_id *lot, uint64_t from,
                           uint64_t to, uint64_t seq);
/* Highest block of `from` that `journal` has named in its deps. */
uint64_t book_dep_seq(const struct book *book, uint64_t journal, uint64_t from);
int64_t book_lot_left(const struct book_lot *lot);

/* Sums over the lots of an account in one bucket. */
int64_t book_good_of_account(const struct book *book, const struct subject_id *account);
int64_t book_left_of_account(const struct book *book, const struct subject_id *account,
                             uint8_t bucket);
/* Money (principal and bonus) of the account that `journal` holds, and that is in flight to it, of
 * lots valid on `day` (0 = any day). */
int64_t book_usable(const struct book *book, const struct subject_id *account, uint64_t journal,
                    uint32_t day);
/* Money held by `journal` of lots that began by `day` and never end: usable there whatever else
 * happens elsewhere. */
int64_t book_sure_of_account(const struct book *book, const struct subject_id *account,
                             uint64_t journal, uint32_t day);
int64_t book_held_of_account(const struct book *book, const struct subject_id *account,
                             uint64_t journal);
uint32_t book_lots_of_account(const struct book *book, const struct subject_id *account);
/* The newest freeze token of an account, NULL if it has none. */
const struct book_token *book_newest_token(const struct book *book,
                                           const struct subject_id *account);
/* The journal has acknowledged a freeze of the account and not said that it was lifted. */
bool book_is_gated(const struct book *book, const struct subject_id *account, uint64_t journal);
/* The journal has acknowledged every freeze that nobody lifted. */
bool book_has_acknowledged(const struct book *book, uint64_t journal);
uint32_t book_tokens(const struct book *book, const struct subject_id *account);
/* What is left to refund of a sale, wherever the right is; what of that `journal` may use. */
int64_t book_refundable(const struct book *book, struct event_ref sale);
int64_t book_refundable_at(const struct book *book, struct event_ref sale, uint64_t journal);
struct book_hold *book_hold_at(const struct book *book, struct event_ref ref);
/* What it set aside, in all lots. */
int64_t book_hold_sum(const struct book_hold *hold);
/* Of a lot, what is set aside for orders by those about whom nobody else has written. */
int64_t book_on_hold(const struct book *book, const struct lot_id *lot);
/* Others have written about it, which voids its holds. */
bool book_stands_apart(const struct book_holding *holding);
/* Requests for `journal` that it has not answered. */
uint32_t book_wishes_open(const struct book *book, uint64_t journal);

/* What a journal has of a lot by what everybody wrote about it, and what had to be made good for
 * it: at most one of the two is not zero. */
int64_t book_shown(const struct book *book, const struct lot_id *lot, uint64_t journal);
/* The same without what it has set aside for orders, as long as nobody else has written about it.
 */
int64_t book_pictured(const struct book *book, const struct lot_id *lot, uint64_t journal);
int64_t book_holding_good(const struct book_holding *holding);
/* What it held of the lot by its own word after its block `seq`, with what the office accepted for
 * it and took. */
int64_t book_left_at(const struct book *book, const struct lot_id *lot, uint64_t journal,
                     uint64_t seq);
/* Of it, what the journal's branch bears: what it burned itself, and the office once more, hurt
 * nobody. */
int64_t book_holding_loss(const struct book_holding *holding);
/* Sets `made_good` of every lot: before the balances of accounts are compared. */
void book_make_good(struct book *book);
/* What the office has yet to take over or to give back: NULL, or the retired journal's holding. A
 * flight to a retired journal counts as its holding. */
const uint8_t *book_unsettled(const struct book *book, uint64_t office, uint64_t *journal);

/* Money that was burned by a branch, of a product and bucket, in days from..to. */
struct book_burned {
    uint64_t key[4]; /* day, branch, product, bucket */
    int64_t amount;
};
/* Days of grace after a lot's last one, as of an authority position. */
int64_t book_grace(const struct book *book, uint64_t auth);
/* The first lot that has ended more than `grace` days before `day`, and of which `journal` holds
 * something or (`flights`) has something on its way to it; NULL: it has burned all. */
const struct book_lot *book_unburned(const struct book *book, uint64_t journal, int64_t day,
                                     int64_t grace, bool flights);
/* The first lot of which more was used and burned than there ever was (V3). */
const struct book_lot *book_overdrawn(const struct book *book);

/* Conservation, lot by lot: issued + refunded + made good = used + held by all + in flight; nothing
 * below zero. NULL, or the first lot for which it does not hold. */
const struct book_lot *book_unbalanced(const struct book *book);

#endif
