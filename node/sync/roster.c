#include "roster.h"

#include <assert.h>
#include <string.h>

static uint32_t copy_text(uint8_t *out, size_t capacity, struct bytes text)
{
    assert(text.size <= capacity);
    if (text.size > 0) {
        memcpy(out, text.data, text.size);
    }
    return (uint32_t)text.size;
}

static uint32_t journal_position(const struct roster *roster, uint64_t journal)
{
    uint32_t low = 0;
    uint32_t high = roster->journal_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (roster->journals[middle].journal < journal) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void apply_admit(struct roster *roster, uint64_t seq, const struct event *event)
{
    uint64_t journal = event->body.admit.journal;
    uint32_t at = journal_position(roster, journal);
    bool taken = at < roster->journal_count && roster->journals[at].journal == journal;
    if (journal_is_authority(journal) || taken) {
        return;
    }
    if (roster->journal_count == roster->journal_capacity) {
        roster->full = true;
        return;
    }
    memmove(&roster->journals[at + 1], &roster->journals[at],
            (roster->journal_count - at) * sizeof roster->journals[0]);
    struct roster_journal *entry = &roster->journals[at];
    *entry =
        (struct roster_journal){.journal = journal, .since = seq, .roles = event->body.admit.roles};
    memcpy(entry->public_key, event->body.admit.public_key, sizeof entry->public_key);
    memcpy(entry->transport_key, event->body.admit.transport_key, sizeof entry->transport_key);
    if (event->body.admit.endpoint_count > 0) {
        entry->endpoint_size =
            copy_text(entry->endpoint, sizeof entry->endpoint, event->body.admit.endpoints[0]);
    }
    entry->name_size = copy_text(entry->name, sizeof entry->name, event->body.admit.name);
    roster->journal_count++;
    for (uint32_t i = 0; i < roster->journal_count; i++) {
        const struct roster_journal *other = &roster->journals[i];
        if (journal_branch(other->journal) == journal_branch(journal) && other->suspended) {
            entry->suspended = true; /* a new machine of the same shop */
        }
    }
}

/* The first retirement stands. A journal written off as lost may be closed later: then no more of
 * its tail is waited for. */
static void apply_retire(struct roster *roster, uint64_t seq, const struct event *event)
{
    uint64_t journal = event->body.retire.journal;
    uint32_t at = journal_position(roster, journal);
    uint8_t kind = event->body.retire.kind;
    if (at == roster->journal_count || roster->journals[at].journal != journal ||
        kind < RETIRE_LOST || kind > RETIRE_STOLEN) {
        return;
    }
    struct roster_journal *entry = &roster->journals[at];
    struct roster_end end = {
        .since = seq, .kind = kind, .seq = event->body.retire.seq, .id = event->body.retire.id};
    if (entry->retired.since == 0) {
        entry->retired = end;
    }
    if (entry->ended.since == 0 && kind == RETIRE_CLOSED) {
        entry->ended = end;
    }
    if (kind == RETIRE_STOLEN) {
        entry->retired.kind = kind; /* its key is in other hands: also if it was lost before */
    }
}

/* After a fork: one history is the journal's, and it is retired. The rules know one tip only. */
static void apply_resolve(struct roster *roster, uint64_t seq, const struct event *event)
{
    uint64_t journal = event->body.resolve.journal;
    uint32_t at = journal_position(roster, journal);
    if (at == roster->journal_count || roster->journals[at].journal != journal ||
        event->body.resolve.tip_count != 1 || roster->journals[at].ended.since != 0) {
        return;
    }
    struct roster_journal *entry = &roster->journals[at];
    entry->ended = (struct roster_end){.since = seq,
                                       .kind = RETIRE_CLOSED,
                                       .seq = event->body.resolve.tips[0].seq,
                                       .id = event->body.resolve.tips[0].id,
                                       .forked = true};
    if (entry->retired.since == 0) {
        entry->retired = entry->ended;
    }
}

static void apply_product(struct roster *roster, uint64_t seq, const struct event *event)
{
    uint32_t product = event->body.product.product;
    const struct roster_product *newest = roster_product(roster, product, 0, seq);
    uint32_t expected = newest == NULL ? 1 : newest->version + 1;
    if (product == 0 || event->body.product.version != expected ||
        event->body.product.currency.size != CURRENCY_SIZE) {
        return;
    }
    if (roster->product_count == PRODUCT_VERSIONS_MAX) {
        roster->full = true;
        return;
    }
    struct roster_product *entry = &roster->products[roster->product_count++];
    *entry = (struct roster_product){
        .product = product,
        .version = expected,
        .since = seq,
        .named = event->body.product.named,
        .order = event->body.product.order,
        .balance_cap = event->body.product.balance_cap,
        .bonus_days = event->body.product.bonus_days,
        .bonus_months = event->body.product.bonus_months,
        .step_count = event->body.product.step_count,
    };
    entry->name_size = copy_text(entry->name, sizeof entry->name, event->body.product.name);
    memcpy(entry->currency, event->body.product.currency.data, CURRENCY_SIZE);
    memcpy(entry->steps, event->body.product.steps, sizeof entry->steps);
}

static void apply_limits(struct roster *roster, uint64_t seq, const struct event *event)
{
    for (uint32_t i = 0; i < event->body.limits.count; i++) {
        if (roster->limit_count == ROSTER_LIMITS_MAX) {
            roster->full = true;
            return;
        }
        struct roster_limit *entry = &roster->limits[roster->limit_count++];
        *entry = (struct roster_limit){.branch = event->body.limits.branch,
                                       .since = seq,
                                       .value = event->body.limits.limits[i].value};
        entry->name_size =
            copy_text(entry->name, sizeof entry->name, event->body.limits.limits[i].name);
    }
}

static void apply_quota(struct roster *roster, uint64_t seq, const struct event *event)
{
    for (uint32_t i = 0; i < event->body.quota.count; i++) {
        if (roster->quota_count == ROSTER_QUOTAS_MAX) {
            roster->full = true;
            return;
        }
        roster->quotas[roster->quota_count++] =
            (struct roster_quota){.branch = event->body.quota.branch,
                                  .since = seq,
                                  .bucket = event->body.quota.quotas[i].bucket,
                                  .per_day = event->body.quota.quotas[i].per_day};
    }
}

static void apply_suspension(struct roster *roster, uint32_t branch, bool suspended)
{
    for (uint32_t i = 0; i < roster->journal_count; i++) {
        if (journal_branch(roster->journals[i].journal) == branch) {
            roster->journals[i].suspended = suspended;
        }
    }
}

static void apply_organisation(struct roster *roster, const struct event *event)
{
    roster->organisation_size =
        copy_text(roster->organisation, sizeof roster->organisation, event->body.organisation.name);
    roster->zone_minutes = event->body.organisation.zone_minutes;
    if (event->body.organisation.currency.size == CURRENCY_SIZE) {
        memcpy(roster->currency, event->body.organisation.currency.data, CURRENCY_SIZE);
    }
}

static void apply_epoch(struct roster *roster, uint64_t seq, const struct event *event)
{
    if (roster->epoch_count == ROSTER_EPOCHS_MAX) {
        roster->full = true;
        return;
    }
    struct roster_epoch *epoch = &roster->epochs[roster->epoch_count++];
    *epoch = (struct roster_epoch){.since = seq,
                                   .number = event->body.auth_epoch.epoch,
                                   .until_day = event->body.auth_epoch.until_day};
    memcpy(epoch->public_key, event->body.auth_epoch.public_key, sizeof epoch->public_key);
}

const struct roster_epoch *roster_epoch(const struct roster *roster)
{
    return roster->epoch_count == 0 ? NULL : &roster->epochs[roster->epoch_count - 1];
}

bool roster_signs(const struct roster *roster, const uint8_t key[static 32], uint64_t auth)
{
    uint32_t count = 0;
    while (count < roster->epoch_count && roster->epochs[count].since <= auth) {
        count++;
    }
    for (uint32_t i = count > 2 ? count - 2 : 0; i < count; i++) {
        if (memcmp(roster->epochs[i].public_key, key, 32) == 0) {
            return true;
        }
    }
    return false;
}

void roster_apply(struct roster *roster, uint64_t seq, const struct event *event)
{
    if (!event->known) {
        return;
    }
    switch (event->type) {
    case EVENT_AUTH_EPOCH:
        apply_epoch(roster, seq, event);
        break;
    case EVENT_JOURNAL_ADMIT:
        apply_admit(roster, seq, event);
        break;
    case EVENT_JOURNAL_RETIRE:
        apply_retire(roster, seq, event);
        break;
    case EVENT_JOURNAL_RESOLVE:
        apply_resolve(roster, seq, event);
        break;
    case EVENT_LIMITS_SET:
        apply_limits(roster, seq, event);
        break;
    case EVENT_QUOTA_GRANT:
        apply_quota(roster, seq, event);
        break;
    case EVENT_BRANCH_SUSPEND:
    case EVENT_BRANCH_RESUME:
        apply_suspension(roster, event->body.suspend.branch, event->type == EVENT_BRANCH_SUSPEND);
        break;
    case EVENT_ORGANISATION_SET:
        apply_organisation(roster, event);
        break;
    case EVENT_PRODUCT_PUBLISH:
        apply_product(roster, seq, event);
        break;
    default: /* not the authority's to say */
        break;
    }
}

const struct roster_journal *roster_journal(const struct roster *roster, uint64_t journal,
                                            uint64_t auth)
{
    uint32_t at = journal_position(roster, journal);
    if (at == roster->journal_count || roster->journals[at].journal != journal ||
        roster->journals[at].since > auth) {
        return NULL;
    }
    return &roster->journals[at];
}

bool roster_is_active(const struct roster *roster, uint64_t journal, uint64_t auth)
{
    return roster_journal(roster, journal, auth) != NULL &&
           roster_retired(roster, journal, auth) == NULL;
}

const struct roster_end *roster_retired(const struct roster *roster, uint64_t journal,
                                        uint64_t auth)
{
    const struct roster_journal *entry = roster_journal(roster, journal, auth);
    bool retired = entry != NULL && entry->retired.since != 0 && entry->retired.since <= auth;
    return retired ? &entry->retired : NULL;
}

const struct roster_end *roster_end_of(const struct roster *roster, uint64_t journal)
{
    const struct roster_journal *entry = roster_journal(roster, journal, roster->seq);
    return entry != NULL && entry->ended.since != 0 ? &entry->ended : NULL;
}

bool roster_is_late(const struct roster *roster, uint64_t journal, uint64_t seq)
{
    const struct roster_end *retired = roster_retired(roster, journal, roster->seq);
    return retired != NULL && retired->kind != RETIRE_CLOSED && seq > retired->seq;
}

const struct roster_journal *roster_by_transport(const struct roster *roster,
                                                 const uint8_t key[static 32])
{
    for (uint32_t i = 0; i < roster->journal_count; i++) {
        if (memcmp(roster->journals[i].transport_key, key, 32) == 0) {
            return &roster->journals[i];
        }
    }
    return NULL;
}

const struct roster_product *roster_product(const struct roster *roster, uint32_t product,
                                            uint32_t version, uint64_t auth)
{
    const struct roster_product *found = NULL;
    for (uint32_t i = 0; i < roster->product_count; i++) {
        const struct roster_product *entry = &roster->products[i];
        bool fits = entry->product == product && entry->since <= auth &&
                    (version == 0 || entry->version == version);
        if (fits && (found == NULL || entry->version > found->version)) {
            found = entry;
        }
    }
    return found;
}

int64_t roster_limit(const struct roster *roster, const char *name, uint32_t branch, uint64_t auth)
{
    int64_t value = 0;
    bool own = false;
    size_t size = strlen(name);
    for (uint32_t i = 0; i < roster->limit_count; i++) {
        const struct roster_limit *entry = &roster->limits[i];
        if (entry->since > auth || entry->name_size != size ||
            memcmp(entry->name, name, size) != 0) {
            continue;
        }
        if (entry->branch == branch && branch != 0) {
            own = true;
            value = entry->value;
        } else if (entry->branch == 0 && !own) {
            value = entry->value;
        }
    }
    return value;
}

int64_t roster_quota(const struct roster *roster, uint32_t branch, uint8_t bucket, uint64_t auth)
{
    int64_t value = 0;
    bool own = false;
    for (uint32_t i = 0; i < roster->quota_count; i++) {
        const struct roster_quota *entry = &roster->quotas[i];
        if (entry->since > auth || entry->bucket != bucket) {
            continue;
        }
        if (entry->branch == branch && branch != 0) {
            own = true;
            value = entry->per_day;
        } else if (entry->branch == 0 && !own) {
            value = entry->per_day;
        }
    }
    return value;
}

uint64_t roster_office(const struct roster *roster)
{
    for (uint32_t i = 0; i < roster->journal_count; i++) {
        const struct roster_journal *one = &roster->journals[i];
        if ((one->roles & ROLE_OFFICE) != 0 && one->retired.since == 0) {
            return one->journal;
        }
    }
    return 0;
}

bool roster_is_suspended(const struct roster *roster, uint64_t journal)
{
    const struct roster_journal *entry = roster_journal(roster, journal, roster->seq);
    return entry != NULL && entry->suspended;
}
