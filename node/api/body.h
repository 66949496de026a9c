/* Typed reads from the JSON body of a call. Each refuses what is missing, of another type or out
 * of bounds, by name, and then gives zeros. */
#ifndef BODY_H
#define BODY_H

#include "call.h"

enum body_need {
    BODY_OPTIONAL,
    BODY_REQUIRED,
};

/* An object inside the body, and how to call it: "items[2]." or "". */
struct body {
    struct api_call *call;
    json_t *object;
    char at[32];
};

struct body_amount {
    int64_t minor;
    struct bytes currency;
};

struct body body_of(struct api_call *call);

/* Refuses members that are not among `count` names. */
void body_only(const struct body *body, const char *const *names, size_t count);
#define BODY_ONLY(body, ...)                                                                       \
    body_only(body, (const char *const[]){__VA_ARGS__},                                            \
              sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

/* Text fit to be kept (node/rules/text.h); empty when absent. Borrowed from the call. */
struct bytes body_text(const struct body *body, const char *name, enum body_need need,
                       size_t size_max);
/* `absent` when it is not there. */
int64_t body_integer(const struct body *body, const char *name, int64_t min, int64_t max,
                     int64_t absent);
int64_t body_integer_required(const struct body *body, const char *name, int64_t min, int64_t max);
/* False when it is not there. */
bool body_truth(const struct body *body, const char *name);
/* {"minor":1.., "currency":"CNY"}: both required. `min` is 0 or 1. */
struct body_amount body_amount(const struct body *body, const char *name, int64_t min);
struct subject_id body_subject(const struct body *body, const char *name);
/* Exactly one of "card" and "account". */
struct account_name body_account(const struct body *body);
/* The reference on a receipt: required. */
struct event_ref body_sale(const struct body *body);
/* Any such reference: required. */
struct event_ref body_ref(const struct body *body, const char *name);
/* Object `name`: required. */
struct body body_object(const struct body *body, const char *name);
/* Array `name`, at most `max` long; 0 when absent. Element `index` as an object. */
size_t body_array(const struct body *body, const char *name, size_t max);
struct body body_element(const struct body *body, const char *name, size_t index);
/* Refuses the member's value: `detail` says what would be right. */
void body_refuse(const struct body *body, const char *name, const char *detail);

#endif
