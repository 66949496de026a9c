#include "founding.h"

#include "data_dir.h"
#include "file.h"
#include "host.h"
#include "store.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { ROW_ROOM = ROW_VALUE_SIZE_MAX };

/* What is to be written into the empty store: a network's first blocks, or a branch's mark. */
struct founding {
    const struct genesis *genesis; /* NULL: a branch */
    struct digest network;
    uint64_t journal;
};

/* One batch is handed over, all or nothing: if anything is there, all is. */
static bool anything_is_there(struct store *store)
{
    uint8_t key_memory[ROW_KEY_SIZE_MAX];
    static uint8_t value_memory[ROW_ROOM];
    struct buffer key = BUFFER_OVER(key_memory);
    struct buffer value = BUFFER_OVER(value_memory);
    return !store_is_broken(store) &&
           store_next(store, bytes_of(NULL, 0), bytes_of(NULL, 0), &key, &value) == STATUS_OK;
}

static enum status write_first_rows(struct store *store, struct key_store *keys,
                                    const struct founding *founding,
                                    struct explanation *explanation)
{
    struct world *world = host_world_for_tools(store, keys);
    if (world == NULL) {
        explain(explanation, "not enough memory or threads");
        return STATUS_IO;
    }
    enum status status = founding->genesis != NULL
                             ? node_genesis(world, founding->genesis)
                             : node_found(world, &founding->network, founding->journal);
    if (status == STATUS_OK && !anything_is_there(store)) {
        explain(explanation, "the store did not take the first blocks: is the disk full?");
        status = STATUS_IO;
    } else if (status != STATUS_OK) {
        explain(explanation, "the first blocks could not be made from what was given");
    }
    host_world_free(world);
    return status;
}

static enum status found(const char *where, struct key_store *keys, const struct founding *founding,
                         struct explanation *explanation)
{
    char making[FILE_PATH_SIZE_MAX];
    char made[FILE_PATH_SIZE_MAX];
    struct store *store = NULL;
    if (file_path(making, where, "db.new") != STATUS_OK ||
        file_path(made, where, "db") != STATUS_OK) {
        explain(explanation, "the path of the data directory is too long");
        return STATUS_TOO_LARGE;
    }
    if (file_exists(made)) {
        explain(explanation, "there is a store at %s already", made);
        return STATUS_DENIED;
    }
    enum status status = data_dir_discard(making, explanation);
    if (status == STATUS_OK) {
        status = store_create(making, explanation);
    }
    if (status == STATUS_OK) {
        status = store_open(making, NULL, &store, explanation);
    }
    if (status == STATUS_OK) {
        status = write_first_rows(store, keys, founding, explanation);
    }
    store_close(store);
    if (status == STATUS_OK && rename(making, made) != 0) {
        explain(explanation, "cannot rename %s: %s", making, strerror(errno));
        status = file_status(errno);
    }
    return status == STATUS_OK ? file_sync_directory(where) : status;
}

enum status founding_of_network(const char *where, struct key_store *keys,
                                const struct genesis *genesis, struct explanation *explanation)
{
    struct founding founding = {.genesis = genesis};
    return found(where, keys, &founding, explanation);
}

enum status founding_of_branch(const char *where, struct key_store *keys,
                               const struct digest *network, uint64_t journal,
                               struct explanation *explanation)
{
    struct founding founding = {.network = *network, .journal = journal};
    return found(where, keys, &founding, explanation);
}
