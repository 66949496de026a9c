/* One event on its way into the account book; shared by the book_*.c files. */
#ifndef BOOK_ENTRY_H
#define BOOK_ENTRY_H

#include "book_key.h"

struct entry {
    struct book *book;
    const struct block *block;
    const struct event *event;
    struct event_ref at;
    struct digest leaf;
    struct book_opinion *opinion;
    struct book_event *record;
};

/* book_entry.c */
int64_t *held_of(struct book *book, const struct lot_id *lot, uint64_t journal);
bool lot_is_of(const struct book_lot *lot, const struct subject_id *account);
bool amount_is_sound(int64_t amount);
void add_money(struct book_event *record, uint8_t bucket, int64_t amount);
struct day_entry *day_of(const struct entry *entry);
/* Amounts in range, no lot twice. */
enum invalid_reason judge_form(const struct lot_line *lines, uint32_t count);
/* And every line names a lot of money of this account that has this much at this journal. */
enum invalid_reason judge_lines(const struct entry *entry, const struct lot_line *lines,
                                uint32_t count);
void take_line(const struct entry *entry, const struct lot_line *line);
/* The lot of this account by this name, listed when it is new. */
struct book_lot *lot_named(const struct entry *entry, const struct subject_id *account,
                           const struct lot_id *id);

/* book_expire.c */
enum invalid_reason enter_expire(const struct entry *entry);

/* book_hold.c */
enum invalid_reason enter_hold(const struct entry *entry);
enum invalid_reason enter_capture(const struct entry *entry);
enum invalid_reason enter_free(const struct entry *entry);

/* book_refund.c */
/* The right to refund the k-th line of the event at hand, which `lot` paid. */
void enter_right(const struct entry *entry, uint32_t k, const struct lot_id *lot, int64_t amount);
enum invalid_reason judge_right(const struct entry *entry, const struct lot_line *line,
                                struct event_ref sale);
void enter_rights(const struct entry *entry);
enum invalid_reason enter_refund(const struct entry *entry);
enum invalid_reason enter_rebind(const struct entry *entry);
enum invalid_reason enter_file(const struct entry *entry);
enum invalid_reason enter_close(const struct entry *entry);
/* book_risk.c */
void note_limits(const struct entry *entry);
enum invalid_reason judge_risk(const struct entry *entry);
void note_risk(const struct entry *entry);
enum invalid_reason judge_cover(const struct entry *entry);
void note_cover(const struct entry *entry, int64_t paid);
enum invalid_reason enter_settle(const struct entry *entry);
enum invalid_reason enter_risk_ack(const struct entry *entry);

bool entry_has_role(const struct entry *entry, enum role role);
int64_t entry_granted_as_of(const struct book *book, const struct pair_key *pair, uint64_t seq);

/* book_retired.c: what the authority says of a journal's end, and what is written about it then */
enum invalid_reason enter_retire(const struct entry *entry);
enum invalid_reason judge_acting(const struct entry *entry, uint64_t of);
enum invalid_reason enter_resolve(const struct entry *entry);
enum invalid_reason enter_fork(const struct entry *entry);
enum invalid_reason enter_adopt(const struct entry *entry);
enum invalid_reason enter_return(const struct entry *entry);
enum invalid_reason enter_reclaim(const struct entry *entry);
enum invalid_reason enter_repay(const struct entry *entry);
bool entry_is_retired(const struct entry *entry, uint64_t journal);
/* At the end of an event: the steps by which holdings of its writer came about. */
void entry_note_past(const struct entry *entry);

/* book_freeze.c */
enum invalid_reason enter_freeze(const struct entry *entry, uint8_t kind);
enum invalid_reason enter_unfreeze(const struct entry *entry);
enum invalid_reason enter_freeze_ack(const struct entry *entry);

#endif
