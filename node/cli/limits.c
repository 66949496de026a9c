/* What the office allows each branch: limits, and quotas of what it mints on a day. */
#include "subcommands.h"

#include "money_text.h"
#include "output.h"
#include "session.h"

#include <stdio.h>
#include <string.h>

enum { BRANCHES_MAX = 99999, DAYS_MAX = 3650 };

static const char group[] = "Chain";

static void limits_show(const json_t *answer)
{
    static const struct label labels[] = {{"unwitnessed, a card", "unwitnessed"},
                                          {"days a branch may be ahead", "offline_days"},
                                          {"days of a lease", "lease_days"},
                                          {"above a quota waits", "pending_mints"},
                                          {"days for a refund", "refund_days"}};
    static const struct label of_branch[] = {
        {"branch", "branch"},    {"unwitnessed", "unwitnessed"}, {"days ahead", "offline_days"},
        {"lease", "lease_days"}, {"waits", "pending_mints"},     {"refund", "refund_days"}};
    output_pairs(answer, LABELS(labels));
    putchar('\n');
    output_table(output_rows(answer, "entries"), LABELS(of_branch), "No branch is known.");
}

static enum outcome limits_show_run(struct session *session)
{
    struct client_path path = client_path_of("/v1/limits");
    return session_get(session, &path, limits_show);
}

const struct subcommand limits_show_command = {
    .name = "limits show",
    .group = group,
    .summary = "what each branch may do on its own word, and for how long",
    .usage = "",
    .example = "tally limits show",
    .run = limits_show_run,
};

static void set_show(const json_t *answer)
{
    static const struct label labels[] = {{"event", "event"}, {"at", "at"}};
    bool changed = json_is_true(output_at(answer, "changed"));
    puts(changed ? "Set. Each branch follows it as soon as it hears of it."
                 : "It is set so already. Nothing was changed.");
    output_pairs(answer, LABELS(labels));
}

/* --branch, when it is there. */
static enum outcome branch_of(struct session *session, json_t *body)
{
    const char *number = session_option(session, "branch");
    uint64_t branch = 0;
    if (number == NULL) {
        return OUTCOME_DONE;
    }
    if (!session_number(number, 1, BRANCHES_MAX, &branch)) {
        return session_misused(session,
                               "--branch takes the number of a branch: tally branch list.");
    }
    json_object_set_new(body, "branch", json_integer((json_int_t)branch));
    return OUTCOME_DONE;
}

/* An amount that may be zero, as money. */
static enum outcome amount_of(struct session *session, const char *option, const char *name,
                              json_t *body)
{
    int64_t minor = 0;
    const char *text = session_option(session, option);
    enum outcome outcome = session_currency(session);
    if (outcome != OUTCOME_DONE) {
        return outcome;
    }
    if (text == NULL || !money_text_parse_zero(text, session->currency, &minor)) {
        return session_misused(session, "--%s takes an amount of %s, like 500.00; 0.00 is none.",
                               option, session->currency);
    }
    json_object_set_new(
        body, name,
        json_pack("{s:I, s:s}", "minor", (json_int_t)minor, "currency", session->currency));
    return OUTCOME_DONE;
}

static enum outcome days_of(struct session *session, const char *option, const char *name,
                            json_t *body)
{
    const char *text = session_option(session, option);
    uint64_t days = 0;
    if (text == NULL) {
        return OUTCOME_DONE;
    }
    if (!session_number(text, 0, DAYS_MAX, &days)) {
        return session_misused(session, "--%s takes a number of days, 0 to %d.", option, DAYS_MAX);
    }
    json_object_set_new(body, name, json_integer((json_int_t)days));
    return OUTCOME_DONE;
}

static enum outcome switch_of(struct session *session, json_t *body)
{
    const char *text = session_option(session, "pending-mints");
    if (text == NULL) {
        return OUTCOME_DONE;
    }
    if (strcmp(text, "on") != 0 && strcmp(text, "off") != 0) {
        return session_misused(session, "--pending-mints takes on or off.");
    }
    json_object_set_new(body, "pending_mints", json_boolean(strcmp(text, "on") == 0));
    return OUTCOME_DONE;
}

static enum outcome limits_read(struct session *session, json_t *body)
{
    static const struct {
        const char *option;
        const char *name;
    } days[] = {{"offline-days", "offline_days"},
                {"lease-days", "lease_days"},
                {"refund-days", "refund_days"}};
    enum outcome outcome = OUTCOME_DONE;
    if (session_option(session, "unwitnessed") != NULL) {
        outcome = amount_of(session, "unwitnessed", "unwitnessed", body);
    }
    for (size_t i = 0; outcome == OUTCOME_DONE && i < sizeof days / sizeof days[0]; i++) {
        outcome = days_of(session, days[i].option, days[i].name, body);
    }
    if (outcome == OUTCOME_DONE) {
        outcome = switch_of(session, body);
    }
    if (outcome == OUTCOME_DONE && json_object_size(body) == 0) {
        return session_misused(session, "Name at least one limit.");
    }
    return outcome == OUTCOME_DONE ? branch_of(session, body) : outcome;
}

static enum outcome limits_set_run(struct session *session)
{
    json_t *body = json_object();
    enum outcome outcome = limits_read(session, body);
    if (outcome != OUTCOME_DONE) {
        json_decref(body);
        return outcome;
    }
    return session_post(session, "/v1/limits", body, set_show);
}

static const struct option_form limits_options[] = {
    {"unwitnessed", "AMOUNT",
     "of a card's money from other branches, usable before the office "
     "confirms it; 0.00 is none"},
    {"offline-days", "DAYS", "a branch's day may be as far ahead of the office's"},
    {"lease-days", "DAYS", "a branch sells without a word from the office; 0 is for ever"},
    {"pending-mints", "on|off", "above a quota a top-up waits for the office; off: it is refused"},
    {"refund-days", "DAYS", "after a sale; 0 is no end"},
    {"branch", "NUMBER", "for this branch; without it, for all that have no limit of their own"},
    {0},
};

const struct subcommand limits_set_command = {
    .name = "limits set",
    .group = group,
    .summary = "at the office: what branches may do on their own word, and for how long",
    .usage = "[--unwitnessed AMOUNT] [--offline-days DAYS] [--lease-days DAYS] "
             "[--pending-mints on|off] [--refund-days DAYS] [--branch NUMBER]",
    .example = "tally limits set --lease-days 7 --pending-mints on",
    .options = limits_options,
    .run = limits_set_run,
};

/* ---- quotas ---- */

static void quotas_show(const json_t *answer)
{
    static const struct label labels[] = {
        {"principal, a branch and day", "principal"}, {"bonus", "bonus"}, {"today is", "today"}};
    static const struct label of_branch[] = {{"branch", "branch"},
                                             {"principal", "principal"},
                                             {"minted today", "minted_principal"},
                                             {"waits", "waiting_principal"},
                                             {"bonus", "bonus"},
                                             {"minted", "minted_bonus"},
                                             {"waits", "waiting_bonus"}};
    output_pairs(answer, LABELS(labels));
    putchar('\n');
    output_table(output_rows(answer, "entries"), LABELS(of_branch),
                 "No branch needs a quota: the office has none.");
    output_freshness(answer);
}

static enum outcome quota_show_run(struct session *session)
{
    struct client_path path = client_path_of("/v1/quotas");
    return session_get(session, &path, quotas_show);
}

const struct subcommand quota_show_command = {
    .name = "quota show",
    .group = group,
    .summary = "what each branch may mint on a day, what it did today, and what waits",
    .usage = "",
    .example = "tally quota show",
    .run = quota_show_run,
};

static enum outcome quota_set_run(struct session *session)
{
    json_t *body = json_object();
    const char *bucket = session_option(session, "bucket");
    enum outcome outcome = OUTCOME_DONE;
    if (bucket == NULL || (strcmp(bucket, "principal") != 0 && strcmp(bucket, "bonus") != 0)) {
        outcome = session_misused(session, "--bucket takes principal or bonus.");
    }
    if (outcome == OUTCOME_DONE) {
        session_set(body, "bucket", bucket);
        outcome = amount_of(session, "amount", "amount", body);
    }
    if (outcome == OUTCOME_DONE) {
        outcome = branch_of(session, body);
    }
    if (outcome != OUTCOME_DONE) {
        json_decref(body);
        return outcome;
    }
    return session_post(session, "/v1/quotas", body, set_show);
}

static const struct option_form quota_options[] = {
    {"bucket", "BUCKET", "principal or bonus"},
    {"amount", "AMOUNT", "most that a branch tops up on one day; 0.00 is nothing"},
    {"branch", "NUMBER", "for this branch; without it, for all that have no quota of their own"},
    {0},
};

const struct subcommand quota_set_command = {
    .name = "quota set",
    .group = group,
    .summary = "at the office: how much a branch may top up on one day",
    .usage = "--bucket principal|bonus --amount AMOUNT [--branch NUMBER]",
    .example = "tally quota set --bucket principal --amount 20000.00 --branch 3",
    .options = quota_options,
    .run = quota_set_run,
};
