#include "disk.h"

#include "random_stream.h"

#include <assert.h>
#include <stdlib.h>

enum { LEVELS_MAX = 16 };

/* A row of the skip list. Key and value lie behind the links. */
struct row {
    uint8_t *value;
    uint32_t value_size;
    uint32_t value_capacity;
    uint32_t key_size;
    uint32_t level_count;
    uint8_t *key;
    struct row *next[];
};

struct disk {
    struct row *head;
    uint32_t level_count;
    size_t row_count;
    struct random_stream random;
    bool in_flight;
    bool broken;
    struct write *batch;
    size_t batch_count;
    size_t batch_capacity;
    uint8_t *batch_bytes;
    size_t batch_bytes_capacity;
};

static void *must(void *memory)
{
    if (memory == NULL) {
        abort();
    }
    return memory;
}

static struct row *row_new(struct bytes key, uint32_t level_count)
{
    size_t links = sizeof(struct row *) * level_count;
    struct row *row = must(malloc(sizeof *row + links + key.size));
    *row = (struct row){.key_size = (uint32_t)key.size, .level_count = level_count};
    row->key = (uint8_t *)row + sizeof *row + links;
    if (key.size > 0) {
        memcpy(row->key, key.data, key.size);
    }
    for (uint32_t i = 0; i < level_count; i++) {
        row->next[i] = NULL;
    }
    return row;
}

static void row_free(struct row *row)
{
    free(row->value);
    free(row);
}

static int key_order(const struct row *row, struct bytes key)
{
    size_t common = row->key_size < key.size ? row->key_size : key.size;
    int order = common == 0 ? 0 : memcmp(row->key, key.data, common);
    if (order != 0) {
        return order;
    }
    return (row->key_size > key.size) - (row->key_size < key.size);
}

struct disk *disk_new(void)
{
    struct disk *disk = must(calloc(1, sizeof *disk));
    disk->head = row_new((struct bytes){0}, LEVELS_MAX);
    disk->level_count = 1;
    disk->random = random_stream_of(0, 0);
    return disk;
}

void disk_free(struct disk *disk)
{
    if (disk == NULL) {
        return;
    }
    struct row *row = disk->head;
    while (row != NULL) {
        struct row *next = row->next[0];
        row_free(row);
        row = next;
    }
    free(disk->batch);
    free(disk->batch_bytes);
    free(disk);
}

/* The last row below `key` at each level. */
static void find_before(const struct disk *disk, struct bytes key, struct row **before)
{
    struct row *row = disk->head;
    for (uint32_t level = disk->level_count; level-- > 0;) {
        while (row->next[level] != NULL && key_order(row->next[level], key) < 0) {
            row = row->next[level];
        }
        before[level] = row;
    }
}

static struct row *find_at_or_above(const struct disk *disk, struct bytes key)
{
    struct row *row = disk->head;
    for (uint32_t level = disk->level_count; level-- > 0;) {
        while (row->next[level] != NULL && key_order(row->next[level], key) < 0) {
            row = row->next[level];
        }
    }
    return row->next[0];
}

static struct row *find_above(const struct disk *disk, struct bytes key)
{
    struct row *row = find_at_or_above(disk, key);
    return row != NULL && key_order(row, key) == 0 ? row->next[0] : row;
}

enum status disk_load(const struct disk *disk, struct bytes key, struct buffer *value)
{
    const struct row *row = find_at_or_above(disk, key);
    if (row == NULL || key_order(row, key) != 0) {
        return STATUS_NOT_FOUND;
    }
    return buffer_append(value, bytes_of(row->value, row->value_size)) ? STATUS_OK
                                                                       : STATUS_TOO_LARGE;
}

enum status disk_look(const struct disk *disk, struct bytes key, struct bytes *value)
{
    const struct row *row = find_at_or_above(disk, key);
    if (row == NULL || key_order(row, key) != 0) {
        return STATUS_NOT_FOUND;
    }
    *value = bytes_of(row->value, row->value_size);
    return STATUS_OK;
}

enum status disk_peek(const struct disk *disk, struct bytes after, struct bytes *key,
                      struct bytes *value)
{
    const struct row *row = find_above(disk, after);
    if (row == NULL) {
        return STATUS_NOT_FOUND;
    }
    *key = bytes_of(row->key, row->key_size);
    *value = bytes_of(row->value, row->value_size);
    return STATUS_OK;
}

enum status disk_next(const struct disk *disk, struct bytes prefix, struct bytes after,
                      struct buffer *key, struct buffer *value)
{
    const struct row *row = find_above(disk, after);
    if (row == NULL || row->key_size < prefix.size ||
        (prefix.size > 0 && memcmp(row->key, prefix.data, prefix.size) != 0)) {
        return STATUS_NOT_FOUND;
    }
    if (row->key_size > key->capacity || row->value_size > value->capacity) {
        return STATUS_TOO_LARGE;
    }
    key->size = 0;
    value->size = 0;
    (void)buffer_append(key, bytes_of(row->key, row->key_size));
    (void)buffer_append(value, bytes_of(row->value, row->value_size));
    return STATUS_OK;
}

static uint32_t draw_levels(struct disk *disk)
{
    uint64_t bits = random_next(&disk->random);
    uint32_t levels = 1;
    while ((bits & 3) == 0 && levels < LEVELS_MAX) {
        levels++;
        bits >>= 2;
    }
    return levels;
}

static struct row *insert_row(struct disk *disk, struct bytes key, struct row **before)
{
    uint32_t levels = draw_levels(disk);
    while (disk->level_count < levels) {
        before[disk->level_count++] = disk->head;
    }
    struct row *row = row_new(key, levels);
    for (uint32_t level = 0; level < levels; level++) {
        assert(before[level] != NULL);
        row->next[level] = before[level]->next[level];
        before[level]->next[level] = row;
    }
    disk->row_count++;
    return row;
}

static void erase_row(struct disk *disk, struct row *row, struct row **before)
{
    assert(row->level_count > 0);
    for (uint32_t level = 0; level < row->level_count; level++) {
        assert(before[level] != NULL && before[level]->next[level] == row);
        before[level]->next[level] = row->next[level];
    }
    disk->row_count--;
    row_free(row);
}

static void apply_write(struct disk *disk, const struct write *write)
{
    struct row *before[LEVELS_MAX] = {0};
    find_before(disk, write->key, before);
    struct row *row = before[0]->next[0];
    if (row != NULL && key_order(row, write->key) != 0) {
        row = NULL;
    }
    if (write->value.size == 0) {
        if (row != NULL) {
            erase_row(disk, row, before);
        }
        return;
    }
    if (row == NULL) {
        row = insert_row(disk, write->key, before);
    }
    if (row->value_capacity < write->value.size) {
        free(row->value);
        row->value_capacity = (uint32_t)write->value.size;
        row->value = must(malloc(row->value_capacity));
    }
    memcpy(row->value, write->value.data, write->value.size);
    row->value_size = (uint32_t)write->value.size;
}

static struct bytes keep_copy(uint8_t *memory, size_t *at, struct bytes bytes)
{
    uint8_t *copy = memory + *at;
    if (bytes.size > 0) {
        memcpy(copy, bytes.data, bytes.size);
    }
    *at += bytes.size;
    return bytes_of(copy, bytes.size);
}

bool disk_submit(struct disk *disk, const struct write *writes, size_t count)
{
    if (disk->in_flight || disk->broken) {
        return false;
    }
    size_t total = 0;
    for (size_t i = 0; i < count; i++) {
        total += writes[i].key.size + writes[i].value.size;
    }
    if (total > disk->batch_bytes_capacity) {
        free(disk->batch_bytes);
        disk->batch_bytes_capacity = total * 2;
        disk->batch_bytes = must(malloc(disk->batch_bytes_capacity));
    }
    if (count > disk->batch_capacity) {
        free(disk->batch);
        disk->batch_capacity = count * 2;
        disk->batch = must(malloc(disk->batch_capacity * sizeof *disk->batch));
    }
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        disk->batch[i].key = keep_copy(disk->batch_bytes, &at, writes[i].key);
        disk->batch[i].value = keep_copy(disk->batch_bytes, &at, writes[i].value);
    }
    disk->batch_count = count;
    disk->in_flight = true;
    return true;
}

bool disk_has_batch(const struct disk *disk)
{
    return disk->in_flight;
}

size_t disk_batch(const struct disk *disk, const struct write **writes)
{
    *writes = disk->batch;
    return disk->in_flight ? disk->batch_count : 0;
}

void disk_settle(struct disk *disk, bool keep)
{
    assert(disk->in_flight);
    disk->in_flight = false;
    if (!keep) {
        return;
    }
    for (size_t i = 0; i < disk->batch_count; i++) {
        apply_write(disk, &disk->batch[i]);
    }
}

void disk_break(struct disk *disk)
{
    disk->broken = true;
}

void disk_reopen(struct disk *disk)
{
    assert(!disk->in_flight);
    disk->broken = false;
}

size_t disk_rows(const struct disk *disk)
{
    return disk->row_count;
}

struct disk *disk_copy(const struct disk *disk)
{
    struct disk *copy = disk_new();
    for (const struct row *row = disk->head->next[0]; row != NULL; row = row->next[0]) {
        struct write write = {.key = bytes_of(row->key, row->key_size),
                              .value = bytes_of(row->value, row->value_size)};
        apply_write(copy, &write);
    }
    return copy;
}
