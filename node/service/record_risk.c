#include "record_risk.h"

#include "record_form.h"

#include <assert.h>
#include <string.h>

struct row_key key_of_risk(const struct subject_id *account, uint64_t journal)
{
    struct row_key key = key_of_subject(TABLE_RISK, account);
    row_key_u64(&key, journal);
    return key;
}

static struct row_key key_of_risk_sale(struct event_ref sale)
{
    struct row_key key = row_key(TABLE_RISK_SALE);
    row_key_ref(&key, sale);
    return key;
}

static struct row_key key_of_settle(struct event_ref settle)
{
    struct row_key key = row_key(TABLE_SETTLE);
    row_key_ref(&key, settle);
    return key;
}

struct row_key key_of_settled(struct event_ref sale, uint64_t journal)
{
    struct row_key key = row_key(TABLE_SETTLED);
    row_key_ref(&key, sale);
    row_key_u64(&key, journal);
    return key;
}

struct row_key key_of_settle_task(const struct subject_id *account, struct event_ref sale)
{
    struct row_key key = key_of_subject(TABLE_SETTLE_TASK, account);
    row_key_ref(&key, sale);
    return key;
}

struct row_key key_of_risk_task(uint64_t journal, struct event_ref settle)
{
    struct row_key key = key_of_journal(TABLE_RISK_TASK, journal);
    row_key_ref(&key, settle);
    return key;
}

bool risk_load(struct rows *rows, const struct subject_id *account, uint64_t journal,
               struct risk_record *record)
{
    uint64_t numbers[4];
    struct row_key key = key_of_risk(account, journal);
    bool found = record_numbers_load(rows, row_key_bytes(&key), numbers, 4);
    *record = (struct risk_record){.given = (int64_t)numbers[0],
                                   .acked = (int64_t)numbers[1],
                                   .debt = (int64_t)numbers[2],
                                   .covered = (int64_t)numbers[3]};
    return found;
}

void risk_save(struct rows *rows, const struct subject_id *account, uint64_t journal,
               const struct risk_record *record)
{
    uint64_t numbers[4] = {(uint64_t)record->given, (uint64_t)record->acked, (uint64_t)record->debt,
                           (uint64_t)record->covered};
    struct row_key key = key_of_risk(account, journal);
    record_numbers_save(rows, row_key_bytes(&key), numbers, 4);
}

bool risk_sale_load(struct rows *rows, struct event_ref sale, struct risk_sale_record *record)
{
    *record = (struct risk_sale_record){0};
    uint8_t memory[64];
    struct buffer value = BUFFER_OVER(memory);
    struct row_key key = key_of_risk_sale(sale);
    if (!rows_load(rows, row_key_bytes(&key), &value, NULL)) {
        return false;
    }
    struct reader reader = record_over(buffer_bytes(&value));
    read_array(&reader, 3);
    read_bin_exact(&reader, record->account.bytes, sizeof record->account.bytes);
    record->risk = read_amount(&reader);
    record->acked = read_uint_upto(&reader, 1) == 1;
    record_done(&reader);
    return true;
}

void risk_sale_save(struct rows *rows, struct event_ref sale, const struct risk_sale_record *record)
{
    uint8_t memory[64];
    struct buffer value = BUFFER_OVER(memory);
    struct writer writer = writer_over(&value);
    write_array(&writer, 3);
    write_bin(&writer, BYTES_OF(record->account.bytes));
    write_amount(&writer, record->risk);
    write_uint(&writer, record->acked ? 1 : 0);
    struct row_key key = key_of_risk_sale(sale);
    record_put(rows, &key, &writer);
}

bool settle_load(struct rows *rows, struct event_ref settle, struct event_ref *sale)
{
    uint64_t numbers[3];
    struct row_key key = key_of_settle(settle);
    bool found = record_numbers_load(rows, row_key_bytes(&key), numbers, 3);
    *sale =
        (struct event_ref){.journal = numbers[0], .seq = numbers[1], .index = (uint16_t)numbers[2]};
    return found;
}

void settle_save(struct rows *rows, struct event_ref settle, struct event_ref sale)
{
    uint64_t numbers[3] = {sale.journal, sale.seq, sale.index};
    struct row_key key = key_of_settle(settle);
    record_numbers_save(rows, row_key_bytes(&key), numbers, 3);
}

bool surplus_load(struct rows *rows, const struct subject_id *account,
                  struct surplus_record *record)
{
    uint64_t numbers[2];
    struct row_key key = key_of_subject(TABLE_SURPLUS, account);
    bool found = record_numbers_load(rows, row_key_bytes(&key), numbers, 2);
    *record = (struct surplus_record){.giver = numbers[0], .amount = (int64_t)numbers[1]};
    return found;
}

void surplus_save(struct rows *rows, const struct subject_id *account,
                  const struct surplus_record *record)
{
    struct row_key key = key_of_subject(TABLE_SURPLUS, account);
    if (record->amount <= 0) {
        rows_put(rows, row_key_bytes(&key), bytes_of(NULL, 0));
        return;
    }
    uint64_t numbers[2] = {record->giver, (uint64_t)record->amount};
    record_numbers_save(rows, row_key_bytes(&key), numbers, 2);
}

int64_t risk_open_of(struct rows *rows, uint64_t journal)
{
    struct row_key key = key_of_journal(TABLE_RISK_OPEN, journal);
    return (int64_t)number_load(rows, row_key_bytes(&key));
}
