/* A block as bytes: [header bin, signature bin64, [event bin, ..]] (proto/README.md). */
#ifndef BLOCK_CODEC_H
#define BLOCK_CODEC_H

#include "tally/event.h"
#include "tally/status.h"

/* Takes a block apart and checks everything that needs nothing but the block itself: form, bounds,
 * number and size of the events, each event's envelope form (well-formed msgpack of depth <=
 * EVENT_DEPTH_MAX), Merkle root, rising deps that name neither the own journal nor the authority.
 * Fills `block` (which borrows from `whole`), also its id, only on STATUS_OK. */
MUST_CHECK enum status block_decode(struct bytes whole, struct block *block);

/* Appends the header's bytes. */
MUST_CHECK enum status block_header_encode(const struct block_header *header, struct buffer *out);
MUST_CHECK enum status block_header_decode(struct bytes input, struct block_header *header);

/* Appends the whole block. */
MUST_CHECK enum status block_assemble(struct bytes header, const uint8_t signature[static 64],
                                      const struct bytes *events, size_t count, struct buffer *out);

/* Appends what a block's signature covers: "tally/block/1\0" || network || header. */
MUST_CHECK enum status block_signed_bytes(const struct digest *network, struct bytes header,
                                          struct buffer *out);
/* And a head's: "tally/head/1\0" || network || journal8 || seq8 || id. */
MUST_CHECK enum status head_signed_bytes(const struct digest *network, uint64_t journal,
                                         uint64_t seq, const struct digest *id, struct buffer *out);
/* crypto_sign_verify_detached, for tools and start-up checks. */
bool signature_holds(struct bytes body, const uint8_t signature[static 64],
                     const uint8_t public_key[static 32]);

#endif
