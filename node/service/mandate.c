#include "mandate.h"

#include "calendar.h"
#include "journal.h"
#include "query.h"
#include "record_trust.h"
#include "row_key.h"
#include "trust.h"

#include <string.h>

enum { DAYS_MAX = 3650, SCAN_MAX = 4096 };

static const char *const limit_names[LIMIT_KIND_COUNT] = {
    [LIMIT_UNWITNESSED] = "unwitnessed_limit", [LIMIT_OFFLINE_DAYS] = "offline_days",
    [LIMIT_LEASE_DAYS] = "lease_days",         [LIMIT_PENDING_MINTS] = "pending_mints",
    [LIMIT_REFUND_DAYS] = "refund_days",
};

static enum decision refuse(struct answer *answer, enum verdict verdict)
{
    answer->verdict = verdict;
    return DECIDED;
}

/* Writes the authority's word, which is the answer's fact. */
static enum decision say(struct node *node, const struct event *event, struct answer *answer)
{
    answer->event = journal_append_authority(node, event);
    answer->at_ms = world_wall_ms(node->world);
    return DECIDED;
}

/* It is so already: allowed, without a fact. */
static enum decision is_so(struct node *node, struct answer *answer)
{
    answer->at_ms = world_wall_ms(node->world);
    return DECIDED;
}

static const struct roster_journal *journal_of_branch(const struct node *node, uint32_t branch)
{
    const struct roster_journal *last = NULL;
    for (uint32_t i = 0; i < node->roster.journal_count; i++) {
        const struct roster_journal *one = &node->roster.journals[i];
        if (journal_branch(one->journal) == branch && one->since <= node->roster.seq) {
            last = one; /* they stand in rising order: the last machine of the shop */
        }
    }
    return last;
}

/* ---- limits ---- */

static bool value_is_sound(enum limit_kind kind, int64_t value)
{
    int64_t max = kind == LIMIT_UNWITNESSED     ? AMOUNT_MAX
                  : kind == LIMIT_PENDING_MINTS ? 1
                                                : DAYS_MAX;
    return value >= 0 && value <= max;
}

/* Was exactly this said last of this branch (or, as 0, of all)? What a branch has from the default
 * is not its own: it would follow the next default. */
static bool limit_is_said(const struct roster *roster, uint32_t branch, const char *name,
                          int64_t value)
{
    bool said = false;
    size_t size = strlen(name);
    for (uint32_t i = 0; i < roster->limit_count; i++) {
        const struct roster_limit *entry = &roster->limits[i];
        if (entry->branch == branch && entry->name_size == size &&
            memcmp(entry->name, name, size) == 0) {
            said = entry->value == value;
        }
    }
    return said;
}

enum decision mandate_set_limits(struct node *node, const struct request *request,
                                 struct answer *answer)
{
    uint32_t branch = request->body.limits.branch;
    uint32_t given = request->body.limits.given;
    answer->branch = branch;
    if (!node->office) {
        return refuse(answer, REFUSED_ROLE);
    }
    if (given == 0 || given >= 1U << LIMIT_KIND_COUNT) {
        return refuse(answer, REFUSED_AMOUNT);
    }
    if (branch != 0 && journal_of_branch(node, branch) == NULL) {
        return refuse(answer, REFUSED_UNKNOWN_BRANCH);
    }
    struct event event = desk_event(request, EVENT_LIMITS_SET, &(struct subject_id){{0}});
    event.body.limits.branch = branch;
    for (uint32_t kind = 0; kind < LIMIT_KIND_COUNT; kind++) {
        const char *name = limit_names[kind];
        int64_t value = request->body.limits.values[kind];
        if ((given & 1U << kind) == 0) {
            continue;
        }
        if (!value_is_sound(kind, value)) {
            return refuse(answer, REFUSED_AMOUNT);
        }
        if (!limit_is_said(&node->roster, branch, name, value)) {
            event.body.limits.limits[event.body.limits.count++] =
                (struct named_limit){.name = bytes_of(name, strlen(name)), .value = value};
        }
    }
    if (event.body.limits.count == 0) {
        return is_so(node, answer);
    }
    if (node->roster.limit_count + event.body.limits.count > ROSTER_LIMITS_MAX) {
        return refuse(answer, REFUSED_NUMBERS);
    }
    return say(node, &event, answer);
}

/* ---- quotas ---- */

static bool quota_is_said(const struct roster *roster, uint32_t branch, uint8_t bucket,
                          int64_t per_day)
{
    bool said = false;
    for (uint32_t i = 0; i < roster->quota_count; i++) {
        const struct roster_quota *entry = &roster->quotas[i];
        if (entry->branch == branch && entry->bucket == bucket) {
            said = entry->per_day == per_day;
        }
    }
    return said;
}

enum decision mandate_set_quota(struct node *node, const struct request *request,
                                struct answer *answer)
{
    uint32_t branch = request->body.quota.branch;
    uint8_t bucket = request->body.quota.bucket;
    int64_t per_day = request->body.quota.per_day;
    answer->branch = branch;
    if (!node->office) {
        return refuse(answer, REFUSED_ROLE);
    }
    bool money = bucket == BUCKET_PRINCIPAL || bucket == BUCKET_BONUS;
    if (!money || per_day < 0 || per_day > AMOUNT_MAX) {
        return refuse(answer, REFUSED_AMOUNT);
    }
    if (branch != 0 && journal_of_branch(node, branch) == NULL) {
        return refuse(answer, REFUSED_UNKNOWN_BRANCH);
    }
    if (quota_is_said(&node->roster, branch, bucket, per_day)) {
        return is_so(node, answer);
    }
    if (node->roster.quota_count == ROSTER_QUOTAS_MAX) {
        return refuse(answer, REFUSED_NUMBERS);
    }
    struct event event = desk_event(request, EVENT_QUOTA_GRANT, &(struct subject_id){{0}});
    event.body.quota.branch = branch;
    event.body.quota.count = 1;
    event.body.quota.quotas[0] = (struct bucket_quota){.bucket = bucket, .per_day = per_day};
    return say(node, &event, answer);
}

/* ---- mints above a quota ---- */

static int64_t pending_sum(const struct pending_record *record, uint8_t bucket)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < record->lot_count; i++) {
        sum += record->lots[i].bucket == bucket ? record->lots[i].amount : 0;
    }
    return sum;
}

enum decision mandate_approve_mint(struct node *node, const struct request *request,
                                   struct answer *answer)
{
    struct event_ref mint = request->body.approve.mint;
    struct pending_record record;
    if (!node->office) {
        return refuse(answer, REFUSED_ROLE);
    }
    if (!pending_load(node->rows, mint, &record)) {
        return refuse(answer, REFUSED_UNKNOWN_MINT);
    }
    struct account_name name = {.account = record.account};
    struct account_record account;
    enum verdict verdict = desk_account(node, &name, answer, &account);
    if (verdict != VERDICT_ALLOWED) {
        return refuse(answer, verdict);
    }
    answer->branch = journal_branch(mint.journal);
    answer->principal = pending_sum(&record, BUCKET_PRINCIPAL);
    answer->bonus = pending_sum(&record, BUCKET_BONUS);
    if (record.released != 0 || approval_load(node->rows, mint) != 0) {
        return is_so(node, answer);
    }
    if (roster_retired(&node->roster, mint.journal, node->roster.seq) != NULL) {
        return refuse(answer, REFUSED_ENDED); /* nobody writes the release */
    }
    struct event event = desk_event(request, EVENT_MINT_APPROVE, &(struct subject_id){{0}});
    event.body.approve.mint = mint;
    return say(node, &event, answer);
}

/* ---- suspended branches ---- */

enum decision mandate_suspend(struct node *node, const struct request *request,
                              struct answer *answer)
{
    uint32_t branch = request->body.suspend.branch;
    bool resume = request->body.suspend.resume;
    answer->branch = branch;
    if (!node->office) {
        return refuse(answer, REFUSED_ROLE);
    }
    const struct roster_journal *entry = journal_of_branch(node, branch);
    if (branch == 0 || entry == NULL) {
        return refuse(answer, REFUSED_UNKNOWN_BRANCH);
    }
    if ((entry->roles & ROLE_OFFICE) != 0) {
        return refuse(answer, REFUSED_SELF);
    }
    if (entry->suspended != resume) {
        return is_so(node, answer);
    }
    struct event event = desk_event(request, resume ? EVENT_BRANCH_RESUME : EVENT_BRANCH_SUSPEND,
                                    &(struct subject_id){{0}});
    event.body.suspend.branch = branch;
    event.body.suspend.reason = request->body.suspend.reason;
    return say(node, &event, answer);
}

/* ---- what people see ---- */

/* The authority's last block that is durable here: what was decided since is not spoken of. */
static uint64_t durable_authority(const struct node *node)
{
    const struct frontier_entry *tip = frontier_find(&node->frontier, journal_of(0, 1));
    return tip == NULL ? 0 : node->seqs_committed[frontier_position(&node->frontier, tip)];
}

static void limits_of(const struct node *node, uint32_t branch, int64_t values[LIMIT_KIND_COUNT])
{
    for (uint32_t kind = 0; kind < LIMIT_KIND_COUNT; kind++) {
        values[kind] =
            roster_limit(&node->roster, limit_names[kind], branch, durable_authority(node));
    }
}

static bool is_listed(const struct node *node, const struct roster_journal *one)
{
    return one->since <= durable_authority(node) && one->retired.since == 0;
}

void mandate_limits(struct node *node, struct page *page)
{
    memset(&page->rows.limits, 0, sizeof page->rows.limits);
    limits_of(node, 0, page->rows.limits.values);
    for (uint32_t i = 0; i < node->roster.journal_count; i++) {
        const struct roster_journal *one = &node->roster.journals[i];
        if (!is_listed(node, one)) {
            continue;
        }
        if (page->rows.limits.entry_count == PAGE_ENTRIES_MAX) {
            page->more = true;
            break;
        }
        struct limits_entry *entry = &page->rows.limits.entries[page->rows.limits.entry_count++];
        entry->journal = one->journal;
        limits_of(node, journal_branch(one->journal), entry->values);
    }
    page->count = 1;
}

static const uint8_t quota_buckets[2] = {BUCKET_PRINCIPAL, BUCKET_BONUS};

/* Adds what waits of each listed journal. */
static void add_waiting(struct node *node, struct page *page)
{
    struct walk walk = walk_over(row_key(TABLE_PENDING));
    uint8_t memory[1024];
    struct buffer value = BUFFER_OVER(memory);
    while (walk_next(node, &walk, &value)) {
        uint64_t journal = key_ref(walk.key_memory + 1).journal;
        struct pending_record record;
        bool waits = pending_decode(buffer_bytes(&value), &record) && record.released == 0;
        for (uint32_t i = 0; waits && i < page->rows.quotas.entry_count; i++) {
            struct quota_entry *entry = &page->rows.quotas.entries[i];
            for (uint32_t b = 0; entry->journal == journal && b < 2; b++) {
                entry->waiting[b] += pending_sum(&record, quota_buckets[b]);
            }
        }
    }
}

void mandate_quotas(struct node *node, struct page *page)
{
    memset(&page->rows.quotas, 0, sizeof page->rows.quotas);
    uint64_t auth = durable_authority(node);
    uint32_t today = calendar_day(world_wall_ms(node->world), node->roster.zone_minutes);
    page->rows.quotas.today = today;
    for (uint32_t b = 0; b < 2; b++) {
        page->rows.quotas.per_day[b] = roster_quota(&node->roster, 0, quota_buckets[b], auth);
    }
    for (uint32_t i = 0; i < node->roster.journal_count; i++) {
        const struct roster_journal *one = &node->roster.journals[i];
        bool office = (one->roles & ROLE_OFFICE) != 0; /* it needs none */
        if (!is_listed(node, one) || office || (one->roles & ROLE_MINT) == 0) {
            continue;
        }
        if (page->rows.quotas.entry_count == PAGE_ENTRIES_MAX) {
            page->more = true;
            break;
        }
        struct quota_entry *entry = &page->rows.quotas.entries[page->rows.quotas.entry_count++];
        entry->journal = one->journal;
        for (uint32_t b = 0; b < 2; b++) {
            struct minted_record minted;
            minted_load(node->rows, one->journal, quota_buckets[b], &minted);
            entry->minted[b] = minted.day >= today ? minted.minted : 0;
            entry->per_day[b] =
                roster_quota(&node->roster, journal_branch(one->journal), quota_buckets[b], auth);
        }
    }
    add_waiting(node, page);
    page->count = 1;
}

void mandate_mints(struct node *node, const struct request *request, struct page *page)
{
    uint8_t memory[1024];
    struct buffer value = BUFFER_OVER(memory);
    struct walk walk = walk_over(row_key(TABLE_PENDING));
    walk_from(&walk, request->cursor);
    for (uint32_t scanned = 0;; scanned++) {
        struct walk before = walk;
        if (!walk_next(node, &walk, &value)) {
            return;
        }
        if (page->count == request->page_limit || scanned == SCAN_MAX) {
            page_continue(page, &before);
            return;
        }
        struct event_ref mint = key_ref(walk.key_memory + 1);
        struct pending_record record;
        if (pending_decode(buffer_bytes(&value), &record) && record.released == 0) {
            page->rows.mints[page->count++] =
                (struct mint_entry){.mint = mint,
                                    .account = record.account,
                                    .day = record.day,
                                    .principal = pending_sum(&record, BUCKET_PRINCIPAL),
                                    .bonus = pending_sum(&record, BUCKET_BONUS),
                                    .approved = approval_load(node->rows, mint)};
        }
    }
}

void mandate_view(struct node *node, struct trust_view *view)
{
    struct checkpoint_record checkpoint;
    if (checkpoint_load(node->rows, node->journal, durable_authority(node), node->own_committed.seq,
                        &checkpoint)) {
        struct authority_record authority;
        (void)authority_load(node->rows, checkpoint.auth, &authority);
        view->checkpoint_seq = checkpoint.seq;
        view->checkpoint_auth = checkpoint.auth;
        view->checkpoint_day = authority.day;
    }
    int64_t days =
        roster_limit(&node->roster, "lease_days", journal_branch(node->journal), node->roster.seq);
    view->leased = node->leased && days > 0;
    if (view->leased) {
        uint64_t now = world_monotonic_ms(node->world);
        view->lease_over = trust_lease_is_over(node);
        view->lease_left_ms = node->lease_ends_ms > now ? (int64_t)(node->lease_ends_ms - now) : 0;
        view->lease_ends_ms =
            world_wall_ms(node->world) - (int64_t)now + (int64_t)node->lease_ends_ms;
    }
}
