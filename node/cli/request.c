#include "subcommands.h"

#include "output.h"
#include "session.h"

static const char group[] = "Money";

static void file_show(const json_t *answer)
{
    static const struct label labels[] = {
        {"request", "event"},
        {"for branch", "branch"},
        {"account", "account"},
        {"at", "at"},
    };
    puts("Filed. Nothing is refunded yet: that branch does it when it is back.");
    output_pairs(answer, LABELS(labels));
    puts("What becomes of it: tally request list");
}

static enum outcome file_run(struct session *session)
{
    json_t *amount = NULL;
    enum outcome outcome = session_money(session, session_word(session, 1), &amount);
    if (outcome != OUTCOME_DONE) {
        return outcome;
    }
    json_t *body = json_object();
    session_set(body, "sale", session_word(session, 0));
    json_object_set_new(body, "amount", amount);
    session_set(body, "reason", session_option(session, "reason"));
    return session_post(session, "/v1/requests", body, file_show);
}

static const struct option_form file_options[] = {
    {"reason", "TEXT", "why"},
    {0},
};

const struct subcommand request_refund_command = {
    .name = "request refund",
    .group = group,
    .summary = "ask a branch that is away to refund a sale when it is back",
    .usage = "SALE AMOUNT [--reason TEXT]",
    .example = "tally request refund 2.1-17-0 10.00 --reason \"the branch has no line\"",
    .options = file_options,
    .words_min = 2,
    .words_max = 2,
    .run = file_run,
};

static void list_show(const json_t *answer)
{
    static const struct label columns[] = {
        {"request", "event"}, {"at", "at"},
        {"from", "from"},     {"to", "to"},
        {"wish", "wish"},     {"sale", "sale"},
        {"amount", "amount"}, {"state", "state"},
        {"done by", "done"},  {"why not", "refused_for"},
    };
    output_table(output_rows(answer, "entries"), LABELS(columns), "Nothing was asked of a branch.");
    output_freshness(answer);
}

static enum outcome list_run(struct session *session)
{
    struct client_path path = client_path_of("/v1/requests");
    if (session_option(session, "open") != NULL) {
        client_path_query(&path, "state", "open");
    }
    return session_get(session, &path, list_show);
}

static const struct option_form list_options[] = {
    {"open", NULL, "only those that nobody has answered"},
    {0},
};

const struct subcommand request_list_command = {
    .name = "request list",
    .group = group,
    .summary = "what was asked of branches that were away, and what became of it",
    .usage = "[--open]",
    .example = "tally request list --open",
    .options = list_options,
    .run = list_run,
};
