#include "fold_parts.h"

#include "row_key.h"

#include <string.h>

bool is_money(uint8_t bucket)
{
    return bucket == BUCKET_PRINCIPAL || bucket == BUCKET_BONUS;
}

/* A lot of `account`, as `journal` has it. */
static void load_any(struct fold *fold, const struct subject_id *account, const struct lot_id *lot,
                     uint64_t journal, struct touched *touched)
{
    *touched = (struct touched){.account = *account, .lot = *lot, .journal = journal};
    touched->key = key_of_registers(account, lot, journal);
    (void)registers_load(fold->rows, &touched->key, &touched->registers);
    touched->exposed = registers_exposed(&touched->registers);
    touched->on_hold = registers_on_hold(&touched->registers);
    touched->good_before = registers_good(&touched->registers);
    touched->loss_before = registers_loss(&touched->registers);
    (void)terms_load(fold->rows, lot, &touched->terms);
}

void load_touched_of(struct fold *fold, const struct subject_id *account, const struct lot_id *lot,
                     struct touched *touched)
{
    load_any(fold, account, lot, fold->header->journal, touched);
}

void load_touched_by(struct fold *fold, const struct lot_id *lot, uint64_t journal,
                     struct touched *touched)
{
    load_any(fold, &fold->event->subject, lot, journal, touched);
}

void load_touched(struct fold *fold, const struct lot_id *lot, struct touched *touched)
{
    load_touched_of(fold, &fold->event->subject, lot, touched);
    if (touched->terms.bucket == BUCKET_REFUND) {
        touched->registers = (struct registers){0};
    }
}

/* The lot's picture: in the account's sheet, or in a row of its own when the sheet is full. */
struct sheet_lot *picture(struct fold *fold, struct sheet *sheet, struct touched *touched)
{
    if (touched->is_spare) {
        return &touched->spare;
    }
    struct sheet_lot *lot = sheet_find(sheet, &touched->lot);
    if (lot != NULL) {
        return lot;
    }
    if (sheet->unlisted > 0 &&
        spare_load(fold->rows, &touched->account, &touched->lot, &touched->spare)) {
        touched->is_spare = true;
        return &touched->spare;
    }
    struct sheet_lot terms = {.lot = touched->lot,
                              .bucket = touched->terms.bucket,
                              .from_day = touched->terms.from_day,
                              .to_day = touched->terms.to_day,
                              .product = touched->terms.product,
                              .issued = touched->terms.issued};
    lot = sheet_list(sheet, &terms);
    if (lot == NULL) {
        touched->is_spare = true;
        touched->spare = terms;
        sheet->unlisted++;
        lot = &touched->spare;
    }
    return lot;
}

void save_spares(struct fold *fold, struct sheet *sheet, const struct touched *touched,
                 uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (!touched[i].is_spare) {
            continue;
        }
        if (sheet_lot_is_spent(&touched[i].spare)) {
            spare_erase(fold->rows, &touched[i].account, &touched[i].lot);
            sheet->unlisted--;
        } else {
            spare_save(fold->rows, &touched[i].account, &touched[i].spare);
        }
    }
}

/* Lists what was left out, now that there is room: as far as it is committed; the rest follows with
 * a later event. */
void list_spares(struct fold *fold, const struct subject_id *account, struct sheet *sheet)
{
    struct row_key prefix = key_of_subject(TABLE_SPARE, account);
    uint8_t key_memory[ROW_KEY_SIZE_MAX];
    uint8_t after[ROW_KEY_SIZE_MAX];
    uint8_t value_memory[1024];
    struct buffer key = BUFFER_OVER(key_memory);
    struct buffer value = BUFFER_OVER(value_memory);
    size_t after_size = prefix.size;
    memcpy(after, prefix.bytes, prefix.size);
    while (sheet->unlisted > 0 && sheet->lot_count < SHEET_LOTS_MAX &&
           rows_next_committed(fold->rows, row_key_bytes(&prefix), bytes_of(after, after_size),
                               &key, &value)) {
        struct sheet_lot lot;
        struct lot_id id;
        memcpy(id.bytes, key_memory + prefix.size, sizeof id.bytes);
        if (spare_load(fold->rows, account, &id, &lot)) {
            spare_erase(fold->rows, account, &id);
            (void)sheet_list(sheet, &lot);
            sheet->unlisted--;
        }
        memcpy(after, key_memory, key.size);
        after_size = key.size;
    }
}

static void change_totals(struct sheet *sheet, uint8_t bucket, int64_t change)
{
    if (bucket == BUCKET_PRINCIPAL) {
        sheet->principal += change;
    } else if (bucket == BUCKET_BONUS) {
        sheet->bonus += change;
    }
}

/* A shortfall that grew or shrank: the member keeps what was paid twice, the branch bears it. */
static void make_good(struct fold *fold, struct sheet *sheet, const struct touched *touched,
                      int64_t good)
{
    uint8_t bucket = touched->terms.bucket;
    int64_t loss = registers_loss(&touched->registers) - touched->loss_before;
    if (loss != 0) {
        loss_add(fold->rows, touched->journal, touched->terms.product, bucket, loss);
    }
    if (good == 0) {
        return;
    }
    sheet->made_good += good;
    liability_add(fold->rows, touched->terms.product, bucket,
                  &(struct liability_record){.made_good = good, .held = good});
}

void save_touched(struct fold *fold, struct sheet *sheet, struct touched *touched,
                  int64_t held_change)
{
    registers_save(fold->rows, &touched->key, &touched->registers);
    if (!is_money(touched->terms.bucket)) {
        make_right_good(fold, touched);
        return;
    }
    exposure_follow(fold, touched);
    int64_t good = registers_good(&touched->registers) - touched->good_before;
    touched->change += good;
    change_totals(sheet, touched->terms.bucket, touched->change);
    struct sheet_lot *lot = picture(fold, sheet, touched);
    lot->left += touched->change;
    lot->on_hold += registers_on_hold(&touched->registers) - touched->on_hold;
    sheet_set_holder(lot, touched->journal, registers_shown(&touched->registers));
    holder_add(fold->rows, touched->journal, touched->terms.bucket, held_change + good);
    if (touched->terms.to_day != 0) {
        ending_add(fold->rows, ENDING_HELD, touched->journal, &touched->terms, held_change + good);
        if (touched->change > 0) {
            ending_list(fold->rows, &touched->account, &touched->lot, touched->terms.to_day);
        }
    }
    make_good(fold, sheet, touched, good);
}

void check_after(struct fold *fold, int64_t stated, int64_t ours)
{
#if defined(MUTANT_divergence_unnoticed)
    (void)stated;
    (void)ours;
    (void)fold;
#else
    if (stated != ours) {
        fold->diverged = true;
    }
#endif
}
