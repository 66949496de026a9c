#include "writer.h"

#include "reader.h"

#include "tally/id.h"

#include <msgpack/pack.h>

static int packed(void *out, const char *data, size_t size)
{
    return buffer_append(out, bytes_of(data, size)) ? 0 : -1;
}

static msgpack_packer packer_of(struct writer *writer)
{
    return (msgpack_packer){.data = writer->out, .callback = packed};
}

struct writer writer_over(struct buffer *out)
{
    return (struct writer){.out = out, .start = out->size};
}

void writer_refuse(struct writer *writer)
{
    writer->failed = true;
}

enum status writer_finish(const struct writer *writer)
{
    if (writer->failed) {
        writer->out->size = writer->start;
        return STATUS_TOO_LARGE;
    }
    return STATUS_OK;
}

void write_uint(struct writer *writer, uint64_t value)
{
    msgpack_packer packer = packer_of(writer);
    if (writer->failed || msgpack_pack_uint64(&packer, value) != 0) {
        writer->failed = true;
    }
}

void write_amount(struct writer *writer, int64_t value)
{
    if (value < 0) {
        writer->failed = true;
        return;
    }
    write_uint(writer, (uint64_t)value);
}

void write_journal(struct writer *writer, uint64_t journal)
{
    if (journal >> 48 != 0) {
        writer->failed = true;
        return;
    }
    write_uint(writer, journal);
}

uint32_t write_array_upto(struct writer *writer, uint32_t count, uint32_t max)
{
    msgpack_packer packer = packer_of(writer);
    if (writer->failed || count > max || msgpack_pack_array(&packer, count) != 0) {
        writer->failed = true;
        return 0;
    }
    return count;
}

void write_array(struct writer *writer, uint32_t count)
{
    (void)write_array_upto(writer, count, UINT16_MAX);
}

void write_bin_upto(struct writer *writer, struct bytes value, size_t max)
{
    msgpack_packer packer = packer_of(writer);
    if (writer->failed || value.size > max ||
        msgpack_pack_bin_with_body(&packer, value.data, value.size) != 0) {
        writer->failed = true;
    }
}

void write_bin(struct writer *writer, struct bytes value)
{
    write_bin_upto(writer, value, UINT32_MAX);
}

void write_bin_optional(struct writer *writer, const uint8_t *value, size_t size)
{
    write_bin(writer, bytes_of(value, id_is_none(value, size) ? 0 : size));
}

void write_str_upto(struct writer *writer, struct bytes value, size_t max)
{
    msgpack_packer packer = packer_of(writer);
    if (writer->failed || value.size > max || !bytes_are_utf8(value) ||
        msgpack_pack_str_with_body(&packer, value.data, value.size) != 0) {
        writer->failed = true;
    }
}

void write_str(struct writer *writer, struct bytes value)
{
    write_str_upto(writer, value, UINT16_MAX);
}
