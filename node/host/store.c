#include "store.h"

#include "file.h"
#include "log.h"
#include "store_copy.h"
#include "tally/bounds.h"

#include <assert.h>
#include <errno.h>
#include <leveldb/c.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

enum {
    MIB = 1024 * 1024,
    WRITE_BUFFER_DEFAULT = 16 * MIB,
    CACHE_DEFAULT = 32 * MIB,
    RESERVE_LEAST = 64 * MIB,
    BLOOM_BITS = 10,
};

struct store {
    leveldb_t *db;
    leveldb_options_t *options;
    leveldb_filterpolicy_t *bloom;
    leveldb_cache_t *cache;
    leveldb_readoptions_t *reading;
    leveldb_writeoptions_t *writing;
    uint64_t reserve;
    char path[FILE_PATH_SIZE_MAX];

    /* Grows with each commit. What a snapshot shows is as old as the generation it was made in. */
    _Atomic uint64_t generation;
    _Atomic bool broken;
    _Atomic bool broken_by_space;

    /* The core thread's own. All that it reads until the next commit is done comes from one
     * snapshot, so a commit under way is never half seen. */
    const leveldb_snapshot_t *snapshot;
    leveldb_iterator_t *iterator; /* on the snapshot; where the last store_next stood */
    uint64_t snapshot_generation;
};

struct store_view {
    struct store *store;
    const leveldb_snapshot_t *snapshot;
    leveldb_readoptions_t *reading;
    leveldb_iterator_t *iterator;
    bool started;
};

/* LevelDB's errors are text only. The text after "IO error:" is strerror's, which stays English
 * because nothing here calls setlocale for messages. */
static enum status message_status(const char *message)
{
    if (strncmp(message, "Corruption:", 11) == 0) {
        return STATUS_CORRUPT;
    }
    if (strstr(message, "No space left on device") != NULL) {
        return STATUS_FULL;
    }
    if (strstr(message, "/LOCK: ") != NULL || strncmp(message, "IO error: lock ", 15) == 0) {
        return strstr(message, "Permission denied") != NULL ? STATUS_DENIED : STATUS_BUSY;
    }
    if (strstr(message, "Permission denied") != NULL ||
        strstr(message, "Read-only file system") != NULL) {
        return STATUS_DENIED;
    }
    return STATUS_IO;
}

/* Logs and frees LevelDB's message and keeps the kind. */
static enum status take_message(const char *operation, char *message)
{
    if (message == NULL) {
        return STATUS_OK;
    }
    enum status status = message_status(message);
    log_event(LOG_ERROR, "store_failed", log_text("operation", operation),
              log_text("reason", message));
    leveldb_free(message);
    return status;
}

/* A snapshot of an older state keeps what it shows from being thrown away. */
static void release_snapshot(struct store *store)
{
    if (store->iterator != NULL) {
        leveldb_iter_destroy(store->iterator);
        store->iterator = NULL;
    }
    if (store->snapshot != NULL) {
        leveldb_release_snapshot(store->db, store->snapshot);
        store->snapshot = NULL;
    }
}

static void free_handle(struct store *store)
{
    release_snapshot(store);
    if (store->db != NULL) {
        leveldb_close(store->db);
    }
    if (store->reading != NULL) {
        leveldb_readoptions_destroy(store->reading);
    }
    if (store->writing != NULL) {
        leveldb_writeoptions_destroy(store->writing);
    }
    if (store->options != NULL) {
        leveldb_options_destroy(store->options);
    }
    if (store->cache != NULL) {
        leveldb_cache_destroy(store->cache);
    }
    if (store->bloom != NULL) {
        leveldb_filterpolicy_destroy(store->bloom);
    }
    free(store);
}

/* A handle with its options, not yet open. NULL without memory, or if the path does not fit. */
static struct store *make_handle(const char *path, const struct store_options *options)
{
    struct store_options chosen = options == NULL ? (struct store_options){0} : *options;
    size_t buffer =
        chosen.write_buffer_bytes == 0 ? (size_t)WRITE_BUFFER_DEFAULT : chosen.write_buffer_bytes;
    size_t cache = chosen.cache_bytes == 0 ? (size_t)CACHE_DEFAULT : chosen.cache_bytes;
    uint64_t reserve = 4 * (uint64_t)buffer > RESERVE_LEAST ? 4 * (uint64_t)buffer : RESERVE_LEAST;

    struct store *store = calloc(1, sizeof *store);
    if (store == NULL || strlen(path) >= sizeof store->path) {
        free(store);
        return NULL;
    }
    memcpy(store->path, path, strlen(path) + 1);
    store->reserve = chosen.reserve_bytes == 0 ? reserve : chosen.reserve_bytes;
    store->options = leveldb_options_create();
    store->bloom = leveldb_filterpolicy_create_bloom(BLOOM_BITS);
    store->cache = leveldb_cache_create_lru(cache);
    store->reading = leveldb_readoptions_create();
    store->writing = leveldb_writeoptions_create();
    leveldb_options_set_create_if_missing(store->options, 0);
    leveldb_options_set_paranoid_checks(store->options, 1);
    leveldb_options_set_write_buffer_size(store->options, buffer);
    leveldb_options_set_filter_policy(store->options, store->bloom);
    leveldb_options_set_cache(store->options, store->cache);
    leveldb_readoptions_set_verify_checksums(store->reading, 1);
    leveldb_writeoptions_set_sync(store->writing, 1);
    return store;
}

static enum status no_handle(const char *path, struct explanation *explanation)
{
    explain(explanation, "cannot open the store %s: out of memory, or the path is too long", path);
    return STATUS_IO;
}

static bool database_is_there(const char *path)
{
    char current[FILE_PATH_SIZE_MAX];
    return file_path(current, path, "CURRENT") == STATUS_OK && file_exists(current);
}

static const char *advice_for(enum status status)
{
    switch (status) {
    case STATUS_CORRUPT:
        return "the database is damaged; keep it as it is and recover from a copy, a peer or a "
               "backup";
    case STATUS_FULL:
        return "free some space on this file system and start again";
    case STATUS_BUSY:
        return "another process has it open; stop that one first";
    case STATUS_DENIED:
        return "this user may not use it";
    case STATUS_OK:
    case STATUS_NOT_FOUND:
    case STATUS_TOO_LARGE:
    case STATUS_MALFORMED:
    case STATUS_FORGED:
    case STATUS_IO:
    case STATUS_UNKNOWN:
        break;
    }
    return "the system could not read or write it";
}

/* Opens the handle's database, with whatever its options say. */
static enum status open_handle(struct store *store, struct explanation *explanation)
{
    char *message = NULL;
    store->db = leveldb_open(store->options, store->path, &message);
    if (message == NULL) {
        return STATUS_OK;
    }
    enum status status = message_status(message);
    if (strstr(message, "does not exist (create_if_missing is false)") != NULL) {
        status = STATUS_NOT_FOUND;
    } else if (status == STATUS_IO && strstr(message, "No such file or directory") != NULL) {
        status = STATUS_CORRUPT; /* a file that CURRENT or the manifest names is missing */
    }
    explain(explanation, "cannot open the store %s: %s (%s)", store->path,
            status == STATUS_NOT_FOUND ? "there is no database" : advice_for(status), message);
    leveldb_free(message);
    return status;
}

enum status store_create(const char *path, struct explanation *explanation)
{
    if (database_is_there(path)) {
        explain(explanation, "%s is a database already; nothing was changed", path);
        return STATUS_DENIED;
    }
    struct store *store = make_handle(path, NULL);
    if (store == NULL) {
        return no_handle(path, explanation);
    }
    leveldb_options_set_create_if_missing(store->options, 1);
    leveldb_options_set_error_if_exists(store->options, 1);
    enum status status = open_handle(store, explanation);
    free_handle(store);
    if (status == STATUS_OK) {
        /* LevelDB does not sync the directory after it has renamed CURRENT into it. */
        status = file_sync_directory(path);
    }
    return status == STATUS_OK ? file_sync_parent(path) : status;
}

enum status store_open(const char *path, const struct store_options *options, struct store **store,
                       struct explanation *explanation)
{
    if (!database_is_there(path)) {
        /* Asked first, because LevelDB makes the directory and its lock even when it refuses. */
        explain(explanation, "there is no database at %s; `tally cluster init` makes one", path);
        return STATUS_NOT_FOUND;
    }
    struct store *opened = make_handle(path, options);
    if (opened == NULL) {
        return no_handle(path, explanation);
    }
    enum status status = open_handle(opened, explanation);
    if (status != STATUS_OK) {
        free_handle(opened);
        return status;
    }
    *store = opened;
    return STATUS_OK;
}

void store_close(struct store *store)
{
    if (store != NULL) {
        free_handle(store);
    }
}

static void refresh_snapshot(struct store *store)
{
    /* Read before the snapshot is made: it may show more than this generation, never less. */
    uint64_t generation = atomic_load(&store->generation);
    if (store->snapshot != NULL && store->snapshot_generation == generation) {
        return;
    }
    release_snapshot(store);
    store->snapshot_generation = generation;
    store->snapshot = leveldb_create_snapshot(store->db);
    leveldb_readoptions_set_snapshot(store->reading, store->snapshot);
}

enum status store_load(struct store *store, struct bytes key, struct buffer *value)
{
    char *message = NULL;
    size_t size = 0;

    refresh_snapshot(store);
    char *found =
        leveldb_get(store->db, store->reading, (const char *)key.data, key.size, &size, &message);
    enum status status = take_message("load", message);
    if (status != STATUS_OK) {
        goto done;
    }
    if (found == NULL) {
        status = STATUS_NOT_FOUND;
        goto done;
    }
    if (!buffer_append(value, bytes_of(found, size))) {
        status = STATUS_TOO_LARGE;
    }

done:
    leveldb_free(found);
    return status;
}

static struct bytes iterator_key(const leveldb_iterator_t *iterator)
{
    size_t size = 0;
    const char *key = leveldb_iter_key(iterator, &size);
    return bytes_of(key, size);
}

static struct bytes iterator_value(const leveldb_iterator_t *iterator)
{
    size_t size = 0;
    const char *value = leveldb_iter_value(iterator, &size);
    return bytes_of(value, size);
}

/* Moves to the first key strictly above `after`: one step if the iterator stands on `after`. */
static void stand_behind(leveldb_iterator_t *iterator, struct bytes after)
{
    bool there = leveldb_iter_valid(iterator) && bytes_equal(iterator_key(iterator), after);
    if (!there) {
        leveldb_iter_seek(iterator, (const char *)after.data, after.size);
        there = leveldb_iter_valid(iterator) && bytes_equal(iterator_key(iterator), after);
    }
    if (there) {
        leveldb_iter_next(iterator);
    }
}

enum status store_next(struct store *store, struct bytes prefix, struct bytes after,
                       struct buffer *key, struct buffer *value)
{
    assert(key->size == 0 && value->size == 0);
    refresh_snapshot(store);
    if (store->iterator == NULL) {
        store->iterator = leveldb_create_iterator(store->db, store->reading);
    }
    stand_behind(store->iterator, after);

    /* Also when it is valid: an iterator steps over a damaged block and only says so here. */
    char *message = NULL;
    leveldb_iter_get_error(store->iterator, &message);
    enum status status = take_message("next", message);
    if (status != STATUS_OK) {
        leveldb_iter_destroy(store->iterator);
        store->iterator = NULL;
        return status;
    }
    if (!leveldb_iter_valid(store->iterator)) {
        return STATUS_NOT_FOUND;
    }
    struct bytes found = iterator_key(store->iterator);
    bool inside =
        found.size >= prefix.size && bytes_equal(bytes_of(found.data, prefix.size), prefix);
    if (!inside) {
        return STATUS_NOT_FOUND;
    }
    struct bytes content = iterator_value(store->iterator);
    if (found.size > key->capacity || content.size > value->capacity) {
        return STATUS_TOO_LARGE;
    }
    bool fits = buffer_append(key, found) && buffer_append(value, content);
    assert(fits);
    return STATUS_OK;
}

/* (H1) */
static void poison(struct store *store, char *message)
{
    atomic_store(&store->broken_by_space, message_status(message) == STATUS_FULL);
    atomic_store(&store->broken, true);
    log_event(LOG_ERROR, "store_broken", log_text("reason", message), log_text("path", store->path),
              log_count("free_bytes", store_free_bytes(store)));
    leveldb_free(message);
}

static leveldb_writebatch_t *make_batch(const struct write *writes, size_t count)
{
    leveldb_writebatch_t *batch = leveldb_writebatch_create();
    for (size_t i = 0; i < count; i++) {
        const struct write *write = &writes[i];
        assert(write->key.size > 0);
        if (write->value.size == 0) {
            leveldb_writebatch_delete(batch, (const char *)write->key.data, write->key.size);
        } else {
            leveldb_writebatch_put(batch, (const char *)write->key.data, write->key.size,
                                   (const char *)write->value.data, write->value.size);
        }
    }
    return batch;
}

enum status store_commit(struct store *store, const struct write *writes, size_t count)
{
    if (atomic_load(&store->broken)) {
        return STATUS_UNKNOWN;
    }
    if (store_free_bytes(store) < store->reserve / 2) {
        log_event(LOG_ERROR, "store_full", log_count("free_bytes", store_free_bytes(store)),
                  log_count("reserve_bytes", store->reserve));
        return STATUS_FULL;
    }
    char *message = NULL;
    leveldb_writebatch_t *batch = make_batch(writes, count);
    leveldb_write(store->db, store->writing, batch, &message);
    leveldb_writebatch_destroy(batch);
    if (message != NULL) {
        poison(store, message);
        return STATUS_UNKNOWN;
    }
    atomic_fetch_add(&store->generation, 1);
    return STATUS_OK;
}

bool store_is_broken(const struct store *store)
{
    return atomic_load(&store->broken);
}

bool store_broken_by_space(const struct store *store)
{
    return atomic_load(&store->broken_by_space);
}

uint64_t store_free_bytes(const struct store *store)
{
    struct statvfs room;
    if (statvfs(store->path, &room) != 0) {
        return 0;
    }
    return (uint64_t)room.f_bavail * room.f_frsize;
}

bool store_space_low(const struct store *store)
{
    return store_free_bytes(store) < store->reserve;
}

void store_compact(struct store *store, struct bytes prefix)
{
    /* The first key above all that start with the prefix: its last byte that can grow, grown. */
    char limit[ROW_KEY_SIZE_MAX];
    size_t size = prefix.size < sizeof limit ? prefix.size : sizeof limit;
    if (size > 0) {
        memcpy(limit, prefix.data, size);
    }
    while (size > 0 && (uint8_t)limit[size - 1] == 0xff) {
        size--;
    }
    if (size > 0) {
        limit[size - 1] = (char)((uint8_t)limit[size - 1] + 1);
    }
    release_snapshot(store);
    leveldb_compact_range(store->db, prefix.size == 0 ? NULL : (const char *)prefix.data,
                          prefix.size, size == 0 ? NULL : limit, size);
}

void store_describe(struct store *store, char *text, size_t size)
{
    char *found = leveldb_property_value(store->db, "leveldb.stats");
    (void)snprintf(text, size, "%s", found == NULL ? "" : found);
    leveldb_free(found);
}

struct store_view *store_view_open(struct store *store)
{
    if (store_is_broken(store)) {
        return NULL;
    }
    struct store_view *view = calloc(1, sizeof *view);
    if (view == NULL) {
        return NULL;
    }
    view->store = store;
    view->snapshot = leveldb_create_snapshot(store->db);
    view->reading = leveldb_readoptions_create();
    leveldb_readoptions_set_verify_checksums(view->reading, 1);
    leveldb_readoptions_set_fill_cache(view->reading, 0);
    leveldb_readoptions_set_snapshot(view->reading, view->snapshot);
    view->iterator = leveldb_create_iterator(store->db, view->reading);
    return view;
}

enum status store_view_next(struct store_view *view, struct bytes *key, struct bytes *value)
{
    if (!view->started) {
        leveldb_iter_seek_to_first(view->iterator);
        view->started = true;
    } else if (leveldb_iter_valid(view->iterator)) {
        leveldb_iter_next(view->iterator);
    }
    char *message = NULL;
    leveldb_iter_get_error(view->iterator, &message);
    enum status status = take_message("view", message);
    if (status != STATUS_OK) {
        return status;
    }
    if (!leveldb_iter_valid(view->iterator)) {
        return STATUS_NOT_FOUND;
    }
    *key = iterator_key(view->iterator);
    *value = iterator_value(view->iterator);
    return STATUS_OK;
}

void store_view_close(struct store_view *view)
{
    if (view == NULL) {
        return;
    }
    leveldb_iter_destroy(view->iterator);
    leveldb_readoptions_destroy(view->reading);
    leveldb_release_snapshot(view->store->db, view->snapshot);
    free(view);
}

enum status store_copy_and_open_lenient(const char *path, const char *copy_path,
                                        const struct store_options *options, struct store **store,
                                        struct explanation *explanation)
{
    enum status status = store_copy(path, copy_path);
    if (status != STATUS_OK) {
        explain(explanation, "cannot copy the store %s to %s: %s", path, copy_path,
                status == STATUS_BUSY ? "another process has it open" : strerror(errno));
        return status;
    }
    struct store *opened = make_handle(copy_path, options);
    if (opened == NULL) {
        return no_handle(copy_path, explanation);
    }
    leveldb_options_set_paranoid_checks(opened->options, 0);
    status = open_handle(opened, explanation);
    if (status != STATUS_OK) {
        free_handle(opened);
        return status;
    }
    *store = opened;
    return STATUS_OK;
}
