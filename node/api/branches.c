#include "body.h"
#include "resources.h"

#include <string.h>

enum {
    INVITATION_HOURS = 24,
    INVITATION_HOURS_MAX = 24 * 90,
};

void branches_get_read(struct api_call *call)
{
    query_page(call, PAGE_ENTRIES_MAX);
}

void roles_render(struct render *out, uint16_t roles)
{
    static const struct {
        uint16_t role;
        const char *name;
    } names[] = {
        {ROLE_OFFICE, "office"},
        {ROLE_MINT, "mint"},
        {ROLE_SELL, "sell"},
        {ROLE_RELAY, "relay"},
    };
    render_open(out, "roles", '[');
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if ((roles & names[i].role) != 0) {
            render_string(out, NULL, names[i].name);
        }
    }
    render_close(out, ']');
}

static const struct {
    uint8_t kind;
    const char *name;
} retire_kinds[] = {
    {RETIRE_LOST, "lost"},
    {RETIRE_CLOSED, "closed"},
    {RETIRE_STOLEN, "stolen"},
};

/* What became of a retired journal. */
static void end_render(struct render *out, const struct journal_view *journal,
                       const uint8_t *currency)
{
    if (journal->retired == 0) {
        render_null(out, "retired");
        return;
    }
    for (size_t i = 0; i < sizeof retire_kinds / sizeof retire_kinds[0]; i++) {
        if (retire_kinds[i].kind == journal->retired) {
            render_string(out, "retired", retire_kinds[i].name);
        }
    }
    render_truth(out, "forked", journal->forked);
    render_count(out, "late",
                 journal->seq > journal->retired_seq ? journal->seq - journal->retired_seq : 0);
    render_money(out, "left", journal->left_principal + journal->left_bonus, currency);
    render_money(out, "made_good", journal->made_good, currency);
}

static void journal_render(struct render *out, const struct journal_view *journal,
                           const uint8_t *currency)
{
    render_open(out, NULL, '{');
    render_journal(out, "journal", journal->journal);
    render_count(out, "branch", journal_branch(journal->journal));
    render_text(out, "name", bytes_of(journal->name, journal->name_size));
    roles_render(out, journal->roles);
    render_text(out, "endpoint", bytes_of(journal->endpoint, journal->endpoint_size));
    render_count(out, "seq", journal->seq);
    render_hex(out, "id", BYTES_OF(journal->id.bytes));
    render_time(out, "at", journal->at_ms);
    render_truth(out, "connected", journal->connected);
    if (journal->heard_ms < 0) {
        render_null(out, "heard_ms");
    } else {
        render_integer(out, "heard_ms", journal->heard_ms);
    }
    render_truth(out, "frozen", journal->frozen);
    render_truth(out, "suspended", journal->suspended);
    end_render(out, journal, currency);
    render_count(out, "their_seq", journal->their_seq);
    render_close(out, '}');
}

void branches_get_render(struct api_call *call, const struct answer *answer)
{
    render_open(&call->out, "entries", '[');
    for (uint32_t i = 0; i < call->page->count; i++) {
        journal_render(&call->out, &call->page->rows.journals[i], answer->currency);
    }
    render_close(&call->out, ']');
}

void invitations_post_read(struct api_call *call)
{
    struct body body = body_of(call);
    BODY_ONLY(&body, "name", "hours", "branch");
    call->request.body.invite.branch =
        (uint32_t)body_integer(&body, "branch", 1, BRANCH_NUMBER_MAX, 0);
    call->request.body.invite.name = body_text(&body, "name", BODY_REQUIRED, NAME_SIZE_MAX);
    call->request.body.invite.hours =
        (uint32_t)body_integer(&body, "hours", 1, INVITATION_HOURS_MAX, INVITATION_HOURS);
}

void invitations_post_render(struct api_call *call, const struct answer *answer)
{
    struct render *out = &call->out;
    size_t size = answer->token_size <= sizeof answer->token ? answer->token_size : 0;
    render_text(out, "token", bytes_of(answer->token, size));
    render_count(out, "branch", answer->branch);
    /* A ticket read again later does not know for how long it was. */
    if (call->request.kind == COMMAND_INVITE) {
        render_time(out, "until",
                    answer->at_ms + call->request.body.invite.hours * INT64_C(3600000));
    }
}

void retirements_post_read(struct api_call *call)
{
    struct body body = body_of(call);
    BODY_ONLY(&body, "branch", "kind", "reason");
    call->request.body.retire.branch =
        (uint32_t)body_integer_required(&body, "branch", 1, BRANCH_NUMBER_MAX);
    call->request.body.retire.reason = body_text(&body, "reason", BODY_OPTIONAL, REASON_SIZE_MAX);
    struct bytes kind = body_text(&body, "kind", BODY_REQUIRED, NAME_SIZE_MAX);
    if (bytes_equal(kind, bytes_of("forked", 6))) {
        call->request.body.retire.kind = RETIRE_FORKED;
    }
    for (size_t i = 0; i < sizeof retire_kinds / sizeof retire_kinds[0]; i++) {
        if (bytes_equal(kind, bytes_of(retire_kinds[i].name, strlen(retire_kinds[i].name)))) {
            call->request.body.retire.kind = retire_kinds[i].kind;
        }
    }
    if (call->request.body.retire.kind == 0) {
        body_refuse(&body, "kind", "must be \"lost\", \"closed\", \"stolen\" or \"forked\"");
    }
}

void retirements_post_render(struct api_call *call, const struct answer *answer)
{
    render_count(&call->out, "branch", answer->branch);
    render_count(&call->out, "known_seq", (uint64_t)answer->limit);
}
