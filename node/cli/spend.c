#include "subcommands.h"

#include "money_text.h"
#include "output.h"
#include "session.h"
#include "tender_option.h"

#include "tally/bounds.h"

#include <stdio.h>
#include <string.h>

enum { WAIT_MS_MAX = 60000 };

static void spend_show(const json_t *answer)
{
    static const struct label labels[] = {
        {"principal", "principal"},
        {"bonus", "bonus"},
        {"uncovered", "uncovered"},
        {"balance", "balance"},
        {"usable here", "usable_here"},
        {"waited for peers, ms", "pulled_ms"},
        {"event", "event"},
        {"at", "at"},
    };
    const json_t *uncovered = output_at(answer, "uncovered.minor");
    bool all = json_integer_value(uncovered) == 0;
    puts(all ? "Paid." : "Approved, uncovered: part of it is covered when the line is back.");
    output_pairs(answer, LABELS(labels));
    printf("To take it back: tally refund %s AMOUNT\n", output_text_at(answer, "event"));
}

/* "name:quantity:price", price of all pieces; the name may hold colons. */
static enum outcome item_add(const struct session *session, const char *text, json_t *items)
{
    char name[ITEM_NAME_SIZE_MAX + 1];
    char quantity_text[16];
    uint64_t quantity = 0;
    int64_t price = 0;
    const char *last = strrchr(text, ':');
    const char *middle = last;
    while (middle != NULL && middle > text && *--middle != ':') {
    }
    if (last == NULL || middle == text || *middle != ':') {
        return session_misused(session, "--item is written name:quantity:price, like tea:2:18.00.");
    }
    size_t name_size = (size_t)(middle - text);
    size_t quantity_size = (size_t)(last - middle - 1);
    if (name_size >= sizeof name || quantity_size >= sizeof quantity_text) {
        return session_misused(session, "An item's name has at most %d bytes.", ITEM_NAME_SIZE_MAX);
    }
    (void)snprintf(name, sizeof name, "%.*s", (int)name_size, text);
    (void)snprintf(quantity_text, sizeof quantity_text, "%.*s", (int)quantity_size, middle + 1);
    if (!session_number(quantity_text, 1, UINT32_MAX, &quantity)) {
        return session_misused(session, "\"%s\" is not a quantity.", quantity_text);
    }
    if (!money_text_parse_zero(last + 1, session->currency, &price)) {
        return session_misused(session, "\"%s\" is not a price in %s.", last + 1,
                               session->currency);
    }
    json_t *item = json_object();
    session_set(item, "name", name);
    json_object_set_new(item, "quantity", json_integer((json_int_t)quantity));
    json_object_set_new(item, "charged", json_integer((json_int_t)price));
    json_array_append_new(items, item);
    return OUTCOME_DONE;
}

static enum outcome items_add(struct session *session, json_t *body)
{
    enum outcome outcome = OUTCOME_DONE;
    json_t *items = json_array();
    const char *text = arguments_option_nth(&session->arguments, "item", 0);
    for (uint32_t i = 0; text != NULL && outcome == OUTCOME_DONE; i++) {
        outcome = i < SALE_ITEMS_MAX
                      ? item_add(session, text, items)
                      : session_misused(session, "A sale lists at most %d items.", SALE_ITEMS_MAX);
        text = arguments_option_nth(&session->arguments, "item", i + 1);
    }
    if (json_array_size(items) > 0) {
        json_object_set(body, "items", items);
    }
    json_decref(items);
    return outcome;
}

static enum outcome spend_run(struct session *session)
{
    uint64_t wait_ms = 0;
    json_t *amount = NULL;
    json_t *body = json_object();
    const char *wait = session_option(session, "wait-ms");
    enum outcome outcome = session_account(session, session_word(session, 0), body);
    if (outcome == OUTCOME_DONE && wait != NULL &&
        !session_number(wait, 1, WAIT_MS_MAX, &wait_ms)) {
        outcome = session_misused(session, "--wait-ms takes 1 to %d.", WAIT_MS_MAX);
    }
    if (outcome == OUTCOME_DONE) {
        outcome = session_money(session, session_word(session, 1), &amount);
    }
    if (outcome == OUTCOME_DONE) {
        json_object_set_new(body, "amount", amount);
        outcome = items_add(session, body);
    }
    if (outcome == OUTCOME_DONE) {
        outcome = tender_option_add(session, body);
    }
    if (outcome != OUTCOME_DONE) {
        json_decref(body);
        return outcome;
    }
    if (wait_ms > 0) {
        json_object_set_new(body, "wait_ms", json_integer((json_int_t)wait_ms));
    }
    return session_post(session, "/v1/spends", body, spend_show);
}

static const struct option_form spend_options[] = {
    {"item", "NAME:QTY:PRICE", "what was sold; may be given several times"},
    {"tender", "NAME:AMOUNT", "what else pays for the same sale, in the order of use"},
    {"wait-ms", "N", "how long to wait for other branches to lend rights"},
    {0},
};

const struct subcommand spend_command = {
    .name = "spend",
    .group = "Money",
    .summary = "pay from a card",
    .usage = "CARD AMOUNT [--item NAME:QTY:PRICE ..] [--tender NAME:AMOUNT ..]",
    .example = "tally spend 8000010010000018 45.00 --item 龙井:1:45.00",
    .options = spend_options,
    .words_min = 2,
    .words_max = 2,
    .run = spend_run,
};
