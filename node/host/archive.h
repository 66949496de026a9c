/* An archive: blocks of a node in one sealed file. Only who has the recovery key can read it; that
 * it is whole, anybody can check.
 *
 * "tallyar1"; network 32; journal 8; position of the first block 8; time 8 (ms); recipient 32;
 * sealed key 80 (crypto_box_seal of the stream's key); stream header 24; then frames: size 4 and
 * that many bytes, each a zstd frame of blocks (size 4, bytes) in a secretstream
 * (XChaCha20-Poly1305); the last one, tagged final, is the summary: position of the last block 8,
 * blocks 8, state 32. In the clear after it: position of the last block 8, its id 32, and
 * BLAKE2b-256 over all before. Numbers are big-endian. */
#ifndef ARCHIVE_H
#define ARCHIVE_H

#include "tally/bounds.h"
#include "tally/bytes.h"
#include "tally/id.h"
#include "tally/status.h"

#include "explanation.h"

#include <stdbool.h>
#include <stdint.h>

struct archive_head {
    struct digest network;
    uint64_t journal;      /* whose feed it was read from */
    uint64_t first;        /* position of the first block */
    uint64_t made_ms;      /* by the clock of who wrote it */
    uint8_t recipient[32]; /* X25519: the recovery key's public half */
};

struct archive_end {
    uint64_t last;    /* position of the last block */
    struct digest id; /* of that block */
};

struct archive_summary {
    uint64_t last;
    uint64_t blocks;
    struct digest state; /* over the replicated rows once all up to `last` are folded; zeros: not
                            known, the node had gone on */
};

struct archive_writer;
struct archive_reader;

/* A new file, mode 0600, which must not exist. */
MUST_CHECK enum status archive_create(const char *path, const struct archive_head *head,
                                      struct archive_writer **writer,
                                      struct explanation *explanation);
MUST_CHECK enum status archive_add(struct archive_writer *writer, struct bytes block,
                                   struct explanation *explanation);
/* Writes the summary and the end, syncs file and directory, and ends the writer. */
MUST_CHECK enum status archive_seal(struct archive_writer *writer,
                                    const struct archive_summary *summary, const struct digest *id,
                                    struct explanation *explanation);
/* Ends it and removes the file. NULL is allowed. */
void archive_abandon(struct archive_writer *writer);

/* Without the key: is every byte of the file as it was written? Also its head and end.
 * STATUS_CORRUPT: it was changed or cut. */
MUST_CHECK enum status archive_check(const char *path, struct archive_head *head,
                                     struct archive_end *end, struct explanation *explanation);

/* `seed`: the recovery key's. STATUS_DENIED: it was sealed for another key. */
MUST_CHECK enum status archive_open(const char *path, const uint8_t seed[static 32],
                                    struct archive_reader **reader,
                                    struct explanation *explanation);
/* The next block, borrowed until the next call; STATUS_NOT_FOUND past the last, and then `summary`
 * is filled. STATUS_CORRUPT: changed or cut. */
MUST_CHECK enum status archive_next(struct archive_reader *reader, struct bytes *block,
                                    struct archive_summary *summary,
                                    struct explanation *explanation);
/* NULL is allowed. */
void archive_close(struct archive_reader *reader);

#endif
