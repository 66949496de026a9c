/* The bodies of events, element by element (proto/README.md "Bodies"). Only event_codec.c calls
 * these. A reading starts behind the body's array head and leaves unknown trailing elements unread;
 * event->body_size holds the number of elements that there are. */
#ifndef EVENT_BODY_H
#define EVENT_BODY_H

#include "reader.h"
#include "writer.h"

#include "tally/event.h"

void auth_epoch_read(struct reader *reader, struct event *event);
void auth_epoch_write(struct writer *writer, const struct event *event);
void admit_read(struct reader *reader, struct event *event);
void admit_write(struct writer *writer, const struct event *event);
void limits_read(struct reader *reader, struct event *event);
void limits_write(struct writer *writer, const struct event *event);
void organisation_read(struct reader *reader, struct event *event);
void organisation_write(struct writer *writer, const struct event *event);
void product_read(struct reader *reader, struct event *event);
void product_write(struct writer *writer, const struct event *event);
/* [epoch, public key, prev_seq, prev_id, until_day] */
void certificate_write(struct writer *writer, const struct event *event);

/* Elements that may be absent at the end are written if `elements` reaches them. */
void topup_read(struct reader *reader, struct event *event);
void topup_write(struct writer *writer, const struct event *event, uint32_t elements);
void spend_read(struct reader *reader, struct event *event);
void spend_write(struct writer *writer, const struct event *event, uint32_t elements);
void refund_read(struct reader *reader, struct event *event);
void refund_write(struct writer *writer, const struct event *event);
void move_read(struct reader *reader, struct event *event);
void move_write(struct writer *writer, const struct event *event);
void accept_read(struct reader *reader, struct event *event);
void accept_write(struct writer *writer, const struct event *event);

void enrol_read(struct reader *reader, struct event *event);
void enrol_write(struct writer *writer, const struct event *event);
void open_read(struct reader *reader, struct event *event);
void open_write(struct writer *writer, const struct event *event);
void issue_read(struct reader *reader, struct event *event);
void issue_write(struct writer *writer, const struct event *event);
void freeze_read(struct reader *reader, struct event *event);
void freeze_write(struct writer *writer, const struct event *event);
void unfreeze_read(struct reader *reader, struct event *event);
void unfreeze_write(struct writer *writer, const struct event *event);

/* [journal, seq, index] */
struct event_ref event_ref_read(struct reader *reader);
void event_ref_write(struct writer *writer, const struct event_ref *ref);

#endif
