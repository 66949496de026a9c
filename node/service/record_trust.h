/* Rows about trust: what the authority stated (checkpoints, approvals), what a journal's rights
 * rest on (exposure), what it minted and what of that waits, and its lease. */
#ifndef RECORD_TRUST_H
#define RECORD_TRUST_H

#include "registers.h"
#include "rows.h"
#include "tally/event.h"

/* The authority block at a position. */
struct authority_record {
    struct digest id;
    uint32_t day;
};
bool authority_load(struct rows *rows, uint64_t seq, struct authority_record *record);
void authority_save(struct rows *rows, uint64_t seq, const struct authority_record *record);
void authority_encode(const struct authority_record *record, struct buffer *value);

/* Id of a block that is held; false if it is not here. */
bool block_id_load(struct rows *rows, uint64_t journal, uint64_t seq, struct digest *id);

/* The authority's word at position `auth` that it holds this block of a journal durably. */
struct checkpoint_record {
    uint64_t auth;
    uint64_t seq;
    struct digest id;
};
/* Appends to what is known of the journal; one that does not go beyond the last changes nothing. */
void checkpoint_save(struct rows *rows, uint64_t journal, const struct checkpoint_record *record);
/* The newest one stated at `auth` or before that reaches no further than `seq_max`; false if none.
 */
bool checkpoint_load(struct rows *rows, uint64_t journal, uint64_t auth, uint64_t seq_max,
                     struct checkpoint_record *record);

/* MINT.APPROVE: the authority position that first approved this mint; 0 = none. */
uint64_t approval_load(struct rows *rows, struct event_ref mint);
void approval_save(struct rows *rows, struct event_ref mint, uint64_t auth);

/* Per account and journal, by unit: exposed(j,a). */
struct exposure_record {
    int64_t exposed[UNIT_COUNT];
};
void exposure_load(struct rows *rows, const struct subject_id *account, uint64_t journal,
                   struct exposure_record *record);
void exposure_save(struct rows *rows, const struct subject_id *account, uint64_t journal,
                   const struct exposure_record *record);

struct minted_record {
    uint32_t day;
    int64_t minted; /* on that day; earlier days do not matter any more: days never fall */
};
void minted_load(struct rows *rows, uint64_t journal, uint8_t bucket, struct minted_record *record);
void minted_save(struct rows *rows, uint64_t journal, uint8_t bucket,
                 const struct minted_record *record);

/* A mint above the quota: its lots exist and are worth nothing. */
struct pending_record {
    uint16_t type; /* TOPUP or LOT.ISSUE */
    struct subject_id account;
    uint32_t day;
    uint8_t released; /* 1: MINT.RELEASE made it count */
    uint8_t lot_count;
    struct {
        struct lot_id lot;
        uint8_t bucket;
        int64_t amount;
    } lots[EVENT_LINES_MAX];
};
bool pending_load(struct rows *rows, struct event_ref mint, struct pending_record *record);
void pending_save(struct rows *rows, struct event_ref mint, const struct pending_record *record);
bool pending_decode(struct bytes value, struct pending_record *record);

/* All times in milliseconds: the office's, and the journal's own when it recorded it. */
struct lease_record {
    uint64_t issued_ms;
    uint64_t until_ms;
    uint64_t recorded_ms;
};
bool lease_load(struct rows *rows, uint64_t journal, struct lease_record *record);
void lease_save(struct rows *rows, uint64_t journal, const struct lease_record *record);

#endif
