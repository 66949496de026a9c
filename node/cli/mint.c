/* Top-ups above a quota: which wait, and the office's word on one. */
#include "subcommands.h"

#include "output.h"
#include "session.h"

#include <stdio.h>

static void pending_show(const json_t *answer)
{
    static const struct label columns[] = {{"top-up", "mint"},    {"branch", "branch"},
                                           {"day", "day"},        {"principal", "principal"},
                                           {"bonus", "bonus"},    {"waits for", "waits_for"},
                                           {"account", "account"}};
    output_table(output_rows(answer, "entries"), LABELS(columns), "Nothing waits.");
    output_freshness(answer);
}

static enum outcome pending_run(struct session *session)
{
    struct client_path path = client_path_of("/v1/mints");
    return session_get(session, &path, pending_show);
}

const struct subcommand mint_pending_command = {
    .name = "mint pending",
    .group = "Chain",
    .summary = "top-ups above a branch's quota that do not count yet",
    .usage = "",
    .example = "tally mint pending",
    .run = pending_run,
};

static void approve_show(const json_t *answer)
{
    static const struct label labels[] = {{"branch", "branch"}, {"principal", "principal"},
                                          {"bonus", "bonus"},   {"account", "account"},
                                          {"event", "event"},   {"at", "at"}};
    bool changed = json_is_true(output_at(answer, "changed"));
    puts(changed ? "Approved. It counts once its branch has heard of it and released it."
                 : "It was approved already. Nothing was changed.");
    output_pairs(answer, LABELS(labels));
}

static enum outcome approve_run(struct session *session)
{
    json_t *body = json_object();
    session_set(body, "mint", session_word(session, 0));
    return session_post(session, "/v1/mints", body, approve_show);
}

const struct subcommand mint_approve_command = {
    .name = "mint approve",
    .group = "Chain",
    .summary = "at the office: let a top-up above the quota count",
    .usage = "TOP-UP",
    .example = "tally mint approve 2.1-17-0",
    .words_min = 1,
    .words_max = 1,
    .run = approve_run,
};
