/* Value set aside for an order: placed, captured, released, looked at. */
#include "body.h"
#include "names.h"
#include "resources.h"

void holds_post_read(struct api_call *call)
{
    struct body body = body_of(call);
    BODY_ONLY(&body, "card", "account", "amount", "until", "order", "wait_ms");
    struct body_amount amount = body_amount(&body, "amount", 1);
    call->request.body.spend.account = body_account(&body);
    call->request.body.spend.amount = amount.minor;
    call->request.body.spend.currency = amount.currency;
    call->request.body.spend.wait_ms =
        (uint32_t)body_integer(&body, "wait_ms", 0, CALL_WAIT_MS_MAX, 0);
    call->request.body.spend.order = body_text(&body, "order", BODY_OPTIONAL, ORDER_SIZE_MAX);
    struct bytes until = body_text(&body, "until", BODY_REQUIRED, NAME_SIZE_MAX);
    int64_t until_ms = 0;
    if (until.size > 0 && (!time_parse(until, &until_ms) || until_ms < 1)) {
        body_refuse(&body, "until", "must be a date and time, as in 2026-11-21T21:59:53Z.");
    }
    call->request.body.spend.until_ms = (uint64_t)until_ms;
}

static void hold_in_path(struct api_call *call)
{
    if (!ref_parse(call->target.segments[2], &call->request.body.capture.hold)) {
        call_refuse_verdict(call, REFUSED_UNKNOWN_HOLD);
    }
}

void holds_capture_read(struct api_call *call)
{
    struct body body = body_of(call);
    BODY_ONLY(&body, "amount", "items");
    hold_in_path(call);
    call->request.body.capture.amount = body_amount(&body, "amount", 1).minor;
    call->request.body.capture.item_count = body_items(&body, call->request.body.capture.items);
}

void holds_release_read(struct api_call *call)
{
    struct body body = body_of(call);
    body_only(&body, NULL, 0);
    hold_in_path(call);
}

void holds_get_read(struct api_call *call)
{
    hold_in_path(call);
}

void holds_post_render(struct api_call *call, const struct answer *answer)
{
    struct render *out = &call->out;
    topups_post_render(call, answer);
    render_money(out, "on_hold", answer->on_hold, answer->currency);
    if (answer->kind == COMMAND_HOLD) {
        render_ref(out, "hold", answer->event);
        render_time(out, "until", answer->limit);
        render_count(out, "pulled_ms", answer->pulled_ms);
    }
}

static const char *state_of(const struct hold_view *hold)
{
    static const char *const names[] = {"unknown", "open", "captured", "released", "lapsed"};
    return hold->is_void ? "void" : names[hold->state < 5 ? hold->state : 0];
}

static void hold_render(struct render *out, const struct hold_view *hold, const uint8_t *currency)
{
    render_ref(out, "hold", hold->hold);
    render_count(out, "branch", journal_branch(hold->hold.journal));
    render_hex(out, "account", BYTES_OF(hold->account.bytes));
    render_text(out, "order", bytes_of(hold->order, hold->order_size));
    render_string(out, "state", state_of(hold));
    render_time(out, "at", hold->at_ms);
    render_time(out, "until", hold->until_ms);
    render_money(out, "amount", hold->held[0] + hold->held[1], currency);
    render_money(out, "principal", hold->held[0], currency);
    render_money(out, "bonus", hold->held[1], currency);
    render_money(out, "captured", hold->captured[0] + hold->captured[1], currency);
    render_time(out, "ended_at", hold->ended_ms);
    render_ref(out, "ended_by", hold->ended);
}

void holds_get_render(struct api_call *call, const struct answer *answer)
{
    hold_render(&call->out, &call->page->rows.holds[0], answer->currency);
}

void holds_list_render(struct api_call *call, const struct answer *answer)
{
    render_open(&call->out, "entries", '[');
    for (uint32_t i = 0; i < call->page->count; i++) {
        render_open(&call->out, NULL, '{');
        hold_render(&call->out, &call->page->rows.holds[i], answer->currency);
        render_close(&call->out, '}');
    }
    render_close(&call->out, ']');
}
