#include "subcommands.h"

#include "output.h"
#include "session.h"

#include "tally/bounds.h"

static void move_show(const json_t *answer)
{
    static const struct label labels[] = {
        {"principal", "principal"},     {"bonus", "bonus"}, {"balance", "balance"},
        {"usable here", "usable_here"}, {"event", "event"}, {"at", "at"},
    };
    puts("Moved: the other branch can spend it as soon as it has heard of it.");
    output_pairs(answer, LABELS(labels));
}

static enum outcome move_run(struct session *session)
{
    uint64_t branch = 0;
    json_t *amount = NULL;
    const char *to = session_option(session, "to");
    if (to == NULL || !session_number(to, 1, BRANCH_NUMBER_MAX, &branch)) {
        return session_misused(session, "--to takes the number of the branch (tally branch list).");
    }
    json_t *body = json_object();
    enum outcome outcome = session_account(session, session_word(session, 0), body);
    if (outcome == OUTCOME_DONE) {
        outcome = session_money(session, session_word(session, 1), &amount);
    }
    if (outcome != OUTCOME_DONE) {
        json_decref(body);
        return outcome;
    }
    json_object_set_new(body, "branch", json_integer((json_int_t)branch));
    json_object_set_new(body, "amount", amount);
    return session_post(session, "/v1/moves", body, move_show);
}

static const struct option_form move_options[] = {
    {"to", "BRANCH", "the branch's number (required)"},
    {0},
};

const struct subcommand rights_move_command = {
    .name = "rights move",
    .group = "Money",
    .summary = "let another branch spend what this one could, before a line goes down",
    .usage = "CARD --to BRANCH AMOUNT",
    .example = "tally rights move 8000010010000018 --to 3 100.00",
    .options = move_options,
    .words_min = 2,
    .words_max = 2,
    .run = move_run,
};
