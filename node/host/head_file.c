#include "head_file.h"

#include "file.h"

#include <assert.h>
#include <string.h>

/* MessagePack, shortest forms, as everywhere; a format of seven values needs no library. */
enum {
    HEAD_FILE_SIZE_MAX = 1 + 1 + 9 + 9 + 2 + 32 + 9 + 5 + 2 + 64,
    HEAD_VERSION = 1,
    ARRAY_OF_SEVEN = 0x97,
    BIN8 = 0xc4,
};

static void put_number(struct buffer *out, uint64_t number)
{
    uint8_t bytes[9];
    size_t width = number < 0x80          ? 0
                   : number <= 0xff       ? 1
                   : number <= 0xffff     ? 2
                   : number <= UINT32_MAX ? 4
                                          : 8;
    bytes[0] = width == 0   ? (uint8_t)number
               : width == 1 ? 0xcc
               : width == 2 ? 0xcd
               : width == 4 ? 0xce
                            : 0xcf;
    for (size_t i = 0; i < width; i++) {
        bytes[1 + i] = (uint8_t)(number >> 8 * (width - 1 - i));
    }
    bool fits = buffer_append(out, bytes_of(bytes, 1 + width));
    assert(fits);
}

static void put_bin(struct buffer *out, const uint8_t *bytes, uint8_t size)
{
    const uint8_t opening[2] = {BIN8, size};
    bool fits = buffer_append(out, BYTES_OF(opening)) && buffer_append(out, bytes_of(bytes, size));
    assert(fits);
}

static void encode(const struct head_record *head, struct buffer *out)
{
    const uint8_t array = ARRAY_OF_SEVEN;
    bool fits = buffer_append(out, bytes_of(&array, 1));
    assert(fits);
    put_number(out, HEAD_VERSION);
    put_number(out, head->journal);
    put_number(out, head->seq);
    put_bin(out, head->id.bytes, sizeof head->id.bytes);
    put_number(out, head->hlc);
    put_number(out, head->day);
    put_bin(out, head->signature, sizeof head->signature);
}

static bool take_number(struct bytes *input, uint64_t most, uint64_t *number)
{
    if (input->size == 0) {
        return false;
    }
    uint8_t first = input->data[0];
    if (first >= 0x80 && (first < 0xcc || first > 0xcf)) {
        return false;
    }
    size_t width = first < 0x80 ? 0 : (size_t)1 << (first - 0xcc);
    if (width > input->size - 1) {
        return false;
    }
    *number = width == 0 ? first : 0;
    for (size_t i = 0; i < width; i++) {
        *number = *number << 8 | input->data[1 + i];
    }
    *input = bytes_of(input->data + 1 + width, input->size - 1 - width);
    return *number <= most;
}

static bool take_bin(struct bytes *input, uint8_t *bytes, uint8_t size)
{
    if (input->size < 2 || (size_t)size > input->size - 2 || input->data[0] != BIN8 ||
        input->data[1] != size) {
        return false;
    }
    memcpy(bytes, input->data + 2, size);
    *input = bytes_of(input->data + 2 + size, input->size - 2 - size);
    return true;
}

static bool decode(struct bytes input, struct head_record *head)
{
    struct bytes rest = input;
    uint64_t version = 0;
    uint64_t day = 0;
    if (rest.size == 0 || rest.data[0] != ARRAY_OF_SEVEN) {
        return false;
    }
    rest = bytes_of(rest.data + 1, rest.size - 1);
    bool read = take_number(&rest, HEAD_VERSION, &version) && version == HEAD_VERSION &&
                take_number(&rest, (UINT64_C(1) << 48) - 1, &head->journal) &&
                take_number(&rest, UINT64_MAX, &head->seq) &&
                take_bin(&rest, head->id.bytes, sizeof head->id.bytes) &&
                take_number(&rest, UINT64_MAX, &head->hlc) &&
                take_number(&rest, UINT32_MAX, &day) &&
                take_bin(&rest, head->signature, sizeof head->signature);
    head->day = (uint32_t)day;
    if (!read) {
        return false;
    }
    /* Only the shortest form of each number is ours, and nothing behind the record. */
    uint8_t again[HEAD_FILE_SIZE_MAX];
    struct buffer out = BUFFER_OVER(again);
    encode(head, &out);
    return bytes_equal(buffer_bytes(&out), input);
}

enum status head_file_write(const char *path, const struct head_record *head,
                            struct explanation *explanation)
{
    uint8_t content[HEAD_FILE_SIZE_MAX];
    struct buffer out = BUFFER_OVER(content);
    encode(head, &out);
    return file_replace(path, buffer_bytes(&out), 0600, explanation);
}

enum status head_file_read(const char *path, struct head_record *head,
                           struct explanation *explanation)
{
    uint8_t content[HEAD_FILE_SIZE_MAX];
    struct buffer in = BUFFER_OVER(content);
    struct head_record found = {0};

    enum status status = file_read(path, &in, explanation);
    if (status != STATUS_OK && status != STATUS_TOO_LARGE) {
        return status;
    }
    if (status == STATUS_TOO_LARGE || !decode(buffer_bytes(&in), &found)) {
        explain(explanation,
                "%s is not a whole head record; without one the node keeps its money "
                "read-only until a peer, the office or a till confirms its head",
                path);
        return STATUS_MALFORMED;
    }
    *head = found;
    return STATUS_OK;
}
