/* A second machine from a copy of a node's data directory. */
#include "chain.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_SIZE = 1024 };

void chain_copy(const char *from, const char *to)
{
    char command[2 * CHAIN_PATH_SIZE + 64];
    int size = snprintf(command, sizeof command, "rm -rf '%s' && cp -r '%s' '%s'", to, from, to);
    assert_in_range(size, 1, (int)sizeof command - 1);
    int code = system(command); /* NOLINT(cert-env33-c,concurrency-mt-unsafe): our own words */
    assert_int_equal(code, 0);
}

static bool is_own_option(const char *line)
{
    static const char *const names[] = {"api_listen ", "peer_listen ", "peers ", "data_dir "};
    bool own = false;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        own = own || strncmp(line, names[i], strlen(names[i])) == 0;
    }
    return own;
}

/* The copied config file, with ports and a folder of its own. */
static void clone_config(const struct chain *chain, size_t clone, uint16_t office_port)
{
    const struct chain_node *node = &chain->nodes[clone];
    static char text[CHAIN_OUTPUT_SIZE];
    char path[CHAIN_PATH_SIZE + 16];
    char line[LINE_SIZE];
    size_t used = 0;
    (void)snprintf(path, sizeof path, "%s/config.conf", node->dir);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        if (!is_own_option(line)) {
            used += (size_t)snprintf(text + used, sizeof text - used, "%s", line);
        }
    }
    (void)fclose(file);
    file = fopen(path, "w");
    assert_non_null(file);
    (void)fprintf(file,
                  "%sapi_listen = \"127.0.0.1:%u\"\npeer_listen = \"tcp://127.0.0.1:%u\"\n"
                  "peers = {\"1@tcp://127.0.0.1:%u\"}\ndata_dir = \"%s\"\n",
                  text, node->api_port, node->peer_port, office_port, node->dir);
    assert_int_equal(fclose(file), 0);
}

size_t chain_clone(struct chain *chain, size_t of, const char *copy)
{
    size_t clone = chain->count;
    assert_true(clone < CHAIN_NODES_MAX && chain->clones == 0);
    struct chain_node *node = &chain->nodes[clone];
    *node = chain->nodes[of];
    chain->clones = 1;
    node->daemon = (struct daemon){0};
    node->api_port = (uint16_t)(chain->first_port + 1 + clone);
    node->peer_port = (uint16_t)(chain->first_port + CHAIN_PEER_PORTS_AT + 2 * clone);
    (void)snprintf(node->dir, sizeof node->dir, "%.600s", copy);
    char log[sizeof node->log];
    int size = snprintf(log, sizeof log, "%.500s/clone.log", chain->dir);
    assert_in_range(size, 1, (int)sizeof log - 1);
    memcpy(node->log, log, (size_t)size + 1);
    (void)snprintf(node->url, sizeof node->url, "http://127.0.0.1:%u", node->api_port);
    clone_config(chain, clone,
                 (uint16_t)(chain->first_port + CHAIN_PORTS - 1)); /* nobody is there */
    chain_open_client(chain);
    chain_restart(chain, clone);
    return clone;
}

void chain_clone_meets(struct chain *chain, size_t clone)
{
    chain_halt(chain, clone);
    clone_config(chain, clone, chain->nodes[OFFICE].peer_port);
    chain_restart(chain, clone);
}
