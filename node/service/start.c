/* Waking up: what the store says, checked; and the first blocks of a new network. */
#include "block_codec.h"
#include "event_codec.h"
#include "hash.h"
#include "journal.h"
#include "node_state.h"
#include "office.h"
#include "pull.h"
#include "query.h"
#include "record_trust.h"
#include "row_key.h"
#include "talk.h"
#include "trust.h"

#include "calendar.h"
#include "spread.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

enum {
    PEERS_DEFAULT = 64,
    JOURNALS_DEFAULT = 1024,
    INGEST_DEFAULT = 16,
    LATER_DEFAULT = 64,
    ALIGNMENT = 64,
};

static struct node_setup with_defaults(const struct node_setup *setup)
{
    struct node_setup full = *setup;
    full.peers_max = full.peers_max == 0 ? PEERS_DEFAULT : full.peers_max;
    full.journals_max = full.journals_max == 0 ? JOURNALS_DEFAULT : full.journals_max;
    full.journals_max += 2; /* the authority's, and our own while it is not admitted yet */
    full.ingest_frames = full.ingest_frames == 0 ? INGEST_DEFAULT : full.ingest_frames;
    full.later_rows = full.later_rows == 0 ? LATER_DEFAULT : full.later_rows;
    return full;
}

/* Hands out parts of one piece of memory; with no memory it only counts. */
struct carver {
    uint8_t *memory;
    size_t used;
};

static void *carve(struct carver *carver, size_t size)
{
    size_t at = (carver->used + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    carver->used = at + size;
    return carver->memory == NULL ? NULL : carver->memory + at;
}

/* The parts of a node, in one order for counting and for building. */
struct parts {
    struct node *node;
    void *rows;
    struct roster_journal *journals;
    struct frontier_entry *frontier;
    struct digest *ids;
    uint64_t *seqs;
    int64_t *heard;
    struct blocked *blocked;
    uint64_t *shown;
    struct watch *watch;
    struct peer *peers;
    uint64_t *has;
    struct ingest *ingest;
};

static struct parts carve_all(struct carver *carver, const struct node_setup *setup)
{
    size_t journals = setup->journals_max;
    struct parts parts;
    parts.node = carve(carver, sizeof *parts.node);
    parts.journals = carve(carver, journals * sizeof *parts.journals);
    parts.frontier = carve(carver, journals * sizeof *parts.frontier);
    parts.ids = carve(carver, journals * sizeof *parts.ids);
    parts.seqs = carve(carver, journals * sizeof *parts.seqs);
    parts.heard = carve(carver, journals * sizeof *parts.heard);
    parts.blocked = carve(carver, journals * sizeof *parts.blocked);
    parts.shown = carve(carver, journals * sizeof *parts.shown);
    parts.watch = carve(carver, journals * sizeof *parts.watch);
    parts.peers = carve(carver, setup->peers_max * sizeof *parts.peers);
    parts.has = carve(carver, setup->peers_max * journals * sizeof *parts.has);
    parts.ingest = carve(carver, setup->ingest_frames * sizeof *parts.ingest);
    parts.rows = carve(carver, rows_size(setup->cache_rows));
    return parts;
}

size_t node_size(const struct node_setup *setup)
{
    struct node_setup full = with_defaults(setup);
    struct carver carver = {0};
    (void)carve_all(&carver, &full);
    return carver.used + ALIGNMENT;
}

static void clear_batch(struct batch *batch)
{
    batch->answer_count = 0;
    batch->frame_count = 0;
    batch->block_count = 0;
    batch->urgent = false;
}

static struct node *build(const struct node_setup *setup, void *memory)
{
    uintptr_t misaligned = (uintptr_t)memory % ALIGNMENT;
    struct carver carver = {.memory =
                                (uint8_t *)memory + (misaligned ? ALIGNMENT - misaligned : 0)};
    struct parts parts = carve_all(&carver, setup);
    struct node *node = parts.node;
    assert(node != NULL && parts.peers != NULL && parts.has != NULL && parts.ingest != NULL);
    /* Large parts that are written before they are read are not cleared. */
    memset(node, 0, offsetof(struct node, block));
    node->block.open = false;
    node->world = setup->world;
    node->network = setup->network;
    node->manifest = setup->manifest;
    node->journal = setup->journal;
    memcpy(node->public_key, setup->public_key, sizeof node->public_key);
    memcpy(node->transport_key, setup->transport_key, sizeof node->transport_key);
    memcpy(node->database, setup->database, sizeof node->database);
    node->boot = setup->boot;
    node->office = setup->office;
    node->unknown_types = setup->unknown_types;
    node->later_rows = setup->later_rows;
    node->office_endpoint = setup->office_endpoint;
    node->roster.journals = parts.journals;
    node->roster.journal_capacity = setup->journals_max - 2;
    node->frontier = (struct frontier){.capacity = setup->journals_max, .entries = parts.frontier};
    node->ids_committed = parts.ids;
    node->seqs_committed = parts.seqs;
    node->heard_ms = parts.heard;
    node->blocked = parts.blocked;
    node->shown = parts.shown;
    node->watch = parts.watch;
    node->peers_max = setup->peers_max;
    node->peers = parts.peers;
    memset(parts.peers, 0, setup->peers_max * sizeof *parts.peers);
    memset(parts.has, 0, (size_t)setup->peers_max * setup->journals_max * sizeof *parts.has);
    for (uint32_t i = 0; i < setup->peers_max; i++) {
        node->peers[i].has = parts.has + (size_t)i * setup->journals_max;
    }
    node->ingest_count = setup->ingest_frames;
    node->ingest = parts.ingest;
    for (uint32_t i = 0; i < setup->ingest_frames; i++) {
        node->ingest[i].state = INGEST_FREE;
    }
    node->next_token = 1;
    node->frontier_version = 1;
    node->feed_next = 1;
    node->open = &node->batches[0];
    node->flight = &node->batches[1];
    clear_batch(node->open);
    clear_batch(node->flight);
    node->rows = rows_new(parts.rows, setup->cache_rows, setup->world);
    return node;
}

/* Row M: whose store this is. */
static struct row_key meta_key(void)
{
    return row_key(TABLE_META);
}

enum {
    META_SIZE = 1 + 32 + 8,
    ROWS_FORM = 7, /* rises whenever a row is written differently: an older store is refused */
};

static void meta_bytes(const struct digest *network, uint64_t journal,
                       uint8_t meta[static META_SIZE])
{
    struct row_key key = key_of_journal(TABLE_META, journal);
    meta[0] = ROWS_FORM;
    memcpy(meta + 1, network->bytes, 32);
    memcpy(meta + 33, key.bytes + 1, 8);
}

static bool own_store(struct node *node)
{
    uint8_t expected[META_SIZE];
    meta_bytes(&node->network, node->journal, expected);
    uint8_t memory[64];
    struct buffer value = BUFFER_OVER(memory);
    struct row_key key = meta_key();
    return rows_load_committed(node->rows, row_key_bytes(&key), &value) &&
           bytes_equal(buffer_bytes(&value), BYTES_OF(expected));
}

/* Reads every frontier row; false when one does not decode or there are too many. */
static bool load_frontier(struct node *node)
{
    struct walk walk = walk_over(row_key(TABLE_FRONTIER));
    uint8_t memory[256];
    struct buffer value = BUFFER_OVER(memory);
    while (walk_next(node, &walk, &value)) {
        struct frontier_entry entry = {0};
        if (!frontier_decode(buffer_bytes(&value), &entry)) {
            return false;
        }
        uint32_t at = node_list_journal(node, entry.journal);
        if (at == UINT32_MAX) {
            return false;
        }
        node->frontier.entries[at] = entry;
        node->seqs_committed[at] = entry.seq;
        node->ids_committed[at] = entry.id;
        int64_t wall = world_wall_ms(node->world);
        uint64_t bound = wall <= 0 ? 0 : ((uint64_t)wall + 5 * 60 * 1000) << 16;
        if (entry.hlc <= bound && entry.hlc > node->hlc_seen) {
            node->hlc_seen = entry.hlc;
        }
    }
    return !rows_failed(node->rows);
}

static bool load_block_at(struct node *node, uint64_t journal, uint64_t seq)
{
    struct row_key key = key_of_block(journal, seq);
    struct buffer whole = BUFFER_OVER(node->block_bytes);
    return rows_load_committed(node->rows, row_key_bytes(&key), &whole) &&
           block_decode(buffer_bytes(&whole), &node->decoded) == STATUS_OK;
}

/* The authority journal is small: it is folded from its blocks at each start. */
static bool load_roster(struct node *node)
{
    const struct frontier_entry *tip = frontier_find(&node->frontier, journal_of(0, 1));
    uint64_t last = tip == NULL ? 0 : tip->seq;
    for (uint64_t seq = 1; seq <= last; seq++) {
        if (!load_block_at(node, journal_of(0, 1), seq)) {
            return false;
        }
        for (uint32_t i = 0; i < node->decoded.header.count; i++) {
            if (event_decode(node->decoded.events[i], &node->event) == STATUS_OK) {
                roster_apply(&node->roster, seq, &node->event);
            }
        }
        node->roster.seq = seq;
    }
    (void)node_list_journal(node, journal_of(0, 1));
    (void)node_list_journal(node, node->journal);
    for (uint32_t i = 0; i < node->roster.journal_count; i++) {
        if (node_list_journal(node, node->roster.journals[i].journal) == UINT32_MAX) {
            return false;
        }
    }
    return !node->roster.full;
}

/* The own chain from the checkpoint to the tip: every block there, linked, and signed by us; and
 * the checkpoint's own block is the one it names. */
static bool own_chain_holds(struct node *node, const struct node_setup *setup)
{
    const struct frontier_entry *own = frontier_find(&node->frontier, node->journal);
    if (setup->head_seq > own->seq) {
#if defined(MUTANT_head_file_ignored)
        return true;
#endif
        return false;
    }
    uint64_t seq = setup->head_seq == 0 ? 1 : setup->head_seq;
    struct digest prev = {{0}};
    for (bool first = true; seq <= own->seq; seq++, first = false) {
        if (!load_block_at(node, node->journal, seq)) {
            return false;
        }
        const struct block *block = &node->decoded;
        bool linked = first || digest_equal(&prev, &block->header.prev);
        bool named = seq != setup->head_seq || digest_equal(&block->id, &setup->head_id);
        uint8_t memory[BLOCK_HEADER_SIZE_MAX + 64];
        struct buffer body = BUFFER_OVER(memory);
        struct signature_check check = {.signature = block->signature.data,
                                        .public_key = node->public_key};
        if (!linked || !named ||
            block_signed_bytes(&node->network, block->header_bytes, &body) != STATUS_OK) {
            return false;
        }
        check.body = buffer_bytes(&body);
        if (!world_verify_now(node->world, &check)) {
            return false;
        }
        prev = block->id;
    }
    return own->seq == 0 || digest_equal(&prev, &own->id);
}

/* The last position of the feed: positions have no gaps. */
static void load_feed(struct node *node)
{
    uint64_t low = 0; /* there, or 0 */
    uint64_t high = node->counters.blocks + 1;
    while (low + 1 < high) {
        uint64_t middle = low + (high - low) / 2;
        struct row_key key = row_key(TABLE_FEED);
        row_key_u64(&key, middle);
        uint8_t memory[32];
        struct buffer value = BUFFER_OVER(memory);
        if (rows_load_committed(node->rows, row_key_bytes(&key), &value)) {
            low = middle;
        } else {
            high = middle;
        }
    }
    node->feed_next = low + 1;
}

enum node_fitness node_start(const struct node_setup *setup, void *memory, struct node **out)
{
    struct node_setup full = with_defaults(setup);
    struct node *node = build(&full, memory);
    if (!own_store(node)) {
        return rows_failed(node->rows) ? NODE_STORE_FAILED : NODE_FOREIGN_STORE;
    }
    (void)counters_load(node->rows, &node->counters);
    node->counters_committed = node->counters;
    rows_set_digest(node->rows, &node->counters.digest);
    if (!load_frontier(node) || !load_roster(node)) {
        return NODE_STORE_FAILED;
    }
    load_feed(node);
    trust_load(node);
    const struct frontier_entry *own_tip = frontier_find(&node->frontier, node->journal);
    bool whole = own_chain_holds(node, &full) && !own_tip->proved;
    if (node->office) {
        office_load(node);
    }
    if (rows_failed(node->rows)) {
        return NODE_STORE_FAILED;
    }
    for (uint32_t i = 0; i < node->roster.journal_count; i++) {
        node->estates_dirty = node->estates_dirty || node->roster.journals[i].retired.since != 0;
    }
    node->retired = roster_retired(&node->roster, node->journal, node->roster.seq) != NULL;
    node->read_only = node->retired;
    const struct frontier_entry *own = frontier_find(&node->frontier, node->journal);
    node->own_committed = *own;
    node->unreplicated_since_ms = world_monotonic_ms(node->world);
    node->freeze_tasks = true; /* those of before are looked for once */
    node->risk_tasks = true;
    node->risk_after = row_key(TABLE_OWED);
    node->later_due = node->counters.unknown > 0;
    node->later_after = row_key(TABLE_UNKNOWN);
    *out = node;
    if (!whole) {
        node->read_only = true;
        node_alarm(node, ALARM_AMNESIA, node->journal, own->seq);
        return NODE_READ_ONLY;
    }
    return NODE_FIT;
}

enum status node_found(struct world *world, const struct digest *network, uint64_t journal)
{
    uint8_t meta[META_SIZE];
    meta_bytes(network, journal, meta);
    struct row_key key = meta_key();
    uint8_t memory[64];
    struct buffer value = BUFFER_OVER(memory);
    enum status status = world_load(world, row_key_bytes(&key), &value);
    if (status == STATUS_OK) {
        return bytes_equal(buffer_bytes(&value), BYTES_OF(meta)) ? STATUS_OK : STATUS_BUSY;
    }
    if (status != STATUS_NOT_FOUND) {
        return status;
    }
    struct write write = {.key = row_key_bytes(&key), .value = BYTES_OF(meta)};
    world_commit(world, &write, 1);
    return STATUS_OK;
}

struct event node_genesis_epoch(const struct genesis *genesis)
{
    struct event event = {.type = EVENT_AUTH_EPOCH, .known = true};
    event.body.auth_epoch.epoch = 1;
    memcpy(event.body.auth_epoch.public_key, genesis->authority_key, 32);
    event.body.auth_epoch.until_day = genesis->until_day;
    event.body.auth_epoch.signature_count = 1;
    memcpy(event.body.auth_epoch.signatures[0].signature, genesis->root_signature, 64);
    return event;
}

struct founding_limits founding_defaults(void)
{
    return (struct founding_limits){.unwitnessed_limit = 50000, /* 500.00 */
                                    .mint_quota = 100000000,    /* 1,000,000.00: generous */
                                    .offline_days = 7,
                                    .lease_days = 7,
                                    .refund_days = 365,
                                    .expiry_grace = 3};
}

static void genesis_limits(const struct founding_limits *limits, struct event *set,
                           struct event *quota)
{
    const struct {
        const char *name;
        int64_t value;
    } list[] = {
        {"refund_days", limits->refund_days},     {"unwitnessed_limit", limits->unwitnessed_limit},
        {"offline_days", limits->offline_days},   {"lease_days", limits->lease_days},
        {"pending_mints", limits->pending_mints}, {"expiry_grace", limits->expiry_grace},
    };
    *set = (struct event){.type = EVENT_LIMITS_SET, .known = true};
    set->body.limits.count = sizeof list / sizeof list[0];
    for (uint32_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        set->body.limits.limits[i] = (struct named_limit){
            .name = bytes_of(list[i].name, strlen(list[i].name)), .value = list[i].value};
    }
    static const uint8_t buckets[] = {BUCKET_PRINCIPAL, BUCKET_BONUS,   BUCKET_POINTS,
                                      BUCKET_VISITS,    BUCKET_VOUCHER, BUCKET_CAPACITY};
    *quota = (struct event){.type = EVENT_QUOTA_GRANT, .known = true};
    quota->body.quota.count = sizeof buckets;
    for (uint32_t i = 0; i < sizeof buckets; i++) {
        quota->body.quota.quotas[i] =
            (struct bucket_quota){.bucket = buckets[i], .per_day = limits->mint_quota};
    }
}

enum { GENESIS_EVENTS = 7 };

static struct event spread_event(const struct genesis *genesis)
{
    struct event event = {.type = EVENT_LIMITS_SET, .known = true};
    struct spread_terms terms = genesis->spread == NULL ? spread_defaults() : *genesis->spread;
    int64_t values[SPREAD_TERMS];
    spread_to_values(&terms, values);
    event.body.limits.count = SPREAD_TERMS + 1;
    for (uint32_t i = 0; i < SPREAD_TERMS; i++) {
        event.body.limits.limits[i] = (struct named_limit){
            .name = bytes_of(spread_names[i], strlen(spread_names[i])), .value = values[i]};
    }
    event.body.limits.limits[SPREAD_TERMS] =
        (struct named_limit){.name = bytes_of(limit_pull_exact, strlen(limit_pull_exact)),
                             .value = genesis->pull_exact ? 1 : 0};
    return event;
}

static void genesis_events(const struct genesis *genesis, struct event events[GENESIS_EVENTS])
{
    events[0] = node_genesis_epoch(genesis);
    events[1] = (struct event){.type = EVENT_JOURNAL_ADMIT, .known = true};
    events[1].body.admit.journal = genesis->office_journal;
    memcpy(events[1].body.admit.public_key, genesis->office_key, 32);
    memcpy(events[1].body.admit.transport_key, genesis->office_transport_key, 32);
    events[1].body.admit.roles = ROLE_OFFICE | ROLE_MINT | ROLE_SELL | ROLE_RELAY;
    events[1].body.admit.endpoint_count = genesis->office_endpoint.size > 0 ? 1 : 0;
    events[1].body.admit.endpoints[0] = genesis->office_endpoint;
    events[1].body.admit.name = genesis->office_name;
    events[2] = (struct event){.type = EVENT_ORGANISATION_SET, .known = true};
    events[2].body.organisation.name = genesis->organisation;
    events[2].body.organisation.zone_minutes = genesis->zone_minutes;
    events[2].body.organisation.currency = genesis->currency;
    struct founding_limits limits =
        genesis->limits == NULL ? founding_defaults() : *genesis->limits;
    genesis_limits(&limits, &events[3], &events[6]);
    events[4] = (struct event){.type = EVENT_PRODUCT_PUBLISH, .known = true};
    events[4].body.product.product = 1;
    events[4].body.product.version = 1;
    events[4].body.product.name = genesis->product_name;
    events[4].body.product.currency = genesis->currency;
    events[4].body.product.step_count = genesis->step_count;
    memcpy(events[4].body.product.steps, genesis->steps, sizeof genesis->steps);
    events[5] = spread_event(genesis);
}

/* The rows that a start reads, in one batch. */
static void genesis_commit(struct world *world, const struct genesis *genesis,
                           const struct block_header *header, const struct digest *id,
                           struct bytes whole)
{
    uint8_t meta[META_SIZE];
    meta_bytes(&genesis->network, genesis->office_journal, meta);
    struct frontier_entry entry = {.journal = header->journal};
    frontier_advance(&entry, header, id);
    uint8_t frontier_memory[256];
    struct buffer frontier = BUFFER_OVER(frontier_memory);
    frontier_encode(&entry, &frontier);
    struct counters_record counters = {.events = header->count, .blocks = 1};
    uint8_t counters_memory[256];
    struct buffer counted = BUFFER_OVER(counters_memory);
    counters_encode(&counters, &counted);
    struct row_key meta_row = meta_key();
    struct row_key block_row = key_of_block(header->journal, header->seq);
    struct row_key frontier_row = key_of_journal(TABLE_FRONTIER, header->journal);
    struct row_key feed_row = row_key(TABLE_FEED);
    row_key_u64(&feed_row, 1);
    struct row_key authority_row = row_key(TABLE_AUTHORITY);
    row_key_u64(&authority_row, header->seq);
    uint8_t authority_memory[64];
    struct buffer authority = BUFFER_OVER(authority_memory);
    authority_encode(&(struct authority_record){.id = *id, .day = header->day}, &authority);
    struct row_key counters_row = row_key(TABLE_DIGEST);
    struct write writes[6] = {
        {row_key_bytes(&meta_row), BYTES_OF(meta)},
        {row_key_bytes(&block_row), whole},
        {row_key_bytes(&frontier_row), buffer_bytes(&frontier)},
        {row_key_bytes(&feed_row), bytes_of(block_row.bytes + 1, block_row.size - 1U)},
        {row_key_bytes(&authority_row), buffer_bytes(&authority)},
        {row_key_bytes(&counters_row), buffer_bytes(&counted)},
    };
    world_commit(world, writes, 6);
}

/* Written as if by a node that has nothing: the first block of the authority journal, whose own key
 * the root vouches for. The rows beside it are those that a start reads. */
enum status node_genesis(struct world *world, const struct genesis *genesis)
{
    struct event events[GENESIS_EVENTS];
    genesis_events(genesis, events);
    uint8_t arena[GENESIS_EVENTS * 1024];
    struct buffer out = BUFFER_OVER(arena);
    struct bytes encoded[GENESIS_EVENTS];
    struct digest leaves[GENESIS_EVENTS];
    for (uint32_t i = 0; i < GENESIS_EVENTS; i++) {
        size_t at = out.size;
        if (event_encode(&events[i], &out) != STATUS_OK) {
            return STATUS_TOO_LARGE;
        }
        encoded[i] = bytes_of(arena + at, out.size - at);
        leaves[i] = hash_leaf(encoded[i]);
    }
    int64_t wall = world_wall_ms(world);
    struct block_header header = {
        .version = 1,
        .journal = journal_of(0, 1),
        .seq = 1,
        .hlc = ((uint64_t)(wall > 0 ? wall : 0) << 16) + 1,
        .day = calendar_day(wall, genesis->zone_minutes),
        .rules = 1,
        .count = GENESIS_EVENTS,
        .size = (uint32_t)out.size,
        .root = hash_root(leaves, GENESIS_EVENTS),
    };
    uint8_t header_memory[BLOCK_HEADER_SIZE_MAX];
    struct buffer header_bytes = BUFFER_OVER(header_memory);
    uint8_t signed_memory[BLOCK_HEADER_SIZE_MAX + 64];
    struct buffer signed_bytes = BUFFER_OVER(signed_memory);
    uint8_t whole_memory[8192];
    struct buffer whole = BUFFER_OVER(whole_memory);
    uint8_t signature[64];
    enum status status = block_header_encode(&header, &header_bytes);
    if (status == STATUS_OK) {
        status = block_signed_bytes(&genesis->network, buffer_bytes(&header_bytes), &signed_bytes);
    }
    if (status != STATUS_OK) {
        return status;
    }
    world_sign(world, SIGNER_AUTHORITY, buffer_bytes(&signed_bytes), signature);
    status =
        block_assemble(buffer_bytes(&header_bytes), signature, encoded, GENESIS_EVENTS, &whole);
    if (status != STATUS_OK) {
        return status;
    }
    struct digest id = hash_block_id(buffer_bytes(&header_bytes), BYTES_OF(signature));
    genesis_commit(world, genesis, &header, &id, buffer_bytes(&whole));
    return STATUS_OK;
}
