/* What a replay reads out of a node's JSON answers. A field that is absent or of another shape is
 * reported as such, never guessed. */
#ifndef REPLAY_ANSWER_H
#define REPLAY_ANSWER_H

#include "tally/bytes.h"
#include "tally/id.h"

#include <jansson.h>

enum { REPLAY_CODE_SIZE_MAX = 40 };

/* The document, owned by the caller (json_decref), or NULL. */
json_t *replay_answer_parse(struct bytes body);

/* An amount: {"minor": N, ..} or a bare N. */
bool replay_answer_amount(const json_t *object, const char *field, int64_t *amount);
bool replay_answer_count(const json_t *object, const char *field, uint64_t *count);
/* The text of a field, or "". Borrowed from the document. */
const char *replay_answer_text(const json_t *object, const char *field);
/* A text of exactly this many hex digits, decoded. */
bool replay_answer_hex(const json_t *object, const char *field, uint8_t *out, size_t size);
/* "2.1-17-0" */
bool replay_answer_ref(const char *text, struct event_ref *ref);
/* The first array among these fields, else the document itself if it is one, else NULL. */
const json_t *replay_answer_rows(const json_t *document);

#endif
