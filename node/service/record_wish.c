/* Requests filed for another journal to carry out. */
#include "record_form.h"

#include <assert.h>
#include <string.h>

enum { WISH_ROOM = 2 * REASON_SIZE_MAX + 256 };

static struct row_key wish_key(enum table table, uint64_t to, struct event_ref request)
{
    struct row_key key = key_of_journal(table, to);
    row_key_ref(&key, request);
    return key;
}

static uint32_t read_words(struct reader *reader, uint8_t words[static REASON_SIZE_MAX])
{
    struct bytes text = read_bin(reader, REASON_SIZE_MAX);
    if (text.size > 0) {
        memcpy(words, text.data, text.size);
    }
    return (uint32_t)text.size;
}

bool wish_decode(struct bytes value, struct wish_record *record)
{
    *record = (struct wish_record){0};
    struct reader reader = record_over(value);
    read_array(&reader, 19);
    read_bin_exact(&reader, record->account.bytes, sizeof record->account.bytes);
    record->kind = (uint8_t)read_uint_upto(&reader, UINT8_MAX);
    record->hlc = read_uint(&reader);
    record->staff = (uint32_t)read_uint_upto(&reader, UINT32_MAX);
    record->sale = record_read_ref(&reader);
    record->amount = read_amount(&reader);
    record->reason_size = read_words(&reader, record->reason);
    record->outcome = (uint8_t)read_uint_upto(&reader, UINT8_MAX);
    record->closed_hlc = read_uint(&reader);
    record->done = record_read_ref(&reader);
    record->answer_size = read_words(&reader, record->answer);
    record->office_outcome = (uint8_t)read_uint_upto(&reader, UINT8_MAX);
    record->office_done = record_read_ref(&reader);
    return reader_finish(&reader) == STATUS_OK;
}

bool wish_load(struct rows *rows, uint64_t to, struct event_ref request, struct wish_record *record)
{
    *record = (struct wish_record){0};
    uint8_t memory[WISH_ROOM];
    struct buffer value = BUFFER_OVER(memory);
    struct row_key key = wish_key(TABLE_WISH, to, request);
    if (!rows_load(rows, row_key_bytes(&key), &value, NULL)) {
        return false;
    }
    bool decoded = wish_decode(buffer_bytes(&value), record);
    assert(decoded);
    return decoded;
}

void wish_save(struct rows *rows, uint64_t to, struct event_ref request,
               const struct wish_record *record)
{
    uint8_t memory[WISH_ROOM];
    struct buffer value = BUFFER_OVER(memory);
    struct writer writer = writer_over(&value);
    write_array(&writer, 19);
    write_bin(&writer, BYTES_OF(record->account.bytes));
    write_uint(&writer, record->kind);
    write_uint(&writer, record->hlc);
    write_uint(&writer, record->staff);
    record_write_ref(&writer, record->sale);
    write_amount(&writer, record->amount);
    write_bin(&writer, bytes_of(record->reason, record->reason_size));
    write_uint(&writer, record->outcome);
    write_uint(&writer, record->closed_hlc);
    record_write_ref(&writer, record->done);
    write_bin(&writer, bytes_of(record->answer, record->answer_size));
    write_uint(&writer, record->office_outcome);
    record_write_ref(&writer, record->office_done);
    struct row_key key = wish_key(TABLE_WISH, to, request);
    record_put(rows, &key, &writer);
}

void wish_list(struct rows *rows, uint64_t to, struct event_ref request, bool open)
{
    struct row_key key = wish_key(TABLE_WISH_OPEN, to, request);
    if (open) {
        number_save(rows, row_key_bytes(&key), 1);
    } else {
        rows_put(rows, row_key_bytes(&key), (struct bytes){0});
    }
}
