#include "command_table.h"
#include "session.h"

#include <curl/curl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

static int unknown_command(int argc, char **argv)
{
    if (argc == 1 && command_help_prefix(stdout, argv[0])) {
        return OUTCOME_USAGE;
    }
    const struct subcommand *nearest = command_nearest(argc, argv);
    (void)fprintf(stderr, "tally: there is no command \"%.60s%s%.60s\".", argv[0],
                  argc > 1 ? " " : "", argc > 1 ? argv[1] : "");
    if (nearest != NULL) {
        (void)fprintf(stderr, " Did you mean \"tally %s\"?", nearest->name);
    }
    (void)fputs(" See \"tally help\".\n", stderr);
    return OUTCOME_USAGE;
}

static int help(int argc, char **argv)
{
    int words = 0;
    if (argc == 0) {
        command_help_all(stdout);
        return OUTCOME_DONE;
    }
    const struct subcommand *subcommand = command_find(argc, argv, &words);
    if (subcommand == NULL) {
        return argc == 1 && command_help_prefix(stdout, argv[0]) ? OUTCOME_DONE
                                                                 : unknown_command(argc, argv);
    }
    command_help(stdout, subcommand);
    return OUTCOME_DONE;
}

static enum outcome run(const struct subcommand *subcommand, int argc, char **argv)
{
    struct session session = {.subcommand = subcommand};
    const struct option_form *const forms[2] = {session_options, subcommand->options};
    char problem[PROBLEM_SIZE];
    if (!arguments_parse(&session.arguments, argc, argv, forms, problem)) {
        return session_misused(&session, "%s", problem);
    }
    if (arguments_has(&session.arguments, "help")) {
        command_help(stdout, subcommand);
        return OUTCOME_DONE;
    }
    if (session.arguments.positional_count < subcommand->words_min ||
        session.arguments.positional_count > subcommand->words_max) {
        return session_misused(&session, "%s words.",
                               session.arguments.positional_count < subcommand->words_min
                                   ? "There are not enough"
                                   : "There are too many");
    }
    session.json = arguments_has(&session.arguments, "json");
    enum outcome outcome = subcommand->run(&session);
    session_close(&session);
    return outcome;
}

/* Options before the command are moved behind its name. */
static int words_first(int argc, char **argv)
{
    int front = 0;
    while (front < argc && strncmp(argv[front], "--", 2) == 0) {
        const struct option_form *form =
            option_form_find(session_options, argv[front] + 2, strcspn(argv[front] + 2, "="));
        bool separate = form != NULL && form->value != NULL && strchr(argv[front], '=') == NULL;
        front += separate ? 2 : 1;
    }
    return front < argc ? front : argc;
}

static void rotate(char **words, int count, int by)
{
    for (; by > 0; by--) {
        char *first = words[0];
        memmove(words, words + 1, (size_t)(count - 1) * sizeof words[0]);
        words[count - 1] = first;
    }
}

int main(int argc, char **argv)
{
    int words = 0;
    if (sodium_init() < 0 || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        (void)fputs("tally: the libraries could not be set up.\n", stderr);
        return OUTCOME_REFUSED;
    }
    argv++;
    argc--;
    if (argc == 0 || strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0) {
        command_help_all(argc == 0 ? stderr : stdout);
        return argc == 0 ? OUTCOME_USAGE : OUTCOME_DONE;
    }
    if (strcmp(argv[0], "--version") == 0) {
        puts("tally " TALLY_VERSION);
        return OUTCOME_DONE;
    }
    if (argc > 0) {
        rotate(argv, argc, words_first(argc, argv));
    }
    if (strcmp(argv[0], "help") == 0) {
        return help(argc - 1, argv + 1);
    }
    const struct subcommand *subcommand = command_find(argc, argv, &words);
    if (subcommand == NULL) {
        return unknown_command(argc, argv);
    }
    if (subcommand->main != NULL) {
        return subcommand->main(argc - words + 1, argv + words - 1);
    }
    return (int)run(subcommand, argc - words, argv + words);
}
