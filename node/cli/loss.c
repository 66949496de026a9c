#include "subcommands.h"

#include "output.h"
#include "session.h"

static const char group[] = "Members and cards";

static void lost_show(const json_t *answer)
{
    static const struct label labels[] = {
        {"account", "account"}, {"balance", "balance"}, {"event", "event"}, {"at", "at"}};
    puts("Reported lost: that card never works again, and its account is frozen.");
    output_pairs(answer, LABELS(labels));
    printf("Next: tally exposure %s, then tally card replace\n", output_text_at(answer, "account"));
}

static enum outcome loss_run(struct session *session)
{
    json_t *body = json_object();
    enum outcome outcome = session_account(session, session_word(session, 0), body);
    if (outcome != OUTCOME_DONE) {
        json_decref(body);
        return outcome;
    }
    session_set(body, "reason", session_option(session, "reason"));
    return session_post(session, "/v1/losses", body, lost_show);
}

static const struct option_form loss_options[] = {
    {"reason", "TEXT", "what the member said"},
    {0},
};

const struct subcommand card_loss_command = {
    .name = "card loss",
    .group = group,
    .summary = "a card is lost: it never works again, its account is frozen",
    .usage = "CARD [--reason TEXT]",
    .example = "tally card loss 8000010010000018 --reason \"lost on the bus\"",
    .options = loss_options,
    .words_min = 1,
    .words_max = 1,
    .run = loss_run,
};

static void replaced_show(const json_t *answer)
{
    static const struct label labels[] = {
        {"card", "card"},       {"account", "account"},         {"member", "member"},
        {"balance", "balance"}, {"usable here", "usable_here"}, {"event", "event"},
        {"at", "at"},
    };
    puts("Replaced: the same account under a new number. No money moved.");
    output_pairs(answer, LABELS(labels));
}

static enum outcome replace_run(struct session *session)
{
    json_t *body = json_object();
    enum outcome outcome = session_account(session, session_word(session, 0), body);
    if (outcome != OUTCOME_DONE) {
        json_decref(body);
        return outcome;
    }
    session_set(body, "form", session_option(session, "form"));
    if (session_option(session, "keep-frozen") != NULL) {
        json_object_set_new(body, "keep_frozen", json_true());
    }
    return session_post(session, "/v1/replacements", body, replaced_show);
}

static const struct option_form replace_options[] = {
    {"form", "KIND", "plastic (default) or virtual"},
    {"keep-frozen", NULL, "the freezes of the loss stay"},
    {0},
};

const struct subcommand card_replace_command = {
    .name = "card replace",
    .group = group,
    .summary = "another card for the same account; the old number is refused",
    .usage = "CARD [--form plastic|virtual] [--keep-frozen]",
    .example = "tally card replace 8000010010000018",
    .options = replace_options,
    .words_min = 1,
    .words_max = 1,
    .run = replace_run,
};
