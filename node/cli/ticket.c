#include "subcommands.h"

#include "output.h"
#include "session.h"

static void ticket_show(const json_t *answer)
{
    static const struct label labels[] = {
        {"operation", "operation"},
        {"outcome", "code"},
        {"what", "title"},
        {"why", "detail"},
        {"event", "event"},
        {"at", "at"},
        {"account", "account"},
        {"member", "member"},
        {"card", "card"},
        {"principal", "principal"},
        {"bonus", "bonus"},
        {"balance", "balance"},
        {"usable here", "usable_here"},
        {"offer", "offer"},
        {"limit", "limit"},
    };
    output_pairs(answer, LABELS(labels));
}

static enum outcome ticket_run(struct session *session)
{
    struct client_path path = client_path_of("/v1/tickets");
    client_path_segment(&path, session_word(session, 0));
    return session_get(session, &path, ticket_show);
}

const struct subcommand ticket_command = {
    .name = "ticket",
    .group = "Money",
    .summary = "what became of an idempotency key of this till",
    .usage = "KEY",
    .example = "tally ticket 01935f6e-8c2a-7b11-9d43-5e1c0a7f2b60",
    .words_min = 1,
    .words_max = 1,
    .run = ticket_run,
};
