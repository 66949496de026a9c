/* The table of subcommands: everything that `tally help` and the completion of a shell know. Each
 * subcommand stands in the file named for it; this list gives the order. */
#ifndef COMMAND_TABLE_H
#define COMMAND_TABLE_H

#include "arguments.h"
#include "outcome.h"

#include <stddef.h>
#include <stdio.h>

struct session;

struct subcommand {
    const char *name;                  /* one word or two: "card issue" */
    const char *group;                 /* under which it stands in the help */
    const char *summary;               /* one line */
    const char *usage;                 /* what follows the name */
    const char *example;               /* whole lines that can be typed, without "$ " */
    const struct option_form *options; /* its own; NULL: none */
    uint32_t words_min;                /* positional words */
    uint32_t words_max;
    /* Exactly one of these. `main` takes its own command line apart; argv[0] is the name. */
    enum outcome (*run)(struct session *session);
    int (*main)(int argc, char **argv);
};

/* All of them, in the order of the help. */
const struct subcommand *const *command_table(size_t *count);

/* The subcommand that the words begin with, the longest name first, and how many words its name
 * takes. NULL if there is none. */
const struct subcommand *command_find(int argc, char *const *argv, int *words);

/* The subcommand whose name is nearest to the words typed, or NULL if none is near. */
const struct subcommand *command_nearest(int argc, char *const *argv);

/* The overview; one subcommand; the subcommands that begin with a word (false if none does). */
void command_help_all(FILE *out);
void command_help(FILE *out, const struct subcommand *subcommand);
bool command_help_prefix(FILE *out, const char *word);

#endif
