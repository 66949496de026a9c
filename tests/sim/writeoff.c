#include "writeoff.h"

#include "auditor.h"
#include "workload.h"

#include <string.h>

enum {
    AGAIN_US = 250000,
    MANAGER_TILL = 901,
    WRITE_OFFS_MAX = 2,
};

static uint32_t written_off(const struct sim *sim)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < sim->machine_count; i++) {
        count += sim->machines[i].written_off.begun ? 1 : 0;
    }
    return count;
}

void writeoff_begin(struct world *machine, uint32_t how)
{
    struct sim *sim = machine->sim;
    bool possible = machine->index != SIM_OFFICE && !machine->hostile && machine->rejoins == 0 &&
                    machine->joining == JOINING_DONE && !machine->written_off.begun &&
                    written_off(sim) < WRITE_OFFS_MAX;
    if (!possible) {
        return;
    }
    machine->written_off.begun = true;
    machine->written_off.kind = (how & WRITE_OFF_STOLEN) != 0 ? RETIRE_STOLEN : RETIRE_LOST;
    machine->written_off.anew = (how & WRITE_OFF_ANEW) != 0 && sim->hostile == NULL;
    random_fill(&machine->random, machine->written_off.ticket.bytes, 16);
    sim->census->counts[CENSUS_WRITTEN_OFF]++;
    if ((how & WRITE_OFF_BURNT) != 0) {
        machine->written_off.burnt = true;
        sim_crash(machine);
        workload_close(sim, machine->index);
    } else {
        sim->census->counts[CENSUS_WRITTEN_OFF_ALIVE]++;
    }
    writeoff_step(machine);
}

static void enrol_anew(struct world *machine)
{
    struct sim *sim = machine->sim;
    struct world *successor = sim_add_branch(sim, false);
    if (successor != NULL) {
        successor->rejoins = journal_branch(machine->journal);
        sim->census->counts[CENSUS_REENROLLED]++;
    }
}

static void ask(struct world *machine)
{
    struct sim *sim = machine->sim;
    struct request request = {.kind = COMMAND_RETIRE,
                              .till = MANAGER_TILL,
                              .ticket = machine->written_off.ticket,
                              .body.retire = {.branch = journal_branch(machine->journal),
                                              .kind = machine->written_off.kind,
                                              .reason = bytes_of("fire", 4)}};
    memcpy(request.request_hash, machine->written_off.ticket.bytes, 16);
    struct pending *pending =
        reception_send(&sim->machines[SIM_OFFICE], &request, TILL_NONE, MEANING_PLAIN);
    machine->written_off.number = pending == NULL ? 0 : pending->number;
}

void writeoff_step(struct world *machine)
{
    struct sim *sim = machine->sim;
    if (machine->written_off.done) {
        return;
    }
    const struct pending *pending = map_find(&sim->reception.pending, &machine->written_off.number);
    bool said = pending != NULL && pending->done && !pending->lost && !pending->answer.unknown;
    if (said && pending->answer.verdict == VERDICT_ALLOWED) {
        machine->written_off.done = true;
        if (machine->written_off.anew) {
            enrol_anew(machine);
        }
        return;
    }
    if (said && verdict_is_stored(pending->answer.verdict)) {
        sim_finding(sim, "S17", "the office does not retire machine %u: verdict %d", machine->index,
                    (int)pending->answer.verdict);
        return;
    }
    if (pending == NULL || pending->done) {
        ask(machine);
    }
    agenda_plan(&sim->agenda, (struct happening){.at_us = sim->now_us + AGAIN_US,
                                                 .kind = HAPPENING_WRITE_OFF,
                                                 .node = machine->index});
}

static bool somebody_has(struct sim *sim, const struct world *machine, uint64_t seq)
{
    for (uint32_t i = 0; i < sim->machine_count; i++) {
        struct world *other = &sim->machines[i];
        bool lives = other != machine && !other->hostile && !other->written_off.burnt;
        if (lives && auditor_durable(other, machine->journal) >= seq) {
            return true;
        }
    }
    return false;
}

void writeoff_find_disks(struct sim *sim)
{
    for (uint32_t i = 0; i < sim->machine_count; i++) {
        struct world *machine = &sim->machines[i];
        uint64_t last = auditor_durable(machine, machine->journal);
        if (machine->written_off.burnt && !somebody_has(sim, machine, last)) {
            sim->census->counts[CENSUS_DISKS_FOUND]++;
            sim_tell(sim, "the disk of machine %u is found", machine->index);
            machine->written_off.burnt = false; /* sim_heal switches it on */
        }
    }
}

/* What the office knows: once a journal is doubled there is no longer one book. */
static const struct book *office_book(struct sim *sim)
{
    return auditor_book_of(&sim->machines[SIM_OFFICE]);
}

bool writeoff_is_settled(struct sim *sim)
{
    uint64_t journal = 0;
    for (uint32_t i = 0; i < sim->machine_count; i++) {
        const struct world *machine = &sim->machines[i];
        if (machine->written_off.begun && !machine->written_off.done) {
            return false;
        }
    }
    return written_off(sim) == 0 ||
           book_unsettled(office_book(sim), sim->machines[SIM_OFFICE].journal, &journal) == NULL;
}

void writeoff_tell_unsettled(struct sim *sim)
{
    uint64_t journal = 0;
    const uint8_t *lot =
        book_unsettled(office_book(sim), sim->machines[SIM_OFFICE].journal, &journal);
    if (lot == NULL) {
        sim_finding(sim, "L2", "a branch that was written off is not retired");
        return;
    }
    sim_finding(sim, "L2", "lot %02x%02x.. of retired journal %llx is not settled", lot[0], lot[1],
                (unsigned long long)journal);
}

/* The office acts for a retired journal within what it knows of it: it takes no more than is left,
 * and gives no more than is lacking. */
void writeoff_check(struct world *machine, const struct event *event)
{
    struct sim *sim = machine->sim;
    const struct book *book = auditor_book_of(machine);
    if (event->type == EVENT_RIGHTS_RECLAIM) {
        uint64_t of = event->body.reclaim.of;
        uint64_t known = book_dep_seq(book, machine->journal, of);
        for (uint32_t i = 0; i < event->body.reclaim.line_count; i++) {
            if (book_left_at(book, &event->body.reclaim.lines[i].lot, of, known) < 0) {
                sim_finding(sim, "S17", "machine %u reclaims more than journal %llx has left",
                            machine->index, (unsigned long long)of);
            }
        }
    } else if (event->type == EVENT_RIGHTS_COVER) {
        uint64_t of = event->body.cover.of;
        uint64_t known = book_dep_seq(book, machine->journal, of);
        for (uint32_t i = 0; i < event->body.cover.line_count; i++) {
            if (book_left_at(book, &event->body.cover.lines[i].lot, of, known) > 0) {
                sim_finding(sim, "S17", "machine %u gives back more than journal %llx lacks",
                            machine->index, (unsigned long long)of);
            }
        }
    } else if (event->type == EVENT_RIGHTS_MOVE) {
        /* Who knew of a retirement before it decided this sends nothing there. */
        const struct book_journal *to = book_journal_of(book, event->body.move.to);
        if (to != NULL && to->retired_at != 0 &&
            auditor_durable_before(machine, journal_of(0, 1)) >= to->retired_at) {
            sim_finding(sim, "S17", "machine %u moves rights to a retired journal", machine->index);
        }
    }
}

void writeoff_admitted(struct world *machine, const struct block_header *header)
{
    struct sim *sim = machine->sim;
    const struct book_journal *writer = book_journal_of(auditor_book_of(machine), header->journal);
    if (writer == NULL || writer->retired_at == 0) {
        return;
    }
    sim->census->counts[CENSUS_LATE_BLOCKS] += header->seq > writer->retired_seq ? 1 : 0;
    if (header->auth >= writer->retired_at) {
        sim_finding(sim, "S17", "machine %u admitted a block written after its retirement",
                    machine->index);
    }
}

bool writeoff_is_unasked(const struct event *event)
{
    return event->type == EVENT_RIGHTS_RETURN || event->type == EVENT_RIGHTS_RECLAIM ||
           event->type == EVENT_RIGHTS_COVER || event->type == EVENT_JOURNAL_FORK ||
           /* its last word came: nothing more is waited for */
           (event->type == EVENT_JOURNAL_RETIRE && event->body.retire.kind == RETIRE_CLOSED);
}
