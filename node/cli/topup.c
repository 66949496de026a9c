#include "subcommands.h"

#include "output.h"
#include "session.h"

static void topup_show(const json_t *answer)
{
    static const struct label labels[] = {
        {"principal", "principal"}, {"bonus", "bonus"},
        {"balance", "balance"},     {"usable here", "usable_here"},
        {"product", "product"},     {"its version", "version"},
        {"event", "event"},         {"at", "at"},
    };
    static const struct label waiting[] = {{"waits", "waits"}};
    if (json_is_true(output_at(answer, "pending"))) {
        puts("Recorded, and not on the card yet: it is above what this branch may top up on one\n"
             "day. At the office: tally mint approve, with the event below.");
        output_pairs(answer, LABELS(waiting));
    } else {
        puts("Topped up.");
    }
    output_pairs(answer, LABELS(labels));
}

static enum outcome topup_run(struct session *session)
{
    json_t *body = json_object();
    json_t *amount = NULL;
    enum outcome outcome = session_account(session, session_word(session, 0), body);
    if (outcome == OUTCOME_DONE) {
        outcome = session_money(session, session_word(session, 1), &amount);
    }
    if (outcome != OUTCOME_DONE) {
        json_decref(body);
        return outcome;
    }
    json_object_set_new(body, "amount", amount);
    session_set(body, "tender", session_option(session, "tender"));
    return session_post(session, "/v1/topups", body, topup_show);
}

static const struct option_form topup_options[] = {
    {"tender", "KIND", "cash, bank_card, mobile, transfer or other"},
    {0},
};

const struct subcommand topup_command = {
    .name = "topup",
    .group = "Money",
    .summary = "put money on a card; the product adds its bonus",
    .usage = "CARD AMOUNT [--tender KIND]",
    .example = "tally topup 8000010010000018 300.00 --tender cash",
    .options = topup_options,
    .words_min = 2,
    .words_max = 2,
    .run = topup_run,
};
