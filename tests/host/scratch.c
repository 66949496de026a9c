#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void scratch_make(char path[static SCRATCH_PATH_SIZE])
{
    int length = snprintf(path, SCRATCH_PATH_SIZE, "%s/scratch", TALLY_BINARY_DIR);
    assert_in_range(length, 1, SCRATCH_PATH_SIZE - 32);
    (void)mkdir(path, 0700);
    strcat(path, "/XXXXXX");
    assert_non_null(mkdtemp(path));
}

static int remove_one(const char *path, const struct stat *found, int kind, struct FTW *place)
{
    (void)found;
    (void)kind;
    (void)place;
    return remove(path);
}

void scratch_remove(const char *path)
{
    (void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *scratch_in(const char *folder, const char *name)
{
    static char paths[8][SCRATCH_PATH_SIZE + 64];
    static size_t next;
    char *path = paths[next++ % 8];
    int length = snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    assert_in_range(length, 1, sizeof paths[0] - 1);
    return path;
}

uint8_t *scratch_read(const char *path, size_t *size)
{
    struct stat found;
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fstat(fileno(file), &found), 0);
    uint8_t *content = malloc((size_t)found.st_size + 1);
    assert_non_null(content);
    *size = fread(content, 1, (size_t)found.st_size, file);
    assert_int_equal(*size, found.st_size);
    (void)fclose(file);
    return content;
}

void scratch_write(const char *path, const void *content, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(content, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

size_t scratch_files_with(const char *folder, const void *bytes, size_t size)
{
    size_t files = 0;
    DIR *directory = opendir(folder);
    assert_non_null(directory);
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        if (entry->d_type != DT_REG) {
            continue;
        }
        size_t content_size = 0;
        uint8_t *content = scratch_read(scratch_in(folder, entry->d_name), &content_size);
        files += memmem(content, content_size, bytes, size) != NULL;
        free(content);
    }
    (void)closedir(directory);
    return files;
}

const char *scratch_largest(const char *folder, const char *ending)
{
    const char *largest = NULL;
    off_t most = -1;
    DIR *directory = opendir(folder);
    assert_non_null(directory);
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        size_t length = strlen(entry->d_name);
        struct stat found;
        if (length < strlen(ending) ||
            strcmp(entry->d_name + length - strlen(ending), ending) != 0) {
            continue;
        }
        const char *path = scratch_in(folder, entry->d_name);
        assert_int_equal(stat(path, &found), 0);
        if (found.st_size > most) {
            static char kept[SCRATCH_PATH_SIZE + 64];
            most = found.st_size;
            strcpy(kept, path);
            largest = kept;
        }
    }
    (void)closedir(directory);
    assert_non_null(largest);
    return largest;
}
