/* The passphrase of a key file: the first line of the file that --passphrase-file names. */
#ifndef PASSPHRASE_H
#define PASSPHRASE_H

#include "outcome.h"
#include "session.h"

enum { PASSPHRASE_SIZE_MAX = 1024 };

/* Empty when the option was not given. The caller wipes it. Explains what is wrong. */
enum outcome passphrase_read(struct session *session, char passphrase[static PASSPHRASE_SIZE_MAX]);

#endif
