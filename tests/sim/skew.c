#include "skew.h"

#include "sim.h"

#include "block_codec.h"
#include "event_codec.h"

#include <string.h>

static const uint64_t UPDATE_US = 100000;

void skew_arrive(struct world *machine)
{
    struct sim *sim = machine->sim;
    if (sim->weather.unknown_types == 0) {
        return;
    }
    struct random_stream random = random_stream_of(sim->seed, 300 + machine->index);
    if (random_chance(&random, 5000)) {
        machine->unknown_types = sim->weather.unknown_types;
        machine->updates_at_boot = (uint32_t)random_between(&random, 2, 12);
        sim->census->counts[CENSUS_OLDER]++;
    }
}

static bool is_lacking(uint32_t types, uint16_t type)
{
    return type >= 200 && type < 232 && (types >> (type - 200) & 1U) != 0;
}

static uint64_t big_endian(const uint8_t *at)
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++) {
        value = value << 8 | at[i];
    }
    return value;
}

/* Events of the lacking types in a block as it lies on the disk. */
static uint32_t count_in(struct bytes value, uint32_t types)
{
    static struct block block;
    static struct event event;
    uint32_t count = 0;
    if (block_decode(value, &block) != STATUS_OK) {
        return 0;
    }
    for (uint32_t i = 0; i < block.header.count; i++) {
        bool good = event_decode(block.events[i], &event) == STATUS_OK;
        count += good && is_lacking(types, event.type) ? 1 : 0;
    }
    return count;
}

void skew_check_store(struct world *machine)
{
    struct bytes key = {0};
    struct bytes value = {0};
    uint64_t met = 0;
    uint64_t kept = 0;
    while (disk_peek(machine->disk, key, &key, &value) == STATUS_OK) {
        bool data =
            key.size == 17 && key.data[0] == 'L' && !journal_is_authority(big_endian(key.data + 1));
        met += data ? count_in(value, machine->unknown_types) : 0;
        kept += key.size == 12 && key.data[0] == 'U' && key.data[1] == 0 ? 1 : 0;
    }
    if (kept != met) {
        sim_finding(machine->sim, "U1",
                    "machine %u: of %llu events that its version does not know it keeps %llu",
                    machine->index, (unsigned long long)met, (unsigned long long)kept);
    }
    machine->sim->census->counts[CENSUS_UNKNOWN_KEPT] += kept;
}

void skew_before_start(struct world *machine)
{
    if (machine->unknown_types == 0 || machine->boot < machine->updates_at_boot) {
        return;
    }
    skew_check_store(machine);
    sim_tell(machine->sim, "machine %u is updated", machine->index);
    machine->unknown_types = 0;
    machine->sim->census->counts[CENSUS_UPDATED]++;
}

void skew_update_all(struct sim *sim)
{
    for (uint32_t i = 0; i < sim->machine_count; i++) {
        struct world *machine = &sim->machines[i];
        if (machine->unknown_types != 0 && !machine->hostile) {
            machine->updates_at_boot = 0;
            sim_crash_for(machine, UPDATE_US);
        }
    }
}

static bool keeps_any(const struct world *machine)
{
    static const uint8_t first[] = {'U', 0};
    struct bytes key = {0};
    struct bytes value = {0};
    struct bytes after = bytes_of(first, sizeof first);
    return disk_peek(machine->disk, after, &key, &value) == STATUS_OK && key.size == 12 &&
           key.data[0] == 'U' && key.data[1] == 0;
}

bool skew_is_level(const struct sim *sim)
{
    for (uint32_t i = 0; i < sim->machine_count; i++) {
        const struct world *machine = &sim->machines[i];
        bool gone = machine->hostile || machine->written_off.burnt;
        if (!gone && (machine->unknown_types != 0 || keeps_any(machine))) {
            return false;
        }
    }
    return true;
}

bool skew_can_ask(const struct world *machine, enum command_kind kind)
{
    uint32_t types = machine->unknown_types;
    return !((kind == COMMAND_FREEZE && is_lacking(types, EVENT_ACCOUNT_FREEZE)) ||
             (kind == COMMAND_REPORT_LOSS && is_lacking(types, EVENT_CARD_LOSS_REPORT)) ||
             (kind == COMMAND_FILE_REQUEST && is_lacking(types, EVENT_REQUEST_FILE)));
}
