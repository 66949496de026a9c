/* The log: one line an occurrence, on one descriptor, in one write. Fields are typed values, so
 * that a text from outside can neither break a line nor forge a field:
 *
 *     log_event(LOG_INFO, "block_admitted", log_journal("journal", j), log_count("seq", seq));
 *     log_event(LOG_WARNING, "peer_refused", log_text("endpoint", e), log_text("reason", r));
 *     log_event(LOG_INFO, "stopping", log_nothing());
 *
 * Never a secret, never a member's data. Safe from any thread. Allocates nothing; a text is cut at
 * LOG_TEXT_SIZE_MAX bytes and fields that do not fit the line are left out, which the line says. */
#ifndef LOG_H
#define LOG_H

#include "tally/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LOG_LINE_SIZE_MAX = 3072,
    LOG_TEXT_SIZE_MAX = 600,
    LOG_HEX_SIZE_MAX = 64, /* bytes of a log_hex field that are shown */
};

enum log_level {
    LOG_ERROR,   /* a person must act */
    LOG_WARNING, /* a person should look */
    LOG_INFO,
    LOG_DEBUG,
};

enum log_format {
    LOG_FORMAT_TEXT, /* time level event key=value .. */
    LOG_FORMAT_JSON, /* one object a line */
};

enum log_kind {
    LOG_KIND_NOTHING,
    LOG_KIND_TEXT,
    LOG_KIND_NUMBER,
    LOG_KIND_COUNT,
    LOG_KIND_JOURNAL,
    LOG_KIND_TRUTH,
    LOG_KIND_HEX,
};

/* One field; made by the functions below and borrowed for the call. */
struct log_field {
    const char *name;
    enum log_kind kind;
    struct bytes bytes; /* TEXT and HEX */
    int64_t number;     /* NUMBER */
    uint64_t count;     /* COUNT, JOURNAL, TRUTH */
};

/* Text up to a terminator; NULL is shown as empty. */
struct log_field log_text(const char *name, const char *text);
struct log_field log_bytes(const char *name, struct bytes text);
struct log_field log_number(const char *name, int64_t number);
struct log_field log_count(const char *name, uint64_t count);
/* Shown as branch.incarnation: "12.1". */
struct log_field log_journal(const char *name, uint64_t journal);
struct log_field log_truth(const char *name, bool truth);
struct log_field log_hex(const char *name, struct bytes bytes);
/* For an event without fields. */
struct log_field log_nothing(void);

#define log_event(level, event, ...)                                                               \
    log_write(level, event, (const struct log_field[]){__VA_ARGS__},                               \
              sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field))

/* `event` and the names of fields are words of ours: lower case, digits, underscores. */
void log_write(enum log_level level, const char *event, const struct log_field *fields,
               size_t count);

/* What is written from now on, and where. Until it is called: LOG_INFO, text, standard error. */
void log_configure(enum log_level level, enum log_format format, int descriptor);

/* True if a line of this level would be written: to spare the making of costly fields. */
bool log_wants(enum log_level level);

/* A noisy source may write `burst` lines in each period of `period_ms`. Zeroed but for these two at
 * first; used by one thread at a time. */
struct log_limit {
    uint32_t burst;
    uint32_t period_ms;
    uint32_t passed;
    uint64_t since_ms;
    uint64_t dropped;
};

/* True if one more line may be written at `now_ms`; then `*dropped` is how many were not since the
 * last that was, and the line should say so. */
bool log_limit_pass(struct log_limit *limit, uint64_t now_ms, uint64_t *dropped);

#endif
