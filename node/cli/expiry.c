/* What ended: what was burned, what is not burned yet, and the days of grace between the two. */
#include "subcommands.h"

#include "output.h"
#include "session.h"

#include <stdio.h>

enum { GRACE_DAYS_MAX = 3650 };

static void expired_show(const json_t *answer)
{
    static const struct label labels[] = {{"ended before", "today"},
                                          {"days of grace", "grace_days"},
                                          {"expired, burned", "burned"},
                                          {"expired, not yet burned", "not_burned"},
                                          {"the same, in flight", "in_flight"}};
    static const struct label columns[] = {
        {"branch", "branch"}, {"product", "product"},       {"kind", "bucket"},
        {"burned", "burned"}, {"not burned", "not_burned"}, {"in flight", "in_flight"}};
    output_pairs(answer, LABELS(labels));
    putchar('\n');
    output_table(output_rows(answer, "entries"), LABELS(columns), "Nothing has ended.");
    output_freshness(answer);
}

static enum outcome expired_run(struct session *session)
{
    static const char *const filters[] = {"from", "to"};
    struct client_path path = client_path_of("/v1/office/expired");
    for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++) {
        client_path_query(&path, filters[i], session_option(session, filters[i]));
    }
    return session_get(session, &path, expired_show);
}

static const struct option_form expired_options[] = {
    {"from", "DAY", "burned on this day or later, like 2026-11-01"},
    {"to", "DAY", "and on this day or earlier"},
    {0},
};

const struct subcommand office_expired_command = {
    .name = "office expired",
    .group = "Whole chain",
    .summary = "what has ended: burned, and not yet burned at a branch",
    .usage = "[--from DAY] [--to DAY]",
    .example = "tally office expired --from 2026-11-01",
    .options = expired_options,
    .run = expired_run,
};

static void set_show(const json_t *answer)
{
    static const struct label labels[] = {
        {"days of grace", "grace_days"}, {"event", "event"}, {"at", "at"}};
    puts("Set. Each branch follows it as soon as it hears of it.");
    output_pairs(answer, LABELS(labels));
}

static enum outcome set_run(struct session *session)
{
    uint64_t days = 0;
    const char *text = session_option(session, "expiry-grace");
    if (text == NULL || !session_number(text, 0, GRACE_DAYS_MAX, &days)) {
        return session_misused(session, "--expiry-grace takes a number of days, 0 to %d.",
                               GRACE_DAYS_MAX);
    }
    json_t *body = json_object();
    json_object_set_new(body, "grace_days", json_integer((json_int_t)days));
    return session_post(session, "/v1/expiry", body, set_show);
}

static const struct option_form set_options[] = {
    {"expiry-grace", "DAYS", "after a lot's last day, before branches burn what they hold of it"},
    {0},
};

const struct subcommand organisation_set_command = {
    .name = "organisation set",
    .group = "Chain",
    .summary = "at the office: days of grace before what has ended is burned",
    .usage = "--expiry-grace DAYS",
    .example = "tally organisation set --expiry-grace 7",
    .options = set_options,
    .run = set_run,
};
