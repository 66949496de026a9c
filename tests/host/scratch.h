/* A folder of its own for a test, below the build folder, on the disk that the build is on. */
#ifndef SCRATCH_H
#define SCRATCH_H

#include <stddef.h>
#include <stdint.h>

enum { SCRATCH_PATH_SIZE = 512 };

/* Makes an empty folder, different at each call, and writes its path. Fails the test if it cannot.
 */
void scratch_make(char path[static SCRATCH_PATH_SIZE]);

/* Removes the folder and all in it. */
void scratch_remove(const char *path);

/* "folder/name", good until the eighth call after it. */
const char *scratch_in(const char *folder, const char *name);

/* Reads a whole file into memory that the caller frees; its size to `size`. Fails the test if it
 * cannot. */
uint8_t *scratch_read(const char *path, size_t *size);

/* Replaces a file's content. */
void scratch_write(const char *path, const void *content, size_t size);

/* In how many regular files of the folder these bytes stand. */
size_t scratch_files_with(const char *folder, const void *bytes, size_t size);

/* The path of the file in `folder` with this ending that is the largest; fails if there is none. */
const char *scratch_largest(const char *folder, const char *ending);

#endif
