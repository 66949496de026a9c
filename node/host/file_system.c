#include "file_system.h"

#include "file.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/statfs.h>

/* What statfs(2) calls them. Supported are those that were seen to keep what was synced. */
static const struct known {
    uint32_t magic;
    bool supported;
    const char *name;
} file_systems[] = {
    {0xef53, true, "ext4"},         {0x58465342, true, "xfs"},    {0x01021994, false, "tmpfs"},
    {0x794c7630, false, "overlay"}, {0x9123683e, false, "btrfs"}, {0xf2f52010, false, "f2fs"},
    {0x6969, false, "nfs"},         {0xff534d42, false, "cifs"},  {0x65735546, false, "fuse"},
    {0x2fc12fc1, false, "zfs"},     {0x4d44, false, "vfat"},      {0x858458f6, false, "ramfs"},
};

enum status file_system_of(const char *path, const char **name, bool *supported)
{
    struct statfs found;
    if (statfs(path, &found) != 0) {
        return file_status(errno);
    }
    *name = "unknown";
    *supported = false;
    for (size_t i = 0; i < sizeof file_systems / sizeof file_systems[0]; i++) {
        if (file_systems[i].magic == (uint32_t)found.f_type) {
            *name = file_systems[i].name;
            *supported = file_systems[i].supported;
        }
    }
    return STATUS_OK;
}
