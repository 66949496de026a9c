#include "confirmation.h"

#include "file.h"

#include <errno.h>
#include <unistd.h>

enum status confirmation_demand(const char *path, struct explanation *explanation)
{
    static const char text[] = "money waits until a peer has confirmed this journal's end\n";
    return file_replace(path, bytes_of(text, sizeof text - 1), 0600, explanation);
}

bool confirmation_give(const char *path)
{
    return unlink(path) == 0 || errno == ENOENT;
}

bool confirmation_is_demanded(const char *path)
{
    return file_exists(path);
}
