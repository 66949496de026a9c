#include "small_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/ioctl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { PIECE = 64 * 1024, CUT_WITHOUT_FLUSH = 2 };

/* The file systems have it in headers of their own, with one number. */
#define CUT_POWER _IOR('X', 125, uint32_t)

static const char mount_program[] = "/usr/bin/mount";
static const char umount_program[] = "/usr/bin/umount";

static void plug(const struct disk *disk, const struct stage *stage, const char *point)
{
    if (!run_try(mount_program, "-o", "loop", disk->image, point, NULL)) {
        torture_skip(stage->torture, "a file cannot be mounted as a disk here");
    }
}

static void make_image(const struct disk *disk, const struct torture *torture, unsigned mib)
{
    int file = open(disk->image, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0 || ftruncate(file, (off_t)mib << 20) != 0) {
        torture_fail(torture, "%.140s cannot be made: %s", disk->image, strerrordesc_np(errno));
    }
    (void)close(file);
    if (strcmp(disk->kind, "xfs") == 0) {
        torture_needs_program(torture, "/usr/sbin/mkfs.xfs");
        run_must(torture, "/usr/sbin/mkfs.xfs", "-q", "-f", disk->image, NULL);
    } else {
        torture_needs_program(torture, "/usr/sbin/mkfs.ext4");
        run_must(torture, "/usr/sbin/mkfs.ext4", "-q", "-F", "-m", "0", disk->image, NULL);
    }
}

void disk_open(struct disk *disk, struct stage *stage, size_t node, const char *kind, unsigned mib)
{
    struct torture *torture = stage->torture;
    char beside[FLEET_TEXT_SIZE_MAX + 16];
    char content[FLEET_TEXT_SIZE_MAX + 16];
    *disk = (struct disk){0};
    (void)snprintf(disk->kind, sizeof disk->kind, "%s", kind);
    (void)snprintf(disk->image, sizeof disk->image, "%s/disk.img", torture->dir);
    (void)snprintf(disk->point, sizeof disk->point, "%s", stage->fleet.nodes[node].dir);
    (void)snprintf(disk->filler, sizeof disk->filler, "%s/filler", disk->point);
    (void)snprintf(beside, sizeof beside, "%s.new", disk->point);
    (void)snprintf(content, sizeof content, "%s/.", disk->point);
    make_image(disk, torture, mib);
    (void)mkdir(beside, 0700);
    plug(disk, stage, beside);
    stage_halt(stage, node);
    run_must(torture, "/usr/bin/cp", "-a", content, beside, NULL);
    run_must(torture, umount_program, beside, NULL);
    (void)rmdir(beside);
    plug(disk, stage, disk->point);
    stage_start(stage, node);
    torture_step(torture, "%s is on a disk of %u MiB with %s", stage_name(node), mib, kind);
}

void disk_close(const struct disk *disk, const struct stage *stage)
{
    run_must(stage->torture, umount_program, disk->point, NULL);
}

uint64_t disk_free(const struct disk *disk)
{
    struct statvfs room;
    return statvfs(disk->point, &room) == 0 ? (uint64_t)room.f_bavail * room.f_frsize : 0;
}

/* The last bytes by writing: a file system keeps some back from who asks for room in advance. */
static void fill_up(const struct disk *disk, int file)
{
    static const char piece[PIECE];
    size_t size = sizeof piece;
    (void)lseek(file, 0, SEEK_END);
    while (size > 0) {
        ssize_t written = write(file, piece, size);
        size = written > 0 ? size : size / 2;
    }
    (void)disk;
}

void disk_fill(const struct disk *disk, const struct stage *stage, uint64_t free_bytes)
{
    int file = open(disk->filler, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    struct stat about;
    if (file < 0 || fstat(file, &about) != 0) {
        torture_fail(stage->torture, "the filler cannot be opened: %s", strerrordesc_np(errno));
    }
    uint64_t room = disk_free(disk);
    if (room > free_bytes) {
        (void)fallocate(file, 0, about.st_size, (off_t)(room - free_bytes));
    } else if ((uint64_t)about.st_size > free_bytes - room) {
        (void)!ftruncate(file, about.st_size - (off_t)(free_bytes - room));
    }
    if (free_bytes == 0) {
        fill_up(disk, file);
    }
    (void)close(file);
}

void disk_empty(const struct disk *disk)
{
    (void)unlink(disk->filler);
}

void disk_cut_power(const struct disk *disk, const struct stage *stage)
{
    uint32_t how = CUT_WITHOUT_FLUSH;
    int point = open(disk->point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (point < 0 || ioctl(point, CUT_POWER, &how) != 0) {
        torture_skip(stage->torture, "%s cannot be shut down on this machine: %s", disk->kind,
                     strerrordesc_np(errno));
    }
    (void)close(point);
}

void disk_replug(const struct disk *disk, const struct stage *stage)
{
    run_must(stage->torture, umount_program, disk->point, NULL);
    run_must(stage->torture, mount_program, "-o", "loop", disk->image, disk->point, NULL);
}
