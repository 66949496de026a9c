/* The risk allowance: what it is, what can be lost by it, and how the office sets it. */
#include "body.h"
#include "resources.h"

void risk_get_read(struct api_call *call)
{
    (void)call;
}

void risk_get_render(struct api_call *call, const struct answer *answer)
{
    struct render *out = &call->out;
    const struct page *page = call->page;
    render_money(out, "account", page->rows.risk.account, answer->currency);
    render_money(out, "branch", page->rows.risk.branch, answer->currency);
    render_count(out, "branches", page->rows.risk.branches);
    render_money(out, "worst", page->rows.risk.worst, answer->currency);
    render_money(out, "worst_account", page->rows.risk.worst_account, answer->currency);
    render_money(out, "open", page->rows.risk.open, answer->currency);
    render_count(out, "owing", page->rows.risk.owing);
    render_money(out, "owed", page->rows.risk.owed, answer->currency);
    render_open(out, "entries", '[');
    for (uint32_t i = 0; i < page->rows.risk.entry_count; i++) {
        const struct risk_entry *entry = &page->rows.risk.entries[i];
        render_open(out, NULL, '{');
        render_journal(out, "journal", entry->journal);
        render_count(out, "branch", journal_branch(entry->journal));
        render_truth(out, "connected", entry->connected);
        render_money(out, "account_cap", entry->account, answer->currency);
        render_money(out, "branch_cap", entry->branch, answer->currency);
        render_money(out, "open", entry->open, answer->currency);
        render_close(out, '}');
    }
    render_close(out, ']');
    render_truth(out, "more_branches", page->more);
}

void risk_post_read(struct api_call *call)
{
    struct body body = body_of(call);
    BODY_ONLY(&body, "account", "branch", "only");
    call->request.body.risk.account = body_amount(&body, "account", 0).minor;
    call->request.body.risk.branch = body_amount(&body, "branch", 0).minor;
    call->request.body.risk.only = (uint32_t)body_integer(&body, "only", 1, BRANCH_NUMBER_MAX, 0);
}

void risk_post_render(struct api_call *call, const struct answer *answer)
{
    render_count(&call->out, "authority", answer->event.seq);
}
