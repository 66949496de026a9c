/* Events as they became known here, for those who follow. */
#include "names.h"
#include "resources.h"

void feed_get_read(struct api_call *call)
{
    call->request.body.feed.after = query_count(call, "after", 0, INT64_MAX, 0);
    query_page(call, 50);
}

static void feed_entry_render(struct render *out, const struct feed_entry *entry,
                              const uint8_t *currency)
{
    render_open(out, NULL, '{');
    render_count(out, "position", entry->position);
    render_ref(out, "event", entry->event);
    render_count(out, "branch", journal_branch(entry->event.journal));
    render_time(out, "at", entry->at_ms);
    render_day(out, "day", entry->day);
    render_string(out, "type", event_type_name(entry->type));
    render_count(out, "type_number", entry->type);
    render_string(out, "verdict", event_verdict_name(entry->verdict));
    if (entry->verdict == EVENT_INVALID) {
        render_string(out, "reason", invalid_reason_name(entry->reason));
    }
    render_hex(out, "subject", BYTES_OF(entry->subject.bytes));
    render_hex(out, "ticket", BYTES_OF(entry->ticket.bytes));
    render_count(out, "till", entry->till);
    render_count(out, "staff", entry->staff);
    render_money(out, "principal", entry->principal, currency);
    render_money(out, "bonus", entry->bonus, currency);
    render_close(out, '}');
}

void feed_get_render(struct api_call *call, const struct answer *answer)
{
    render_open(&call->out, "entries", '[');
    for (uint32_t i = 0; i < call->page->count; i++) {
        feed_entry_render(&call->out, &call->page->rows.feed[i], answer->currency);
    }
    render_close(&call->out, ']');
}

void blocks_get_read(struct api_call *call)
{
    call->request.body.feed.after = query_count(call, "after", 0, INT64_MAX, 0);
}

void blocks_get_render(struct api_call *call, const struct answer *answer)
{
    const struct blocks_page *blocks = &call->page->rows.blocks;
    struct render *out = &call->out;
    (void)answer;
    render_count(out, "last", blocks->last);
    render_truth(out, "more", blocks->more);
    render_hex(out, "state", BYTES_OF(blocks->state.bytes));
    render_base64(out, "manifest", bytes_of(blocks->manifest, blocks->manifest_size));
    render_open(out, "blocks", '[');
    for (uint32_t at = 0; at < blocks->size;) {
        const uint8_t *size_at = blocks->bytes + at;
        uint32_t size = (uint32_t)size_at[0] << 24 | (uint32_t)size_at[1] << 16 |
                        (uint32_t)size_at[2] << 8 | size_at[3];
        render_base64(out, NULL, bytes_of(size_at + 4, size));
        at += 4 + size;
    }
    render_close(out, ']');
}

void invalid_get_read(struct api_call *call)
{
    query_page(call, PAGE_ENTRIES_MAX);
}

void invalid_get_render(struct api_call *call, const struct answer *answer)
{
    struct render *out = &call->out;
    render_open(out, "entries", '[');
    for (uint32_t i = 0; i < call->page->count; i++) {
        const struct invalid_entry *entry = &call->page->rows.invalid[i];
        render_open(out, NULL, '{');
        render_ref(out, "event", entry->event);
        render_count(out, "branch", journal_branch(entry->event.journal));
        render_string(out, "type", event_type_name(entry->type));
        render_string(out, "reason", invalid_reason_name(entry->reason));
        render_money(out, "amount", entry->amount, answer->currency);
        render_close(out, '}');
    }
    render_close(out, ']');
}
