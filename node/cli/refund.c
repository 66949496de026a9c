#include "subcommands.h"

#include "output.h"
#include "session.h"
#include "tender_option.h"

static const char group[] = "Money";

static void refund_show(const json_t *answer)
{
    static const struct label labels[] = {
        {"principal", "principal"},     {"bonus", "bonus"}, {"balance", "balance"},
        {"usable here", "usable_here"}, {"event", "event"}, {"at", "at"},
    };
    static const struct label columns[] = {{"hand out", "tender"}, {"amount", "amount"}};
    const json_t *tenders = output_rows(answer, "tenders");
    puts("Refunded.");
    output_pairs(answer, LABELS(labels));
    if (json_array_size(tenders) > 0) {
        putchar('\n');
        output_table(tenders, LABELS(columns), "");
    }
}

static enum outcome refund_run(struct session *session)
{
    json_t *amount = NULL;
    enum outcome outcome = session_money(session, session_word(session, 1), &amount);
    if (outcome != OUTCOME_DONE) {
        return outcome;
    }
    json_t *body = json_object();
    session_set(body, "sale", session_word(session, 0));
    json_object_set_new(body, "amount", amount);
    session_set(body, "reason", session_option(session, "reason"));
    outcome = tender_option_add(session, body);
    if (outcome != OUTCOME_DONE) {
        json_decref(body);
        return outcome;
    }
    return session_post(session, "/v1/refunds", body, refund_show);
}

static const struct option_form refund_options[] = {
    {"reason", "TEXT", "why"},
    {"tender", "NAME:AMOUNT", "give so much back in cash, bank_card .., the rest to the card"},
    {0},
};

const struct subcommand refund_command = {
    .name = "refund",
    .group = group,
    .summary = "take back a sale of any branch, whole or in part",
    .usage = "SALE AMOUNT [--reason TEXT] [--tender NAME:AMOUNT ..]",
    .example = "tally refund 2.1-17-0 10.00 --reason \"one cup was cold\"",
    .options = refund_options,
    .words_min = 2,
    .words_max = 2,
    .run = refund_run,
};

static void sale_show(const json_t *answer)
{
    static const struct label labels[] = {{"sale", "event"}, {"account", "account"}, {"at", "at"}};
    static const struct label columns[] = {{"lot", "lot"},
                                           {"kind", "bucket"},
                                           {"tender", "tender"},
                                           {"spent", "spent"},
                                           {"refunded", "refunded"}};
    static const struct label items[] = {
        {"item", "name"}, {"pieces", "quantity"}, {"list", "list"}, {"charged", "charged"}};
    output_pairs(answer, LABELS(labels));
    putchar('\n');
    if (json_array_size(output_rows(answer, "items")) > 0) {
        output_table(output_rows(answer, "items"), LABELS(items), "");
        putchar('\n');
    }
    output_table(output_rows(answer, "lines"), LABELS(columns), "The sale has no lines.");
}

static enum outcome sale_show_run(struct session *session)
{
    struct client_path path = client_path_of("/v1/sales");
    client_path_segment(&path, session_word(session, 0));
    return session_get(session, &path, sale_show);
}

const struct subcommand sale_show_command = {
    .name = "sale show",
    .group = group,
    .summary = "what was sold, which lots paid for it, and what was refunded",
    .usage = "SALE",
    .example = "tally sale show 2.1-17-0",
    .words_min = 1,
    .words_max = 1,
    .run = sale_show_run,
};
