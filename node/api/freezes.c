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
