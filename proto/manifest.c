#include "manifest.h"

#include "hash.h"
#include "reader.h"
#include "writer.h"

#include <sodium/crypto_box.h>

enum {
    MANIFEST_VERSION = 1,
    INVITATION_VERSION = 1,
    CHECKSUM_SIZE = 4,
    PREFIX_LETTERS = 6,
    INVITATION_SIZE_MAX = (INVITATION_TEXT_SIZE_MAX - 7) * 5 / 8,
};

static const char PREFIX[] = "tally1-";
static const char LETTERS[] = "0123456789abcdefghjkmnpqrstvwxyz";
static const char TOKEN_TAG[] = "tally/token/1"; /* these with their zero byte */
static const char NAME_TAG[] = "tally/invite/1";
static const char JOIN_TAG[] = "tally/join/1";
static const char LEASE_TAG[] = "tally/lease/1";

enum status manifest_encode(const struct manifest *manifest, struct buffer *out)
{
    struct writer writer = writer_over(out);
    write_array(&writer, 5);
    write_uint(&writer, MANIFEST_VERSION);
    write_str_upto(&writer, manifest->name, NAME_SIZE_MAX);
    write_uint(&writer, manifest->threshold);
    uint32_t count = write_array_upto(&writer, manifest->root_count, ROOTS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        write_bin(&writer, BYTES_OF(manifest->roots[i]));
    }
    write_uint(&writer, manifest->created_day);
    if (manifest->threshold != 1 || manifest->root_count == 0) {
        writer_refuse(&writer);
    }
    return writer_finish(&writer);
}

enum status manifest_decode(struct bytes input, struct manifest *manifest)
{
    struct reader reader = reader_over(input, MANIFEST_SIZE_MAX);
    struct manifest read = {0};
    read_array(&reader, 5);
    uint64_t version = read_uint(&reader);
    read.name = read_str(&reader, NAME_SIZE_MAX);
    read.threshold = read_u32(&reader);
    read.root_count = read_array_upto(&reader, ROOTS_MAX);
    for (uint32_t i = 0; i < read.root_count; i++) {
        read_bin_exact(&reader, read.roots[i], sizeof read.roots[i]);
    }
    read.created_day = read_u32(&reader);
    /* A higher threshold that we then ignored would be a network weaker than its owner believes. */
    if (version != MANIFEST_VERSION || read.threshold != 1 || read.root_count == 0 ||
        input.size > MANIFEST_SIZE_MAX) {
        reader_refuse(&reader);
    }

    enum status status = reader_finish(&reader);
    if (status != STATUS_OK) {
        return status;
    }
    *manifest = read;
    return STATUS_OK;
}

static struct digest tagged_hash(struct bytes tag, struct bytes value)
{
    uint8_t memory[INVITATION_SIZE_MAX + 32];
    struct buffer input = BUFFER_OVER(memory);
    bool fits = buffer_append(&input, tag) && buffer_append(&input, value);
    assert(fits);
    return hash_bytes(buffer_bytes(&input));
}

static enum status text_append(struct bytes binary, struct buffer *text)
{
    size_t letters = (binary.size * 8 + 4) / 5;
    if (sizeof PREFIX - 1 + letters > text->capacity - text->size) {
        return STATUS_TOO_LARGE;
    }
    bool fits = buffer_append(text, bytes_of(PREFIX, sizeof PREFIX - 1));
    assert(fits);
    uint32_t bits = 0;
    unsigned bit_count = 0;
    for (size_t i = 0; i < binary.size; i++) {
        bits = (bits << 8 | binary.data[i]) & 0xfff;
        bit_count += 8;
        while (bit_count >= 5) {
            bit_count -= 5;
            text->data[text->size++] = (uint8_t)LETTERS[bits >> bit_count & 31];
        }
    }
    if (bit_count > 0) {
        text->data[text->size++] = (uint8_t)LETTERS[bits << (5 - bit_count) & 31];
    }
    return STATUS_OK;
}

enum status invitation_encode(const struct invitation *invitation, struct buffer *text)
{
    uint8_t memory[INVITATION_SIZE_MAX];
    struct buffer binary = BUFFER_OVER(memory);
    struct writer writer = writer_over(&binary);
    write_array(&writer, 8);
    write_uint(&writer, INVITATION_VERSION);
    write_bin_upto(&writer, invitation->manifest, MANIFEST_SIZE_MAX);
    write_journal(&writer, invitation->journal);
    write_bin(&writer, BYTES_OF(invitation->secret));
    write_str_upto(&writer, invitation->endpoint, ENDPOINT_SIZE_MAX);
    write_bin(&writer, BYTES_OF(invitation->office_transport_key));
    write_str_upto(&writer, invitation->name, NAME_SIZE_MAX);
    write_uint(&writer, invitation->until_ms);
    enum status status = writer_finish(&writer);
    if (status != STATUS_OK) {
        return status;
    }
    struct digest sum = tagged_hash(BYTES_OF(TOKEN_TAG), buffer_bytes(&binary));
    if (!buffer_append(&binary, bytes_of(sum.bytes, CHECKSUM_SIZE))) {
        return STATUS_TOO_LARGE;
    }
    return text_append(buffer_bytes(&binary), text);
}

enum {
    LETTER_SKIPPED = 32,
    LETTER_WRONG = 33,
};

/* 0 to 31, skipped, or wrong. */
static unsigned letter_value(uint8_t letter)
{
    if (letter == ' ' || letter == '-' || letter == '\t' || letter == '\n' || letter == '\r') {
        return LETTER_SKIPPED;
    }
    if (letter >= 'A' && letter <= 'Z') {
        letter = (uint8_t)(letter - 'A' + 'a');
    }
    if (letter == 'o') {
        return 0;
    }
    if (letter == 'i' || letter == 'l') {
        return 1;
    }
    for (unsigned value = 0; value < 32; value++) {
        if ((uint8_t)LETTERS[value] == letter) {
            return value;
        }
    }
    return LETTER_WRONG;
}

/* The text as bytes, without the prefix, which is read with the same mercy. */
static enum status text_decode(struct bytes text, struct buffer *binary)
{
    static const uint8_t prefix[PREFIX_LETTERS] = {26, 10, 1, 1, 30, 1}; /* t a l l y 1 */
    size_t letters = 0;
    uint32_t bits = 0;
    unsigned bit_count = 0;
    for (size_t i = 0; i < text.size; i++) {
        unsigned value = letter_value(text.data[i]);
        if (value == LETTER_SKIPPED) {
            continue;
        }
        letters++;
        if (value == LETTER_WRONG || (letters <= PREFIX_LETTERS && value != prefix[letters - 1])) {
            return STATUS_MALFORMED;
        }
        if (letters <= PREFIX_LETTERS) {
            continue;
        }
        bits = (bits << 5 | value) & 0xfff;
        bit_count += 5;
        if (bit_count >= 8) {
            bit_count -= 8;
            uint8_t byte = (uint8_t)(bits >> bit_count);
            if (!buffer_append(binary, bytes_of(&byte, 1))) {
                return STATUS_TOO_LARGE;
            }
        }
    }
    /* A letter too many, or bits that encode nothing. */
    bool whole = bit_count < 5 && (bits & ((1U << bit_count) - 1)) == 0;
    return whole && letters > PREFIX_LETTERS ? STATUS_OK : STATUS_MALFORMED;
}

static enum status invitation_read(struct bytes binary, struct invitation *invitation)
{
    struct reader reader = reader_over(binary, 16);
    struct invitation read = {0};
    read_array(&reader, 8);
    uint64_t version = read_uint(&reader);
    read.manifest = read_bin(&reader, MANIFEST_SIZE_MAX);
    read.journal = read_journal(&reader);
    read_bin_exact(&reader, read.secret, sizeof read.secret);
    read.endpoint = read_str(&reader, ENDPOINT_SIZE_MAX);
    read_bin_exact(&reader, read.office_transport_key, sizeof read.office_transport_key);
    read.name = read_str(&reader, NAME_SIZE_MAX);
    read.until_ms = read_uint(&reader);
    if (version != INVITATION_VERSION) {
        reader_refuse(&reader);
    }
    enum status status = reader_finish(&reader);
    if (status != STATUS_OK) {
        return status;
    }
    *invitation = read;
    return STATUS_OK;
}

enum status invitation_decode(struct bytes text, struct buffer *scratch,
                              struct invitation *invitation)
{
    size_t start = scratch->size;
    enum status status = text_decode(text, scratch);
    size_t size = scratch->size - start;
    if (status == STATUS_OK && (size <= CHECKSUM_SIZE || size > INVITATION_SIZE_MAX)) {
        status = STATUS_MALFORMED;
    }
    if (status == STATUS_OK) {
        struct bytes binary = bytes_of(scratch->data + start, size - CHECKSUM_SIZE);
        struct digest sum = tagged_hash(BYTES_OF(TOKEN_TAG), binary);
        bool holds = memcmp(sum.bytes, binary.data + binary.size, CHECKSUM_SIZE) == 0;
        status = holds ? invitation_read(binary, invitation) : STATUS_FORGED;
    }
    if (status != STATUS_OK) {
        scratch->size = start;
    }
    return status;
}

struct ticket_id invitation_name(const uint8_t secret[static 32])
{
    struct digest digest = tagged_hash(BYTES_OF(NAME_TAG), bytes_of(secret, 32));
    struct ticket_id name;
    memcpy(name.bytes, digest.bytes, sizeof name.bytes);
    return name;
}

void invitation_transport_keys(const uint8_t secret[static 32], uint8_t public_key[static 32],
                               uint8_t secret_key[static 32])
{
    int failed = crypto_box_seed_keypair(public_key, secret_key, secret);
    assert(failed == 0);
}

enum status join_signed_bytes(const struct digest *network, const struct ticket_id *invitation,
                              const uint8_t public_key[static 32],
                              const uint8_t transport_key[static 32], struct buffer *out)
{
    size_t start = out->size;
    if (buffer_append(out, BYTES_OF(JOIN_TAG)) && buffer_append(out, BYTES_OF(network->bytes)) &&
        buffer_append(out, BYTES_OF(invitation->bytes)) &&
        buffer_append(out, bytes_of(public_key, 32)) &&
        buffer_append(out, bytes_of(transport_key, 32))) {
        return STATUS_OK;
    }
    out->size = start;
    return STATUS_TOO_LARGE;
}

enum status lease_signed_bytes(const struct digest *network, uint64_t journal, uint64_t issued_ms,
                               uint64_t until_ms, struct buffer *out)
{
    size_t start = out->size;
    uint8_t fields[24];
    const uint64_t numbers[3] = {journal, issued_ms, until_ms};
    for (size_t i = 0; i < sizeof fields; i++) {
        fields[i] = (uint8_t)(numbers[i / 8] >> (56 - 8 * (i % 8)));
    }
    if (buffer_append(out, BYTES_OF(LEASE_TAG)) && buffer_append(out, BYTES_OF(network->bytes)) &&
        buffer_append(out, BYTES_OF(fields))) {
        return STATUS_OK;
    }
    out->size = start;
    return STATUS_TOO_LARGE;
}
