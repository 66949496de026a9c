#include "body.h"
#include "names.h"
#include "resources.h"

void freezes_post_read(struct api_call *call)
{
    struct body body = body_of(call);
    BODY_ONLY(&body, "card", "account", "kind", "reason");
    struct bytes kind = body_text(&body, "kind", BODY_REQUIRED, NAME_SIZE_MAX);
    call->request.body.freeze.account = body_account(&body);
    call->request.body.freeze.kind = freeze_kind_by_name(kind);
    if (kind.size > 0 && call->request.body.freeze.kind == 0) {
        body_refuse(&body, "kind", "must be loss, wish, case or court.");
    }
    call->request.body.freeze.reason = body_text(&body, "reason", BODY_OPTIONAL, REASON_SIZE_MAX);
}

void unfreezes_post_read(struct api_call *call)
{
    struct body body = body_of(call);
    BODY_ONLY(&body, "card", "account", "reason");
    call->request.body.freeze.account = body_account(&body);
    call->request.body.freeze.reason = body_text(&body, "reason", BODY_OPTIONAL, REASON_SIZE_MAX);
}

void freezes_post_render(struct api_call *call, const struct answer *answer)
{
    render_hex(&call->out, "account", BYTES_OF(answer->account.bytes));
    render_money(&call->out, "balance", answer->balance, answer->currency);
}

void losses_post_read(struct api_call *call)
{
    struct body body = body_of(call);
    BODY_ONLY(&body, "card", "reason");
    call->request.body.freeze.account = body_account(&body);
    call->request.body.freeze.kind = FREEZE_LOSS;
    call->request.body.freeze.reason = body_text(&body, "reason", BODY_OPTIONAL, REASON_SIZE_MAX);
}

void replacements_post_read(struct api_call *call)
{
    struct body body = body_of(call);
    BODY_ONLY(&body, "card", "form", "keep_frozen");
    struct account_name old = body_account(&body);
    call->request.body.replace.card = old.card;
    call->request.body.replace.form = card_form_of(&body);
    call->request.body.replace.keep_frozen = body_truth(&body, "keep_frozen") ? 1 : 0;
}

void replacements_post_render(struct api_call *call, const struct answer *answer)
{
    struct render *out = &call->out;
    render_code(out, "card", BYTES_OF(answer->card));
    render_hex(out, "account", BYTES_OF(answer->account.bytes));
    render_hex(out, "member", BYTES_OF(answer->member.bytes));
    render_money(out, "balance", answer->balance, answer->currency);
    render_money(out, "usable_here", answer->usable_here, answer->currency);
}

void exposure_account_read(struct api_call *call)
{
    struct account_name *account = &call->request.body.account.account;
    account->card = bytes_of("", 0);
    path_subject(call, 2, REFUSED_UNKNOWN_ACCOUNT, &account->account);
}

void exposure_chain_read(struct api_call *call)
{
    (void)call;
}

void exposure_render(struct api_call *call, const struct answer *answer)
{
    struct render *out = &call->out;
    const struct page *page = call->page;
    bool chain = answer->kind == QUERY_CHAIN_EXPOSURE;
    if (!chain) {
        render_hex(out, "account", BYTES_OF(answer->account.bytes));
        render_count(out, "freezes", page->rows.exposure.freezes);
        render_count(out, "acknowledged", page->rows.exposure.acknowledged);
    }
    render_count(out, "branches", page->rows.exposure.branches);
    render_money(out, "spendable", page->rows.exposure.spendable, answer->currency);
    render_open(out, "entries", '[');
    for (uint32_t i = 0; i < page->rows.exposure.entry_count; i++) {
        const struct exposure_entry *entry = &page->rows.exposure.entries[i];
        render_open(out, NULL, '{');
        render_journal(out, "journal", entry->journal);
        render_count(out, "branch", journal_branch(entry->journal));
        if (!chain) {
            render_truth(out, "acknowledged", entry->acknowledged);
            render_money(out, "on_hold", entry->on_hold, answer->currency);
        }
        render_truth(out, "connected", entry->connected);
        render_money(out, "held", entry->held, answer->currency);
        render_money(out, "room", entry->room, answer->currency);
        render_close(out, '}');
    }
    render_close(out, ']');
    render_truth(out, "more_branches", page->more);
}
