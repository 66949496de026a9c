#include "subcommands.h"

#include "output.h"
#include "session.h"

#include <string.h>

static void retired_show(const json_t *answer)
{
    static const struct label labels[] = {
        {"branch", "branch"}, {"known up to block", "known_seq"}, {"since", "at"}};
    output_pairs(answer, LABELS(labels));
    puts(
        "\nFrom now on nobody sends rights to the branch, and the office takes over what it held,\n"
        "by itself. Sales made there that are not known yet still count when they turn up.\n\n"
        "  how far it is:       tally branch list\n"
        "  to open it again:    tally branch invite NAME --branch N");
}

static void resolved_show(const json_t *answer)
{
    static const struct label labels[] = {
        {"branch", "branch"}, {"stands up to block", "known_seq"}, {"since", "at"}};
    output_pairs(answer, LABELS(labels));
    puts("\nOf the two histories the one that the office holds stands, and every node comes to "
         "hold\n"
         "exactly that. Neither machine of the branch writes any more; the office takes over what "
         "the\n"
         "branch held. What the other machine sold that no node took is in its own store only: "
         "keep\n"
         "it, and settle those sales by hand.\n\n"
         "  how far it is:       tally branch list\n"
         "  to open it again:    tally branch invite NAME --branch N");
}

static enum outcome resolve_run(struct session *session)
{
    uint64_t branch = 0;
    if (!session_number(session_word(session, 0), 1, 99999, &branch)) {
        return session_misused(session, "BRANCH is its number: see tally node status.");
    }
    json_t *body = json_object();
    json_object_set_new(body, "branch", json_integer((json_int_t)branch));
    session_set(body, "kind", "forked");
    session_set(body, "reason", session_option(session, "reason"));
    return session_post(session, "/v1/retirements", body, resolved_show);
}

static const struct option_form resolve_options[] = {
    {"reason", "TEXT", "kept with it"},
    {0},
};

const struct subcommand branch_resolve_command = {
    .name = "branch resolve",
    .group = "Chain",
    .summary = "at the office: end the quarantine of a branch whose journal has two histories",
    .usage = "BRANCH [--reason TEXT]",
    .example = "tally branch resolve 3 --dir /var/lib/tally",
    .options = resolve_options,
    .words_min = 1,
    .words_max = 1,
    .run = resolve_run,
};

static bool is_kind(const char *kind)
{
    return kind != NULL && (strcmp(kind, "lost") == 0 || strcmp(kind, "closed") == 0 ||
                            strcmp(kind, "stolen") == 0);
}

static enum outcome retire_run(struct session *session)
{
    uint64_t branch = 0;
    const char *kind = session_option(session, "kind");
    if (!session_number(session_word(session, 0), 1, 99999, &branch)) {
        return session_misused(session, "BRANCH is its number: see tally branch list.");
    }
    if (!is_kind(kind)) {
        return session_misused(session, "--kind takes lost, closed or stolen.");
    }
    json_t *body = json_object();
    json_object_set_new(body, "branch", json_integer((json_int_t)branch));
    session_set(body, "kind", kind);
    session_set(body, "reason", session_option(session, "reason"));
    return session_post(session, "/v1/retirements", body, retired_show);
}

static const struct option_form retire_options[] = {
    {"kind", "KIND", "lost (gone), closed (connected, for good) or stolen (no node talks to it)"},
    {"reason", "TEXT", "kept with it"},
    {0},
};

const struct subcommand branch_retire_command = {
    .name = "branch retire",
    .group = "Chain",
    .summary = "at the office: end a branch's journal and take over what it held",
    .usage = "BRANCH --kind lost|closed|stolen [--reason TEXT]",
    .example = "tally branch retire 3 --kind lost --reason \"burned down\" --dir /var/lib/tally",
    .options = retire_options,
    .words_min = 1,
    .words_max = 1,
    .run = retire_run,
};
