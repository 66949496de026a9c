/* A hash table of records that stay where they are. Each record begins with its key; records are
 * walked in the order in which they came, which is the same in each run. */
#ifndef MAP_H
#define MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map {
    size_t key_size;
    size_t record_size;
    uint32_t *slots; /* record number + 1; 0 = free */
    uint32_t slot_count;
    uint32_t count;
    uint8_t **chunks;
    uint32_t chunk_count;
};

struct map map_of(size_t key_size, size_t record_size);
void map_free(struct map *map);
/* NULL if absent. */
void *map_find(const struct map *map, const void *key);
/* The record with this key, made (zeros behind the key) when it was absent. */
void *map_put(struct map *map, const void *key);
/* Record number i of map->count. */
void *map_at(const struct map *map, uint32_t i);

#endif
