#include "double.h"

#include "auditor.h"
#include "sim.h"
#include "workload.h"

#include "block_codec.h"
#include "record.h"
#include "row_key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RESOLVING_TILL = 902, RESOLVE_MAX_US = 120000000 };

/* What is left of a lot when everything that anybody ever wrote is counted, both histories of the
 * doubled journal too. Below zero by what was paid twice. */
struct union_lot {
    uint8_t lot[16];
    int64_t left;
};

struct doubling {
    uint64_t journal;
    struct book *copy; /* what the backup knew */
    struct map lots;
    int64_t *before; /* of the lots of the book at hand */
    uint32_t before_count;
    struct block block; /* scratch */
};

void double_free(struct sim *sim)
{
    struct doubling *doubling = sim->doubling;
    if (doubling != NULL) {
        book_free(doubling->copy);
        map_free(&doubling->lots);
        free(doubling->before);
        free(doubling);
    }
    for (uint32_t i = 0; i < sim->machine_count; i++) {
        disk_free(sim->machines[i].backup);
    }
}

/* ---- how it comes to a double ---- */

void double_backup(struct world *machine)
{
    if (machine->hostile || machine->joining != JOINING_DONE || machine->index == SIM_OFFICE ||
        machine->sim->doubling != NULL) {
        return;
    }
    disk_free(machine->backup);
    machine->backup = disk_copy(machine->disk);
    machine->backup_head = machine->saved_head;
    machine->sim->census->counts[CENSUS_BACKUPS]++;
}

/* From here on each machine has an account book of its own: what it knows need not be one story
 * with what the others know. */
static void begin(struct world *machine, struct world *copy)
{
    struct sim *sim = machine->sim;
    struct doubling *doubling = calloc(1, sizeof *doubling);
    if (doubling == NULL) {
        abort();
    }
    doubling->journal = machine->journal;
    doubling->lots = map_of(16, sizeof(struct union_lot));
    const struct book *all = auditor_book(sim);
    for (uint32_t i = 0; i < all->lots.count; i++) {
        const struct book_lot *lot = map_at(&all->lots, i);
        struct union_lot *record = map_put(&doubling->lots, lot->id);
        record->left = book_lot_left(lot);
    }
    doubling->copy = auditor_replay(copy);
    sim->doubling = doubling;
    machine->may_be_read_only = true;
    copy->may_be_read_only = true;
    auditor_part(sim);
    const struct book_journal *then = book_journal_of(doubling->copy, machine->journal);
    const struct book_journal *now = book_journal_of(all, machine->journal);
    if (now != NULL && (then == NULL || then->seq < now->seq)) {
        sim->census->counts[CENSUS_DOUBLES_BEHIND]++;
    }
}

static bool may_double(const struct world *machine)
{
    return machine->backup != NULL && machine->sim->doubling == NULL &&
           machine->sim->hostile == NULL && machine->joining == JOINING_DONE;
}

void double_restore(struct world *machine, enum head_fate fate)
{
    struct sim *sim = machine->sim;
    if (!may_double(machine)) {
        return;
    }
    sim_crash(machine);
    disk_free(machine->disk);
    machine->disk = machine->backup;
    machine->backup = NULL;
    if (fate == HEAD_OLD) {
        machine->saved_head = machine->backup_head;
    } else if (fate == HEAD_GONE) {
        machine->saved_head = (struct node_head){0};
        machine->unconfirmed = true;
    }
    reception_restored(machine);
    begin(machine, machine);
    sim->census->counts[CENSUS_RESTORES]++;
    sim_tell(sim, "machine %u: a backup is put back", machine->index);
    agenda_plan(&sim->agenda, (struct happening){.at_us = sim->now_us + 100000,
                                                 .kind = HAPPENING_START,
                                                 .node = machine->index,
                                                 .boot = machine->boot});
}

void double_clone(struct world *machine)
{
    struct sim *sim = machine->sim;
    struct world *clone = may_double(machine) ? sim_add_clone(machine) : NULL;
    if (clone == NULL) {
        return;
    }
    begin(machine, clone);
    sim->census->counts[CENSUS_CLONES]++;
    sim_tell(sim, "machine %u is a clone of machine %u", clone->index, machine->index);
    sim_start(clone);
    workload_start(sim);
}

/* ---- what the double may do ---- */

void double_learned(struct world *machine)
{
    if (!machine->knows_double) {
        machine->knows_double = true;
        machine->sim->census->counts[CENSUS_DOUBLES_NOTICED]++;
    }
}

void double_writes(struct world *machine)
{
    if (machine->knows_double) {
        sim_finding(machine->sim, "I21",
                    "machine %u writes in a journal that it knows to exist twice", machine->index);
    }
}

/* Does it hold the proof that the doubled journal has two histories? */
static bool holds_proof(struct world *machine)
{
    struct row_key key = key_of_journal(TABLE_FRONTIER, machine->sim->doubling->journal);
    struct bytes value = {0};
    struct frontier_entry entry = {0};
    return disk_look(machine->disk, row_key_bytes(&key), &value) == STATUS_OK &&
           frontier_decode(value, &entry) && entry.proved;
}

/* ---- what it costs ---- */

void double_before(struct world *machine, const struct book *book)
{
    struct doubling *doubling = machine->sim->doubling;
    free(doubling->before);
    doubling->before_count = book->lots.count;
    doubling->before = calloc(book->lots.count + 1U, sizeof *doubling->before);
    if (doubling->before == NULL) {
        abort();
    }
    for (uint32_t i = 0; i < book->lots.count; i++) {
        doubling->before[i] = book_lot_left(map_at(&book->lots, i));
    }
}

void double_after(struct world *machine, const struct book *book)
{
    struct doubling *doubling = machine->sim->doubling;
    for (uint32_t i = 0; i < book->lots.count; i++) {
        const struct book_lot *lot = map_at(&book->lots, i);
        int64_t before = i < doubling->before_count ? doubling->before[i] : 0;
        struct union_lot *record = map_put(&doubling->lots, lot->id);
        record->left += book_lot_left(lot) - before;
    }
}

/* The most that anybody was ever seen to have given the journal of this lot by this giver. */
static int64_t given_to(struct sim *sim, const struct lot_id *lot, uint64_t from)
{
    int64_t most = 0;
    for (uint32_t i = 0; i < sim->machine_count; i++) {
        const struct book *book = auditor_book_of(&sim->machines[i]);
        int64_t granted = book_granted(book, lot, from, sim->doubling->journal);
        most = granted > most ? granted : most;
    }
    return most;
}

/* What the copy held of the lot, and what came to it later. */
static int64_t could_pay_twice(struct sim *sim, const struct lot_id *lot)
{
    const struct doubling *doubling = sim->doubling;
    int64_t sum = book_held(doubling->copy, lot, doubling->journal);
    for (uint32_t i = 0; i < sim->machine_count; i++) {
        uint64_t from = sim->machines[i].journal;
        if (from != 0 && from != doubling->journal) {
            sum += given_to(sim, lot, from) -
                   book_accepted(doubling->copy, lot, from, doubling->journal);
        }
    }
    return sum;
}

void double_check(struct sim *sim)
{
    const struct doubling *doubling = sim->doubling;
    for (uint32_t i = 0; i < sim->machine_count; i++) {
        sim->census->counts[CENSUS_FORK_PROOFS] += holds_proof(&sim->machines[i]) ? 1 : 0;
    }
    for (uint32_t i = 0; i < doubling->lots.count; i++) {
        const struct union_lot *record = map_at(&doubling->lots, i);
        if (record->left >= 0) {
            continue;
        }
        struct lot_id lot;
        memcpy(lot.bytes, record->lot, sizeof lot.bytes);
        int64_t most = could_pay_twice(sim, &lot);
        sim->census->counts[CENSUS_PAID_TWICE]++;
        if (-record->left > most) {
            sim_finding(sim, "P9", "of lot %02x%02x.. %lld were paid twice, the copy had %lld",
                        lot.bytes[0], lot.bytes[1], (long long)-record->left, (long long)most);
        }
    }
}

/* ---- what the others must still have ---- */

static bool is_present(const struct world *machine)
{
    return !machine->hostile && machine->joining == JOINING_DONE;
}

static bool load_block(const struct world *owner, uint64_t journal, uint64_t seq,
                       struct block *block)
{
    struct row_key key = key_of_block(journal, seq);
    struct bytes value = {0};
    return disk_look(owner->disk, row_key_bytes(&key), &value) == STATUS_OK &&
           block_decode(value, block) == STATUS_OK;
}

/* Does the block rest on something that the machine does not have? */
static bool must_wait(struct world *machine, const struct block *block)
{
    const struct book *book = auditor_book_of(machine);
    for (uint32_t i = 0; i < block->header.dep_count; i++) {
        const struct block_dep *dep = &block->header.deps[i];
        const struct book_block *here = book_block_at(book, dep->journal, dep->seq);
        if (here == NULL || !digest_equal(&here->id, &dep->id)) {
            return true;
        }
    }
    return false;
}

/* The machine lacks the owner's next block: because of the double, or for no good reason? */
static bool lacks_rightly(struct world *machine, struct world *owner, uint64_t journal)
{
    struct sim *sim = machine->sim;
    struct block *block = &sim->doubling->block;
    uint64_t next = auditor_durable(machine, journal) + 1;
    if (!load_block(owner, journal, next, block)) {
        return false;
    }
    if (must_wait(machine, block)) {
        return true;
    }
    /* Between the two may stand one that waits, and would have to pass it on. */
    for (uint32_t i = 0; sim->network.topology != TOPOLOGY_MESH && i < sim->machine_count; i++) {
        struct world *relay = &sim->machines[i];
        uint64_t there = is_present(relay) ? auditor_durable(relay, journal) : next;
        if (there < next && load_block(owner, journal, there + 1, block) &&
            must_wait(relay, block)) {
            return true;
        }
    }
    return false;
}

static bool has_all_of(struct world *machine, struct world *owner, uint64_t journal)
{
    return auditor_durable(machine, journal) >= auditor_durable(owner, journal) ||
           lacks_rightly(machine, owner, journal);
}

static uint64_t authority_journal(void)
{
    return journal_of(0, 1);
}

/* Do the two hold different blocks of the doubled journal at one number? */
static bool contradict(struct world *a, struct world *b)
{
    uint64_t journal = a->sim->doubling->journal;
    uint64_t seq = auditor_durable(a, journal);
    seq = auditor_durable(b, journal) < seq ? auditor_durable(b, journal) : seq;
    const struct book_block *one = book_block_at(auditor_book_of(a), journal, seq);
    const struct book_block *other = book_block_at(auditor_book_of(b), journal, seq);
    return one != NULL && other != NULL && !digest_equal(&one->id, &other->id);
}

/* Could `machine`, one of the doubles, learn from its neighbour that it is not the only one? */
static bool should_know(struct world *machine, struct world *neighbour)
{
    uint64_t journal = machine->journal;
    return neighbour->journal != journal &&
           (auditor_durable(neighbour, journal) > auditor_durable(machine, journal) ||
            contradict(machine, neighbour));
}

uint64_t double_journal(const struct sim *sim)
{
    return sim->doubling->journal;
}

bool double_is_frozen(struct world *machine)
{
    struct row_key key = key_of_journal(TABLE_FRONTIER, machine->sim->doubling->journal);
    struct bytes value = {0};
    struct frontier_entry entry = {0};
    return disk_look(machine->disk, row_key_bytes(&key), &value) == STATUS_OK &&
           frontier_decode(value, &entry) && entry.frozen;
}

/* Who holds the proof has written it down, or knows somebody who has. */
static bool should_write(struct world *machine)
{
    uint64_t journal = machine->sim->doubling->journal;
    const struct book_journal *accused = book_journal_of(auditor_book_of(machine), journal);
    return holds_proof(machine) && machine->journal != journal && !machine->written_off.begun &&
           (accused == NULL || !accused->fork_written);
}

enum missing {
    MISSING_NOTHING = 0,
    MISSING_BLOCKS, /* of the other's journal, that it could have */
    MISSING_DOUBLE, /* it is the double, and does not know */
    MISSING_FORK,
    MISSING_PROOF, /* its neighbour holds the proof of the fork */
    MISSING_EVENT, /* nobody has written the proof down */
};

static enum missing what_is_missing(struct world *a, struct world *b)
{
    struct sim *sim = a->sim;
    uint64_t doubled = sim->doubling->journal;
    if ((b->journal != doubled && !has_all_of(a, b, b->journal)) ||
        (b->index == SIM_OFFICE && !has_all_of(a, b, authority_journal()))) {
        return MISSING_BLOCKS;
    }
    if (network_between(sim, a->index, b->index) == NULL) {
        return MISSING_NOTHING; /* nobody dials a clone: the original has its address */
    }
    if (a->journal == doubled && !a->knows_double && should_know(a, b)) {
        return MISSING_DOUBLE;
    }
    if (a->journal != doubled && b->journal != doubled && contradict(a, b) &&
        !double_is_frozen(a)) {
        return MISSING_FORK;
    }
    if (holds_proof(b) && !holds_proof(a)) {
        return MISSING_PROOF;
    }
    if (should_write(a)) {
        return MISSING_EVENT;
    }
    return MISSING_NOTHING;
}

static void report(struct world *a, struct world *b, enum missing missing)
{
    struct sim *sim = a->sim;
    switch (missing) {
    case MISSING_BLOCKS:
        sim_finding(sim, "L1", "machine %u has %llu blocks of machine %u's %llu, could have more",
                    a->index, (unsigned long long)auditor_durable(a, b->journal), b->index,
                    (unsigned long long)auditor_durable(b, b->journal));
        break;
    case MISSING_DOUBLE:
        sim_finding(sim, "I21", "machine %u, beside machine %u, does not know that it is doubled",
                    a->index, b->index);
        break;
    case MISSING_FORK:
        sim_finding(sim, "S13", "machines %u and %u do not know that they contradict each other",
                    a->index, b->index);
        break;
    case MISSING_PROOF:
        sim_finding(sim, "L12", "machine %u has not heard the proof that machine %u holds",
                    a->index, b->index);
        break;
    case MISSING_EVENT:
        sim_finding(sim, "L12", "machine %u holds the proof of a fork that nobody has written down",
                    a->index);
        break;
    case MISSING_NOTHING:
        break;
    }
}

static bool look(struct sim *sim, bool tell)
{
    bool level = true;
    for (uint32_t i = 0; i < sim->machine_count; i++) {
        struct world *machine = &sim->machines[i];
        if (!is_present(machine)) {
            continue;
        }
        level = level && machine->running;
        for (uint32_t k = 0; machine->running && k < sim->machine_count; k++) {
            struct world *other = &sim->machines[k];
            if (k == i || !is_present(other) || !other->running) {
                continue;
            }
            enum missing missing = what_is_missing(machine, other);
            level = level && missing == MISSING_NOTHING;
            if (tell) {
                report(machine, other, missing);
            }
        }
    }
    return level;
}

bool double_is_level(struct sim *sim)
{
    return look(sim, false);
}

/* Nobody has taken part of another history than the office, which has gathered its own. */
static bool may_resolve(struct sim *sim)
{
    struct world *office = &sim->machines[SIM_OFFICE];
    bool may = sim->doubling != NULL && office->running && holds_proof(office) &&
               auditor_durable(office, sim->doubling->journal) > 0;
    for (uint32_t i = 0; may && i < sim->machine_count; i++) {
        struct world *machine = &sim->machines[i];
        may = !is_present(machine) || machine->journal == sim->doubling->journal ||
              (machine->running && !contradict(machine, office) &&
               auditor_durable(machine, machine->sim->doubling->journal) <=
                   auditor_durable(office, machine->sim->doubling->journal));
    }
    return may;
}

/* Holds exactly what the office has said to stand. */
static bool follows(struct world *machine)
{
    struct sim *sim = machine->sim;
    uint64_t journal = sim->doubling->journal;
    struct world *office = &sim->machines[SIM_OFFICE];
    return auditor_durable(machine, journal) == auditor_durable(office, journal) &&
           !contradict(machine, office);
}

static struct world *who_does_not_follow(struct sim *sim)
{
    for (uint32_t i = 0; i < sim->machine_count; i++) {
        struct world *machine = &sim->machines[i];
        bool asked = is_present(machine) && machine->journal != sim->doubling->journal;
        if (asked && !follows(machine)) {
            return machine;
        }
    }
    return NULL;
}

void double_resolve(struct sim *sim)
{
    if (sim->doubling == NULL || !may_resolve(sim)) {
        return;
    }
    struct request request = {
        .kind = COMMAND_RETIRE,
        .till = RESOLVING_TILL,
        .body.retire = {.branch = journal_branch(sim->doubling->journal), .kind = RETIRE_FORKED}};
    request.ticket.bytes[0] = 1;
    struct answer answer;
    for (uint32_t i = 0; i < sim->machine_count; i++) {
        struct world *machine = &sim->machines[i];
        machine->written_off.begun |= machine->journal == sim->doubling->journal;
        machine->written_off.done |= machine->journal == sim->doubling->journal;
    }
    if (!reception_ask(&sim->machines[SIM_OFFICE], &request, MEANING_PLAIN, &answer) ||
        answer.verdict != VERDICT_ALLOWED) {
        sim_finding(sim, "L13", "the office does not resolve the fork that it holds the proof of");
        return;
    }
    sim->census->counts[CENSUS_RESOLVED]++;
    uint64_t deadline = sim->now_us + RESOLVE_MAX_US;
    while (who_does_not_follow(sim) != NULL && sim->now_us < deadline && sim->findings == 0) {
        sim_run(sim, sim->now_us + 100000);
    }
    struct world *machine = who_does_not_follow(sim);
    if (machine != NULL && sim->findings == 0) {
        sim_finding(sim, "L13", "machine %u has %llu blocks of the history that stands, of %llu",
                    machine->index,
                    (unsigned long long)auditor_durable(machine, sim->doubling->journal),
                    (unsigned long long)auditor_durable(&sim->machines[SIM_OFFICE],
                                                        sim->doubling->journal));
    }
}

void double_tell(struct sim *sim)
{
    (void)look(sim, true);
}
