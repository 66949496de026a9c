/* The head of a request from arbitrary bytes. It is given to the framing check as the listener's
 * library would split it, leniently; a strict parser of its own, straight from RFC 9112, says where
 * the request ends. What the check accepts, the strict parser accepts with the same end. */
#include "framing.h"
#include "target.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LINES_MAX = 64 };

struct head {
    char *line; /* the first */
    size_t count;
    char *lines[LINES_MAX];
};

/* Splits at LF, without CR. False without an empty line, or with too many. */
static bool split(char *text, struct head *head)
{
    char *at = text;
    *head = (struct head){0};
    for (;;) {
        char *end = strchr(at, '\n');
        if (end == NULL) {
            return false;
        }
        *end = 0;
        if (end > at && end[-1] == '\r') {
            end[-1] = 0;
        }
        if (head->line == NULL) {
            head->line = at;
        } else if (*at == 0) {
            return true;
        } else if (head->count == LINES_MAX) {
            return false;
        } else {
            head->lines[head->count++] = at;
        }
        at = end + 1;
    }
}

/* How many lines below `first` are folded onto it. */
static size_t folded(const struct head *head, size_t first)
{
    size_t count = 0;
    while (first + 1 + count < head->count && (head->lines[first + 1 + count][0] == ' ' ||
                                               head->lines[first + 1 + count][0] == '\t')) {
        count++;
    }
    return count;
}

/* ---- as the library reads it ---- */

/* Without the spaces and tabs at both ends. */
static struct bytes trimmed(const char *text)
{
    text += strspn(text, " \t");
    size_t size = strlen(text);
    while (size > 0 && (text[size - 1] == ' ' || text[size - 1] == '\t')) {
        size--;
    }
    return bytes_of(text, size);
}

static char names[64 * 1024];
static char values[64 * 1024];

/* The name is what stands before the colon, whatever it is; a folded line joins the name, not the
 * value; a line without a colon ends the connection. */
static bool give_line(struct framing *framing, const struct head *head, size_t first)
{
    static size_t used; /* values are looked at again at the end */
    const char *colon = strchr(head->lines[first], ':');
    if (first == 0) {
        used = 0;
    }
    if (colon == NULL || colon == head->lines[first]) {
        return false; /* an empty name is seen by nobody, and moves no boundary */
    }
    struct bytes value = trimmed(colon + 1);
    size_t name_size = (size_t)(colon - head->lines[first]);
    memcpy(names, head->lines[first], name_size);
    for (size_t i = 1; i <= folded(head, first); i++) {
        struct bytes more = trimmed(head->lines[first + i]);
        memcpy(names + name_size, more.data, more.size);
        name_size += more.size;
        value.size = more.size > 0 ? 0 : value.size;
    }
    memcpy(values + used, value.data, value.size);
    values[used + value.size] = 0;
    framing_header(framing, bytes_of(names, name_size), bytes_of(values + used, value.size));
    used += value.size + 1;
    return true;
}

static bool split_first(char *line, char **method, char **target, char **version)
{
    *method = line;
    *target = strchr(line, ' ');
    if (*target == NULL) {
        return false;
    }
    *(*target)++ = 0;
    *version = strchr(*target, ' ');
    if (*version == NULL) {
        return false;
    }
    *(*version)++ = 0;
    return true;
}

/* Accepts as the listener would; the end in `*body_size`. */
static bool accept_leniently(const struct head *head, size_t *body_size)
{
    struct framing framing = {0};
    char *method = NULL;
    char *target = NULL;
    char *version = NULL;
    if (!split_first(head->line, &method, &target, &version)) {
        return false;
    }
    for (size_t i = 0; i < head->count; i += 1 + folded(head, i)) {
        if (!give_line(&framing, head, i)) {
            return false;
        }
    }
    bool good = framing_end(&framing, method, target, version);
    assert(good == (framing.status == 0));
    assert(good || (framing.status >= 400 && framing.status <= 505 && framing.why != NULL));
    *body_size = framing.body_size;
    return good;
}

/* ---- as RFC 9112 has it ---- */

static bool is_tchar(char byte)
{
    return isalnum((unsigned char)byte) != 0 ||
           (byte != 0 && strchr("!#$%&'*+-.^_`|~", byte) != NULL);
}

struct strict {
    unsigned lengths;
    unsigned codings;
    unsigned hosts;
    unsigned long length;
};

/* A folded value is one with a space in it. */
static bool read_strictly(const struct head *head, size_t first, struct strict *strict)
{
    const char *line = head->lines[first];
    size_t name = 0;
    while (is_tchar(line[name])) {
        name++;
    }
    if (name == 0 || line[name] != ':') {
        return false;
    }
    struct bytes whole = trimmed(line + name + 1);
    bool one_piece = true;
    for (size_t i = 1; i <= folded(head, first); i++) {
        struct bytes more = trimmed(head->lines[first + i]);
        one_piece = one_piece && (whole.size == 0 || more.size == 0);
        whole = more.size > 0 ? more : whole;
    }
    const char *value = (const char *)whole.data;
    size_t size = one_piece ? whole.size : 0;
    if (name == 14 && strncasecmp(line, "content-length", 14) == 0) {
        strict->lengths++;
        strict->length = 0;
        for (size_t i = 0; i < size; i++) {
            if (value[i] < '0' || value[i] > '9' || strict->length > 100000) {
                return false;
            }
            strict->length = strict->length * 10 + (unsigned long)(value[i] - '0');
        }
        return size > 0;
    }
    strict->codings += name == 17 && strncasecmp(line, "transfer-encoding", 17) == 0 ? 1 : 0;
    strict->hosts += name == 4 && strncasecmp(line, "host", 4) == 0 ? 1 : 0;
    return true;
}

static bool accept_strictly(const struct head *head, size_t *body_size)
{
    struct strict strict = {0};
    for (size_t i = 0; i < head->count; i += 1 + folded(head, i)) {
        if (!read_strictly(head, i, &strict)) {
            return false;
        }
    }
    *body_size = strict.length;
    return strict.codings == 0 && strict.lengths <= 1 && strict.hosts <= 1;
}

static void check_target(const char *raw)
{
    const char *why = NULL;
    struct target target;
    uint8_t *memory = malloc(strlen(raw) + 1);
    assert(memory != NULL);
    if (target_parse(raw, memory, &target, &why)) {
        for (uint32_t i = 0; i < target.segment_count; i++) {
            struct bytes segment = target.segments[i];
            assert(memchr(segment.data, 0, segment.size) == NULL);
            assert(memchr(segment.data, '/', segment.size) == NULL);
            assert(!bytes_equal(segment, bytes_of("..", 2)));
            assert(!bytes_equal(segment, bytes_of(".", 1)));
        }
    } else {
        assert(why != NULL);
    }
    free(memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* The library cuts a value at NUL, which nobody behind it can see. */
    if (size > 32768 || memchr(data, 0, size) != NULL) {
        return 0;
    }
    char *one = calloc(1, size + 1);
    char *two = calloc(1, size + 1);
    struct head lenient;
    struct head strict;
    size_t here = 0;
    size_t there = 0;
    assert(one != NULL && two != NULL);
    memcpy(one, data, size);
    memcpy(two, data, size);
    check_target(one);
    if (split(one, &lenient) && split(two, &strict) && accept_leniently(&lenient, &here)) {
        bool agreed = accept_strictly(&strict, &there);
        assert(agreed && here == there);
        (void)agreed;
    }
    free(one);
    free(two);
    return 0;
}
