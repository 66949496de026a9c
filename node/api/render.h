/* JSON to the outside: one form for each value, names in the order they are written, no spaces.
 * Memory grows as needed; when there is none left the process ends (the node recovers). Texts are
 * written as valid UTF-8 whatever they are: a bad byte or NUL becomes U+FFFD. */
#ifndef RENDER_H
#define RENDER_H

#include "tally/bytes.h"
#include "tally/id.h"

struct render {
    char *data;
    size_t size;
    size_t capacity;
    bool comma; /* something stands before, on this level */
};

/* Sizes of texts for people and programs, with terminators. */
enum {
    RENDER_REF_SIZE = 64,
    RENDER_TIME_SIZE = 32,
    RENDER_MONEY_SIZE = 48,
};

void render_free(struct render *out);

/* Bytes as they are. */
void render_raw(struct render *out, const char *bytes, size_t size);

/* In an object `name` is the member's name; in an array and at the top it is NULL. */
void render_open(struct render *out, const char *name, char bracket);
void render_close(struct render *out, char bracket);
void render_text(struct render *out, const char *name, struct bytes text);
void render_string(struct render *out, const char *name, const char *text);
void render_integer(struct render *out, const char *name, int64_t value);
void render_count(struct render *out, const char *name, uint64_t value);
void render_truth(struct render *out, const char *name, bool truth);
void render_null(struct render *out, const char *name);
/* A text of fixed size, such as a card number or a currency; null when it is zeros. */
void render_code(struct render *out, const char *name, struct bytes code);
void render_hex(struct render *out, const char *name, struct bytes bytes);

/* RFC 4648, with padding. */
void render_base64(struct render *out, const char *name, struct bytes bytes);

/* {"minor":n,"currency":"CNY"}; without the currency when it is zeros. */
void render_money(struct render *out, const char *name, int64_t minor, const uint8_t *currency);
/* "2.1-17-0", or null for none. */
void render_ref(struct render *out, const char *name, struct event_ref ref);
/* "2.1", or null for none. */
void render_journal(struct render *out, const char *name, uint64_t journal);
/* RFC 3339, UTC, milliseconds; null for 0. */
void render_time(struct render *out, const char *name, int64_t wall_ms);
/* "YYYY-MM-DD"; null for 0. */
void render_day(struct render *out, const char *name, uint32_t day);

/* The same as texts. */
void ref_print(struct event_ref ref, char text[static RENDER_REF_SIZE]);
void time_print(int64_t wall_ms, char text[static RENDER_TIME_SIZE]);
/* "300.00 CNY", for sentences. */
void money_print(int64_t minor, const uint8_t *currency, char text[static RENDER_MONEY_SIZE]);

/* And back. False, and nothing written, unless the text is exactly one. */
bool ref_parse(struct bytes text, struct event_ref *ref);
bool time_parse(struct bytes text, int64_t *wall_ms);
bool hex_parse(struct bytes text, uint8_t *out, size_t size);
bool count_parse(struct bytes text, uint64_t max, uint64_t *value);

#endif
