/* A stable lower-case name for each number that people and programs see. Never NULL: an unknown
 * number is "unknown". */
#ifndef NAMES_H
#define NAMES_H

#include "tally/alarm.h"
#include "tally/command.h"
#include "tally/event.h"
#include "tally/message.h"
#include "tally/status.h"

const char *status_name(enum status status);
const char *event_type_name(uint16_t type);        /* "topup", "spend", "rights_move", .. */
const char *bucket_name(uint8_t bucket);           /* "principal", .. */
const char *request_outcome_name(uint8_t outcome); /* "open" for 0, "done", .. */
const char *tender_name(uint8_t tender);           /* "cash", .. */
const char *freeze_kind_name(uint8_t kind);        /* "loss", .. */
const char *spend_order_name(uint8_t order);       /* "proportional", .. */
const char *event_verdict_name(uint8_t verdict);   /* "valid", .. */
const char *invalid_reason_name(uint8_t reason);   /* "not_covered", .. */
const char *verdict_name(enum verdict verdict);    /* "allowed", "rights", "frozen", .. */
const char *alarm_name(enum alarm alarm);
const char *message_name(enum message_kind kind);
const char *member_field_name(uint8_t field); /* "name", "phone", .. */

/* And back: the number, or 0 when no number has that name. */
uint8_t tender_by_name(struct bytes name);
uint8_t freeze_kind_by_name(struct bytes name);
uint16_t event_type_by_name(struct bytes name);
/* enum spend_order, or 255. */
uint8_t spend_order_by_name(struct bytes name);

#endif
