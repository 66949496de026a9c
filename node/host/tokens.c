/* The file of hashed tokens, for node/api (auth.h). */
#include "auth.h"

#include "explanation.h"
#include "file.h"
#include "log.h"

enum status tokens_file_read(const char *path, struct buffer *content)
{
    struct explanation why;
    enum status status = file_read(path, content, &why);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        log_event(LOG_ERROR, "tokens_unread", log_text("reason", why.text));
    }
    return status;
}

enum status tokens_file_replace(const char *path, struct bytes content)
{
    struct explanation why;
    enum status status = file_replace(path, content, 0600, &why);
    if (status != STATUS_OK) {
        log_event(LOG_ERROR, "tokens_unwritten", log_text("reason", why.text));
    }
    return status;
}
