#include "config.h"

#include "config_option.h"
#include "file.h"

#include <assert.h>
#include <confuse.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One reading of one file. libconfuse's callbacks take no argument of ours, so it hangs here while
 * a file is read. */
struct reading {
    const char *path;
    struct config config;
    uint32_t seen; /* a bit for each option */
    unsigned list_size;
    bool list_ended;
    bool failed;
    struct explanation *explanation;
};

static_assert(OPTIONS <= 32, "a bit for each option");

static _Thread_local struct reading *current;

/* How many letters must change to make one word of the other; both are short. */
static size_t distance(const char *a, const char *b)
{
    enum { WORD_MAX = 40 };
    size_t row[WORD_MAX + 1];
    size_t size = strlen(b);
    if (size > WORD_MAX) {
        return WORD_MAX;
    }
    for (size_t j = 0; j <= size; j++) {
        row[j] = j;
    }
    for (size_t i = 0; a[i] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < size; j++) {
            size_t changed = diagonal + (a[i] == b[j] ? 0 : 1);
            size_t inserted = (row[j] < row[j + 1] ? row[j] : row[j + 1]) + 1;
            diagonal = row[j + 1];
            row[j + 1] = changed < inserted ? changed : inserted;
        }
    }
    return row[size];
}

static const char *nearest_option(const char *name)
{
    const char *nearest = NULL;
    size_t least = strlen(name) / 2 + 1;
    for (size_t i = 0; i < OPTIONS; i++) {
        size_t far = distance(name, option_at(i)->shown.name);
        if (far < least) {
            least = far;
            nearest = option_at(i)->shown.name;
        }
    }
    return nearest;
}

/* libconfuse's own complaints: syntax, and names that are no option. Only the first one counts. */
static void take_error(cfg_t *file, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

static void take_error(cfg_t *file, const char *format, va_list arguments)
{
    char text[256];
    char name[64];
    if (current->failed) {
        return;
    }
    current->failed = true;
    if (vsnprintf(text, sizeof text, format, arguments) < 0) {
        text[0] = '\0';
    }
    if (sscanf(text, "no such option '%63[^']'", name) == 1) {
        const char *nearest = nearest_option(name);
        explain(current->explanation, "%s:%d: there is no option %s%s%s%s", current->path,
                file->line, name, nearest == NULL ? "" : "; did you mean ",
                nearest == NULL ? "" : nearest, nearest == NULL ? "" : "?");
        return;
    }
    explain(current->explanation, "%s:%d: %s; an option is written: name = \"value\"",
            current->path, file->line, text);
}

static const struct option *find_option(const char *name)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        if (strcmp(option_at(i)->shown.name, name) == 0) {
            return option_at(i);
        }
    }
    return NULL;
}

static int refuse_twice(const cfg_t *file, const struct option *option)
{
    current->failed = true;
    explain(current->explanation, "%s:%d: %s stands there twice; keep one of them", current->path,
            file->line, option->shown.name);
    return -1;
}

static int take_text(const cfg_t *file, const struct option *option, const char *text)
{
    if (text != NULL && option->set(text, &current->config)) {
        return 0;
    }
    current->failed = true;
    explain(current->explanation, "%s:%d: %s must be %s; by default it is %s", current->path,
            file->line, option->shown.name, option->shown.bound, option->shown.fallback);
    return -1;
}

/* Called for each entry, with one entry more each time, and once more at the end of the list. */
static int take_entry(const cfg_t *file, const struct option *option, cfg_opt_t *found, bool seen)
{
    unsigned size = cfg_opt_size(found);
    if (seen && (current->list_ended || size < current->list_size)) {
        return refuse_twice(file, option);
    }
    if (seen && size == current->list_size) {
        current->list_ended = true;
        return 0;
    }
    if (!seen) {
        option_empty_list(&current->config);
    }
    current->list_size = size;
    return size == 0 ? 0 : take_text(file, option, cfg_opt_getnstr(found, size - 1));
}

/* Called by libconfuse when it has read a value. */
static int take_value(cfg_t *file, cfg_opt_t *found)
{
    const struct option *option = find_option(cfg_opt_name(found));
    assert(option != NULL);
    uint32_t bit = UINT32_C(1) << (option - option_at(0));
    bool seen = (current->seen & bit) != 0;
    current->seen |= bit;
    if (option->list) {
        return take_entry(file, option, found, seen);
    }
    return seen ? refuse_twice(file, option) : take_text(file, option, cfg_opt_getstr(found));
}

/* An empty list has no value to be called for. */
static void take_empty_lists(cfg_t *file)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        const cfg_opt_t *found = cfg_getopt(file, option_at(i)->shown.name);
        bool seen = (current->seen & UINT32_C(1) << i) != 0;
        if (option_at(i)->list && !seen && found != NULL && (found->flags & CFGF_MODIFIED) != 0) {
            option_empty_list(&current->config);
        }
    }
}

/* Parses `text` into the current reading. False without memory; a complaint is in the reading. */
static bool parse(const char *text)
{
    cfg_opt_t table[OPTIONS + 1];
    const cfg_opt_t end = CFG_END();
    for (size_t i = 0; i < OPTIONS; i++) {
        const cfg_opt_t one = CFG_STR(option_at(i)->shown.name, NULL, CFGF_NODEFAULT);
        const cfg_opt_t many = CFG_STR_LIST(option_at(i)->shown.name, NULL, CFGF_NODEFAULT);
        table[i] = option_at(i)->list ? many : one;
    }
    table[OPTIONS] = end;

    cfg_t *file = cfg_init(table, CFGF_NONE);
    if (file == NULL) {
        return false;
    }
    (void)cfg_set_error_function(file, take_error);
    for (size_t i = 0; i < OPTIONS; i++) {
        (void)cfg_set_validate_func(file, option_at(i)->shown.name, take_value);
    }
    if (cfg_parse_buf(file, text) != CFG_SUCCESS && !current->failed) {
        current->failed = true;
        explain(current->explanation,
                "%s:%d: this cannot be read; an option is written: name = \"value\"", current->path,
                file->line);
    }
    take_empty_lists(file);
    (void)cfg_free(file);
    return true;
}

/* The same table gives the defaults, so they obey the bounds too. */
void config_defaults(struct config *config)
{
    char text[4096];
    size_t size = 0;
    struct explanation explanation = {0};
    struct reading reading = {.path = "defaults", .explanation = &explanation};

    for (size_t i = 0; i < OPTIONS; i++) {
        int length = snprintf(text + size, sizeof text - size, "%s = %s\n",
                              option_at(i)->shown.name, option_at(i)->shown.fallback);
        assert(length > 0 && (size_t)length < sizeof text - size);
        size += (size_t)length;
    }
    current = &reading;
    bool able = parse(text);
    current = NULL;
    assert(able && !reading.failed);
    *config = reading.config;
}

/* The end of the quoted text that starts at `at`: behind its closing quote. */
static size_t quoted_end(struct bytes text, size_t at)
{
    uint8_t quote = text.data[at];
    for (at++; at < text.size; at++) {
        if (text.data[at] == '\\') {
            at++;
        } else if (text.data[at] == quote) {
            return at + 1;
        }
    }
    return text.size;
}

/* The end of the comment that starts at `at`; `at` itself if none does. A slash inside a word
 * starts none: tcp://host. */
static size_t comment_end(struct bytes text, size_t at)
{
    struct bytes rest = bytes_of(text.data + at, text.size - at);
    bool in_word = at > 0 && strchr(" \t\r\n={},+", text.data[at - 1]) == NULL;
    bool pair = rest.size >= 2 && rest.data[0] == '/' && !in_word;
    if (pair && rest.data[1] == '*') {
        const uint8_t *end = memmem(rest.data + 2, rest.size - 2, "*/", 2);
        return end == NULL ? text.size : (size_t)(end - text.data) + 2;
    }
    if (rest.data[0] == '#' || (pair && rest.data[1] == '/')) {
        const uint8_t *end = memchr(rest.data, '\n', rest.size);
        return end == NULL ? text.size : (size_t)(end - text.data);
    }
    return at;
}

/* libconfuse counts the lines of comments wrongly, so it is given blanks in their place. */
static void blank_comments(struct buffer *text)
{
    struct bytes all = buffer_bytes(text);
    size_t at = 0;
    while (at < all.size) {
        if (all.data[at] == '"' || all.data[at] == '\'') {
            at = quoted_end(all, at);
            continue;
        }
        size_t end = comment_end(all, at);
        for (size_t i = at; i < end; i++) {
            text->data[i] = text->data[i] == '\n' ? '\n' : ' ';
        }
        at = end > at ? end : at + 1;
    }
}

/* Reads the file over what the reading holds. `text` has room for a terminator behind its capacity.
 */
static enum status read_over(struct reading *reading, struct buffer *text)
{
    enum status status = file_read(reading->path, text, reading->explanation);
    if (status == STATUS_TOO_LARGE) {
        explain(reading->explanation, "%s:1: this is no configuration: it is longer than %d bytes",
                reading->path, CONFIG_FILE_SIZE_MAX);
        return STATUS_MALFORMED;
    }
    if (status != STATUS_OK) {
        return status;
    }
    const uint8_t *nul = text->size == 0 ? NULL : memchr(text->data, 0, text->size);
    if (nul != NULL) {
        unsigned line = 1;
        for (const uint8_t *at = text->data; at < nul; at++) {
            line += *at == '\n' ? 1 : 0;
        }
        explain(reading->explanation, "%s:%u: a zero byte; this is no text file", reading->path,
                line);
        return STATUS_MALFORMED;
    }
    blank_comments(text);
    current = reading;
    text->data[text->size] = 0;
    bool able = parse((const char *)text->data);
    current = NULL;
    if (!able) {
        explain(reading->explanation, "%s: no memory to read it", reading->path);
        return STATUS_IO;
    }
    return reading->failed ? STATUS_MALFORMED : STATUS_OK;
}

enum status config_load(const char *path, struct config *config, struct explanation *explanation)
{
    struct reading reading = {.path = path, .explanation = explanation};
    struct buffer text = {.data = malloc(CONFIG_FILE_SIZE_MAX + 1),
                          .capacity = CONFIG_FILE_SIZE_MAX};
    if (text.data == NULL) {
        explain(explanation, "%s: no memory to read it", path);
        return STATUS_IO;
    }
    config_defaults(&reading.config);
    enum status status = read_over(&reading, &text);
    if (status == STATUS_OK) {
        *config = reading.config;
    }
    free(text.data);
    return status;
}
