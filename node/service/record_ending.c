/* Rows about lots that end: which there are, and sums of what is held of them and was burned. */
#include "record_form.h"

void ended_add(struct rows *rows, enum ending_kind kind, uint32_t day, uint64_t journal,
               const struct terms_record *terms, int64_t change)
{
    if (change == 0) {
        return;
    }
    struct row_key key = row_key(TABLE_ENDED);
    row_key_u8(&key, (uint8_t)kind);
    row_key_u32(&key, day);
    row_key_u32(&key, journal_branch(journal));
    row_key_u32(&key, terms->product);
    row_key_u8(&key, terms->bucket);
    uint64_t sum = number_load(rows, row_key_bytes(&key)) + (uint64_t)change;
    if (sum == 0) {
        rows_put(rows, row_key_bytes(&key), (struct bytes){0});
        return;
    }
    number_save(rows, row_key_bytes(&key), sum);
}

int64_t ended_decode(struct bytes value)
{
    uint64_t sum = 0;
    (void)record_numbers_decode(value, &sum, 1);
    return (int64_t)sum;
}

void ending_add(struct rows *rows, enum ending_kind kind, uint64_t journal,
                const struct terms_record *terms, int64_t change)
{
    if (terms->to_day != 0) {
        ended_add(rows, kind, terms->to_day, journal, terms, change);
    }
}

static struct row_key ending_key(const struct subject_id *account, const struct lot_id *lot,
                                 uint32_t to_day)
{
    struct row_key key = row_key(TABLE_ENDING);
    row_key_u32(&key, to_day);
    row_key_raw(&key, account->bytes, sizeof account->bytes);
    row_key_raw(&key, lot->bytes, sizeof lot->bytes);
    return key;
}

void ending_list(struct rows *rows, const struct subject_id *account, const struct lot_id *lot,
                 uint32_t to_day)
{
    struct row_key key = ending_key(account, lot, to_day);
    number_save(rows, row_key_bytes(&key), 1);
}

void ending_unlist(struct rows *rows, const struct subject_id *account, const struct lot_id *lot,
                   uint32_t to_day)
{
    struct row_key key = ending_key(account, lot, to_day);
    rows_put(rows, row_key_bytes(&key), (struct bytes){0});
}
