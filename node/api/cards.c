#include "body.h"
#include "resources.h"

uint8_t card_form_of(const struct body *body)
{
    struct bytes form = body_text(body, "form", BODY_OPTIONAL, NAME_SIZE_MAX);
    if (form.size == 0 || bytes_equal(form, bytes_of("plastic", 7))) {
        return CARD_PLASTIC;
    }
    if (!bytes_equal(form, bytes_of("virtual", 7))) {
        body_refuse(body, "form", "must be \"plastic\" or \"virtual\".");
    }
    return CARD_VIRTUAL;
}

void cards_post_read(struct api_call *call)
{
    struct body body = body_of(call);
    BODY_ONLY(&body, "member", "product", "form");
    call->request.body.issue.member = body_subject(&body, "member");
    call->request.body.issue.product = (uint32_t)body_integer(&body, "product", 1, UINT32_MAX, 1);
    call->request.body.issue.form = card_form_of(&body);
}

void cards_post_render(struct api_call *call, const struct answer *answer)
{
    struct render *out = &call->out;
    render_code(out, "card", BYTES_OF(answer->card));
    render_hex(out, "account", BYTES_OF(answer->account.bytes));
    render_hex(out, "member", BYTES_OF(answer->member.bytes));
    render_count(out, "product", answer->product);
    render_count(out, "version", answer->version);
}
