#include "record.h"

#include "reader.h"
#include "row_key.h"
#include "writer.h"

#include <assert.h>
#include <string.h>

enum {
    RECORD_SIZE_MAX = 32 * 1024, /* a full sheet */
    RECORD_VALUES_MAX = 4096,
};

static void write_ref(struct writer *writer, struct event_ref ref)
{
    write_uint(writer, ref.journal);
    write_uint(writer, ref.seq);
    write_uint(writer, ref.index);
}

static struct event_ref read_ref(struct reader *reader)
{
    struct event_ref ref;
    ref.journal = read_uint(reader);
    ref.seq = read_uint(reader);
    ref.index = (uint16_t)read_uint_upto(reader, UINT16_MAX);
    return ref;
}

static struct reader over(struct bytes value)
{
    return reader_over(value, RECORD_VALUES_MAX);
}

/* A row that we wrote ourselves and that the store vouches for (checksums) always decodes. */
static void done(const struct reader *reader)
{
    enum status status = reader_finish(reader);
    assert(status == STATUS_OK);
}

static void put(struct rows *rows, const struct row_key *key, const struct writer *writer)
{
    enum status status = writer_finish(writer);
    /* After a failed read what was decided from it makes no sense, and is never committed. */
    assert(status == STATUS_OK || rows_failed(rows));
    if (status == STATUS_OK) {
        rows_put(rows, row_key_bytes(key), buffer_bytes(writer->out));
    }
}

bool terms_load(struct rows *rows, const struct lot_id *lot, struct terms_record *terms)
{
    *terms = (struct terms_record){0};
    uint8_t memory[128];
    struct buffer value = BUFFER_OVER(memory);
    struct row_key key = key_of_lot(lot);
    if (!rows_load(rows, row_key_bytes(&key), &value, NULL)) {
        return false;
    }
    struct reader reader = over(buffer_bytes(&value));
    read_array(&reader, 8);
    read_bin_exact(&reader, terms->account.bytes, sizeof terms->account.bytes);
    terms->bucket = (uint8_t)read_uint_upto(&reader, UINT8_MAX);
    terms->from_day = (uint32_t)read_uint_upto(&reader, UINT32_MAX);
    terms->to_day = (uint32_t)read_uint_upto(&reader, UINT32_MAX);
    terms->product = (uint32_t)read_uint_upto(&reader, UINT32_MAX);
    terms->issued = read_ref(&reader);
    done(&reader);
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
    write_ref(&writer, terms->issued);
    struct row_key key = key_of_lot(lot);
    put(rows, &key, &writer);
}

bool registers_load(struct rows *rows, const struct row_key *key, struct registers *registers)
{
    *registers = (struct registers){0};
    uint8_t memory[160];
    struct buffer value = BUFFER_OVER(memory);
    if (!rows_load(rows, row_key_bytes(key), &value, NULL)) {
        return false;
    }
    struct reader reader = over(buffer_bytes(&value));
    read_array(&reader, 12);
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
    done(&reader);
    return true;
}

void registers_save(struct rows *rows, const struct row_key *key, const struct registers *registers)
{
    uint8_t memory[160];
    struct buffer value = BUFFER_OVER(memory);
    struct writer writer = writer_over(&value);
    write_array(&writer, 12);
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
    put(rows, key, &writer);
}

/* Rows of a few numbers. */
static bool numbers_load(struct rows *rows, struct bytes key, uint64_t *numbers, uint32_t count)
{
    memset(numbers, 0, count * sizeof *numbers);
    uint8_t memory[256];
    struct buffer value = BUFFER_OVER(memory);
    if (!rows_load(rows, key, &value, NULL)) {
        return false;
    }
    struct reader reader = over(buffer_bytes(&value));
    read_array(&reader, count);
    for (uint32_t i = 0; i < count; i++) {
        numbers[i] = read_uint(&reader);
    }
    done(&reader);
    return true;
}

static bool numbers_decode(struct bytes value, uint64_t *numbers, uint32_t count)
{
    struct reader reader = over(value);
    read_array(&reader, count);
    for (uint32_t i = 0; i < count; i++) {
        numbers[i] = read_uint(&reader);
    }
    return reader_finish(&reader) == STATUS_OK;
}

static void numbers_save(struct rows *rows, struct bytes key, const uint64_t *numbers,
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

bool grant_load(struct rows *rows, const struct row_key *key, struct grant_record *record)
{
    uint64_t numbers[3];
    bool found = numbers_load(rows, row_key_bytes(key), numbers, 3);
    *record = (struct grant_record){
        .grant = {.granted = (int64_t)numbers[0], .accepted = (int64_t)numbers[1]},
        .steps = (uint32_t)numbers[2]};
    return found;
}

void grant_save(struct rows *rows, const struct row_key *key, const struct grant_record *record)
{
    uint64_t numbers[3] = {(uint64_t)record->grant.granted, (uint64_t)record->grant.accepted,
                           record->steps};
    numbers_save(rows, row_key_bytes(key), numbers, 3);
}

bool grant_step_load(struct rows *rows, const struct row_key *key, struct grant_step *step)
{
    uint64_t numbers[2];
    bool found = numbers_load(rows, row_key_bytes(key), numbers, 2);
    *step = (struct grant_step){.seq = numbers[0], .granted = (int64_t)numbers[1]};
    return found;
}

void grant_step_save(struct rows *rows, const struct row_key *key, const struct grant_step *step)
{
    uint64_t numbers[2] = {step->seq, (uint64_t)step->granted};
    numbers_save(rows, row_key_bytes(key), numbers, 2);
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
    struct reader reader = over(buffer_bytes(&value));
    read_array(&reader, 2);
    dep->seq = read_uint(&reader);
    read_bin_exact(&reader, dep->id.bytes, sizeof dep->id.bytes);
    done(&reader);
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
    put(rows, &key, &writer);
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
    struct reader reader = over(buffer_bytes(&value));
    read_array(&reader, 4);
    read_bin_exact(&reader, record->account.bytes, sizeof record->account.bytes);
    read_bin_exact(&reader, record->leaf.bytes, sizeof record->leaf.bytes);
    record->to_day = (uint32_t)read_uint_upto(&reader, UINT32_MAX);
    record->line_count = (uint8_t)read_array_upto(&reader, EVENT_LINES_MAX);
    for (uint32_t i = 0; i < record->line_count; i++) {
        read_array(&reader, 7);
        read_bin_exact(&reader, record->lines[i].lot.bytes, sizeof record->lines[i].lot.bytes);
        record->lines[i].bucket = (uint8_t)read_uint_upto(&reader, UINT8_MAX);
        record->lines[i].issued = read_ref(&reader);
        record->lines[i].spent = read_amount(&reader);
        record->lines[i].refunded = read_amount(&reader);
    }
    done(&reader);
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
        write_array(&writer, 7);
        write_bin(&writer, BYTES_OF(record->lines[i].lot.bytes));
        write_uint(&writer, record->lines[i].bucket);
        write_ref(&writer, record->lines[i].issued);
        write_amount(&writer, record->lines[i].spent);
        write_amount(&writer, record->lines[i].refunded);
    }
    struct row_key key = key_of_sale(sale);
    put(rows, &key, &writer);
}

static void read_sheet_lot(struct reader *reader, struct sheet_lot *lot)
{
    *lot = (struct sheet_lot){0};
    read_array(reader, 12);
    read_bin_exact(reader, lot->lot.bytes, sizeof lot->lot.bytes);
    lot->bucket = (uint8_t)read_uint_upto(reader, UINT8_MAX);
    lot->from_day = (uint32_t)read_uint_upto(reader, UINT32_MAX);
    lot->to_day = (uint32_t)read_uint_upto(reader, UINT32_MAX);
    lot->product = (uint32_t)read_uint_upto(reader, UINT32_MAX);
    lot->issued = read_ref(reader);
    lot->left = read_amount(reader);
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
    write_array(writer, 12);
    write_bin(writer, BYTES_OF(lot->lot.bytes));
    write_uint(writer, lot->bucket);
    write_uint(writer, lot->from_day);
    write_uint(writer, lot->to_day);
    write_uint(writer, lot->product);
    write_ref(writer, lot->issued);
    write_amount(writer, lot->left);
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
    struct reader reader = over(buffer_bytes(&value));
    read_array(&reader, 5);
    sheet->principal = read_amount(&reader);
    sheet->bonus = read_amount(&reader);
    sheet->frozen = (uint32_t)read_uint_upto(&reader, UINT32_MAX);
    sheet->unlisted = (uint32_t)read_uint_upto(&reader, UINT32_MAX);
    sheet->lot_count = (uint8_t)read_array_upto(&reader, SHEET_LOTS_MAX);
    for (uint32_t i = 0; i < sheet->lot_count; i++) {
        read_sheet_lot(&reader, &sheet->lots[i]);
    }
    done(&reader);
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
    write_array(&writer, 5);
    write_amount(&writer, sheet->principal);
    write_amount(&writer, sheet->bonus);
    write_uint(&writer, sheet->frozen);
    write_uint(&writer, sheet->unlisted);
    write_array(&writer, sheet->lot_count);
    for (uint32_t i = 0; i < sheet->lot_count; i++) {
        write_sheet_lot(&writer, &sheet->lots[i]);
    }
    struct row_key key = key_of_subject(TABLE_SHEET, account);
    put(rows, &key, &writer);
}

static struct row_key spare_key(const struct subject_id *account, const struct lot_id *lot)
{
    struct row_key key = key_of_subject(TABLE_SPARE, account);
    row_key_raw(&key, lot->bytes, sizeof lot->bytes);
    return key;
}

bool spare_decode(struct bytes value, struct sheet_lot *lot)
{
    struct reader reader = over(value);
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
    put(rows, &key, &writer);
}

void spare_erase(struct rows *rows, const struct subject_id *account, const struct lot_id *id)
{
    struct row_key key = spare_key(account, id);
    rows_put(rows, row_key_bytes(&key), (struct bytes){0});
}

bool account_load(struct rows *rows, const struct subject_id *account,
                  struct account_record *record)
{
    *record = (struct account_record){0};
    uint8_t memory[512];
    struct buffer value = BUFFER_OVER(memory);
    struct row_key key = key_of_subject(TABLE_ACCOUNT, account);
    if (!rows_load(rows, row_key_bytes(&key), &value, NULL)) {
        return false;
    }
    struct reader reader = over(buffer_bytes(&value));
    read_array(&reader, 9);
    record->opened = read_uint_upto(&reader, 1) == 1;
    read_bin_exact(&reader, record->member.bytes, sizeof record->member.bytes);
    record->product = (uint32_t)read_uint_upto(&reader, UINT32_MAX);
    record->version = (uint32_t)read_uint_upto(&reader, UINT32_MAX);
    record->home_branch = (uint32_t)read_uint_upto(&reader, UINT32_MAX);
    record->opened_by = read_ref(&reader);
    record->card_count = (uint8_t)read_array_upto(&reader, 8);
    for (uint32_t i = 0; i < record->card_count; i++) {
        read_bin_exact(&reader, record->cards[i], CARD_NUMBER_SIZE);
    }
    done(&reader);
    return true;
}

void account_save(struct rows *rows, const struct subject_id *account,
                  const struct account_record *record)
{
    uint8_t memory[512];
    struct buffer value = BUFFER_OVER(memory);
    struct writer writer = writer_over(&value);
    write_array(&writer, 9);
    write_uint(&writer, record->opened ? 1 : 0);
    write_bin(&writer, BYTES_OF(record->member.bytes));
    write_uint(&writer, record->product);
    write_uint(&writer, record->version);
    write_uint(&writer, record->home_branch);
    write_ref(&writer, record->opened_by);
    write_array(&writer, record->card_count);
    for (uint32_t i = 0; i < record->card_count; i++) {
        write_bin(&writer, BYTES_OF(record->cards[i]));
    }
    struct row_key key = key_of_subject(TABLE_ACCOUNT, account);
    put(rows, &key, &writer);
}

bool member_load(struct rows *rows, const struct subject_id *member, struct member_record *record)
{
    *record = (struct member_record){0};
    uint8_t memory[512];
    struct buffer value = BUFFER_OVER(memory);
    struct row_key key = key_of_subject(TABLE_MEMBER, member);
    if (!rows_load(rows, row_key_bytes(&key), &value, NULL)) {
        return false;
    }
    struct reader reader = over(buffer_bytes(&value));
    read_array(&reader, 3);
    record->enrolled = read_uint_upto(&reader, 1) == 1;
    record->home_branch = (uint32_t)read_uint_upto(&reader, UINT32_MAX);
    record->account_count = read_array_upto(&reader, 8);
    for (uint32_t i = 0; i < record->account_count; i++) {
        read_bin_exact(&reader, record->accounts[i].bytes, sizeof record->accounts[i].bytes);
    }
    done(&reader);
    return true;
}

void member_save(struct rows *rows, const struct subject_id *member,
                 const struct member_record *record)
{
    uint8_t memory[512];
    struct buffer value = BUFFER_OVER(memory);
    struct writer writer = writer_over(&value);
    write_array(&writer, 3);
    write_uint(&writer, record->enrolled ? 1 : 0);
    write_uint(&writer, record->home_branch);
    write_array(&writer, record->account_count);
    for (uint32_t i = 0; i < record->account_count; i++) {
        write_bin(&writer, BYTES_OF(record->accounts[i].bytes));
    }
    struct row_key key = key_of_subject(TABLE_MEMBER, member);
    put(rows, &key, &writer);
}

static struct row_key field_key(const struct subject_id *member, uint8_t field)
{
    struct row_key key = key_of_subject(TABLE_FIELD, member);
    row_key_u8(&key, field);
    return key;
}

bool field_load(struct rows *rows, const struct subject_id *member, uint8_t field,
                struct buffer *scratch, struct field_record *record)
{
    *record = (struct field_record){0};
    scratch->size = 0;
    struct row_key key = field_key(member, field);
    if (!rows_load(rows, row_key_bytes(&key), scratch, NULL)) {
        return false;
    }
    struct reader reader = over(buffer_bytes(scratch));
    read_array(&reader, 6);
    record->hlc = read_uint(&reader);
    record->journal = read_uint(&reader);
    record->event_type = (uint16_t)read_uint_upto(&reader, UINT16_MAX);
    record->class_number = (uint8_t)read_uint_upto(&reader, UINT8_MAX);
    record->key_number = (uint32_t)read_uint_upto(&reader, UINT32_MAX);
    record->box = read_bin(&reader, SEALED_SIZE_MAX);
    done(&reader);
    return true;
}

void field_save(struct rows *rows, const struct subject_id *member, uint8_t field,
                const struct field_record *record)
{
    uint8_t memory[SEALED_SIZE_MAX + 64];
    struct buffer value = BUFFER_OVER(memory);
    struct writer writer = writer_over(&value);
    write_array(&writer, 6);
    write_uint(&writer, record->hlc);
    write_uint(&writer, record->journal);
    write_uint(&writer, record->event_type);
    write_uint(&writer, record->class_number);
    write_uint(&writer, record->key_number);
    write_bin(&writer, record->box);
    struct row_key key = field_key(member, field);
    put(rows, &key, &writer);
}

bool card_load(struct rows *rows, struct bytes number, struct card_record *record)
{
    *record = (struct card_record){0};
    uint8_t memory[160];
    struct buffer value = BUFFER_OVER(memory);
    struct row_key key = key_of_card(number);
    if (!rows_load(rows, row_key_bytes(&key), &value, NULL)) {
        return false;
    }
    struct reader reader = over(buffer_bytes(&value));
    read_array(&reader, 6);
    read_bin_exact(&reader, record->account.bytes, sizeof record->account.bytes);
    read_bin_exact(&reader, record->holder.bytes, sizeof record->holder.bytes);
    record->issued_by = read_ref(&reader);
    read_bin_exact(&reader, record->number, CARD_NUMBER_SIZE);
    done(&reader);
    return true;
}

void card_save(struct rows *rows, struct bytes number, const struct card_record *record)
{
    uint8_t memory[160];
    struct buffer value = BUFFER_OVER(memory);
    struct writer writer = writer_over(&value);
    write_array(&writer, 6);
    write_bin(&writer, BYTES_OF(record->account.bytes));
    write_bin(&writer, BYTES_OF(record->holder.bytes));
    write_ref(&writer, record->issued_by);
    write_bin(&writer, BYTES_OF(record->number));
    struct row_key key = key_of_card(number);
    put(rows, &key, &writer);
}

static struct row_key freeze_key(const struct subject_id *account, struct event_ref token)
{
    struct row_key key = key_of_subject(TABLE_FREEZE, account);
    row_key_ref(&key, token);
    return key;
}

uint64_t freeze_load(struct rows *rows, const struct subject_id *account, struct event_ref token)
{
    struct row_key key = freeze_key(account, token);
    return number_load(rows, row_key_bytes(&key));
}

void freeze_save(struct rows *rows, const struct subject_id *account, struct event_ref token,
                 uint64_t bits)
{
    struct row_key key = freeze_key(account, token);
    number_save(rows, row_key_bytes(&key), bits);
}

uint64_t number_load(struct rows *rows, struct bytes key)
{
    uint64_t number = 0;
    (void)numbers_load(rows, key, &number, 1);
    return number;
}

void number_save(struct rows *rows, struct bytes key, uint64_t value)
{
    numbers_save(rows, key, &value, 1);
}

void day_add(struct rows *rows, uint32_t branch, uint32_t day, uint16_t type, int64_t principal,
             int64_t bonus)
{
    struct row_key key = row_key(TABLE_DAY);
    row_key_u32(&key, branch);
    row_key_u32(&key, day);
    uint64_t numbers[9];
    (void)numbers_load(rows, row_key_bytes(&key), numbers, 9);
    uint32_t at = type == EVENT_TOPUP ? 0 : type == EVENT_SPEND ? 3 : 6;
    numbers[at] += 1;
    numbers[at + 1] += (uint64_t)principal;
    numbers[at + 2] += (uint64_t)bonus;
    numbers_save(rows, row_key_bytes(&key), numbers, 9);
}

bool day_decode(struct bytes value, struct day_entry *entry)
{
    uint64_t numbers[9];
    if (!numbers_decode(value, numbers, 9)) {
        return false;
    }
    entry->topups = (int64_t)numbers[0];
    entry->topup_principal = (int64_t)numbers[1];
    entry->topup_bonus = (int64_t)numbers[2];
    entry->sales = (int64_t)numbers[3];
    entry->sale_principal = (int64_t)numbers[4];
    entry->sale_bonus = (int64_t)numbers[5];
    entry->refunds = (int64_t)numbers[6];
    entry->refund_principal = (int64_t)numbers[7];
    entry->refund_bonus = (int64_t)numbers[8];
    return true;
}

void liability_add(struct rows *rows, uint32_t product, uint8_t bucket,
                   const struct liability_record *change)
{
    struct row_key key = row_key(TABLE_LIABILITY);
    row_key_u32(&key, product);
    row_key_u8(&key, bucket);
    uint64_t numbers[5];
    (void)numbers_load(rows, row_key_bytes(&key), numbers, 5);
    numbers[0] += (uint64_t)change->issued;
    numbers[1] += (uint64_t)change->spent;
    numbers[2] += (uint64_t)change->refunded;
    numbers[3] += (uint64_t)change->held;
    numbers[4] += (uint64_t)change->in_flight;
    numbers_save(rows, row_key_bytes(&key), numbers, 5);
}

bool liability_decode(struct bytes value, struct liability_record *record)
{
    uint64_t numbers[5];
    if (!numbers_decode(value, numbers, 5)) {
        return false;
    }
    *record = (struct liability_record){.issued = (int64_t)numbers[0],
                                        .spent = (int64_t)numbers[1],
                                        .refunded = (int64_t)numbers[2],
                                        .held = (int64_t)numbers[3],
                                        .in_flight = (int64_t)numbers[4]};
    return true;
}

void holder_add(struct rows *rows, uint64_t journal, uint8_t bucket, int64_t change)
{
    struct row_key key = key_of_journal(TABLE_HOLDER, journal);
    uint64_t numbers[2];
    (void)numbers_load(rows, row_key_bytes(&key), numbers, 2);
    if (bucket == BUCKET_PRINCIPAL) {
        numbers[0] += (uint64_t)change;
    } else if (bucket == BUCKET_BONUS) {
        numbers[1] += (uint64_t)change;
    }
    numbers_save(rows, row_key_bytes(&key), numbers, 2);
}

bool holder_decode(struct bytes value, struct holder_record *record)
{
    uint64_t numbers[2];
    if (!numbers_decode(value, numbers, 2)) {
        return false;
    }
    *record =
        (struct holder_record){.principal = (int64_t)numbers[0], .bonus = (int64_t)numbers[1]};
    return true;
}

void statement_save(struct rows *rows, const struct subject_id *account, uint64_t hlc,
                    struct event_ref event, const struct statement_record *record)
{
    struct row_key key = key_of_subject(TABLE_STATEMENT, account);
    /* Newest first, also within one block. */
    row_key_u64(&key, ~hlc);
    event.index = (uint16_t)~event.index;
    row_key_ref(&key, event);
    uint8_t memory[160];
    struct buffer value = BUFFER_OVER(memory);
    struct writer writer = writer_over(&value);
    write_array(&writer, 14);
    write_uint(&writer, record->type);
    write_uint(&writer, record->verdict);
    write_uint(&writer, record->reason);
    write_uint(&writer, record->tender);
    write_uint(&writer, record->till);
    write_uint(&writer, record->staff);
    write_amount(&writer, record->principal);
    write_amount(&writer, record->bonus);
    write_ref(&writer, record->sale);
    write_uint(&writer, record->to_journal);
    write_amount(&writer, record->moved);
    write_bin_optional(&writer, record->ticket.bytes, sizeof record->ticket.bytes);
    put(rows, &key, &writer);
}

bool statement_decode(struct bytes value, struct statement_record *record)
{
    struct reader reader = over(value);
    read_array(&reader, 14);
    record->type = (uint16_t)read_uint_upto(&reader, UINT16_MAX);
    record->verdict = (uint8_t)read_uint_upto(&reader, UINT8_MAX);
    record->reason = (uint8_t)read_uint_upto(&reader, UINT8_MAX);
    record->tender = (uint8_t)read_uint_upto(&reader, UINT8_MAX);
    record->till = (uint32_t)read_uint_upto(&reader, UINT32_MAX);
    record->staff = (uint32_t)read_uint_upto(&reader, UINT32_MAX);
    record->principal = read_amount(&reader);
    record->bonus = read_amount(&reader);
    record->sale = read_ref(&reader);
    record->to_journal = read_uint(&reader);
    record->moved = read_amount(&reader);
    read_bin_optional(&reader, record->ticket.bytes, sizeof record->ticket.bytes);
    return reader_finish(&reader) == STATUS_OK;
}
