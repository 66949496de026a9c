#include "engine.h"

#include "block_codec.h"
#include "clock.h"
#include "confirmation.h"
#include "head_file.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PEERS_MAX = 128, MIB = 1024 * 1024 };

void engine_close(struct engine *engine)
{
    committer_stop(engine->world->committer);
    verifier_stop(engine->world->verifier);
    store_close(engine->world->store);
    engine->world->committer = NULL;
    engine->world->verifier = NULL;
    engine->world->store = NULL;
    free(engine->memory);
    engine->memory = NULL;
    engine->node = NULL;
}

static enum engine_fate fate_of(enum status status)
{
    switch (status) {
    case STATUS_OK:
        return ENGINE_RUNS;
    case STATUS_BUSY:
    case STATUS_FULL:
        return ENGINE_BUSY;
    case STATUS_CORRUPT:
    case STATUS_MALFORMED:
    case STATUS_FORGED:
        return ENGINE_DAMAGED;
    case STATUS_NOT_FOUND:
    case STATUS_TOO_LARGE:
    case STATUS_IO:
    case STATUS_DENIED:
    case STATUS_UNKNOWN:
        break;
    }
    return ENGINE_FAILED;
}

/* The head file's word, if it is there and signed by us. Anything else counts as missing, and says
 * so in the log. */
static void read_head(struct engine *engine)
{
    struct explanation explanation = {""};
    struct head_record head;
    uint8_t memory[256];
    struct buffer body = BUFFER_OVER(memory);
    enum status status = head_file_read(engine->head_path, &head, &explanation);
    engine->head_known = false;
    if (status == STATUS_NOT_FOUND) {
        return;
    }
    bool good = status == STATUS_OK && head.journal == engine->setup.journal &&
                head_signed_bytes(&engine->setup.network, head.journal, head.seq, &head.id,
                                  &body) == STATUS_OK &&
                signature_holds(buffer_bytes(&body), head.signature, engine->setup.public_key);
    if (!good) {
        log_event(LOG_ERROR, "head_file_unusable",
                  log_text("reason", status == STATUS_OK ? "it is not signed by this node"
                                                         : explanation.text));
        return;
    }
    engine->head_known = true;
    engine->setup.head_seq = head.seq;
    engine->setup.head_id = head.id;
}

static void fill_setup(struct engine *engine)
{
    const struct identity *identity = engine->identity;
    struct public_keys keys = key_store_public(engine->world->keys);
    const char *endpoint = engine->config->peer_advertise[0] != '\0'
                               ? engine->config->peer_advertise
                               : engine->config->peer_listen;
    engine->setup = (struct node_setup){
        .world = engine->world,
        .network = identity->network,
        .manifest = bytes_of(identity->manifest, identity->manifest_size),
        .journal = journal_of(identity->branch, identity->incarnation),
        .office = (identity->roles & ROLE_OFFICE) != 0,
        .office_endpoint = bytes_of(endpoint, strlen(endpoint)),
        .cache_rows = engine->config->cache_rows,
        .peers_max = PEERS_MAX,
    };
    memcpy(engine->setup.public_key, keys.journal, sizeof keys.journal);
    memcpy(engine->setup.transport_key, keys.transport, sizeof keys.transport);
    if (keys.has_authority) {
        memcpy(engine->setup.authority_key, keys.authority, sizeof keys.authority);
    }
    memcpy(engine->setup.database, identity->database, sizeof identity->database);
    randombytes_buf(&engine->setup.boot, sizeof engine->setup.boot);
    read_head(engine);
}

static struct store_options store_options(const struct config *config)
{
    return (struct store_options){
        .write_buffer_bytes = (size_t)config->write_buffer_mib * MIB,
        .cache_bytes = (size_t)config->store_cache_mib * MIB,
        .reserve_bytes = (uint64_t)config->space_reserve_mib * MIB,
    };
}

/* The office signs as the authority with the key that its journal goes on under: the present one,
 * or the next, when a renewal was interrupted after its block. */
static enum engine_fate choose_authority_key(struct engine *engine, struct explanation *explanation)
{
    struct node_authority authority;
    struct public_keys keys = key_store_public(engine->world->keys);
    if (!node_authority(engine->node, &authority) ||
        memcmp(authority.public_key, keys.authority, sizeof keys.authority) == 0) {
        return ENGINE_RUNS;
    }
    if (keys.has_next_authority &&
        memcmp(authority.public_key, keys.next_authority, sizeof keys.next_authority) == 0) {
        key_store_use_next_authority(engine->world->keys);
        log_event(LOG_WARNING, "authority_key_promoted", log_count("epoch", authority.epoch));
        return key_store_promote_authority(engine->directory, explanation) == STATUS_OK
                   ? ENGINE_RUNS
                   : ENGINE_FAILED;
    }
    explain(explanation,
            "the authority's journal goes on under another key (epoch %llu) than the one in "
            "%s/keys/authority.key. This is an older copy of the office, or its keys are: restore "
            "the newer ones, or certify a new key: tally authority request",
            (unsigned long long)authority.epoch, engine->directory);
    return ENGINE_FOREIGN;
}

static enum engine_fate start_node(struct engine *engine, struct explanation *explanation)
{
    struct world *world = engine->world;
    engine->memory = malloc(node_size(&engine->setup));
    world->committer = committer_start(world->store);
    world->verifier = verifier_start(engine->config->worker_threads);
    if (engine->memory == NULL || world->committer == NULL || world->verifier == NULL) {
        explain(explanation, "not enough memory, threads or descriptors; lower cache_rows in the "
                             "configuration or raise the limits of the service");
        return ENGINE_FAILED;
    }
    switch (node_start(&engine->setup, engine->memory, &engine->node)) {
    case NODE_FIT:
        engine->read_only = false;
        return engine->setup.office ? choose_authority_key(engine, explanation) : ENGINE_RUNS;
    case NODE_READ_ONLY:
        engine->read_only = true;
        log_event(LOG_ERROR, "read_only",
                  log_text("reason", "the own journal does not reach its head file or is broken: "
                                     "it is not extended; re-enrol this branch"));
        return ENGINE_RUNS;
    case NODE_FOREIGN_STORE:
        explain(explanation,
                "the store %s belongs to another network or branch than the identity file says, or "
                "was never founded; put the right data directory in place",
                engine->store_path);
        return ENGINE_FOREIGN;
    case NODE_STORE_FAILED:
        break;
    }
    explain(explanation, "the store %s cannot be read completely", engine->store_path);
    return ENGINE_DAMAGED;
}

/* Opens what is at `path` as it must be; closed again unless it runs. */
static enum engine_fate open_strictly(struct engine *engine, const char *path,
                                      struct explanation *explanation)
{
    struct store_options options = store_options(engine->config);
    enum status status = store_open(path, &options, &engine->world->store, explanation);
    enum engine_fate fate = status == STATUS_OK ? start_node(engine, explanation) : fate_of(status);
    if (fate != ENGINE_RUNS) {
        engine_close(engine);
    }
    return fate;
}

/* Second rung: a copy, opened leniently, may lack records: only a chain that is whole and reaches
 * the head file counts, and the copy must then open strictly. */
static bool copy_is_whole(struct engine *engine, const char *copy)
{
    struct explanation explanation = {""};
    struct store_options options = store_options(engine->config);
    enum status status = store_copy_and_open_lenient(engine->store_path, copy, &options,
                                                     &engine->world->store, &explanation);
    bool whole = status == STATUS_OK && start_node(engine, &explanation) == ENGINE_RUNS &&
                 !engine->read_only;
    engine_close(engine);
    if (whole) {
        whole = open_strictly(engine, copy, &explanation) == ENGINE_RUNS && !engine->read_only;
        engine_close(engine);
    }
    if (!whole) {
        log_event(LOG_ERROR, "repair_failed", log_text("reason", explanation.text));
    }
    return whole;
}

static enum engine_fate repair(struct engine *engine, struct explanation *explanation)
{
    char copy[FILE_PATH_SIZE_MAX + 64];
    char aside[FILE_PATH_SIZE_MAX + 64];
    int64_t now_ms = clock_wall_ms();
    (void)snprintf(copy, sizeof copy, "%s.copy-%lld", engine->store_path, (long long)now_ms);
    (void)snprintf(aside, sizeof aside, "%s.damaged-%lld", engine->store_path, (long long)now_ms);
    log_event(LOG_ERROR, "store_damaged", log_text("reason", explanation->text),
              log_text("copy", copy));
    if (!copy_is_whole(engine, copy)) {
        explain(explanation,
                "the store %s is damaged and no whole chain could be recovered from a copy of it "
                "(kept at %s). Nothing was changed. Re-enrol this branch with a new incarnation, "
                "or ask for help before you remove anything",
                engine->store_path, copy);
        return ENGINE_DAMAGED;
    }
    if (confirmation_demand(engine->unconfirmed_path, explanation) != STATUS_OK) {
        return ENGINE_FAILED;
    }
    if (rename(engine->store_path, aside) != 0 || rename(copy, engine->store_path) != 0 ||
        file_sync_directory(engine->directory) != STATUS_OK) {
        explain(explanation,
                "cannot put the repaired store in the place of the damaged one: %s. The repaired "
                "one is %s, the damaged one %s or %s",
                strerror(errno), copy, engine->store_path, aside);
        return ENGINE_FAILED;
    }
    log_event(LOG_WARNING, "store_repaired", log_text("damaged", aside));
    return open_strictly(engine, engine->store_path, explanation);
}

static bool set_paths(struct engine *engine)
{
    return file_path(engine->store_path, engine->directory, "db") == STATUS_OK &&
           file_path(engine->head_path, engine->directory, "head") == STATUS_OK &&
           file_path(engine->unconfirmed_path, engine->directory, "unconfirmed") == STATUS_OK;
}

enum engine_fate engine_open(struct engine *engine, struct explanation *explanation)
{
    if (!set_paths(engine)) {
        explain(explanation, "the path of the data directory is too long");
        return ENGINE_FAILED;
    }
    fill_setup(engine);
    enum engine_fate fate = open_strictly(engine, engine->store_path, explanation);
    if (fate == ENGINE_DAMAGED) {
        fate = repair(engine, explanation);
    }
    /* A journal without its head file may have gone back in time together with it. (H2) */
    if (fate == ENGINE_RUNS && !engine->head_known && node_head(engine->node).seq > 0) {
        log_event(LOG_ERROR, "head_file_missing", log_count("seq", node_head(engine->node).seq));
        if (confirmation_demand(engine->unconfirmed_path, explanation) != STATUS_OK) {
            engine_close(engine);
            fate = ENGINE_FAILED;
        }
    }
    return fate;
}
