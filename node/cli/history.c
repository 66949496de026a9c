#include "subcommands.h"

#include "output.h"
#include "session.h"

#include "tally/bounds.h"

static void history_show(const json_t *answer)
{
    static const struct label columns[] = {
        {"at", "at"},           {"what", "type"},
        {"branch", "branch"},   {"principal", "principal"},
        {"bonus", "bonus"},     {"balance", "balance_after"},
        {"moved", "moved"},     {"to", "to"},
        {"from", "from"},       {"tender", "tender"},
        {"sale", "sale"},       {"till", "till"},
        {"verdict", "verdict"}, {"after loss", "after_loss"},
        {"event", "event"},
    };
    output_table(output_rows(answer, "entries"), LABELS(columns), "Nothing happened in that time.");
    output_freshness(answer);
}

static enum outcome history_run(struct session *session)
{
    static const char *const filters[] = {"from", "to", "type", "branch", "limit", "cursor"};
    uint64_t number = 0;
    struct client_path path = client_path_of("/v1/accounts");
    const char *limit = session_option(session, "limit");
    const char *branch = session_option(session, "branch");
    if (limit != NULL && !session_number(limit, 1, PAGE_ENTRIES_MAX, &number)) {
        return session_misused(session, "--limit takes a number from 1 to %d.", PAGE_ENTRIES_MAX);
    }
    if (branch != NULL && !session_number(branch, 1, BRANCH_NUMBER_MAX, &number)) {
        return session_misused(session, "--branch takes a branch's number.");
    }
    enum outcome outcome = session_account_id(session, session_word(session, 0), &path);
    if (outcome != OUTCOME_DONE) {
        return outcome;
    }
    client_path_segment(&path, "events");
    for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++) {
        client_path_query(&path, filters[i], session_option(session, filters[i]));
    }
    return session_get(session, &path, history_show);
}

static const struct option_form history_options[] = {
    {"from", "DAY|TIME", "not before: 2026-11-01, or a time like 2026-11-01T08:00:00Z"},
    {"to", "DAY|TIME", "not after"},
    {"type", "TYPE", "only: topup, spend, refund, rights_move, .."},
    {"branch", "N", "only what that branch wrote"},
    {"limit", "N", "lines in one answer"},
    {"cursor", "TEXT", "go on where the answer before ended"},
    {0},
};

const struct subcommand history_command = {
    .name = "history",
    .group = "Members and cards",
    .summary = "what happened on an account, newest first",
    .usage = "CARD | ACCOUNT [--from DAY] [--to DAY] [--type TYPE] [--branch N]",
    .example = "tally history 8000010010000018 --from 2026-11-01 --type spend",
    .options = history_options,
    .words_min = 1,
    .words_max = 1,
    .run = history_run,
};
