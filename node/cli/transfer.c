#include "subcommands.h"

#include "output.h"
#include "session.h"

static void transfer_show(const json_t *answer)
{
    static const struct label labels[] = {
        {"principal", "principal"},  {"bonus", "bonus"},
        {"balance left", "balance"}, {"usable here", "usable_here"},
        {"to account", "to"},        {"waited for peers, ms", "pulled_ms"},
        {"event", "event"},          {"at", "at"},
    };
    puts("Moved to the other account.");
    output_pairs(answer, LABELS(labels));
}

/* One side, from what was typed. */
static enum outcome side_set(struct session *session, json_t *body, const char *name,
                             const char *text)
{
    json_t *side = json_object();
    enum outcome outcome = session_account(session, text, side);
    json_object_set_new(body, name, side);
    return outcome;
}

static enum outcome transfer_run(struct session *session)
{
    const char *to = session_option(session, "to");
    json_t *amount = NULL;
    json_t *body = json_object();
    enum outcome outcome = side_set(session, body, "from", session_word(session, 0));
    if (outcome == OUTCOME_DONE && to == NULL) {
        outcome = session_misused(session, "--to takes the card or account that receives.");
    }
    if (outcome == OUTCOME_DONE) {
        outcome = side_set(session, body, "to", to);
    }
    if (outcome == OUTCOME_DONE) {
        outcome = session_money(session, session_word(session, 1), &amount);
    }
    if (outcome != OUTCOME_DONE) {
        json_decref(body);
        return outcome;
    }
    json_object_set_new(body, "amount", amount);
    session_set(body, "reason", session_option(session, "reason"));
    return session_post(session, "/v1/transfers", body, transfer_show);
}

static const struct option_form transfer_options[] = {
    {"to", "CARD", "the card or account that receives (required)"},
    {"reason", "TEXT", "why"},
    {0},
};

const struct subcommand transfer_command = {
    .name = "transfer",
    .group = "Money",
    .summary = "move value between two cards of one member, with its ends and its bonus",
    .usage = "CARD AMOUNT --to CARD [--reason TEXT]",
    .example = "tally transfer 8000010010000018 50.00 --to 8000010010000026",
    .options = transfer_options,
    .words_min = 2,
    .words_max = 2,
    .run = transfer_run,
};
