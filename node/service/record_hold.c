/* Holds: what was set aside for which order, and what became of it. */
#include "record_form.h"

#include <assert.h>
#include <string.h>

enum { HOLD_ROOM = 1536, LINE_VALUES = 8 };

static struct row_key hold_key(struct event_ref hold)
{
    struct row_key key = row_key(TABLE_HOLD);
    row_key_ref(&key, hold);
    return key;
}

bool hold_decode(struct bytes value, struct hold_record *record)
{
    *record = (struct hold_record){0};
    struct reader reader = record_over(value);
    read_array(&reader, 12);
    read_bin_exact(&reader, record->account.bytes, sizeof record->account.bytes);
    record->hlc = read_uint(&reader);
    record->until_ms = read_uint(&reader);
    record->till = (uint32_t)read_uint_upto(&reader, UINT32_MAX);
    record->staff = (uint32_t)read_uint_upto(&reader, UINT32_MAX);
    record->state = (uint8_t)read_uint_upto(&reader, HOLD_LAPSED);
    record->ended_hlc = read_uint(&reader);
    record->ended = record_read_ref(&reader);
    struct bytes order = read_bin(&reader, ORDER_SIZE_MAX);
    record->order_size = (uint32_t)order.size;
    if (order.size > 0) {
        memcpy(record->order, order.data, order.size);
    }
    record->line_count =
        (uint8_t)(read_array_upto(&reader, LINE_VALUES * EVENT_LINES_MAX) / LINE_VALUES);
    for (uint32_t i = 0; i < record->line_count; i++) {
        read_bin_exact(&reader, record->lines[i].lot.bytes, sizeof record->lines[i].lot.bytes);
        record->lines[i].bucket = (uint8_t)read_uint_upto(&reader, UINT8_MAX);
        record->lines[i].issued = record_read_ref(&reader);
        record->lines[i].to_day = (uint32_t)read_uint_upto(&reader, UINT32_MAX);
        record->lines[i].amount = read_amount(&reader);
        record->lines[i].captured = read_amount(&reader);
    }
    return reader_finish(&reader) == STATUS_OK;
}

bool hold_load(struct rows *rows, struct event_ref hold, struct hold_record *record)
{
    *record = (struct hold_record){0};
    uint8_t memory[HOLD_ROOM];
    struct buffer value = BUFFER_OVER(memory);
    struct row_key key = hold_key(hold);
    if (!rows_load(rows, row_key_bytes(&key), &value, NULL)) {
        return false;
    }
    bool decoded = hold_decode(buffer_bytes(&value), record);
    assert(decoded);
    return decoded;
}

/* In the indexes a row of an ended hold is erased. */
static void list_hold(struct rows *rows, struct event_ref hold, const struct hold_record *record)
{
    struct row_key open = key_of_subject(TABLE_HOLD_OPEN, &record->account);
    row_key_ref(&open, hold);
    struct row_key due = key_of_journal(TABLE_HOLD_DUE, hold.journal);
    row_key_u64(&due, record->until_ms);
    row_key_u64(&due, hold.seq);
    row_key_u16(&due, hold.index);
    if (record->state == HOLD_OPEN) {
        number_save(rows, row_key_bytes(&open), 1);
        number_save(rows, row_key_bytes(&due), 1);
    } else {
        rows_put(rows, row_key_bytes(&open), (struct bytes){0});
        rows_put(rows, row_key_bytes(&due), (struct bytes){0});
    }
}

void hold_save(struct rows *rows, struct event_ref hold, const struct hold_record *record)
{
    uint8_t memory[HOLD_ROOM];
    struct buffer value = BUFFER_OVER(memory);
    struct writer writer = writer_over(&value);
    write_array(&writer, 12);
    write_bin(&writer, BYTES_OF(record->account.bytes));
    write_uint(&writer, record->hlc);
    write_uint(&writer, record->until_ms);
    write_uint(&writer, record->till);
    write_uint(&writer, record->staff);
    write_uint(&writer, record->state);
    write_uint(&writer, record->ended_hlc);
    record_write_ref(&writer, record->ended);
    write_bin(&writer, bytes_of(record->order, record->order_size));
    write_array(&writer, LINE_VALUES * (uint32_t)record->line_count);
    for (uint32_t i = 0; i < record->line_count; i++) {
        write_bin(&writer, BYTES_OF(record->lines[i].lot.bytes));
        write_uint(&writer, record->lines[i].bucket);
        record_write_ref(&writer, record->lines[i].issued);
        write_uint(&writer, record->lines[i].to_day);
        write_amount(&writer, record->lines[i].amount);
        write_amount(&writer, record->lines[i].captured);
    }
    struct row_key key = hold_key(hold);
    record_put(rows, &key, &writer);
    list_hold(rows, hold, record);
}
