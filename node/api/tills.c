/* Tills and their tokens. They are this machine's own, so no node is asked. */
#include "api_state.h"
#include "body.h"
#include "resources.h"

#include <sodium.h>

static void till_render(struct render *out, const struct token *token)
{
    render_count(out, "till", token->till);
    render_string(out, "name", token->name);
    render_string(out, "role", token_role_name(token->role));
    render_time(out, "created", token->created_ms);
}

void tills_get_read(struct api_call *call)
{
    size_t count = 0;
    const struct token *tokens = auth_list(call->api->auth, &count);
    render_open(&call->out, NULL, '{');
    render_open(&call->out, "entries", '[');
    for (size_t i = 0; i < count; i++) {
        render_open(&call->out, NULL, '{');
        till_render(&call->out, &tokens[i]);
        render_close(&call->out, '}');
    }
    render_close(&call->out, ']');
    render_close(&call->out, '}');
    call_finish(call, 200, "application/json");
}

static uint8_t role_of(const struct body *body)
{
    struct bytes name = body_text(body, "role", BODY_OPTIONAL, NAME_SIZE_MAX);
    uint8_t role = name.size == 0 ? TOKEN_TILL : token_role_by_name(name);
    if (role == 0) {
        body_refuse(body, "role", "must be till, manager, office or operator.");
    }
    return role;
}

static void refuse_creation(struct api_call *call, enum status status)
{
    if (status == STATUS_DENIED) {
        call_refuse(call, PROBLEM_NAME_TAKEN, "name",
                    "Refused: a till of that name has a token already, and a token is shown once "
                    "only. Choose another name.");
    } else if (status == STATUS_FULL) {
        call_refuse(call, PROBLEM_SPACE, NULL,
                    "Not done: this node keeps at most %d tokens, or its disk is full. Free "
                    "space, or delete lines of the file of tokens and restart the node.",
                    TOKENS_MAX);
    } else {
        call_refuse(call, PROBLEM_INTERNAL, NULL,
                    "Not done: the file of tokens could not be written. See the node's log, then "
                    "send it again.");
    }
}

void tills_post_read(struct api_call *call)
{
    struct body body = body_of(call);
    BODY_ONLY(&body, "name", "role");
    struct bytes name = body_text(&body, "name", BODY_REQUIRED, TOKEN_NAME_SIZE_MAX);
    uint8_t role = role_of(&body);
    query_done(call);
    if (call->refused) {
        return;
    }
    char text[TOKEN_TEXT_SIZE + 1];
    const struct token *token = NULL;
    enum status status = auth_create(call->api->auth, name, role, &token, text);
    if (status != STATUS_OK) {
        refuse_creation(call, status);
        return;
    }
    render_open(&call->out, NULL, '{');
    till_render(&call->out, token);
    render_string(&call->out, "token", text);
    render_close(&call->out, '}');
    sodium_memzero(text, sizeof text);
    call_finish(call, 201, "application/json");
}
