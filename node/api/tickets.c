/* What became of an Idempotency-Key: for a till that lost the answer. */
#include "hash.h"
#include "names.h"
#include "resources.h"
#include "route.h"

static void ticket_read(struct api_call *call, struct bytes key)
{
    if (!key_is_sound(key)) {
        call_refuse(call, PROBLEM_QUERY, "key",
                    "Refused: say which Idempotency-Key, as it was sent: 1 to %d printable ASCII "
                    "characters, percent-encoded where needed.",
                    IDEMPOTENCY_KEY_SIZE_MAX);
        return;
    }
    call->request.ticket = hash_ticket(call->token->till, key);
}

void tickets_get_read(struct api_call *call)
{
    ticket_read(call, call->target.segments[2]);
}

void tickets_find_read(struct api_call *call)
{
    ticket_read(call, query_text(call, "key"));
}

static const char *operation_name(enum command_kind kind)
{
    static const char *const names[] = {
        [COMMAND_ENROL] = "enrol",
        [COMMAND_ISSUE_CARD] = "issue_card",
        [COMMAND_TOP_UP] = "top_up",
        [COMMAND_SPEND] = "spend",
        [COMMAND_REFUND] = "refund",
        [COMMAND_FREEZE] = "freeze",
        [COMMAND_UNFREEZE] = "unfreeze",
        [COMMAND_REPORT_LOSS] = "report_loss",
        [COMMAND_REPLACE_CARD] = "replace_card",
        [COMMAND_MOVE] = "move",
        [COMMAND_PUBLISH_PRODUCT] = "publish_product",
        [COMMAND_INVITE] = "invite",
        [COMMAND_TRANSFER] = "transfer",
        [COMMAND_HOLD] = "hold",
        [COMMAND_CAPTURE] = "capture",
        [COMMAND_RELEASE] = "release",
        [COMMAND_FILE_REQUEST] = "file_request",
        [COMMAND_SET_RISK] = "set_risk",
        [COMMAND_SET_EXPIRY] = "set_expiry",
        [COMMAND_SET_LIMITS] = "set_limits",
        [COMMAND_SET_QUOTA] = "set_quota",
        [COMMAND_APPROVE_MINT] = "approve_mint",
        [COMMAND_SUSPEND] = "suspend",
        [COMMAND_RETIRE] = "retire",
    };
    bool known = kind >= COMMAND_ENROL && (size_t)kind < sizeof names / sizeof names[0];
    return known ? names[kind] : "unknown";
}

void tickets_get_render(struct api_call *call, const struct answer *answer)
{
    const struct route *route =
        answer->kind == 0 || command_is_query(answer->kind) ? NULL : route_of_kind(answer->kind);
    render_string(&call->out, "operation", operation_name(answer->kind));
    if (answer->verdict != VERDICT_ALLOWED) {
        verdict_render(&call->out, answer);
        return;
    }
    render_string(&call->out, "code", verdict_name(answer->verdict));
    call_render_fact(call, answer);
    if (route != NULL) {
        route->render(call, answer);
    }
}
