/* One random script, and two stores that must answer alike: LevelDB, and a model so simple that it
 * can be checked by eye. Whoever has another model of the store (the simulator has) gives it the
 * same script through the functions whose names begin with candidate_. */
#include "store.h"

#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

enum {
    OPERATIONS = 20000,
    MODEL_ROWS_MAX = 4096,
    KEY_MAX = 6,
    VALUE_MAX = 40,
    BATCH_MAX = 12,
};

struct row {
    uint8_t key[KEY_MAX];
    size_t key_size;
    uint8_t value[VALUE_MAX];
    size_t value_size;
};

/* ---- the model: rows in an array, in order ---- */

struct model {
    struct row rows[MODEL_ROWS_MAX];
    size_t count;
};

static struct bytes row_key(const struct row *row)
{
    return bytes_of(row->key, row->key_size);
}

static struct bytes row_value(const struct row *row)
{
    return bytes_of(row->value, row->value_size);
}

static int compare(struct bytes a, struct bytes b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common == 0 ? 0 : memcmp(a.data, b.data, common);
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

/* The place of the first row that is not below the key. */
static size_t model_place(const struct model *model, struct bytes key)
{
    size_t place = 0;
    while (place < model->count && compare(row_key(&model->rows[place]), key) < 0) {
        place++;
    }
    return place;
}

static bool model_has(const struct model *model, size_t place, struct bytes key)
{
    return place < model->count && compare(row_key(&model->rows[place]), key) == 0;
}

static void model_write(struct model *model, const struct write *write)
{
    size_t place = model_place(model, write->key);
    struct row *row = &model->rows[place];
    bool there = model_has(model, place, write->key);
    if (write->value.size == 0) {
        if (there) {
            model->count--;
            memmove(row, row + 1, (model->count - place) * sizeof *row);
        }
        return;
    }
    if (!there) {
        assert_true(model->count < MODEL_ROWS_MAX);
        memmove(row + 1, row, (model->count - place) * sizeof *row);
        model->count++;
        row->key_size = write->key.size;
        memcpy(row->key, write->key.data, write->key.size);
    }
    row->value_size = write->value.size;
    memcpy(row->value, write->value.data, write->value.size);
}

static enum status model_load(const struct model *model, struct bytes key, struct buffer *value)
{
    size_t place = model_place(model, key);
    if (!model_has(model, place, key)) {
        return STATUS_NOT_FOUND;
    }
    return buffer_append(value, row_value(&model->rows[place])) ? STATUS_OK : STATUS_TOO_LARGE;
}

static enum status model_next(const struct model *model, struct bytes prefix, struct bytes after,
                              struct buffer *key, struct buffer *value)
{
    size_t place = model_place(model, after);
    place += model_has(model, place, after) ? 1 : 0;
    if (place >= model->count) {
        return STATUS_NOT_FOUND;
    }
    const struct row *row = &model->rows[place];
    if (row->key_size < prefix.size || compare(bytes_of(row->key, prefix.size), prefix) != 0) {
        return STATUS_NOT_FOUND;
    }
    if (row->key_size > key->capacity || row->value_size > value->capacity) {
        return STATUS_TOO_LARGE;
    }
    (void)buffer_append(key, row_key(row));
    (void)buffer_append(value, row_value(row));
    return STATUS_OK;
}

/* ---- the candidate: what is compared with the model ---- */

struct candidate {
    char folder[SCRATCH_PATH_SIZE];
    char path[SCRATCH_PATH_SIZE + 8];
    struct store *store;
};

static void candidate_reopen(struct candidate *candidate)
{
    /* A small write buffer, so that the script crosses many tables and compactions. */
    static const struct store_options small = {.write_buffer_bytes = (size_t)64 * 1024,
                                               .reserve_bytes = 2};
    store_close(candidate->store);
    assert_int_equal(store_open(candidate->path, &small, &candidate->store, NULL), STATUS_OK);
}

static void candidate_create(struct candidate *candidate)
{
    *candidate = (struct candidate){0};
    scratch_make(candidate->folder);
    (void)snprintf(candidate->path, sizeof candidate->path, "%s/store", candidate->folder);
    assert_int_equal(store_create(candidate->path, NULL), STATUS_OK);
    candidate_reopen(candidate);
}

static enum status candidate_commit(struct candidate *candidate, const struct write *writes,
                                    size_t count)
{
    return store_commit(candidate->store, writes, count);
}

static enum status candidate_load(struct candidate *candidate, struct bytes key,
                                  struct buffer *value)
{
    return store_load(candidate->store, key, value);
}

static enum status candidate_next(struct candidate *candidate, struct bytes prefix,
                                  struct bytes after, struct buffer *key, struct buffer *value)
{
    return store_next(candidate->store, prefix, after, key, value);
}

static void candidate_remove(struct candidate *candidate)
{
    store_close(candidate->store);
    scratch_remove(candidate->folder);
}

/* ---- the script ---- */

/* SplitMix64. */
static uint64_t roll(uint64_t *seed)
{
    uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint64_t below(uint64_t *seed, uint64_t bound)
{
    return roll(seed) % bound;
}

/* Few letters, so that keys meet; all kinds of bytes, so that order is by unsigned bytes. */
static struct bytes random_key(uint64_t *seed, uint8_t memory[static KEY_MAX], size_t least)
{
    static const uint8_t letters[] = {0x00, 0x01, 'A', 'B', 0x7f, 0x80, 0xfe, 0xff};
    size_t size = least + below(seed, KEY_MAX - 1 - least);
    for (size_t i = 0; i < size; i++) {
        memory[i] = letters[below(seed, sizeof letters)];
    }
    return bytes_of(memory, size);
}

struct census {
    uint32_t commits;
    uint32_t loads_found;
    uint32_t loads_missed;
    uint32_t steps;
    uint32_t ends;
    uint32_t too_large;
    uint32_t reopens;
};

static void commit_both(struct candidate *candidate, struct model *model, uint64_t *seed)
{
    static uint8_t keys[BATCH_MAX][KEY_MAX];
    static uint8_t values[BATCH_MAX][VALUE_MAX];
    struct write writes[BATCH_MAX];
    size_t count = 1 + below(seed, BATCH_MAX);
    for (size_t i = 0; i < count; i++) {
        writes[i].key = random_key(seed, keys[i], 1);
        size_t size = below(seed, 3) == 0 ? 0 : 1 + below(seed, VALUE_MAX);
        for (size_t j = 0; j < size; j++) {
            values[i][j] = (uint8_t)roll(seed);
        }
        writes[i].value = bytes_of(values[i], size);
    }
    assert_int_equal(candidate_commit(candidate, writes, count), STATUS_OK);
    for (size_t i = 0; i < count; i++) {
        model_write(model, &writes[i]);
    }
}

static void load_both(struct candidate *candidate, const struct model *model, uint64_t *seed,
                      struct census *census)
{
    uint8_t key_memory[KEY_MAX];
    uint8_t wanted_memory[VALUE_MAX];
    uint8_t found_memory[VALUE_MAX];
    struct bytes key = random_key(seed, key_memory, 1);
    size_t room = below(seed, 8) == 0 ? below(seed, VALUE_MAX) : VALUE_MAX;
    struct buffer wanted = {.data = wanted_memory, .capacity = room};
    struct buffer found = {.data = found_memory, .capacity = room};
    enum status status = model_load(model, key, &wanted);
    assert_int_equal(candidate_load(candidate, key, &found), status);
    assert_true(bytes_equal(buffer_bytes(&found), buffer_bytes(&wanted)));
    census->loads_found += status == STATUS_OK ? 1 : 0;
    census->loads_missed += status == STATUS_NOT_FOUND ? 1 : 0;
    census->too_large += status == STATUS_TOO_LARGE ? 1 : 0;
}

/* A walk of some steps, with a commit between two of them now and then. */
static void walk_both(struct candidate *candidate, struct model *model, uint64_t *seed,
                      struct census *census)
{
    uint8_t prefix_memory[KEY_MAX] = {0};
    uint8_t after_memory[KEY_MAX] = {0};
    uint8_t keys[2][KEY_MAX];
    uint8_t values[2][VALUE_MAX];
    struct bytes prefix = bytes_of(prefix_memory, 0);
    if (below(seed, 3) > 0) {
        prefix = random_key(seed, prefix_memory, 0);
        prefix.size = prefix.size > 2 ? 2 : prefix.size;
    }
    struct bytes after = below(seed, 2) == 0 ? prefix : random_key(seed, after_memory, 0);
    for (uint64_t steps = below(seed, 30); steps > 0; steps--) {
        size_t room = below(seed, 10) == 0 ? below(seed, VALUE_MAX) : VALUE_MAX;
        struct buffer wanted_key = {.data = keys[0], .capacity = KEY_MAX};
        struct buffer wanted = {.data = values[0], .capacity = room};
        struct buffer key = {.data = keys[1], .capacity = KEY_MAX};
        struct buffer value = {.data = values[1], .capacity = room};
        enum status status = model_next(model, prefix, after, &wanted_key, &wanted);
        assert_int_equal(candidate_next(candidate, prefix, after, &key, &value), status);
        assert_true(bytes_equal(buffer_bytes(&key), buffer_bytes(&wanted_key)));
        assert_true(bytes_equal(buffer_bytes(&value), buffer_bytes(&wanted)));
        census->steps += status == STATUS_OK ? 1 : 0;
        census->ends += status == STATUS_NOT_FOUND ? 1 : 0;
        census->too_large += status == STATUS_TOO_LARGE ? 1 : 0;
        if (status == STATUS_NOT_FOUND) {
            return;
        }
        if (status == STATUS_OK) {
            memcpy(after_memory, keys[0], wanted_key.size);
            after = bytes_of(after_memory, wanted_key.size);
        }
        if (below(seed, 40) == 0) {
            commit_both(candidate, model, seed);
        }
    }
}

static struct census run_script(uint64_t seed, uint32_t operations)
{
    static struct model model;
    struct census census = {0};
    struct candidate candidate;
    model.count = 0;
    candidate_create(&candidate);
    for (uint32_t i = 0; i < operations; i++) {
        uint64_t dice = below(&seed, 1000);
        if (dice < 120) {
            commit_both(&candidate, &model, &seed);
            census.commits++;
        } else if (dice < 600) {
            load_both(&candidate, &model, &seed, &census);
        } else if (dice < 998) {
            walk_both(&candidate, &model, &seed, &census);
        } else {
            candidate_reopen(&candidate);
            census.reopens++;
        }
    }
    candidate_remove(&candidate);
    return census;
}

static void leveldb_answers_as_the_model_does(void **state)
{
    (void)state;
    struct census census = run_script(20240521, OPERATIONS);
    /* The script did what it is for. */
    assert_true(census.commits > OPERATIONS / 20);
    assert_true(census.loads_found > 100 && census.loads_missed > 100);
    assert_true(census.steps > OPERATIONS && census.ends > 100);
    assert_true(census.too_large > 100 && census.reopens > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(leveldb_answers_as_the_model_does)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
