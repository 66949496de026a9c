/* The names of rows (see node/README.md "Rows"). One letter, then fixed-width big-endian fields, so
 * that keys order as their numbers do. Rows are derived from the blocks: their form may change
 * between versions, a store says in row M which one it has. */
#ifndef ROW_KEY_H
#define ROW_KEY_H

#include "tally/bounds.h"
#include "tally/bytes.h"
#include "tally/id.h"

/* A key being built; `bytes` may be passed on by row_key_bytes. */
struct row_key {
    uint8_t size;
    uint8_t bytes[ROW_KEY_SIZE_MAX];
};

/* Tables. Upper-case ones marked R are replicated: the same on every node with the same frontier,
 * and part of the state digest. */
enum table {
    TABLE_META = 'M',       /* M: network, journal, format version */
    TABLE_DIGEST = 'G',     /* G: state digest, counters */
    TABLE_BLOCK = 'L',      /* L j8 s8: the block as received */
    TABLE_FRONTIER = 'F',   /* F j8 */
    TABLE_FORK = '!',       /* ! j8: the proof that the journal has two histories */
    TABLE_FORK_SAID = '#',  /* R  # j8 writer8: that journal has written the proof down */
    TABLE_FEED = 'N',       /* N n8: j8 s8, in order of admission */
    TABLE_AUTHORITY = 'u',  /* u s8: id and day of the authority block at that position */
    TABLE_TERMS = 'T',      /* R  T lot16: the lot's terms */
    TABLE_REGISTERS = 'C',  /* R  C acct16 lot16 j8 */
    TABLE_GRANT = 'R',      /* R  R lot16 from8 to8: granted, accepted, steps */
    TABLE_GRANT_STEP = 'r', /* R  r lot16 from8 to8 n4: seq, granted after it */
    TABLE_DEP = 'd',        /* R  d j8 from8: highest seq of `from` named on j's path */
    TABLE_SALE = 'V',       /* R  V j8 s8 i2: what of a sale is refundable */
    TABLE_HOLD = '4',       /* R  4 j8 s8 i2: a hold, and what became of it */
    TABLE_HOLD_OPEN = '5',  /* 5 acct16 j8 s8 i2: the same, while it is open */
    TABLE_HOLD_DUE = '6',   /* 6 j8 until8 s8 i2: the same, in the order in which they lapse */
    TABLE_WISH = 'w',       /* R  w to8 j8 s8 i2: a request filed for that journal */
    TABLE_WISH_OPEN = 'v',  /* v to8 j8 s8 i2: the same, while nobody has answered */
    TABLE_INVALID = 'Y',    /* R  Y branch4 j8 s8 i2 */
    TABLE_FREEZE = 'S',     /* R  S acct16 j8 s8 i2: token seen, token lifted */
    TABLE_LIFT = 'h',       /* R  h acct16 freeze18 unfreeze18: that unfreeze names that freeze */
    TABLE_ACK = 'c',        /* R  c acct16 j8 freeze18: what that journal said of the freeze */
    TABLE_GATE = 'f',       /* R  f acct16 j8: freezes that stop its spends of the account */
    TABLE_REVOKED = 'x',    /* R  x hash16: a card reported lost or replaced */
    TABLE_CARD = 'D',       /* R  D hash16: account, number, issue */
    TABLE_FIELD = 'A',      /* R  A member16 field1: sealed, with who wrote it */
    TABLE_SERIAL = 'n',     /* R  n j8: last card serial of that journal */
    TABLE_STATED = 'Z',     /* R  Z kind1 subject: what the authority stated; record_trust.h */
    TABLE_EXPOSURE = '1',   /* R  1 acct16 j8: unwitnessed rights used or passed on, by unit */
    TABLE_MINTED = 'J',     /* R  J j8 bucket1: day, minted on it */
    TABLE_PENDING = '2',    /* R  2 j8 s8 i2: a mint above the quota, and what became of it */
    TABLE_LEASE = 'l',      /* R  l j8: the last lease that the journal recorded */
    TABLE_SHEET = 'B',      /* B acct16 */
    TABLE_SPARE = 'b',      /* b acct16 lot16: a lot that a full sheet does not list */
    TABLE_ACCOUNT = 'a',    /* a acct16: member, product, cards */
    TABLE_MEMBER = 'm',     /* m member16: home branch, accounts */
    TABLE_STATEMENT = 'E',  /* E acct16 ~hlc8 j8 s8 ~i2: newest first */
    TABLE_UNKNOWN = 'U',    /* U 0 n8 i2 an event that waits; U 1 acct16 critical ones; later.h */
    TABLE_DAY = 'o',        /* o branch4 day4 */
    TABLE_LIABILITY = 'q',  /* q product4 bucket1 */
    TABLE_LOSS = '3',       /* R  3 j8 product4: what had to be made good for a journal */
    TABLE_HOLDER = 'k',     /* k j8 */
    TABLE_ENDING = '7',     /* 7 day4 acct16 lot16: a lot that ends, until nothing of it is left */
    TABLE_ENDED = '8',      /* 8 kind1 day4 branch4 product4 bucket1: sums about ends */
    TABLE_COMING = 'g',     /* g j8: money in flight to that journal */
    TABLE_RISK = 'W',       /* R  W acct16 j8: risk given, acknowledged, debt, covered */
    TABLE_RISK_OPEN = 'Q',  /* R  Q j8: open risk of the journal */
    TABLE_RISK_SALE = 'X',  /* R  X j8 s8 i2: a sale without cover, and was its risk acknowledged */
    TABLE_SETTLE = 'j',     /* R  j j8 s8 i2: the sale that a RISK.SETTLE closed */
    TABLE_SETTLED = 'p',    /* R  p sale18 j8: that journal has settled the sale */
    TABLE_FREEZE_TASK = 'z', /* z acct16: a freeze that this node has yet to acknowledge */
    TABLE_USAGE = 's',       /* s acct16: visits by branch, an estimate of this node */
    TABLE_OWED = 'e',        /* e acct16: what the account owes, while it does */
    TABLE_SETTLE_TASK = 'y', /* y acct16 sale18: to be covered and settled by the office */
    TABLE_RISK_TASK = 't',   /* t j8 settle18: to be acknowledged by the journal of the sale */
    TABLE_SURPLUS = 'i',     /* i acct16: moved to the office for a cover: giver, how much */
    TABLE_TICKET = 'I',      /* I till4 ticket16: request hash, answer */
    TABLE_PULL = 'P',        /* P req16: the block whose move served it */
    TABLE_PHONE = 'H',       /* H blind16 member16: phone index of this node */
    TABLE_KEY_TASK = 'K',    /* K member16: data keys still to be delivered to the office */
    TABLE_INVITATION = 'O',  /* O name16: an invitation of this office */
};

struct row_key row_key(enum table table);
void row_key_u8(struct row_key *key, uint8_t value);
void row_key_u16(struct row_key *key, uint16_t value);
void row_key_u32(struct row_key *key, uint32_t value);
void row_key_u64(struct row_key *key, uint64_t value);
void row_key_raw(struct row_key *key, const uint8_t *bytes, size_t size);
void row_key_ref(struct row_key *key, struct event_ref ref);

static inline struct bytes row_key_bytes(const struct row_key *key)
{
    return (struct bytes){.data = key->bytes, .size = key->size};
}

/* Reading fixed-width fields back out of a key. */
uint16_t key_u16(const uint8_t *at);
uint32_t key_u32(const uint8_t *at);
uint64_t key_u64(const uint8_t *at);
struct event_ref key_ref(const uint8_t *at);

bool row_is_replicated(struct bytes key);

struct row_key key_of_block(uint64_t journal, uint64_t seq);
struct row_key key_of_journal(enum table table, uint64_t journal);
struct row_key key_of_subject(enum table table, const struct subject_id *subject);
struct row_key key_of_lot(const struct lot_id *lot);
struct row_key key_of_registers(const struct subject_id *account, const struct lot_id *lot,
                                uint64_t journal);
struct row_key key_of_grant(const struct lot_id *lot, uint64_t from, uint64_t to);
struct row_key key_of_grant_step(const struct lot_id *lot, uint64_t from, uint64_t to, uint32_t n);
struct row_key key_of_sale(struct event_ref sale);
struct row_key key_of_ticket(uint32_t till, const struct ticket_id *ticket);
struct row_key key_of_card(struct bytes number);
struct row_key key_of_revocation(struct bytes number);
struct row_key key_of_freeze(const struct subject_id *account, struct event_ref freeze);
struct row_key key_of_lift(const struct subject_id *account, struct event_ref freeze,
                           struct event_ref unfreeze);
struct row_key key_of_gate(const struct subject_id *account, uint64_t journal);
struct row_key key_of_ack(const struct subject_id *account, uint64_t journal,
                          struct event_ref freeze);

#endif
