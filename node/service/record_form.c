#include "record_form.h"

#include <assert.h>
#include <string.h>

enum { RECORD_VALUES_MAX = 4096 };

void record_write_ref(struct writer *writer, struct event_ref ref)
{
    write_uint(writer, ref.journal);
    write_uint(writer, ref.seq);
    write_uint(writer, ref.index);
}

struct event_ref record_read_ref(struct reader *reader)
{
    struct event_ref ref;
    ref.journal = read_uint(reader);
    ref.seq = read_uint(reader);
    ref.index = (uint16_t)read_uint_upto(reader, UINT16_MAX);
    return ref;
}

struct reader record_over(struct bytes value)
{
    return reader_over(value, RECORD_VALUES_MAX);
}

void record_done(const struct reader *reader)
{
    enum status status = reader_finish(reader);
    assert(status == STATUS_OK);
}

void record_put(struct rows *rows, const struct row_key *key, const struct writer *writer)
{
    enum status status = writer_finish(writer);
    /* After a failed read what was decided from it makes no sense, and is never committed. */
    assert(status == STATUS_OK || rows_failed(rows));
    if (status == STATUS_OK) {
        rows_put(rows, row_key_bytes(key), buffer_bytes(writer->out));
    }
}

bool record_numbers_load(struct rows *rows, struct bytes key, uint64_t *numbers, uint32_t count)
{
    memset(numbers, 0, count * sizeof *numbers);
    uint8_t memory[256];
    struct buffer value = BUFFER_OVER(memory);
    if (!rows_load(rows, key, &value, NULL)) {
        return false;
    }
    struct reader reader = record_over(buffer_bytes(&value));
    read_array(&reader, count);
    for (uint32_t i = 0; i < count; i++) {
        numbers[i] = read_uint(&reader);
    }
    record_done(&reader);
    return true;
}

bool record_numbers_decode(struct bytes value, uint64_t *numbers, uint32_t count)
{
    struct reader reader = record_over(value);
    read_array(&reader, count);
    for (uint32_t i = 0; i < count; i++) {
        numbers[i] = read_uint(&reader);
    }
    return reader_finish(&reader) == STATUS_OK;
}

void record_numbers_save(struct rows *rows, struct bytes key, const uint64_t *numbers,
                         uint32_t count)
{
    uint8_t memory[256];
    struct buffer value = BUFFER_OVER(memory);
    struct writer writer = writer_over(&value);
    write_array(&writer, count);
    for (uint32_t i = 0; i < count; i++) {
        write_uint(&writer, numbers[i]);
    }
    enum status status = writer_finish(&writer);
    assert(status == STATUS_OK);
    rows_put(rows, key, buffer_bytes(&value));
}
