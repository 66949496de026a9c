/* What the account book knows of top-ups that may be voided, of corrections, and of the money in
 * the tills. */
#ifndef BOOK_CORRECT_H
#define BOOK_CORRECT_H

#include "book_entry.h"

struct book_topup {
    struct book_place place; /* key */
    uint8_t account[16];
    uint64_t day;
    bool waits;
    bool voided;
    int64_t paid; /* into the till */
    uint32_t count;
    struct lot_id ids[EVENT_LINES_MAX];
    int64_t amounts[EVENT_LINES_MAX];
};

struct book_pending;
void book_note_topup(const struct entry *entry, const struct book_pending *lots, bool waits);
/* A waiting one counts from now on. */
void book_topup_counts(struct book *book, struct book_place place);
/* Adds to what the tills of the writer's branch took on the day of the block. */
void book_take(const struct entry *entry, int64_t amount);
void book_take_tenders(const struct entry *entry, const struct tender_line *tenders, uint32_t count,
                       int64_t sign);

/* Verdict of a LOT.CLAWBACK that `journal` writes on `day`. */
enum invalid_reason book_void_reason(const struct book *book, uint64_t journal, uint64_t day,
                                     const struct event *event);
enum invalid_reason enter_void(const struct entry *entry);
enum invalid_reason enter_adjust(const struct entry *entry);
enum invalid_reason enter_issue(const struct entry *entry);
enum invalid_reason enter_payout(const struct entry *entry);

#endif
