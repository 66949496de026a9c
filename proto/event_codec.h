/* An event as bytes: [type, flags, subject, ticket, till, staff, body] (proto/README.md). */
#ifndef EVENT_CODEC_H
#define EVENT_CODEC_H

#include "tally/event.h"
#include "tally/status.h"

enum {
    EVENT_BODY_ELEMENTS_MAX = 255,
};

/* STATUS_MALFORMED if the envelope is not an event at all (such a block is rejected). Otherwise
 * STATUS_OK, with event->known = false if the type is not known or its body does not decode: the
 * ledger then says UNKNOWN or INVALID. `event` borrows from `input`. */
MUST_CHECK enum status event_decode(struct bytes input, struct event *event);

/* This version has a form for bodies of the type. */
bool event_type_is_known(uint16_t type);

/* True if `input` is an event: the envelope and its bounds, and a body of at most
 * EVENT_BODY_ELEMENTS_MAX well-formed elements. Says nothing about the body's meaning, so every
 * version of Tally answers the same. */
bool event_envelope_holds(struct bytes input);

/* Appends the event. STATUS_TOO_LARGE if it does not fit EVENT_SIZE_MAX or the buffer. */
MUST_CHECK enum status event_encode(const struct event *event, struct buffer *out);

/* The certificate inside AUTH.EPOCH, as its signatures cover it:
 * "tally/auth/1\0" || network || [epoch, public key, prev_seq, prev_id, until_day]. */
MUST_CHECK enum status auth_signed_bytes(const struct digest *network, const struct event *epoch,
                                         struct buffer *out);

#endif
