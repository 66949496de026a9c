/* Names computed from content: leaves, Merkle roots, block ids, lot ids, network ids
 * (proto/README.md "Hashes"). BLAKE2b-256 throughout; integers in hash inputs are big-endian. */
#ifndef HASH_H
#define HASH_H

#include "tally/event.h"
#include "tally/id.h"

struct digest hash_bytes(struct bytes input);
struct digest hash_leaf(struct bytes event);
/* RFC 6962 tree over `count` (>= 1, <= BLOCK_EVENTS_MAX) leaves. */
struct digest hash_root(const struct digest *leaves, size_t count);
struct digest hash_block_id(struct bytes header, struct bytes signature);
struct digest hash_network(struct bytes manifest);

/* The lot that entry `k` of the event at (journal, seq) with this leaf issues. */
struct lot_id hash_issued_lot(uint64_t journal, uint64_t seq, const struct digest *leaf,
                              uint16_t k);
/* The refund rights of line `k` of a spend. */
struct lot_id hash_refund_lot(uint64_t journal, uint64_t seq, const struct digest *leaf,
                              uint16_t k);
/* The lot that line `k` of a refund or a transfer makes of another lot: restored, or of another
 * account. */
struct lot_id hash_child_lot(uint64_t journal, uint64_t seq, const struct digest *leaf, uint16_t k);
/* A lot with a key: same account, terms and key, same lot. */
struct lot_id hash_shared_lot(const struct subject_id *account, const struct lot_terms *terms);
/* A card number as the store files it. */
void hash_card(struct bytes number, uint8_t out[static 16]);
/* An Idempotency-Key of till `till` as a ticket. */
struct ticket_id hash_ticket(uint32_t till, struct bytes key);
/* Keyed, 16 bytes: blind indexes. */
void hash_blind(const uint8_t secret[static 32], struct bytes value, uint8_t out[static 16]);

/* A sum modulo 2^256 of row digests: equal for equal sets of rows, whatever the order of change. */
void digest_sum_add(struct digest *sum, struct bytes key, struct bytes value);
void digest_sum_subtract(struct digest *sum, struct bytes key, struct bytes value);

#endif
