#include "record.h"

#include "record_form.h"

#include <assert.h>
#include <string.h>

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
    struct reader reader = record_over(buffer_bytes(&value));
    read_array(&reader, 9);
    record->opened = read_uint_upto(&reader, 1) == 1;
    read_bin_exact(&reader, record->member.bytes, sizeof record->member.bytes);
    record->product = (uint32_t)read_uint_upto(&reader, UINT32_MAX);
    record->version = (uint32_t)read_uint_upto(&reader, UINT32_MAX);
    record->home_branch = (uint32_t)read_uint_upto(&reader, UINT32_MAX);
    record->opened_by = record_read_ref(&reader);
    record->card_count = (uint8_t)read_array_upto(&reader, 8);
    for (uint32_t i = 0; i < record->card_count; i++) {
        read_bin_exact(&reader, record->cards[i], CARD_NUMBER_SIZE);
    }
    record_done(&reader);
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
    record_write_ref(&writer, record->opened_by);
    write_array(&writer, record->card_count);
    for (uint32_t i = 0; i < record->card_count; i++) {
        write_bin(&writer, BYTES_OF(record->cards[i]));
    }
    struct row_key key = key_of_subject(TABLE_ACCOUNT, account);
    record_put(rows, &key, &writer);
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
    struct reader reader = record_over(buffer_bytes(&value));
    read_array(&reader, 3);
    record->enrolled = read_uint_upto(&reader, 1) == 1;
    record->home_branch = (uint32_t)read_uint_upto(&reader, UINT32_MAX);
    record->account_count = read_array_upto(&reader, 8);
    for (uint32_t i = 0; i < record->account_count; i++) {
        read_bin_exact(&reader, record->accounts[i].bytes, sizeof record->accounts[i].bytes);
    }
    record_done(&reader);
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
    record_put(rows, &key, &writer);
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
    struct reader reader = record_over(buffer_bytes(scratch));
    read_array(&reader, 6);
    record->hlc = read_uint(&reader);
    record->journal = read_uint(&reader);
    record->event_type = (uint16_t)read_uint_upto(&reader, UINT16_MAX);
    record->class_number = (uint8_t)read_uint_upto(&reader, UINT8_MAX);
    record->key_number = (uint32_t)read_uint_upto(&reader, UINT32_MAX);
    record->box = read_bin(&reader, SEALED_SIZE_MAX);
    record_done(&reader);
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
    record_put(rows, &key, &writer);
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
    struct reader reader = record_over(buffer_bytes(&value));
    read_array(&reader, 7);
    read_bin_exact(&reader, record->account.bytes, sizeof record->account.bytes);
    read_bin_exact(&reader, record->holder.bytes, sizeof record->holder.bytes);
    record->issued_by = record_read_ref(&reader);
    read_bin_exact(&reader, record->number, CARD_NUMBER_SIZE);
    read_bin_optional(&reader, record->replaces, sizeof record->replaces);
    record_done(&reader);
    return true;
}

void card_save(struct rows *rows, struct bytes number, const struct card_record *record)
{
    uint8_t memory[160];
    struct buffer value = BUFFER_OVER(memory);
    struct writer writer = writer_over(&value);
    write_array(&writer, 7);
    write_bin(&writer, BYTES_OF(record->account.bytes));
    write_bin(&writer, BYTES_OF(record->holder.bytes));
    record_write_ref(&writer, record->issued_by);
    write_bin(&writer, BYTES_OF(record->number));
    write_bin_optional(&writer, record->replaces, sizeof record->replaces);
    struct row_key key = key_of_card(number);
    record_put(rows, &key, &writer);
}

bool freeze_decode(struct bytes value, struct freeze_record *record)
{
    uint64_t numbers[5];
    *record = (struct freeze_record){0};
    if (!record_numbers_decode(value, numbers, 5)) {
        return false;
    }
    record->seen = numbers[0] != 0;
    record->lifted = numbers[1] != 0;
    record->kind = (uint8_t)numbers[2];
    record->hlc = numbers[3];
    record->lifted_hlc = numbers[4];
    return true;
}

bool freeze_load(struct rows *rows, const struct subject_id *account, struct event_ref token,
                 struct freeze_record *record)
{
    struct row_key key = key_of_freeze(account, token);
    uint8_t memory[64];
    struct buffer value = BUFFER_OVER(memory);
    *record = (struct freeze_record){0};
    return rows_load(rows, row_key_bytes(&key), &value, NULL) &&
           freeze_decode(buffer_bytes(&value), record);
}

void freeze_save(struct rows *rows, const struct subject_id *account, struct event_ref token,
                 const struct freeze_record *record)
{
    struct row_key key = key_of_freeze(account, token);
    uint64_t numbers[5] = {record->seen, record->lifted, record->kind, record->hlc,
                           record->lifted_hlc};
    record_numbers_save(rows, row_key_bytes(&key), numbers, 5);
}

bool revocation_load(struct rows *rows, struct bytes number, struct revocation *record)
{
    *record = (struct revocation){0};
    uint8_t memory[64];
    struct buffer value = BUFFER_OVER(memory);
    struct row_key key = key_of_revocation(number);
    if (!rows_load(rows, row_key_bytes(&key), &value, NULL)) {
        return false;
    }
    struct reader reader = record_over(buffer_bytes(&value));
    read_array(&reader, 4);
    record->lost = read_uint(&reader) != 0;
    record->hlc = read_uint(&reader);
    record->journal = read_uint(&reader);
    read_bin_optional(&reader, record->by, sizeof record->by);
    record_done(&reader);
    return true;
}

void revocation_save(struct rows *rows, struct bytes number, const struct revocation *record)
{
    uint8_t memory[64];
    struct buffer value = BUFFER_OVER(memory);
    struct writer writer = writer_over(&value);
    write_array(&writer, 4);
    write_uint(&writer, record->lost ? 1 : 0);
    write_uint(&writer, record->hlc);
    write_uint(&writer, record->journal);
    write_bin_optional(&writer, record->by, sizeof record->by);
    struct row_key key = key_of_revocation(number);
    record_put(rows, &key, &writer);
}

void coming_add(struct rows *rows, uint64_t journal, uint8_t bucket, int64_t change)
{
    if (bucket != BUCKET_PRINCIPAL && bucket != BUCKET_BONUS) {
        return;
    }
    struct row_key key = key_of_journal(TABLE_COMING, journal);
    number_save(rows, row_key_bytes(&key),
                number_load(rows, row_key_bytes(&key)) + (uint64_t)change);
}

uint64_t number_load(struct rows *rows, struct bytes key)
{
    uint64_t number = 0;
    (void)record_numbers_load(rows, key, &number, 1);
    return number;
}

void number_save(struct rows *rows, struct bytes key, uint64_t value)
{
    record_numbers_save(rows, key, &value, 1);
}

enum { DAY_NUMBERS = 18, DAY_UNCOVERED = 9 };

/* Where a type's count stands; its principal and bonus follow. */
static uint32_t day_place(uint16_t type)
{
    switch (type) {
    case EVENT_TOPUP:
        return 0;
    case EVENT_SPEND:
        return 3;
    case EVENT_REFUND:
        return 6;
    case EVENT_LOT_CLAWBACK:
        return 10;
    case EVENT_PAYOUT:
        return 15;
    default: /* ADJUST, LOT.ISSUE */
        return 13;
    }
}

void day_add(struct rows *rows, uint32_t branch, uint32_t day, uint16_t type, int64_t principal,
             int64_t bonus, int64_t uncovered)
{
    struct row_key key = row_key(TABLE_DAY);
    row_key_u32(&key, branch);
    row_key_u32(&key, day);
    uint64_t numbers[DAY_NUMBERS];
    (void)record_numbers_load(rows, row_key_bytes(&key), numbers, DAY_NUMBERS);
    uint32_t at = day_place(type);
    if (at >= 13) {
        numbers[17] += 1; /* corrections, of both directions */
        numbers[at] += (uint64_t)principal;
        numbers[at + 1] += (uint64_t)bonus;
    } else {
        numbers[at] += 1;
        numbers[at + 1] += (uint64_t)principal;
        numbers[at + 2] += (uint64_t)bonus;
    }
    numbers[DAY_UNCOVERED] += (uint64_t)uncovered;
    record_numbers_save(rows, row_key_bytes(&key), numbers, DAY_NUMBERS);
}

bool day_decode(struct bytes value, struct day_entry *entry)
{
    uint64_t numbers[DAY_NUMBERS];
    if (!record_numbers_decode(value, numbers, DAY_NUMBERS)) {
        return false;
    }
    entry->sale_uncovered = (int64_t)numbers[DAY_UNCOVERED];
    entry->topups = (int64_t)numbers[0];
    entry->topup_principal = (int64_t)numbers[1];
    entry->topup_bonus = (int64_t)numbers[2];
    entry->sales = (int64_t)numbers[3];
    entry->sale_principal = (int64_t)numbers[4];
    entry->sale_bonus = (int64_t)numbers[5];
    entry->refunds = (int64_t)numbers[6];
    entry->refund_principal = (int64_t)numbers[7];
    entry->refund_bonus = (int64_t)numbers[8];
    entry->voids = (int64_t)numbers[10];
    entry->void_principal = (int64_t)numbers[11];
    entry->void_bonus = (int64_t)numbers[12];
    entry->added_principal = (int64_t)numbers[13];
    entry->added_bonus = (int64_t)numbers[14];
    entry->paid_principal = (int64_t)numbers[15];
    entry->paid_bonus = (int64_t)numbers[16];
    entry->corrections = (int64_t)numbers[17];
    return true;
}

void liability_add(struct rows *rows, uint32_t product, uint8_t bucket,
                   const struct liability_record *change)
{
    struct row_key key = row_key(TABLE_LIABILITY);
    row_key_u32(&key, product);
    row_key_u8(&key, bucket);
    uint64_t numbers[10];
    (void)record_numbers_load(rows, row_key_bytes(&key), numbers, 10);
    numbers[0] += (uint64_t)change->issued;
    numbers[1] += (uint64_t)change->spent;
    numbers[2] += (uint64_t)change->refunded;
    numbers[3] += (uint64_t)change->held;
    numbers[4] += (uint64_t)change->in_flight;
    numbers[5] += (uint64_t)change->made_good;
    numbers[6] += (uint64_t)change->adjusted;
    numbers[7] += (uint64_t)change->voided;
    numbers[8] += (uint64_t)change->paid_out;
    numbers[9] += (uint64_t)change->expired;
    record_numbers_save(rows, row_key_bytes(&key), numbers, 10);
}

bool liability_decode(struct bytes value, struct liability_record *record)
{
    uint64_t numbers[10];
    if (!record_numbers_decode(value, numbers, 10)) {
        return false;
    }
    *record = (struct liability_record){.issued = (int64_t)numbers[0],
                                        .spent = (int64_t)numbers[1],
                                        .refunded = (int64_t)numbers[2],
                                        .held = (int64_t)numbers[3],
                                        .in_flight = (int64_t)numbers[4],
                                        .made_good = (int64_t)numbers[5],
                                        .adjusted = (int64_t)numbers[6],
                                        .voided = (int64_t)numbers[7],
                                        .paid_out = (int64_t)numbers[8],
                                        .expired = (int64_t)numbers[9]};
    return true;
}

void loss_add(struct rows *rows, uint64_t journal, uint32_t product, uint8_t bucket, int64_t change)
{
    struct row_key key = key_of_journal(TABLE_LOSS, journal);
    row_key_u32(&key, product);
    uint64_t numbers[2];
    (void)record_numbers_load(rows, row_key_bytes(&key), numbers, 2);
    numbers[bucket == BUCKET_BONUS ? 1 : 0] += (uint64_t)change;
    if ((numbers[0] | numbers[1]) == 0) {
        /* Whether there ever was a loss depends on what came first: only what is left counts. */
        rows_put(rows, row_key_bytes(&key), (struct bytes){0});
        return;
    }
    record_numbers_save(rows, row_key_bytes(&key), numbers, 2);
}

bool loss_decode(struct bytes value, struct loss_record *record)
{
    uint64_t numbers[2];
    if (!record_numbers_decode(value, numbers, 2)) {
        return false;
    }
    *record = (struct loss_record){.principal = (int64_t)numbers[0], .bonus = (int64_t)numbers[1]};
    return true;
}

void holder_add(struct rows *rows, uint64_t journal, uint8_t bucket, int64_t change)
{
    struct row_key key = key_of_journal(TABLE_HOLDER, journal);
    uint64_t numbers[2];
    (void)record_numbers_load(rows, row_key_bytes(&key), numbers, 2);
    if (bucket == BUCKET_PRINCIPAL) {
        numbers[0] += (uint64_t)change;
    } else if (bucket == BUCKET_BONUS) {
        numbers[1] += (uint64_t)change;
    }
    record_numbers_save(rows, row_key_bytes(&key), numbers, 2);
}

bool holder_decode(struct bytes value, struct holder_record *record)
{
    uint64_t numbers[2];
    if (!record_numbers_decode(value, numbers, 2)) {
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
    write_array(&writer, 17);
    write_uint(&writer, record->type);
    write_uint(&writer, record->verdict);
    write_uint(&writer, record->reason);
    write_uint(&writer, record->tender);
    write_uint(&writer, record->till);
    write_uint(&writer, record->staff);
    write_amount(&writer, record->principal);
    write_amount(&writer, record->bonus);
    record_write_ref(&writer, record->sale);
    write_uint(&writer, record->to_journal);
    write_amount(&writer, record->moved);
    write_amount(&writer, record->uncovered);
    write_bin_optional(&writer, record->ticket.bytes, sizeof record->ticket.bytes);
    write_uint(&writer, record->incoming ? 1 : 0);
    write_bin_optional(&writer, record->other.bytes, sizeof record->other.bytes);
    write_uint(&writer, record->flags);
    record_put(rows, &key, &writer);
}

bool statement_decode(struct bytes value, struct statement_record *record)
{
    struct reader reader = record_over(value);
    read_array(&reader, 17);
    record->type = (uint16_t)read_uint_upto(&reader, UINT16_MAX);
    record->verdict = (uint8_t)read_uint_upto(&reader, UINT8_MAX);
    record->reason = (uint8_t)read_uint_upto(&reader, UINT8_MAX);
    record->tender = (uint8_t)read_uint_upto(&reader, UINT8_MAX);
    record->till = (uint32_t)read_uint_upto(&reader, UINT32_MAX);
    record->staff = (uint32_t)read_uint_upto(&reader, UINT32_MAX);
    record->principal = read_amount(&reader);
    record->bonus = read_amount(&reader);
    record->sale = record_read_ref(&reader);
    record->to_journal = read_uint(&reader);
    record->moved = read_amount(&reader);
    record->uncovered = read_amount(&reader);
    read_bin_optional(&reader, record->ticket.bytes, sizeof record->ticket.bytes);
    record->incoming = read_uint_upto(&reader, 1) == 1;
    read_bin_optional(&reader, record->other.bytes, sizeof record->other.bytes);
    record->flags = (uint8_t)read_uint_upto(&reader, UINT8_MAX);
    return reader_finish(&reader) == STATUS_OK;
}
