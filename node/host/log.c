#include "log.h"

#include "clock.h"
#include "tally/id.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* A line never exceeds what one write to a pipe keeps whole. */
static_assert(LOG_LINE_SIZE_MAX <= 4096, "lines of two threads never mix");

enum { CUT_MARK_SIZE = 32 /* room kept for the mark that fields were left out, and the end */ };

static _Atomic int log_level = LOG_INFO;
static _Atomic int log_format = LOG_FORMAT_TEXT;
static _Atomic int log_descriptor = STDERR_FILENO;

struct line {
    char text[LOG_LINE_SIZE_MAX];
    size_t size;
    size_t limit;
    bool full; /* something did not fit since the last mark */
};

void log_configure(enum log_level level, enum log_format format, int descriptor)
{
    atomic_store(&log_level, (int)level);
    atomic_store(&log_format, (int)format);
    atomic_store(&log_descriptor, descriptor);
}

bool log_wants(enum log_level level)
{
    return (int)level <= atomic_load(&log_level);
}

struct log_field log_text(const char *name, const char *text)
{
    const char *shown = text == NULL ? "" : text;
    return (struct log_field){
        .name = name, .kind = LOG_KIND_TEXT, .bytes = bytes_of(shown, strlen(shown))};
}

struct log_field log_bytes(const char *name, struct bytes text)
{
    return (struct log_field){.name = name, .kind = LOG_KIND_TEXT, .bytes = text};
}

struct log_field log_number(const char *name, int64_t number)
{
    return (struct log_field){.name = name, .kind = LOG_KIND_NUMBER, .number = number};
}

struct log_field log_count(const char *name, uint64_t count)
{
    return (struct log_field){.name = name, .kind = LOG_KIND_COUNT, .count = count};
}

struct log_field log_journal(const char *name, uint64_t journal)
{
    return (struct log_field){.name = name, .kind = LOG_KIND_JOURNAL, .count = journal};
}

struct log_field log_truth(const char *name, bool truth)
{
    return (struct log_field){.name = name, .kind = LOG_KIND_TRUTH, .count = truth};
}

struct log_field log_hex(const char *name, struct bytes bytes)
{
    return (struct log_field){.name = name, .kind = LOG_KIND_HEX, .bytes = bytes};
}

struct log_field log_nothing(void)
{
    return (struct log_field){.kind = LOG_KIND_NOTHING};
}

static void put(struct line *line, const char *text, size_t size)
{
    if (line->full || size > line->limit - line->size) {
        line->full = true;
        return;
    }
    memcpy(line->text + line->size, text, size);
    line->size += size;
}

static void put_word(struct line *line, const char *word)
{
    put(line, word, strlen(word));
}

/* The length of the well-formed UTF-8 character at the front, or 0. */
static size_t character_size(const uint8_t *text, size_t left)
{
    uint8_t first = text[0];
    size_t size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if ((first >= 0x80 && first < 0xc2) || first > 0xf4 || size > left) {
        return 0;
    }
    for (size_t i = 1; i < size; i++) {
        if ((text[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    bool surrogate_or_long = (first == 0xe0 && text[1] < 0xa0) || (first == 0xed && text[1] > 0x9f);
    bool out_of_range = (first == 0xf0 && text[1] < 0x90) || (first == 0xf4 && text[1] > 0x8f);
    return surrogate_or_long || out_of_range ? 0 : size;
}

/* C0 controls and DEL, and the C1 controls (0xc2 0x80 to 0x9f), which some terminals obey. */
static bool character_is_control(const uint8_t *text, size_t size)
{
    return text[0] < 0x20 || text[0] == 0x7f || (size == 2 && text[0] == 0xc2 && text[1] < 0xa0);
}

/* The body of a JSON string; also how text values are quoted, so that both formats are safe to show
 * on a terminal. */
static void put_escaped(struct line *line, struct bytes text)
{
    size_t shown = text.size < LOG_TEXT_SIZE_MAX ? text.size : LOG_TEXT_SIZE_MAX;
    size_t at = 0;
    while (at < shown) {
        const uint8_t *next = text.data + at;
        size_t size = character_size(next, text.size - at);
        if (size == 0) {
            put_word(line, "\\ufffd");
            at++;
        } else if (*next == '"' || *next == '\\') {
            put(line, (const char[]){'\\', (char)*next}, 2);
            at++;
        } else if (character_is_control(next, size)) {
            char code[8];
            int code_point = size == 1 ? next[0] : next[1];
            int length = snprintf(code, sizeof code, "\\u%04x", (unsigned)code_point);
            put(line, code, (size_t)length);
            at += size;
        } else {
            put(line, (const char *)next, size);
            at += size;
        }
    }
    if (at < text.size) {
        put_word(line, "...");
    }
}

static void put_hex(struct line *line, struct bytes bytes)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes.size && i < LOG_HEX_SIZE_MAX; i++) {
        put(line, (const char[]){digits[bytes.data[i] >> 4], digits[bytes.data[i] & 15]}, 2);
    }
    if (bytes.size > LOG_HEX_SIZE_MAX) {
        put_word(line, "...");
    }
}

/* True if the text can stand in a key=value line without quotes. */
static bool text_is_plain(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (c <= ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '=') {
            return false;
        }
    }
    return text.size > 0 && text.size <= LOG_TEXT_SIZE_MAX;
}

static void put_value(struct line *line, const struct log_field *field, bool json)
{
    char text[40];
    bool quoted = json;
    switch (field->kind) {
    case LOG_KIND_NOTHING:
        return;
    case LOG_KIND_TEXT:
        quoted = json || !text_is_plain(field->bytes);
        put_word(line, quoted ? "\"" : "");
        put_escaped(line, field->bytes);
        put_word(line, quoted ? "\"" : "");
        return;
    case LOG_KIND_HEX:
        put_word(line, quoted ? "\"" : "");
        put_hex(line, field->bytes);
        put_word(line, quoted ? "\"" : "");
        return;
    case LOG_KIND_NUMBER:
        (void)snprintf(text, sizeof text, "%" PRId64, field->number);
        break;
    case LOG_KIND_COUNT:
        (void)snprintf(text, sizeof text, "%" PRIu64, field->count);
        break;
    case LOG_KIND_JOURNAL:
        (void)snprintf(text, sizeof text, json ? "\"%u.%u\"" : "%u.%u",
                       (unsigned)journal_branch(field->count),
                       (unsigned)journal_incarnation(field->count));
        break;
    case LOG_KIND_TRUTH:
        (void)snprintf(text, sizeof text, "%s", field->count != 0 ? "true" : "false");
        break;
    }
    put_word(line, text);
}

/* Appends the whole field, or takes back what of it was written. */
static bool put_field(struct line *line, const struct log_field *field, bool json)
{
    if (field->kind == LOG_KIND_NOTHING) {
        return true;
    }
    size_t before = line->size;
    put_word(line, json ? ",\"" : " ");
    put_word(line, field->name);
    put_word(line, json ? "\":" : "=");
    put_value(line, field, json);
    if (!line->full) {
        return true;
    }
    line->size = before;
    line->full = false;
    return false;
}

static void put_time(struct line *line)
{
    int64_t now_ms = clock_wall_ms();
    time_t seconds = (time_t)(now_ms / 1000);
    struct tm date;
    char text[64] = "";
    if (gmtime_r(&seconds, &date) != NULL &&
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &date) > 0) {
        put_word(line, text);
        (void)snprintf(text, sizeof text, ".%03dZ", (int)(now_ms % 1000));
    }
    put_word(line, text);
}

static void put_opening(struct line *line, enum log_level level, const char *event, bool json)
{
    static const char *const levels[] = {[LOG_ERROR] = "error",
                                         [LOG_WARNING] = "warning",
                                         [LOG_INFO] = "info",
                                         [LOG_DEBUG] = "debug"};
    put_word(line, json ? "{\"time\":\"" : "");
    put_time(line);
    put_word(line, json ? "\",\"level\":\"" : " ");
    put_word(line, levels[level]);
    put_word(line, json ? "\",\"event\":\"" : " ");
    put_word(line, event);
    put_word(line, json ? "\"" : "");
}

/* A log that cannot be written is no reason to stop: the line is lost. */
static void write_whole(int descriptor, const char *text, size_t size)
{
    while (size > 0) {
        ssize_t written = write(descriptor, text, size);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return;
        }
        text += written;
        size -= (size_t)written;
    }
}

void log_write(enum log_level level, const char *event, const struct log_field *fields,
               size_t count)
{
    if (!log_wants(level)) {
        return;
    }
    int saved_errno = errno;
    bool json = atomic_load(&log_format) == (int)LOG_FORMAT_JSON;
    struct line line = {.limit = LOG_LINE_SIZE_MAX - CUT_MARK_SIZE};
    bool complete = true;

    put_opening(&line, level, event, json);
    for (size_t i = 0; i < count; i++) {
        complete = put_field(&line, &fields[i], json) && complete;
    }
    line.limit = LOG_LINE_SIZE_MAX;
    if (!complete) {
        put_word(&line, json ? ",\"fields_left_out\":true" : " fields_left_out=true");
    }
    put_word(&line, json ? "}\n" : "\n");
    write_whole(atomic_load(&log_descriptor), line.text, line.size);
    errno = saved_errno;
}

bool log_limit_pass(struct log_limit *limit, uint64_t now_ms, uint64_t *dropped)
{
    assert(limit->burst > 0);
    if (limit->passed == 0 || now_ms - limit->since_ms >= limit->period_ms) {
        limit->since_ms = now_ms;
        limit->passed = 0;
    }
    if (limit->passed >= limit->burst) {
        limit->dropped++;
        return false;
    }
    limit->passed++;
    *dropped = limit->dropped;
    limit->dropped = 0;
    return true;
}
