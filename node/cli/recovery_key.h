/* The recovery key: seals backups, belongs offline. Its public half is a file of one line that may
 * lie anywhere. */
#ifndef RECOVERY_KEY_H
#define RECOVERY_KEY_H

#include "outcome.h"
#include "session.h"

#include <stdint.h>

/* The public half that --recovery-key names: a file that `tally recovery-key new` wrote, or 64 hex
 * digits. Explains what is wrong. */
enum outcome recovery_key_public(struct session *session, uint8_t public_key[static 32]);

/* The key itself, from --recovery-key-file and --passphrase-file. The caller wipes it. */
enum outcome recovery_key_open(struct session *session, uint8_t seed[static 32]);

#endif
