#include "subcommands.h"

#include "output.h"
#include "session.h"

static void entries_show(const json_t *answer, bool account)
{
    static const struct label of_account[] = {{"branch", "branch"},
                                              {"holds", "held"},
                                              {"of it for orders", "on_hold"},
                                              {"may sell uncovered", "room"},
                                              {"has heard", "acknowledged"},
                                              {"connected", "connected"}};
    static const struct label of_chain[] = {{"branch", "branch"},
                                            {"holds", "held"},
                                            {"may sell uncovered", "room"},
                                            {"connected", "connected"}};
    if (account) {
        output_table(output_rows(answer, "entries"), LABELS(of_account), "No branch is known.");
    } else {
        output_table(output_rows(answer, "entries"), LABELS(of_chain), "No branch is known.");
    }
    output_freshness(answer);
}

static void account_show(const json_t *answer)
{
    static const struct label labels[] = {{"live freezes", "freezes"},
                                          {"have acknowledged", "acknowledged"},
                                          {"of branches", "branches"},
                                          {"at most still spendable", "spendable"}};
    output_pairs(answer, LABELS(labels));
    putchar('\n');
    entries_show(answer, true);
}

static void chain_show(const json_t *answer)
{
    static const struct label labels[] = {{"branches", "branches"},
                                          {"at most spendable out of reach", "spendable"}};
    output_pairs(answer, LABELS(labels));
    putchar('\n');
    entries_show(answer, false);
}

static enum outcome exposure_run(struct session *session)
{
    const char *word = session_word(session, 0);
    if (word == NULL) {
        struct client_path chain = client_path_of("/v1/exposure");
        return session_get(session, &chain, chain_show);
    }
    struct client_path path = client_path_of("/v1/accounts");
    enum outcome outcome = session_account_id(session, word, &path);
    if (outcome != OUTCOME_DONE) {
        return outcome;
    }
    client_path_segment(&path, "exposure");
    return session_get(session, &path, account_show);
}

const struct subcommand exposure_command = {
    .name = "exposure",
    .group = "Money",
    .summary =
        "what branches that have not heard of a freeze, or are out of reach, may still spend",
    .usage = "[CARD | ACCOUNT]",
    .example = "tally exposure 8000010010000018",
    .words_max = 1,
    .run = exposure_run,
};
