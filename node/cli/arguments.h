/* A command line taken apart by a list of forms: options may stand anywhere, "--" ends them, and
 * both "--name value" and "--name=value" are understood. */
#ifndef ARGUMENTS_H
#define ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    POSITIONALS_MAX = 16,
    OPTIONS_MAX = 32,
    PROBLEM_SIZE = 512, /* a sentence for people */
};

/* One option as the operator sees it; a list of them ends with a zeroed form. */
struct option_form {
    const char *name;    /* without the dashes */
    const char *value;   /* what stands for its value in the help; NULL: it takes none */
    const char *meaning; /* half a line */
};

struct option_given {
    const struct option_form *form;
    const char *value; /* "" for an option without one */
};

/* Everything borrows from argv. */
struct arguments {
    uint32_t positional_count;
    const char *positionals[POSITIONALS_MAX];
    uint32_t option_count;
    struct option_given options[OPTIONS_MAX];
};

/* Takes `argc` words apart. Two lists say which options there are; either may be NULL. False with
 * a sentence in `problem`. */
bool arguments_parse(struct arguments *arguments, int argc, char *const *argv,
                     const struct option_form *const forms[2], char problem[static PROBLEM_SIZE]);

/* The value as last given, or NULL. */
const char *arguments_option(const struct arguments *arguments, const char *name);
/* The value given the `n`-th time (from 0), or NULL. */
const char *arguments_option_nth(const struct arguments *arguments, const char *name, uint32_t n);
bool arguments_has(const struct arguments *arguments, const char *name);

/* The form of that name among the list, or NULL. `size` bytes of `name` count. */
const struct option_form *option_form_find(const struct option_form *forms, const char *name,
                                           size_t size);

#endif
