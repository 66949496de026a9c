/* Rows about what is undone or corrected by hand, and about the money in the tills. */
#ifndef RECORD_CORRECT_H
#define RECORD_CORRECT_H

#include "record.h"

/* Money that came into a till or left it by one event. Of a top-up also what it made, so that a
 * void on the same day can take all of it back. */
struct taking_record {
    uint16_t type; /* TOPUP, SPEND, REFUND, LOT.CLAWBACK */
    uint32_t till;
    uint32_t staff;
    bool waits;  /* a top-up above the quota, not approved yet */
    bool voided; /* a top-up that was taken back */
    struct subject_id account;
    uint8_t tender_count;
    struct tender_line tenders[TENDERS_MAX];
    uint8_t lot_count; /* of a top-up */
    struct {
        struct lot_id lot;
        uint8_t bucket;
        int64_t amount;
    } lots[EVENT_LINES_MAX];
};
/* `day`: of the header of the event's block. */
bool taking_load(struct rows *rows, struct event_ref event, uint32_t day,
                 struct taking_record *record);
void taking_save(struct rows *rows, struct event_ref event, uint32_t day,
                 const struct taking_record *record);
bool taking_decode(struct bytes value, struct taking_record *record);

/* A correction that a second person is to approve; only at the office where it was proposed. */
struct proposal_record {
    uint8_t kind;  /* enum correction_kind */
    uint8_t state; /* enum proposal_state, never EXPIRED */
    uint8_t cause; /* enum adjust_cause */
    struct subject_id account;
    int64_t principal;
    int64_t bonus;
    uint32_t to_day;
    struct event_ref of;
    uint64_t proposed_ms;
    uint64_t until_ms;
    uint64_t decided_ms;
    uint32_t proposer; /* tills */
    uint32_t proposer_staff;
    uint32_t decider;
    struct event_ref done;
    uint32_t reason_size;
    uint8_t reason[REASON_SIZE_MAX];
    uint32_t proposer_size;
    uint8_t proposer_name[PERSON_SIZE_MAX];
    uint32_t decider_size;
    uint8_t decider_name[PERSON_SIZE_MAX];
};
bool proposal_load(struct rows *rows, uint64_t number, struct proposal_record *record);
void proposal_save(struct rows *rows, uint64_t number, const struct proposal_record *record);
/* The number of the last proposal made here; 0 = none. */
uint64_t proposal_last(struct rows *rows);
void proposal_set_last(struct rows *rows, uint64_t number);

#endif
