#include "subcommands.h"

#include "output.h"
#include "session.h"

#include <inttypes.h>
#include <string.h>

static const char group[] = "Whole chain";

/* Says what to do about each journal in quarantine. */
static void quarantine_show(const json_t *rows)
{
    static const struct label columns[] = {{"branch", "branch"},   {"journal", "journal"},
                                           {"at block", "seq"},    {"seen", "seen_at"},
                                           {"told by", "told_by"}, {"the two blocks", "blocks"}};
    if (json_array_size(rows) == 0) {
        return;
    }
    puts("\nIn quarantine: two machines have written in one journal (a restored backup, a clone).\n"
         "Nothing more is taken of it. At the office: tally branch resolve BRANCH");
    output_table(rows, LABELS(columns), "");
}

static void node_show(const json_t *answer)
{
    static const struct label labels[] = {
        {"node", "name"},
        {"organisation", "organisation"},
        {"journal", "journal"},
        {"roles", "roles"},
        {"network", "network"},
        {"own blocks", "head_seq"},
        {"authority blocks", "auth_seq"},
        {"authority key", "auth_epoch"},
        {"renew it before", "auth_until"},
        {"events", "events"},
        {"blocks", "blocks"},
        {"not yet at a peer", "unreplicated"},
        {"the oldest of them, ms", "unreplicated_ms"},
        {"peers connected", "peers"},
        {"spends waiting", "parked"},
        {"rights asked for", "pulls_asked"},
        {"rights lent", "pulls_served"},
        {"rights sent ahead", "spread_moves"},
        {"distribution", "spread"},
        {"  second branch, %", "spread_second"},
        {"  at most", "spread_second_max"},
        {"  vault, %", "spread_vault"},
        {"  only above", "spread_threshold"},
        {"  ceiling an account", "spread_account_max"},
        {"  ceiling a branch", "spread_branch_max"},
        {"lease until", "lease_until"},
        {"  whole days left", "lease_days_left"},
        {"  it is over", "lease_over"},
        {"confirmed up to block", "checkpoint_seq"},
        {"  on day", "checkpoint_day"},
        {"alarms", "alarms"},
        {"  other remainders", "divergences"},
        {"invalid events", "invalid_events"},
        {"events of a newer version", "unknown_events"},
        {"frontier", "frontier"},
        {"state", "state"},
        {"up to date", "synced"},
        {"read only", "read_only"},
        {"retired by the office", "retired"},
        {"taking over from retired", "settling"},
    };
    output_pairs(answer, LABELS(labels));
    quarantine_show(output_rows(answer, "quarantined"));
}

static enum outcome node_run(struct session *session)
{
    struct client_path path = client_path_of("/v1/node");
    return session_get(session, &path, node_show);
}

const struct subcommand node_status_command = {
    .name = "node status",
    .group = group,
    .summary = "this node: its journal, its peers, what waits",
    .usage = "",
    .example = "tally node status",
    .run = node_run,
};

/* The node as it says of itself, beside the branches as it sees them. */
struct view {
    const char *journal;
    json_int_t head_seq;
};

/* How far the row's node has followed ours, as it last said. */
static void lag_print(const json_t *row, const struct view *own, char text[static CELL_SIZE])
{
    json_int_t they_hold = json_integer_value(output_at(row, "their_seq"));
    const char *journal = output_text_at(row, "journal");
    if (strcmp(journal, own->journal) == 0) {
        (void)snprintf(text, CELL_SIZE, "this node");
    } else if (strncmp(journal, "0.", 2) == 0) {
        text[0] = '\0'; /* the authority is not a node */
    } else if (!json_is_true(output_at(row, "connected"))) {
        (void)snprintf(text, CELL_SIZE, "not connected");
    } else if (they_hold < own->head_seq) {
        (void)snprintf(text, CELL_SIZE, "lacks %" JSON_INTEGER_FORMAT " of our blocks",
                       own->head_seq - they_hold);
    } else {
        (void)snprintf(text, CELL_SIZE, "has all of ours");
    }
}

static void sync_show(const json_t *answer)
{
    static const struct label columns[] = {
        {"journal", "journal"}, {"name", "name"},           {"blocks here", "seq"},
        {"last block", "at"},   {"connected", "connected"}, {"heard, ms ago", "heard_ms"},
        {"follows us", "lag"},
    };
    output_table(output_rows(answer, "entries"), LABELS(columns), "No other branch is known.");
    output_freshness(answer);
}

/* Adds to each row what only the node itself can say. */
static void lags_add(const json_t *node, json_t *branches)
{
    struct view own = {.journal = output_text_at(node, "journal"),
                       .head_seq = json_integer_value(output_at(node, "head_seq"))};
    json_t *rows = json_object_get(branches, "entries");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        char text[CELL_SIZE];
        json_t *row = json_array_get(rows, i);
        lag_print(row, &own, text);
        json_object_set_new(row, "lag", json_string(text));
    }
}

static enum outcome sync_run(struct session *session)
{
    struct client_path node_path = client_path_of("/v1/node");
    struct client_path path = client_path_of("/v1/branches");
    json_t *node = NULL;
    json_t *branches = NULL;
    enum outcome outcome = session_fetch(session, &node_path, &node);
    if (outcome == OUTCOME_DONE) {
        outcome = session_fetch(session, &path, &branches);
    }
    if (outcome == OUTCOME_DONE && session->json) {
        output_json(branches);
    } else if (outcome == OUTCOME_DONE) {
        lags_add(node, branches);
        sync_show(branches);
    }
    json_decref(branches);
    json_decref(node);
    return outcome;
}

const struct subcommand sync_status_command = {
    .name = "sync status",
    .group = group,
    .summary = "how far each branch's journal is known here, and who follows ours",
    .usage = "",
    .example = "tally sync status",
    .run = sync_run,
};
