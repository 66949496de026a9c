#include "names.h"
#include "resources.h"

void accounts_get_read(struct api_call *call)
{
    struct account_name *account = &call->request.body.account.account;
    account->card = bytes_of("", 0);
    path_subject(call, 2, REFUSED_UNKNOWN_ACCOUNT, &account->account);
}

void accounts_find_read(struct api_call *call)
{
    struct bytes card = query_card(call);
    if (card.size == 0) {
        call_refuse(call, PROBLEM_QUERY, "card",
                    "Refused: say which account, by ?card= with the 16 digits of a card.");
    }
    call->request.body.account.account.card = card;
}

static uint16_t type_of(struct api_call *call)
{
    struct bytes name = query_text(call, "type");
    uint16_t type = name.size == 0 ? 0 : event_type_by_name(name);
    if (name.size > 0 && type == 0) {
        call_refuse(call, PROBLEM_QUERY, "type",
                    "Refused: the parameter \"type\" must be the name of a kind of event, such as "
                    "topup, spend or refund.");
    }
    return type;
}

void accounts_events_read(struct api_call *call)
{
    struct account_name *account = &call->request.body.history.account;
    account->card = bytes_of("", 0);
    path_subject(call, 2, REFUSED_UNKNOWN_ACCOUNT, &account->account);
    call->request.body.history.from_ms = query_moment(call, "from", false);
    call->request.body.history.to_ms = query_moment(call, "to", true);
    call->request.body.history.type = type_of(call);
    call->request.body.history.branch =
        (uint32_t)query_count(call, "branch", 0, BRANCH_NUMBER_MAX, 0);
    query_page(call, 50);
}

void accounts_lots_read(struct api_call *call)
{
    struct account_name *account = &call->request.body.account.account;
    account->card = bytes_of("", 0);
    path_subject(call, 2, REFUSED_UNKNOWN_ACCOUNT, &account->account);
    query_page(call, 50);
}

static const char *lot_state_name(uint8_t state)
{
    switch (state) {
    case LOT_PENDING:
        return "pending";
    case LOT_ACTIVE:
        return "active";
    case LOT_SPENT:
        return "spent";
    case LOT_ENDED:
        return "ended";
    default:
        return "expired";
    }
}

static void lot_entry_render(struct render *out, const struct lot_entry *lot,
                             const uint8_t *currency)
{
    render_open(out, NULL, '{');
    render_hex(out, "lot", BYTES_OF(lot->lot.bytes));
    render_string(out, "bucket", bucket_name(lot->bucket));
    render_string(out, "state", lot_state_name(lot->state));
    render_count(out, "product", lot->product);
    render_day(out, "valid_from", lot->from_day);
    render_day(out, "valid_to", lot->to_day);
    render_journal(out, "issued_by", lot->issued_by);
    render_money(out, "issued", lot->issued, currency);
    render_money(out, "refunded", lot->refunded, currency);
    render_money(out, "made_good", lot->made_good, currency);
    render_money(out, "used", lot->used, currency);
    render_money(out, "expired", lot->expired, currency);
    render_money(out, "moved_on", lot->moved_on, currency);
    render_money(out, "left", lot->left, currency);
    render_money(out, "in_flight", lot->in_flight, currency);
    render_open(out, "holders", '[');
    for (uint32_t i = 0; i < lot->holder_count; i++) {
        render_open(out, NULL, '{');
        render_journal(out, "journal", lot->holders[i].journal);
        render_money(out, "held", lot->holders[i].held, currency);
        render_close(out, '}');
    }
    render_close(out, ']');
    render_close(out, '}');
}

void accounts_lots_render(struct api_call *call, const struct answer *answer)
{
    const struct page *page = call->page;
    render_hex(&call->out, "account", BYTES_OF(call->request.body.account.account.account.bytes));
    render_open(&call->out, "entries", '[');
    for (uint32_t i = 0; i < page->count; i++) {
        lot_entry_render(&call->out, &page->rows.lots[i], answer->currency);
    }
    render_close(&call->out, ']');
}

/* The days on which something ends next, and how much: at most three. */
static void expiries_render(struct render *out, const struct account_view *account)
{
    render_open(out, "expiries", '[');
    uint32_t after = account->today == 0 ? 0 : account->today - 1;
    for (int i = 0; i < 3; i++) {
        uint32_t day = UINT32_MAX;
        int64_t sum = 0;
        for (uint32_t k = 0; k < account->lot_count; k++) {
            const struct lot_view *lot = &account->lots[k];
            if (lot->to_day > after && lot->to_day < day && lot->left > 0) {
                day = lot->to_day;
                sum = 0;
            }
            sum += lot->to_day == day ? lot->left : 0;
        }
        if (day == UINT32_MAX) {
            break;
        }
        render_open(out, NULL, '{');
        render_day(out, "day", day);
        render_money(out, "amount", sum, account->currency);
        render_close(out, '}');
        after = day;
    }
    render_close(out, ']');
}

static void lot_render(struct render *out, const struct lot_view *lot, const uint8_t *currency)
{
    render_open(out, NULL, '{');
    render_hex(out, "lot", BYTES_OF(lot->lot.bytes));
    render_string(out, "bucket", bucket_name(lot->bucket));
    render_day(out, "valid_from", lot->from_day);
    render_day(out, "valid_to", lot->to_day);
    render_journal(out, "issued_by", lot->issued_by);
    render_money(out, "left", lot->left, currency);
    render_money(out, "here", lot->here, currency);
    render_money(out, "coming", lot->coming, currency);
    render_money(out, "in_flight", lot->in_flight, currency);
    render_open(out, "holders", '[');
    for (uint32_t i = 0; i < lot->holder_count; i++) {
        render_open(out, NULL, '{');
        render_journal(out, "journal", lot->holders[i].journal);
        render_money(out, "held", lot->holders[i].held, currency);
        render_close(out, '}');
    }
    render_close(out, ']');
    render_close(out, '}');
}

static void product_render(struct render *out, const struct account_view *account)
{
    render_open(out, "product", '{');
    render_count(out, "id", account->product);
    render_count(out, "version", account->version);
    render_text(out, "name", bytes_of(account->product_name, account->product_name_size));
    render_close(out, '}');
    render_open(out, "cards", '[');
    for (uint32_t i = 0; i < account->card_count; i++) {
        render_code(out, NULL, BYTES_OF(account->cards[i]));
    }
    render_close(out, ']');
}

void accounts_get_render(struct api_call *call, const struct answer *answer)
{
    const struct account_view *account = &call->page->rows.account;
    const uint8_t *currency = account->currency;
    struct render *out = &call->out;
    (void)answer;
    render_hex(out, "account", BYTES_OF(account->account.bytes));
    render_hex(out, "member", BYTES_OF(account->member.bytes));
    product_render(out, account);
    render_code(out, "currency", BYTES_OF(account->currency));
    render_count(out, "home_branch", account->home_branch);
    render_truth(out, "frozen", account->frozen > 0);
    render_count(out, "freezes", account->frozen);
    render_money(out, "balance", account->principal + account->bonus - account->owed, currency);
    render_money(out, "owed", account->owed, currency);
    render_money(out, "principal", account->principal, currency);
    render_money(out, "bonus", account->bonus, currency);
    render_money(out, "made_good", account->made_good, currency);
    render_money(out, "usable_here", account->usable_here, currency);
    render_money(out, "on_hold", account->on_hold, currency);
    render_money(out, "elsewhere", account->elsewhere, currency);
    render_money(out, "ended", account->ended, currency);
    expiries_render(out, account);
    render_open(out, "lots", '[');
    for (uint32_t i = 0; i < account->lot_count; i++) {
        lot_render(out, &account->lots[i], currency);
    }
    render_close(out, ']');
    render_truth(out, "more_lots", account->more_lots);
    render_hex(out, "frontier", BYTES_OF(call->page->frontier.bytes));
    render_time(out, "as_of", account->as_of_ms);
    render_count(out, "silent_branches", account->silent_branches);
}

static void entry_details(struct render *out, const struct history_entry *entry,
                          const uint8_t *currency)
{
    if (entry->verdict == EVENT_INVALID) {
        render_string(out, "reason", invalid_reason_name(entry->reason));
    }
    if (entry->after_loss) {
        render_truth(out, "after_loss", true);
    }
    if (entry->tender != 0) {
        render_string(out, "tender", tender_name(entry->tender));
    }
    if (entry->uncovered != 0) {
        render_money(out, "uncovered", entry->uncovered, currency);
    }
    if (entry->sale.journal != 0) {
        render_ref(out, "sale", entry->sale);
    }
    if (!id_is_none(entry->other.bytes, sizeof entry->other.bytes)) {
        render_hex(out, "other_account", BYTES_OF(entry->other.bytes));
    }
    if (entry->to_journal != 0) {
        bool accept = entry->type == EVENT_RIGHTS_ACCEPT;
        render_journal(out, accept ? "from" : "to", entry->to_journal);
        render_money(out, "moved", entry->moved, currency);
    }
}

static void entry_render(struct render *out, const struct history_entry *entry,
                         const uint8_t *currency)
{
    render_open(out, NULL, '{');
    render_ref(out, "event", entry->event);
    render_count(out, "branch", journal_branch(entry->event.journal));
    render_time(out, "at", entry->at_ms);
    render_string(out, "type", event_type_name(entry->type));
    render_string(out, "verdict", event_verdict_name(entry->verdict));
    render_count(out, "till", entry->till);
    render_count(out, "staff", entry->staff);
    render_money(out, "principal", entry->principal, currency);
    render_money(out, "bonus", entry->bonus, currency);
    if (entry->balance_known) {
        render_money(out, "balance_after", entry->balance_after, currency);
    } else {
        render_null(out, "balance_after");
    }
    entry_details(out, entry, currency);
    render_hex(out, "ticket", BYTES_OF(entry->ticket.bytes));
    render_close(out, '}');
}

void accounts_events_render(struct api_call *call, const struct answer *answer)
{
    const struct page *page = call->page;
    render_hex(&call->out, "account", BYTES_OF(call->request.body.history.account.account.bytes));
    render_open(&call->out, "entries", '[');
    for (uint32_t i = 0; i < page->count; i++) {
        entry_render(&call->out, &page->rows.history[i], answer->currency);
    }
    render_close(&call->out, ']');
}
