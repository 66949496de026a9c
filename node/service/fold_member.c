#include "fold_parts.h"

#include "number.h"
#include "row_key.h"

#include <string.h>

enum invalid_reason fold_enrol(struct fold *fold)
{
    const struct event *event = fold->event;
    struct member_record member;
    (void)member_load(fold->rows, &event->subject, &member);
    if (!member.enrolled) {
        member.enrolled = true;
        member.home_branch = event->body.enrol.home_branch;
        member_save(fold->rows, &event->subject, &member);
    }
    for (uint32_t i = 0; i < event->body.enrol.field_count; i++) {
        const struct sealed_field *sealed = &event->body.enrol.fields[i];
        uint8_t memory[SEALED_SIZE_MAX + 64];
        struct buffer scratch = BUFFER_OVER(memory);
        struct field_record old;
        bool found = field_load(fold->rows, &event->subject, sealed->field, &scratch, &old);
        bool later = fold->header->hlc > old.hlc ||
                     (fold->header->hlc == old.hlc && fold->header->journal > old.journal);
        if (found && !later) {
            continue;
        }
        field_save(fold->rows, &event->subject, sealed->field,
                   &(struct field_record){.hlc = fold->header->hlc,
                                          .journal = fold->header->journal,
                                          .event_type = event->type,
                                          .class_number = sealed->class_number,
                                          .key_number = sealed->key_number,
                                          .box = sealed->box});
    }
    return INVALID_NONE;
}

static bool ref_before(struct event_ref a, struct event_ref b)
{
    if (a.journal != b.journal) {
        return a.journal < b.journal;
    }
    return a.seq != b.seq ? a.seq < b.seq : a.index < b.index;
}

enum invalid_reason fold_open(struct fold *fold)
{
    const struct event *event = fold->event;
    struct account_record account;
    (void)account_load(fold->rows, &event->subject, &account);
    /* Ids are random, so only a hostile writer opens one twice: the smaller place stands. */
    if (!account.opened || ref_before(fold_ref(fold), account.opened_by)) {
        account.opened = true;
        account.member = event->body.open.member;
        account.product = event->body.open.product;
        account.version = event->body.open.version;
        account.home_branch = event->body.open.home_branch;
        account.opened_by = fold_ref(fold);
        account_save(fold->rows, &event->subject, &account);
    }
    struct member_record member;
    (void)member_load(fold->rows, &event->body.open.member, &member);
    if (member.account_count < 8) {
        member.accounts[member.account_count++] = event->subject;
        member_save(fold->rows, &event->body.open.member, &member);
    }
    return INVALID_NONE;
}

enum invalid_reason fold_card(struct fold *fold, struct bytes number,
                              const struct subject_id *holder, struct bytes replaces)
{
    uint64_t journal = 0;
    uint32_t serial = 0;
    if (!number_parse(number, &journal, &serial) || journal != fold->header->journal) {
        return INVALID_WRONG_NUMBER;
    }
    struct row_key key = key_of_journal(TABLE_SERIAL, journal);
    if (serial <= number_load(fold->rows, row_key_bytes(&key))) {
        return INVALID_WRONG_NUMBER;
    }
    if (fold->trial) {
        return INVALID_NONE;
    }
    number_save(fold->rows, row_key_bytes(&key), serial);
    struct card_record card = {
        .account = fold->event->subject, .holder = *holder, .issued_by = fold_ref(fold)};
    memcpy(card.number, number.data, CARD_NUMBER_SIZE);
    if (replaces.size == CARD_NUMBER_SIZE) {
        memcpy(card.replaces, replaces.data, CARD_NUMBER_SIZE);
    }
    card_save(fold->rows, number, &card);
    struct account_record account;
    (void)account_load(fold->rows, &fold->event->subject, &account);
    if (account.card_count < 8) {
        memcpy(account.cards[account.card_count++], card.number, CARD_NUMBER_SIZE);
        account_save(fold->rows, &fold->event->subject, &account);
    }
    return INVALID_NONE;
}

enum invalid_reason fold_issue(struct fold *fold)
{
    return fold_card(fold, fold->event->body.issue.number, &fold->event->body.issue.holder,
                     bytes_of(NULL, 0));
}
