#include "block_codec.h"

#include "event_codec.h"
#include "hash.h"
#include "reader.h"
#include "writer.h"

#include <sodium/crypto_sign.h>

enum {
    BLOCK_VERSION = 1,
    SIGNATURE_SIZE = 64,
};

static const char BLOCK_TAG[] = "tally/block/1"; /* both with their zero byte */
static const char HEAD_TAG[] = "tally/head/1";

static void deps_read(struct reader *reader, struct block_header *header)
{
    uint64_t previous = 0;
    uint32_t count = read_array_upto(reader, BLOCK_DEPS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        struct block_dep *dep = &header->deps[i];
        read_array(reader, 3);
        dep->journal = read_journal(reader);
        dep->seq = read_uint(reader);
        read_bin_exact(reader, dep->id.bytes, sizeof dep->id.bytes);
        if (dep->journal <= previous || dep->journal == header->journal ||
            journal_is_authority(dep->journal) || dep->seq == 0) {
            reader_refuse(reader);
        }
        previous = dep->journal;
    }
    header->dep_count = count;
}

/* What holds for each header, whatever its journal says. */
static bool header_is_sane(const struct block_header *header)
{
    bool first_follows_none =
        header->seq != 1 || id_is_none(header->prev.bytes, sizeof header->prev.bytes);
    return header->version == BLOCK_VERSION && header->journal != 0 && header->seq != 0 &&
           first_follows_none && header->count >= 1 && header->count <= BLOCK_EVENTS_MAX &&
           header->flags == 0;
}

enum status block_header_decode(struct bytes input, struct block_header *header)
{
    struct reader reader = reader_over(input, BLOCK_HEADER_SIZE_MAX);
    struct block_header read = {0};

    read_array(&reader, 14);
    read.version = read_uint(&reader);
    read.journal = read_journal(&reader);
    read.seq = read_uint(&reader);
    read_bin_exact(&reader, read.prev.bytes, sizeof read.prev.bytes);
    read.hlc = read_uint(&reader);
    read.day = read_u32(&reader);
    read.auth = read_uint(&reader);
    read_bin_exact(&reader, read.auth_id, sizeof read.auth_id);
    read.rules = read_u16(&reader);
    read.count = read_u16(&reader);
    read.size = read_u32(&reader);
    read_bin_exact(&reader, read.root.bytes, sizeof read.root.bytes);
    read.flags = read_u16(&reader);
    deps_read(&reader, &read);
    if (input.size > BLOCK_HEADER_SIZE_MAX || !header_is_sane(&read)) {
        reader_refuse(&reader);
    }

    enum status status = reader_finish(&reader);
    if (status != STATUS_OK) {
        return status;
    }
    *header = read;
    return STATUS_OK;
}

enum status block_header_encode(const struct block_header *header, struct buffer *out)
{
    struct writer writer = writer_over(out);
    write_array(&writer, 14);
    write_uint(&writer, header->version);
    write_journal(&writer, header->journal);
    write_uint(&writer, header->seq);
    write_bin(&writer, BYTES_OF(header->prev.bytes));
    write_uint(&writer, header->hlc);
    write_uint(&writer, header->day);
    write_uint(&writer, header->auth);
    write_bin(&writer, BYTES_OF(header->auth_id));
    write_uint(&writer, header->rules);
    write_uint(&writer, header->count);
    write_uint(&writer, header->size);
    write_bin(&writer, BYTES_OF(header->root.bytes));
    write_uint(&writer, header->flags);
    uint32_t count = write_array_upto(&writer, header->dep_count, BLOCK_DEPS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        write_array(&writer, 3);
        write_journal(&writer, header->deps[i].journal);
        write_uint(&writer, header->deps[i].seq);
        write_bin(&writer, BYTES_OF(header->deps[i].id.bytes));
    }
    if (out->size - writer.start > BLOCK_HEADER_SIZE_MAX) {
        writer_refuse(&writer);
    }
    return writer_finish(&writer);
}

/* Reads the list of events into `block` and returns their common size. */
static size_t events_read(struct reader *reader, struct block *block)
{
    size_t size = 0;
    uint32_t count = read_array_upto(reader, BLOCK_EVENTS_MAX);
    if (count != block->header.count) {
        reader_refuse(reader);
    }
    for (uint32_t i = 0; i < count && !reader_failed(reader); i++) {
        block->events[i] = read_bin(reader, EVENT_SIZE_MAX);
        size += block->events[i].size;
        if (!event_envelope_holds(block->events[i])) {
            reader_refuse(reader);
        }
    }
    return size;
}

static bool root_holds(const struct block *block)
{
    struct digest leaves[BLOCK_EVENTS_MAX];
    for (uint32_t i = 0; i < block->header.count; i++) {
        leaves[i] = hash_leaf(block->events[i]);
    }
    struct digest root = hash_root(leaves, block->header.count);
    return digest_equal(&root, &block->header.root);
}

enum status block_decode(struct bytes whole, struct block *block)
{
    struct reader reader = reader_over(whole, MESSAGE_VALUES_MAX);
    struct block read = {.whole = whole};

    read_array(&reader, 3);
    read.header_bytes = read_bin(&reader, BLOCK_HEADER_SIZE_MAX);
    read.signature = read_bin(&reader, SIGNATURE_SIZE);
    if (whole.size > BLOCK_SIZE_MAX || read.signature.size != SIGNATURE_SIZE ||
        block_header_decode(read.header_bytes, &read.header) != STATUS_OK) {
        reader_refuse(&reader);
    }
    if (events_read(&reader, &read) != read.header.size) {
        reader_refuse(&reader);
    }

    enum status status = reader_finish(&reader);
    if (status != STATUS_OK) {
        return status;
    }
    if (!root_holds(&read)) {
        return STATUS_FORGED;
    }
    read.id = hash_block_id(read.header_bytes, read.signature);
    *block = read;
    return STATUS_OK;
}

enum status block_assemble(struct bytes header, const uint8_t signature[static 64],
                           const struct bytes *events, size_t count, struct buffer *out)
{
    struct writer writer = writer_over(out);
    write_array(&writer, 3);
    write_bin_upto(&writer, header, BLOCK_HEADER_SIZE_MAX);
    write_bin(&writer, bytes_of(signature, SIGNATURE_SIZE));
    if (count < 1 || count > BLOCK_EVENTS_MAX) {
        writer_refuse(&writer);
    }
    uint32_t listed = write_array_upto(&writer, (uint32_t)count, BLOCK_EVENTS_MAX);
    for (uint32_t i = 0; i < listed; i++) {
        write_bin_upto(&writer, events[i], EVENT_SIZE_MAX);
    }
    if (out->size - writer.start > BLOCK_SIZE_MAX) {
        writer_refuse(&writer);
    }
    return writer_finish(&writer);
}

/* Appends all parts or nothing. */
static enum status parts_append(const struct bytes *parts, size_t count, struct buffer *out)
{
    size_t start = out->size;
    for (size_t i = 0; i < count; i++) {
        if (!buffer_append(out, parts[i])) {
            out->size = start;
            return STATUS_TOO_LARGE;
        }
    }
    return STATUS_OK;
}

enum status block_signed_bytes(const struct digest *network, struct bytes header,
                               struct buffer *out)
{
    struct bytes parts[] = {BYTES_OF(BLOCK_TAG), BYTES_OF(network->bytes), header};
    return parts_append(parts, 3, out);
}

enum status head_signed_bytes(const struct digest *network, uint64_t journal, uint64_t seq,
                              const struct digest *id, struct buffer *out)
{
    uint8_t position[16];
    for (size_t i = 0; i < 8; i++) {
        position[i] = (uint8_t)(journal >> (56 - 8 * i));
        position[8 + i] = (uint8_t)(seq >> (56 - 8 * i));
    }
    struct bytes parts[] = {BYTES_OF(HEAD_TAG), BYTES_OF(network->bytes), BYTES_OF(position),
                            BYTES_OF(id->bytes)};
    return parts_append(parts, 4, out);
}

bool signature_holds(struct bytes body, const uint8_t signature[static 64],
                     const uint8_t public_key[static 32])
{
    return crypto_sign_verify_detached(signature, body.data, body.size, public_key) == 0;
}
