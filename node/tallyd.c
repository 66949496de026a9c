/* The daemon of one node: a branch's, or the office's. */
#include "host.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>

const char *argp_program_version = "tallyd 0.1.0";

static const char documentation[] =
    "Runs one node of a chain's membership cards: serves its tills over HTTP, keeps its journal, "
    "and exchanges blocks and rights with the other nodes. Stops cleanly on SIGTERM or SIGINT; a "
    "second one ends it at once.\v"
    "Example:\n"
    "  tally cluster init --dir /var/lib/tally ...   makes the data directory\n"
    "  tallyd --dir /var/lib/tally                   runs the node on it\n"
    "  curl http://127.0.0.1:7080/readyz             says whether it may sell\n"
    "\n"
    "Exit codes: 0 stopped as asked; 64 command line; 65 the store is damaged or another node's; "
    "66 no data directory; 69 an address or port cannot be used; 70 the self-test of the peers' "
    "door failed; 74 the disk failed or the outcome of a write is unknown: look before you start "
    "it again; 75 the store is in use or the disk is full: try again; 77 permissions; 78 the "
    "configuration file. The log on standard error says what to do.";

enum { OPTION_CHECK = 256 };

static const struct argp_option options_shown[] = {
    {"dir", 'd', "DIR", 0, "the data directory (instead of data_dir in the configuration)", 0},
    {"config", 'c', "FILE", 0, "the configuration (default: config.conf in the data directory)", 0},
    {"check-config", OPTION_CHECK, NULL, 0, "read the configuration, say whether it is good, end",
     0},
    {0},
};

struct command_line {
    struct host_options options;
    bool check_only;
};

static error_t take_option(int key, char *argument, struct argp_state *state)
{
    struct command_line *line = state->input;
    switch (key) {
    case 'd':
        line->options.directory = argument;
        return 0;
    case 'c':
        line->options.config_path = argument;
        return 0;
    case OPTION_CHECK:
        line->check_only = true;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "'%s' is not understood; every option starts with --", argument);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int check_config(const struct host_options *options)
{
    struct config config;
    struct explanation explanation = {""};
    if (host_config(options, &config, &explanation) != STATUS_OK) {
        (void)fprintf(stderr, "%s\n", explanation.text);
        return HOST_EXIT_CONFIG;
    }
    (void)printf("the configuration is good; the data directory is %s\n", config.data_dir);
    return HOST_EXIT_OK;
}

int main(int argc, char **argv)
{
    static const struct argp parser = {options_shown, take_option, NULL, documentation,
                                       NULL,          NULL,        NULL};
    struct command_line line = {0};
    argp_err_exit_status = HOST_EXIT_USAGE;
    if (argp_parse(&parser, argc, argv, 0, NULL, &line) != 0) {
        return HOST_EXIT_USAGE;
    }
    return line.check_only ? check_config(&line.options) : host_run(&line.options);
}
