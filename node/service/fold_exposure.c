/* How far a journal may use rights that only their giver vouches for (L6).
 *
 * A giver that shows each branch another history gives the same rights many times. So what a branch
 * got from another and no checkpoint of the office covers yet may be used up to a limit for each
 * account; what a checkpoint covers stands on the one history that the office holds. */
#include "fold_parts.h"

#include "record_trust.h"

/* Names of the limits in LIMITS.SET, by unit; one that was never set is 0: only what is witnessed
 * may be used. */
static const char *const limit_names[UNIT_COUNT] = {"unwitnessed_limit", "unwitnessed_points",
                                                    "unwitnessed_visits", "unwitnessed_vouchers",
                                                    "unwitnessed_capacity"};

static int64_t limit_of(const struct fold *fold, int unit)
{
    return roster_limit(fold->roster, limit_names[unit], journal_branch(fold->header->journal),
                        fold->header->auth);
}

enum invalid_reason exposure_holds(struct fold *fold, const struct touched *touched, uint32_t count)
{
#if defined(MUTANT_exposure_ignored)
    (void)limit_of;
    (void)fold;
    (void)touched;
    (void)count;
    return INVALID_NONE;
#else
    int64_t change[UNIT_COUNT] = {0};
    for (uint32_t i = 0; i < count; i++) {
        if (!is_money(touched[i].terms.bucket)) {
            continue; /* rights to refund are bounded by their sale */
        }
        change[unit_of_bucket(touched[i].terms.bucket)] +=
            registers_exposed(&touched[i].registers) - touched[i].exposed;
    }
    struct exposure_record record;
    bool loaded = false;
    for (int unit = 0; unit < UNIT_COUNT; unit++) {
        if (change[unit] <= 0) {
            continue;
        }
        if (!loaded) {
            exposure_load(fold->rows, &fold->event->subject, fold->header->journal, &record);
            loaded = true;
        }
        if (record.exposed[unit] + change[unit] > limit_of(fold, unit)) {
            return INVALID_EXPOSED;
        }
    }
    return INVALID_NONE;
#endif
}

void exposure_follow(struct fold *fold, struct touched *touched)
{
    int64_t now = registers_exposed(&touched->registers);
    if (now == touched->exposed) {
        return;
    }
    struct exposure_record record;
    exposure_load(fold->rows, &touched->account, fold->header->journal, &record);
    record.exposed[unit_of_bucket(touched->terms.bucket)] += now - touched->exposed;
    exposure_save(fold->rows, &touched->account, fold->header->journal, &record);
    touched->exposed = now;
}

enum invalid_reason witness_reach(struct fold *fold, uint64_t dep_seq, uint64_t *reach)
{
    uint64_t from = fold->event->body.accept.from;
    uint64_t at = fold->event->body.accept.checkpoint;
    const struct roster_journal *giver = roster_journal(fold->roster, from, fold->header->auth);
    *reach = dep_seq;
    if (giver != NULL && (giver->roles & ROLE_OFFICE) != 0) {
        return INVALID_NONE; /* the office is its own witness */
    }
#if !defined(MUTANT_checkpoint_of_later_authority)
    if (at > fold->header->auth) {
        return INVALID_OVER_WITNESS;
    }
#endif
    struct checkpoint_record checkpoint;
    struct digest id;
    if (!checkpoint_load(fold->rows, from, at, UINT64_MAX, &checkpoint) ||
        checkpoint.seq > dep_seq || !block_id_load(fold->rows, from, checkpoint.seq, &id) ||
        !digest_equal(&id, &checkpoint.id)) {
        return INVALID_OVER_WITNESS; /* none, not in the past of this event, or another history's */
    }
    *reach = checkpoint.seq;
    return INVALID_NONE;
}
