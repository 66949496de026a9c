#include "fold_parts.h"

#include "number.h"
#include "row_key.h"

#include <string.h>

/* A token is a freeze by its place. Its row is a sum over all events that speak of it, in whatever
 * order they come: seen, lifted, and the earliest time of each. */
static void see_token(struct fold *fold, struct sheet *sheet, uint8_t kind)
{
    struct freeze_record token;
    (void)freeze_load(fold->rows, &fold->event->subject, fold_ref(fold), &token);
    if (!token.seen && !token.lifted) {
        sheet->frozen++;
    }
    token.seen = true;
    token.kind = kind;
    token.hlc = fold->header->hlc;
    freeze_save(fold->rows, &fold->event->subject, fold_ref(fold), &token);
    /* For this node's own sweep: each journal says that it has heard (FREEZE.ACK). */
    struct row_key task = key_of_subject(TABLE_FREEZE_TASK, &fold->event->subject);
    number_save(fold->rows, row_key_bytes(&task), 1);
}

enum invalid_reason fold_freeze(struct fold *fold, struct sheet *sheet)
{
    if (!fold->trial) {
        see_token(fold, sheet, fold->event->body.freeze.kind);
    }
    return INVALID_NONE;
}

/* An unfreeze lifts the tokens that it names and no others: a concurrent freeze survives. */
enum invalid_reason fold_unfreeze(struct fold *fold, struct sheet *sheet)
{
    const struct event *event = fold->event;
    for (uint32_t i = 0; i < event->body.unfreeze.token_count && !fold->trial; i++) {
        struct event_ref place = event->body.unfreeze.tokens[i];
        struct freeze_record token;
        (void)freeze_load(fold->rows, &event->subject, place, &token);
        if (token.seen && !token.lifted) {
            sheet->frozen--;
        }
        if (!token.lifted || fold->header->hlc < token.lifted_hlc) {
            token.lifted_hlc = fold->header->hlc;
        }
        token.lifted = true;
        freeze_save(fold->rows, &event->subject, place, &token);
        struct row_key lift = key_of_lift(&event->subject, place, fold_ref(fold));
        number_save(fold->rows, row_key_bytes(&lift), 1);
    }
    return INVALID_NONE;
}

bool fold_is_gated(const struct fold *fold)
{
    struct row_key gate = key_of_gate(&fold->event->subject, fold->header->journal);
    return number_load(fold->rows, row_key_bytes(&gate)) > 0;
}

/* Is the unfreeze in the causal past of the block that is judged, and does it name the freeze? */
static bool lift_is_known(const struct fold *fold, const struct lifted_freeze *lifted)
{
    struct row_key lift = key_of_lift(&fold->event->subject, lifted->freeze, lifted->unfreeze);
#if defined(MUTANT_lift_unchecked)
    return true;
#endif
    if (number_load(fold->rows, row_key_bytes(&lift)) == 0) {
        return false;
    }
    if (lifted->unfreeze.journal == fold->header->journal || fold->trial) {
        return true; /* own path; a trial is of what this node has, which it is about to name */
    }
    struct dep_record dep;
    (void)dep_load(fold->rows, fold->header->journal, lifted->unfreeze.journal, &dep);
    return dep.seq >= lifted->unfreeze.seq;
}

/* The gate stands on the writer's own path: what it acknowledged and has not noted as lifted stops
 * its spends, whatever anybody else has heard. */
enum invalid_reason fold_freeze_ack(struct fold *fold)
{
    const struct event *event = fold->event;
    struct row_key gate_key = key_of_gate(&event->subject, fold->header->journal);
    uint64_t gate = number_load(fold->rows, row_key_bytes(&gate_key));
    for (uint32_t i = 0; i < event->body.freeze_ack.lifted_count; i++) {
        const struct lifted_freeze *lifted = &event->body.freeze_ack.lifted[i];
        struct row_key ack = key_of_ack(&event->subject, fold->header->journal, lifted->freeze);
        if (number_load(fold->rows, row_key_bytes(&ack)) != ACK_LIVE ||
            !lift_is_known(fold, lifted)) {
            return INVALID_BAD_REF;
        }
        for (uint32_t k = 0; k < i; k++) {
            if (event_ref_equal(event->body.freeze_ack.lifted[k].freeze, lifted->freeze)) {
                return INVALID_BAD_REF;
            }
        }
    }
    if (fold->trial) {
        return INVALID_NONE;
    }
    for (uint32_t i = 0; i < event->body.freeze_ack.lifted_count; i++) {
        struct row_key ack = key_of_ack(&event->subject, fold->header->journal,
                                        event->body.freeze_ack.lifted[i].freeze);
        number_save(fold->rows, row_key_bytes(&ack), ACK_LIFTED);
        gate--;
    }
    for (uint32_t i = 0; i < event->body.freeze_ack.freeze_count; i++) {
        struct row_key ack =
            key_of_ack(&event->subject, fold->header->journal, event->body.freeze_ack.freezes[i]);
        if (number_load(fold->rows, row_key_bytes(&ack)) == 0) {
            number_save(fold->rows, row_key_bytes(&ack), ACK_LIVE);
            gate++;
        }
    }
    number_save(fold->rows, row_key_bytes(&gate_key), gate);
    return INVALID_NONE;
}

/* Revocations only grow: a card that was reported or replaced never works again. */
static void revoke(struct fold *fold, struct bytes number, const struct revocation *news)
{
    struct revocation known;
    (void)revocation_load(fold->rows, number, &known);
    bool first = known.hlc == 0 || news->hlc < known.hlc ||
                 (news->hlc == known.hlc && news->journal < known.journal);
    known.lost = known.lost || news->lost;
    if (!news->lost && first) { /* of two replacements the earlier one's card works */
        known.hlc = news->hlc;
        known.journal = news->journal;
        memcpy(known.by, news->by, sizeof known.by);
    }
    revocation_save(fold->rows, number, &known);
}

enum invalid_reason fold_loss(struct fold *fold, struct sheet *sheet)
{
    const struct event *event = fold->event;
    if (fold->trial) {
        return INVALID_NONE;
    }
    if (event->body.loss.number.size == CARD_NUMBER_SIZE) {
        revoke(fold, event->body.loss.number, &(struct revocation){.lost = true});
    }
    see_token(fold, sheet, FREEZE_LOSS);
    return INVALID_NONE;
}

enum invalid_reason fold_replace(struct fold *fold)
{
    const struct event *event = fold->event;
    enum invalid_reason reason = fold_card(fold, event->body.replace.number,
                                           &event->body.replace.holder, event->body.replace.old);
    if (reason != INVALID_NONE || fold->trial) {
        return reason;
    }
    struct revocation news = {.hlc = fold->header->hlc, .journal = fold->header->journal};
    memcpy(news.by, event->body.replace.number.data, sizeof news.by);
    revoke(fold, event->body.replace.old, &news);
    return INVALID_NONE;
}
