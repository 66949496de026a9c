/* Sales without cover, as the account book keeps them. */
#ifndef BOOK_RISK_H
#define BOOK_RISK_H

#include "book.h"

struct book_risk {
    struct book_place sale;
    uint8_t account[16];
    int64_t amount;
    bool settled;
    bool acked;
    struct book_place settle;
};

/* A cap of the risk allowance, from an authority position on. */
struct book_cap {
    uint64_t number;
    bool of_account;
    uint32_t only; /* branch; 0 = all */
    uint64_t since;
    int64_t amount;
};

/* How much more the journal may sell of the account without cover. */
int64_t book_risk_room(const struct book *book, const struct subject_id *account, uint64_t journal,
                       uint64_t auth);
/* Sold without cover, and not covered yet. */
int64_t book_owed(const struct book *book, const struct subject_id *account);
/* Something sold without cover is not settled yet. */
bool book_risk_is_open(const struct book *book);
/* Something of it was ever sold without cover. */
bool book_had_risk(const struct book *book, const struct subject_id *account);

#endif
