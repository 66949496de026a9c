/* Sales without cover in the account book: kept as a list of such sales, from which everything else
 * is added up when it is asked for. */
#include "book_risk.h"

#include "book_entry.h"
#include "book_key.h"

static bool is_text(struct bytes text, const char *word)
{
    return text.size == strlen(word) && memcmp(text.data, word, text.size) == 0;
}

void note_limits(const struct entry *entry)
{
    for (uint32_t i = 0; i < entry->event->body.limits.count; i++) {
        const struct named_limit *limit = &entry->event->body.limits.limits[i];
        uint64_t number = entry->book->caps.count;
        if (!is_text(limit->name, "risk_account") && !is_text(limit->name, "risk_branch")) {
            continue;
        }
        struct book_cap *cap = map_put(&entry->book->caps, &number);
        cap->of_account = is_text(limit->name, "risk_account");
        cap->only = entry->event->body.limits.branch;
        cap->since = entry->at.seq;
        cap->amount = limit->value;
    }
}

static int64_t cap_of(const struct book *book, bool of_account, uint64_t journal, uint64_t auth)
{
    int64_t general = 0;
    int64_t special = -1;
    for (uint32_t i = 0; i < book->caps.count; i++) {
        const struct book_cap *cap = map_at(&book->caps, i);
        if (cap->of_account == of_account && cap->since <= auth) {
            general = cap->only == 0 ? cap->amount : general;
            special = cap->only == journal_branch(journal) ? cap->amount : special;
        }
    }
    return special >= 0 ? special : general;
}

int64_t book_risk_room(const struct book *book, const struct subject_id *account, uint64_t journal,
                       uint64_t auth)
{
    int64_t of_account = cap_of(book, true, journal, auth);
    int64_t of_branch = cap_of(book, false, journal, auth);
    for (uint32_t i = 0; i < book->risks.count; i++) {
        const struct book_risk *risk = map_at(&book->risks, i);
        if (risk->sale.journal == journal && !risk->acked) {
            of_branch -= risk->amount;
            of_account -= memcmp(risk->account, account->bytes, 16) == 0 ? risk->amount : 0;
        }
    }
    return of_account < of_branch ? of_account : of_branch;
}

int64_t book_owed(const struct book *book, const struct subject_id *account)
{
    const struct book_account *record = map_find(&book->accounts, account->bytes);
    int64_t owed = record == NULL ? 0 : record->uncovered - record->covered;
    return owed > 0 ? owed : 0;
}

bool book_risk_is_open(const struct book *book)
{
    for (uint32_t i = 0; i < book->risks.count; i++) {
        const struct book_risk *risk = map_at(&book->risks, i);
        if (!risk->settled || !risk->acked) {
            return true;
        }
    }
    return false;
}

bool book_had_risk(const struct book *book, const struct subject_id *account)
{
    const struct book_account *record = map_find(&book->accounts, account->bytes);
    return record != NULL && record->uncovered > 0;
}

enum invalid_reason judge_risk(const struct entry *entry)
{
    const struct event *event = entry->event;
    int64_t risk = event->body.spend.risk;
    if (risk == 0) {
        return INVALID_NONE;
    }
    if (risk > book_risk_room(entry->book, &event->subject, entry->at.journal,
                              entry->block->header.auth)) {
        return INVALID_RISK_CAP;
    }
    int64_t known = event->body.spend.seen - risk;
    for (uint32_t i = 0; i < event->body.spend.line_count; i++) {
        known -= event->body.spend.lines[i].amount;
    }
    return known < 0 ? INVALID_RISK_GUARD : INVALID_NONE;
}

void note_risk(const struct entry *entry)
{
    if (entry->event->body.spend.risk == 0) {
        return;
    }
    struct book_place place = book_place_of(entry->at);
    struct book_risk *risk = map_put(&entry->book->risks, &place);
    memcpy(risk->account, entry->event->subject.bytes, sizeof risk->account);
    risk->amount = entry->event->body.spend.risk;
    struct book_account *account = map_put(&entry->book->accounts, risk->account);
    account->uncovered += risk->amount;
    entry->record->uncovered = risk->amount;
    entry->record->amount += risk->amount;
}

static bool is_office(const struct entry *entry)
{
    const struct book_journal *journal = book_journal_of(entry->book, entry->at.journal);
    return journal != NULL && (journal->roles & (uint64_t)ROLE_OFFICE) != 0;
}

enum invalid_reason judge_cover(const struct entry *entry)
{
    const struct event *event = entry->event;
    if (event->body.cover.kind != COVER_DEBT || event->body.cover.of != 0) {
        return INVALID_MALFORMED;
    }
    return is_office(entry) ? INVALID_NONE : INVALID_NO_ROLE;
}

void note_cover(const struct entry *entry, int64_t paid)
{
    struct book_account *account = map_put(&entry->book->accounts, entry->event->subject.bytes);
    account->covered += paid;
}

static bool has_seen(const struct entry *entry, struct event_ref place)
{
    return place.journal == entry->at.journal ||
           book_dep_seq(entry->book, entry->at.journal, place.journal) >= place.seq;
}

/* The sale, if the writer had it and it is of this account. */
static struct book_risk *sale_at(const struct entry *entry, const struct book_place *place)
{
    struct book_risk *risk = map_find(&entry->book->risks, place);
    bool same = risk != NULL && memcmp(risk->account, entry->event->subject.bytes, 16) == 0;
    return same ? risk : NULL;
}

enum invalid_reason enter_settle(const struct entry *entry)
{
    struct book_place place = book_place_of(entry->event->body.settle.spend);
    if (!is_office(entry)) {
        return INVALID_NO_ROLE;
    }
    struct book_risk *risk = sale_at(entry, &place);
    if (risk == NULL || risk->settled || !has_seen(entry, entry->event->body.settle.spend)) {
        return INVALID_BAD_REF;
    }
    if (entry->event->body.settle.debt > risk->amount) {
        return INVALID_BAD_AMOUNT;
    }
    risk->settled = true;
    risk->settle = book_place_of(entry->at);
    return INVALID_NONE;
}

enum invalid_reason enter_risk_ack(const struct entry *entry)
{
    struct book_place settle = book_place_of(entry->event->body.risk_ack.settle);
    for (uint32_t i = 0; i < entry->book->risks.count; i++) {
        struct book_risk *risk = map_at(&entry->book->risks, i);
        bool named = risk->settled && memcmp(&risk->settle, &settle, sizeof settle) == 0;
        if (named && sale_at(entry, &risk->sale) == risk && !risk->acked &&
            risk->sale.journal == entry->at.journal &&
            has_seen(entry, entry->event->body.risk_ack.settle)) {
            risk->acked = true;
            return INVALID_NONE;
        }
    }
    return INVALID_BAD_REF;
}
