/* A message between nodes as bytes: [kind, session, fields..] (proto/README.md). */
#ifndef MESSAGE_CODEC_H
#define MESSAGE_CODEC_H

#include "tally/message.h"
#include "tally/status.h"

/* `message` borrows from `frame`. STATUS_NOT_FOUND for a well-formed message of unknown kind. */
MUST_CHECK enum status message_decode(struct bytes frame, struct message *message);
/* Into an empty buffer of FRAME_SIZE_MAX. */
MUST_CHECK enum status message_encode(const struct message *message, struct buffer *out);

#endif
