#include "sim.h"
#include "epoch.h"

#include "auditor.h"
#include "double.h"
#include "foresight.h"
#include "hostile.h"
#include "skew.h"
#include "storm.h"
#include "workload.h"
#include "writeoff.h"

#include "block_codec.h"
#include "event_codec.h"
#include "hash.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum {
    TICK_LOW_US = 50000,
    TICK_HIGH_US = 100000,
    DIAL_LOW_US = 100000,
    DIAL_HIGH_US = 600000,
    HEAD_SAVE_US = 1000000,
};

static const uint64_t MEMBER_KEY_SIZE = 17;

/* ---- machines ---- */

struct world *sim_machine_of(struct sim *sim, uint64_t journal)
{
    for (uint32_t i = 0; i < sim->machine_count; i++) {
        if (sim->machines[i].journal == journal && journal != 0) {
            return &sim->machines[i];
        }
    }
    return NULL;
}

static struct world *new_machine(struct sim *sim)
{
    struct world *machine = &sim->machines[sim->machine_count];
    *machine = (struct world){.sim = sim, .index = sim->machine_count, .place = sim->machine_count};
    sim->machine_count++;
    machine->random = random_stream_of(sim->seed, 100 + machine->index);
    machine->disk = disk_new();
    machine->member_keys = map_of(MEMBER_KEY_SIZE, MEMBER_KEY_SIZE + 32);
    sim_make_keys(sim, &machine->random, machine->public_key, machine->secret_key);
    random_fill(&machine->random, machine->transport_key, sizeof machine->transport_key);
    random_fill(&machine->random, machine->node_secret, sizeof machine->node_secret);
    random_fill(&machine->random, machine->database, sizeof machine->database);
    const struct weather *weather = &sim->weather;
    machine->clock = (struct world_clock){.base_us = sim->now_us,
                                          .base_ms = SIM_WALL_START_MS + (int64_t)sim_ms(sim),
                                          .rate_ppm = 1000000};
    if (weather->clock_offset_ms > 0) {
        machine->clock.base_ms +=
            (int64_t)random_below(&machine->random, weather->clock_offset_ms * 2) -
            (int64_t)weather->clock_offset_ms;
    }
    if (weather->clock_drift_ppm > 0) {
        machine->clock.rate_ppm +=
            (int64_t)random_below(&machine->random, UINT64_C(2) * weather->clock_drift_ppm) -
            (int64_t)weather->clock_drift_ppm;
    }
    skew_arrive(machine);
    return machine;
}

static void fill_setup(struct world *machine)
{
    struct sim *sim = machine->sim;
    machine->setup = (struct node_setup){
        .world = machine,
        .network = sim->network_id,
        .manifest = sim->manifest,
        .journal = machine->journal,
        .office = machine->index == SIM_OFFICE,
        .head_seq = machine->saved_head.seq,
        .head_id = machine->saved_head.id,
        .office_endpoint = bytes_of("tcp://office:7000", 17),
        .cache_rows = (uint32_t)random_magnitude(&machine->random, 64, 1024),
        .peers_max = 16,
        .journals_max = 24,
        .ingest_frames = (uint32_t)random_between(&machine->random, 2, 4),
        .unknown_types = machine->unknown_types,
        .later_rows = 1,
    };
    random_fill(&machine->random, (uint8_t *)&machine->setup.boot, sizeof machine->setup.boot);
    memcpy(machine->setup.public_key, machine->public_key, 32);
    memcpy(machine->setup.transport_key, machine->transport_key, 32);
    memcpy(machine->setup.database, machine->database, 16);
    if (machine->index == SIM_OFFICE) {
        memcpy(machine->setup.authority_key, epoch_of(machine)->public_key, 32);
    }
}

static void plan_for(struct world *machine, enum happening_kind kind, uint64_t delay_us)
{
    agenda_plan(&machine->sim->agenda, (struct happening){.at_us = machine->sim->now_us + delay_us,
                                                          .kind = kind,
                                                          .node = machine->index,
                                                          .boot = machine->boot});
}

/* Memory for nodes, by machine; kept from one run to the next, for most of it is never touched and
 * fresh pages cost more than all else. A node must not mind what it finds there. */
static struct {
    void *memory;
    size_t size;
} node_memory[SIM_MACHINES_MAX];

static void make_memory(struct world *machine)
{
    size_t size = node_size(&machine->setup);
    if (size > node_memory[machine->index].size) {
        free(node_memory[machine->index].memory);
        node_memory[machine->index].memory = malloc(size);
        node_memory[machine->index].size = size;
        if (node_memory[machine->index].memory == NULL) {
            abort();
        }
    }
    machine->memory = node_memory[machine->index].memory;
}

void sim_start(struct world *machine)
{
    struct sim *sim = machine->sim;
    assert(!machine->running && !machine->hostile);
    machine->boot++;
    machine->stopping = false;
    machine->read_failed = false;
    machine->inputs_since_turn = 0;
    skew_before_start(machine);
    fill_setup(machine);
    make_memory(machine);
    sim_tell(sim, "machine %u starts", machine->index);
    machine->starting = true;
    enum node_fitness fitness = node_start(&machine->setup, machine->memory, &machine->node);
    machine->starting = false;
    machine->dies_at_read = 0;
    machine->dies_in_commit_us = 0;
    if (machine->read_failed) {
        if (fitness != NODE_STORE_FAILED) {
            sim_finding(sim, "I20", "machine %u starts on a store that it could not read",
                        machine->index);
        }
        plan_for(machine, HAPPENING_START, 100000);
        return;
    }
    if (fitness != NODE_FIT && !(fitness == NODE_READ_ONLY && machine->may_be_read_only)) {
        sim_finding(sim, "S12", "machine %u does not start: fitness %d", machine->index,
                    (int)fitness);
        return;
    }
    if (fitness == NODE_FIT &&
        machine->saved_head.seq > auditor_durable(machine, machine->journal)) {
        sim_finding(sim, "I21", "machine %u starts on a store older than its head file",
                    machine->index);
    }
    machine->running = true;
    node_hold(machine->node, machine->unconfirmed || machine->knows_double);
    if (machine->boot > 1) {
        sim->census->counts[CENSUS_RESTARTS]++;
    }
    if (machine->index == SIM_OFFICE) {
        epoch_renew(machine);
    }
    plan_for(machine, HAPPENING_TICK, random_below(&sim->random_engine, TICK_HIGH_US));
    plan_for(machine, HAPPENING_DIAL, random_below(&sim->random_engine, DIAL_HIGH_US));
}

/* The batch in flight is kept or lost. */
static void settle(struct world *machine, bool keep)
{
    const struct write *writes = NULL;
    size_t count = disk_batch(machine->disk, &writes);
    if (keep) {
        auditor_batch(machine, writes, count);
    }
    disk_settle(machine->disk, keep);
}

static void switch_off(struct world *machine)
{
    struct sim *sim = machine->sim;
    machine->running = false;
    machine->node = NULL;
    machine->paused_until_us = 0;
    if (disk_has_batch(machine->disk)) {
        bool keep = random_chance(&sim->random_disk, 5000);
        sim->census->counts[keep ? CENSUS_CRASH_BATCH_KEPT : CENSUS_CRASH_BATCH_LOST]++;
        settle(machine, keep);
    }
    disk_reopen(machine->disk);
    machine->boot++;
    network_crashed(sim, machine->index);
    reception_crashed(machine);
}

void sim_crash(struct world *machine)
{
    struct sim *sim = machine->sim;
    if (!machine->running) {
        return;
    }
    sim_tell(sim, "machine %u crashes", machine->index);
    sim->census->counts[CENSUS_CRASHES]++;
    switch_off(machine);
}

void sim_crash_for(struct world *machine, uint64_t for_us)
{
    if (machine->running) {
        sim_crash(machine);
        plan_for(machine, HAPPENING_START, for_us);
    }
}

bool sim_is_awake(const struct world *machine)
{
    return machine->running && machine->paused_until_us <= machine->sim->now_us;
}

void sim_pause(struct world *machine, uint64_t for_us)
{
    uint64_t until_us = machine->sim->now_us + for_us;
    if (machine->running && until_us > machine->paused_until_us) {
        machine->paused_until_us = until_us;
        machine->sim->census->counts[CENSUS_PAUSES]++;
    }
}

static void plan_restart(struct world *machine)
{
    struct sim *sim = machine->sim;
    uint64_t most = sim->storm && sim->weather.down_for_us > 0 ? sim->weather.down_for_us : 200000;
    plan_for(machine, HAPPENING_START, random_between(&sim->random_engine, 20000, 20000 + most));
}

static void stopped(struct world *machine)
{
    struct sim *sim = machine->sim;
    if (!machine->stopping && !machine->knows_double) {
        sim_finding(sim, "I20", "machine %u: its node stopped without a reason", machine->index);
    }
    sim_tell(sim, "machine %u: its node stops", machine->index);
    switch_off(machine);
    plan_restart(machine);
}

static bool turn_is_due(struct world *machine, const struct input *input)
{
    machine->inputs_since_turn++;
    return input->kind == INPUT_TICK || machine->inputs_since_turn >= machine->sim->turn_every;
}

void sim_feed(struct world *machine, struct input *input)
{
    struct sim *sim = machine->sim;
    if (!machine->running) {
        return;
    }
    sim->steps++;
    sim_note(sim, sim->now_us * 64 + (uint64_t)input->kind * 16 + machine->index);
    bool goes_on = node_step(machine->node, input);
    if (goes_on && turn_is_due(machine, input)) {
        machine->inputs_since_turn = 0;
        goes_on = node_turn(machine->node);
    }
    if (!goes_on) {
        stopped(machine);
    } else if (machine->read_failed ||
               (input->kind == INPUT_COMMITTED && input->committed != STATUS_OK)) {
        sim_finding(sim, "P3", "machine %u goes on after its store failed", machine->index);
        stopped(machine);
    }
}

/* ---- what happens ---- */

static void save_head(struct world *machine)
{
    struct sim *sim = machine->sim;
    if (sim->now_us - machine->saved_at_us < HEAD_SAVE_US) {
        return;
    }
    machine->saved_at_us = sim->now_us;
    if (node_is_read_only(machine->node)) {
        return;
    }
    struct node_head head = node_head(machine->node);
    if (head.seq < machine->saved_head.seq ||
        head.seq > auditor_durable(machine, machine->journal)) {
        sim_finding(sim, "S14", "machine %u: its head went from %llu to %llu", machine->index,
                    (unsigned long long)machine->saved_head.seq, (unsigned long long)head.seq);
    }
    machine->saved_head = head;
}

/* What the host does for a node whose head file was lost: a peer that shows all it has, which is no
 * more than ours, confirms the head. */
static void look_for_confirmation(struct world *machine)
{
    static struct page page;
    struct sim *sim = machine->sim;
    if (!machine->unconfirmed || machine->knows_double || sim->now_us < machine->confirm_us) {
        return;
    }
    machine->confirm_us = sim->now_us + HEAD_SAVE_US;
    struct request request = {.kind = QUERY_NODE, .page = &page, .page_limit = 1};
    const struct pending *pending = reception_send(machine, &request, TILL_NONE, MEANING_PLAIN);
    const struct node_view *view = &page.rows.node;
    if (pending != NULL && pending->done && !pending->lost && view->peers > 0 && view->synced &&
        !view->read_only) {
        machine->unconfirmed = false;
        node_hold(machine->node, false);
        sim_tell(sim, "machine %u: its head is confirmed", machine->index);
    }
}

static void tick(struct world *machine)
{
    struct sim *sim = machine->sim;
    sim_feed(machine, &(struct input){.kind = INPUT_TICK});
    if (!machine->running) {
        return;
    }
    save_head(machine);
    look_for_confirmation(machine);
    if (machine->index == SIM_OFFICE) {
        reception_check_patience(sim);
    }
    plan_for(machine, HAPPENING_TICK,
             random_between(&sim->random_engine, TICK_LOW_US, TICK_HIGH_US));
}

static void committed(struct world *machine, uint64_t commit)
{
    struct sim *sim = machine->sim;
    if (commit != machine->commits || !disk_has_batch(machine->disk)) {
        return; /* settled already: before the node's first start */
    }
    struct input input = {.kind = INPUT_COMMITTED, .committed = STATUS_OK};
    settle(machine, machine->commit_keep);
    if (machine->commit_unknown) {
        sim->census->counts[machine->commit_keep ? CENSUS_COMMIT_UNKNOWN_KEPT
                                                 : CENSUS_COMMIT_UNKNOWN_LOST]++;
        sim_tell(sim, "machine %u: a commit's outcome is unknown", machine->index);
        disk_break(machine->disk);
        machine->stopping = true;
        input.committed = STATUS_UNKNOWN;
    }
    sim_feed(machine, &input);
}

static void link_up(struct world *machine, uint32_t link)
{
    struct input input = {.kind = INPUT_LINK_UP, .link = link};
    if (!network_link_up(machine->sim, machine->index, link, &input.dialed, input.peer_key)) {
        return;
    }
    sim_tell(machine->sim, "    machine %u: link %u is up", machine->index, link);
    if (machine->running) {
        sim_feed(machine, &input);
    } else if (machine->hostile && machine->joining == JOINING_DONE) {
        hostile_link_up(machine, link);
    } else {
        join_link_up(machine, link);
    }
}

static void link_down(struct world *machine, uint32_t link)
{
    if (network_link_down(machine->sim, machine->index, link)) {
        sim_tell(machine->sim, "    machine %u: link %u is down", machine->index, link);
        sim_feed(machine, &(struct input){.kind = INPUT_LINK_DOWN, .link = link});
    }
}

static void arrived(struct world *machine, const struct happening *happening)
{
    struct sim *sim = machine->sim;
    if (!network_arrived(sim, machine->index, happening->link, happening->frame_size)) {
        return;
    }
    struct bytes frame = bytes_of(happening->frame, happening->frame_size);
    if (machine->running) {
        sim_feed(machine, &(struct input){.kind = INPUT_FRAME,
                                          .link = happening->link,
                                          .channel = (enum channel)happening->number,
                                          .frame = frame});
    } else if (machine->hostile && machine->joining == JOINING_DONE) {
        hostile_frame(machine, happening->link, frame);
    } else {
        join_frame(machine, frame);
    }
}

static void happen_to_node(struct world *machine, const struct happening *happening)
{
    struct sim *sim = machine->sim;
    switch (happening->kind) {
    case HAPPENING_TICK:
        tick(machine);
        break;
    case HAPPENING_COMMITTED:
        committed(machine, happening->token);
        break;
    case HAPPENING_VERIFIED:
        sim_feed(machine, &(struct input){.kind = INPUT_VERIFIED,
                                          .token = happening->token,
                                          .verified = happening->number == 1});
        break;
    case HAPPENING_FRAME:
        arrived(machine, happening);
        break;
    case HAPPENING_LINK_UP:
        link_up(machine, happening->link);
        break;
    case HAPPENING_LINK_DOWN:
        link_down(machine, happening->link);
        break;
    case HAPPENING_DIAL:
        network_dial(sim, machine->index);
        plan_for(machine, HAPPENING_DIAL,
                 random_between(&sim->random_engine, DIAL_LOW_US, DIAL_HIGH_US));
        break;
    case HAPPENING_START:
        if (!machine->running && !machine->written_off.burnt) {
            sim_start(machine);
        }
        break;
    case HAPPENING_CRASH:
        sim_crash_for(machine, happening->number);
        break;
    case HAPPENING_JOIN:
        join_step(machine);
        break;
    case HAPPENING_WRITE_OFF:
        writeoff_step(machine);
        break;
    case HAPPENING_HOSTILE:
        hostile_act(machine);
        break;
    case HAPPENING_TILL:
        workload_till(sim, (uint32_t)happening->number, happening->token);
        break;
    case HAPPENING_WEATHER:
        storm_happens(sim, happening->number);
        break;
    case HAPPENING_STEP:
        schedule_happens(sim, happening->number);
        break;
    case HAPPENING_KIND_COUNT:
        break;
    }
}

/* What waits while its machine stands still. */
static bool waits_for_machine(enum happening_kind kind)
{
    switch (kind) {
    case HAPPENING_TICK:
    case HAPPENING_COMMITTED:
    case HAPPENING_VERIFIED:
    case HAPPENING_FRAME:
    case HAPPENING_LINK_UP:
    case HAPPENING_LINK_DOWN:
    case HAPPENING_DIAL:
        return true;
    case HAPPENING_START:
    case HAPPENING_CRASH:
    case HAPPENING_TILL:
    case HAPPENING_WEATHER:
    case HAPPENING_STEP:
    case HAPPENING_JOIN:
    case HAPPENING_WRITE_OFF:
    case HAPPENING_HOSTILE:
    case HAPPENING_KIND_COUNT:
        break;
    }
    return false;
}

void sim_run(struct sim *sim, uint64_t until_us)
{
    struct happening happening;
    while (sim->findings == 0 && agenda_take(&sim->agenda, until_us, &happening)) {
        sim->now_us = happening.at_us;
        struct world *machine = &sim->machines[happening.node];
        if (machine->paused_until_us > sim->now_us && waits_for_machine(happening.kind)) {
            happening.at_us = machine->paused_until_us;
            agenda_plan(&sim->agenda, happening);
            continue;
        }
        if (happening.boot == 0 || happening.boot == machine->boot) {
            happen_to_node(machine, &happening);
        }
        free(happening.frame);
    }
    if (sim->now_us < until_us) {
        sim->now_us = until_us;
    }
}

void sim_heal(struct sim *sim)
{
    sim->storm = false;
    struct weather calm = weather_calm();
    calm.unknown_types =
        sim->weather.unknown_types; /* who joins late may be of that version, too */
    sim->weather = calm;
    network_heal(sim);
    for (uint32_t i = 0; i < sim->machine_count; i++) {
        struct world *machine = &sim->machines[i];
        machine->space_low_until_us = 0;
        machine->was_stuck = false;
        if (machine->joining == JOINING_DONE && !machine->running && !machine->hostile &&
            !machine->written_off.burnt) {
            plan_restart(machine);
        }
    }
    sim_tell(sim, "all is whole again");
}

/* ---- the beginning ---- */

static void make_network(struct sim *sim)
{
    struct random_stream random = random_stream_of(sim->seed, 3);
    random_fill(&random, sim->mac_key, sizeof sim->mac_key);
    sim_make_keys(sim, &random, sim->root_public, sim->root_secret);
    sim->random_epochs = random_stream_of(sim->seed, 11);
    sim_make_keys(sim, &random, sim->epochs[0].public_key, sim->epochs[0].secret_key);
    sim->epoch_count = 1;
    struct manifest manifest = {
        .name = bytes_of("teahouse", 8), .threshold = 1, .root_count = 1, .created_day = 20514};
    memcpy(manifest.roots[0], sim->root_public, 32);
    struct buffer out = BUFFER_OVER(sim->manifest_bytes);
    if (manifest_encode(&manifest, &out) != STATUS_OK) {
        abort();
    }
    sim->manifest = buffer_bytes(&out);
    sim->network_id = hash_network(sim->manifest);
}

static void found_office(struct sim *sim, const struct sim_options *options)
{
    struct world *office = new_machine(sim);
    office->journal = journal_of(1, 1);
    office->joining = JOINING_DONE;
    struct genesis genesis = {
        .network = sim->network_id,
        .until_day = 24000,
        .office_journal = office->journal,
        .office_endpoint = bytes_of("tcp://office:7000", 17),
        .office_name = bytes_of("office", 6),
        .organisation = bytes_of("Teahouse", 8),
        .zone_minutes = 480,
        .currency = bytes_of("CNY", 3),
        .product_name = bytes_of("Stored value", 12),
        .step_count = options->step_count,
        .spread = &options->spread,
        .pull_exact = options->pull_exact,
        .limits = &options->limits,
    };
    memcpy(genesis.steps, options->steps, sizeof genesis.steps);
    memcpy(genesis.authority_key, sim->epochs[0].public_key, 32);
    memcpy(genesis.office_key, office->public_key, 32);
    memcpy(genesis.office_transport_key, office->transport_key, 32);
    struct event epoch = node_genesis_epoch(&genesis);
    epoch_certify(sim, &epoch);
    memcpy(genesis.root_signature, epoch.body.auth_epoch.signatures[0].signature, 64);
    if (node_genesis(office, &genesis) != STATUS_OK) {
        sim_finding(sim, "S12", "the office could not be founded");
        return;
    }
    settle(office, true);
    sim_start(office);
}

struct sim *sim_new(const struct sim_options *options, struct census *census)
{
    struct sim *sim = calloc(1, sizeof *sim);
    if (sim == NULL || sodium_init() < 0) {
        abort();
    }
    sim->seed = options->seed;
    sim->loud = options->loud;
    sim->weather = options->weather;
    sim->ed25519 = options->seed % 16 == 5;
    sim->census = census;
    sim->random_engine = random_stream_of(options->seed, 4);
    sim->random_weather = random_stream_of(options->seed, 5);
    sim->random_disk = random_stream_of(options->seed, 6);
    sim->random_fault = random_stream_of(options->seed, 10);
    sim->schedule = schedule_new();
    sim->narrate = options->narrate;
    sim->turn_every = (uint32_t)random_between(&sim->random_engine, 1, 4);
    sim->auditor = auditor_new();
    sim->foresights = foresights_new();
    auditor_book(sim)->sim = sim;
    sim->reception = reception_new();
    network_start(sim, options->seed, options->topology);
    make_network(sim);
    sim->workload = workload_new(options->seed);
    found_office(sim, options);
    return sim;
}

void sim_free(struct sim *sim)
{
    if (sim == NULL) {
        return;
    }
    for (uint32_t i = 0; i < sim->machine_count; i++) {
        disk_free(sim->machines[i].disk);
        map_free(&sim->machines[i].member_keys);
    }
    agenda_free(&sim->agenda);
    schedule_free(&sim->schedule);
    double_free(sim);
    network_free(sim);
    reception_free(&sim->reception);
    workload_free(sim->workload);
    auditor_free(sim->auditor);
    foresights_free(sim->foresights);
    hostile_free(sim->hostile);
    free(sim);
}

struct world *sim_add_branch(struct sim *sim, bool hostile)
{
    if (sim->machine_count == SIM_MACHINES_MAX) {
        return NULL;
    }
    struct world *machine = new_machine(sim);
    machine->hostile = hostile;
    if (hostile) {
        sim->hostile = hostile_new(machine);
    }
    plan_for(machine, HAPPENING_JOIN, 0);
    return machine;
}

struct world *sim_add_clone(struct world *original)
{
    struct sim *sim = original->sim;
    if (sim->machine_count == SIM_MACHINES_MAX) {
        return NULL;
    }
    struct world *clone = new_machine(sim);
    clone->place = original->index;
    clone->unknown_types =
        original->unknown_types; /* its store is of that version or an earlier one */
    clone->updates_at_boot = original->updates_at_boot;
    clone->journal = original->journal;
    clone->joining = JOINING_DONE;
    memcpy(clone->public_key, original->public_key, sizeof clone->public_key);
    memcpy(clone->secret_key, original->secret_key, sizeof clone->secret_key);
    memcpy(clone->transport_key, original->transport_key, sizeof clone->transport_key);
    memcpy(clone->node_secret, original->node_secret, sizeof clone->node_secret);
    memcpy(clone->database, original->database, sizeof clone->database);
    for (uint32_t i = 0; i < original->member_keys.count; i++) {
        const uint8_t *record = map_at(&original->member_keys, i);
        memcpy(map_put(&clone->member_keys, record), record, original->member_keys.record_size);
    }
    disk_free(clone->disk);
    clone->disk = disk_copy(original->backup);
    clone->saved_head = original->backup_head;
    return clone;
}
