#include "confirmation.h"

#include "file.h"

#include <errno.h>
#include <unistd.h>

static const char refuted_text[] = "refuted: another copy of this journal went on, or did\n";

/* What somebody proved stays proved, whatever others, who know less, have to show. */
static bool is_refuted(const char *path)
{
    uint8_t memory[sizeof refuted_text];
    struct buffer content = BUFFER_OVER(memory);
    struct explanation explanation = {""};
    return file_read(path, &content, &explanation) == STATUS_OK &&
           bytes_equal(buffer_bytes(&content), bytes_of(refuted_text, sizeof refuted_text - 1));
}

enum status confirmation_refute(const char *path, struct explanation *explanation)
{
    return file_replace(path, bytes_of(refuted_text, sizeof refuted_text - 1), 0600, explanation);
}

enum status confirmation_demand(const char *path, struct explanation *explanation)
{
    if (is_refuted(path)) {
        return STATUS_OK;
    }
    static const char text[] = "money waits until a peer has confirmed this journal's end\n";
    return file_replace(path, bytes_of(text, sizeof text - 1), 0600, explanation);
}

bool confirmation_give(const char *path)
{
    return !is_refuted(path) && (unlink(path) == 0 || errno == ENOENT);
}

bool confirmation_is_demanded(const char *path)
{
    return file_exists(path);
}
