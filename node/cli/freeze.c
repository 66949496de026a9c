#include "subcommands.h"

#include "output.h"
#include "session.h"

static const char group[] = "Money";

static const struct label labels[] = {
    {"account", "account"}, {"balance", "balance"}, {"event", "event"}, {"at", "at"}};

static void frozen_show(const json_t *answer)
{
    puts("Frozen: nothing can be spent from it at branches that have heard of it.");
    output_pairs(answer, LABELS(labels));
}

static void unfrozen_show(const json_t *answer)
{
    puts("No longer frozen by what is known here.");
    output_pairs(answer, LABELS(labels));
}

static enum outcome freeze_run(struct session *session)
{
    json_t *body = json_object();
    const char *kind = session_option(session, "kind");
    enum outcome outcome = session_account(session, session_word(session, 0), body);
    if (outcome != OUTCOME_DONE) {
        json_decref(body);
        return outcome;
    }
    session_set(body, "kind", kind != NULL ? kind : "loss");
    session_set(body, "reason", session_option(session, "reason"));
    return session_post(session, "/v1/freezes", body, frozen_show);
}

static const struct option_form freeze_options[] = {
    {"kind", "KIND", "loss (default), wish, case or court"},
    {"reason", "TEXT", "why"},
    {0},
};

const struct subcommand freeze_command = {
    .name = "freeze",
    .group = group,
    .summary = "stop spending from an account, after a loss or for a case",
    .usage = "CARD [--kind KIND] [--reason TEXT]",
    .example = "tally freeze 8000010010000018 --kind loss --reason \"reported by telephone\"",
    .options = freeze_options,
    .words_min = 1,
    .words_max = 1,
    .run = freeze_run,
};

static enum outcome unfreeze_run(struct session *session)
{
    json_t *body = json_object();
    enum outcome outcome = session_account(session, session_word(session, 0), body);
    if (outcome != OUTCOME_DONE) {
        json_decref(body);
        return outcome;
    }
    session_set(body, "reason", session_option(session, "reason"));
    return session_post(session, "/v1/unfreezes", body, unfrozen_show);
}

static const struct option_form unfreeze_options[] = {
    {"reason", "TEXT", "why"},
    {0},
};

const struct subcommand unfreeze_command = {
    .name = "unfreeze",
    .group = group,
    .summary = "lift the freezes of an account that are known here",
    .usage = "CARD [--reason TEXT]",
    .example = "tally unfreeze 8000010010000018 --reason \"found again\"",
    .options = unfreeze_options,
    .words_min = 1,
    .words_max = 1,
    .run = unfreeze_run,
};
