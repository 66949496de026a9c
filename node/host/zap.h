/* Who may connect at all: the ZAP handler (ZeroMQ RFC 27) of one context, in a thread of its own.
 * It must be running before any CURVE server binds, because libzmq admits everybody when it asks
 * nobody. The user id of an admitted connection is its transport key in hex. */
#ifndef ZAP_H
#define ZAP_H

#include "admission.h"

#define ZAP_DOMAIN "tally"

enum { ZAP_USER_ID_SIZE = 65 /* 64 hex digits and a terminator */ };

struct zap;

/* Returns once the handler is bound; `context` is a ZeroMQ context; `admission` is kept. NULL if it
 * cannot be started. */
struct zap *zap_start(void *context, struct admission *admission);

/* After zmq_ctx_shutdown of the context: waits for the thread. NULL is allowed. */
void zap_join(struct zap *zap);

struct zap_counters {
    uint64_t admitted;
    uint64_t refused;   /* unknown keys */
    uint64_t malformed; /* not the seven frames that we ask for */
};
struct zap_counters zap_counters(struct zap *zap);

void zap_user_id(const struct transport_key *key, char text[static ZAP_USER_ID_SIZE]);
/* False unless `text` is a user id that zap_user_id writes. */
bool zap_user_key(const char *text, struct transport_key *key);

#endif
