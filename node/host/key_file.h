/* One secret of 32 bytes in a file of its own: a line "tally-key 1 PURPOSE HEX CHECK". The check
 * finds damage; only the file's mode keeps the secret. */
#ifndef KEY_FILE_H
#define KEY_FILE_H

#include "tally/status.h"

#include "explanation.h"

#include <stdint.h>

enum { KEY_FILE_PURPOSE_SIZE_MAX = 16 };

/* A new file, mode 0600. STATUS_DENIED if it exists. */
MUST_CHECK enum status key_file_create(const char *path, const char *purpose,
                                       const uint8_t secret[static 32],
                                       struct explanation *explanation);

/* STATUS_NOT_FOUND; STATUS_DENIED: others may read it; STATUS_MALFORMED: damaged, or a key of
 * another purpose. */
MUST_CHECK enum status key_file_read(const char *path, const char *purpose,
                                     uint8_t secret[static 32], struct explanation *explanation);

#endif
