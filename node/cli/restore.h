/* Blocks out of a folder of backups into a store. */
#ifndef RESTORE_H
#define RESTORE_H

#include "backup_folder.h"

#include "closed_node.h"
#include "identity.h"
#include "key_store.h"

/* Called now and then with how many blocks were read, of how many. NULL: nobody wants to know. */
typedef void restore_progress(uint64_t done, uint64_t all);

/* Every block of every archive, in order, checked once more against the chain and folded into the
 * store of `directory`. `result->state` is compared with what the node had when its last archive
 * was made; STATUS_FORGED when it differs, with both in the sentence. */
MUST_CHECK enum status restore_blocks(const struct folder *folder, const uint8_t seed[static 32],
                                      const char *directory, const struct identity *identity,
                                      struct key_store *keys, restore_progress *progress,
                                      struct closed_node_result *result,
                                      struct explanation *explanation);

#endif
