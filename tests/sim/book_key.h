/* Keys and small records of the account book that only its two files see. */
#ifndef BOOK_KEY_H
#define BOOK_KEY_H

#include "book.h"

struct pair_key {
    uint8_t lot[16];
    uint64_t from;
    uint64_t to;
};

struct step_count {
    struct pair_key key;
    uint64_t count;
};

struct dep_record {
    uint64_t journal;
    uint64_t from;
    uint64_t seq;
};

struct card_record {
    uint8_t number[CARD_NUMBER_SIZE];
    uint8_t account[16];
};

struct holding_key {
    uint8_t lot[16];
    uint64_t journal;
};

struct past_key {
    struct holding_key holding;
    uint64_t step;
};

struct token_key {
    uint8_t account[16];
    struct book_place freeze;
};

struct grant_key {
    struct pair_key pair;
    uint64_t step;
};

struct book_place book_place_of(struct event_ref ref);
struct holding_key book_holding_key(const struct lot_id *lot, uint64_t journal);
struct pair_key book_pair_key(const struct lot_id *lot, uint64_t from, uint64_t to);
bool book_lot_is_valid_on(const struct book_lot *lot, uint32_t day);
int64_t book_pair_flying(const struct book_pair *pair);
bool book_bucket_is_money(uint8_t bucket);

#endif
