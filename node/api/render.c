#include "render.h"

#include "calendar.h"
#include "tally/bounds.h"
#include "text.h"

#include <assert.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

static const int64_t DAY_MS = INT64_C(86400000);

void render_free(struct render *out)
{
    free(out->data);
    *out = (struct render){0};
}

static char *room(struct render *out, size_t more)
{
    if (more > out->capacity - out->size) {
        size_t capacity = out->capacity == 0 ? 512 : out->capacity;
        while (more > capacity - out->size) {
            capacity *= 2;
        }
        char *data = realloc(out->data, capacity);
        if (data == NULL) {
            abort(); /* nothing half-said; the node starts again and knows what it did */
        }
        out->data = data;
        out->capacity = capacity;
    }
    return out->data + out->size;
}

void render_raw(struct render *out, const char *bytes, size_t size)
{
    if (size > 0) {
        memcpy(room(out, size), bytes, size);
        out->size += size;
    }
}

static void put(struct render *out, char byte)
{
    *room(out, 1) = byte;
    out->size++;
}

/* The size of the well-formed UTF-8 character at the start, or 0 (RFC 3629). */
static size_t character_size(const uint8_t *at, size_t left)
{
    uint8_t lead = at[0];
    if (lead < 0x80) {
        return 1;
    }
    size_t size = lead >= 0xc2 && lead <= 0xdf   ? 2
                  : lead >= 0xe0 && lead <= 0xef ? 3
                  : lead >= 0xf0 && lead <= 0xf4 ? 4
                                                 : 0;
    if (size == 0 || size > left) {
        return 0;
    }
    uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (at[1] < low || at[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < size; i++) {
        if (at[i] < 0x80 || at[i] > 0xbf) {
            return 0;
        }
    }
    return size;
}

static void put_character(struct render *out, const uint8_t *at, size_t size)
{
    if (size == 0 || *at == 0) {
        render_raw(out, "\xef\xbf\xbd", 3);
    } else if (size > 1) {
        render_raw(out, (const char *)at, size);
    } else if (*at == '"' || *at == '\\') {
        put(out, '\\');
        put(out, (char)*at);
    } else if (*at < 0x20 || *at == 0x7f || *at == '<' || *at == '>' || *at == '&') {
        /* Markup is escaped so that a page which shows raw JSON runs nothing. */
        char escape[8];
        render_raw(out, escape, (size_t)snprintf(escape, sizeof escape, "\\u%04x", (unsigned)*at));
    } else {
        put(out, (char)*at);
    }
}

static void put_quoted(struct render *out, struct bytes text)
{
    put(out, '"');
    for (size_t i = 0; i < text.size;) {
        size_t size = character_size(text.data + i, text.size - i);
        put_character(out, text.data + i, size);
        i += size == 0 ? 1 : size;
    }
    put(out, '"');
}

static void put_name(struct render *out, const char *name)
{
    if (out->comma) {
        put(out, ',');
    }
    out->comma = true;
    if (name != NULL) {
        put_quoted(out, bytes_of(name, strlen(name)));
        put(out, ':');
    }
}

void render_open(struct render *out, const char *name, char bracket)
{
    put_name(out, name);
    put(out, bracket);
    out->comma = false;
}

void render_close(struct render *out, char bracket)
{
    put(out, bracket);
    out->comma = true;
}

void render_text(struct render *out, const char *name, struct bytes text)
{
    put_name(out, name);
    put_quoted(out, text);
}

void render_string(struct render *out, const char *name, const char *text)
{
    render_text(out, name, bytes_of(text, strlen(text)));
}

void render_count(struct render *out, const char *name, uint64_t value)
{
    char digits[24];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    put_name(out, name);
    render_raw(out, digits + at, sizeof digits - at);
}

void render_integer(struct render *out, const char *name, int64_t value)
{
    if (value >= 0) {
        render_count(out, name, (uint64_t)value);
        return;
    }
    char digits[24];
    int size = snprintf(digits, sizeof digits, "%" PRId64, value);
    put_name(out, name);
    render_raw(out, digits, (size_t)size);
}

void render_truth(struct render *out, const char *name, bool truth)
{
    put_name(out, name);
    render_raw(out, truth ? "true" : "false", truth ? 4 : 5);
}

void render_null(struct render *out, const char *name)
{
    put_name(out, name);
    render_raw(out, "null", 4);
}

void render_code(struct render *out, const char *name, struct bytes code)
{
    if (code.size == 0 || code.data[0] == 0) {
        render_null(out, name);
    } else {
        render_text(out, name, code);
    }
}

void render_hex(struct render *out, const char *name, struct bytes bytes)
{
    static const char digits[] = "0123456789abcdef";
    put_name(out, name);
    put(out, '"');
    for (size_t i = 0; i < bytes.size; i++) {
        put(out, digits[bytes.data[i] >> 4]);
        put(out, digits[bytes.data[i] & 15]);
    }
    put(out, '"');
}

void render_base64(struct render *out, const char *name, struct bytes bytes)
{
    size_t size = sodium_base64_encoded_len(bytes.size, sodium_base64_VARIANT_ORIGINAL);
    put_name(out, name);
    put(out, '"');
    (void)sodium_bin2base64(room(out, size), size, bytes.data, bytes.size,
                            sodium_base64_VARIANT_ORIGINAL);
    out->size += size - 1;
    put(out, '"');
}

void render_money(struct render *out, const char *name, int64_t minor, const uint8_t *currency)
{
    render_open(out, name, '{');
    render_integer(out, "minor", minor);
    if (currency[0] != 0) {
        render_text(out, "currency", bytes_of(currency, CURRENCY_SIZE));
    }
    render_close(out, '}');
}

void ref_print(struct event_ref ref, char text[static RENDER_REF_SIZE])
{
    (void)snprintf(text, RENDER_REF_SIZE, "%" PRIu32 ".%u-%" PRIu64 "-%u",
                   journal_branch(ref.journal), (unsigned)journal_incarnation(ref.journal), ref.seq,
                   (unsigned)ref.index);
}

void render_ref(struct render *out, const char *name, struct event_ref ref)
{
    if (ref.journal == 0) {
        render_null(out, name);
        return;
    }
    char text[RENDER_REF_SIZE];
    ref_print(ref, text);
    render_string(out, name, text);
}

void render_journal(struct render *out, const char *name, uint64_t journal)
{
    if (journal == 0) {
        render_null(out, name);
        return;
    }
    char text[RENDER_REF_SIZE];
    (void)snprintf(text, sizeof text, "%" PRIu32 ".%u", journal_branch(journal),
                   (unsigned)journal_incarnation(journal));
    render_string(out, name, text);
}

void time_print(int64_t wall_ms, char text[static RENDER_TIME_SIZE])
{
    static const int64_t LAST_MS = INT64_C(253402300799999); /* the end of 9999 */
    int64_t at = wall_ms < 0 ? 0 : wall_ms > LAST_MS ? LAST_MS : wall_ms;
    struct date date = calendar_date((uint32_t)(at / DAY_MS));
    unsigned ms = (unsigned)(at % DAY_MS);
    (void)snprintf(text, RENDER_TIME_SIZE, "%04d-%02u-%02uT%02u:%02u:%02u.%03uZ", (int)date.year,
                   (unsigned)date.month, (unsigned)date.day, ms / 3600000, ms / 60000 % 60,
                   ms / 1000 % 60, ms % 1000);
}

void render_time(struct render *out, const char *name, int64_t wall_ms)
{
    if (wall_ms == 0) {
        render_null(out, name);
        return;
    }
    char text[RENDER_TIME_SIZE];
    time_print(wall_ms, text);
    render_string(out, name, text);
}

void render_day(struct render *out, const char *name, uint32_t day)
{
    if (day == 0) {
        render_null(out, name);
        return;
    }
    char text[11];
    calendar_print(day, text);
    render_string(out, name, text);
}

void money_print(int64_t minor, const uint8_t *currency, char text[static RENDER_MONEY_SIZE])
{
    uint32_t digits = currency[0] == 0 ? 2 : currency_digits(currency);
    uint64_t unit = 1;
    for (uint32_t i = 0; i < digits; i++) {
        unit *= 10;
    }
    uint64_t size = minor < 0 ? 0 - (uint64_t)minor : (uint64_t)minor;
    int used = snprintf(text, RENDER_MONEY_SIZE, "%s%" PRIu64, minor < 0 ? "-" : "", size / unit);
    if (digits > 0) {
        used += snprintf(text + used, RENDER_MONEY_SIZE - (size_t)used, ".%0*" PRIu64, (int)digits,
                         size % unit);
    }
    if (currency[0] != 0) {
        (void)snprintf(text + used, RENDER_MONEY_SIZE - (size_t)used, " %.3s",
                       (const char *)currency);
    }
}

bool count_parse(struct bytes text, uint64_t max, uint64_t *value)
{
    uint64_t sum = 0;
    if (text.size == 0 || text.size > 20 || (text.size > 1 && text.data[0] == '0')) {
        return false;
    }
    for (size_t i = 0; i < text.size; i++) {
        uint8_t digit = text.data[i];
        if (digit < '0' || digit > '9' || __builtin_mul_overflow(sum, UINT64_C(10), &sum) ||
            __builtin_add_overflow(sum, (uint64_t)(digit - '0'), &sum)) {
            return false;
        }
    }
    if (sum > max) {
        return false;
    }
    *value = sum;
    return true;
}

/* Cuts what stands before the first `mark` off the front; false if there is none. */
static bool cut(struct bytes *rest, char mark, struct bytes *piece)
{
    const uint8_t *end = rest->size == 0 ? NULL : memchr(rest->data, mark, rest->size);
    if (end == NULL) {
        return false;
    }
    size_t size = (size_t)(end - rest->data);
    *piece = bytes_of(rest->data, size);
    *rest = bytes_of(end + 1, rest->size - size - 1);
    return true;
}

bool ref_parse(struct bytes text, struct event_ref *ref)
{
    struct bytes branch;
    struct bytes incarnation;
    struct bytes seq;
    uint64_t numbers[4];
    if (!cut(&text, '.', &branch) || !cut(&text, '-', &incarnation) || !cut(&text, '-', &seq)) {
        return false;
    }
    if (!count_parse(branch, BRANCH_NUMBER_MAX, &numbers[0]) ||
        !count_parse(incarnation, UINT16_MAX, &numbers[1]) ||
        !count_parse(seq, INT64_MAX, &numbers[2]) || !count_parse(text, UINT16_MAX, &numbers[3])) {
        return false;
    }
    uint64_t journal = journal_of((uint32_t)numbers[0], (uint16_t)numbers[1]);
    if (journal == 0) {
        return false;
    }
    *ref = (struct event_ref){journal, numbers[2], (uint16_t)numbers[3]};
    return true;
}

static bool two_digits(const uint8_t *at, unsigned max, int64_t *value)
{
    if (at[0] < '0' || at[0] > '9' || at[1] < '0' || at[1] > '9') {
        return false;
    }
    unsigned number = (unsigned)(at[0] - '0') * 10 + (unsigned)(at[1] - '0');
    *value = number;
    return number <= max;
}

/* What follows the seconds: an optional fraction, of which three digits count. */
static bool fraction_parse(struct bytes *rest, int64_t *ms)
{
    *ms = 0;
    if (rest->size == 0 || rest->data[0] != '.') {
        return true;
    }
    size_t digits = 0;
    int64_t weight = 100;
    while (digits + 1 < rest->size && rest->data[digits + 1] >= '0' &&
           rest->data[digits + 1] <= '9') {
        *ms += (rest->data[digits + 1] - '0') * weight;
        weight /= 10;
        digits++;
    }
    *rest = bytes_of(rest->data + digits + 1, rest->size - digits - 1);
    return digits >= 1 && digits <= 9;
}

static bool zone_parse(struct bytes rest, int64_t *ahead_ms)
{
    int64_t hours = 0;
    int64_t minutes = 0;
    *ahead_ms = 0;
    if (rest.size == 1) {
        return rest.data[0] == 'Z' || rest.data[0] == 'z';
    }
    if (rest.size != 6 || (rest.data[0] != '+' && rest.data[0] != '-') || rest.data[3] != ':' ||
        !two_digits(rest.data + 1, 23, &hours) || !two_digits(rest.data + 4, 59, &minutes)) {
        return false;
    }
    *ahead_ms = (hours * 60 + minutes) * 60000 * (rest.data[0] == '-' ? -1 : 1);
    return true;
}

bool time_parse(struct bytes text, int64_t *wall_ms)
{
    uint32_t day = 0;
    int64_t hours = 0;
    int64_t minutes = 0;
    int64_t seconds = 0;
    int64_t ms = 0;
    int64_t ahead_ms = 0;
    if (text.size < 20 || !calendar_parse(bytes_of(text.data, 10), &day)) {
        return false;
    }
    const uint8_t *clock = text.data + 10;
    if ((clock[0] != 'T' && clock[0] != 't') || clock[3] != ':' || clock[6] != ':' ||
        !two_digits(clock + 1, 23, &hours) || !two_digits(clock + 4, 59, &minutes) ||
        !two_digits(clock + 7, 60, &seconds)) {
        return false;
    }
    struct bytes rest = bytes_of(text.data + 19, text.size - 19);
    if (!fraction_parse(&rest, &ms) || !zone_parse(rest, &ahead_ms)) {
        return false;
    }
    int64_t at = day * DAY_MS + ((hours * 60 + minutes) * 60 + seconds) * 1000 + ms - ahead_ms;
    if (at < 0) {
        return false;
    }
    *wall_ms = at;
    return true;
}

static int hex_digit(uint8_t byte)
{
    if (byte >= '0' && byte <= '9') {
        return byte - '0';
    }
    if (byte >= 'a' && byte <= 'f') {
        return byte - 'a' + 10;
    }
    return -1;
}

bool hex_parse(struct bytes text, uint8_t *out, size_t size)
{
    if (text.size != size * 2) {
        return false;
    }
    for (size_t i = 0; i < text.size; i++) {
        if (hex_digit(text.data[i]) < 0) {
            return false;
        }
    }
    for (size_t i = 0; i < size; i++) {
        out[i] = (uint8_t)(hex_digit(text.data[2 * i]) * 16 + hex_digit(text.data[2 * i + 1]));
    }
    return true;
}
