#include "subcommands.h"

#include "output.h"
#include "session.h"

#include <string.h>

static const char group[] = "Members and cards";

static void added_show(const json_t *answer)
{
    static const struct label labels[] = {{"member", "member"}, {"event", "event"}, {"at", "at"}};
    puts("Enrolled.");
    output_pairs(answer, LABELS(labels));
    printf("Next: tally card issue --member %s\n", output_text_at(answer, "member"));
}

static enum outcome add_run(struct session *session)
{
    static const char *const fields[] = {"phone", "id-number", "birthday", "email", "note"};
    static const char *const names[] = {"phone", "id_number", "birthday", "email", "note"};
    const char *name = session_option(session, "name");
    if (name == NULL) {
        return session_misused(session, "--name is missing.");
    }
    json_t *body = json_object();
    session_set(body, "name", name);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        session_set(body, names[i], session_option(session, fields[i]));
    }
    return session_post(session, "/v1/members", body, added_show);
}

static const struct option_form add_options[] = {
    {"name", "NAME", "the person's name (required)"},
    {"phone", "PHONE", "5 to 20 digits, + in front if need be"},
    {"id-number", "TEXT", "for products that require it"},
    {"birthday", "MM-DD", "or YYYY-MM-DD"},
    {"email", "ADDRESS", ""},
    {"note", "TEXT", ""},
    {0},
};

const struct subcommand member_add_command = {
    .name = "member add",
    .group = group,
    .summary = "enrol a person",
    .usage = "--name NAME [--phone PHONE] [--birthday MM-DD] ..",
    .example = "tally member add --name 王芳 --phone 13800000001",
    .options = add_options,
    .run = add_run,
};

static void found_show(const json_t *answer)
{
    static const struct label labels[] = {
        {"member", "member"},
        {"name", "fields.name"},
        {"phone", "fields.phone"},
        {"id number", "fields.id_number"},
        {"birthday", "fields.birthday"},
        {"email", "fields.email"},
        {"note", "fields.note"},
        {"home branch", "home_branch"},
        {"accounts", "accounts"},
    };
    output_pairs(answer, LABELS(labels));
    const json_t *locked = output_at(answer, "locked");
    if (json_array_size(locked) > 0) {
        char text[CELL_SIZE];
        output_cell(locked, text);
        printf("  This branch has no key (yet) for: %s\n", text);
    }
}

static void account_show(const json_t *answer)
{
    static const struct label labels[] = {
        {"account", "account"},         {"cards", "cards"},         {"balance", "balance"},
        {"usable here", "usable_here"}, {"elsewhere", "elsewhere"}, {"frozen", "frozen"},
    };
    putchar('\n');
    output_pairs(answer, LABELS(labels));
    output_freshness(answer);
}

/* The person, then what is on each of the accounts; with --json the person alone, as the node says.
 */
static enum outcome find_and_show(struct session *session, const struct client_path *path)
{
    if (session->json) {
        return session_get(session, path, found_show);
    }
    json_t *member = NULL;
    enum outcome outcome = session_fetch(session, path, &member);
    if (outcome != OUTCOME_DONE) {
        return outcome;
    }
    found_show(member);
    const json_t *accounts = output_at(member, "accounts");
    for (size_t i = 0; outcome == OUTCOME_DONE && i < json_array_size(accounts); i++) {
        struct client_path account = client_path_of("/v1/accounts");
        client_path_segment(&account, json_string_value(json_array_get(accounts, i)));
        outcome = session_get(session, &account, account_show);
    }
    json_decref(member);
    return outcome;
}

static enum outcome find_run(struct session *session)
{
    const char *id = session_word(session, 0);
    const char *phone = session_option(session, "phone");
    const char *card = session_option(session, "card");
    struct client_path path = client_path_of("/v1/members");
    if ((id != NULL) + (phone != NULL) + (card != NULL) != 1) {
        return session_misused(session, "Give one of: a member's id, --phone, --card.");
    }
    if (id != NULL) {
        client_path_segment(&path, id);
    } else if (card != NULL) {
        enum outcome outcome = session_account_path(session, card, &path);
        if (outcome != OUTCOME_DONE) {
            return outcome;
        }
        if (strstr(path.text, "?card=") == NULL) {
            return session_misused(session, "--card takes a card number (16 digits).");
        }
    } else {
        client_path_query(&path, "phone", phone);
    }
    return find_and_show(session, &path);
}

static const struct option_form find_options[] = {
    {"phone", "PHONE", "by telephone number"},
    {"card", "NUMBER", "by the number of one of the cards"},
    {0},
};

const struct subcommand member_find_command = {
    .name = "member find",
    .group = group,
    .summary = "find a person by id, telephone or card",
    .usage = "ID | --phone PHONE | --card NUMBER",
    .example = "tally member find --phone 13800000001",
    .options = find_options,
    .words_max = 1,
    .run = find_run,
};
