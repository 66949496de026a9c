#include "planted_bug.h"

#include "block_codec.h"
#include "clock.h"
#include "event_codec.h"
#include "file.h"
#include "hash.h"
#include "host.h"
#include "identity.h"
#include "journal.h"
#include "key_store.h"
#include "store.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

enum { CACHE_ROWS = 1000, COMMIT_MS_MAX = 5000 };

/* A node outside its daemon: no peers, no tills, commits at once. */
struct workshop {
    struct identity identity;
    struct key_store *keys;
    struct store *store;
    struct world *world;
    void *memory;
    struct node *node;
};

static void open_workshop(struct workshop *workshop, const char *dir)
{
    char path[FILE_PATH_SIZE_MAX];
    struct explanation explanation = {""};
    assert_int_equal(file_path(path, dir, "identity"), STATUS_OK);
    assert_int_equal(identity_read(path, &workshop->identity, &explanation), STATUS_OK);
    assert_int_equal(key_store_open(dir, &workshop->keys, &explanation), STATUS_OK);
    assert_int_equal(file_path(path, dir, "db"), STATUS_OK);
    assert_int_equal(store_open(path, NULL, &workshop->store, &explanation), STATUS_OK);
    workshop->world = host_world_for_tools(workshop->store, workshop->keys);
    assert_non_null(workshop->world);
    const struct identity *identity = &workshop->identity;
    struct public_keys keys = key_store_public(workshop->keys);
    struct node_setup setup = {
        .world = workshop->world,
        .network = identity->network,
        .manifest = bytes_of(identity->manifest, identity->manifest_size),
        .journal = journal_of(identity->branch, identity->incarnation),
        .boot = 1,
        .cache_rows = CACHE_ROWS,
    };
    memcpy(setup.public_key, keys.journal, sizeof setup.public_key);
    memcpy(setup.transport_key, keys.transport, sizeof setup.transport_key);
    memcpy(setup.database, identity->database, sizeof setup.database);
    workshop->memory = malloc(node_size(&setup));
    assert_non_null(workshop->memory);
    assert_int_equal(node_start(&setup, workshop->memory, &workshop->node), NODE_FIT);
}

static void close_workshop(struct workshop *workshop)
{
    assert_false(store_is_broken(workshop->store));
    free(workshop->memory);
    free(workshop->world);
    store_close(workshop->store);
    key_store_close(workshop->keys);
}

/* The block that an honest node would write next, but with this event in it. */
static void sign_block(struct workshop *workshop, const struct event *event, struct buffer *whole)
{
    uint8_t event_memory[EVENT_SIZE_MAX];
    struct buffer encoded = BUFFER_OVER(event_memory);
    assert_int_equal(event_encode(event, &encoded), STATUS_OK);
    struct bytes events[1] = {buffer_bytes(&encoded)};
    struct block_header header = *journal_header(workshop->node);
    workshop->node->block.open = false; /* it is not the node that fills it */
    header.count = 1;
    header.size = (uint32_t)encoded.size;
    struct digest leaf = hash_leaf(events[0]);
    header.root = hash_root(&leaf, 1);
    uint8_t header_memory[BLOCK_HEADER_SIZE_MAX];
    struct buffer header_bytes = BUFFER_OVER(header_memory);
    assert_int_equal(block_header_encode(&header, &header_bytes), STATUS_OK);
    uint8_t signed_memory[BLOCK_HEADER_SIZE_MAX + 64];
    struct buffer signed_bytes = BUFFER_OVER(signed_memory);
    assert_int_equal(
        block_signed_bytes(&workshop->identity.network, buffer_bytes(&header_bytes), &signed_bytes),
        STATUS_OK);
    uint8_t signature[64];
    key_store_sign(workshop->keys, SIGNER_JOURNAL, buffer_bytes(&signed_bytes), signature);
    assert_int_equal(block_assemble(buffer_bytes(&header_bytes), signature, events, 1, whole),
                     STATUS_OK);
}

struct event_ref planted_bug_spend(const char *dir, const struct subject_id *account,
                                   const struct lot_id *lot, int64_t amount)
{
    static uint8_t memory[BLOCK_SIZE_MAX];
    static struct block block;
    struct workshop workshop = {0};
    struct buffer whole = BUFFER_OVER(memory);
    struct event event = {.type = EVENT_SPEND, .subject = *account, .till = 1, .known = true};
    event.body.spend.line_count = 1;
    event.body.spend.lines[0] = (struct lot_line){.lot = *lot, .amount = amount};
    open_workshop(&workshop, dir);
    sign_block(&workshop, &event, &whole);
    assert_int_equal(block_decode(buffer_bytes(&whole), &block), STATUS_OK);
    assert_int_equal(journal_admit(workshop.node, &block), ADMITTED);
    for (uint64_t started = clock_monotonic_ms(); !workshop.node->in_flight;) {
        assert_true(clock_monotonic_ms() - started < COMMIT_MS_MAX);
        assert_true(node_turn(workshop.node)); /* it may wait a little for more to share a sync */
    }
    close_workshop(&workshop);
    return (struct event_ref){.journal = block.header.journal, .seq = block.header.seq};
}
