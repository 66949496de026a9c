#include "body.h"

#include "text.h"

#include <inttypes.h>
#include <stdio.h>

struct body body_of(struct api_call *call)
{
    return (struct body){.call = call, .object = call->body};
}

/* "items[2].name" for people and programs. */
static void field_name(const struct body *body, const char *name, char field[static 96])
{
    (void)snprintf(field, 96, "%s%s", body->at, name);
}

static void refuse(const struct body *body, enum problem problem, const char *name,
                   const char *detail)
{
    char field[96];
    field_name(body, name, field);
    call_refuse(body->call, problem, field, "Refused: \"%s\" %s", field, detail);
}

void body_refuse(const struct body *body, const char *name, const char *detail)
{
    refuse(body, PROBLEM_FIELD, name, detail);
}

static bool name_is_among(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

void body_only(const struct body *body, const char *const *names, size_t count)
{
    if (body->object == NULL) {
        return;
    }
    void *at = json_object_iter(body->object);
    while (at != NULL) {
        const char *name = json_object_iter_key(at);
        if (!name_is_among(name, names, count)) {
            char shown[48];
            (void)snprintf(shown, sizeof shown, "%.40s", name);
            refuse(body, PROBLEM_MEMBER, shown,
                   "is not a member of this request. Check its spelling, or leave it out; "
                   "/openapi.yaml lists what there is.");
            return;
        }
        at = json_object_iter_next(body->object, at);
    }
}

/* The member, or NULL: absent, or refused before. */
static json_t *member(const struct body *body, const char *name, enum body_need need)
{
    if (body->call->refused || body->object == NULL) {
        return NULL;
    }
    json_t *value = json_object_get(body->object, name);
    if (value == NULL && need == BODY_REQUIRED) {
        refuse(body, PROBLEM_MISSING, name, "is missing. Send it.");
    }
    return value;
}

struct bytes body_text(const struct body *body, const char *name, enum body_need need,
                       size_t size_max)
{
    json_t *value = member(body, name, need);
    if (value == NULL) {
        return bytes_of("", 0);
    }
    struct bytes text = bytes_of(json_string_value(value), json_string_length(value));
    if (!json_is_string(value)) {
        refuse(body, PROBLEM_FIELD, name, "must be a text in quotes.");
    } else if (!text_is_sound(text, size_max)) {
        char detail[200];
        (void)snprintf(
            detail, sizeof detail,
            "must be 1 to %zu bytes of readable text: no control characters, no marks that "
            "turn its direction, no piles of accents, not only spaces.",
            size_max);
        refuse(body, PROBLEM_FIELD, name, detail);
    } else {
        return text;
    }
    return bytes_of("", 0);
}

static int64_t integer_value(const struct body *body, const char *name, const json_t *value,
                             int64_t min, int64_t max)
{
    int64_t number = json_integer_value(value);
    if (json_is_integer(value) && number >= min && number <= max) {
        return number;
    }
    char detail[120];
    (void)snprintf(detail, sizeof detail,
                   "must be a whole number from %" PRId64 " to %" PRId64
                   ", without quotes, point or e.",
                   min, max);
    refuse(body, PROBLEM_FIELD, name, detail);
    return 0;
}

int64_t body_integer(const struct body *body, const char *name, int64_t min, int64_t max,
                     int64_t absent)
{
    json_t *value = member(body, name, BODY_OPTIONAL);
    return value == NULL ? absent : integer_value(body, name, value, min, max);
}

int64_t body_integer_required(const struct body *body, const char *name, int64_t min, int64_t max)
{
    json_t *value = member(body, name, BODY_REQUIRED);
    return value == NULL ? 0 : integer_value(body, name, value, min, max);
}

bool body_truth(const struct body *body, const char *name)
{
    json_t *value = member(body, name, BODY_OPTIONAL);
    if (value != NULL && !json_is_boolean(value)) {
        refuse(body, PROBLEM_FIELD, name, "must be true or false, without quotes.");
    }
    return json_is_true(value);
}

struct body_amount body_amount(const struct body *body, const char *name, int64_t min)
{
    struct body_amount amount = {.currency = bytes_of("", 0)};
    json_t *value = member(body, name, BODY_REQUIRED);
    if (value == NULL) {
        return amount;
    }
    struct body inner = {.call = body->call, .object = value};
    (void)snprintf(inner.at, sizeof inner.at, "%.16s%.12s.", body->at, name);
    if (!json_is_object(value)) {
        refuse(body, PROBLEM_AMOUNT, name,
               "must be an object such as {\"minor\":30000,\"currency\":\"CNY\"}.");
        return amount;
    }
    BODY_ONLY(&inner, "minor", "currency");
    const json_t *minor = member(&inner, "minor", BODY_REQUIRED);
    const json_t *currency = member(&inner, "currency", BODY_REQUIRED);
    if (minor == NULL || currency == NULL) {
        return amount;
    }
    int64_t number = json_integer_value(minor);
    struct bytes text = bytes_of(json_string_value(currency), json_string_length(currency));
    if (!json_is_integer(minor) || number < min || number > AMOUNT_MAX) {
        char detail[140];
        (void)snprintf(detail, sizeof detail,
                       "must be a whole number of minor units (cents, fen) from %" PRId64
                       " to %" PRId64 ", without quotes, point or e.",
                       min, AMOUNT_MAX);
        refuse(&inner, PROBLEM_AMOUNT, "minor", detail);
    } else if (!json_is_string(currency) || !text_is_currency(text)) {
        refuse(&inner, PROBLEM_CURRENCY, "currency", "must be three capital letters, as in CNY.");
    } else {
        amount = (struct body_amount){.minor = number, .currency = text};
    }
    return amount;
}

struct subject_id body_subject(const struct body *body, const char *name)
{
    struct subject_id id = {0};
    json_t *value = member(body, name, BODY_REQUIRED);
    struct bytes text = bytes_of(json_string_value(value), json_string_length(value));
    if (value != NULL &&
        (!hex_parse(text, id.bytes, sizeof id.bytes) || id_is_none(id.bytes, sizeof id.bytes))) {
        refuse(body, PROBLEM_FIELD, name, "must be an id of 32 hex digits, lower case.");
    }
    return id;
}

struct account_name body_account(const struct body *body)
{
    struct account_name account = {.card = bytes_of("", 0)};
    bool by_card = member(body, "card", BODY_OPTIONAL) != NULL;
    bool by_account = member(body, "account", BODY_OPTIONAL) != NULL;
    if (by_card && by_account) {
        refuse(body, PROBLEM_FIELD, "card", "and \"account\" are both there. Send one of them.");
    } else if (by_account) {
        account.account = body_subject(body, "account");
    } else if (by_card) {
        account.card = body_text(body, "card", BODY_REQUIRED, FIELD_SIZE_MAX);
        if (account.card.size > 0 && !card_is_formed(account.card)) {
            refuse(body, PROBLEM_FIELD, "card", "must be the 16 digits of a card, in quotes.");
        }
    } else {
        refuse(body, PROBLEM_MISSING, "card",
               "is missing. Say whose account it is: \"card\" or \"account\".");
    }
    return account;
}

size_t body_array(const struct body *body, const char *name, size_t max)
{
    json_t *value = member(body, name, BODY_OPTIONAL);
    if (value == NULL) {
        return 0;
    }
    size_t size = json_array_size(value);
    if (!json_is_array(value) || size > max) {
        char detail[80];
        (void)snprintf(detail, sizeof detail, "must be an array of at most %zu objects.", max);
        refuse(body, PROBLEM_FIELD, name, detail);
        return 0;
    }
    return size;
}

struct event_ref body_ref(const struct body *body, const char *name)
{
    struct event_ref ref = {0};
    struct bytes text = body_text(body, name, BODY_REQUIRED, NAME_SIZE_MAX);
    if (text.size > 0 && !ref_parse(text, &ref)) {
        body_refuse(body, name, "must be the reference on the receipt, as in 2.1-17-0.");
    }
    return ref;
}

struct event_ref body_sale(const struct body *body)
{
    return body_ref(body, "sale");
}

struct body body_object(const struct body *body, const char *name)
{
    struct body inner = {.call = body->call, .object = member(body, name, BODY_REQUIRED)};
    (void)snprintf(inner.at, sizeof inner.at, "%.16s%.12s.", body->at, name);
    if (inner.object != NULL && !json_is_object(inner.object)) {
        refuse(body, PROBLEM_FIELD, name, "must be an object in braces.");
        inner.object = NULL;
    }
    return inner;
}

struct body body_element(const struct body *body, const char *name, size_t index)
{
    struct body element = {.call = body->call};
    (void)snprintf(element.at, sizeof element.at, "%.12s[%zu].", name, index);
    element.object = json_array_get(json_object_get(body->object, name), index);
    if (!json_is_object(element.object)) {
        char place[32];
        (void)snprintf(place, sizeof place, "%.12s[%zu]", name, index);
        refuse(body, PROBLEM_FIELD, place, "must be an object in braces.");
        element.object = NULL;
    }
    return element;
}
