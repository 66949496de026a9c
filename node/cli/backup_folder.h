/* A folder of backups of one node: archives that follow one another, and beside them, in the clear,
 * what their blocks end with, so that the next archive can be checked while it is written.
 *
 *   manifest             names the root of the network
 *   0000000001.tally     blocks of the feed from position 1 on; the next archive begins where it
 * ends chain.json           position, state, and of each journal its key, last number and id
 */
#ifndef BACKUP_FOLDER_H
#define BACKUP_FOLDER_H

#include "archive.h"
#include "file.h"

#include "manifest.h"
#include "tally/event.h"

#include <stdbool.h>

enum { ARCHIVES_MAX = 10000 };

struct chain_journal {
    uint64_t journal;
    uint8_t public_key[32];
    uint64_t seq;
    struct digest id;
};

/* How far the blocks of a folder go. */
struct chain {
    struct digest network;
    struct manifest manifest;
    uint8_t manifest_memory[512];
    struct buffer manifest_scratch;
    uint64_t of; /* the journal of the node whose feed it is */
    uint64_t last;
    struct digest last_id;
    uint64_t blocks;
    uint64_t events;
    struct chain_journal *journals;
    uint32_t journal_count;
};

void chain_free(struct chain *chain);

/* Does the block follow from what the chain ends with: number, link, signature? Then the chain ends
 * with it. Else STATUS_FORGED with a sentence. */
MUST_CHECK enum status chain_take(struct chain *chain, struct bytes whole,
                                  struct explanation *explanation);

/* The manifest, as bytes, into the chain. STATUS_MALFORMED. */
MUST_CHECK enum status chain_manifest(struct chain *chain, struct bytes manifest,
                                      struct explanation *explanation);

/* chain.json and manifest. STATUS_NOT_FOUND: nothing was ever put into this folder. */
MUST_CHECK enum status chain_load(const char *folder, struct chain *chain,
                                  struct explanation *explanation);
MUST_CHECK enum status chain_save(const char *folder, const struct chain *chain,
                                  struct explanation *explanation);

/* The archives of a folder in order, each where the one before it ended; whole, by their own sums.
 * A gap or a damaged file is STATUS_CORRUPT and names the file. */
struct folder {
    uint32_t count;
    struct folder_entry {
        char path[FILE_PATH_SIZE_MAX];
        struct archive_head head;
        struct archive_end end;
        uint64_t size;
    } * entries;
};
MUST_CHECK enum status folder_read(const char *path, struct folder *folder,
                                   struct explanation *explanation);
void folder_free(struct folder *folder);

/* The path of the archive that begins at this position. */
MUST_CHECK enum status folder_archive_path(const char *folder, uint64_t first,
                                           char path[static FILE_PATH_SIZE_MAX]);

#endif
