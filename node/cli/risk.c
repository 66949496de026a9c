#include "subcommands.h"

#include "money_text.h"
#include "output.h"
#include "session.h"

#include <stdio.h>
#include <string.h>

enum { BRANCHES_MAX = 65535 };

static void risk_show(const json_t *answer)
{
    static const struct label labels[] = {{"most uncovered of one card, a branch", "account"},
                                          {"and of all cards, a branch", "branch"},
                                          {"branches that sell", "branches"},
                                          {"at most can be lost", "worst"},
                                          {"of one card", "worst_account"},
                                          {"sold without cover, not settled", "open"},
                                          {"accounts that owe", "owing"},
                                          {"owed", "owed"}};
    static const struct label of_branch[] = {{"branch", "branch"},
                                             {"a card", "account_cap"},
                                             {"all cards", "branch_cap"},
                                             {"open", "open"},
                                             {"connected", "connected"}};
    output_pairs(answer, LABELS(labels));
    putchar('\n');
    output_table(output_rows(answer, "entries"), LABELS(of_branch), "No branch is known.");
}

static enum outcome show_run(struct session *session)
{
    struct client_path path = client_path_of("/v1/risk");
    return session_get(session, &path, risk_show);
}

static void risk_set_show(const json_t *answer)
{
    static const struct label labels[] = {{"event", "event"}, {"at", "at"}};
    puts("Set. Each branch follows it as soon as it hears of it.");
    output_pairs(answer, LABELS(labels));
}

/* An amount that may be zero, as money. */
static enum outcome cap_of(struct session *session, const char *name, int64_t *minor, json_t *body)
{
    const char *text = session_option(session, name);
    if (text == NULL || !money_text_parse_zero(text, session->currency, minor)) {
        return session_misused(session, "--%s takes an amount of %s, like 50.00; 0.00 is off.",
                               name, session->currency);
    }
    json_object_set_new(
        body, name,
        json_pack("{s:I, s:s}", "minor", (json_int_t)*minor, "currency", session->currency));
    return OUTCOME_DONE;
}

/* What it may cost is said before it is switched on. */
static enum outcome agree(struct session *session, int64_t account, int64_t branch, bool one)
{
    json_t *now = NULL;
    struct client_path path = client_path_of("/v1/risk");
    enum outcome outcome = session_fetch(session, &path, &now);
    if (outcome != OUTCOME_DONE) {
        return outcome;
    }
    int64_t branches = one ? 1 : (int64_t)json_integer_value(json_object_get(now, "branches"));
    json_decref(now);
    char of_account[MONEY_TEXT_SIZE];
    char of_branch[MONEY_TEXT_SIZE];
    char all_account[MONEY_TEXT_SIZE];
    char all[MONEY_TEXT_SIZE];
    money_text_print(account, session->currency, of_account);
    money_text_print(branch, session->currency, of_branch);
    money_text_print(account * branches, session->currency, all_account);
    money_text_print(branch * branches, session->currency, all);
    FILE *out = session->json ? stderr : stdout;
    (void)fprintf(out,
                  "At most %s can be lost: %lld branches, each of which may sell up to %s without "
                  "cover while it is cut off,\nand up to %s of one card: %s of one card at all "
                  "of them.\n",
                  all, (long long)branches, of_branch, of_account, all_account);
    if (session_option(session, "yes") != NULL) {
        return OUTCOME_DONE;
    }
    char line[16] = "";
    (void)fputs("Type yes to switch it on: ", out);
    (void)fflush(out);
    bool said = fgets(line, sizeof line, stdin) != NULL && strcmp(line, "yes\n") == 0;
    return said ? OUTCOME_DONE : session_refused(session, "Nothing was changed.");
}

static enum outcome set_run(struct session *session)
{
    int64_t account = 0;
    int64_t branch = 0;
    uint64_t only = 0;
    json_t *body = json_object();
    const char *number = session_option(session, "only");
    enum outcome outcome = session_currency(session);
    if (outcome == OUTCOME_DONE) {
        outcome = cap_of(session, "account", &account, body);
    }
    if (outcome == OUTCOME_DONE) {
        outcome = cap_of(session, "branch", &branch, body);
    }
    if (outcome == OUTCOME_DONE && account > branch) {
        outcome = session_misused(session, "The cap of one card is above that of the branch.");
    }
    if (outcome == OUTCOME_DONE && number != NULL) {
        if (session_number(number, 1, BRANCHES_MAX, &only)) {
            json_object_set_new(body, "only", json_integer((json_int_t)only));
        } else {
            outcome = session_misused(session, "--only takes the number of a branch.");
        }
    }
    if (outcome == OUTCOME_DONE && branch > 0) {
        outcome = agree(session, account, branch, only != 0);
    }
    if (outcome != OUTCOME_DONE) {
        json_decref(body);
        return outcome;
    }
    return session_post(session, "/v1/risk", body, risk_set_show);
}

const struct subcommand risk_show_command = {
    .name = "risk show",
    .group = "Chain",
    .summary = "the risk allowance: its caps, what is open, what can be lost at most",
    .usage = "",
    .example = "tally risk show",
    .run = show_run,
};

static const struct option_form set_options[] = {
    {"account", "AMOUNT", "most that a branch sells of one card without cover; 0.00 is off"},
    {"branch", "AMOUNT", "and of all cards together"},
    {"only", "NUMBER", "for this branch; without it, for all that have no caps of their own"},
    {"yes", NULL, "do not ask: the figure was read"},
    {0},
};

const struct subcommand risk_set_command = {
    .name = "risk set",
    .group = "Chain",
    .summary = "at the office: let branches that are cut off sell without cover, up to caps",
    .usage = "--account AMOUNT --branch AMOUNT [--only NUMBER] [--yes]",
    .example = "tally risk set --account 50.00 --branch 500.00",
    .options = set_options,
    .run = set_run,
};
