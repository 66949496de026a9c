#include "subcommands.h"

#include "output.h"
#include "session.h"

static void holders_show(const json_t *lots)
{
    static const struct label columns[] = {{"branch", "journal"}, {"holds", "held"}};
    for (size_t i = 0; i < json_array_size(lots); i++) {
        const json_t *lot = json_array_get(lots, i);
        const json_t *holders = output_at(lot, "holders");
        if (json_array_size(holders) > 1) {
            printf("\nHeld of lot %.8s..\n", output_text_at(lot, "lot"));
            output_table(holders, LABELS(columns), "");
        }
    }
}

void account_ends_show(const json_t *answer)
{
    static const struct label columns[] = {{"ends with", "day"}, {"of it", "amount"}};
    const json_t *ends = output_rows(answer, "expiries");
    if (json_array_size(ends) > 0) {
        putchar('\n');
        output_table(ends, LABELS(columns), "");
    }
}

static void account_show(const json_t *answer)
{
    static const struct label labels[] = {
        {"account", "account"},
        {"member", "member"},
        {"cards", "cards"},
        {"product", "product.name"},
        {"version", "product.version"},
        {"frozen", "frozen"},
        {"balance", "balance"},
        {"owed", "owed"},
        {"principal", "principal"},
        {"bonus", "bonus"},
        {"usable here", "usable_here"},
        {"has ended", "ended"},
        {"elsewhere", "elsewhere"},
    };
    static const struct label columns[] = {
        {"lot", "lot"},   {"kind", "bucket"}, {"from", "valid_from"}, {"to", "valid_to"},
        {"left", "left"}, {"here", "here"},   {"coming", "coming"},   {"in flight", "in_flight"},
    };
    output_pairs(answer, LABELS(labels));
    putchar('\n');
    const json_t *lots = output_rows(answer, "lots");
    output_table(lots, LABELS(columns), "Nothing is left on it.");
    holders_show(lots);
    account_ends_show(answer);
    output_freshness(answer);
}

static enum outcome show_run(struct session *session)
{
    struct client_path path = client_path_of("/v1/accounts");
    enum outcome outcome = session_account_path(session, session_word(session, 0), &path);
    return outcome == OUTCOME_DONE ? session_get(session, &path, account_show) : outcome;
}

const struct subcommand account_show_command = {
    .name = "account show",
    .group = "Members and cards",
    .summary = "an account's parcels of value, and which branch holds what of them",
    .usage = "CARD | ACCOUNT",
    .example = "tally account show 8000010010000018",
    .words_min = 1,
    .words_max = 1,
    .run = show_run,
};
