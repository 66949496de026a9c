/* Value from one account of a member to another. */
#include "body.h"
#include "resources.h"

/* A side is {"card": ..} or {"account": ..}. */
static struct account_name side_of(const struct body *body, const char *name)
{
    struct body side = body_object(body, name);
    if (side.object == NULL) {
        return (struct account_name){0};
    }
    BODY_ONLY(&side, "card", "account");
    return body_account(&side);
}

void transfers_post_read(struct api_call *call)
{
    struct body body = body_of(call);
    BODY_ONLY(&body, "from", "to", "amount", "reason", "wait_ms");
    struct body_amount amount = body_amount(&body, "amount", 1);
    call->request.body.transfer.from = side_of(&body, "from");
    call->request.body.transfer.to = side_of(&body, "to");
    call->request.body.transfer.amount = amount.minor;
    call->request.body.transfer.currency = amount.currency;
    call->request.body.transfer.reason = body_text(&body, "reason", BODY_OPTIONAL, REASON_SIZE_MAX);
    call->request.body.transfer.wait_ms =
        (uint32_t)body_integer(&body, "wait_ms", 0, CALL_WAIT_MS_MAX, 0);
}

void transfers_post_render(struct api_call *call, const struct answer *answer)
{
    spends_post_render(call, answer);
    render_hex(&call->out, "to", BYTES_OF(answer->other.bytes));
}
