#include "subcommands.h"

#include "output.h"
#include "session.h"

#include <inttypes.h>
#include <string.h>

static const char group[] = "Whole chain";

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
        {"events", "events"},
        {"blocks", "blocks"},
        {"not yet at a peer", "unreplicated"},
        {"the oldest of them, ms", "unreplicated_ms"},
        {"peers connected", "peers"},
        {"spends waiting", "parked"},
        {"rights asked for", "pulls_asked"},
        {"rights lent", "pulls_served"},
        {"alarms", "alarms"},
        {"invalid events", "invalid_events"},
        {"frontier", "frontier"},
        {"state", "state"},
        {"up to date", "synced"},
        {"read only", "read_only"},
    };
    output_pairs(answer, LABELS(labels));
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

/* "up to date", or by how many blocks who lags; "?" while there is no connection to ask. */
static void lag_print(const json_t *row, char text[static CELL_SIZE])
{
    json_int_t they_say = json_integer_value(output_at(row, "their_seq"));
    if (!json_is_true(output_at(row, "connected"))) {
        snprintf(text, CELL_SIZE, "not connected");
    } else if (they_say > json_integer_value(output_at(row, "seq"))) {
        snprintf(text, CELL_SIZE, "we lack %" JSON_INTEGER_FORMAT " of their blocks",
                 they_say - json_integer_value(output_at(row, "seq")));
    } else {
        snprintf(text, CELL_SIZE, "%s", "up to date");
    }
}

static void sync_show(const json_t *answer)
{
    static const struct label columns[] = {
        {"journal", "journal"}, {"name", "name"},
        {"blocks here", "seq"}, {"they have", "their_seq"},
        {"last block", "at"},   {"heard, ms ago", "heard_ms"},
        {"lag", "lag"},
    };
    const json_t *rows = output_rows(answer, "entries");
    json_t *shown = json_deep_copy(rows);
    for (size_t i = 0; i < json_array_size(shown); i++) {
        char text[CELL_SIZE];
        json_t *row = json_array_get(shown, i);
        lag_print(row, text);
        json_object_set_new(row, "lag", json_string(text));
    }
    output_table(shown, LABELS(columns), "No other branch is known.");
    json_decref(shown);
    output_freshness(answer);
}

static enum outcome sync_run(struct session *session)
{
    struct client_path path = client_path_of("/v1/branches");
    return session_get(session, &path, sync_show);
}

const struct subcommand sync_status_command = {
    .name = "sync status",
    .group = group,
    .summary = "how far each branch's journal is known here, and who lags",
    .usage = "",
    .example = "tally sync status",
    .run = sync_run,
};
