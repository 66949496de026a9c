#include "hash.h"

#include <assert.h>
#include <sodium/crypto_generichash.h>

static const uint8_t LEAF_TAG[] = {0x00};
static const uint8_t NODE_TAG[] = {0x01};
static const uint8_t BLOCK_TAG[] = {0x02};
static const char NETWORK_TAG[] = "tally/net/1"; /* these tags end with their zero byte */
static const char ISSUED_LOT_TAG[] = "tally/lot/1";
static const char REFUND_LOT_TAG[] = "tally/refund/1";
static const char CHILD_LOT_TAG[] = "tally/child/1";
static const char SHARED_LOT_TAG[] = "tally/pool/1";
static const char CARD_TAG[] = "tally/card/1";
static const char TICKET_TAG[] = "tally/ticket/1";
static const char BLIND_TAG[] = "tally/blind/1";
static const char ROW_TAG[] = "tally/row/1";

/* BLAKE2b-256 of the parts one after the other. libsodium 1.0.18 fails only on sizes that are
 * fixed here. */
static struct digest hash_keyed_parts(struct bytes key, const struct bytes *parts, size_t count)
{
    crypto_generichash_state state;
    struct digest digest;
    int failed = crypto_generichash_init(&state, key.data, key.size, sizeof digest.bytes);
    for (size_t i = 0; i < count; i++) {
        failed |= crypto_generichash_update(&state, parts[i].data, parts[i].size);
    }
    failed |= crypto_generichash_final(&state, digest.bytes, sizeof digest.bytes);
    assert(failed == 0);
    return digest;
}

static struct digest hash_parts(const struct bytes *parts, size_t count)
{
    return hash_keyed_parts(bytes_of(NULL, 0), parts, count);
}

static void put_number(uint8_t *out, uint64_t number, size_t size)
{
    for (size_t i = size; i > 0; i--) {
        out[i - 1] = (uint8_t)number;
        number >>= 8;
    }
}

struct digest hash_bytes(struct bytes input)
{
    return hash_parts(&input, 1);
}

struct digest hash_leaf(struct bytes event)
{
    struct bytes parts[] = {BYTES_OF(LEAF_TAG), event};
    return hash_parts(parts, 2);
}

static struct digest hash_node(const struct digest *left, const struct digest *right)
{
    struct bytes parts[] = {BYTES_OF(NODE_TAG), BYTES_OF(left->bytes), BYTES_OF(right->bytes)};
    return hash_parts(parts, 3);
}

struct digest hash_root(const struct digest *leaves, size_t count)
{
    assert(count >= 1 && count <= BLOCK_EVENTS_MAX);
    struct digest roots[16]; /* of full subtrees, larger ones first */
    size_t depth = 0;
    for (size_t i = 0; i < count; i++) {
        roots[depth++] = leaves[i];
        /* Leaf i completes one subtree for each one bit at the end of i. */
        for (size_t bits = i; (bits & 1) != 0; bits >>= 1) {
            depth--;
            roots[depth - 1] = hash_node(&roots[depth - 1], &roots[depth]);
        }
    }
    while (depth > 1) {
        depth--;
        roots[depth - 1] = hash_node(&roots[depth - 1], &roots[depth]);
    }
    return roots[0];
}

struct digest hash_block_id(struct bytes header, struct bytes signature)
{
    struct bytes parts[] = {BYTES_OF(BLOCK_TAG), header, signature};
    return hash_parts(parts, 3);
}

struct digest hash_network(struct bytes manifest)
{
    struct bytes parts[] = {BYTES_OF(NETWORK_TAG), manifest};
    return hash_parts(parts, 2);
}

static struct lot_id lot_of(const struct digest *digest)
{
    struct lot_id lot;
    memcpy(lot.bytes, digest->bytes, sizeof lot.bytes);
    return lot;
}

struct place {
    uint64_t journal;
    uint64_t seq;
    uint16_t k;
};

static struct lot_id hash_derived_lot(struct bytes tag, struct place place,
                                      const struct digest *leaf)
{
    uint8_t position[16];
    uint8_t index[2];
    put_number(position, place.journal, 8);
    put_number(position + 8, place.seq, 8);
    put_number(index, place.k, 2);
    struct bytes parts[] = {tag, BYTES_OF(position), BYTES_OF(leaf->bytes), BYTES_OF(index)};
    struct digest digest = hash_parts(parts, 4);
    return lot_of(&digest);
}

struct lot_id hash_issued_lot(uint64_t journal, uint64_t seq, const struct digest *leaf, uint16_t k)
{
    return hash_derived_lot(BYTES_OF(ISSUED_LOT_TAG), (struct place){journal, seq, k}, leaf);
}

struct lot_id hash_refund_lot(uint64_t journal, uint64_t seq, const struct digest *leaf, uint16_t k)
{
    return hash_derived_lot(BYTES_OF(REFUND_LOT_TAG), (struct place){journal, seq, k}, leaf);
}

struct lot_id hash_child_lot(uint64_t journal, uint64_t seq, const struct digest *leaf, uint16_t k)
{
    return hash_derived_lot(BYTES_OF(CHILD_LOT_TAG), (struct place){journal, seq, k}, leaf);
}

struct lot_id hash_shared_lot(const struct subject_id *account, const struct lot_terms *terms)
{
    uint8_t fixed[13];
    fixed[0] = terms->bucket;
    put_number(fixed + 1, terms->from_day, 4);
    put_number(fixed + 5, terms->to_day, 4);
    put_number(fixed + 9, terms->product, 4);
    struct bytes parts[] = {BYTES_OF(SHARED_LOT_TAG), BYTES_OF(account->bytes), BYTES_OF(fixed),
                            terms->key};
    struct digest digest = hash_parts(parts, 4);
    return lot_of(&digest);
}

void hash_card(struct bytes number, uint8_t out[static 16])
{
    struct bytes parts[] = {BYTES_OF(CARD_TAG), number};
    struct digest digest = hash_parts(parts, 2);
    memcpy(out, digest.bytes, 16);
}

struct ticket_id hash_ticket(uint32_t till, struct bytes key)
{
    uint8_t till4[4];
    put_number(till4, till, 4);
    struct bytes parts[] = {BYTES_OF(TICKET_TAG), BYTES_OF(till4), key};
    struct digest digest = hash_parts(parts, 3);
    struct ticket_id ticket;
    memcpy(ticket.bytes, digest.bytes, sizeof ticket.bytes);
    return ticket;
}

void hash_blind(const uint8_t secret[static 32], struct bytes value, uint8_t out[static 16])
{
    struct bytes parts[] = {BYTES_OF(BLIND_TAG), value};
    struct digest digest = hash_keyed_parts(bytes_of(secret, 32), parts, 2);
    memcpy(out, digest.bytes, 16);
}

static struct digest hash_row(struct bytes key, struct bytes value)
{
    assert(key.size <= UINT16_MAX);
    uint8_t key_size[2];
    put_number(key_size, key.size, 2);
    struct bytes parts[] = {BYTES_OF(ROW_TAG), BYTES_OF(key_size), key, value};
    return hash_parts(parts, 4);
}

void digest_sum_add(struct digest *sum, struct bytes key, struct bytes value)
{
    struct digest row = hash_row(key, value);
    unsigned carry = 0;
    for (size_t i = sizeof row.bytes; i > 0; i--) {
        carry += (unsigned)sum->bytes[i - 1] + row.bytes[i - 1];
        sum->bytes[i - 1] = (uint8_t)carry;
        carry >>= 8;
    }
}

void digest_sum_subtract(struct digest *sum, struct bytes key, struct bytes value)
{
    struct digest row = hash_row(key, value);
    unsigned borrow = 0;
    for (size_t i = sizeof row.bytes; i > 0; i--) {
        unsigned difference = 0x100U + sum->bytes[i - 1] - row.bytes[i - 1] - borrow;
        sum->bytes[i - 1] = (uint8_t)difference;
        borrow = difference >> 8 == 0 ? 1 : 0;
    }
}
