/* The seam, asked of the model. */
#include "tally/world.h"
#include "epoch.h"

#include "auditor.h"
#include "double.h"
#include "sim.h"

#include "message_codec.h"
#include "names.h"

#include <assert.h>
#include <string.h>

enum { LYING_EVERY = 16 };

uint64_t world_monotonic_ms(struct world *world)
{
    return world->sim->now_us / 1000 + 1000000 * (uint64_t)(world->index + 1);
}

int64_t world_wall_ms(struct world *world)
{
    const struct world_clock *clock = &world->clock;
    int64_t passed_ms = (int64_t)(world->sim->now_us - clock->base_us) / 1000;
    return clock->base_ms + passed_ms * clock->rate_ppm / 1000000;
}

void world_random(struct world *world, uint8_t *out, size_t size)
{
    random_fill(&world->random, out, size);
}

void world_sign(struct world *world, enum signer signer, struct bytes body,
                uint8_t signature[static 64])
{
    struct sim *sim = world->sim;
    if (signer == SIGNER_AUTHORITY) {
        if (world->index != SIM_OFFICE) {
            sim_finding(sim, "S13", "machine %u signs as the authority", world->index);
        }
        const struct sim_epoch *epoch = epoch_of(world);
        sim_sign(sim, epoch->public_key, epoch->secret_key, body, signature);
    } else {
        sim_sign(sim, world->public_key, world->secret_key, body, signature);
    }
}

void world_verify(struct world *world, uint64_t token, const struct signature_check *checks,
                  size_t count)
{
    struct sim *sim = world->sim;
    assert(count >= 1 && count <= BLOCKS_PER_FRAME_MAX);
    bool good = true;
    for (size_t i = 0; i < count; i++) {
        good = sim_signature_holds(sim, &checks[i]) && good;
    }
    uint64_t delay_us = random_between(&sim->random_engine, 50, 50 + sim->weather.verify_high_us);
    agenda_plan(&sim->agenda, (struct happening){.at_us = sim->now_us + delay_us,
                                                 .kind = HAPPENING_VERIFIED,
                                                 .node = world->index,
                                                 .boot = world->boot,
                                                 .number = good ? 1 : 0,
                                                 .token = token});
}

bool world_verify_now(struct world *world, const struct signature_check *check)
{
    return sim_signature_holds(world->sim, check);
}

static bool read_fails(struct world *world)
{
    struct sim *sim = world->sim;
    int64_t nothing = 0;
    if (world->read_failed) {
        return true;
    }
    if (world->starting && world->dies_at_read > 0 && --world->dies_at_read == 0) {
        sim->census->counts[CENSUS_CRASH_STARTING]++;
        world->read_failed = true; /* whatever it does after this never happens */
        return true;
    }
    if (!schedule_strikes(sim, STEP_READ_FAILS, world->index, 0, sim->weather.read_fails, 1000000,
                          &nothing)) {
        return false;
    }
    sim->census->counts[CENSUS_READ_FAILED]++;
    sim_tell(sim, "  machine %u: a read fails", world->index);
    world->read_failed = true;
    world->stopping = true;
    return true;
}

enum status world_load(struct world *world, struct bytes key, struct buffer *value)
{
    assert(key.size > 0 && key.size <= ROW_KEY_SIZE_MAX);
    if (read_fails(world)) {
        return STATUS_IO;
    }
    return disk_load(world->disk, key, value);
}

enum status world_next(struct world *world, struct bytes prefix, struct bytes after,
                       struct buffer *key, struct buffer *value)
{
    if (read_fails(world)) {
        return STATUS_CORRUPT;
    }
    return disk_next(world->disk, prefix, after, key, value);
}

static void check_bounds(struct world *world, const struct write *writes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (writes[i].key.size == 0 || writes[i].key.size > ROW_KEY_SIZE_MAX ||
            writes[i].value.size > ROW_VALUE_SIZE_MAX) {
            sim_finding(world->sim, "S21", "machine %u writes a row of %zu and %zu bytes",
                        world->index, writes[i].key.size, writes[i].value.size);
        }
    }
}

/* A block of the own journal among the writes of a node that knows that it is not the only one. */
static void check_double(struct world *world, const struct write *writes, size_t count)
{
    for (size_t i = 0; i < count && world->knows_double; i++) {
        uint64_t journal = 0;
        for (size_t k = 1; writes[i].key.size == 17 && k <= 8; k++) {
            journal = journal << 8 | writes[i].key.data[k];
        }
        if (writes[i].key.data[0] == 'L' && journal == world->journal) {
            double_writes(world);
        }
    }
}

static uint64_t commit_delay(struct world *world)
{
    struct sim *sim = world->sim;
    struct random_stream *random = &sim->random_disk;
    uint64_t delay =
        random_between(random, sim->weather.commit_low_us, sim->weather.commit_high_us);
    int64_t stuck_us = (int64_t)sim->weather.stuck_for_us;
    if (schedule_strikes(sim, STEP_STUCK, world->index, 0, sim->weather.commit_stuck, 10000,
                         &stuck_us)) {
        sim->census->counts[CENSUS_COMMIT_STUCK]++;
        world->was_stuck = true;
        delay += (uint64_t)stuck_us;
    }
    return delay;
}

/* The power goes in the middle of this commit. */
static void die_in_commit(struct world *world, uint64_t commit_us)
{
    agenda_plan(&world->sim->agenda, (struct happening){.at_us = world->sim->now_us + commit_us / 2,
                                                        .kind = HAPPENING_CRASH,
                                                        .node = world->index,
                                                        .boot = world->boot,
                                                        .number = world->dies_in_commit_us});
    world->dies_in_commit_us = 0;
}

void world_commit(struct world *world, const struct write *writes, size_t count)
{
    struct sim *sim = world->sim;
    check_bounds(world, writes, count);
    check_double(world, writes, count);
    if (!disk_submit(world->disk, writes, count)) {
        sim_finding(sim, "H1", "machine %u commits while a batch is in flight or after a failure",
                    world->index);
        return;
    }
    world->commits++;
    int64_t kept = (int64_t)random_below(&sim->random_fault, 2);
    world->commit_unknown = schedule_strikes(sim, STEP_UNKNOWN, world->index, 0,
                                             sim->weather.commit_unknown, 10000, &kept);
    world->commit_keep = !world->commit_unknown || kept == 1;
    if (sim->lying_disk && sim->storm && world->commits % LYING_EVERY == 0) {
        world->commit_keep = false;
    }
    uint64_t delay_us = commit_delay(world);
    agenda_plan(&sim->agenda, (struct happening){.at_us = sim->now_us + delay_us,
                                                 .kind = HAPPENING_COMMITTED,
                                                 .node = world->index,
                                                 .boot = world->boot,
                                                 .token = world->commits});
    if (world->dies_in_commit_us > 0) {
        die_in_commit(world, delay_us);
    }
}

bool world_space_low(struct world *world)
{
    return world->space_low_until_us > world->sim->now_us;
}

/* One line a frame, when loud. */
static void sim_tell_frame(struct world *world, uint32_t link, struct bytes frame)
{
    static struct message message;
    if (world->sim->loud && message_decode(frame, &message) == STATUS_OK) {
        bool want = message.kind == MESSAGE_WANT;
        sim_tell(world->sim, "    machine %u on link %u: %s of %zu bytes (%llx, %llu)",
                 world->index, link, message_name(message.kind), frame.size,
                 (unsigned long long)(want ? message.body.want.journal : 0),
                 (unsigned long long)(want ? message.body.want.from : 0));
    }
}

void world_send(struct world *world, uint32_t link, enum channel channel, struct bytes frame)
{
    sim_note(world->sim, frame.size * 256 + world->index);
    auditor_frame(world, frame);
    sim_tell_frame(world, link, frame);
    network_send(world->sim, world->index, link, channel, frame);
}

void world_drop_link(struct world *world, uint32_t link)
{
    world->sim->census->counts[CENSUS_LINKS_DROPPED_BY_NODE]++;
    network_drop(world->sim, link);
}

void world_answer(struct world *world, uint64_t request, const struct answer *answer)
{
    reception_answered(world, request, answer);
}

struct member_key_record {
    uint8_t name[17]; /* member and class */
    uint8_t key[32];
};

static void name_key(const struct subject_id *member, uint8_t class_number, uint8_t name[static 17])
{
    memcpy(name, member->bytes, 16);
    name[16] = class_number;
}

enum status world_member_key_get(struct world *world, const struct subject_id *member,
                                 uint8_t class_number, uint8_t key[static 32])
{
    uint8_t name[17];
    name_key(member, class_number, name);
    const struct member_key_record *record = map_find(&world->member_keys, name);
    if (record == NULL) {
        return STATUS_NOT_FOUND;
    }
    memcpy(key, record->key, 32);
    return STATUS_OK;
}

enum status world_member_key_put(struct world *world, const struct subject_id *member,
                                 uint8_t class_number, const uint8_t key[static 32])
{
    uint8_t name[17];
    name_key(member, class_number, name);
    struct member_key_record *record = map_put(&world->member_keys, name);
    memcpy(record->key, key, 32);
    return STATUS_OK;
}

void world_node_secret(struct world *world, uint8_t secret[static 32])
{
    memcpy(secret, world->node_secret, 32);
}

void world_alarm(struct world *world, enum alarm alarm, uint64_t journal, uint64_t seq)
{
    struct sim *sim = world->sim;
    sim_tell(sim, "  machine %u: alarm %s, journal %llx, seq %llu", world->index, alarm_name(alarm),
             (unsigned long long)journal, (unsigned long long)seq);
    sim_note(sim, (uint64_t)alarm);
    if ((uint32_t)alarm < SIM_ALARM_KINDS) {
        world->alarms[alarm]++;
    }
    if (world->read_failed) {
        return; /* it reads nonsense, and stops with this step */
    }
    const struct world *writer = sim_machine_of(sim, journal);
    bool about_hostile = writer != NULL && writer->hostile;
    switch (alarm) {
    case ALARM_AMNESIA:
        if (world->may_be_read_only && journal == world->journal) {
            double_learned(world);
            break;
        }
        sim_finding(sim, "S13", "machine %u: alarm %s", world->index, alarm_name(alarm));
        break;
    case ALARM_AUTHORITY_FORK:
        sim_finding(sim, "S13", "machine %u: alarm %s", world->index, alarm_name(alarm));
        break;
    case ALARM_DIGEST_MISMATCH:
        sim_finding(sim, "S11", "machine %u: alarm %s", world->index, alarm_name(alarm));
        break;
    case ALARM_JOURNAL_FORK:
        if (writer != NULL && writer->may_be_read_only) {
            world->knows_fork = true;
            sim->census->counts[CENSUS_FORKS_SEEN]++;
            break;
        }
        if (!about_hostile) { /* whatever a hostile branch says of it */
            sim_finding(sim, "S13", "machine %u: alarm %s about journal %llx", world->index,
                        alarm_name(alarm), (unsigned long long)journal);
        }
        break;
    case ALARM_NEWER_RULES:
    case ALARM_BAD_BLOCK:
        if (world->knows_fork && writer != NULL && writer->may_be_read_only) {
            break; /* it takes nothing more of that journal */
        }
        if (!about_hostile && sim->hostile == NULL) {
            sim_finding(sim, "S8", "machine %u: alarm %s about journal %llx", world->index,
                        alarm_name(alarm), (unsigned long long)journal);
        }
        break;
    case ALARM_DIVERGENCE:
    case ALARM_INVALID_EVENT:
        if (!about_hostile && sim->hostile == NULL) {
            sim_finding(sim, "S8", "machine %u: alarm %s about journal %llx", world->index,
                        alarm_name(alarm), (unsigned long long)journal);
        }
        break;
    case ALARM_RETIRED: /* the office says why */
    case ALARM_CLOCK:   /* clocks do jump here */
    case ALARM_COUNT:
        break;
    }
}
