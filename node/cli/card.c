#include "subcommands.h"

#include "output.h"
#include "session.h"

static const char group[] = "Members and cards";

static void issued_show(const json_t *answer)
{
    static const struct label labels[] = {
        {"card", "card"},       {"account", "account"}, {"member", "member"},
        {"product", "product"}, {"version", "version"}, {"event", "event"},
        {"at", "at"},
    };
    puts("Card issued.");
    output_pairs(answer, LABELS(labels));
    printf("Next: tally topup %s 300.00\n", output_text_at(answer, "card"));
}

static enum outcome issue_run(struct session *session)
{
    uint64_t product = 0;
    const char *member = session_option(session, "member");
    const char *number = session_option(session, "product");
    if (member == NULL) {
        return session_misused(session, "--member is missing.");
    }
    if (number != NULL && !session_number(number, 1, UINT32_MAX, &product)) {
        return session_misused(session, "--product takes a product's number.");
    }
    json_t *body = json_object();
    session_set(body, "member", member);
    session_set(body, "form", session_option(session, "form"));
    if (product > 0) {
        json_object_set_new(body, "product", json_integer((json_int_t)product));
    }
    return session_post(session, "/v1/cards", body, issued_show);
}

static const struct option_form issue_options[] = {
    {"member", "ID", "the member's id (required)"},
    {"product", "N", "the product's number (default 1)"},
    {"form", "KIND", "plastic (default) or virtual"},
    {0},
};

const struct subcommand card_issue_command = {
    .name = "card issue",
    .group = group,
    .summary = "open an account for a member, with its first card",
    .usage = "--member ID [--product N] [--form plastic|virtual]",
    .example = "tally card issue --member 5d1f0a6c2b7e4f9081a2b3c4d5e6f708",
    .options = issue_options,
    .run = issue_run,
};

static void card_show(const json_t *answer)
{
    static const struct label labels[] = {
        {"cards", "cards"},          {"account", "account"},         {"member", "member"},
        {"product", "product.name"}, {"balance", "balance"},         {"principal", "principal"},
        {"bonus", "bonus"},          {"usable here", "usable_here"}, {"elsewhere", "elsewhere"},
        {"frozen", "frozen"},        {"has ended", "ended"},
    };
    output_pairs(answer, LABELS(labels));
    account_ends_show(answer);
    output_freshness(answer);
}

static enum outcome show_run(struct session *session)
{
    struct client_path path = client_path_of("/v1/accounts");
    enum outcome outcome = session_account_path(session, session_word(session, 0), &path);
    return outcome == OUTCOME_DONE ? session_get(session, &path, card_show) : outcome;
}

const struct subcommand card_show_command = {
    .name = "card show",
    .group = group,
    .summary = "what is on a card, and what of it can be spent here",
    .usage = "CARD",
    .example = "tally card show 8000010010000018",
    .words_min = 1,
    .words_max = 1,
    .run = show_run,
};
