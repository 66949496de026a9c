#include "closed_node.h"

#include "file.h"
#include "host.h"
#include "seam.h"
#include "store.h"

#include "block_codec.h"
#include "node.h"

#include <stdio.h>
#include <stdlib.h>

struct closed_node {
    struct store *store;
    struct world *world;
    void *memory;
    struct node *node;
    struct page page;
    struct closed_node_result result;
    struct block block; /* to say which one was refused */
};

void closed_node_close(struct closed_node *closed)
{
    if (closed == NULL) {
        return;
    }
    free(closed->memory);
    host_world_free(closed->world);
    store_close(closed->store);
    free(closed);
}

static enum status start(struct closed_node *closed, const struct identity *identity,
                         struct key_store *keys, struct explanation *explanation)
{
    struct public_keys own = key_store_public(keys);
    struct node_setup setup = {
        .network = identity->network,
        .manifest = bytes_of(identity->manifest, identity->manifest_size),
        .journal = journal_of(identity->branch, identity->incarnation),
        .office = (identity->roles & ROLE_OFFICE) != 0,
        .boot = 1,
    };
    memcpy(setup.public_key, own.journal, sizeof own.journal);
    memcpy(setup.transport_key, own.transport, sizeof own.transport);
    memcpy(setup.database, identity->database, sizeof identity->database);
    closed->world = host_world_for_tools(closed->store, keys);
    setup.world = closed->world;
    closed->memory = closed->world == NULL ? NULL : malloc(node_size(&setup));
    if (closed->memory == NULL) {
        explain(explanation, "not enough memory");
        return STATUS_IO;
    }
    enum node_fitness fitness = node_start(&setup, closed->memory, &closed->node);
    if (fitness != NODE_FIT) {
        explain(explanation, "the new store cannot be read; begin again with an empty directory");
        return STATUS_CORRUPT;
    }
    node_drain(closed->node); /* every turn hands over what there is: nobody else waits */
    return STATUS_OK;
}

enum status closed_node_open(const char *directory, const struct identity *identity,
                             struct key_store *keys, struct closed_node **out,
                             struct explanation *explanation)
{
    char path[FILE_PATH_SIZE_MAX];
    struct closed_node *closed = calloc(1, sizeof *closed);
    enum status status = closed == NULL ? STATUS_IO : file_path(path, directory, "db");
    if (status != STATUS_OK) {
        explain(explanation, "not enough memory, or the path is too long");
    } else {
        status = store_open(path, NULL, &closed->store, explanation);
    }
    if (status == STATUS_OK) {
        status = start(closed, identity, keys, explanation);
    }
    if (status != STATUS_OK) {
        closed_node_close(closed);
        return status;
    }
    *out = closed;
    return STATUS_OK;
}

/* Commits what is open. */
static enum status turn(struct closed_node *closed, struct explanation *explanation)
{
    closed->world->committed = STATUS_OK;
    bool good = node_turn(closed->node);
    enum status status = closed->world->committed;
    if (good && status == STATUS_OK && !node_is_idle(closed->node)) {
        good = node_step(closed->node,
                         &(struct input){.kind = INPUT_COMMITTED, .committed = STATUS_OK});
    }
    if (!good || status != STATUS_OK) {
        explain(explanation, status == STATUS_FULL ? "the disk is full"
                                                   : "the store could not be written or read");
        return status == STATUS_FULL ? STATUS_FULL : STATUS_IO;
    }
    return STATUS_OK;
}

enum status closed_node_import(struct closed_node *closed, struct bytes block,
                               struct explanation *explanation)
{
    enum import_fate fate = node_import(closed->node, block);
    if (fate == IMPORT_LATER) {
        enum status status = turn(closed, explanation);
        if (status != STATUS_OK) {
            return status;
        }
        fate = node_import(closed->node, block);
    }
    switch (fate) {
    case IMPORT_TAKEN:
        closed->result.taken++;
        return STATUS_OK;
    case IMPORT_HAD:
        closed->result.had++;
        return STATUS_OK;
    case IMPORT_LATER:
    case IMPORT_REFUSED:
        break;
    }
    if (block_decode(block, &closed->block) != STATUS_OK) {
        explain(explanation, "what should be a block cannot be read as one");
    } else {
        explain(explanation,
                "block %llu of journal %u.%u is refused: it is not signed by its writer, or does "
                "not follow from the blocks before it",
                (unsigned long long)closed->block.header.seq,
                (unsigned)journal_branch(closed->block.header.journal),
                (unsigned)journal_incarnation(closed->block.header.journal));
    }
    return STATUS_FORGED;
}

bool closed_node_authority(const struct closed_node *closed, struct node_authority *authority)
{
    return node_authority(closed->node, authority);
}

enum status closed_node_renew_authority(struct closed_node *closed, const struct event *epoch,
                                        struct explanation *explanation)
{
    enum status status = node_renew_authority(closed->node, epoch);
    if (status != STATUS_OK) {
        explain(explanation,
                status == STATUS_DENIED
                    ? "this is not the office, or its journal must not be extended"
                    : "the root of this network did not sign the certificate, or it is not for the "
                      "next epoch, or this office's journal is not the one that it was made for");
    }
    return status;
}

enum status closed_node_commit(struct closed_node *closed, struct closed_node_result *result,
                               struct explanation *explanation)
{
    enum status status = turn(closed, explanation);
    if (status != STATUS_OK) {
        return status;
    }
    struct request request = {
        .kind = QUERY_NODE, .number = SEAM_OWN_REQUEST, .page = &closed->page, .page_limit = 1};
    if (!node_step(closed->node, &(struct input){.kind = INPUT_REQUEST, .request = &request})) {
        explain(explanation, "the store could not be read");
        return STATUS_IO;
    }
    closed->result.events = closed->page.rows.node.events;
    closed->result.state = closed->page.rows.node.state;
    *result = closed->result;
    return STATUS_OK;
}
