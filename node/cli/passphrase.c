#include "passphrase.h"

#include "file.h"

#include <string.h>

enum outcome passphrase_read(struct session *session, char passphrase[static PASSPHRASE_SIZE_MAX])
{
    const char *path = session_option(session, "passphrase-file");
    struct explanation explanation = {{0}};
    struct buffer content = {.data = (uint8_t *)passphrase, .capacity = PASSPHRASE_SIZE_MAX - 1};
    memset(passphrase, 0, PASSPHRASE_SIZE_MAX);
    if (path == NULL) {
        return OUTCOME_DONE;
    }
    if (file_read(path, &content, &explanation) != STATUS_OK) {
        return session_refused(session, "The passphrase cannot be read: %s.", explanation.text);
    }
    passphrase[strcspn(passphrase, "\r\n")] = '\0';
    return passphrase[0] != '\0' ? OUTCOME_DONE
                                 : session_refused(session, "%s holds no passphrase.", path);
}
