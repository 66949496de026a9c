/* How many columns of a terminal a text takes: Chinese, Japanese and Korean letters take two, marks
 * that stand on others none. */
#ifndef TEXT_WIDTH_H
#define TEXT_WIDTH_H

#include <stddef.h>

/* A byte that is no UTF-8 counts as one column. */
size_t text_width(const char *text);

/* Copies `text` so that a terminal shows letters and nothing else happens: control characters and
 * those that turn the direction of writing become '?'. Cuts at a whole letter. */
void text_for_terminal(const char *text, char *out, size_t size);

#endif
