#include "names.h"
#include "resources.h"

void office_days_read(struct api_call *call)
{
    call->request.body.days.from_day = query_day(call, "from");
    call->request.body.days.to_day = query_day(call, "to");
    call->request.body.days.branch = (uint32_t)query_count(call, "branch", 0, BRANCH_NUMBER_MAX, 0);
    query_page(call, PAGE_ENTRIES_MAX);
}

void office_page_read(struct api_call *call)
{
    query_page(call, PAGE_ENTRIES_MAX);
}

static void day_render(struct render *out, const struct day_entry *day, const uint8_t *currency)
{
    render_open(out, NULL, '{');
    render_count(out, "branch", day->branch);
    render_day(out, "day", day->day);
    render_integer(out, "topups", day->topups);
    render_money(out, "topup_principal", day->topup_principal, currency);
    render_money(out, "topup_bonus", day->topup_bonus, currency);
    render_integer(out, "sales", day->sales);
    render_money(out, "sale_principal", day->sale_principal, currency);
    render_money(out, "sale_bonus", day->sale_bonus, currency);
    render_money(out, "sale_uncovered", day->sale_uncovered, currency);
    render_integer(out, "refunds", day->refunds);
    render_money(out, "refund_principal", day->refund_principal, currency);
    render_money(out, "refund_bonus", day->refund_bonus, currency);
    render_close(out, '}');
}

void office_days_render(struct api_call *call, const struct answer *answer)
{
    struct render *out = &call->out;
    render_open(out, "entries", '[');
    for (uint32_t i = 0; i < call->page->count; i++) {
        day_render(out, &call->page->rows.days[i], answer->currency);
    }
    render_close(out, ']');
}

void office_liability_render(struct api_call *call, const struct answer *answer)
{
    struct render *out = &call->out;
    render_open(out, "entries", '[');
    for (uint32_t i = 0; i < call->page->count; i++) {
        const struct liability_entry *entry = &call->page->rows.liability[i];
        render_open(out, NULL, '{');
        render_count(out, "product", entry->product);
        render_string(out, "bucket", bucket_name(entry->bucket));
        render_money(out, "issued", entry->issued, answer->currency);
        render_money(out, "spent", entry->spent, answer->currency);
        render_money(out, "refunded", entry->refunded, answer->currency);
        render_money(out, "made_good", entry->made_good, answer->currency);
        render_money(out, "expired", entry->expired, answer->currency);
        render_money(out, "left", entry->held + entry->in_flight, answer->currency);
        render_money(out, "held", entry->held, answer->currency);
        render_money(out, "in_flight", entry->in_flight, answer->currency);
        render_close(out, '}');
    }
    render_close(out, ']');
}

void office_holders_render(struct api_call *call, const struct answer *answer)
{
    struct render *out = &call->out;
    render_open(out, "entries", '[');
    for (uint32_t i = 0; i < call->page->count; i++) {
        const struct holder_entry *holder = &call->page->rows.holders[i];
        render_open(out, NULL, '{');
        render_journal(out, "journal", holder->journal);
        render_count(out, "branch", journal_branch(holder->journal));
        render_money(out, "principal", holder->principal, answer->currency);
        render_money(out, "bonus", holder->bonus, answer->currency);
        render_close(out, '}');
    }
    render_close(out, ']');
}
