/* Value set aside for an order: a room, a table, a bill that is not written yet. */
#include "subcommands.h"

#include "output.h"
#include "session.h"

#include "tally/bounds.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const char group[] = "Money";

enum { MINUTES_MAX = 400 * 24 * 60, MINUTES_USUAL = 60, TIME_TEXT_SIZE = 32 };

static void placed_show(const json_t *answer)
{
    static const struct label labels[] = {
        {"hold", "hold"},
        {"until", "until"},
        {"principal", "principal"},
        {"bonus", "bonus"},
        {"balance", "balance"},
        {"on hold", "on_hold"},
        {"usable here", "usable_here"},
    };
    puts("Set aside.");
    output_pairs(answer, LABELS(labels));
    printf("To be paid: tally hold capture %s AMOUNT\n", output_text_at(answer, "hold"));
}

/* `minutes` from now, in UTC. */
static void time_text(uint64_t minutes, char text[static TIME_TEXT_SIZE])
{
    time_t when = time(NULL) + (time_t)minutes * 60;
    struct tm parts;
    (void)gmtime_r(&when, &parts);
    (void)strftime(text, TIME_TEXT_SIZE, "%Y-%m-%dT%H:%M:%SZ", &parts);
}

static enum outcome place_run(struct session *session)
{
    uint64_t minutes = MINUTES_USUAL;
    json_t *amount = NULL;
    json_t *body = json_object();
    const char *until = session_option(session, "until");
    const char *given = session_option(session, "minutes");
    enum outcome outcome = session_account(session, session_word(session, 0), body);
    if (outcome == OUTCOME_DONE && given != NULL &&
        !session_number(given, 1, MINUTES_MAX, &minutes)) {
        outcome = session_misused(session, "--minutes takes 1 to %d.", MINUTES_MAX);
    }
    if (outcome == OUTCOME_DONE) {
        outcome = session_money(session, session_word(session, 1), &amount);
    }
    if (outcome != OUTCOME_DONE) {
        json_decref(body);
        return outcome;
    }
    char text[TIME_TEXT_SIZE];
    time_text(minutes, text);
    json_object_set_new(body, "amount", amount);
    session_set(body, "until", until == NULL ? text : until);
    session_set(body, "order", session_option(session, "order"));
    return session_post(session, "/v1/holds", body, placed_show);
}

static const struct option_form place_options[] = {
    {"order", "TEXT", "what for: a room, a table, a bill"},
    {"minutes", "N", "how long it stands; 60 if left out"},
    {"until", "TIME", "until when instead, as in 2026-11-21T21:59:53Z"},
    {0},
};

const struct subcommand hold_place_command = {
    .name = "hold place",
    .group = group,
    .summary = "set value of a card aside for an order",
    .usage = "CARD AMOUNT [--order TEXT] [--minutes N | --until TIME]",
    .example = "tally hold place 8000010010000018 200.00 --order \"room 12\" --minutes 1440",
    .options = place_options,
    .words_min = 2,
    .words_max = 2,
    .run = place_run,
};

static void ended_show(const json_t *answer)
{
    static const struct label labels[] = {
        {"principal", "principal"},     {"bonus", "bonus"},
        {"balance", "balance"},         {"on hold", "on_hold"},
        {"usable here", "usable_here"}, {"event", "event"},
    };
    output_pairs(answer, LABELS(labels));
}

static void captured_show(const json_t *answer)
{
    puts("Paid out of the hold; what was left of it is free again.");
    ended_show(answer);
    printf("To take it back: tally refund %s AMOUNT\n", output_text_at(answer, "event"));
}

static void released_show(const json_t *answer)
{
    puts("Released: it can be spent again.");
    ended_show(answer);
}

static enum outcome end_run(struct session *session, const char *what, json_t *body,
                            void (*show)(const json_t *))
{
    struct client_path path = client_path_of("/v1/holds");
    client_path_segment(&path, session_word(session, 0));
    client_path_segment(&path, what);
    return session_post(session, path.text, body, show);
}

static enum outcome capture_run(struct session *session)
{
    json_t *amount = NULL;
    enum outcome outcome = session_money(session, session_word(session, 1), &amount);
    if (outcome != OUTCOME_DONE) {
        return outcome;
    }
    json_t *body = json_object();
    json_object_set_new(body, "amount", amount);
    return end_run(session, "capture", body, captured_show);
}

static enum outcome release_run(struct session *session)
{
    return end_run(session, "release", json_object(), released_show);
}

const struct subcommand hold_capture_command = {
    .name = "hold capture",
    .group = group,
    .summary = "pay with what was set aside, or with a part; the rest is free again",
    .usage = "HOLD AMOUNT",
    .example = "tally hold capture 2.1-17-0 150.00",
    .words_min = 2,
    .words_max = 2,
    .run = capture_run,
};

const struct subcommand hold_release_command = {
    .name = "hold release",
    .group = group,
    .summary = "give back what was set aside",
    .usage = "HOLD",
    .example = "tally hold release 2.1-17-0",
    .words_min = 1,
    .words_max = 1,
    .run = release_run,
};

static void hold_show(const json_t *answer)
{
    static const struct label labels[] = {
        {"hold", "hold"},
        {"order", "order"},
        {"branch", "branch"},
        {"state", "state"},
        {"at", "at"},
        {"until", "until"},
        {"principal", "principal"},
        {"bonus", "bonus"},
        {"captured", "captured"},
        {"account", "account"},
        {"ended at", "ended_at"},
        {"ended by", "ended_by"},
    };
    output_pairs(answer, LABELS(labels));
}

static enum outcome show_run(struct session *session)
{
    struct client_path path = client_path_of("/v1/holds");
    client_path_segment(&path, session_word(session, 0));
    return session_get(session, &path, hold_show);
}

const struct subcommand hold_show_command = {
    .name = "hold show",
    .group = group,
    .summary = "what was set aside, and what became of it",
    .usage = "HOLD",
    .example = "tally hold show 2.1-17-0",
    .words_min = 1,
    .words_max = 1,
    .run = show_run,
};

static void list_show(const json_t *answer)
{
    static const struct label columns[] = {
        {"hold", "hold"},   {"order", "order"},   {"branch", "branch"},
        {"until", "until"}, {"amount", "amount"}, {"state", "state"},
    };
    output_table(output_rows(answer, "entries"), LABELS(columns), "Nothing is set aside.");
}

static enum outcome list_run(struct session *session)
{
    struct client_path path = client_path_of("/v1/accounts");
    client_path_segment(&path, session_word(session, 0));
    client_path_segment(&path, "holds");
    return session_get(session, &path, list_show);
}

const struct subcommand hold_list_command = {
    .name = "hold list",
    .group = group,
    .summary = "what is set aside of an account, for which orders",
    .usage = "ACCOUNT",
    .example = "tally hold list 0123456789abcdef0123456789abcdef",
    .words_min = 1,
    .words_max = 1,
    .run = list_run,
};
