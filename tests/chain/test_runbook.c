/* The runbook does what it says: its pages are read, and every command in them is executed. */
#include "chain.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PAGE_SIZE_MAX = 64 * 1024, COMMAND_SIZE = 16 * 1024, NEW = 3 };

/* The nodes by their names in the pages. NEW has a place in the chain, and is made by its page. */
static size_t node_named(const char *name)
{
    static const struct {
        const char *name;
        size_t node;
    } names[] = {{"OFFICE", OFFICE}, {"BRANCH", A}, {"NEW", NEW}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i].name, name) == 0) {
            return names[i].node;
        }
    }
    fail_msg("No node is called %s.", name);
    return 0;
}

static void __attribute__((format(printf, 2, 3))) shell(const char *what, const char *format, ...)
{
    static char command[COMMAND_SIZE];
    va_list rest;
    va_start(rest, format);
    int size = vsnprintf(command, sizeof command, format, rest);
    va_end(rest);
    assert_in_range(size, 1, (int)sizeof command - 1);
    int code = system(command); /* NOLINT(cert-env33-c,concurrency-mt-unsafe): our own words */
    if (code != 0) {
        fail_msg("%s: exit code %d of\n%s", what, code, command);
    }
}

/* What an operator does by hand. */
static void carry_out(struct chain *chain, const char *verb, const char *name)
{
    size_t node = node_named(name);
    if (strcmp(verb, "stop") == 0) {
        chain_halt(chain, node);
    } else if (strcmp(verb, "start") == 0 && node == NEW) {
        chain->count = NEW + 1;
        chain_adopt(chain, NEW);
    } else if (strcmp(verb, "start") == 0) {
        chain_restart(chain, node);
    } else if (strcmp(verb, "adopt") == 0) {
        chain_adopt(chain, node);
        (void)chain_level(chain);
    } else if (strcmp(verb, "cut") == 0) {
        chain_cut(chain, node);
        chain_wait_peers(chain, node, 0);
    } else if (strcmp(verb, "heal") == 0) {
        chain_heal(chain, node);
        (void)chain_level(chain);
    } else if (strcmp(verb, "burn") == 0) {
        chain_kill(chain, node);
        shell(verb, "rm -rf '%s'", chain->nodes[node].dir);
    } else {
        fail_msg("Nobody knows how to %s.", verb);
    }
}

/* A block of commands, with what the blocks before it have set. */
static void run_block(struct chain *chain, const char *page, const char *commands)
{
    char path[2 * CHAIN_PATH_SIZE];
    (void)snprintf(path, sizeof path, "%s/block.sh", chain->dir);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    (void)fprintf(file,
                  "set -eu\ncd '%s'\n[ ! -f settings ] || . ./settings\nset -a\n%s\nset +a\n"
                  "export -p > settings\n",
                  chain->dir, commands);
    assert_int_equal(fclose(file), 0);
    shell(page, "/bin/sh '%s' > '%s/block.out' 2>&1 || { cat '%s/block.out' >&2; exit 1; }", path,
          chain->dir, chain->dir);
}

static void path_of(const char *name, char *path, size_t room)
{
    int size = snprintf(path, room, "%s/ops/runbook/%s.%s", TALLY_SOURCE_DIR, name, "md");
    assert_in_range(size, 1, (int)room - 1);
}

static void read_page(struct chain *chain, const char *name)
{
    static char text[PAGE_SIZE_MAX];
    static char block[COMMAND_SIZE / 2];
    char path[1024];
    size_t used = 0;
    bool inside = false;
    size_t blocks = 0;
    path_of(name, path, sizeof path);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(text, sizeof text, file) != NULL) {
        char verb[16];
        char node[16];
        if (strncmp(text, "```", 3) == 0) {
            inside = !inside && strncmp(text, "```sh", 5) == 0;
            if (!inside && used > 0) {
                run_block(chain, name, block);
                blocks++;
            }
            used = 0;
            block[0] = '\0';
        } else if (inside) {
            assert_true(used + strlen(text) < sizeof block);
            memcpy(block + used, text, strlen(text) + 1);
            used += strlen(text);
        } else if (sscanf(text, "<!-- run: %15s %15s -->", verb, node) == 2) {
            carry_out(chain, verb, node);
        }
    }
    assert_int_equal(fclose(file), 0);
    assert_true(blocks > 0);
}

/* The pages in the order of the index, each of which must be one of them. */
static void every_command_of_the_runbook_does_what_its_page_says(void **state)
{
    struct chain *chain = *state;
    char path[1024];
    char line[1024];
    size_t pages = 0;
    const char *tally_folder = chain->tally;
    char settings[4 * CHAIN_PATH_SIZE];
    int size = snprintf(
        settings, sizeof settings,
        "PATH=\"%.*s:$PATH\"\nOFFICE='%s'\nBRANCH='%s'\nNEW='%s'\nNEW_PORT=%u\nBRANCH_PORT=%u\n"
        "BRANCH_NUMBER=%u\nOTHER_NUMBER=%u\nSAFE=\"$PWD/safe\"\nBACKUP=\"$PWD/backup\"\n"
        "ROOT_KEY=\"$OFFICE/root.key\"\nmkdir -p safe",
        (int)(strrchr(tally_folder, '/') - tally_folder), tally_folder, chain->nodes[OFFICE].dir,
        chain->nodes[A].dir, chain->nodes[NEW].dir, (unsigned)chain->nodes[NEW].api_port,
        (unsigned)chain->nodes[A].api_port, (unsigned)chain->nodes[A].branch,
        (unsigned)chain->nodes[B].branch);
    assert_in_range(size, 1, (int)sizeof settings - 1);
    run_block(chain, "settings", settings);
    path_of("README", path, sizeof path);
    FILE *index = fopen(path, "r");
    assert_non_null(index);
    while (fgets(line, sizeof line, index) != NULL) {
        char name[64];
        if (sscanf(line, "| [%63[a-z_]]", name) == 1) {
            read_page(chain, name);
            chain_forget(chain);
            pages++;
        }
    }
    assert_int_equal(fclose(index), 0);
    assert_int_equal(pages, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(every_command_of_the_runbook_does_what_its_page_says,
                                  chain_test_teardown),
    };
    return cmocka_run_group_tests(tests, chain_group_setup, chain_group_teardown);
}
