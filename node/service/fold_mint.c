/* What a branch may create on a day, and what waits for approval; the leases of journals (L7). */
#include "fold_parts.h"

#include "record_correct.h"
#include "record_trust.h"

/* The day of an event must be near the authority's, so that a clock that runs wild reaches only a
 * few days' quotas ahead; it never falls along a journal, so that one that runs backwards resets
 * nothing. */
static bool day_is_near(const struct fold *fold)
{
#if defined(MUTANT_quota_reset_by_clock)
    (void)fold;
    return true;
#else
    struct authority_record authority;
    (void)authority_load(fold->rows, fold->header->auth, &authority);
    int64_t days = roster_limit(fold->roster, "offline_days", journal_branch(fold->header->journal),
                                fold->header->auth);
    return (int64_t)fold->header->day <= (int64_t)authority.day + days;
#endif
}

static int64_t minted_today(struct fold *fold, uint8_t bucket)
{
    struct minted_record record;
    minted_load(fold->rows, fold->header->journal, bucket, &record);
    return record.day == fold->header->day ? record.minted : 0;
}

enum invalid_reason quota_judge(struct fold *fold, const struct lot_terms *lots, uint32_t count)
{
    if (fold_has_role(fold, ROLE_OFFICE)) {
        return INVALID_NONE; /* whoever could raise its quota needs none */
    }
    if (!day_is_near(fold)) {
        return INVALID_OVER_QUOTA;
    }
    uint32_t branch = journal_branch(fold->header->journal);
    for (uint32_t i = 0; i < count; i++) {
        int64_t sum = minted_today(fold, lots[i].bucket);
        for (uint32_t k = 0; k < count; k++) {
            sum += lots[k].bucket == lots[i].bucket ? lots[k].amount : 0;
        }
        if (sum > roster_quota(fold->roster, branch, lots[i].bucket, fold->header->auth)) {
            return INVALID_OVER_QUOTA;
        }
    }
    return INVALID_NONE;
}

void quota_count(struct fold *fold, const struct lot_terms *lots, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct minted_record record = {.day = fold->header->day,
                                       .minted =
                                           minted_today(fold, lots[i].bucket) + lots[i].amount};
        minted_save(fold->rows, fold->header->journal, lots[i].bucket, &record);
    }
}

void pending_file(struct fold *fold, const struct touched *touched, const struct lot_terms *lots,
                  uint32_t count)
{
    struct pending_record record = {.type = fold->event->type,
                                    .account = fold->event->subject,
                                    .day = fold->header->day,
                                    .lot_count = (uint8_t)count};
    for (uint32_t i = 0; i < count; i++) {
        record.lots[i].lot = touched[i].lot;
        record.lots[i].bucket = lots[i].bucket;
        record.lots[i].amount = lots[i].amount;
        fold_count(fold, lots[i].bucket, lots[i].amount);
    }
    pending_save(fold->rows, fold_ref(fold), &record);
}

enum invalid_reason fold_release_mint(struct fold *fold, struct sheet *sheet)
{
    const struct event *event = fold->event;
    struct event_ref mint = event->body.approve.mint;
    struct pending_record record;
    if (mint.journal != fold->header->journal || !pending_load(fold->rows, mint, &record) ||
        record.released != 0 || !subject_equal(&record.account, &event->subject)) {
        return INVALID_BAD_REF;
    }
    uint64_t approved = approval_load(fold->rows, mint);
    if (approved == 0 || approved > fold->header->auth) {
        return INVALID_BAD_REF;
    }
    struct touched touched[EVENT_LINES_MAX];
    for (uint32_t i = 0; i < record.lot_count; i++) {
        load_touched(fold, &record.lots[i].lot, &touched[i]);
        enum invalid_reason reason = registers_issue(&touched[i].registers, record.lots[i].amount);
        if (reason != INVALID_NONE) {
            return reason;
        }
    }
    if (fold->trial) {
        return INVALID_NONE;
    }
    for (uint32_t i = 0; i < record.lot_count; i++) {
        int64_t amount = record.lots[i].amount;
        touched[i].change = amount;
        save_touched(fold, sheet, &touched[i], amount);
        liability_add(fold->rows, touched[i].terms.product, touched[i].terms.bucket,
                      &(struct liability_record){.issued = amount, .held = amount});
        fold_count(fold, touched[i].terms.bucket, amount);
    }
    save_spares(fold, sheet, touched, record.lot_count);
    record.released = 1;
    pending_save(fold->rows, mint, &record);
    struct taking_record taking;
    if (taking_load(fold->rows, mint, record.day, &taking)) {
        taking.waits = false;
        taking_save(fold->rows, mint, record.day, &taking);
    }
    fold->released = record.type;
    return INVALID_NONE;
}

enum invalid_reason fold_lease(struct fold *fold)
{
    const struct event *event = fold->event;
    if (event->body.lease.until_ms <= event->body.lease.issued_ms) {
        return INVALID_MALFORMED;
    }
    if (!fold->proved) {
        return INVALID_BAD_REF; /* not the authority's word */
    }
    if (!fold->trial) {
        lease_save(fold->rows, fold->header->journal,
                   &(struct lease_record){.issued_ms = event->body.lease.issued_ms,
                                          .until_ms = event->body.lease.until_ms,
                                          .recorded_ms = fold->header->hlc >> 16});
    }
    return INVALID_NONE;
}

/* By the journal's own time, from when it recorded the lease: two clocks need not agree. */
void remark_lease(struct fold *fold)
{
    struct lease_record lease;
    int64_t days = roster_limit(fold->roster, "lease_days", journal_branch(fold->header->journal),
                                fold->header->auth);
    if (days == 0 || !lease_load(fold->rows, fold->header->journal, &lease)) {
        return;
    }
    uint64_t now = fold->header->hlc >> 16;
    if (now - lease.recorded_ms > lease.until_ms - lease.issued_ms) {
        fold->flags |= REMARK_LEASE;
    }
}
