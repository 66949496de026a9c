#include "subcommands.h"

#include "output.h"
#include "session.h"

#include <stdio.h>

static void lots_show(const json_t *answer)
{
    static const struct label columns[] = {
        {"lot", "lot"},           {"kind", "bucket"},         {"state", "state"},
        {"to", "valid_to"},       {"issued", "issued"},       {"used", "used"},
        {"refunded", "refunded"}, {"expired", "expired"},     {"moved on", "moved_on"},
        {"left", "left"},         {"in flight", "in_flight"},
    };
    static const struct label holders[] = {{"branch", "journal"}, {"holds", "held"}};
    const json_t *lots = output_rows(answer, "entries");
    output_table(lots, LABELS(columns), "There was never anything on it.");
    for (size_t i = 0; i < json_array_size(lots); i++) {
        const json_t *lot = json_array_get(lots, i);
        const json_t *of_lot = output_at(lot, "holders");
        if (json_array_size(of_lot) > 0) {
            printf("\nHeld of lot %.8s..\n", output_text_at(lot, "lot"));
            output_table(of_lot, LABELS(holders), "");
        }
    }
    output_freshness(answer);
}

static enum outcome list_run(struct session *session)
{
    static const char *const filters[] = {"limit", "cursor"};
    struct client_path path = client_path_of("/v1/accounts");
    enum outcome outcome = session_account_id(session, session_word(session, 0), &path);
    if (outcome != OUTCOME_DONE) {
        return outcome;
    }
    client_path_segment(&path, "lots");
    for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++) {
        client_path_query(&path, filters[i], session_option(session, filters[i]));
    }
    return session_get(session, &path, lots_show);
}

static const struct option_form list_options[] = {
    {"limit", "N", "lots in one answer"},
    {"cursor", "TEXT", "go on where the answer before ended"},
    {0},
};

const struct subcommand lot_list_command = {
    .name = "lot list",
    .group = "Members and cards",
    .summary = "all lots that a card ever had: when they end, what became of them, who holds them",
    .usage = "CARD | ACCOUNT",
    .example = "tally lot list 8000010010000018",
    .options = list_options,
    .words_min = 1,
    .words_max = 1,
    .run = list_run,
};
