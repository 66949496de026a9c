/* Requests: a wish is filed in any journal, and the journal that it names answers it once. They
 * touch no register; what is done about one is an event of its own. */
#include "fold_parts.h"

#include "later.h"

#include <string.h>

static uint32_t keep_words(uint8_t words[static REASON_SIZE_MAX], struct bytes text)
{
    if (text.size > 0) {
        memcpy(words, text.data, text.size);
    }
    return (uint32_t)text.size;
}

enum invalid_reason fold_file(struct fold *fold)
{
    const struct event *event = fold->event;
    uint64_t to = event->body.file.to;
    if (roster_journal(fold->roster, to, fold->header->auth) == NULL) {
        return INVALID_NOT_ACTIVE;
    }
    if (to == fold->header->journal) {
        return INVALID_SELF_MOVE;
    }
    if (fold->trial) {
        return INVALID_NONE;
    }
    struct wish_record wish = {.account = event->subject,
                               .kind = event->body.file.kind,
                               .hlc = fold->header->hlc,
                               .staff = event->staff,
                               .sale = event->body.file.sale,
                               .amount = event->body.file.amount};
    wish.reason_size = keep_words(wish.reason, event->body.file.reason);
    wish_save(fold->rows, to, fold_ref(fold), &wish);
    wish_list(fold->rows, to, fold_ref(fold), true);
    return INVALID_NONE;
}

enum invalid_reason fold_close(struct fold *fold)
{
    const struct event *event = fold->event;
    struct event_ref request = event->body.close.request;
    uint64_t writer = fold->header->journal;
    struct dep_record dep;
    (void)dep_load(fold->rows, writer, request.journal, &dep);
    dep.seq = fold->trial ? fold->trial_dep : dep.seq;
    if (fold->late && dep.seq >= request.seq) { /* as of this block, not as of now */
        dep.seq = later_named(fold->rows, writer, fold->header->seq, request.journal);
    }
    if (request.journal == writer) {
        dep.seq = fold->header->seq; /* the office's own wish, of who is retired by now */
    }
    uint64_t to = event->body.close.of == 0 ? writer : event->body.close.of;
    enum invalid_reason acting =
        event->body.close.of == 0 ? INVALID_NONE : may_act_for(fold, event->body.close.of);
    if (acting != INVALID_NONE) {
        return acting;
    }
    struct wish_record wish;
    /* Only what is in the causal past can be answered, and only by the journal that it names: its
     * rows stand under that. */
    if (request.seq > dep.seq || !wish_load(fold->rows, to, request, &wish) ||
        !subject_equal(&wish.account, &event->subject)) {
        return INVALID_BAD_REF;
    }
#if !defined(MUTANT_request_carried_out_twice)
    if (to == writer ? wish.outcome != 0 : wish.office_outcome != 0) {
        return INVALID_BAD_REF;
    }
#endif
    bool done = event->body.close.outcome == REQUEST_DONE;
    if (done && event->body.close.done.journal != writer) {
        return INVALID_BAD_REF;
    }
    if (fold->trial) {
        return INVALID_NONE;
    }
    if (to != writer) {
        wish.office_outcome = event->body.close.outcome;
        wish.office_done = event->body.close.done;
        wish_save(fold->rows, to, request, &wish);
        wish_list(fold->rows, to, request, false);
        return INVALID_NONE;
    }
    wish.outcome = event->body.close.outcome;
    wish.closed_hlc = fold->header->hlc;
    wish.done = event->body.close.done;
    wish.answer_size = keep_words(wish.answer, event->body.close.reason);
    wish_save(fold->rows, writer, request, &wish);
#if !defined(MUTANT_request_carried_out_twice)
    wish_list(fold->rows, writer, request, false);
#endif
    return INVALID_NONE;
}
