/* The store: LevelDB as a node may use it. The only home of leveldb/c.h.
 *
 * H1: after one failed write the handle is broken for ever: that commit and every later one answer
 * STATUS_UNKNOWN, because LevelDB would go on acknowledging writes that are gone after a reopen.
 * What happened is found out by closing, opening again and reading the journal.
 *
 * One thread (the core) calls store_load and store_next; one other at a time may call store_commit;
 * store_is_broken, store_space_low, store_free_bytes and views may be used from any. */
#ifndef STORE_H
#define STORE_H

#include "tally/bytes.h"
#include "tally/status.h"
#include "tally/world.h"

#include "explanation.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;
struct store_view;

struct store_options {
    size_t write_buffer_bytes; /* 0: 16 MiB */
    size_t cache_bytes;        /* 0: 32 MiB */
    uint64_t reserve_bytes;    /* 0: the larger of 64 MiB and 4 x write buffer */
};

/* A new empty database at `path`, closed again. STATUS_DENIED if one is there: nothing is ever
 * overwritten. For `tally cluster init` only. */
MUST_CHECK enum status store_create(const char *path, struct explanation *explanation);

/* Opens what store_create made; never creates. `options` may be NULL. STATUS_NOT_FOUND: no database
 * there; STATUS_BUSY: another process has it; STATUS_CORRUPT: damaged, see store_open_copy;
 * STATUS_FULL: no room to write the recovered log; STATUS_DENIED, STATUS_IO. */
MUST_CHECK enum status store_open(const char *path, const struct store_options *options,
                                  struct store **store, struct explanation *explanation);

/* The second rung of recovery, for a database that store_open finds corrupt: copies the directory
 * to `copy_path`, which must not exist, and opens the copy with lenient checks. Records may be
 * missing from it, so the caller must verify the whole chain against the head file before he trusts
 * it, and may only then put it in the place of the damaged one. `path` is left as it is. */
MUST_CHECK enum status store_copy_and_open_lenient(const char *path, const char *copy_path,
                                                   const struct store_options *options,
                                                   struct store **store,
                                                   struct explanation *explanation);

/* Ends the handle; waits for LevelDB's own thread. NULL is allowed. Close views first. */
void store_close(struct store *store);

/* As world_load and world_next. All reads see one state until the next commit is done; that of a
 * commit under way they see whole or not at all. */
MUST_CHECK enum status store_load(struct store *store, struct bytes key, struct buffer *value);
MUST_CHECK enum status store_next(struct store *store, struct bytes prefix, struct bytes after,
                                  struct buffer *key, struct buffer *value);

/* All of the writes, in order, or none; synced to the disk. STATUS_OK: durable. STATUS_FULL: less
 * than half of the reserve is free; nothing was tried and the handle is good. STATUS_UNKNOWN: it
 * may have happened, and the handle is broken (H1). */
MUST_CHECK enum status store_commit(struct store *store, const struct write *writes, size_t count);

bool store_is_broken(const struct store *store);
/* True if it is broken because a write found no space left. */
bool store_broken_by_space(const struct store *store);

/* True while less than the reserve is free on the store's file system: take on no new work. */
bool store_space_low(const struct store *store);

/* What this user may still write there, in bytes; 0 if the system does not say. */
uint64_t store_free_bytes(const struct store *store);

/* Rewrites the range of keys that start with `prefix`, so that values erased from it leave the
 * files too. Core thread only. Slow; not while a commit must be quick. */
void store_compact(struct store *store, struct bytes prefix);

/* LevelDB's own account of its files, for the operator, cut to `size` with a terminator. */
void store_describe(struct store *store, char *text, size_t size);

/* The rows as they are now, for a reader in a thread of its own (exports, backups); commits go on
 * beside it. NULL if the store is broken. */
struct store_view *store_view_open(struct store *store);
/* Rows in ascending order of keys, from the first; borrowed until the next call. STATUS_NOT_FOUND
 * past the last; STATUS_CORRUPT or STATUS_IO: what was read is not complete. */
MUST_CHECK enum status store_view_next(struct store_view *view, struct bytes *key,
                                       struct bytes *value);
void store_view_close(struct store_view *view);

#endif
