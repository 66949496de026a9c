#include "subcommands.h"

#include "output.h"
#include "session.h"

static const char group[] = "Whole chain";

static void days_show(const json_t *answer)
{
    static const struct label columns[] = {
        {"day", "day"},
        {"branch", "branch"},
        {"top-ups", "topups"},
        {"paid in", "topup_principal"},
        {"bonus given", "topup_bonus"},
        {"sales", "sales"},
        {"of principal", "sale_principal"},
        {"of bonus", "sale_bonus"},
        {"refunds", "refunds"},
        {"principal back", "refund_principal"},
        {"bonus back", "refund_bonus"},
    };
    output_table(output_rows(answer, "entries"), LABELS(columns), "Nothing happened in that time.");
    output_freshness(answer);
}

static enum outcome days_run(struct session *session)
{
    static const char *const filters[] = {"from", "to", "branch", "limit", "cursor"};
    struct client_path path = client_path_of("/v1/office/days");
    for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++) {
        client_path_query(&path, filters[i], session_option(session, filters[i]));
    }
    return session_get(session, &path, days_show);
}

static const struct option_form days_options[] = {
    {"from", "DAY", "first day, like 2026-11-01"},
    {"to", "DAY", "last day"},
    {"branch", "N", "one branch only"},
    {"limit", "N", "lines in one answer"},
    {"cursor", "TEXT", "go on where the answer before ended"},
    {0},
};

const struct subcommand office_days_command = {
    .name = "office days",
    .group = group,
    .summary = "top-ups, sales and refunds by branch and day",
    .usage = "[--from DAY] [--to DAY] [--branch N]",
    .example = "tally office days --from 2026-11-01 --to 2026-11-30",
    .options = days_options,
    .run = days_run,
};

static void liability_show(const json_t *answer)
{
    static const struct label columns[] = {
        {"product", "product"}, {"kind", "bucket"},       {"issued", "issued"},
        {"spent", "spent"},     {"refunded", "refunded"}, {"made good", "made_good"},
        {"expired", "expired"}, {"held", "held"},         {"in flight", "in_flight"},
        {"left", "left"},
    };
    output_table(output_rows(answer, "entries"), LABELS(columns), "Nothing is owed to members.");
    output_freshness(answer);
}

static enum outcome liability_run(struct session *session)
{
    struct client_path path = client_path_of("/v1/office/liability");
    return session_get(session, &path, liability_show);
}

const struct subcommand office_liability_command = {
    .name = "office liability",
    .group = group,
    .summary = "what the chain owes its members, by product",
    .usage = "",
    .example = "tally office liability",
    .run = liability_run,
};

static void holders_show(const json_t *answer)
{
    static const struct label columns[] = {
        {"journal", "journal"}, {"name", "name"}, {"principal", "principal"}, {"bonus", "bonus"}};
    output_table(output_rows(answer, "entries"), LABELS(columns), "No branch holds anything.");
    output_freshness(answer);
}

static enum outcome holders_run(struct session *session)
{
    struct client_path path = client_path_of("/v1/office/holders");
    return session_get(session, &path, holders_show);
}

const struct subcommand office_holders_command = {
    .name = "office holders",
    .group = group,
    .summary = "how much each branch could spend without asking anybody",
    .usage = "",
    .example = "tally office holders",
    .run = holders_run,
};

static void branches_show(const json_t *answer)
{
    static const struct label columns[] = {
        {"branch", "branch"}, {"journal", "journal"}, {"name", "name"},
        {"blocks", "seq"},    {"last block", "at"},   {"connected", "connected"},
    };
    output_table(output_rows(answer, "entries"), LABELS(columns), "No branch is known.");
    output_freshness(answer);
}

static enum outcome branches_run(struct session *session)
{
    struct client_path path = client_path_of("/v1/office/branches");
    return session_get(session, &path, branches_show);
}

const struct subcommand office_branches_command = {
    .name = "office branches",
    .group = group,
    .summary = "the branches as the office sees them",
    .usage = "",
    .example = "tally office branches",
    .run = branches_run,
};
