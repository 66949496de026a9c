#include "row_key.h"

#include "hash.h"

#include <assert.h>
#include <string.h>

struct row_key row_key(enum table table)
{
    struct row_key key = {.size = 1};
    key.bytes[0] = (uint8_t)table;
    return key;
}

void row_key_raw(struct row_key *key, const uint8_t *bytes, size_t size)
{
    assert(size <= sizeof key->bytes - key->size);
    memcpy(key->bytes + key->size, bytes, size);
    key->size = (uint8_t)(key->size + size);
}

static void append_number(struct row_key *key, uint64_t value, int width)
{
    uint8_t bytes[8];
    for (int i = 0; i < width; i++) {
        bytes[i] = (uint8_t)(value >> (8 * (width - 1 - i)));
    }
    row_key_raw(key, bytes, (size_t)width);
}

void row_key_u8(struct row_key *key, uint8_t value)
{
    append_number(key, value, 1);
}

void row_key_u16(struct row_key *key, uint16_t value)
{
    append_number(key, value, 2);
}

void row_key_u32(struct row_key *key, uint32_t value)
{
    append_number(key, value, 4);
}

void row_key_u64(struct row_key *key, uint64_t value)
{
    append_number(key, value, 8);
}

void row_key_ref(struct row_key *key, struct event_ref ref)
{
    row_key_u64(key, ref.journal);
    row_key_u64(key, ref.seq);
    row_key_u16(key, ref.index);
}

static uint64_t number_at(const uint8_t *at, int width)
{
    uint64_t value = 0;
    for (int i = 0; i < width; i++) {
        value = value << 8 | at[i];
    }
    return value;
}

uint16_t key_u16(const uint8_t *at)
{
    return (uint16_t)number_at(at, 2);
}

uint32_t key_u32(const uint8_t *at)
{
    return (uint32_t)number_at(at, 4);
}

uint64_t key_u64(const uint8_t *at)
{
    return number_at(at, 8);
}

struct event_ref key_ref(const uint8_t *at)
{
    return (struct event_ref){
        .journal = key_u64(at), .seq = key_u64(at + 8), .index = key_u16(at + 16)};
}

/* Every table stands in one of the two lists, so two that share a letter do not compile. */
bool row_is_replicated(struct bytes key)
{
    assert(key.size > 0);
    switch (key.data[0]) {
    case TABLE_TERMS:
    case TABLE_REGISTERS:
    case TABLE_GRANT:
    case TABLE_GRANT_STEP:
    case TABLE_DEP:
    case TABLE_SALE:
    case TABLE_HOLD:
    case TABLE_WISH:
    case TABLE_INVALID:
    case TABLE_FREEZE:
    case TABLE_LIFT:
    case TABLE_ACK:
    case TABLE_GATE:
    case TABLE_REVOKED:
    case TABLE_CARD:
    case TABLE_FIELD:
    case TABLE_SERIAL:
    case TABLE_STATED:
    case TABLE_EXPOSURE:
    case TABLE_MINTED:
    case TABLE_PENDING:
    case TABLE_LEASE:
    case TABLE_FORK_SAID:
    case TABLE_LOSS:
    case TABLE_RISK:
    case TABLE_RISK_OPEN:
    case TABLE_RISK_SALE:
    case TABLE_SETTLE:
    case TABLE_SETTLED:
        return true;
    case TABLE_META:
    case TABLE_DIGEST:
    case TABLE_BLOCK:
    case TABLE_FRONTIER:
    case TABLE_FORK:
    case TABLE_FEED:
    case TABLE_AUTHORITY:
    case TABLE_HOLD_OPEN:
    case TABLE_HOLD_DUE:
    case TABLE_WISH_OPEN:
    case TABLE_SHEET:
    case TABLE_SPARE:
    case TABLE_ACCOUNT:
    case TABLE_MEMBER:
    case TABLE_STATEMENT:
    case TABLE_UNKNOWN:
    case TABLE_DAY:
    case TABLE_LIABILITY:
    case TABLE_HOLDER:
    case TABLE_ENDING:
    case TABLE_ENDED:
    case TABLE_COMING:
    case TABLE_FREEZE_TASK:
    case TABLE_USAGE:
    case TABLE_OWED:
    case TABLE_SETTLE_TASK:
    case TABLE_RISK_TASK:
    case TABLE_SURPLUS:
    case TABLE_TICKET:
    case TABLE_PULL:
    case TABLE_PHONE:
    case TABLE_KEY_TASK:
    case TABLE_INVITATION:
        return false;
    default:
        return false;
    }
}

struct row_key key_of_block(uint64_t journal, uint64_t seq)
{
    struct row_key key = row_key(TABLE_BLOCK);
    row_key_u64(&key, journal);
    row_key_u64(&key, seq);
    return key;
}

struct row_key key_of_journal(enum table table, uint64_t journal)
{
    struct row_key key = row_key(table);
    row_key_u64(&key, journal);
    return key;
}

struct row_key key_of_subject(enum table table, const struct subject_id *subject)
{
    struct row_key key = row_key(table);
    row_key_raw(&key, subject->bytes, sizeof subject->bytes);
    return key;
}

struct row_key key_of_lot(const struct lot_id *lot)
{
    struct row_key key = row_key(TABLE_TERMS);
    row_key_raw(&key, lot->bytes, sizeof lot->bytes);
    return key;
}

struct row_key key_of_registers(const struct subject_id *account, const struct lot_id *lot,
                                uint64_t journal)
{
    struct row_key key = key_of_subject(TABLE_REGISTERS, account);
    row_key_raw(&key, lot->bytes, sizeof lot->bytes);
    row_key_u64(&key, journal);
    return key;
}

static struct row_key grant_key(enum table table, const struct lot_id *lot, uint64_t from,
                                uint64_t to)
{
    struct row_key key = row_key(table);
    row_key_raw(&key, lot->bytes, sizeof lot->bytes);
    row_key_u64(&key, from);
    row_key_u64(&key, to);
    return key;
}

struct row_key key_of_grant(const struct lot_id *lot, uint64_t from, uint64_t to)
{
    return grant_key(TABLE_GRANT, lot, from, to);
}

struct row_key key_of_grant_step(const struct lot_id *lot, uint64_t from, uint64_t to, uint32_t n)
{
    struct row_key key = grant_key(TABLE_GRANT_STEP, lot, from, to);
    row_key_u32(&key, n);
    return key;
}

struct row_key key_of_sale(struct event_ref sale)
{
    struct row_key key = row_key(TABLE_SALE);
    row_key_ref(&key, sale);
    return key;
}

struct row_key key_of_ticket(uint32_t till, const struct ticket_id *ticket)
{
    struct row_key key = row_key(TABLE_TICKET);
    row_key_u32(&key, till);
    row_key_raw(&key, ticket->bytes, sizeof ticket->bytes);
    return key;
}

static struct row_key key_of_number(enum table table, struct bytes number)
{
    struct row_key key = row_key(table);
    uint8_t hash[16];
    hash_card(number, hash);
    row_key_raw(&key, hash, sizeof hash);
    return key;
}

struct row_key key_of_card(struct bytes number)
{
    return key_of_number(TABLE_CARD, number);
}

struct row_key key_of_revocation(struct bytes number)
{
    return key_of_number(TABLE_REVOKED, number);
}

struct row_key key_of_freeze(const struct subject_id *account, struct event_ref freeze)
{
    struct row_key key = key_of_subject(TABLE_FREEZE, account);
    row_key_ref(&key, freeze);
    return key;
}

struct row_key key_of_lift(const struct subject_id *account, struct event_ref freeze,
                           struct event_ref unfreeze)
{
    struct row_key key = key_of_subject(TABLE_LIFT, account);
    row_key_ref(&key, freeze);
    row_key_ref(&key, unfreeze);
    return key;
}

struct row_key key_of_gate(const struct subject_id *account, uint64_t journal)
{
    struct row_key key = key_of_subject(TABLE_GATE, account);
    row_key_u64(&key, journal);
    return key;
}

struct row_key key_of_ack(const struct subject_id *account, uint64_t journal,
                          struct event_ref freeze)
{
    struct row_key key = key_of_subject(TABLE_ACK, account);
    row_key_u64(&key, journal);
    row_key_ref(&key, freeze);
    return key;
}
