/* What the office allows: limits, quotas, mints above them, suspended branches. */
#include "body.h"
#include "names.h"
#include "resources.h"

#include <string.h>

enum { LIMIT_DAYS_MAX = 3650 };

static const char *const limit_names[LIMIT_KIND_COUNT] = {
    [LIMIT_UNWITNESSED] = "unwitnessed", [LIMIT_OFFLINE_DAYS] = "offline_days",
    [LIMIT_LEASE_DAYS] = "lease_days",   [LIMIT_PENDING_MINTS] = "pending_mints",
    [LIMIT_REFUND_DAYS] = "refund_days",
};

void limits_get_read(struct api_call *call)
{
    (void)call;
}

static void limits_render(struct render *out, const int64_t values[LIMIT_KIND_COUNT],
                          const uint8_t *currency)
{
    render_money(out, limit_names[LIMIT_UNWITNESSED], values[LIMIT_UNWITNESSED], currency);
    render_integer(out, limit_names[LIMIT_OFFLINE_DAYS], values[LIMIT_OFFLINE_DAYS]);
    render_integer(out, limit_names[LIMIT_LEASE_DAYS], values[LIMIT_LEASE_DAYS]);
    render_truth(out, limit_names[LIMIT_PENDING_MINTS], values[LIMIT_PENDING_MINTS] != 0);
    render_integer(out, limit_names[LIMIT_REFUND_DAYS], values[LIMIT_REFUND_DAYS]);
}

static void journal_open(struct render *out, uint64_t journal)
{
    render_open(out, NULL, '{');
    render_journal(out, "journal", journal);
    render_count(out, "branch", journal_branch(journal));
}

void limits_get_render(struct api_call *call, const struct answer *answer)
{
    struct render *out = &call->out;
    const struct page *page = call->page;
    limits_render(out, page->rows.limits.values, answer->currency);
    render_open(out, "entries", '[');
    for (uint32_t i = 0; i < page->rows.limits.entry_count; i++) {
        journal_open(out, page->rows.limits.entries[i].journal);
        limits_render(out, page->rows.limits.entries[i].values, answer->currency);
        render_close(out, '}');
    }
    render_close(out, ']');
    render_truth(out, "more_branches", page->more);
}

static bool is_given(const struct body *body, const char *name)
{
    return body->object != NULL && json_object_get(body->object, name) != NULL;
}

static int64_t limit_read(const struct body *body, enum limit_kind kind)
{
    const char *name = limit_names[kind];
    if (kind == LIMIT_UNWITNESSED) {
        return body_amount(body, name, 0).minor;
    }
    if (kind == LIMIT_PENDING_MINTS) {
        return body_truth(body, name) ? 1 : 0;
    }
    return body_integer(body, name, 0, LIMIT_DAYS_MAX, 0);
}

void limits_post_read(struct api_call *call)
{
    struct body body = body_of(call);
    struct request *request = &call->request;
    BODY_ONLY(&body, "branch", "unwitnessed", "offline_days", "lease_days", "pending_mints",
              "refund_days");
    request->body.limits.branch = (uint32_t)body_integer(&body, "branch", 1, BRANCH_NUMBER_MAX, 0);
    for (uint32_t kind = 0; kind < LIMIT_KIND_COUNT; kind++) {
        if (is_given(&body, limit_names[kind])) {
            request->body.limits.given |= 1U << kind;
            request->body.limits.values[kind] = limit_read(&body, kind);
        }
    }
    if (request->body.limits.given == 0) {
        body_refuse(&body, "unwitnessed", "or another limit must be named.");
    }
}

void limits_post_render(struct api_call *call, const struct answer *answer)
{
    render_count(&call->out, "branch", answer->branch);
    render_truth(&call->out, "changed", answer->event.journal != 0);
}

/* ---- quotas ---- */

static void pair_render(struct render *out, const char *principal, const char *bonus,
                        const int64_t amounts[2], const uint8_t *currency)
{
    render_money(out, principal, amounts[0], currency);
    render_money(out, bonus, amounts[1], currency);
}

void quotas_get_render(struct api_call *call, const struct answer *answer)
{
    struct render *out = &call->out;
    const struct page *page = call->page;
    pair_render(out, "principal", "bonus", page->rows.quotas.per_day, answer->currency);
    render_day(out, "today", page->rows.quotas.today);
    render_open(out, "entries", '[');
    for (uint32_t i = 0; i < page->rows.quotas.entry_count; i++) {
        const struct quota_entry *entry = &page->rows.quotas.entries[i];
        journal_open(out, entry->journal);
        pair_render(out, "principal", "bonus", entry->per_day, answer->currency);
        pair_render(out, "minted_principal", "minted_bonus", entry->minted, answer->currency);
        pair_render(out, "waiting_principal", "waiting_bonus", entry->waiting, answer->currency);
        render_close(out, '}');
    }
    render_close(out, ']');
    render_truth(out, "more_branches", page->more);
}

void quotas_post_read(struct api_call *call)
{
    struct body body = body_of(call);
    BODY_ONLY(&body, "branch", "bucket", "amount");
    struct request *request = &call->request;
    request->body.quota.branch = (uint32_t)body_integer(&body, "branch", 1, BRANCH_NUMBER_MAX, 0);
    request->body.quota.per_day = body_amount(&body, "amount", 0).minor;
    struct bytes bucket = body_text(&body, "bucket", BODY_REQUIRED, NAME_SIZE_MAX);
    for (uint8_t b = BUCKET_PRINCIPAL; b <= BUCKET_BONUS; b++) {
        if (bytes_equal(bucket, bytes_of(bucket_name(b), strlen(bucket_name(b))))) {
            request->body.quota.bucket = b;
        }
    }
    if (bucket.size > 0 && request->body.quota.bucket == 0) {
        body_refuse(&body, "bucket", "must be principal or bonus.");
    }
}

/* ---- mints ---- */

void mints_get_read(struct api_call *call)
{
    query_page(call, PAGE_ENTRIES_MAX);
}

void mints_get_render(struct api_call *call, const struct answer *answer)
{
    struct render *out = &call->out;
    render_open(out, "entries", '[');
    for (uint32_t i = 0; i < call->page->count; i++) {
        const struct mint_entry *entry = &call->page->rows.mints[i];
        render_open(out, NULL, '{');
        render_ref(out, "mint", entry->mint);
        render_count(out, "branch", journal_branch(entry->mint.journal));
        render_day(out, "day", entry->day);
        render_hex(out, "account", BYTES_OF(entry->account.bytes));
        render_money(out, "principal", entry->principal, answer->currency);
        render_money(out, "bonus", entry->bonus, answer->currency);
        render_string(out, "waits_for", entry->approved != 0 ? "branch" : "office");
        render_close(out, '}');
    }
    render_close(out, ']');
}

void mints_post_read(struct api_call *call)
{
    struct body body = body_of(call);
    BODY_ONLY(&body, "mint");
    call->request.body.approve.mint = body_ref(&body, "mint");
}

void mints_post_render(struct api_call *call, const struct answer *answer)
{
    struct render *out = &call->out;
    render_count(out, "branch", answer->branch);
    render_hex(out, "account", BYTES_OF(answer->account.bytes));
    render_money(out, "principal", answer->principal, answer->currency);
    render_money(out, "bonus", answer->bonus, answer->currency);
    render_truth(out, "changed", answer->event.journal != 0);
}

/* ---- suspended branches ---- */

void suspensions_post_read(struct api_call *call)
{
    struct body body = body_of(call);
    BODY_ONLY(&body, "branch", "suspended", "reason");
    call->request.body.suspend.branch =
        (uint32_t)body_integer_required(&body, "branch", 1, BRANCH_NUMBER_MAX);
    if (!is_given(&body, "suspended")) {
        body_refuse(&body, "suspended", "must be true or false.");
    }
    call->request.body.suspend.resume = !body_truth(&body, "suspended");
    call->request.body.suspend.reason = body_text(&body, "reason", BODY_OPTIONAL, REASON_SIZE_MAX);
}

void suspensions_post_render(struct api_call *call, const struct answer *answer)
{
    render_count(&call->out, "branch", answer->branch);
    render_truth(&call->out, "changed", answer->event.journal != 0);
}
