#include "map.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_RECORDS = 128 };

struct map map_of(size_t key_size, size_t record_size)
{
    assert(key_size <= record_size);
    return (struct map){.key_size = key_size, .record_size = record_size};
}

void map_free(struct map *map)
{
    for (uint32_t i = 0; i < map->chunk_count; i++) {
        free(map->chunks[i]);
    }
    free(map->chunks);
    free(map->slots);
    *map = map_of(map->key_size, map->record_size);
}

static uint32_t hash_of(const uint8_t *key, size_t size)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ key[i]) * UINT64_C(0x100000001b3);
    }
    return (uint32_t)(hash ^ hash >> 32);
}

void *map_at(const struct map *map, uint32_t i)
{
    assert(i < map->count);
    return map->chunks[i / CHUNK_RECORDS] + (i % CHUNK_RECORDS) * map->record_size;
}

static uint32_t slot_of(const struct map *map, const void *key)
{
    uint32_t at = hash_of(key, map->key_size) & (map->slot_count - 1);
    while (map->slots[at] != 0 &&
           memcmp(map_at(map, map->slots[at] - 1), key, map->key_size) != 0) {
        at = (at + 1) & (map->slot_count - 1);
    }
    return at;
}

void *map_find(const struct map *map, const void *key)
{
    if (map->count == 0) {
        return NULL;
    }
    uint32_t slot = slot_of(map, key);
    return map->slots[slot] == 0 ? NULL : map_at(map, map->slots[slot] - 1);
}

static void grow_slots(struct map *map)
{
    uint32_t slot_count = map->slot_count == 0 ? 64 : map->slot_count * 2;
    free(map->slots);
    map->slots = calloc(slot_count, sizeof *map->slots);
    if (map->slots == NULL) {
        abort();
    }
    map->slot_count = slot_count;
    for (uint32_t i = 0; i < map->count; i++) {
        map->slots[slot_of(map, map_at(map, i))] = i + 1;
    }
}

static void add_chunk(struct map *map)
{
    size_t size = sizeof *map->chunks * (map->chunk_count + 1);
    uint8_t **chunks = realloc(map->chunks, size);
    uint8_t *chunk = calloc(CHUNK_RECORDS, map->record_size);
    if (chunks == NULL || chunk == NULL) {
        abort();
    }
    map->chunks = chunks;
    map->chunks[map->chunk_count++] = chunk;
}

void *map_put(struct map *map, const void *key)
{
    if ((map->count + 1) * 2 > map->slot_count) {
        grow_slots(map);
    }
    uint32_t slot = slot_of(map, key);
    if (map->slots[slot] != 0) {
        return map_at(map, map->slots[slot] - 1);
    }
    if (map->count == map->chunk_count * CHUNK_RECORDS) {
        add_chunk(map);
    }
    map->count++;
    map->slots[slot] = map->count;
    void *record = map_at(map, map->count - 1);
    memcpy(record, key, map->key_size);
    return record;
}
