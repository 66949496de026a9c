#include "refill.h"

#include "file.h"
#include "host.h"
#include "seam.h"
#include "store.h"

#include "block_codec.h"
#include "node.h"

#include <stdio.h>
#include <stdlib.h>

struct refill {
    struct store *store;
    struct world *world;
    void *memory;
    struct node *node;
    struct page page;
    struct refill_result result;
    struct block block; /* to say which one was refused */
};

void refill_close(struct refill *refill)
{
    if (refill == NULL) {
        return;
    }
    free(refill->memory);
    host_world_free(refill->world);
    store_close(refill->store);
    free(refill);
}

static enum status start(struct refill *refill, const struct identity *identity,
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
    refill->world = host_world_for_tools(refill->store, keys);
    setup.world = refill->world;
    refill->memory = refill->world == NULL ? NULL : malloc(node_size(&setup));
    if (refill->memory == NULL) {
        explain(explanation, "not enough memory");
        return STATUS_IO;
    }
    enum node_fitness fitness = node_start(&setup, refill->memory, &refill->node);
    if (fitness != NODE_FIT) {
        explain(explanation, "the new store cannot be read; begin again with an empty directory");
        return STATUS_CORRUPT;
    }
    node_drain(refill->node); /* every turn hands over what there is: nobody else waits */
    return STATUS_OK;
}

enum status refill_open(const char *directory, const struct identity *identity,
                        struct key_store *keys, struct refill **out,
                        struct explanation *explanation)
{
    char path[FILE_PATH_SIZE_MAX];
    struct refill *refill = calloc(1, sizeof *refill);
    enum status status = refill == NULL ? STATUS_IO : file_path(path, directory, "db");
    if (status != STATUS_OK) {
        explain(explanation, "not enough memory, or the path is too long");
    } else {
        status = store_open(path, NULL, &refill->store, explanation);
    }
    if (status == STATUS_OK) {
        status = start(refill, identity, keys, explanation);
    }
    if (status != STATUS_OK) {
        refill_close(refill);
        return status;
    }
    *out = refill;
    return STATUS_OK;
}

/* Commits what is open. */
static enum status turn(struct refill *refill, struct explanation *explanation)
{
    refill->world->committed = STATUS_OK;
    bool good = node_turn(refill->node);
    enum status status = refill->world->committed;
    if (good && status == STATUS_OK && !node_is_idle(refill->node)) {
        good = node_step(refill->node,
                         &(struct input){.kind = INPUT_COMMITTED, .committed = STATUS_OK});
    }
    if (!good || status != STATUS_OK) {
        explain(explanation, status == STATUS_FULL ? "the disk is full"
                                                   : "the store could not be written or read");
        return status == STATUS_FULL ? STATUS_FULL : STATUS_IO;
    }
    return STATUS_OK;
}

enum status refill_block(struct refill *refill, struct bytes block, struct explanation *explanation)
{
    enum import_fate fate = node_import(refill->node, block);
    if (fate == IMPORT_LATER) {
        enum status status = turn(refill, explanation);
        if (status != STATUS_OK) {
            return status;
        }
        fate = node_import(refill->node, block);
    }
    switch (fate) {
    case IMPORT_TAKEN:
        refill->result.taken++;
        return STATUS_OK;
    case IMPORT_HAD:
        refill->result.had++;
        return STATUS_OK;
    case IMPORT_LATER:
    case IMPORT_REFUSED:
        break;
    }
    if (block_decode(block, &refill->block) != STATUS_OK) {
        explain(explanation, "what should be a block cannot be read as one");
    } else {
        explain(explanation,
                "block %llu of journal %u.%u is refused: it is not signed by its writer, or does "
                "not follow from the blocks before it",
                (unsigned long long)refill->block.header.seq,
                (unsigned)journal_branch(refill->block.header.journal),
                (unsigned)journal_incarnation(refill->block.header.journal));
    }
    return STATUS_FORGED;
}

enum status refill_finish(struct refill *refill, struct refill_result *result,
                          struct explanation *explanation)
{
    enum status status = turn(refill, explanation);
    if (status != STATUS_OK) {
        return status;
    }
    struct request request = {
        .kind = QUERY_NODE, .number = SEAM_OWN_REQUEST, .page = &refill->page, .page_limit = 1};
    if (!node_step(refill->node, &(struct input){.kind = INPUT_REQUEST, .request = &request})) {
        explain(explanation, "the store could not be read");
        return STATUS_IO;
    }
    refill->result.events = refill->page.rows.node.events;
    refill->result.state = refill->page.rows.node.state;
    *result = refill->result;
    return STATUS_OK;
}
