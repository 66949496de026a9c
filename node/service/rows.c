#include "rows.h"

#include "hash.h"
#include "row_key.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

enum {
    LAYER_ARENA_SIZE = 32 * 1024 * 1024,
    LAYER_ROWS_MAX = 49152,
    LAYER_BUCKETS = 16384,
    LAYER_COMFORTABLE = 6 * 1024 * 1024, /* past this nothing more is decided into a batch */
    LAYER_COMFORTABLE_ROWS = 12288,
    CACHE_WAYS = 8,
    CACHE_LINE_SIZE = 1024,
    CACHE_DEFAULT_ROWS = 65536,
    NONE = -1,
};

/* One row of a layer; key and value lie in the arena. */
struct layer_row {
    int32_t next; /* in its bucket */
    uint32_t bucket;
    uint32_t key_at;
    uint32_t key_size;
    uint32_t value_at;
    uint32_t value_size;
    uint32_t value_room;
};

/* Rows of one batch. Only what was used is cleared, so a small batch costs little. */
struct layer {
    uint32_t count;
    uint32_t used; /* of the arena */
    struct digest digest;
    int32_t buckets[LAYER_BUCKETS];
    struct layer_row rows[LAYER_ROWS_MAX];
    uint8_t arena[LAYER_ARENA_SIZE];
};

struct cache_line {
    uint32_t stamp; /* 0 = empty; the lowest of a set goes first */
    uint16_t key_size;
    uint16_t value_size;
    uint8_t data[CACHE_LINE_SIZE - 8];
};

struct rows {
    struct world *world;
    uint8_t hash_key[crypto_shorthash_KEYBYTES];
    bool failed;
    bool in_flight;
    bool hidden; /* decisions that are not durable */
    struct digest committed_digest;
    struct layer *open;
    struct layer *flight;
    uint32_t cache_sets;
    uint32_t clock;
    struct cache_line *cache;
    struct write writes[LAYER_ROWS_MAX];
    struct layer layers[2];
};

static uint32_t cache_set_count(uint32_t cache_rows)
{
    uint32_t wanted = cache_rows == 0 ? CACHE_DEFAULT_ROWS : cache_rows;
    uint32_t sets = wanted / CACHE_WAYS;
    return sets == 0 ? 1 : sets;
}

size_t rows_size(uint32_t cache_rows)
{
    return sizeof(struct rows) +
           (size_t)cache_set_count(cache_rows) * CACHE_WAYS * sizeof(struct cache_line);
}

static void layer_init(struct layer *layer)
{
    layer->count = 0;
    layer->used = 0;
    layer->digest = (struct digest){{0}};
    memset(layer->buckets, 0xff, sizeof layer->buckets); /* NONE, and much faster than a loop */
}

static void layer_clear(struct layer *layer)
{
    for (uint32_t i = 0; i < layer->count; i++) {
        layer->buckets[layer->rows[i].bucket] = NONE;
    }
    layer->count = 0;
    layer->used = 0;
}

struct rows *rows_new(void *memory, uint32_t cache_rows, struct world *world)
{
    struct rows *rows = memory;
    rows->world = world;
    rows->failed = false;
    rows->in_flight = false;
    rows->hidden = false;
    rows->committed_digest = (struct digest){{0}};
    rows->open = &rows->layers[0];
    rows->flight = &rows->layers[1];
    layer_init(rows->open);
    layer_init(rows->flight);
    rows->cache_sets = cache_set_count(cache_rows);
    rows->clock = 0;
    rows->cache = (struct cache_line *)(rows + 1);
    for (uint32_t i = 0; i < rows->cache_sets * CACHE_WAYS; i++) {
        rows->cache[i].stamp = 0;
    }
    uint8_t secret[32];
    world_node_secret(world, secret);
    memcpy(rows->hash_key, secret, sizeof rows->hash_key);
    sodium_memzero(secret, sizeof secret);
    return rows;
}

static uint64_t hash_of(const struct rows *rows, struct bytes key)
{
    uint64_t hash = 0;
    crypto_shorthash((uint8_t *)&hash, key.data, key.size, rows->hash_key);
    return hash;
}

static struct layer_row *layer_find(struct layer *layer, struct bytes key, uint64_t hash)
{
    for (int32_t i = layer->buckets[hash % LAYER_BUCKETS]; i != NONE; i = layer->rows[i].next) {
        struct layer_row *row = &layer->rows[i];
        if (row->key_size == key.size &&
            memcmp(layer->arena + row->key_at, key.data, key.size) == 0) {
            return row;
        }
    }
    return NULL;
}

static uint32_t layer_reserve(struct layer *layer, uint32_t size)
{
    /* Holds: a batch is closed long before, and one block's rows are bounded (bounds.h). */
    assert(size <= LAYER_ARENA_SIZE - layer->used);
    uint32_t at = layer->used;
    layer->used += size;
    return at;
}

static void layer_put(struct layer *layer, struct bytes key, uint64_t hash, struct bytes value)
{
    struct layer_row *row = layer_find(layer, key, hash);
    if (row == NULL) {
        assert(layer->count < LAYER_ROWS_MAX);
        uint32_t bucket = (uint32_t)(hash % LAYER_BUCKETS);
        row = &layer->rows[layer->count];
        *row = (struct layer_row){
            .next = layer->buckets[bucket], .bucket = bucket, .key_size = (uint32_t)key.size};
        row->key_at = layer_reserve(layer, (uint32_t)key.size);
        memcpy(layer->arena + row->key_at, key.data, key.size);
        layer->buckets[bucket] = (int32_t)layer->count;
        layer->count++;
    }
    if (value.size > row->value_room) {
        /* A row written twice in a batch tends to grow a little each time. */
        row->value_room = (uint32_t)(value.size + value.size / 4 + 16);
        row->value_at = layer_reserve(layer, row->value_room);
    }
    if (value.size > 0) {
        memcpy(layer->arena + row->value_at, value.data, value.size);
    }
    row->value_size = (uint32_t)value.size;
}

static struct bytes layer_value(const struct layer *layer, const struct layer_row *row)
{
    return bytes_of(layer->arena + row->value_at, row->value_size);
}

static struct cache_line *cache_find(struct rows *rows, struct bytes key, uint64_t hash)
{
    struct cache_line *set = &rows->cache[(size_t)((hash >> 20) % rows->cache_sets) * CACHE_WAYS];
    for (int i = 0; i < CACHE_WAYS; i++) {
        if (set[i].stamp != 0 && set[i].key_size == key.size &&
            memcmp(set[i].data, key.data, key.size) == 0) {
            set[i].stamp = ++rows->clock;
            return &set[i];
        }
    }
    return NULL;
}

static void cache_put(struct rows *rows, struct bytes key, uint64_t hash, struct bytes value)
{
    struct cache_line *line = cache_find(rows, key, hash);
    if (key.size + value.size > sizeof line->data || value.size == 0) {
        if (line != NULL) {
            line->stamp = 0;
        }
        return;
    }
    if (line == NULL) {
        struct cache_line *set =
            &rows->cache[(size_t)((hash >> 20) % rows->cache_sets) * CACHE_WAYS];
        line = &set[0];
        for (int i = 1; i < CACHE_WAYS; i++) {
            if (set[i].stamp < line->stamp) {
                line = &set[i];
            }
        }
        line->key_size = (uint16_t)key.size;
        memcpy(line->data, key.data, key.size);
    }
    line->stamp = ++rows->clock;
    line->value_size = (uint16_t)value.size;
    memcpy(line->data + key.size, value.data, value.size);
}

static bool load_committed(struct rows *rows, struct bytes key, uint64_t hash, struct buffer *value)
{
    assert(value->size == 0);
    const struct cache_line *line = cache_find(rows, key, hash);
    if (line != NULL) {
        bool fits = buffer_append(value, bytes_of(line->data + line->key_size, line->value_size));
        assert(fits);
        return true;
    }
    enum status status = world_load(rows->world, key, value);
    if (status == STATUS_OK) {
        cache_put(rows, key, hash, buffer_bytes(value));
        return true;
    }
    if (status != STATUS_NOT_FOUND) {
        rows->failed = true;
    }
    value->size = 0;
    return false;
}

bool rows_load(struct rows *rows, struct bytes key, struct buffer *value, enum row_layer *layer)
{
    uint64_t hash = hash_of(rows, key);
    struct layer *layers[2] = {rows->open, rows->flight};
    enum row_layer names[2] = {ROW_OPEN, ROW_IN_FLIGHT};
    for (int i = 0; i < 2 && !rows->hidden; i++) {
        const struct layer_row *row = layer_find(layers[i], key, hash);
        if (row != NULL) {
            if (layer != NULL) {
                *layer = names[i];
            }
            bool fits = buffer_append(value, layer_value(layers[i], row));
            assert(fits);
            return row->value_size > 0;
        }
    }
    if (layer != NULL) {
        *layer = ROW_COMMITTED;
    }
    return load_committed(rows, key, hash, value);
}

bool rows_load_committed(struct rows *rows, struct bytes key, struct buffer *value)
{
    return load_committed(rows, key, hash_of(rows, key), value);
}

void rows_hide_decisions(struct rows *rows, bool hidden)
{
    rows->hidden = hidden;
}

bool rows_next_committed(struct rows *rows, struct bytes prefix, struct bytes after,
                         struct buffer *key, struct buffer *value)
{
    key->size = 0;
    value->size = 0;
    enum status status = world_next(rows->world, prefix, after, key, value);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        rows->failed = true;
    }
    return status == STATUS_OK;
}

/* Where the row's present value lies, or an empty value. */
static struct bytes present(struct rows *rows, struct bytes key, uint64_t hash,
                            struct buffer *scratch)
{
    const struct layer_row *row = layer_find(rows->open, key, hash);
    if (row != NULL) {
        return layer_value(rows->open, row);
    }
    row = layer_find(rows->flight, key, hash);
    if (row != NULL) {
        return layer_value(rows->flight, row);
    }
    if (load_committed(rows, key, hash, scratch)) {
        return buffer_bytes(scratch);
    }
    return (struct bytes){0};
}

void rows_put(struct rows *rows, struct bytes key, struct bytes value)
{
    assert(!rows->hidden);
    uint64_t hash = hash_of(rows, key);
    if (row_is_replicated(key)) {
        uint8_t memory[4096]; /* replicated rows are small */
        struct buffer scratch = BUFFER_OVER(memory);
        struct bytes old = present(rows, key, hash, &scratch);
        if (old.size > 0) {
            digest_sum_subtract(&rows->open->digest, key, old);
        }
#if !defined(MUTANT_digest_skips_row)
        if (value.size > 0) {
            digest_sum_add(&rows->open->digest, key, value);
        }
#else
        if (value.size > 0 && (key.data[0] != 'R' || rows->open->count % 7 != 3)) {
            digest_sum_add(&rows->open->digest, key, value);
        }
#endif
    }
    layer_put(rows->open, key, hash, value);
}

bool rows_nearly_full(const struct rows *rows)
{
    return rows->open->used > LAYER_COMFORTABLE || rows->open->count > LAYER_COMFORTABLE_ROWS;
}

bool rows_open_is_empty(const struct rows *rows)
{
    return rows->open->count == 0;
}

bool rows_in_flight(const struct rows *rows)
{
    return rows->in_flight;
}

void rows_commit(struct rows *rows)
{
    assert(!rows->in_flight && rows->flight->count == 0 && !rows->failed);
    struct layer *layer = rows->open;
    for (uint32_t i = 0; i < layer->count; i++) {
        const struct layer_row *row = &layer->rows[i];
        rows->writes[i] = (struct write){.key = bytes_of(layer->arena + row->key_at, row->key_size),
                                         .value = layer_value(layer, row)};
    }
    rows->open = rows->flight;
    rows->flight = layer;
    rows->open->digest = layer->digest;
    rows->in_flight = true;
    world_commit(rows->world, rows->writes, layer->count);
}

void rows_committed(struct rows *rows)
{
    assert(rows->in_flight);
    struct layer *layer = rows->flight;
    for (uint32_t i = 0; i < layer->count; i++) {
        const struct layer_row *row = &layer->rows[i];
        struct bytes key = bytes_of(layer->arena + row->key_at, row->key_size);
        cache_put(rows, key, hash_of(rows, key), layer_value(layer, row));
    }
    rows->committed_digest = layer->digest;
    layer_clear(layer);
    rows->in_flight = false;
}

bool rows_failed(const struct rows *rows)
{
    return rows->failed;
}

struct digest rows_digest(const struct rows *rows)
{
    return rows->open->digest;
}

struct digest rows_digest_committed(const struct rows *rows)
{
    return rows->committed_digest;
}

void rows_set_digest(struct rows *rows, const struct digest *digest)
{
    rows->open->digest = *digest;
    rows->committed_digest = *digest;
}
