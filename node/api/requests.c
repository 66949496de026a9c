/* What only another branch can do: filed, and done when it is back. */
#include "body.h"
#include "names.h"
#include "resources.h"

void requests_post_read(struct api_call *call)
{
    struct body body = body_of(call);
    BODY_ONLY(&body, "sale", "amount", "reason");
    call->request.body.file.sale = body_sale(&body);
    call->request.body.file.amount = body_amount(&body, "amount", 1).minor;
    call->request.body.file.reason = body_text(&body, "reason", BODY_OPTIONAL, REASON_SIZE_MAX);
}

void requests_post_render(struct api_call *call, const struct answer *answer)
{
    struct render *out = &call->out;
    render_hex(out, "account", BYTES_OF(answer->account.bytes));
    render_count(out, "branch", answer->branch);
    render_money(out, "balance", answer->balance, answer->currency);
}

void requests_get_read(struct api_call *call)
{
    struct bytes state = query_text(call, "state");
    call->request.body.requests.open = bytes_equal(state, bytes_of("open", 4));
    if (state.size > 0 && !call->request.body.requests.open) {
        call_refuse(call, PROBLEM_QUERY, "state",
                    "Refused: the parameter \"state\" must be open, or be left out for all.");
    }
    query_page(call, PAGE_ENTRIES_MAX);
}

static void request_render(struct render *out, const struct request_view *view,
                           const uint8_t *currency)
{
    render_open(out, NULL, '{');
    render_ref(out, "event", view->event);
    render_time(out, "at", view->at_ms);
    render_count(out, "from", journal_branch(view->event.journal));
    render_count(out, "to", journal_branch(view->to));
    render_hex(out, "account", BYTES_OF(view->account.bytes));
    render_string(out, "wish", view->kind == REQUEST_REFUND ? "refund" : "unknown");
    render_ref(out, "sale", view->sale);
    render_money(out, "amount", view->amount, currency);
    render_text(out, "reason", bytes_of(view->reason, view->reason_size));
    render_string(out, "state", request_outcome_name(view->outcome));
    render_time(out, "closed", view->closed_ms);
    render_ref(out, "done", view->done);
    if (view->outcome == REQUEST_REFUSED) {
        render_text(out, "refused_for", bytes_of(view->answer, view->answer_size));
    }
    render_close(out, '}');
}

void requests_get_render(struct api_call *call, const struct answer *answer)
{
    render_open(&call->out, "entries", '[');
    for (uint32_t i = 0; i < call->page->count; i++) {
        request_render(&call->out, &call->page->rows.requests[i], answer->currency);
    }
    render_close(&call->out, ']');
}
