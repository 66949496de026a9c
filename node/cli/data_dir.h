/* What `tally` puts into a new data directory besides keys, identity and store: the manifest, the
 * configuration and the operator's token. */
#ifndef DATA_DIR_H
#define DATA_DIR_H

#include "tally/bytes.h"
#include "tally/status.h"

#include "explanation.h"

#include <stdbool.h>

struct data_dir_settings {
    const char *directory;      /* absolute, as the node will know it */
    const char *api_listen;     /* host:port */
    const char *peer_listen;    /* tcp://host:port, or "" */
    const char *peer_advertise; /* tcp://host:port, or "" */
};

/* NULL, or a sentence about what does not make sense. */
const char *data_dir_settings_problem(const struct data_dir_settings *settings);

/* `path` as seen from the root directory, without a slash at its end. STATUS_TOO_LARGE, or
 * STATUS_MALFORMED for characters that a configuration file cannot hold. */
MUST_CHECK enum status data_dir_absolute(const char *path, struct buffer *absolute,
                                         struct explanation *explanation);

/* Writes config.conf into `where`: every option with its meaning and bound; those settled here are
 * set, the others stand at their defaults. Replaces what is there. */
MUST_CHECK enum status data_dir_write_config(const char *where,
                                             const struct data_dir_settings *settings,
                                             struct explanation *explanation);

/* Writes `manifest`. Replaces what is there. */
MUST_CHECK enum status data_dir_write_manifest(const char *where, struct bytes manifest,
                                               struct explanation *explanation);

/* Makes an operator's token: its hash into `tokens`, itself into `admin.token`. Does nothing if
 * there is an admin.token already. */
MUST_CHECK enum status data_dir_write_token(const char *where, struct explanation *explanation);

/* True if there is no such directory, or nothing in it but perhaps an entry named `but` (may be
 * NULL). */
bool data_dir_is_empty(const char *path, const char *but);

/* Removes a directory of plain files. Nothing there: STATUS_OK. */
MUST_CHECK enum status data_dir_discard(const char *path, struct explanation *explanation);

#endif
