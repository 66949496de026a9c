/* A machine becomes a branch: `branch join`, and `node restore`, which fills it from a backup
 * first. */
#ifndef JOIN_MACHINE_H
#define JOIN_MACHINE_H

#include "outcome.h"
#include "session.h"

/* Fills the store of a node that is admitted and does not run yet. May be called again after an
 * interruption. */
typedef enum outcome join_fill(struct session *session, const char *directory);

/* With the invitation `token` and the options --dir, --listen, --peer-listen, --advertise,
 * --timeout and --no-sync of the session. `fill` may be NULL. */
enum outcome join_machine(struct session *session, const char *token, join_fill *fill);

#endif
