/* Rows about value: the terms of lots, registers, grants, sales, sheets. */
#include "record_form.h"

#include <assert.h>
#include <string.h>

bool terms_load(struct rows *rows, const struct lot_id *lot, struct terms_record *terms)
{
    *terms = (struct terms_record){0};
    uint8_t memory[128];
    struct buffer value = BUFFER_OVER(memory);
    struct row_key key = key_of_lot(lot);
    if (!rows_load(rows, row_key_bytes(&key), &value, NULL)) {
        return false;
    }
    struct reader reader = record_over(buffer_bytes(&value));
    read_array(&reader, 8);
    read_bin_exact(&reader, terms->account.bytes, sizeof terms->account.bytes);
    terms->bucket = (uint8_t)read_uint_upto(&reader, UINT8_MAX);
    terms->from_day = (uint32_t)read_uint_upto(&reader, UINT32_MAX);
    terms->to_day = (uint32_t)read_uint_upto(&reader, UINT32_MAX);
    terms->product = (uint32_t)read_uint_upto(&reader, UINT32_MAX);
    terms->issued = record_read_ref(&reader);
    record_done(&reader);
    return true;
}

void terms_save(struct rows *rows, const struct lot_id *lot, const struct terms_record *terms)
{
    uint8_t memory[128];
    struct buffer value = BUFFER_OVER(memory);
    struct writer writer = writer_over(&value);
    write_array(&writer, 8);
    write_bin(&writer, BYTES_OF(terms->account.bytes));
    write_uint(&writer, terms->bucket);
    write_uint(&writer, terms->from_day);
    write_uint(&writer, terms->to_day);
    write_uint(&writer, terms->product);
    record_write_ref(&writer, terms->issued);
    struct row_key key = key_of_lot(lot);
    record_put(rows, &key, &writer);
}

enum { REGISTERS_USUAL = 12, REGISTERS_ALL = 20 };

bool registers_load(struct rows *rows, const struct row_key *key, struct registers *registers)
{
    *registers = (struct registers){0};
    uint8_t memory[256];
    struct buffer value = BUFFER_OVER(memory);
    if (!rows_load(rows, row_key_bytes(key), &value, NULL)) {
        return false;
    }
    struct reader reader = record_over(buffer_bytes(&value));
    uint32_t count = read_array_upto(&reader, REGISTERS_ALL);
    registers->issued = read_amount(&reader);
    registers->refunded = read_amount(&reader);
    registers->used = read_amount(&reader);
    registers->expired = read_amount(&reader);
    registers->clawed = read_amount(&reader);
    registers->rebound = read_amount(&reader);
    registers->paid_out = read_amount(&reader);
    registers->covered = read_amount(&reader);
    registers->held = read_amount(&reader);
    registers->released = read_amount(&reader);
    registers->in = read_amount(&reader);
    registers->out = read_amount(&reader);
    if (count == REGISTERS_ALL) {
        registers->back = read_amount(&reader);
        registers->pulled = read_amount(&reader);
        registers->lent = read_amount(&reader);
        registers->unwitnessed = read_amount(&reader);
        registers->taken = read_amount(&reader);
        registers->repaid = read_amount(&reader);
        registers->regained = read_amount(&reader);
        registers->adopted = read_amount(&reader);
    }
    record_done(&reader);
    return true;
}

void registers_save(struct rows *rows, const struct row_key *key, const struct registers *registers)
{
    uint8_t memory[256];
    struct buffer value = BUFFER_OVER(memory);
    struct writer writer = writer_over(&value);
    /* Most lots never meet a retired journal: their rows are short. */
    bool all =
        (registers->back | registers->pulled | registers->lent | registers->unwitnessed |
         registers->taken | registers->repaid | registers->regained | registers->adopted) != 0;
    write_array(&writer, all ? REGISTERS_ALL : REGISTERS_USUAL);
    write_amount(&writer, registers->issued);
    write_amount(&writer, registers->refunded);
    write_amount(&writer, registers->used);
    write_amount(&writer, registers->expired);
    write_amount(&writer, registers->clawed);
    write_amount(&writer, registers->rebound);
    write_amount(&writer, registers->paid_out);
    write_amount(&writer, registers->covered);
    write_amount(&writer, registers->held);
    write_amount(&writer, registers->released);
    write_amount(&writer, registers->in);
    write_amount(&writer, registers->out);
    if (all) {
        write_amount(&writer, registers->back);
        write_amount(&writer, registers->pulled);
        write_amount(&writer, registers->lent);
        write_amount(&writer, registers->unwitnessed);
        write_amount(&writer, registers->taken);
        write_amount(&writer, registers->repaid);
        write_amount(&writer, registers->regained);
        write_amount(&writer, registers->adopted);
    }
    record_put(rows, key, &writer);
}

enum { GRANT_USUAL = 3, GRANT_ALL = 6 };

bool grant_load(struct rows *rows, const struct row_key *key, struct grant_record *record)
{
    *record = (struct grant_record){0};
    uint8_t memory[64];
    struct buffer value = BUFFER_OVER(memory);
    if (!rows_load(rows, row_key_bytes(key), &value, NULL)) {
        return false;
    }
    struct reader reader = record_over(buffer_bytes(&value));
    uint32_t count = read_array_upto(&reader, GRANT_ALL);
    record->grant.granted = read_amount(&reader);
    record->grant.accepted = read_amount(&reader);
    record->steps = (uint32_t)read_uint_upto(&reader, UINT32_MAX);
    if (count == GRANT_ALL) {
        record->grant.adopted = read_amount(&reader);
        record->grant.returned = read_amount(&reader);
        record->grant.witnessed = read_amount(&reader);
    }
    record_done(&reader);
    return true;
}

void grant_save(struct rows *rows, const struct row_key *key, const struct grant_record *record)
{
    uint8_t memory[64];
    struct buffer value = BUFFER_OVER(memory);
    struct writer writer = writer_over(&value);
    bool all = (record->grant.adopted | record->grant.returned | record->grant.witnessed) != 0;
    write_array(&writer, all ? GRANT_ALL : GRANT_USUAL);
    write_amount(&writer, record->grant.granted);
    write_amount(&writer, record->grant.accepted);
    write_uint(&writer, record->steps);
    if (all) {
        write_amount(&writer, record->grant.adopted);
        write_amount(&writer, record->grant.returned);
        write_amount(&writer, record->grant.witnessed);
    }
    record_put(rows, key, &writer);
}

bool grant_step_load(struct rows *rows, const struct row_key *key, struct grant_step *step)
{
    uint64_t numbers[2];
    bool found = record_numbers_load(rows, row_key_bytes(key), numbers, 2);
    *step = (struct grant_step){.seq = numbers[0], .granted = (int64_t)numbers[1]};
    return found;
}

void grant_step_save(struct rows *rows, const struct row_key *key, const struct grant_step *step)
{
    uint64_t numbers[2] = {step->seq, (uint64_t)step->granted};
    record_numbers_save(rows, row_key_bytes(key), numbers, 2);
}

static struct row_key dep_key(uint64_t journal, uint64_t from)
{
    struct row_key key = key_of_journal(TABLE_DEP, journal);
    row_key_u64(&key, from);
    return key;
}

bool dep_load(struct rows *rows, uint64_t journal, uint64_t from, struct dep_record *dep)
{
    *dep = (struct dep_record){0};
    uint8_t memory[64];
    struct buffer value = BUFFER_OVER(memory);
    struct row_key key = dep_key(journal, from);
    if (!rows_load(rows, row_key_bytes(&key), &value, NULL)) {
        return false;
    }
    struct reader reader = record_over(buffer_bytes(&value));
    read_array(&reader, 2);
    dep->seq = read_uint(&reader);
    read_bin_exact(&reader, dep->id.bytes, sizeof dep->id.bytes);
    record_done(&reader);
    return true;
}

void dep_save(struct rows *rows, uint64_t journal, uint64_t from, const struct dep_record *dep)
{
    uint8_t memory[64];
    struct buffer value = BUFFER_OVER(memory);
    struct writer writer = writer_over(&value);
    write_array(&writer, 2);
    write_uint(&writer, dep->seq);
    write_bin(&writer, BYTES_OF(dep->id.bytes));
    struct row_key key = dep_key(journal, from);
    record_put(rows, &key, &writer);
}

bool sale_load(struct rows *rows, struct event_ref sale, struct sale_record *record)
{
    *record = (struct sale_record){0};
    uint8_t memory[2048];
    struct buffer value = BUFFER_OVER(memory);
    struct row_key key = key_of_sale(sale);
    if (!rows_load(rows, row_key_bytes(&key), &value, NULL)) {
        return false;
    }
    struct reader reader = record_over(buffer_bytes(&value));
    read_array(&reader, 4);
    read_bin_exact(&reader, record->account.bytes, sizeof record->account.bytes);
    read_bin_exact(&reader, record->leaf.bytes, sizeof record->leaf.bytes);
    record->to_day = (uint32_t)read_uint_upto(&reader, UINT32_MAX);
    record->line_count = (uint8_t)read_array_upto(&reader, EVENT_LINES_MAX);
    for (uint32_t i = 0; i < record->line_count; i++) {
        read_array(&reader, 8);
        read_bin_exact(&reader, record->lines[i].lot.bytes, sizeof record->lines[i].lot.bytes);
        record->lines[i].bucket = (uint8_t)read_uint_upto(&reader, UINT8_MAX);
        record->lines[i].tender = (uint8_t)read_uint_upto(&reader, UINT8_MAX);
        record->lines[i].issued = record_read_ref(&reader);
        record->lines[i].spent = read_amount(&reader);
        record->lines[i].refunded = read_amount(&reader);
    }
    record_done(&reader);
    return true;
}

void sale_save(struct rows *rows, struct event_ref sale, const struct sale_record *record)
{
    uint8_t memory[2048];
    struct buffer value = BUFFER_OVER(memory);
    struct writer writer = writer_over(&value);
    write_array(&writer, 4);
    write_bin(&writer, BYTES_OF(record->account.bytes));
    write_bin(&writer, BYTES_OF(record->leaf.bytes));
    write_uint(&writer, record->to_day);
    write_array(&writer, record->line_count);
    for (uint32_t i = 0; i < record->line_count; i++) {
        write_array(&writer, 8);
        write_bin(&writer, BYTES_OF(record->lines[i].lot.bytes));
        write_uint(&writer, record->lines[i].bucket);
        write_uint(&writer, record->lines[i].tender);
        record_write_ref(&writer, record->lines[i].issued);
        write_amount(&writer, record->lines[i].spent);
        write_amount(&writer, record->lines[i].refunded);
    }
    struct row_key key = key_of_sale(sale);
    record_put(rows, &key, &writer);
}

static void read_sheet_lot(struct reader *reader, struct sheet_lot *lot)
{
    *lot = (struct sheet_lot){0};
    read_array(reader, 13);
    read_bin_exact(reader, lot->lot.bytes, sizeof lot->lot.bytes);
    lot->bucket = (uint8_t)read_uint_upto(reader, UINT8_MAX);
    lot->from_day = (uint32_t)read_uint_upto(reader, UINT32_MAX);
    lot->to_day = (uint32_t)read_uint_upto(reader, UINT32_MAX);
    lot->product = (uint32_t)read_uint_upto(reader, UINT32_MAX);
    lot->issued = record_read_ref(reader);
    lot->left = read_amount(reader);
    lot->on_hold = read_amount(reader);
    lot->crowded = (uint8_t)read_uint_upto(reader, 1);
    uint32_t holders = read_array_upto(reader, 2 * SHEET_HOLDERS_MAX) / 2;
    for (uint32_t i = 0; i < holders; i++) {
        lot->holders[i].journal = read_uint(reader);
        lot->holders[i].held = read_amount(reader);
    }
    lot->holder_count = (uint8_t)holders;
    uint32_t flights = read_array_upto(reader, 3 * SHEET_FLIGHTS_MAX) / 3;
    for (uint32_t i = 0; i < flights; i++) {
        lot->flights[i].from = read_uint(reader);
        lot->flights[i].to = read_uint(reader);
        lot->flights[i].amount = read_amount(reader);
    }
    lot->flight_count = (uint8_t)flights;
}

static void write_sheet_lot(struct writer *writer, const struct sheet_lot *lot)
{
    write_array(writer, 13);
    write_bin(writer, BYTES_OF(lot->lot.bytes));
    write_uint(writer, lot->bucket);
    write_uint(writer, lot->from_day);
    write_uint(writer, lot->to_day);
    write_uint(writer, lot->product);
    record_write_ref(writer, lot->issued);
    write_amount(writer, lot->left);
    write_amount(writer, lot->on_hold);
    write_uint(writer, lot->crowded);
    write_array(writer, 2U * lot->holder_count);
    for (uint32_t i = 0; i < lot->holder_count; i++) {
        write_uint(writer, lot->holders[i].journal);
        write_amount(writer, lot->holders[i].held);
    }
    write_array(writer, 3U * lot->flight_count);
    for (uint32_t i = 0; i < lot->flight_count; i++) {
        write_uint(writer, lot->flights[i].from);
        write_uint(writer, lot->flights[i].to);
        write_amount(writer, lot->flights[i].amount);
    }
}

static bool sheet_load_from(struct rows *rows, const struct subject_id *account, bool committed,
                            struct sheet *sheet)
{
    sheet->principal = 0;
    sheet->bonus = 0;
    sheet->uncovered = 0;
    sheet->covered = 0;
    sheet->made_good = 0;
    sheet->frozen = 0;
    sheet->unlisted = 0;
    sheet->lot_count = 0;
    uint8_t memory[RECORD_SIZE_MAX];
    struct buffer value = BUFFER_OVER(memory);
    struct row_key key = key_of_subject(TABLE_SHEET, account);
    bool found = committed ? rows_load_committed(rows, row_key_bytes(&key), &value)
                           : rows_load(rows, row_key_bytes(&key), &value, NULL);
    if (!found) {
        return false;
    }
    struct reader reader = record_over(buffer_bytes(&value));
    read_array(&reader, 8);
    sheet->principal = read_amount(&reader);
    sheet->bonus = read_amount(&reader);
    sheet->uncovered = read_amount(&reader);
    sheet->covered = read_amount(&reader);
    sheet->made_good = read_amount(&reader);
    sheet->frozen = (uint32_t)read_uint_upto(&reader, UINT32_MAX);
    sheet->unlisted = (uint32_t)read_uint_upto(&reader, UINT32_MAX);
    sheet->lot_count = (uint8_t)read_array_upto(&reader, SHEET_LOTS_MAX);
    for (uint32_t i = 0; i < sheet->lot_count; i++) {
        read_sheet_lot(&reader, &sheet->lots[i]);
    }
    record_done(&reader);
    return true;
}

bool sheet_load(struct rows *rows, const struct subject_id *account, struct sheet *sheet)
{
    return sheet_load_from(rows, account, false, sheet);
}

bool sheet_load_committed(struct rows *rows, const struct subject_id *account, struct sheet *sheet)
{
    return sheet_load_from(rows, account, true, sheet);
}

void sheet_save(struct rows *rows, const struct subject_id *account, const struct sheet *sheet)
{
    uint8_t memory[RECORD_SIZE_MAX];
    struct buffer value = BUFFER_OVER(memory);
    struct writer writer = writer_over(&value);
    write_array(&writer, 8);
    write_amount(&writer, sheet->principal);
    write_amount(&writer, sheet->bonus);
    write_amount(&writer, sheet->uncovered);
    write_amount(&writer, sheet->covered);
    write_amount(&writer, sheet->made_good);
    write_uint(&writer, sheet->frozen);
    write_uint(&writer, sheet->unlisted);
    write_array(&writer, sheet->lot_count);
    for (uint32_t i = 0; i < sheet->lot_count; i++) {
        write_sheet_lot(&writer, &sheet->lots[i]);
    }
    struct row_key key = key_of_subject(TABLE_SHEET, account);
    record_put(rows, &key, &writer);
}

static struct row_key spare_key(const struct subject_id *account, const struct lot_id *lot)
{
    struct row_key key = key_of_subject(TABLE_SPARE, account);
    row_key_raw(&key, lot->bytes, sizeof lot->bytes);
    return key;
}

bool spare_decode(struct bytes value, struct sheet_lot *lot)
{
    struct reader reader = record_over(value);
    read_sheet_lot(&reader, lot);
    return reader_finish(&reader) == STATUS_OK;
}

bool spare_load(struct rows *rows, const struct subject_id *account, const struct lot_id *id,
                struct sheet_lot *lot)
{
    uint8_t memory[1024];
    struct buffer value = BUFFER_OVER(memory);
    struct row_key key = spare_key(account, id);
    return rows_load(rows, row_key_bytes(&key), &value, NULL) &&
           spare_decode(buffer_bytes(&value), lot);
}

void spare_save(struct rows *rows, const struct subject_id *account, const struct sheet_lot *lot)
{
    uint8_t memory[1024];
    struct buffer value = BUFFER_OVER(memory);
    struct writer writer = writer_over(&value);
    write_sheet_lot(&writer, lot);
    struct row_key key = spare_key(account, &lot->lot);
    record_put(rows, &key, &writer);
}

void spare_erase(struct rows *rows, const struct subject_id *account, const struct lot_id *id)
{
    struct row_key key = spare_key(account, id);
    rows_put(rows, row_key_bytes(&key), (struct bytes){0});
}
