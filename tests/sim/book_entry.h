/* One event on its way into the account book; shared by the book_*.c files. */
#ifndef BOOK_ENTRY_H
#define BOOK_ENTRY_H

#include "book.h"

struct entry {
    struct book *book;
    const struct block *block;
    const struct event *event;
    struct event_ref at;
    struct digest leaf;
    struct book_opinion *opinion;
    struct book_event *record;
};

/* book_freeze.c */
enum invalid_reason enter_freeze(const struct entry *entry, uint8_t kind);
enum invalid_reason enter_unfreeze(const struct entry *entry);
enum invalid_reason enter_freeze_ack(const struct entry *entry);

#endif
