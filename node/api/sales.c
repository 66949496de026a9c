/* Money over the counter: top-ups, spends, refunds, rights moved by hand, and what a sale was. */
#include "body.h"
#include "names.h"
#include "resources.h"

enum {
    ITEM_QUANTITY_MAX = 1000000,
};

static uint8_t tender_of(const struct body *body)
{
    struct bytes name = body_text(body, "tender", BODY_OPTIONAL, NAME_SIZE_MAX);
    if (name.size == 0) {
        return TENDER_CASH;
    }
    uint8_t tender = tender_by_name(name);
    if (tender == 0) {
        body_refuse(body, "tender", "must be cash, bank_card, mobile, transfer or other.");
    }
    return tender;
}

void topups_post_read(struct api_call *call)
{
    struct body body = body_of(call);
    BODY_ONLY(&body, "card", "account", "amount", "tender");
    struct body_amount amount = body_amount(&body, "amount", 1);
    call->request.body.top_up.account = body_account(&body);
    call->request.body.top_up.amount = amount.minor;
    call->request.body.top_up.currency = amount.currency;
    call->request.body.top_up.tender = tender_of(&body);
}

static void item_read(const struct body *item, struct sale_item *to)
{
    BODY_ONLY(item, "name", "quantity", "list", "charged");
    to->name = body_text(item, "name", BODY_REQUIRED, ITEM_NAME_SIZE_MAX);
    to->quantity = (uint32_t)body_integer(item, "quantity", 1, ITEM_QUANTITY_MAX, 1);
    to->charged_minor = body_integer_required(item, "charged", 0, AMOUNT_MAX);
    to->list_minor = body_integer(item, "list", 0, AMOUNT_MAX, to->charged_minor);
}

/* What is paid, or given back, in other ways than from the card. */
static uint32_t tenders_of(const struct body *body, struct tender_line tenders[static TENDERS_MAX])
{
    size_t count = body_array(body, "tenders", TENDERS_MAX);
    for (size_t i = 0; i < count; i++) {
        struct body element = body_element(body, "tenders", i);
        BODY_ONLY(&element, "tender", "amount");
        struct bytes name = body_text(&element, "tender", BODY_REQUIRED, NAME_SIZE_MAX);
        tenders[i].tender = name.size == 0 ? 0 : tender_by_name(name);
        tenders[i].amount = body_amount(&element, "amount", 1).minor;
        if (name.size > 0 && tenders[i].tender == 0) {
            body_refuse(&element, "tender", "must be cash, bank_card, mobile, transfer or other.");
        }
    }
    return (uint32_t)count;
}

uint32_t body_items(const struct body *body, struct sale_item items[static SALE_ITEMS_MAX])
{
    size_t count = body_array(body, "items", SALE_ITEMS_MAX);
    for (size_t i = 0; i < count; i++) {
        struct body item = body_element(body, "items", i);
        item_read(&item, &items[i]);
    }
    return (uint32_t)count;
}

void spends_post_read(struct api_call *call)
{
    struct body body = body_of(call);
    BODY_ONLY(&body, "card", "account", "amount", "items", "tenders", "wait_ms");
    struct body_amount amount = body_amount(&body, "amount", 1);
    call->request.body.spend.account = body_account(&body);
    call->request.body.spend.amount = amount.minor;
    call->request.body.spend.currency = amount.currency;
    call->request.body.spend.wait_ms =
        (uint32_t)body_integer(&body, "wait_ms", 0, CALL_WAIT_MS_MAX, 0);
    call->request.body.spend.item_count = body_items(&body, call->request.body.spend.items);
    call->request.body.spend.tender_count = tenders_of(&body, call->request.body.spend.tenders);
}

void refunds_post_read(struct api_call *call)
{
    struct body body = body_of(call);
    BODY_ONLY(&body, "sale", "amount", "reason", "tenders", "wait_ms");
    call->request.body.refund.sale = body_sale(&body);
    call->request.body.refund.amount = body_amount(&body, "amount", 1).minor;
    call->request.body.refund.reason = body_text(&body, "reason", BODY_OPTIONAL, REASON_SIZE_MAX);
    call->request.body.refund.wait_ms =
        (uint32_t)body_integer(&body, "wait_ms", 0, CALL_WAIT_MS_MAX, 0);
    call->request.body.refund.by_tender = json_object_get(body.object, "tenders") != NULL;
    call->request.body.refund.tender_count = tenders_of(&body, call->request.body.refund.tenders);
}

void moves_post_read(struct api_call *call)
{
    struct body body = body_of(call);
    BODY_ONLY(&body, "card", "account", "branch", "amount");
    call->request.body.move.account = body_account(&body);
    call->request.body.move.branch =
        (uint32_t)body_integer_required(&body, "branch", 1, BRANCH_NUMBER_MAX);
    call->request.body.move.amount = body_amount(&body, "amount", 1).minor;
}

void topups_post_render(struct api_call *call, const struct answer *answer)
{
    struct render *out = &call->out;
    render_hex(out, "account", BYTES_OF(answer->account.bytes));
    render_count(out, "product", answer->product);
    render_count(out, "version", answer->version);
    render_money(out, "principal", answer->principal, answer->currency);
    render_money(out, "bonus", answer->bonus, answer->currency);
    render_money(out, "balance", answer->balance, answer->currency);
    render_money(out, "usable_here", answer->usable_here, answer->currency);
}

void topups_answer_render(struct api_call *call, const struct answer *answer)
{
    topups_post_render(call, answer);
    int64_t waits = answer->pending ? answer->principal + answer->bonus : 0;
    render_truth(&call->out, "pending", answer->pending);
    render_money(&call->out, "waits", waits, answer->currency);
}

void spends_post_render(struct api_call *call, const struct answer *answer)
{
    topups_post_render(call, answer);
    render_count(&call->out, "pulled_ms", answer->pulled_ms);
    render_money(&call->out, "uncovered", answer->uncovered, answer->currency);
}

void refunds_post_render(struct api_call *call, const struct answer *answer)
{
    struct render *out = &call->out;
    spends_post_render(call, answer);
    render_open(out, "tenders", '[');
    for (uint32_t i = 0; i < answer->tender_count; i++) {
        render_open(out, NULL, '{');
        render_string(out, "tender", tender_name(answer->tenders[i].tender));
        render_money(out, "amount", answer->tenders[i].amount, answer->currency);
        render_close(out, '}');
    }
    render_close(out, ']');
}

void sales_get_read(struct api_call *call)
{
    if (!ref_parse(call->target.segments[2], &call->request.body.sale.sale)) {
        call_refuse_verdict(call, REFUSED_UNKNOWN_SALE);
    }
}

void sales_get_render(struct api_call *call, const struct answer *answer)
{
    const struct sale_view *sale = &call->page->rows.sale;
    struct render *out = &call->out;
    int64_t spent = 0;
    int64_t refunded = 0;
    int64_t here = 0;
    render_ref(out, "event", sale->event);
    render_hex(out, "account", BYTES_OF(sale->account.bytes));
    render_time(out, "at", sale->at_ms);
    render_open(out, "lines", '[');
    for (uint32_t i = 0; i < sale->line_count; i++) {
        render_open(out, NULL, '{');
        if (sale->lines[i].bucket == 0) {
            render_string(out, "tender", tender_name(sale->lines[i].tender));
        } else {
            render_hex(out, "lot", BYTES_OF(sale->lines[i].lot.bytes));
            render_string(out, "bucket", bucket_name(sale->lines[i].bucket));
        }
        render_money(out, "spent", sale->lines[i].spent, answer->currency);
        render_money(out, "refunded", sale->lines[i].refunded, answer->currency);
        render_close(out, '}');
        spent += sale->lines[i].spent;
        refunded += sale->lines[i].refunded;
        here += sale->lines[i].here;
    }
    render_close(out, ']');
    render_open(out, "items", '[');
    for (uint32_t i = 0; i < sale->item_count; i++) {
        render_open(out, NULL, '{');
        render_text(out, "name", bytes_of(sale->items[i].name, sale->items[i].name_size));
        render_count(out, "quantity", sale->items[i].quantity);
        render_money(out, "list", sale->items[i].list, answer->currency);
        render_money(out, "charged", sale->items[i].charged, answer->currency);
        render_close(out, '}');
    }
    render_close(out, ']');
    render_money(out, "spent", spent, answer->currency);
    render_money(out, "refunded", refunded, answer->currency);
    render_money(out, "refundable", spent - refunded, answer->currency);
    render_money(out, "refundable_here", here, answer->currency);
}
