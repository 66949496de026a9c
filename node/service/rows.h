/* Rows of the store as decisions see them: what is committed, plus what the batch in flight will
 * commit, plus what the open batch has decided. One batch holds a block and all that it changes
 * (J1).
 *
 * Two layers above the store: `open` (being filled) and `flight` (handed over, outcome not known
 * yet); below them a bounded cache of committed rows, so that the hot path reads no store. Queries
 * read committed rows only: nothing is told to anybody that is not durable (J2).
 *
 * A failed read of the store is remembered (rows_failed): the node stops, and nothing that was
 * decided since is committed or said.
 */
#ifndef ROWS_H
#define ROWS_H

#include "tally/bounds.h"
#include "tally/bytes.h"
#include "tally/id.h"
#include "tally/world.h"

struct rows;

/* Where rows_load found a row. */
enum row_layer {
    ROW_COMMITTED,
    ROW_IN_FLIGHT,
    ROW_OPEN,
};

size_t rows_size(uint32_t cache_rows);
struct rows *rows_new(void *memory, uint32_t cache_rows, struct world *world);

/* The row as decisions see it, into an empty buffer. False if there is none. */
bool rows_load(struct rows *rows, struct bytes key, struct buffer *value, enum row_layer *layer);
/* The row as it is durable. */
bool rows_load_committed(struct rows *rows, struct bytes key, struct buffer *value);
/* While hidden, rows_load too sees only what is durable: for queries (J2). */
void rows_hide_decisions(struct rows *rows, bool hidden);
/* The next committed row after `after` that starts with `prefix`; see world_next. */
bool rows_next_committed(struct rows *rows, struct bytes prefix, struct bytes after,
                         struct buffer *key, struct buffer *value);

/* Writes into the open batch; an empty value erases. Rows of replicated tables (row_key.h) change
 * the state digest. */
void rows_put(struct rows *rows, struct bytes key, struct bytes value);

/* The open batch holds so much that nothing more should be decided into it. */
bool rows_nearly_full(const struct rows *rows);
bool rows_open_is_empty(const struct rows *rows);
bool rows_in_flight(const struct rows *rows);

/* Hands the open batch over (nothing may be in flight) and starts an empty one. */
void rows_commit(struct rows *rows);
/* The batch in flight is durable. */
void rows_committed(struct rows *rows);

/* A read failed or returned damaged data. */
bool rows_failed(const struct rows *rows);

/* Sum over the replicated rows (proto/hash.h): as decided, and as committed. Equal at equal
 * frontiers (J4). */
struct digest rows_digest(const struct rows *rows);
struct digest rows_digest_committed(const struct rows *rows);
void rows_set_digest(struct rows *rows, const struct digest *digest);

#endif
