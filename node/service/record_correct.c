#include "record_correct.h"

#include "record_form.h"

#include <assert.h>
#include <string.h>

enum {
    TAKING_ROOM = 1024,
    PROPOSAL_ROOM = REASON_SIZE_MAX + 2 * PERSON_SIZE_MAX + 256,
    PROPOSAL_ELEMENTS = 22,
};

static struct row_key taking_key(struct event_ref event, uint32_t day)
{
    struct row_key key = key_of_journal(TABLE_TAKING, event.journal);
    row_key_u32(&key, day);
    row_key_u64(&key, event.seq);
    row_key_u16(&key, event.index);
    return key;
}

bool taking_decode(struct bytes value, struct taking_record *record)
{
    *record = (struct taking_record){0};
    struct reader reader = record_over(value);
    read_array(&reader, 8);
    record->type = (uint16_t)read_uint_upto(&reader, UINT16_MAX);
    record->till = (uint32_t)read_uint_upto(&reader, UINT32_MAX);
    record->staff = (uint32_t)read_uint_upto(&reader, UINT32_MAX);
    record->waits = read_uint_upto(&reader, 1) == 1;
    record->voided = read_uint_upto(&reader, 1) == 1;
    read_bin_optional(&reader, record->account.bytes, sizeof record->account.bytes);
    record->tender_count = (uint8_t)read_array_upto(&reader, TENDERS_MAX);
    for (uint32_t i = 0; i < record->tender_count; i++) {
        read_array(&reader, 2);
        record->tenders[i].tender = (uint8_t)read_uint_upto(&reader, UINT8_MAX);
        record->tenders[i].amount = read_amount(&reader);
    }
    record->lot_count = (uint8_t)read_array_upto(&reader, EVENT_LINES_MAX);
    for (uint32_t i = 0; i < record->lot_count; i++) {
        read_array(&reader, 3);
        read_bin_exact(&reader, record->lots[i].lot.bytes, sizeof record->lots[i].lot.bytes);
        record->lots[i].bucket = (uint8_t)read_uint_upto(&reader, UINT8_MAX);
        record->lots[i].amount = read_amount(&reader);
    }
    return reader_finish(&reader) == STATUS_OK;
}

bool taking_load(struct rows *rows, struct event_ref event, uint32_t day,
                 struct taking_record *record)
{
    *record = (struct taking_record){0};
    uint8_t memory[TAKING_ROOM];
    struct buffer value = BUFFER_OVER(memory);
    struct row_key key = taking_key(event, day);
    return rows_load(rows, row_key_bytes(&key), &value, NULL) &&
           taking_decode(buffer_bytes(&value), record);
}

void taking_save(struct rows *rows, struct event_ref event, uint32_t day,
                 const struct taking_record *record)
{
    uint8_t memory[TAKING_ROOM];
    struct buffer value = BUFFER_OVER(memory);
    struct writer writer = writer_over(&value);
    write_array(&writer, 8);
    write_uint(&writer, record->type);
    write_uint(&writer, record->till);
    write_uint(&writer, record->staff);
    write_uint(&writer, record->waits ? 1 : 0);
    write_uint(&writer, record->voided ? 1 : 0);
    write_bin_optional(&writer, record->account.bytes, sizeof record->account.bytes);
    write_array(&writer, record->tender_count);
    for (uint32_t i = 0; i < record->tender_count; i++) {
        write_array(&writer, 2);
        write_uint(&writer, record->tenders[i].tender);
        write_amount(&writer, record->tenders[i].amount);
    }
    write_array(&writer, record->lot_count);
    for (uint32_t i = 0; i < record->lot_count; i++) {
        write_array(&writer, 3);
        write_bin(&writer, BYTES_OF(record->lots[i].lot.bytes));
        write_uint(&writer, record->lots[i].bucket);
        write_amount(&writer, record->lots[i].amount);
    }
    struct row_key key = taking_key(event, day);
    record_put(rows, &key, &writer);
}

/* ---- proposals ---- */

static struct row_key proposal_key(uint64_t number)
{
    struct row_key key = row_key(TABLE_PROPOSAL);
    row_key_u64(&key, number);
    return key;
}

uint64_t proposal_last(struct rows *rows)
{
    struct row_key key = proposal_key(0);
    return number_load(rows, row_key_bytes(&key));
}

void proposal_set_last(struct rows *rows, uint64_t number)
{
    struct row_key key = proposal_key(0);
    number_save(rows, row_key_bytes(&key), number);
}

static uint32_t read_words(struct reader *reader, uint8_t *words, uint32_t size)
{
    struct bytes text = read_bin(reader, size);
    if (text.size > 0) {
        memcpy(words, text.data, text.size);
    }
    return (uint32_t)text.size;
}

bool proposal_load(struct rows *rows, uint64_t number, struct proposal_record *record)
{
    *record = (struct proposal_record){0};
    uint8_t memory[PROPOSAL_ROOM];
    struct buffer value = BUFFER_OVER(memory);
    struct row_key key = proposal_key(number);
    if (number == 0 || !rows_load(rows, row_key_bytes(&key), &value, NULL)) {
        return false;
    }
    struct reader reader = record_over(buffer_bytes(&value));
    read_array(&reader, PROPOSAL_ELEMENTS);
    record->kind = (uint8_t)read_uint_upto(&reader, UINT8_MAX);
    record->state = (uint8_t)read_uint_upto(&reader, UINT8_MAX);
    record->cause = (uint8_t)read_uint_upto(&reader, UINT8_MAX);
    read_bin_exact(&reader, record->account.bytes, sizeof record->account.bytes);
    record->principal = read_amount(&reader);
    record->bonus = read_amount(&reader);
    record->to_day = (uint32_t)read_uint_upto(&reader, UINT32_MAX);
    record->of = record_read_ref(&reader);
    record->proposed_ms = read_uint(&reader);
    record->until_ms = read_uint(&reader);
    record->decided_ms = read_uint(&reader);
    record->proposer = (uint32_t)read_uint_upto(&reader, UINT32_MAX);
    record->proposer_staff = (uint32_t)read_uint_upto(&reader, UINT32_MAX);
    record->decider = (uint32_t)read_uint_upto(&reader, UINT32_MAX);
    record->done = record_read_ref(&reader);
    record->reason_size = read_words(&reader, record->reason, sizeof record->reason);
    record->proposer_size =
        read_words(&reader, record->proposer_name, sizeof record->proposer_name);
    record->decider_size = read_words(&reader, record->decider_name, sizeof record->decider_name);
    record_done(&reader);
    return true;
}

void proposal_save(struct rows *rows, uint64_t number, const struct proposal_record *record)
{
    uint8_t memory[PROPOSAL_ROOM];
    struct buffer value = BUFFER_OVER(memory);
    struct writer writer = writer_over(&value);
    write_array(&writer, PROPOSAL_ELEMENTS);
    write_uint(&writer, record->kind);
    write_uint(&writer, record->state);
    write_uint(&writer, record->cause);
    write_bin(&writer, BYTES_OF(record->account.bytes));
    write_amount(&writer, record->principal);
    write_amount(&writer, record->bonus);
    write_uint(&writer, record->to_day);
    record_write_ref(&writer, record->of);
    write_uint(&writer, record->proposed_ms);
    write_uint(&writer, record->until_ms);
    write_uint(&writer, record->decided_ms);
    write_uint(&writer, record->proposer);
    write_uint(&writer, record->proposer_staff);
    write_uint(&writer, record->decider);
    record_write_ref(&writer, record->done);
    write_bin(&writer, bytes_of(record->reason, record->reason_size));
    write_bin(&writer, bytes_of(record->proposer_name, record->proposer_size));
    write_bin(&writer, bytes_of(record->decider_name, record->decider_size));
    struct row_key key = proposal_key(number);
    record_put(rows, &key, &writer);
}
