/* What ended: burned, and not burned yet; and the days of grace between the two. */
#include "body.h"
#include "names.h"
#include "resources.h"

enum { GRACE_DAYS_MAX = 3650 };

void expired_read(struct api_call *call)
{
    call->request.body.days.from_day = query_day(call, "from");
    call->request.body.days.to_day = query_day(call, "to");
}

void expired_render(struct api_call *call, const struct answer *answer)
{
    struct render *out = &call->out;
    const struct page *page = call->page;
    render_integer(out, "grace_days", page->rows.expired.grace);
    render_day(out, "today", page->rows.expired.today);
    render_money(out, "burned", page->rows.expired.burned, answer->currency);
    render_money(out, "not_burned", page->rows.expired.unburned, answer->currency);
    render_money(out, "in_flight", page->rows.expired.coming, answer->currency);
    render_open(out, "entries", '[');
    for (uint32_t i = 0; i < page->count; i++) {
        const struct expired_entry *entry = &page->rows.expired.entries[i];
        render_open(out, NULL, '{');
        render_count(out, "branch", entry->branch);
        render_count(out, "product", entry->product);
        render_string(out, "bucket", bucket_name(entry->bucket));
        render_money(out, "burned", entry->burned, answer->currency);
        render_money(out, "not_burned", entry->unburned, answer->currency);
        render_money(out, "in_flight", entry->coming, answer->currency);
        render_close(out, '}');
    }
    render_close(out, ']');
    render_truth(out, "more_entries", page->more);
}

void expiry_post_read(struct api_call *call)
{
    struct body body = body_of(call);
    BODY_ONLY(&body, "grace_days");
    call->request.body.expiry.grace = body_integer_required(&body, "grace_days", 0, GRACE_DAYS_MAX);
}

void expiry_post_render(struct api_call *call, const struct answer *answer)
{
    render_count(&call->out, "authority", answer->event.seq);
    render_integer(&call->out, "grace_days", answer->limit);
}
