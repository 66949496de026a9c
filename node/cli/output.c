#include "output.h"

#include "money_text.h"
#include "text_width.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const json_t *output_at(const json_t *object, const char *path)
{
    char name[CELL_SIZE];
    for (;;) {
        size_t size = strcspn(path, ".");
        if (size >= sizeof name) {
            return NULL;
        }
        memcpy(name, path, size);
        name[size] = '\0';
        object = json_object_get(object, name);
        if (object == NULL || path[size] == '\0') {
            return json_is_null(object) ? NULL : object;
        }
        path += size + 1;
    }
}

const char *output_text_at(const json_t *object, const char *path)
{
    const char *text = json_string_value(output_at(object, path));
    return text != NULL ? text : "";
}

static bool is_money(const json_t *value)
{
    return json_is_integer(json_object_get(value, "minor"));
}

static bool stands_right(const json_t *value)
{
    return json_is_number(value) || is_money(value);
}

/* "2026-11-21T21:59:53.123Z" loses what nobody reads. */
static bool print_time(const char *text, char out[static CELL_SIZE])
{
    static const char form[] = "0000-00-00T00:00:00";
    for (size_t i = 0; i < sizeof form - 1; i++) {
        bool fits = form[i] == '0' ? text[i] >= '0' && text[i] <= '9' : text[i] == form[i];
        if (!fits) {
            return false;
        }
    }
    (void)snprintf(out, CELL_SIZE, "%.10s %.8s UTC", text, text + 11);
    return text[strlen(text) - 1] == 'Z';
}

static void print_plain(const json_t *value, char text[static CELL_SIZE])
{
    if (json_is_string(value)) {
        const char *string = json_string_value(value);
        if (!print_time(string, text)) {
            text_for_terminal(string, text, CELL_SIZE);
        }
    } else if (json_is_integer(value)) {
        (void)snprintf(text, CELL_SIZE, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    } else if (is_money(value)) {
        char money[MONEY_TEXT_SIZE];
        const char *currency = output_text_at(value, "currency");
        money_text_print(json_integer_value(json_object_get(value, "minor")), currency, money);
        (void)snprintf(text, CELL_SIZE, "%s", money);
    } else if (json_is_boolean(value)) {
        (void)snprintf(text, CELL_SIZE, "%s", json_is_true(value) ? "yes" : "no");
    } else if (value == NULL || json_is_null(value)) {
        text[0] = '\0';
    } else {
        char *dump = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
        text_for_terminal(dump != NULL ? dump : "", text, CELL_SIZE);
        free(dump);
    }
}

void output_cell(const json_t *value, char text[static CELL_SIZE])
{
    if (!json_is_array(value)) {
        print_plain(value, text);
        return;
    }
    size_t filled = 0;
    text[0] = '\0';
    for (size_t i = 0; i < json_array_size(value); i++) {
        char element[CELL_SIZE];
        print_plain(json_array_get(value, i), element);
        size_t needed = strlen(element) + (i > 0 ? 2 : 0);
        if (needed >= CELL_SIZE - filled) {
            break;
        }
        filled +=
            (size_t)snprintf(text + filled, CELL_SIZE - filled, "%s%s", i > 0 ? ", " : "", element);
    }
}

static void pad(size_t columns)
{
    for (size_t i = 0; i < columns; i++) {
        putchar(' ');
    }
}

void output_pairs(const json_t *object, const struct label *labels, size_t count)
{
    size_t widest = 0;
    for (size_t i = 0; i < count; i++) {
        size_t width = text_width(labels[i].heading);
        if (output_at(object, labels[i].path) != NULL && width > widest) {
            widest = width;
        }
    }
    for (size_t i = 0; i < count; i++) {
        char text[CELL_SIZE];
        const json_t *value = output_at(object, labels[i].path);
        if (value == NULL) {
            continue;
        }
        output_cell(value, text);
        printf("  %s", labels[i].heading);
        pad(widest - text_width(labels[i].heading));
        printf("  %s\n", text);
    }
}

struct column {
    const struct label *label;
    size_t width;
    bool right;
};

static size_t columns_measure(const json_t *rows, const struct label *labels, size_t count,
                              struct column columns[static COLUMNS_MAX])
{
    size_t used = 0;
    for (size_t c = 0; c < count; c++) {
        struct column column = {.label = &labels[c], .width = text_width(labels[c].heading)};
        bool any = false;
        for (size_t r = 0; r < json_array_size(rows); r++) {
            char text[CELL_SIZE];
            const json_t *value = output_at(json_array_get(rows, r), labels[c].path);
            if (value == NULL) {
                continue;
            }
            output_cell(value, text);
            size_t width = text_width(text);
            column.width = width > column.width ? width : column.width;
            column.right = column.right || stands_right(value);
            any = true;
        }
        if (any) {
            columns[used++] = column;
        }
    }
    return used;
}

static void line_print(const json_t *row, const struct column *columns, size_t count)
{
    for (size_t c = 0; c < count; c++) {
        char text[CELL_SIZE];
        if (row == NULL) {
            (void)snprintf(text, sizeof text, "%s", columns[c].label->heading);
        } else {
            output_cell(output_at(row, columns[c].label->path), text);
        }
        size_t gap = columns[c].width - text_width(text);
        bool last = c + 1 == count;
        if (columns[c].right) {
            pad(gap);
        }
        (void)fputs(text, stdout);
        if (!columns[c].right && !last) {
            pad(gap);
        }
        (void)fputs(last ? "\n" : "  ", stdout);
    }
}

void output_table(const json_t *rows, const struct label *columns, size_t count, const char *empty)
{
    assert(count <= COLUMNS_MAX);
    struct column measured[COLUMNS_MAX];
    if (json_array_size(rows) == 0) {
        puts(empty);
        return;
    }
    size_t used = columns_measure(rows, columns, count, measured);
    line_print(NULL, measured, used);
    for (size_t r = 0; r < json_array_size(rows); r++) {
        line_print(json_array_get(rows, r), measured, used);
    }
}

const json_t *output_rows(const json_t *answer, const char *name)
{
    const json_t *rows = json_is_array(answer) ? answer : json_object_get(answer, name);
    return json_is_array(rows) ? rows : NULL;
}

void output_freshness(const json_t *answer)
{
    char text[CELL_SIZE];
    const json_t *as_of = output_at(answer, "as_of");
    json_int_t silent = json_integer_value(output_at(answer, "silent_branches"));
    if (as_of != NULL) {
        output_cell(as_of, text);
        printf("\nAs of %s", text);
        if (silent > 0) {
            printf("; %" JSON_INTEGER_FORMAT " %s not been heard from for over a minute", silent,
                   silent == 1 ? "branch has" : "branches have");
        }
        puts(".");
    }
    if (json_is_true(output_at(answer, "more")) && output_at(answer, "cursor") != NULL) {
        printf("There is more: add --cursor %s\n", output_text_at(answer, "cursor"));
    }
}

void output_json(const json_t *value)
{
    json_dumpf(value, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);
    putchar('\n');
}

void output_problem(const json_t *problem, long status)
{
    static const struct label facts[] = {
        {"offer", "offer"},     {"limit", "limit"},
        {"balance", "balance"}, {"usable here", "usable_here"},
        {"field", "field"},     {"event", "event"},
    };
    char text[2 * CELL_SIZE];
    const char *sentence = output_text_at(problem, "detail");
    if (sentence[0] == '\0') {
        sentence = output_text_at(problem, "title");
    }
    if (sentence[0] == '\0') {
        (void)fprintf(stderr, "Refused: the node answered with status %ld and no explanation.\n",
                      status);
        return;
    }
    text_for_terminal(sentence, text, sizeof text);
    const char *code = output_text_at(problem, "code");
    (void)fprintf(stderr, "%s%s%.40s%s\n", text, code[0] != '\0' ? " [" : "", code,
                  code[0] != '\0' ? "]" : "");
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
        char cell[CELL_SIZE];
        const json_t *value = output_at(problem, facts[i].path);
        if (value != NULL) {
            output_cell(value, cell);
            (void)fprintf(stderr, "  %-11s  %s\n", facts[i].heading, cell);
        }
    }
}
