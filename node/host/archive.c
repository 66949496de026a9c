#include "archive.h"

#include "file.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

enum {
    MAGIC_SIZE = 8,
    SEALED_KEY_SIZE = crypto_secretstream_xchacha20poly1305_KEYBYTES + crypto_box_SEALBYTES,
    STREAM_HEAD_SIZE = crypto_secretstream_xchacha20poly1305_HEADERBYTES,
    CLEAR_SIZE = MAGIC_SIZE + 32 + 8 + 8 + 8 + 32, /* what each frame is bound to */
    HEAD_SIZE = CLEAR_SIZE + SEALED_KEY_SIZE + STREAM_HEAD_SIZE,
    SUMMARY_SIZE = 8 + 8 + 32,
    END_SIZE = 8 + 32,
    SUM_SIZE = 32,
    FRAME_ROOM = 1024 * 1024, /* of blocks, before they are compressed */
    ZSTD_LEVEL = 3,
    OVERHEAD = crypto_secretstream_xchacha20poly1305_ABYTES,
};

static const uint8_t magic[MAGIC_SIZE] = "tallyar1";

static void put_number(uint8_t *at, uint64_t value, int size)
{
    for (int i = size - 1; i >= 0; i--) {
        at[i] = (uint8_t)value;
        value >>= 8;
    }
}

static uint64_t number_at(const uint8_t *at, int size)
{
    uint64_t value = 0;
    for (int i = 0; i < size; i++) {
        value = value << 8 | at[i];
    }
    return value;
}

/* ---- writing ---- */

struct archive_writer {
    char path[FILE_PATH_SIZE_MAX];
    FILE *file;
    crypto_generichash_state sum;
    crypto_secretstream_xchacha20poly1305_state stream;
    uint8_t clear[CLEAR_SIZE];
    uint8_t *plain; /* FRAME_ROOM */
    size_t plain_size;
    uint8_t *packed;
    size_t packed_room;
    uint8_t *sealed;
};

static enum status put(struct archive_writer *writer, const uint8_t *bytes, size_t size,
                       struct explanation *explanation)
{
    if (fwrite(bytes, 1, size, writer->file) != size) {
        explain(explanation, "cannot write %s: %s", writer->path, strerror(errno));
        return file_status(errno);
    }
    (void)crypto_generichash_update(&writer->sum, bytes, size);
    return STATUS_OK;
}

static void writer_free(struct archive_writer *writer)
{
    if (writer->file != NULL) {
        (void)fclose(writer->file);
    }
    free(writer->plain);
    free(writer->packed);
    free(writer->sealed);
    sodium_memzero(writer, sizeof *writer);
    free(writer);
}

void archive_abandon(struct archive_writer *writer)
{
    if (writer != NULL) {
        (void)unlink(writer->path);
        writer_free(writer);
    }
}

static enum status begin(struct archive_writer *writer, const struct archive_head *head,
                         struct explanation *explanation)
{
    uint8_t key[crypto_secretstream_xchacha20poly1305_KEYBYTES];
    uint8_t after_clear[SEALED_KEY_SIZE + STREAM_HEAD_SIZE];
    uint8_t *at = writer->clear;
    memcpy(at, magic, MAGIC_SIZE);
    memcpy(at + 8, head->network.bytes, 32);
    put_number(at + 40, head->journal, 8);
    put_number(at + 48, head->first, 8);
    put_number(at + 56, head->made_ms, 8);
    memcpy(at + 64, head->recipient, 32);
    crypto_secretstream_xchacha20poly1305_keygen(key);
    if (crypto_box_seal(after_clear, key, sizeof key, head->recipient) != 0) {
        explain(explanation, "that is no recovery key's public half");
        return STATUS_MALFORMED;
    }
    (void)crypto_secretstream_xchacha20poly1305_init_push(&writer->stream,
                                                          after_clear + SEALED_KEY_SIZE, key);
    sodium_memzero(key, sizeof key);
    enum status status = put(writer, writer->clear, sizeof writer->clear, explanation);
    return status == STATUS_OK ? put(writer, after_clear, sizeof after_clear, explanation) : status;
}

enum status archive_create(const char *path, const struct archive_head *head,
                           struct archive_writer **out, struct explanation *explanation)
{
    struct archive_writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL) {
        explain(explanation, "not enough memory");
        return STATUS_IO;
    }
    writer->packed_room = ZSTD_compressBound(FRAME_ROOM);
    writer->plain = malloc(FRAME_ROOM);
    writer->packed = malloc(writer->packed_room);
    writer->sealed = malloc(writer->packed_room + OVERHEAD);
    int size = snprintf(writer->path, sizeof writer->path, "%s", path);
    if (writer->plain == NULL || writer->packed == NULL || writer->sealed == NULL || size <= 0 ||
        (size_t)size >= sizeof writer->path) {
        explain(explanation, "not enough memory, or the path is too long");
        writer_free(writer);
        return STATUS_IO;
    }
    writer->file = fopen(path, "wbxe");
    if (writer->file == NULL) {
        explain(explanation, "cannot make %s: %s", path, strerror(errno));
        enum status status = file_status(errno);
        writer_free(writer);
        return status;
    }
    (void)fchmod(fileno(writer->file), 0600);
    (void)crypto_generichash_init(&writer->sum, NULL, 0, SUM_SIZE);
    enum status status = begin(writer, head, explanation);
    if (status != STATUS_OK) {
        archive_abandon(writer);
        return status;
    }
    *out = writer;
    return STATUS_OK;
}

static enum status push(struct archive_writer *writer, const uint8_t *bytes, size_t size,
                        uint8_t tag, struct explanation *explanation)
{
    unsigned long long sealed_size = 0;
    uint8_t prefix[4];
    (void)crypto_secretstream_xchacha20poly1305_push(&writer->stream, writer->sealed, &sealed_size,
                                                     bytes, size, writer->clear,
                                                     sizeof writer->clear, tag);
    put_number(prefix, sealed_size, sizeof prefix);
    enum status status = put(writer, prefix, sizeof prefix, explanation);
    return status == STATUS_OK ? put(writer, writer->sealed, sealed_size, explanation) : status;
}

static enum status flush_frame(struct archive_writer *writer, struct explanation *explanation)
{
    if (writer->plain_size == 0) {
        return STATUS_OK;
    }
    size_t packed = ZSTD_compress(writer->packed, writer->packed_room, writer->plain,
                                  writer->plain_size, ZSTD_LEVEL);
    assert(!ZSTD_isError(packed));
    writer->plain_size = 0;
    return push(writer, writer->packed, packed, 0, explanation);
}

enum status archive_add(struct archive_writer *writer, struct bytes block,
                        struct explanation *explanation)
{
    assert(block.size > 0 && block.size <= BLOCK_SIZE_MAX);
    enum status status = STATUS_OK;
    if (writer->plain_size + 4 + block.size > FRAME_ROOM) {
        status = flush_frame(writer, explanation);
    }
    uint8_t *at = writer->plain + writer->plain_size;
    put_number(at, block.size, 4);
    memcpy(at + 4, block.data, block.size);
    writer->plain_size += 4 + block.size;
    return status;
}

static enum status finish(struct archive_writer *writer, const struct archive_summary *summary,
                          const struct digest *id, struct explanation *explanation)
{
    uint8_t last[SUMMARY_SIZE];
    uint8_t end[END_SIZE];
    uint8_t sum[SUM_SIZE];
    put_number(last, summary->last, 8);
    put_number(last + 8, summary->blocks, 8);
    memcpy(last + 16, summary->state.bytes, 32);
    put_number(end, summary->last, 8);
    memcpy(end + 8, id->bytes, 32);
    enum status status = flush_frame(writer, explanation);
    if (status == STATUS_OK) {
        status = push(writer, last, sizeof last, crypto_secretstream_xchacha20poly1305_TAG_FINAL,
                      explanation);
    }
    if (status == STATUS_OK) {
        status = put(writer, end, sizeof end, explanation);
    }
    (void)crypto_generichash_final(&writer->sum, sum, sizeof sum);
    if (status == STATUS_OK && (fwrite(sum, 1, sizeof sum, writer->file) != sizeof sum ||
                                fflush(writer->file) != 0 || fsync(fileno(writer->file)) != 0)) {
        explain(explanation, "cannot write %s: %s", writer->path, strerror(errno));
        status = file_status(errno);
    }
    return status;
}

enum status archive_seal(struct archive_writer *writer, const struct archive_summary *summary,
                         const struct digest *id, struct explanation *explanation)
{
    enum status status = finish(writer, summary, id, explanation);
    if (status == STATUS_OK && file_sync_parent(writer->path) != STATUS_OK) {
        explain(explanation, "%s was written, but its directory could not be synced", writer->path);
        status = STATUS_IO;
    }
    if (status == STATUS_OK) {
        writer_free(writer);
    } else {
        archive_abandon(writer);
    }
    return status;
}

/* ---- reading ---- */

static void head_read(const uint8_t *clear, struct archive_head *head)
{
    memcpy(head->network.bytes, clear + 8, 32);
    head->journal = number_at(clear + 40, 8);
    head->first = number_at(clear + 48, 8);
    head->made_ms = number_at(clear + 56, 8);
    memcpy(head->recipient, clear + 64, 32);
}

static FILE *open_file(const char *path, uint64_t *size, enum status *status,
                       struct explanation *explanation)
{
    struct stat found;
    FILE *file = fopen(path, "rbe");
    if (file == NULL || fstat(fileno(file), &found) != 0) {
        explain(explanation, "cannot read %s: %s", path, strerror(errno));
        *status = file_status(errno);
        if (file != NULL) {
            (void)fclose(file);
        }
        return NULL;
    }
    *size = (uint64_t)found.st_size;
    *status = STATUS_OK;
    return file;
}

static enum status damaged(const char *path, struct explanation *explanation)
{
    explain(explanation,
            "%s is not whole: it was changed or cut after it was written, or is no archive of "
            "Tally's. Use another copy of it",
            path);
    return STATUS_CORRUPT;
}

enum status archive_check(const char *path, struct archive_head *head, struct archive_end *end,
                          struct explanation *explanation)
{
    uint64_t size = 0;
    enum status status = STATUS_OK;
    FILE *file = open_file(path, &size, &status, explanation);
    if (file == NULL) {
        return status;
    }
    uint8_t memory[16 * 1024];
    uint8_t clear[CLEAR_SIZE] = {0};
    uint8_t tail[END_SIZE + SUM_SIZE] = {0};
    uint8_t sum[SUM_SIZE];
    crypto_generichash_state state;
    (void)crypto_generichash_init(&state, NULL, 0, SUM_SIZE);
    bool good = size >= (uint64_t)HEAD_SIZE + sizeof tail &&
                fread(clear, 1, sizeof clear, file) == sizeof clear &&
                memcmp(clear, magic, MAGIC_SIZE) == 0;
    if (good) {
        (void)crypto_generichash_update(&state, clear, sizeof clear);
    }
    for (uint64_t left = good ? size - sizeof clear - sizeof tail : 0; good && left > 0;) {
        size_t part = left < sizeof memory ? (size_t)left : sizeof memory;
        good = fread(memory, 1, part, file) == part;
        (void)crypto_generichash_update(&state, memory, part);
        left -= part;
    }
    good = good && fread(tail, 1, sizeof tail, file) == sizeof tail;
    (void)fclose(file);
    (void)crypto_generichash_update(&state, tail, END_SIZE);
    (void)crypto_generichash_final(&state, sum, sizeof sum);
    if (!good || memcmp(sum, tail + END_SIZE, sizeof sum) != 0) {
        return damaged(path, explanation);
    }
    head_read(clear, head);
    end->last = number_at(tail, 8);
    memcpy(end->id.bytes, tail + 8, 32);
    return STATUS_OK;
}

struct archive_reader {
    char path[FILE_PATH_SIZE_MAX];
    FILE *file;
    crypto_secretstream_xchacha20poly1305_state stream;
    uint8_t clear[CLEAR_SIZE];
    uint8_t *plain;
    size_t plain_size;
    size_t plain_used;
    uint8_t *packed;
    uint8_t *sealed;
    size_t packed_room;
    bool ended;
    struct archive_summary summary;
};

void archive_close(struct archive_reader *reader)
{
    if (reader == NULL) {
        return;
    }
    if (reader->file != NULL) {
        (void)fclose(reader->file);
    }
    free(reader->plain);
    free(reader->packed);
    free(reader->sealed);
    sodium_memzero(reader, sizeof *reader);
    free(reader);
}

static enum status open_stream(struct archive_reader *reader, const uint8_t seed[static 32],
                               struct explanation *explanation)
{
    uint8_t rest[SEALED_KEY_SIZE + STREAM_HEAD_SIZE];
    uint8_t key[crypto_secretstream_xchacha20poly1305_KEYBYTES];
    uint8_t public_key[32];
    if (fread(reader->clear, 1, sizeof reader->clear, reader->file) != sizeof reader->clear ||
        memcmp(reader->clear, magic, MAGIC_SIZE) != 0 ||
        fread(rest, 1, sizeof rest, reader->file) != sizeof rest) {
        return damaged(reader->path, explanation);
    }
    (void)crypto_scalarmult_base(public_key, seed);
    bool ours = memcmp(public_key, reader->clear + 64, sizeof public_key) == 0 &&
                crypto_box_seal_open(key, rest, SEALED_KEY_SIZE, public_key, seed) == 0;
    bool good = ours && crypto_secretstream_xchacha20poly1305_init_pull(
                            &reader->stream, rest + SEALED_KEY_SIZE, key) == 0;
    sodium_memzero(key, sizeof key);
    if (!good) {
        explain(explanation, "%s was sealed for another recovery key than this one", reader->path);
        return STATUS_DENIED;
    }
    return STATUS_OK;
}

enum status archive_open(const char *path, const uint8_t seed[static 32],
                         struct archive_reader **out, struct explanation *explanation)
{
    uint64_t size = 0;
    enum status status = STATUS_OK;
    struct archive_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        explain(explanation, "not enough memory");
        return STATUS_IO;
    }
    (void)snprintf(reader->path, sizeof reader->path, "%s", path);
    reader->packed_room = ZSTD_compressBound(FRAME_ROOM);
    reader->plain = malloc(FRAME_ROOM);
    reader->packed = malloc(reader->packed_room);
    reader->sealed = malloc(reader->packed_room + OVERHEAD);
    if (reader->plain == NULL || reader->packed == NULL || reader->sealed == NULL) {
        explain(explanation, "not enough memory");
        status = STATUS_IO;
    }
    if (status == STATUS_OK) {
        reader->file = open_file(path, &size, &status, explanation);
    }
    if (status == STATUS_OK) {
        status = open_stream(reader, seed, explanation);
    }
    if (status != STATUS_OK) {
        archive_close(reader);
        return status;
    }
    *out = reader;
    return STATUS_OK;
}

static bool summary_read(struct archive_reader *reader, size_t size)
{
    if (size != SUMMARY_SIZE) {
        return false;
    }
    reader->ended = true;
    reader->summary.last = number_at(reader->packed, 8);
    reader->summary.blocks = number_at(reader->packed + 8, 8);
    memcpy(reader->summary.state.bytes, reader->packed + 16, 32);
    return true;
}

/* The next frame's blocks into `plain`, or the summary. */
static bool next_frame(struct archive_reader *reader)
{
    uint8_t prefix[4];
    unsigned long long packed = 0;
    uint8_t tag = 0;
    if (fread(prefix, 1, sizeof prefix, reader->file) != sizeof prefix) {
        return false;
    }
    uint64_t size = number_at(prefix, 4);
    if (size < OVERHEAD || size > reader->packed_room + OVERHEAD ||
        fread(reader->sealed, 1, size, reader->file) != size ||
        crypto_secretstream_xchacha20poly1305_pull(&reader->stream, reader->packed, &packed, &tag,
                                                   reader->sealed, size, reader->clear,
                                                   sizeof reader->clear) != 0) {
        return false;
    }
    if (tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL) {
        return summary_read(reader, packed);
    }
    size_t plain = ZSTD_decompress(reader->plain, FRAME_ROOM, reader->packed, packed);
    reader->plain_used = 0;
    reader->plain_size = ZSTD_isError(plain) ? 0 : plain;
    return reader->plain_size > 0;
}

enum status archive_next(struct archive_reader *reader, struct bytes *block,
                         struct archive_summary *summary, struct explanation *explanation)
{
    if (!reader->ended && reader->plain_used == reader->plain_size && !next_frame(reader)) {
        return damaged(reader->path, explanation);
    }
    if (reader->ended) {
        *summary = reader->summary;
        return STATUS_NOT_FOUND;
    }
    size_t left = reader->plain_size - reader->plain_used;
    uint8_t *at = reader->plain + reader->plain_used;
    uint64_t size = left < 4 ? 0 : number_at(at, 4);
    if (size == 0 || size > left - 4) {
        return damaged(reader->path, explanation);
    }
    *block = bytes_of(at + 4, size);
    reader->plain_used += 4 + size;
    return STATUS_OK;
}
