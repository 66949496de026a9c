#include "subcommands.h"

#include "output.h"
#include "session.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char group[] = "Corrections";

/* ---- void ---- */

static void void_show(const json_t *answer)
{
    static const struct label labels[] = {{"principal", "principal"},
                                          {"bonus", "bonus"},
                                          {"balance", "balance"},
                                          {"event", "event"},
                                          {"at", "at"}};
    puts("Taken back, with its bonus. Give the money back as it was paid.");
    output_pairs(answer, LABELS(labels));
}

static enum outcome void_run(struct session *session)
{
    json_t *body = json_object();
    session_set(body, "topup", session_word(session, 0));
    session_set(body, "reason", session_option(session, "reason"));
    return session_post(session, "/v1/voids", body, void_show);
}

static const struct option_form void_options[] = {{"reason", "TEXT", "why"}, {0}};

const struct subcommand void_command = {
    .name = "void",
    .group = group,
    .summary = "take back a top-up of this branch and of today, of which nothing was used",
    .usage = "TOPUP [--reason TEXT]",
    .example = "tally void 2.1-17-0 --reason \"typed 3000 for 300\"",
    .options = void_options,
    .words_min = 1,
    .words_max = 1,
    .run = void_run,
};

/* ---- adjust ---- */

static void proposed_show(const json_t *answer)
{
    static const struct label labels[] = {
        {"proposal", "proposal"}, {"principal", "principal"}, {"bonus", "bonus"}};
    puts("Proposed. Nothing is changed until another person approves it, with a token of their "
         "own.");
    output_pairs(answer, LABELS(labels));
    printf("\n  tally adjust approve %" JSON_INTEGER_FORMAT " --token FILE\n",
           json_integer_value(output_at(answer, "proposal")));
}

static enum outcome money_add(struct session *session, json_t *body, const char *name,
                              const char *typed)
{
    json_t *money = NULL;
    enum outcome outcome = session_money(session, typed == NULL ? "0" : typed, &money);
    if (outcome == OUTCOME_DONE) {
        json_object_set_new(body, name, money);
    }
    return outcome;
}

static enum outcome propose_run(struct session *session)
{
    json_t *body = json_object();
    session_set(body, "kind", session_word(session, 0));
    session_set(body, "cause", session_option(session, "cause"));
    session_set(body, "of", session_option(session, "of"));
    session_set(body, "reason", session_option(session, "reason"));
    enum outcome outcome = session_account(session, session_word(session, 1), body);
    if (outcome == OUTCOME_DONE) {
        outcome = money_add(session, body, "principal", session_word(session, 2));
    }
    if (outcome == OUTCOME_DONE) {
        outcome = money_add(session, body, "bonus", session_option(session, "bonus"));
    }
    if (outcome != OUTCOME_DONE) {
        json_decref(body);
        return outcome;
    }
    return session_post(session, "/v1/office/corrections", body, proposed_show);
}

static const struct option_form propose_options[] = {
    {"reason", "TEXT", "why; it is kept, and required"},
    {"bonus", "AMOUNT", "of the bonus, beside the amount"},
    {"cause", "NAME", "correction (default), compensation, opening, closing"},
    {"of", "EVENT", "the sale that is compensated"},
    {0},
};

const struct subcommand adjust_propose_command = {
    .name = "adjust propose",
    .group = group,
    .summary = "at the office: ask for value to be added or paid out; a second person approves",
    .usage = "add|grant|payout CARD|ACCOUNT AMOUNT --reason TEXT [--bonus AMOUNT] [--cause NAME]",
    .example =
        "tally adjust propose add 8000020010000017 10.00 --reason \"till was down, paid cash\"",
    .options = propose_options,
    .words_min = 3,
    .words_max = 3,
    .run = propose_run,
};

static void decided_show(const json_t *answer)
{
    static const struct label labels[] = {{"proposal", "proposal"}, {"principal", "principal"},
                                          {"bonus", "bonus"},       {"balance", "balance"},
                                          {"event", "event"},       {"at", "at"}};
    output_pairs(answer, LABELS(labels));
}

static enum outcome decide(struct session *session, const char *verb)
{
    char path[128];
    uint64_t number = 0;
    if (!session_number(session_word(session, 0), 1, UINT32_MAX, &number)) {
        return session_misused(session, "A proposal has a number: tally adjust list.");
    }
    (void)snprintf(path, sizeof path, "/v1/office/corrections/%" PRIu64 "/%s", number, verb);
    return session_post(session, path, json_object(), decided_show);
}

static enum outcome approve_run(struct session *session)
{
    return decide(session, "approve");
}

static enum outcome withdraw_run(struct session *session)
{
    return decide(session, "withdraw");
}

const struct subcommand adjust_approve_command = {
    .name = "adjust approve",
    .group = group,
    .summary = "at the office: carry out what another person proposed",
    .usage = "PROPOSAL --token FILE",
    .example = "tally adjust approve 3 --token second-person.token",
    .words_min = 1,
    .words_max = 1,
    .run = approve_run,
};

const struct subcommand adjust_withdraw_command = {
    .name = "adjust withdraw",
    .group = group,
    .summary = "at the office: nobody is to approve that proposal any more",
    .usage = "PROPOSAL",
    .example = "tally adjust withdraw 3",
    .words_min = 1,
    .words_max = 1,
    .run = withdraw_run,
};

static void list_show(const json_t *answer)
{
    static const struct label columns[] = {{"proposal", "proposal"},   {"kind", "kind"},
                                           {"state", "state"},         {"account", "account"},
                                           {"principal", "principal"}, {"bonus", "bonus"},
                                           {"by", "proposed_by"},      {"decided by", "decided_by"},
                                           {"reason", "reason"},       {"event", "event"}};
    output_table(output_rows(answer, "entries"), LABELS(columns), "Nothing was proposed.");
}

static enum outcome list_run(struct session *session)
{
    struct client_path path = client_path_of("/v1/office/corrections");
    return session_get(session, &path, list_show);
}

const struct subcommand adjust_list_command = {
    .name = "adjust list",
    .group = group,
    .summary = "at the office: what was proposed, by whom, and what became of it",
    .usage = "",
    .example = "tally adjust list",
    .run = list_run,
};

/* ---- audit conservation ---- */

struct conservation {
    int64_t sums[12];
    uint64_t lots;
    uint64_t wrong;
};

static const char *const columns[] = {"issued",   "refunded", "made_good",  "used",
                                      "covered",  "expired",  "taken_back", "moved_on",
                                      "paid_out", "held",     "on_hold",    "in_flight"};
static const int signs[] = {1, 1, 1, -1, -1, -1, -1, -1, -1, -1, -1, -1};

static void lot_add(struct conservation *sums, const json_t *row)
{
    int64_t difference = 0;
    int64_t left = 0;
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        int64_t value = (int64_t)json_integer_value(output_at(row, columns[i]));
        sums->sums[i] += value;
        difference += signs[i] * value;
        left += i >= 9 ? value : 0;
    }
    bool pictured = left == (int64_t)json_integer_value(output_at(row, "pictured"));
    sums->lots++;
    if (difference != 0 || !pictured) {
        sums->wrong++;
        (void)fprintf(stderr, "lot %s of account %s: %s\n", output_text_at(row, "lot"),
                      output_text_at(row, "account"),
                      difference != 0 ? "what went in is not what went out and is left"
                                      : "its account's picture shows another rest");
    }
}

static enum outcome conservation_run(struct session *session)
{
    struct conservation sums = {.lots = 0};
    char cursor[256] = "";
    bool more = true;
    while (more) {
        struct client_path path = client_path_of("/v1/office/conservation");
        json_t *page = NULL;
        client_path_query(&path, "limit", "200");
        client_path_query(&path, "cursor", cursor[0] == '\0' ? NULL : cursor);
        enum outcome outcome = session_fetch(session, &path, &page);
        if (outcome != OUTCOME_DONE) {
            return outcome;
        }
        const json_t *rows = output_rows(page, "entries");
        for (size_t i = 0; i < json_array_size(rows); i++) {
            lot_add(&sums, json_array_get(rows, i));
        }
        more = json_is_true(output_at(page, "more"));
        (void)snprintf(cursor, sizeof cursor, "%s", output_text_at(page, "cursor"));
        json_decref(page);
    }
    int64_t difference = 0;
    json_t *answer = json_object();
    json_object_set_new(answer, "lots", json_integer((json_int_t)sums.lots));
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        json_object_set_new(answer, columns[i], json_integer(sums.sums[i]));
        difference += signs[i] * sums.sums[i];
    }
    json_object_set_new(answer, "difference", json_integer(difference));
    json_object_set_new(answer, "wrong", json_integer((json_int_t)sums.wrong));
    if (session->json) {
        output_json(answer);
    } else {
        printf("%" PRIu64 " lots, in minor units: issued + refunded + made good = used + covered + "
               "expired + taken back\n+ moved on + paid out + held + on hold + in flight\n\n",
               sums.lots);
        for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
            printf("  %-12s %20" PRId64 "\n", columns[i], sums.sums[i]);
        }
        printf("  %-12s %20" PRId64 "\n  %-12s %20" PRIu64 "\n", "difference", difference,
               "wrong lots", sums.wrong);
    }
    json_decref(answer);
    return difference == 0 && sums.wrong == 0 ? OUTCOME_DONE : OUTCOME_REFUSED;
}

const struct subcommand audit_conservation_command = {
    .name = "audit conservation",
    .group = group,
    .summary = "does every lot add up: what went in is what went out and what is left?",
    .usage = "",
    .example = "tally audit conservation",
    .run = conservation_run,
};
