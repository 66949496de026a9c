#include "subcommands.h"

#include "output.h"
#include "session.h"

static void list_show(const json_t *answer)
{
    static const struct label columns[] = {
        {"branch", "branch"},       {"journal", "journal"},    {"name", "name"},
        {"roles", "roles"},         {"blocks", "seq"},         {"last block", "at"},
        {"connected", "connected"}, {"quarantined", "frozen"}, {"suspended", "suspended"},
        {"retired", "retired"},     {"late", "late"},          {"to take over", "left"},
        {"made good", "made_good"}, {"endpoint", "endpoint"},
    };
    output_table(output_rows(answer, "entries"), LABELS(columns), "No branch is known.");
}

static enum outcome list_run(struct session *session)
{
    struct client_path path = client_path_of("/v1/branches");
    return session_get(session, &path, list_show);
}

const struct subcommand branch_list_command = {
    .name = "branch list",
    .group = "Chain",
    .summary = "the branches, how much is known of each, and who is connected",
    .usage = "",
    .example = "tally branch list",
    .run = list_run,
};
