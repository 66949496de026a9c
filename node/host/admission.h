/* Which transport keys may talk to this node: asked by the ZAP thread when somebody connects and by
 * the bus for every frame; told by the core, which alone knows the authority journal.
 *
 * A key that is not in the table becomes a question to the core, because open invitations cannot be
 * listed beforehand; whoever asks waits for a bounded time and then refuses. */
#ifndef ADMISSION_H
#define ADMISSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ADMISSION_KEYS_MAX = 2048,
    ADMISSION_QUESTIONS_MAX = 32,
};

struct transport_key {
    uint8_t bytes[32];
};

struct admission;

/* Nobody is admitted at first. NULL when memory or descriptors are short. */
struct admission *admission_new(void);
void admission_free(struct admission *admission);

/* Any thread. */
bool admission_allows(struct admission *admission, const struct transport_key *key);

/* As admission_allows; for an unknown key puts the question and waits at most `wait_ms` for the
 * core's answer. One thread. */
bool admission_ask(struct admission *admission, const struct transport_key *key, uint32_t wait_ms);

/* From now on the core answers; before, an unknown key is refused without a question. */
void admission_attend(struct admission *admission);

/* Core thread: readable while a question waits; the next question; the answer to one. A positive
 * answer stays in the table until admission_set says otherwise. */
int admission_descriptor(const struct admission *admission);
bool admission_next_question(struct admission *admission, struct transport_key *key);
void admission_answer(struct admission *admission, const struct transport_key *key, bool allowed);

/* Core thread: lets a key in or keeps it out from now on. False if the table is full. */
bool admission_set(struct admission *admission, const struct transport_key *key, bool allowed);
/* Copies up to `max` admitted keys, and how many were copied. */
size_t admission_list(struct admission *admission, struct transport_key *keys, size_t max);

#endif
