#include "subcommands.h"

#include "output.h"
#include "session.h"

enum { HOURS_MAX = 24 * 30 };

static void invited_show(const json_t *answer)
{
    static const struct label labels[] = {{"branch", "branch"}, {"until", "until"}};
    puts("Invited. The token works once; whoever has it can become this branch.");
    output_pairs(answer, LABELS(labels));
    const char *token = output_text_at(answer, "token");
    printf("\n%s\n\nOn the branch's machine:\n  tally branch join %s --dir /var/lib/tally\n", token,
           token);
}

static enum outcome invite_run(struct session *session)
{
    uint64_t hours = 0;
    const char *given = session_option(session, "hours");
    if (given != NULL && !session_number(given, 1, HOURS_MAX, &hours)) {
        return session_misused(session, "--hours takes 1 to %d.", HOURS_MAX);
    }
    uint64_t branch = 0;
    const char *again = session_option(session, "branch");
    if (again != NULL && !session_number(again, 1, 99999, &branch)) {
        return session_misused(session, "--branch takes the number of a branch that was retired.");
    }
    json_t *body = json_object();
    session_set(body, "name", session_word(session, 0));
    if (again != NULL) {
        json_object_set_new(body, "branch", json_integer((json_int_t)branch));
    }
    if (given != NULL) {
        json_object_set_new(body, "hours", json_integer((json_int_t)hours));
    }
    return session_post(session, "/v1/invitations", body, invited_show);
}

static const struct option_form invite_options[] = {
    {"hours", "N", "how long the token works (default 24)"},
    {"branch", "N", "open this branch again, whose journal was retired"},
    {0},
};

const struct subcommand branch_invite_command = {
    .name = "branch invite",
    .group = "Chain",
    .summary = "at the office: make the one-time token with which a new branch joins",
    .usage = "NAME [--hours N] [--branch N]",
    .example = "tally branch invite \"河坊街店\" --hours 24 --dir /var/lib/tally\n"
               "tally branch invite \"河坊街店\" --branch 3 --dir /var/lib/tally",
    .options = invite_options,
    .words_min = 1,
    .words_max = 1,
    .run = invite_run,
};
