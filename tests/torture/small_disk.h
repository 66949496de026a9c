/* A small disk of a node's own: a file with a file system, mounted where its data directory is. */
#ifndef SMALL_DISK_H
#define SMALL_DISK_H

#include "stage.h"

struct disk {
    char kind[8]; /* "ext4" or "xfs" */
    char image[TORTURE_PATH_SIZE + 16];
    char point[FLEET_TEXT_SIZE_MAX];
    char filler[FLEET_TEXT_SIZE_MAX + 16];
};

/* Makes the disk and moves the data of a node onto it; the node is halted and started again. Skips
 * the scenario where the machine does not permit it. */
void disk_open(struct disk *disk, struct stage *stage, size_t node, const char *kind, unsigned mib);
void disk_close(const struct disk *disk, const struct stage *stage);

/* Fills it until so much is free; with less free, frees some. */
void disk_fill(const struct disk *disk, const struct stage *stage, uint64_t free_bytes);
void disk_empty(const struct disk *disk);
uint64_t disk_free(const struct disk *disk);

/* What the disk has not written yet is gone; until disk_replug nothing can be read or written. */
void disk_cut_power(const struct disk *disk, const struct stage *stage);
void disk_replug(const struct disk *disk, const struct stage *stage);

#endif
