/* The bodies of events, element by element (proto/README.md "Bodies"). Only event_codec.c calls
 * these. A reading starts behind the body's array head and leaves unknown trailing elements unread;
 * event->body_size holds the number of elements that there are. A writing writes `elements` of
 * them: those that may be absent at the end only if `elements` reaches them. */
#ifndef EVENT_BODY_H
#define EVENT_BODY_H

#include "reader.h"
#include "writer.h"

#include "tally/event.h"

/* authority_body.c */
void auth_epoch_read(struct reader *reader, struct event *event);
void auth_epoch_write(struct writer *writer, const struct event *event, uint32_t elements);
void admit_read(struct reader *reader, struct event *event);
void admit_write(struct writer *writer, const struct event *event, uint32_t elements);
void suspend_read(struct reader *reader, struct event *event);
void suspend_write(struct writer *writer, const struct event *event, uint32_t elements);
void retire_read(struct reader *reader, struct event *event);
void retire_write(struct writer *writer, const struct event *event, uint32_t elements);
void resolve_read(struct reader *reader, struct event *event);
void resolve_write(struct writer *writer, const struct event *event, uint32_t elements);
void quota_read(struct reader *reader, struct event *event);
void quota_write(struct writer *writer, const struct event *event, uint32_t elements);
void limits_read(struct reader *reader, struct event *event);
void limits_write(struct writer *writer, const struct event *event, uint32_t elements);
void approve_read(struct reader *reader, struct event *event);
void approve_write(struct writer *writer, const struct event *event, uint32_t elements);
void checkpoint_read(struct reader *reader, struct event *event);
void checkpoint_write(struct writer *writer, const struct event *event, uint32_t elements);
void organisation_read(struct reader *reader, struct event *event);
void organisation_write(struct writer *writer, const struct event *event, uint32_t elements);
void product_read(struct reader *reader, struct event *event);
void product_write(struct writer *writer, const struct event *event, uint32_t elements);

/* [epoch, public key, prev_seq, prev_id, until_day] */
void certificate_write(struct writer *writer, const struct event *event);

/* value_body.c: what issues and uses value */
void topup_read(struct reader *reader, struct event *event);
void topup_write(struct writer *writer, const struct event *event, uint32_t elements);
void issue_lots_read(struct reader *reader, struct event *event);
void issue_lots_write(struct writer *writer, const struct event *event, uint32_t elements);
void spend_read(struct reader *reader, struct event *event);
void spend_write(struct writer *writer, const struct event *event, uint32_t elements);
void hold_read(struct reader *reader, struct event *event);
void hold_write(struct writer *writer, const struct event *event, uint32_t elements);
void capture_read(struct reader *reader, struct event *event);
void capture_write(struct writer *writer, const struct event *event, uint32_t elements);
void release_read(struct reader *reader, struct event *event);
void release_write(struct writer *writer, const struct event *event, uint32_t elements);
void refund_read(struct reader *reader, struct event *event);
void refund_write(struct writer *writer, const struct event *event, uint32_t elements);
void expire_read(struct reader *reader, struct event *event);
void expire_write(struct writer *writer, const struct event *event, uint32_t elements);
void clawback_read(struct reader *reader, struct event *event);
void clawback_write(struct writer *writer, const struct event *event, uint32_t elements);
void rebind_read(struct reader *reader, struct event *event);
void rebind_write(struct writer *writer, const struct event *event, uint32_t elements);
void payout_read(struct reader *reader, struct event *event);
void payout_write(struct writer *writer, const struct event *event, uint32_t elements);

/* rights_body.c: who holds it */
void move_read(struct reader *reader, struct event *event);
void move_write(struct writer *writer, const struct event *event, uint32_t elements);
void accept_read(struct reader *reader, struct event *event);
void accept_write(struct writer *writer, const struct event *event, uint32_t elements);
void giveback_read(struct reader *reader, struct event *event);
void giveback_write(struct writer *writer, const struct event *event, uint32_t elements);
void reclaim_read(struct reader *reader, struct event *event);
void reclaim_write(struct writer *writer, const struct event *event, uint32_t elements);
void cover_read(struct reader *reader, struct event *event);
void cover_write(struct writer *writer, const struct event *event, uint32_t elements);
void settle_read(struct reader *reader, struct event *event);
void settle_write(struct writer *writer, const struct event *event, uint32_t elements);
void risk_ack_read(struct reader *reader, struct event *event);
void risk_ack_write(struct writer *writer, const struct event *event, uint32_t elements);
void freeze_ack_read(struct reader *reader, struct event *event);
void freeze_ack_write(struct writer *writer, const struct event *event, uint32_t elements);
void lease_read(struct reader *reader, struct event *event);
void lease_write(struct writer *writer, const struct event *event, uint32_t elements);
void fork_read(struct reader *reader, struct event *event);
void fork_write(struct writer *writer, const struct event *event, uint32_t elements);

/* member_body.c */
void enrol_read(struct reader *reader, struct event *event);
void enrol_write(struct writer *writer, const struct event *event, uint32_t elements);
void open_read(struct reader *reader, struct event *event);
void open_write(struct writer *writer, const struct event *event, uint32_t elements);
void issue_read(struct reader *reader, struct event *event);
void issue_write(struct writer *writer, const struct event *event, uint32_t elements);
void freeze_read(struct reader *reader, struct event *event);
void freeze_write(struct writer *writer, const struct event *event, uint32_t elements);
void unfreeze_read(struct reader *reader, struct event *event);
void unfreeze_write(struct writer *writer, const struct event *event, uint32_t elements);
void loss_read(struct reader *reader, struct event *event);
void loss_write(struct writer *writer, const struct event *event, uint32_t elements);
void replace_read(struct reader *reader, struct event *event);
void replace_write(struct writer *writer, const struct event *event, uint32_t elements);
void wish_read(struct reader *reader, struct event *event);
void wish_write(struct writer *writer, const struct event *event, uint32_t elements);
void wish_close_read(struct reader *reader, struct event *event);
void wish_close_write(struct writer *writer, const struct event *event, uint32_t elements);

/* Shared by value_body.c and rights_body.c. Lists in ledger events are never empty: an event that
 * moves nothing is none. */
uint8_t lines_read(struct reader *reader, struct lot_line *lines);
void lines_write(struct writer *writer, const struct lot_line *lines, uint8_t line_count);
uint8_t amounts_read(struct reader *reader, struct lot_amount *amounts);
void amounts_write(struct writer *writer, const struct lot_amount *amounts, uint8_t count);
uint8_t list_read(struct reader *reader);
uint32_t list_write(struct writer *writer, uint8_t count);

/* [journal, seq, index]; an optional one is [] when all of it is zero. */
struct event_ref event_ref_read(struct reader *reader);
void event_ref_write(struct writer *writer, const struct event_ref *ref);
struct event_ref event_ref_optional_read(struct reader *reader);
void event_ref_optional_write(struct writer *writer, const struct event_ref *ref);

#endif
