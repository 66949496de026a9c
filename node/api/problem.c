#include "problem.h"

#include "names.h"

#include <stdio.h>

static const struct {
    unsigned status;
    const char *code; /* NULL: the verdict's name */
    enum verdict verdict;
    const char *title;
} problems[PROBLEM_COUNT] = {
    [PROBLEM_TARGET] = {400, "target", VERDICT_ALLOWED, "The address is not acceptable"},
    [PROBLEM_QUERY] = {400, "query", VERDICT_ALLOWED, "A query parameter is not acceptable"},
    [PROBLEM_JSON] = {400, "json", VERDICT_ALLOWED, "The body is not acceptable JSON"},
    [PROBLEM_KEY] = {400, "key", VERDICT_ALLOWED, "The Idempotency-Key is missing or wrong"},
    [PROBLEM_TOKEN] = {401, "token", VERDICT_ALLOWED, "No token that this node knows"},
    [PROBLEM_FORBIDDEN] = {403, "forbidden", VERDICT_ALLOWED, "The token's role is not enough"},
    [PROBLEM_NOT_FOUND] = {404, "not_found", VERDICT_ALLOWED, "There is nothing at this address"},
    [PROBLEM_METHOD] = {405, "method", VERDICT_ALLOWED, "The method is not possible here"},
    [PROBLEM_NAME_TAKEN] = {409, "name_taken", VERDICT_ALLOWED, "The name is taken"},
    [PROBLEM_CONTENT_TYPE] = {415, "content_type", VERDICT_ALLOWED, "The body is not JSON"},
    [PROBLEM_MEMBER] = {422, "unknown_field", VERDICT_ALLOWED, "The body has an unknown member"},
    [PROBLEM_FIELD] = {422, NULL, REFUSED_FIELD, "A value is not acceptable"},
    [PROBLEM_MISSING] = {422, NULL, REFUSED_MISSING_FIELD, "A value is missing"},
    [PROBLEM_AMOUNT] = {422, NULL, REFUSED_AMOUNT, "The amount is not acceptable"},
    [PROBLEM_CURRENCY] = {422, NULL, REFUSED_CURRENCY, "The currency is not acceptable"},
    [PROBLEM_UNKNOWN] = {503, "unknown", VERDICT_ALLOWED, "The outcome is not known"},
    [PROBLEM_BUSY] = {503, NULL, REFUSED_BUSY, "The node is busy"},
    [PROBLEM_SPACE] = {507, NULL, REFUSED_SPACE, "The disk is full"},
    [PROBLEM_INTERNAL] = {500, "internal", VERDICT_ALLOWED, "The node made a mistake"},
};

unsigned problem_status(enum problem problem)
{
    return problems[problem].status;
}

const char *problem_code(enum problem problem)
{
    return problems[problem].code != NULL ? problems[problem].code
                                          : verdict_name(problems[problem].verdict);
}

const char *problem_title(enum problem problem)
{
    return problems[problem].title;
}

unsigned verdict_status(enum verdict verdict)
{
    switch (verdict) {
    case VERDICT_ALLOWED:
        return 200;
    case REFUSED_AMOUNT:
    case REFUSED_MISSING_FIELD:
    case REFUSED_FIELD:
    case REFUSED_HOLD_UNTIL:
    case REFUSED_CURRENCY:
        return 422;
    case REFUSED_UNKNOWN_CARD:
    case REFUSED_UNKNOWN_ACCOUNT:
    case REFUSED_UNKNOWN_MEMBER:
    case REFUSED_UNKNOWN_PRODUCT:
    case REFUSED_UNKNOWN_SALE:
    case REFUSED_UNKNOWN_HOLD:
    case REFUSED_UNKNOWN_BRANCH:
    case REFUSED_UNKNOWN_KEY:
    case REFUSED_UNKNOWN_MINT:
        return 404;
    case REFUSED_REVOKED_CARD:
    case REFUSED_FROZEN:
    case REFUSED_NEWER_FACT:
    case REFUSED_NOT_FROZEN:
    case REFUSED_BALANCE:
    case REFUSED_RIGHTS:
    case REFUSED_REFUNDABLE:
    case REFUSED_OTHER_BRANCH:
    case REFUSED_HOLD_AMOUNT:
    case REFUSED_HOLD_ELSEWHERE:
    case REFUSED_HOLD_ENDED:
    case REFUSED_HOLD_OVER:
    case REFUSED_CAP:
    case REFUSED_LOTS:
    case REFUSED_NUMBERS:
    case REFUSED_SELF:
    case REFUSED_VERSION:
    case REFUSED_OTHER_MEMBER:
    case REFUSED_OTHER_PRODUCT:
    case REFUSED_STILL_WRITES:
    case REFUSED_AWAY:
    case REFUSED_NOT_FORKED:
    case REFUSED_ENDED:
    case REFUSED_KEY_REUSED:
    case REFUSED_UNWITNESSED:
    case REFUSED_QUOTA:
    case REFUSED_SUSPENDED:
        return 409;
    case REFUSED_ROLE:
        return 403;
    case REFUSED_BUSY:
    case REFUSED_READ_ONLY:
    case REFUSED_LEASE:
    case REFUSED_RETIRED:
        return 503;
    case REFUSED_SPACE:
        return 507;
    case VERDICT_COUNT:
        break;
    }
    return 500; /* no answer carries it */
}

const char *verdict_title(enum verdict verdict)
{
    static const char *const titles[VERDICT_COUNT] = {
        [VERDICT_ALLOWED] = "Done",
        [REFUSED_AMOUNT] = "The amount is not acceptable",
        [REFUSED_UNKNOWN_CARD] = "The card is not known",
        [REFUSED_UNKNOWN_ACCOUNT] = "The account is not known",
        [REFUSED_UNKNOWN_MEMBER] = "The member is not known",
        [REFUSED_UNKNOWN_PRODUCT] = "The product is not known",
        [REFUSED_UNKNOWN_SALE] = "The sale is not known",
        [REFUSED_UNKNOWN_HOLD] = "The hold is not known",
        [REFUSED_HOLD_UNTIL] = "The hold's end is not acceptable",
        [REFUSED_HOLD_AMOUNT] = "More than the hold set aside",
        [REFUSED_HOLD_ELSEWHERE] = "Another branch placed the hold",
        [REFUSED_HOLD_ENDED] = "The hold has ended",
        [REFUSED_HOLD_OVER] = "The hold's time is over",
        [REFUSED_UNKNOWN_BRANCH] = "The branch is not known",
        [REFUSED_UNKNOWN_KEY] = "This till never used that key here",
        [REFUSED_REVOKED_CARD] = "The card is no longer valid",
        [REFUSED_FROZEN] = "The account is frozen",
        [REFUSED_NEWER_FACT] = "The account has news that this version does not understand",
        [REFUSED_NOT_FROZEN] = "The account is not frozen",
        [REFUSED_BALANCE] = "The balance is too small",
        [REFUSED_RIGHTS] = "The money is at other branches",
        [REFUSED_REFUNDABLE] = "More than the sale has left to refund",
        [REFUSED_OTHER_BRANCH] = "The right to refund the sale is at another branch",
        [REFUSED_CAP] = "The balance would pass the product's limit",
        [REFUSED_LOTS] = "The account has too many parcels of value",
        [REFUSED_MISSING_FIELD] = "A value is missing",
        [REFUSED_FIELD] = "A value is not acceptable",
        [REFUSED_NUMBERS] = "The card numbers of this branch are used up",
        [REFUSED_SELF] = "The branch is this one",
        [REFUSED_CURRENCY] = "The currency is not the account's",
        [REFUSED_ROLE] = "This node may not do that",
        [REFUSED_VERSION] = "The version is not the next one",
        [REFUSED_OTHER_MEMBER] = "The other account is another member's",
        [REFUSED_OTHER_PRODUCT] = "The other account is of another product",
        [REFUSED_STILL_WRITES] = "The branch was not retired",
        [REFUSED_AWAY] = "The branch is not connected",
        [REFUSED_NOT_FORKED] = "The branch has one history",
        [REFUSED_ENDED] = "The branch was retired already",
        [REFUSED_KEY_REUSED] = "The key was used for something else",
        [REFUSED_UNWITNESSED] = "The office has not confirmed where the money came from",
        [REFUSED_QUOTA] = "The branch has reached its quota of top-ups",
        [REFUSED_SUSPENDED] = "The branch is suspended",
        [REFUSED_UNKNOWN_MINT] = "No top-up above a quota has that reference",
        [REFUSED_BUSY] = "The node is busy",
        [REFUSED_SPACE] = "The disk is full",
        [REFUSED_READ_ONLY] = "The node may only be read",
        [REFUSED_LEASE] = "The branch has not heard from the office for too long",
        [REFUSED_RETIRED] = "The branch was retired",
    };
    return verdict < VERDICT_COUNT ? titles[verdict] : "Refused";
}

/* A sentence around an amount. */
static void explain_amount(char *text, size_t size, const char *before, const char *money,
                           const char *after)
{
    (void)snprintf(text, size, "%s%s%s", before, money, after);
}

/* The sentence about a member's field around its name. */
static void explain_field(char *text, size_t size, const struct answer *answer)
{
    const char *name = answer->field == 0 ? "a value" : member_field_name(answer->field);
    if (answer->verdict == REFUSED_MISSING_FIELD) {
        (void)snprintf(
            text, size,
            "Refused: %s is missing, and this product or step needs it. Ask the member for "
            "it and send it.",
            name);
    } else {
        (void)snprintf(text, size, "Refused: %s is not acceptable. Correct it and send it again.",
                       name);
    }
}

/* To itself: what that means depends on what was asked. */
static const char *self_sentence(enum command_kind kind)
{
    if (kind == COMMAND_TRANSFER) {
        return "Refused: both are the same account. Name another one.";
    }
    if (kind == COMMAND_SUSPEND) {
        return "Refused: the office itself cannot be suspended. Name another branch.";
    }
    if (kind == COMMAND_FILE_REQUEST) {
        return "Refused: this branch can refund that itself. Send it to /v1/refunds.";
    }
    return "Refused: rights cannot be moved to the branch that gives them. Name another branch.";
}

/* The same refusals mean something else for what the office sets; NULL = what they always do. */
static const char *office_sentence(const struct answer *answer)
{
    bool sets = answer->kind == COMMAND_SET_LIMITS || answer->kind == COMMAND_SET_QUOTA;
    if (sets && answer->verdict == REFUSED_AMOUNT) {
        return "Refused: a limit is an amount of at most 1000000000000 minor units, a number of "
               "days up to 3650, or on and off, and at least one must be named. Send another.";
    }
    if (sets && answer->verdict == REFUSED_NUMBERS) {
        return "Refused: the authority's journal keeps every change of a limit, and there is no "
               "room for another. Leave them as they are.";
    }
    if (answer->kind == COMMAND_APPROVE_MINT && answer->verdict == REFUSED_ENDED) {
        return "Refused: the branch that recorded this top-up was retired, so nobody can release "
               "it. Top the card up again, for the same money, at another branch.";
    }
    return NULL;
}

/* The right to refund is elsewhere, and did not come in time. */
static void explain_other_branch(char *text, size_t size, const struct answer *answer,
                                 const char *offer)
{
    char here[80] = "";
    if (answer->offer > 0) {
        (void)snprintf(here, sizeof here, " This branch can refund %s now.", offer);
    }
    (void)snprintf(
        text, size,
        "Refused: branch %u holds the right to refund that sale and could not be reached "
        "in time.%s Try again when the connection is back, or file a request "
        "(/v1/requests): that branch then refunds it on its return.",
        answer->branch, here);
}

/* Refusals whose sentence is always the same. */
static const char *plain_sentence(enum verdict verdict)
{
    static const char *const sentences[VERDICT_COUNT] = {
        [VERDICT_ALLOWED] = "Done.",
        [REFUSED_AMOUNT] = "Refused: an amount must be at least 1 and at most 1000000000000 minor "
                           "units, and no balance may pass what the ledger can count. Send "
                           "another amount.",
        [REFUSED_UNKNOWN_CARD] = "Refused: this branch knows no card with that number. Check the "
                                 "digits; a card issued elsewhere a moment ago appears when the "
                                 "branches have talked.",
        [REFUSED_UNKNOWN_ACCOUNT] = "Refused: this branch knows no such account. Look it up by "
                                    "card or member; one opened elsewhere a moment ago appears "
                                    "when the branches have talked.",
        [REFUSED_UNKNOWN_MEMBER] = "Refused: this branch knows no such member. Somebody enrolled "
                                   "elsewhere is found by card here, or by phone at the office.",
        [REFUSED_UNKNOWN_PRODUCT] = "Refused: no such product is published. See GET /v1/products "
                                    "for those that are.",
        [REFUSED_UNKNOWN_SALE] = "Refused: this branch knows no such sale. Copy the reference from "
                                 "the receipt, as in 2.1-17-0.",
        [REFUSED_UNKNOWN_HOLD] =
            "Refused: this branch knows no such hold. Use the reference from the "
            "answer to POST /v1/holds, or list the account's holds.",
        [REFUSED_HOLD_UNTIL] = "Refused: a hold ends in the future, at most 400 days ahead. Give "
                               "\"until\" as date and time with a zone, like "
                               "2026-08-01T18:00:00+08:00.",
        [REFUSED_HOLD_ELSEWHERE] =
            "Refused: only the branch that placed a hold captures or releases "
            "it. Ask there.",
        [REFUSED_HOLD_ENDED] = "Refused: this hold was captured or released before, has lapsed, or "
                               "its branch was written off, so that nothing is set aside any more. "
                               "Sell from the card instead.",
        [REFUSED_HOLD_OVER] = "Refused: the time of this hold is over, and what it set aside goes "
                              "back to the account. Sell from the card instead.",
        [REFUSED_UNKNOWN_BRANCH] = "Refused: there is no such branch. See GET /v1/branches for "
                                   "those that are.",
        [REFUSED_UNKNOWN_KEY] = "This till never used that Idempotency-Key at this branch, so "
                                "nothing came of it: the request may be sent.",
        [REFUSED_REVOKED_CARD] =
            "Refused: this card was reported lost or replaced. Keep it, and ask "
            "for the member's other card.",
        [REFUSED_FROZEN] = "Refused: the account is frozen. Lift the freeze first, if whoever set "
                           "it agrees.",
        [REFUSED_NEWER_FACT] =
            "Refused: a branch with a newer version of Tally wrote something about "
            "this account that says whether it may be used, and this branch "
            "cannot read it. Update this branch, or sell from this account at "
            "a branch that is up to date.",
        [REFUSED_NOT_FROZEN] = "Refused: the account is not frozen, so there is nothing to lift.",
        [REFUSED_LOTS] = "Refused: the account holds as many separate parcels of value as it may. "
                         "Spend some of them first.",
        [REFUSED_NUMBERS] = "Refused: this branch has used up its card numbers. Set up the branch "
                            "anew with the next incarnation; ask the office.",
        [REFUSED_CURRENCY] = "Refused: the currency is not the account's. Send the amount in the "
                             "account's currency.",
        [REFUSED_ROLE] = "Refused: this node's role does not include it. Ask the office's node, or "
                         "a branch that may.",
        [REFUSED_VERSION] = "Refused: a product's versions follow each other without gaps. Read "
                            "GET /v1/products and send the next version, or leave it out.",
        [REFUSED_OTHER_MEMBER] = "Refused: value moves only between accounts of one member. Name "
                                 "two accounts of the same member.",
        [REFUSED_OTHER_PRODUCT] = "Refused: value moves only between accounts of one product. Name "
                                  "two accounts of the same product.",
        [REFUSED_STILL_WRITES] = "Refused: the branch still has a journal that may sell. Retire it "
                                 "first (tally branch retire), then invite it again.",
        [REFUSED_AWAY] = "Refused: a branch is closed with its own last word, and this one is not "
                         "connected. Bring it back first, or retire it as lost.",
        [REFUSED_NOT_FORKED] = "Refused: nothing proves here that the branch's journal has two "
                               "histories. tally node status lists those in quarantine; to end a "
                               "branch that is whole, use tally branch retire.",
        [REFUSED_ENDED] = "Refused: the branch's journal was retired already, in another way. See "
                          "GET /v1/branches for what became of it.",
        [REFUSED_KEY_REUSED] = "Refused: this till used that Idempotency-Key for another request. "
                               "Nothing was done; use a new key for a new wish.",
        [REFUSED_QUOTA] = "Refused: with this top-up the branch would pass what it may take in on "
                          "one day. Ask the office to raise the quota, or let "
                          "another branch take the top-up.",
        [REFUSED_SUSPENDED] = "Refused: the office has suspended that branch, so no rights are "
                              "moved to it. Ask the office.",
        [REFUSED_UNKNOWN_MINT] = "Refused: the office knows no top-up above a quota by that "
                                 "reference. See GET /v1/mints for those that wait; one recorded "
                                 "elsewhere a moment ago appears when the branches have talked.",
        [REFUSED_BUSY] = "Not done: the node has more to do than it can. Send the same request "
                         "with the same key again in a moment.",
        [REFUSED_SPACE] = "Not done: the disk is nearly full, so nothing more is written; reading "
                          "still works. Free space on the node's disk, then send it again.",
        [REFUSED_READ_ONLY] = "Not done: this node must not add to its journal; reading still "
                              "works. See /readyz for why, and call the operator.",
        [REFUSED_LEASE] = "Not done: this branch has had no word from the office for longer than "
                          "its lease, so it takes no money from cards. Restore the connection to "
                          "the office, then send it again.",
        [REFUSED_RETIRED] = "Not done: the office has retired this branch's journal, so nothing "
                            "more is sold or topped up on it; what was done before is kept. To "
                            "open the branch again, invite it at the office (tally branch invite "
                            "--branch) and join with an empty data directory.",
    };
    return verdict < VERDICT_COUNT ? sentences[verdict] : NULL;
}

void verdict_explain(const struct answer *answer, char *text, size_t size)
{
    char balance[RENDER_MONEY_SIZE];
    char offer[RENDER_MONEY_SIZE];
    char limit[RENDER_MONEY_SIZE];
    money_print(answer->balance, answer->currency, balance);
    money_print(answer->offer, answer->currency, offer);
    money_print(answer->limit, answer->currency, limit);
    if (answer->verdict == REFUSED_BALANCE) {
        if (answer->on_hold > 0) {
            explain_amount(text, size, "Refused: the account holds ", balance,
                           " in all, as far as this branch knows, and some of it is set aside for "
                           "orders (on_hold). Ask for less, or top up first.");
            return;
        }
        if (answer->limit > 0) {
            explain_amount(text, size, "Refused: of the account's balance ", limit,
                           " cannot be used today, because it has ended or begins later; the rest "
                           "is less than is asked for. Ask for less, or top up first.");
            return;
        }
        explain_amount(text, size, "Refused: the account holds ", balance,
                       " in all, as far as this branch knows. Ask for less, or top up first.");
    } else if (answer->verdict == REFUSED_RIGHTS && answer->offer == 0) {
        (void)snprintf(text, size,
                       "Refused: the money is there, but other branches hold it and could not be "
                       "reached in time. Try again when the connection is back, or take another "
                       "tender.");
    } else if (answer->verdict == REFUSED_LOTS && answer->offer > 0) {
        explain_amount(text, size,
                       "Refused: that is spread over more parcels of value than one sale can take. "
                       "This branch can take ",
                       offer, " at once: take that much, then the rest.");
    } else if (answer->verdict == REFUSED_REFUNDABLE && answer->limit == 0) {
        (void)snprintf(text, size, "Refused: nothing of that sale is left to refund.");
    } else if (answer->verdict == REFUSED_RIGHTS) {
        explain_amount(text, size,
                       "Refused: the money is there, but other branches hold it and could not be "
                       "reached in time. This branch can take ",
                       offer, " now: take that much, or try again when the connection is back.");
    } else if (answer->verdict == REFUSED_REFUNDABLE) {
        explain_amount(text, size, "Refused: the sale has only ", limit,
                       " left to refund. Refund at most that.");
    } else if (answer->verdict == REFUSED_UNWITNESSED) {
        explain_amount(text, size,
                       "Refused: part of the money came from another branch, and the office has "
                       "not confirmed it yet. Until it does, about ",
                       limit,
                       " of such money can be used here: take less, or try again when the office "
                       "is connected.");
    } else if (answer->verdict == REFUSED_CAP) {
        explain_amount(text, size, "Refused: the product limits the balance, and only ", limit,
                       " more fits. Top up at most that.");
    } else if (answer->verdict == REFUSED_HOLD_AMOUNT) {
        explain_amount(text, size, "Refused: the hold set aside ", limit,
                       ". Capture at most that, and sell the rest from the card.");
    } else if (answer->verdict == REFUSED_OTHER_BRANCH) {
        explain_other_branch(text, size, answer, offer);
    } else if (answer->verdict == REFUSED_SELF) {
        (void)snprintf(text, size, "%s", self_sentence(answer->kind));
    } else if (office_sentence(answer) != NULL) {
        (void)snprintf(text, size, "%s", office_sentence(answer));
    } else if (answer->verdict == REFUSED_MISSING_FIELD || answer->verdict == REFUSED_FIELD) {
        explain_field(text, size, answer);
    } else {
        const char *sentence = plain_sentence(answer->verdict);
        (void)snprintf(text, size, "%s", sentence == NULL ? "Refused." : sentence);
    }
}

static void render_head(struct render *out, const char *code, const char *title, unsigned status,
                        const char *detail)
{
    char type[64];
    (void)snprintf(type, sizeof type, "/problems/%s", code);
    render_string(out, "type", type);
    render_string(out, "title", title);
    render_count(out, "status", status);
    render_string(out, "detail", detail);
    render_string(out, "code", code);
}

void problem_render(struct render *out, enum problem problem, const char *field, const char *detail)
{
    render_head(out, problem_code(problem), problem_title(problem), problem_status(problem),
                detail);
    if (field != NULL && field[0] != 0) {
        render_string(out, "field", field);
    }
}

static void render_numbers(struct render *out, const struct answer *answer)
{
    enum verdict verdict = answer->verdict;
    if (verdict == REFUSED_RIGHTS || verdict == REFUSED_OTHER_BRANCH ||
        (verdict == REFUSED_LOTS && answer->offer > 0)) {
        render_money(out, "offer", answer->offer, answer->currency);
    }
    if (verdict == REFUSED_RIGHTS || verdict == REFUSED_BALANCE || verdict == REFUSED_CAP) {
        render_money(out, "balance", answer->balance, answer->currency);
    }
    if (verdict == REFUSED_BALANCE && answer->on_hold > 0) {
        render_money(out, "on_hold", answer->on_hold, answer->currency);
    }
    if (verdict == REFUSED_RIGHTS || verdict == REFUSED_BALANCE || verdict == REFUSED_UNWITNESSED) {
        render_money(out, "usable_here", answer->usable_here, answer->currency);
    }
    if (verdict == REFUSED_OTHER_BRANCH || verdict == REFUSED_HOLD_ELSEWHERE) {
        render_count(out, "branch", answer->branch);
    }
    if (verdict == REFUSED_REFUNDABLE || verdict == REFUSED_HOLD_AMOUNT || verdict == REFUSED_CAP ||
        verdict == REFUSED_UNWITNESSED) {
        render_money(out, "limit", answer->limit, answer->currency);
    }
    if ((verdict == REFUSED_MISSING_FIELD || verdict == REFUSED_FIELD) && answer->field != 0) {
        render_string(out, "field", member_field_name(answer->field));
    }
}

void verdict_render(struct render *out, const struct answer *answer)
{
    char detail[400];
    verdict_explain(answer, detail, sizeof detail);
    render_head(out, verdict_name(answer->verdict), verdict_title(answer->verdict),
                verdict_status(answer->verdict), detail);
    render_numbers(out, answer);
    if (answer->event.journal != 0) {
        render_ref(out, "event", answer->event);
    }
    if (answer->at_ms != 0) {
        render_time(out, "at", answer->at_ms);
    }
    render_truth(out, "replayed", answer->replayed);
}
