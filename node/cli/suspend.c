#include "subcommands.h"

#include "output.h"
#include "session.h"

#include <stdio.h>

static void suspended_show(const json_t *answer)
{
    static const struct label labels[] = {{"branch", "branch"}, {"event", "event"}, {"at", "at"}};
    bool changed = json_is_true(output_at(answer, "changed"));
    puts(changed
             ? "Suspended. Who hears of it moves no more rights there, and it gets no lease:\n"
               "it sells what it holds until its lease is over. To end it: tally branch resume N"
             : "It is suspended already. Nothing was changed.");
    output_pairs(answer, LABELS(labels));
}

static void resumed_show(const json_t *answer)
{
    static const struct label labels[] = {{"branch", "branch"}, {"event", "event"}, {"at", "at"}};
    bool changed = json_is_true(output_at(answer, "changed"));
    puts(changed ? "Resumed. Rights are moved there again, and its lease is renewed on contact."
                 : "It is not suspended. Nothing was changed.");
    output_pairs(answer, LABELS(labels));
}

static enum outcome say(struct session *session, bool suspended)
{
    uint64_t branch = 0;
    if (!session_number(session_word(session, 0), 1, 99999, &branch)) {
        return session_misused(session, "BRANCH is its number: see tally branch list.");
    }
    json_t *body = json_object();
    json_object_set_new(body, "branch", json_integer((json_int_t)branch));
    json_object_set_new(body, "suspended", json_boolean(suspended));
    session_set(body, "reason", session_option(session, "reason"));
    return session_post(session, "/v1/suspensions", body,
                        suspended ? suspended_show : resumed_show);
}

static enum outcome suspend_run(struct session *session)
{
    return say(session, true);
}

static enum outcome resume_run(struct session *session)
{
    return say(session, false);
}

static const struct option_form options[] = {
    {"reason", "TEXT", "kept with it"},
    {0},
};

const struct subcommand branch_suspend_command = {
    .name = "branch suspend",
    .group = "Chain",
    .summary = "at the office: nobody moves rights to a branch, and it gets no lease",
    .usage = "BRANCH [--reason TEXT]",
    .example = "tally branch suspend 3 --reason \"the till is being examined\"",
    .options = options,
    .words_min = 1,
    .words_max = 1,
    .run = suspend_run,
};

const struct subcommand branch_resume_command = {
    .name = "branch resume",
    .group = "Chain",
    .summary = "at the office: end a suspension",
    .usage = "BRANCH [--reason TEXT]",
    .example = "tally branch resume 3",
    .options = options,
    .words_min = 1,
    .words_max = 1,
    .run = resume_run,
};
