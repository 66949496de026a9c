/* What people see: pairs, tables and refusals, made from the JSON that a node answers. A value that
 * an answer does not carry is left out rather than guessed. */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum {
    CELL_SIZE = 256, /* bytes of one value as text */
    COLUMNS_MAX = 16,
};

/* A heading and where in the answer its value stands: "balance", or "product.name". */
struct label {
    const char *heading;
    const char *path;
};

/* The value at a path, or NULL. */
const json_t *output_at(const json_t *object, const char *path);

/* One value as text: money objects as money, times without fractions, lists joined by ", ". */
void output_cell(const json_t *value, char text[static CELL_SIZE]);

/* The text at a path, or "". */
const char *output_text_at(const json_t *object, const char *path);

/* A line for each label whose value is there, aligned, indented by two. */
void output_pairs(const json_t *object, const struct label *labels, size_t count);

/* A table with a line for each row and a column for each label (at most COLUMNS_MAX) that any row
 * has a value for. Numbers and money stand to the right. Prints `empty` if there are no rows. */
void output_table(const json_t *rows, const struct label *columns, size_t count, const char *empty);

/* The list of that name in an answer, or an answer that is a list itself; NULL if neither. */
const json_t *output_rows(const json_t *answer, const char *name);

/* How fresh the figures are: as of when, and how many branches are silent. */
void output_freshness(const json_t *answer);

/* The JSON itself, indented, keys in the order of the answer. */
void output_json(const json_t *value);

/* A refusal, for people, on standard error: what, why, what to do next, and the facts with it. */
void output_problem(const json_t *problem, long status);

/* The arguments of output_pairs or output_table for an array of labels in scope. */
#define LABELS(array) array, sizeof(array) / sizeof((array)[0])

#endif
