/* The table of options, for config.c: what each is called, and how a text becomes its value.
 * libconfuse would read "010" as eight and "0x10" as sixteen, so to it every option is a text (or a
 * list of them), and what the text may be is said here, once. */
#ifndef CONFIG_OPTION_H
#define CONFIG_OPTION_H

#include "config.h"

enum { OPTIONS = 17 };

struct option {
    struct config_option shown;
    bool list;
    /* Writes the value and returns true; false if the text breaks the bound. For a list: one entry
     * more. */
    bool (*set)(const char *text, struct config *config);
};

/* NULL past the last one. */
const struct option *option_at(size_t index);

/* Before the entries of the list option `peers`. */
void option_empty_list(struct config *config);

#endif
