#include "body.h"
#include "names.h"
#include "resources.h"
#include "text.h"

enum {
    BONUS_DAYS_MAX = 36500,
    BONUS_MONTHS_MAX = 1200,
};

void products_get_read(struct api_call *call)
{
    query_page(call, PAGE_ENTRIES_MAX);
}

static void product_render(struct render *out, const struct product_view *product)
{
    render_open(out, NULL, '{');
    render_count(out, "product", product->product);
    render_count(out, "version", product->version);
    render_text(out, "name", bytes_of(product->name, product->name_size));
    render_code(out, "currency", BYTES_OF(product->currency));
    render_truth(out, "named", product->named != 0);
    render_string(out, "order", spend_order_name(product->order));
    render_money(out, "balance_cap", product->balance_cap, product->currency);
    render_count(out, "bonus_days", product->bonus_days);
    render_count(out, "bonus_months", product->bonus_months);
    render_open(out, "bonus", '[');
    for (uint32_t i = 0; i < product->step_count; i++) {
        render_open(out, NULL, '{');
        render_money(out, "amount", product->steps[i].amount, product->currency);
        render_money(out, "bonus", product->steps[i].bonus, product->currency);
        render_close(out, '}');
    }
    render_close(out, ']');
    render_close(out, '}');
}

void products_get_render(struct api_call *call, const struct answer *answer)
{
    (void)answer;
    render_open(&call->out, "entries", '[');
    for (uint32_t i = 0; i < call->page->count; i++) {
        product_render(&call->out, &call->page->rows.products[i]);
    }
    render_close(&call->out, ']');
}

static uint8_t order_of(const struct body *body)
{
    struct bytes name = body_text(body, "order", BODY_OPTIONAL, NAME_SIZE_MAX);
    uint8_t order = name.size == 0 ? SPEND_PROPORTIONAL : spend_order_by_name(name);
    if (order == 255) {
        body_refuse(body, "order",
                    "must be proportional, principal_first, bonus_first or expiry_first.");
    }
    return order;
}

static struct bytes currency_of(const struct body *body)
{
    struct bytes currency = body_text(body, "currency", BODY_REQUIRED, NAME_SIZE_MAX);
    if (currency.size > 0 && !text_is_currency(currency)) {
        call_refuse(body->call, PROBLEM_CURRENCY, "currency",
                    "Refused: \"currency\" must be three capital letters, as in CNY.");
    }
    return currency;
}

/* An amount in the product's currency, which must be said again. */
static int64_t amount_of(const struct body *body, const char *name, int64_t min)
{
    struct body_amount amount = body_amount(body, name, min);
    if (amount.currency.size > 0 &&
        !bytes_equal(amount.currency, body->call->request.body.product.currency)) {
        body_refuse(body, name, "must be in the product's own currency.");
    }
    return amount.minor;
}

static void steps_read(const struct body *body)
{
    struct api_call *call = body->call;
    size_t count = body_array(body, "bonus", BONUS_STEPS_MAX);
    int64_t reached = 0;
    for (size_t i = 0; i < count; i++) {
        struct body element = body_element(body, "bonus", i);
        struct bonus_step *step = &call->request.body.product.steps[i];
        BODY_ONLY(&element, "amount", "bonus");
        step->amount = amount_of(&element, "amount", 1);
        step->bonus = amount_of(&element, "bonus", 0);
        if (step->amount <= reached) {
            body_refuse(&element, "amount", "must be more than that of the step before.");
        }
        reached = step->amount;
    }
    call->request.body.product.step_count = (uint8_t)count;
}

void products_post_read(struct api_call *call)
{
    struct body body = body_of(call);
    BODY_ONLY(&body, "name", "currency", "named", "order", "balance_cap", "bonus_days",
              "bonus_months", "bonus", "product", "version");
    call->request.body.product.product = (uint32_t)body_integer(&body, "product", 0, UINT32_MAX, 0);
    call->request.body.product.version = (uint32_t)body_integer(&body, "version", 0, UINT32_MAX, 0);
    call->request.body.product.name = body_text(&body, "name", BODY_REQUIRED, NAME_SIZE_MAX);
    call->request.body.product.currency = currency_of(&body);
    call->request.body.product.named = body_truth(&body, "named") ? 1 : 0;
    call->request.body.product.order = order_of(&body);
    if (json_object_get(call->body, "balance_cap") != NULL) {
        call->request.body.product.balance_cap = amount_of(&body, "balance_cap", 0);
    }
    call->request.body.product.bonus_days =
        (uint32_t)body_integer(&body, "bonus_days", 0, BONUS_DAYS_MAX, 0);
    call->request.body.product.bonus_months =
        (uint32_t)body_integer(&body, "bonus_months", 0, BONUS_MONTHS_MAX, 0);
    if (call->request.body.product.bonus_days > 0 && call->request.body.product.bonus_months > 0) {
        body_refuse(&body, "bonus_months", "is given beside bonus_days: one of the two.");
    }
    steps_read(&body);
}

void products_post_render(struct api_call *call, const struct answer *answer)
{
    render_count(&call->out, "product", answer->product);
    render_count(&call->out, "version", answer->version);
}
