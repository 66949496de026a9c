#include "subcommands.h"

#include "money_text.h"
#include "output.h"
#include "session.h"

#include "tally/bounds.h"

#include <stdio.h>
#include <string.h>

static const char group[] = "Chain";

static void list_show(const json_t *answer)
{
    static const struct label columns[] = {
        {"product", "product"},   {"version", "version"},       {"name", "name"},
        {"currency", "currency"}, {"named", "named"},           {"spends", "order"},
        {"cap", "balance_cap"},   {"bonus days", "bonus_days"}, {"bonus months", "bonus_months"},
    };
    static const struct label steps[] = {{"paid at least", "amount"}, {"bonus", "bonus"}};
    const json_t *rows = output_rows(answer, "entries");
    output_table(rows, LABELS(columns), "No product is published.");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        if (json_array_size(output_at(row, "bonus")) > 0) {
            char name[CELL_SIZE];
            output_cell(output_at(row, "name"), name);
            printf("\nBonus of %s\n", name);
            output_table(output_at(row, "bonus"), LABELS(steps), "");
        }
    }
}

static enum outcome list_run(struct session *session)
{
    struct client_path path = client_path_of("/v1/products");
    return session_get(session, &path, list_show);
}

const struct subcommand product_list_command = {
    .name = "product list",
    .group = group,
    .summary = "the kinds of card that are sold, with their bonus",
    .usage = "",
    .example = "tally product list",
    .run = list_run,
};

static void published_show(const json_t *answer)
{
    static const struct label labels[] = {
        {"product", "product"}, {"version", "version"}, {"event", "event"}, {"at", "at"}};
    puts("Published: branches use it as soon as they have heard of it.");
    output_pairs(answer, LABELS(labels));
}

/* "300:60": who pays 300 gets 60 more. */
static enum outcome step_add(struct session *session, const char *text, json_t *steps)
{
    char amount_text[MONEY_TEXT_SIZE];
    json_t *amount = NULL;
    json_t *bonus = NULL;
    size_t size = strcspn(text, ":");
    if (text[size] == '\0' || size >= sizeof amount_text) {
        return session_misused(session, "--bonus is written AMOUNT:BONUS, like 300:60.");
    }
    (void)snprintf(amount_text, sizeof amount_text, "%.*s", (int)size, text);
    enum outcome outcome = session_money(session, amount_text, &amount);
    if (outcome == OUTCOME_DONE) {
        outcome = session_money(session, text + size + 1, &bonus);
    }
    if (outcome != OUTCOME_DONE) {
        json_decref(amount);
        return outcome;
    }
    json_array_append_new(steps, json_pack("{s:o, s:o}", "amount", amount, "bonus", bonus));
    return OUTCOME_DONE;
}

static enum outcome number_set(struct session *session, const char *option, const char *name,
                               json_t *body)
{
    uint64_t number = 0;
    const char *text = session_option(session, option);
    if (text == NULL) {
        return OUTCOME_DONE;
    }
    if (!session_number(text, 0, UINT32_MAX, &number)) {
        return session_misused(session, "--%s takes a number.", option);
    }
    json_object_set_new(body, name, json_integer((json_int_t)number));
    return OUTCOME_DONE;
}

static enum outcome steps_set(struct session *session, json_t *body)
{
    enum outcome outcome = OUTCOME_DONE;
    json_t *steps = json_array();
    for (uint32_t i = 0; outcome == OUTCOME_DONE; i++) {
        const char *text = arguments_option_nth(&session->arguments, "bonus", i);
        if (text == NULL) {
            break;
        }
        outcome = i < BONUS_STEPS_MAX ? step_add(session, text, steps)
                                      : session_misused(session, "A product has at most %d steps.",
                                                        BONUS_STEPS_MAX);
    }
    if (json_array_size(steps) > 0) {
        json_object_set(body, "bonus", steps);
    }
    json_decref(steps);
    return outcome;
}

static enum outcome cap_set(struct session *session, json_t *body)
{
    json_t *cap = NULL;
    const char *text = session_option(session, "cap");
    if (text == NULL) {
        return OUTCOME_DONE;
    }
    enum outcome outcome = session_money(session, text, &cap);
    if (outcome == OUTCOME_DONE) {
        json_object_set_new(body, "balance_cap", cap);
    }
    return outcome;
}

static enum outcome publish_run(struct session *session)
{
    json_t *body = json_object();
    session_set(body, "name", session_word(session, 0));
    session_set(body, "order", session_option(session, "order"));
    if (arguments_has(&session->arguments, "named")) {
        json_object_set_new(body, "named", json_true());
    }
    enum outcome outcome = number_set(session, "product", "product", body);
    if (outcome == OUTCOME_DONE) {
        outcome = number_set(session, "version", "version", body);
    }
    if (outcome == OUTCOME_DONE) {
        outcome = number_set(session, "bonus-days", "bonus_days", body);
    }
    if (outcome == OUTCOME_DONE) {
        outcome = number_set(session, "bonus-months", "bonus_months", body);
    }
    if (outcome == OUTCOME_DONE) {
        outcome = cap_set(session, body);
    }
    if (outcome == OUTCOME_DONE) {
        outcome = steps_set(session, body);
    }
    if (outcome == OUTCOME_DONE) {
        outcome = session_currency(session);
    }
    if (outcome != OUTCOME_DONE) {
        json_decref(body);
        return outcome;
    }
    session_set(body, "currency", session->currency);
    return session_post(session, "/v1/products", body, published_show);
}

static const struct option_form publish_options[] = {
    {"bonus", "AMOUNT:BONUS", "a step: who pays AMOUNT gets BONUS more; several times, rising"},
    {"bonus-days", "N", "the bonus ends N days after the top-up (default: never)"},
    {"bonus-months", "N", "or N months after it: on the same day, else on the month's last"},
    {"cap", "AMOUNT", "the highest balance that a top-up may reach"},
    {"order", "ORDER", "proportional (default), principal_first, bonus_first or expiry_first"},
    {"named", NULL, "the holder's name and id number are required"},
    {"product", "N", "a new version of that product, instead of a new product"},
    {"version", "N", "the version's number, to be sure that it is the next one"},
    {0},
};

const struct subcommand product_publish_command = {
    .name = "product publish",
    .group = group,
    .summary = "at the office: a new kind of card, or a new version of one",
    .usage = "NAME [--bonus AMOUNT:BONUS ..] [--cap AMOUNT] [--product N] ..",
    .example = "tally product publish \"储值卡\" --bonus 300:60 --bonus 500:120 --bonus-days 365",
    .options = publish_options,
    .words_min = 1,
    .words_max = 1,
    .run = publish_run,
};
