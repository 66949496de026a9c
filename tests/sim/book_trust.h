/* The part of the account book that is about trust. */
#ifndef BOOK_TRUST_H
#define BOOK_TRUST_H

#include "book.h"

struct book_limit {
    uint64_t number; /* key: in order of the authority's word */
    uint64_t auth;
    uint32_t branch;
    uint8_t kind;
    uint8_t bucket;
    char name[40];
    int64_t value;
};

struct book_checkpoint {
    uint64_t number; /* key */
    uint64_t auth;
    uint64_t journal;
    uint64_t seq;
    struct digest id;
};

struct book_approval {
    struct book_place mint; /* key */
    uint64_t auth;
};

struct book_minted {
    uint64_t key[3]; /* journal, day, bucket */
    int64_t amount;
};

/* A top-up above the quota. */
struct book_pending {
    struct book_place mint; /* key */
    uint16_t type;
    uint8_t account[16];
    bool released;
    uint32_t count;
    struct lot_id ids[EVENT_LINES_MAX];
    struct lot_terms lots[EVENT_LINES_MAX]; /* without their keys */
};

void book_note_limits(struct book *book, uint64_t auth, const struct event *event);
void book_note_checkpoint(struct book *book, uint64_t auth, const struct event *event);
void book_note_approval(struct book *book, uint64_t auth, const struct event *event);
/* A limit of a journal's branch as of an authority position. */
int64_t book_limit(const struct book *book, const char *name, uint64_t journal, uint64_t auth);

/* INVALID_NONE or INVALID_OVER_QUOTA. */
enum invalid_reason book_mint_reason(const struct book *book, uint64_t journal, uint64_t day,
                                     uint64_t auth, const struct lot_terms *lots, uint32_t count);
void book_note_minted(struct book *book, uint64_t journal, uint64_t day,
                      const struct lot_terms *lots, uint32_t count);
/* A mint above the quota that its branch may record all the same, to wait for approval. */
bool book_may_wait(const struct book *book, const struct block_header *header,
                   const struct book_opinion *opinion);
struct book_pending *book_pending_at(const struct book *book, struct event_ref mint);
enum invalid_reason book_release_reason(const struct book *book, uint64_t journal, uint64_t auth,
                                        const struct event *event);

/* How far of the giver's journal the acceptance's checkpoint reaches, when `seen` of it is known.
 */
enum invalid_reason book_witness_reason(const struct book *book, uint64_t auth, uint64_t seen,
                                        const struct event *event, uint64_t *reach);
/* Money of an account that `journal` used or passed on and that rests on a branch's word alone. */
int64_t book_exposed(const struct book *book, const struct subject_id *account, uint64_t journal);
enum invalid_reason book_exposure_reason(const struct book *book, const struct subject_id *account,
                                         uint64_t journal, uint64_t auth,
                                         const struct lot_line *lines, uint32_t count);
bool book_lease_is_signed(const struct book *book, uint64_t journal, const struct event *event);

#endif
