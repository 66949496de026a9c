#include "reader.h"

#include "tally/bounds.h"

#include <assert.h>

enum kind {
    KIND_NONE,
    KIND_UINT,
    KIND_BIN,
    KIND_STR,
    KIND_ARRAY,
};

/* The front of a value: a number, or the size of a bin or str, or the count of an array. */
struct head {
    enum kind kind;
    uint64_t number;
};

static const uint64_t JOURNAL_MAX = (UINT64_C(1) << 48) - 1;

struct reader reader_over(struct bytes input, uint32_t values)
{
    return (struct reader){.input = input, .values_left = values};
}

void reader_refuse(struct reader *reader)
{
    reader->failed = true;
}

bool reader_failed(const struct reader *reader)
{
    return reader->failed;
}

enum status reader_finish(const struct reader *reader)
{
    return reader->failed || reader->at != reader->input.size ? STATUS_MALFORMED : STATUS_OK;
}

static size_t bytes_left(const struct reader *reader)
{
    return reader->input.size - reader->at;
}

/* The only place that moves on. */
static struct bytes take(struct reader *reader, uint64_t size)
{
    if (reader->failed || size > bytes_left(reader)) {
        reader->failed = true;
        return bytes_of(NULL, 0);
    }
    struct bytes taken = bytes_of(reader->input.data + reader->at, (size_t)size);
    reader->at += (size_t)size;
    return taken;
}

/* A big-endian number of `size` bytes that would not have fitted the next shorter form, whose
 * largest is `below`. */
static uint64_t take_number(struct reader *reader, size_t size, uint64_t below)
{
    struct bytes taken = take(reader, size);
    uint64_t number = 0;
    for (size_t i = 0; i < taken.size; i++) {
        number = number << 8 | taken.data[i];
    }
    if (number <= below) {
        reader->failed = true;
        return 0;
    }
    return number;
}

static struct head head_of_form(struct reader *reader, uint8_t form)
{
    switch (form) {
    case 0xcc:
        return (struct head){KIND_UINT, take_number(reader, 1, 0x7f)};
    case 0xcd:
        return (struct head){KIND_UINT, take_number(reader, 2, UINT8_MAX)};
    case 0xce:
        return (struct head){KIND_UINT, take_number(reader, 4, UINT16_MAX)};
    case 0xcf:
        return (struct head){KIND_UINT, take_number(reader, 8, UINT32_MAX)};
    case 0xc4: {
        struct bytes size = take(reader, 1);
        return (struct head){KIND_BIN, size.size == 1 ? size.data[0] : 0};
    }
    case 0xc5:
        return (struct head){KIND_BIN, take_number(reader, 2, UINT8_MAX)};
    case 0xc6:
        return (struct head){KIND_BIN, take_number(reader, 4, UINT16_MAX)};
    case 0xd9:
        return (struct head){KIND_STR, take_number(reader, 1, 31)};
    case 0xda:
        return (struct head){KIND_STR, take_number(reader, 2, UINT8_MAX)};
    case 0xdc:
        return (struct head){KIND_ARRAY, take_number(reader, 2, 15)};
    default:
        reader->failed = true;
        return (struct head){KIND_NONE, 0};
    }
}

static struct head take_head(struct reader *reader)
{
    struct bytes first = take(reader, 1);
    if (first.size != 1 || reader->values_left == 0) {
        reader->failed = true;
        return (struct head){KIND_NONE, 0};
    }
    reader->values_left--;
    uint8_t form = first.data[0];
    struct head head;
    if (form <= 0x7f) {
        head = (struct head){KIND_UINT, form};
    } else if (form >= 0x90 && form <= 0x9f) {
        head = (struct head){KIND_ARRAY, form & 0x0f};
    } else if (form >= 0xa0 && form <= 0xbf) {
        head = (struct head){KIND_STR, form & 0x1f};
    } else {
        head = head_of_form(reader, form);
    }
    /* Each element takes at least one byte, so a larger count is a lie. */
    if (head.kind != KIND_UINT && head.number > bytes_left(reader)) {
        reader->failed = true;
    }
    return reader->failed ? (struct head){KIND_NONE, 0} : head;
}

static uint64_t take_kind(struct reader *reader, enum kind kind, uint64_t max)
{
    struct head head = take_head(reader);
    if (head.kind != kind || head.number > max) {
        reader->failed = true;
        return 0;
    }
    return head.number;
}

uint64_t read_uint(struct reader *reader)
{
    return take_kind(reader, KIND_UINT, UINT64_MAX);
}

uint64_t read_uint_upto(struct reader *reader, uint64_t max)
{
    return take_kind(reader, KIND_UINT, max);
}

uint8_t read_u8(struct reader *reader)
{
    return (uint8_t)take_kind(reader, KIND_UINT, UINT8_MAX);
}

uint16_t read_u16(struct reader *reader)
{
    return (uint16_t)take_kind(reader, KIND_UINT, UINT16_MAX);
}

uint32_t read_u32(struct reader *reader)
{
    return (uint32_t)take_kind(reader, KIND_UINT, UINT32_MAX);
}

int64_t read_amount(struct reader *reader)
{
    return (int64_t)take_kind(reader, KIND_UINT, INT64_MAX);
}

uint64_t read_journal(struct reader *reader)
{
    return take_kind(reader, KIND_UINT, JOURNAL_MAX);
}

void read_array(struct reader *reader, uint32_t count)
{
    if (take_kind(reader, KIND_ARRAY, count) != count) {
        reader->failed = true;
    }
}

uint32_t read_array_atleast(struct reader *reader, uint32_t min)
{
    uint64_t count = take_kind(reader, KIND_ARRAY, UINT16_MAX);
    if (count < min) {
        reader->failed = true;
    }
    return reader->failed ? 0 : (uint32_t)count;
}

uint32_t read_array_upto(struct reader *reader, uint32_t max)
{
    return (uint32_t)take_kind(reader, KIND_ARRAY, max);
}

struct bytes read_bin(struct reader *reader, size_t max)
{
    return take(reader, take_kind(reader, KIND_BIN, max));
}

void read_bin_exact(struct reader *reader, uint8_t *out, size_t size)
{
    struct bytes value = read_bin(reader, size);
    if (value.size != size) {
        reader->failed = true;
    }
    if (reader->failed) {
        memset(out, 0, size);
        return;
    }
    memcpy(out, value.data, size);
}

void read_bin_optional(struct reader *reader, uint8_t *out, size_t size)
{
    struct bytes value = read_bin(reader, size);
    memset(out, 0, size);
    if (value.size == 0) {
        return;
    }
    uint8_t any = 0;
    for (size_t i = 0; i < value.size; i++) {
        any |= value.data[i];
    }
    if (value.size != size || any == 0) {
        reader->failed = true;
        return;
    }
    memcpy(out, value.data, size);
}

/* Bytes that must follow the lead byte, and the range of the first of them, which is where overlong
 * forms, surrogates and numbers past U+10FFFF show. SIZE_MAX: no lead byte at all. */
static size_t utf8_followers(uint8_t lead, uint8_t *low, uint8_t *high)
{
    *low = 0x80;
    *high = 0xbf;
    if (lead <= 0x7f) {
        return 0;
    }
    if (lead >= 0xc2 && lead <= 0xdf) {
        return 1;
    }
    if (lead >= 0xe0 && lead <= 0xef) {
        *low = lead == 0xe0 ? 0xa0 : 0x80;
        *high = lead == 0xed ? 0x9f : 0xbf;
        return 2;
    }
    if (lead >= 0xf0 && lead <= 0xf4) {
        *low = lead == 0xf0 ? 0x90 : 0x80;
        *high = lead == 0xf4 ? 0x8f : 0xbf;
        return 3;
    }
    return SIZE_MAX;
}

bool bytes_are_utf8(struct bytes text)
{
    size_t at = 0;
    while (at < text.size) {
        uint8_t low = 0;
        uint8_t high = 0;
        size_t followers = utf8_followers(text.data[at], &low, &high);
        at++;
        if (followers > text.size - at) {
            return false;
        }
        for (size_t i = 0; i < followers; i++) {
            if (text.data[at] < low || text.data[at] > high) {
                return false;
            }
            low = 0x80;
            high = 0xbf;
            at++;
        }
    }
    return true;
}

static struct bytes take_text(struct reader *reader, uint64_t size)
{
    struct bytes text = take(reader, size);
    if (!bytes_are_utf8(text)) {
        reader->failed = true;
        return bytes_of(NULL, 0);
    }
    return text;
}

struct bytes read_str(struct reader *reader, size_t max)
{
    return take_text(reader, take_kind(reader, KIND_STR, max));
}

void read_skip(struct reader *reader, uint8_t depth)
{
    assert(depth <= MESSAGE_DEPTH_MAX);
    uint64_t left[MESSAGE_DEPTH_MAX + 1] = {1}; /* values still to come at each level */
    size_t level = 0;
    while (!reader->failed) {
        while (left[level] == 0) {
            if (level == 0) {
                return;
            }
            level--;
        }
        left[level]--;
        struct head head = take_head(reader);
        if (head.kind == KIND_BIN) {
            (void)take(reader, head.number);
        } else if (head.kind == KIND_STR) {
            (void)take_text(reader, head.number);
        } else if (head.kind == KIND_ARRAY && level == depth) {
            reader->failed = true;
        } else if (head.kind == KIND_ARRAY) {
            level++;
            left[level] = head.number;
        }
    }
}

void read_skip_many(struct reader *reader, uint32_t count, uint8_t depth)
{
    for (uint32_t i = 0; i < count && !reader->failed; i++) {
        read_skip(reader, depth);
    }
}

bool reader_accepts(struct bytes input, uint8_t depth, uint32_t values)
{
    struct reader reader = reader_over(input, values);
    read_skip(&reader, depth);
    return reader_finish(&reader) == STATUS_OK;
}
