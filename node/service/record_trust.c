#include "record_trust.h"

#include "hash.h"
#include "record_form.h"
#include "row_key.h"

#include <assert.h>
#include <string.h>

/* Kinds of rows in TABLE_STATED. */
enum { STATED_CHECKPOINT = 'c', STATED_COUNT = 'n', STATED_APPROVAL = 'a' };

static struct row_key authority_key(uint64_t seq)
{
    struct row_key key = row_key(TABLE_AUTHORITY);
    row_key_u64(&key, seq);
    return key;
}

void authority_encode(const struct authority_record *record, struct buffer *value)
{
    struct writer writer = writer_over(value);
    write_array(&writer, 2);
    write_bin(&writer, BYTES_OF(record->id.bytes));
    write_uint(&writer, record->day);
    enum status status = writer_finish(&writer);
    assert(status == STATUS_OK);
}

bool authority_load(struct rows *rows, uint64_t seq, struct authority_record *record)
{
    *record = (struct authority_record){0};
    uint8_t memory[64];
    struct buffer value = BUFFER_OVER(memory);
    struct row_key key = authority_key(seq);
    if (!rows_load(rows, row_key_bytes(&key), &value, NULL)) {
        return false;
    }
    struct reader reader = record_over(buffer_bytes(&value));
    read_array(&reader, 2);
    read_bin_exact(&reader, record->id.bytes, sizeof record->id.bytes);
    record->day = (uint32_t)read_uint_upto(&reader, UINT32_MAX);
    record_done(&reader);
    return true;
}

void authority_save(struct rows *rows, uint64_t seq, const struct authority_record *record)
{
    uint8_t memory[64];
    struct buffer value = BUFFER_OVER(memory);
    authority_encode(record, &value);
    struct row_key key = authority_key(seq);
    rows_put(rows, row_key_bytes(&key), buffer_bytes(&value));
}

bool block_id_load(struct rows *rows, uint64_t journal, uint64_t seq, struct digest *id)
{
    struct row_key key = key_of_block(journal, seq);
    uint8_t memory[BLOCK_SIZE_MAX];
    struct buffer value = BUFFER_OVER(memory);
    if (!rows_load(rows, row_key_bytes(&key), &value, NULL)) {
        return false;
    }
    struct reader reader = reader_over(buffer_bytes(&value), BLOCK_EVENTS_MAX + 8);
    read_array(&reader, 3);
    struct bytes header = read_bin(&reader, BLOCK_HEADER_SIZE_MAX);
    struct bytes signature = read_bin(&reader, 64);
    if (reader_failed(&reader)) {
        return false;
    }
    *id = hash_block_id(header, signature);
    return true;
}

/* ---- checkpoints: a list for each journal, in rising order ---- */

static struct row_key checkpoint_key(uint64_t journal, uint32_t n)
{
    struct row_key key = row_key(TABLE_STATED);
    row_key_u8(&key, n == 0 ? STATED_COUNT : STATED_CHECKPOINT);
    row_key_u64(&key, journal);
    if (n > 0) {
        row_key_u32(&key, n);
    }
    return key;
}

static uint32_t checkpoint_count(struct rows *rows, uint64_t journal)
{
    struct row_key key = checkpoint_key(journal, 0);
    uint64_t count = 0;
    (void)record_numbers_load(rows, row_key_bytes(&key), &count, 1);
    return (uint32_t)count;
}

static void checkpoint_at(struct rows *rows, uint64_t journal, uint32_t n,
                          struct checkpoint_record *record)
{
    *record = (struct checkpoint_record){0};
    uint8_t memory[64];
    struct buffer value = BUFFER_OVER(memory);
    struct row_key key = checkpoint_key(journal, n);
    if (!rows_load(rows, row_key_bytes(&key), &value, NULL)) {
        return;
    }
    struct reader reader = record_over(buffer_bytes(&value));
    read_array(&reader, 3);
    record->auth = read_uint(&reader);
    record->seq = read_uint(&reader);
    read_bin_exact(&reader, record->id.bytes, sizeof record->id.bytes);
    record_done(&reader);
}

void checkpoint_save(struct rows *rows, uint64_t journal, const struct checkpoint_record *record)
{
    uint32_t count = checkpoint_count(rows, journal);
    struct checkpoint_record last = {0};
    if (count > 0) {
        checkpoint_at(rows, journal, count, &last);
    }
    if (record->seq <= last.seq) {
        return;
    }
    uint8_t memory[64];
    struct buffer value = BUFFER_OVER(memory);
    struct writer writer = writer_over(&value);
    write_array(&writer, 3);
    write_uint(&writer, record->auth);
    write_uint(&writer, record->seq);
    write_bin(&writer, BYTES_OF(record->id.bytes));
    struct row_key key = checkpoint_key(journal, count + 1);
    record_put(rows, &key, &writer);
    struct row_key count_key = checkpoint_key(journal, 0);
    uint64_t number = (uint64_t)count + 1;
    record_numbers_save(rows, row_key_bytes(&count_key), &number, 1);
}

bool checkpoint_load(struct rows *rows, uint64_t journal, uint64_t auth, uint64_t seq_max,
                     struct checkpoint_record *record)
{
    uint32_t low = 0; /* known to fit */
    uint32_t high = checkpoint_count(rows, journal);
    *record = (struct checkpoint_record){0};
    while (low < high) {
        uint32_t middle = high - (high - low) / 2;
        struct checkpoint_record one;
        checkpoint_at(rows, journal, middle, &one);
        if (one.auth <= auth && one.seq <= seq_max) {
            *record = one;
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return record->seq > 0;
}

static struct row_key approval_key(struct event_ref mint)
{
    struct row_key key = row_key(TABLE_STATED);
    row_key_u8(&key, STATED_APPROVAL);
    row_key_ref(&key, mint);
    return key;
}

uint64_t approval_load(struct rows *rows, struct event_ref mint)
{
    struct row_key key = approval_key(mint);
    uint64_t auth = 0;
    (void)record_numbers_load(rows, row_key_bytes(&key), &auth, 1);
    return auth;
}

void approval_save(struct rows *rows, struct event_ref mint, uint64_t auth)
{
    if (approval_load(rows, mint) == 0) {
        struct row_key key = approval_key(mint);
        record_numbers_save(rows, row_key_bytes(&key), &auth, 1);
    }
}

/* ---- exposure ---- */

static struct row_key exposure_key(const struct subject_id *account, uint64_t journal)
{
    struct row_key key = key_of_subject(TABLE_EXPOSURE, account);
    row_key_u64(&key, journal);
    return key;
}

void exposure_load(struct rows *rows, const struct subject_id *account, uint64_t journal,
                   struct exposure_record *record)
{
    struct row_key key = exposure_key(account, journal);
    uint64_t numbers[UNIT_COUNT];
    (void)record_numbers_load(rows, row_key_bytes(&key), numbers, UNIT_COUNT);
    for (int i = 0; i < UNIT_COUNT; i++) {
        record->exposed[i] = (int64_t)numbers[i];
    }
}

void exposure_save(struct rows *rows, const struct subject_id *account, uint64_t journal,
                   const struct exposure_record *record)
{
    struct row_key key = exposure_key(account, journal);
    uint64_t numbers[UNIT_COUNT];
    for (int i = 0; i < UNIT_COUNT; i++) {
        numbers[i] = (uint64_t)record->exposed[i];
    }
    record_numbers_save(rows, row_key_bytes(&key), numbers, UNIT_COUNT);
}

/* ---- minting ---- */

static struct row_key minted_key(uint64_t journal, uint8_t bucket)
{
    struct row_key key = key_of_journal(TABLE_MINTED, journal);
    row_key_u8(&key, bucket);
    return key;
}

void minted_load(struct rows *rows, uint64_t journal, uint8_t bucket, struct minted_record *record)
{
    struct row_key key = minted_key(journal, bucket);
    uint64_t numbers[2];
    (void)record_numbers_load(rows, row_key_bytes(&key), numbers, 2);
    *record = (struct minted_record){.day = (uint32_t)numbers[0], .minted = (int64_t)numbers[1]};
}

void minted_save(struct rows *rows, uint64_t journal, uint8_t bucket,
                 const struct minted_record *record)
{
    struct row_key key = minted_key(journal, bucket);
    uint64_t numbers[2] = {record->day, (uint64_t)record->minted};
    record_numbers_save(rows, row_key_bytes(&key), numbers, 2);
}

static struct row_key pending_key(struct event_ref mint)
{
    struct row_key key = row_key(TABLE_PENDING);
    row_key_ref(&key, mint);
    return key;
}

enum { PENDING_ROOM = 1024 };

bool pending_decode(struct bytes value, struct pending_record *record)
{
    *record = (struct pending_record){0};
    struct reader reader = record_over(value);
    read_array(&reader, 5);
    record->type = (uint16_t)read_uint_upto(&reader, UINT16_MAX);
    read_bin_exact(&reader, record->account.bytes, sizeof record->account.bytes);
    record->day = (uint32_t)read_uint_upto(&reader, UINT32_MAX);
    record->released = (uint8_t)read_uint_upto(&reader, 1);
    record->lot_count = (uint8_t)read_array_upto(&reader, EVENT_LINES_MAX);
    for (uint32_t i = 0; i < record->lot_count; i++) {
        read_array(&reader, 3);
        read_bin_exact(&reader, record->lots[i].lot.bytes, sizeof record->lots[i].lot.bytes);
        record->lots[i].bucket = (uint8_t)read_uint_upto(&reader, UINT8_MAX);
        record->lots[i].amount = read_amount(&reader);
    }
    return reader_finish(&reader) == STATUS_OK;
}

bool pending_load(struct rows *rows, struct event_ref mint, struct pending_record *record)
{
    *record = (struct pending_record){0};
    uint8_t memory[PENDING_ROOM];
    struct buffer value = BUFFER_OVER(memory);
    struct row_key key = pending_key(mint);
    return rows_load(rows, row_key_bytes(&key), &value, NULL) &&
           pending_decode(buffer_bytes(&value), record);
}

void pending_save(struct rows *rows, struct event_ref mint, const struct pending_record *record)
{
    uint8_t memory[PENDING_ROOM];
    struct buffer value = BUFFER_OVER(memory);
    struct writer writer = writer_over(&value);
    write_array(&writer, 5);
    write_uint(&writer, record->type);
    write_bin(&writer, BYTES_OF(record->account.bytes));
    write_uint(&writer, record->day);
    write_uint(&writer, record->released);
    write_array(&writer, record->lot_count);
    for (uint32_t i = 0; i < record->lot_count; i++) {
        write_array(&writer, 3);
        write_bin(&writer, BYTES_OF(record->lots[i].lot.bytes));
        write_uint(&writer, record->lots[i].bucket);
        write_amount(&writer, record->lots[i].amount);
    }
    struct row_key key = pending_key(mint);
    record_put(rows, &key, &writer);
}

/* ---- leases ---- */

bool lease_load(struct rows *rows, uint64_t journal, struct lease_record *record)
{
    struct row_key key = key_of_journal(TABLE_LEASE, journal);
    uint64_t numbers[3];
    bool found = record_numbers_load(rows, row_key_bytes(&key), numbers, 3);
    *record = (struct lease_record){
        .issued_ms = numbers[0], .until_ms = numbers[1], .recorded_ms = numbers[2]};
    return found;
}

void lease_save(struct rows *rows, uint64_t journal, const struct lease_record *record)
{
    struct row_key key = key_of_journal(TABLE_LEASE, journal);
    uint64_t numbers[3] = {record->issued_ms, record->until_ms, record->recorded_ms};
    record_numbers_save(rows, row_key_bytes(&key), numbers, 3);
}
