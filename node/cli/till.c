#include "subcommands.h"

#include "output.h"
#include "session.h"

static const char group[] = "Chain";

static void added_show(const json_t *answer)
{
    static const struct label labels[] = {
        {"till", "till"}, {"name", "name"}, {"role", "role"}, {"token", "token"}};
    output_pairs(answer, LABELS(labels));
    puts("The token is shown this once; the node keeps only its hash.");
}

static enum outcome add_run(struct session *session)
{
    const char *name = session_option(session, "name");
    if (name == NULL) {
        name = session_word(session, 0);
    }
    if (name == NULL) {
        return session_misused(session, "The till needs a name.");
    }
    json_t *body = json_object();
    session_set(body, "name", name);
    session_set(body, "role", session_option(session, "role"));
    return session_post(session, "/v1/tills", body, added_show);
}

static const struct option_form add_options[] = {
    {"name", "NAME", "of the till, if it is not given as a word"},
    {"role", "ROLE", "till (default), manager, office or operator"},
    {0},
};

const struct subcommand till_add_command = {
    .name = "till add",
    .group = group,
    .summary = "register a till at this node and make its token",
    .usage = "NAME [--role ROLE]",
    .example = "tally till add \"Till 1\" --role till",
    .options = add_options,
    .words_max = 1,
    .run = add_run,
};

static void list_show(const json_t *answer)
{
    static const struct label columns[] = {
        {"till", "till"}, {"name", "name"}, {"role", "role"}, {"since", "created"}};
    output_table(output_rows(answer, "entries"), LABELS(columns), "No till is registered.");
}

static enum outcome list_run(struct session *session)
{
    struct client_path path = client_path_of("/v1/tills");
    return session_get(session, &path, list_show);
}

const struct subcommand till_list_command = {
    .name = "till list",
    .group = group,
    .summary = "the tills of this node",
    .usage = "",
    .example = "tally till list",
    .run = list_run,
};
