#include "auditor.h"

#include "book_trust.h"
#include "double.h"
#include "foresight.h"
#include "hold_watch.h"
#include "reception.h"
#include "sim.h"
#include "warrant.h"
#include "workload.h"
#include "writeoff.h"

#include "block_codec.h"
#include "message_codec.h"
#include "names.h"

#include <stdlib.h>
#include <string.h>

/* Every personal text of the workload contains one of these. */
static const char *const canaries[] = {"Canary", "13800138"};

struct frontier_key {
    uint64_t machine;
    uint64_t journal;
};

struct frontier_record {
    struct frontier_key key;
    uint64_t seq;
    uint64_t before; /* as of the start of the batch being looked at */
};

struct state_record {
    struct digest frontier;
    struct digest state;
};

struct auditor {
    struct book *book;
    bool parted;
    struct book *books[SIM_MACHINES_MAX]; /* once parted */
    struct map written;                   /* once parted: every block that its owner wrote */
    struct map frontiers;
    struct map states;
    struct message message;
    struct book_opinion opinions[BLOCK_EVENTS_MAX];
    struct block block;
};

struct auditor *auditor_new(void)
{
    struct auditor *auditor = calloc(1, sizeof *auditor);
    if (auditor == NULL) {
        abort();
    }
    auditor->book = book_new();
    auditor->frontiers = map_of(sizeof(struct frontier_key), sizeof(struct frontier_record));
    auditor->states = map_of(sizeof(struct digest), sizeof(struct state_record));
    auditor->written = map_of(sizeof(struct digest), sizeof(struct digest));
    return auditor;
}

void auditor_free(struct auditor *auditor)
{
    if (auditor == NULL) {
        return;
    }
    book_free(auditor->book);
    for (uint32_t i = 0; i < SIM_MACHINES_MAX; i++) {
        book_free(auditor->books[i]);
    }
    map_free(&auditor->written);
    map_free(&auditor->frontiers);
    map_free(&auditor->states);
    free(auditor);
}

struct book *auditor_book(struct sim *sim)
{
    return sim->auditor->book;
}

static struct frontier_record *frontier_of(struct world *machine, uint64_t journal)
{
    struct frontier_key key = {machine->index, journal};
    return map_put(&machine->sim->auditor->frontiers, &key);
}

uint64_t auditor_durable(struct world *machine, uint64_t journal)
{
    return frontier_of(machine, journal)->seq;
}

struct book *auditor_replay(struct world *machine)
{
    struct book *book = book_new();
    struct auditor *auditor = machine->sim->auditor;
    book->sim = machine->sim;
    struct bytes key = bytes_of("N", 1);
    struct bytes place = {0};
    while (disk_peek(machine->disk, key, &key, &place) == STATUS_OK && key.data[0] == 'N') {
        uint8_t block_key[17] = {'L'};
        memcpy(block_key + 1, place.data, 16);
        struct bytes whole = {0};
        if (disk_look(machine->disk, BYTES_OF(block_key), &whole) != STATUS_OK ||
            block_decode(whole, &auditor->block) != STATUS_OK ||
            !book_enter(book, &auditor->block, auditor->opinions)) {
            sim_finding(machine->sim, "S12", "machine %u: its blocks cannot be read",
                        machine->index);
            break;
        }
    }
    return book;
}

/* The frontier of a machine as its book has it, for its disk went back. */
static void set_frontiers(struct world *machine, const struct book *book)
{
    struct auditor *auditor = machine->sim->auditor;
    for (uint32_t i = 0; i < auditor->frontiers.count; i++) {
        struct frontier_record *frontier = map_at(&auditor->frontiers, i);
        if (frontier->key.machine == machine->index) {
            const struct book_journal *journal = book_journal_of(book, frontier->key.journal);
            frontier->seq = journal == NULL ? 0 : journal->seq;
            frontier->before = frontier->seq;
        }
    }
    for (uint32_t i = 0; i < book->journals.count; i++) {
        const struct book_journal *journal = map_at(&book->journals, i);
        struct frontier_record *frontier = frontier_of(machine, journal->journal);
        frontier->seq = journal->seq;
        frontier->before = journal->seq;
    }
}

void auditor_part(struct sim *sim)
{
    struct auditor *auditor = sim->auditor;
    for (uint32_t i = 0; i < auditor->book->blocks.count; i++) {
        const struct book_block *block = map_at(&auditor->book->blocks, i);
        (void)map_put(&auditor->written, &block->id);
    }
    for (uint32_t i = 0; i < sim->machine_count; i++) {
        struct world *machine = &sim->machines[i];
        if (!machine->hostile) {
            auditor->books[i] = auditor_replay(machine);
            set_frontiers(machine, auditor->books[i]);
        }
    }
    auditor->parted = true;
}

struct book *auditor_book_of(struct world *machine)
{
    struct auditor *auditor = machine->sim->auditor;
    if (!auditor->parted) {
        return auditor->book;
    }
    if (auditor->books[machine->index] == NULL) {
        auditor->books[machine->index] = auditor_replay(machine);
    }
    return auditor->books[machine->index];
}

uint64_t auditor_durable_before(struct world *machine, uint64_t journal)
{
    return frontier_of(machine, journal)->before;
}

static bool is_durable(struct world *machine, const struct book_place *place, bool before)
{
    const struct frontier_record *frontier = frontier_of(machine, place->journal);
    return place->seq <= (before ? frontier->before : frontier->seq);
}

static bool token_is_live(struct world *machine, const struct book_token *token, bool before)
{
    if (!token->seen || !is_durable(machine, &token->freeze, before)) {
        return false;
    }
    for (uint32_t i = 0; i < token->lift_count; i++) {
        if (is_durable(machine, &token->lifts[i], before)) {
            return false;
        }
    }
    return true;
}

uint32_t auditor_frozen_at(struct world *machine, const struct subject_id *account)
{
    uint32_t live = 0;
    for (const struct book_token *token = book_newest_token(auditor_book_of(machine), account);
         token != NULL; token = token->earlier) {
        live += token_is_live(machine, token, false) ? 1 : 0;
    }
    return live;
}

bool auditor_lifted_elsewhere(struct world *machine, const struct subject_id *account)
{
    struct sim *sim = machine->sim;
    for (uint32_t i = 0; i < sim->machine_count; i++) {
        for (const struct book_token *token =
                 book_newest_token(auditor_book_of(&sim->machines[i]), account);
             token != NULL; token = token->earlier) {
            if (token_is_live(machine, token, false) && token->lift_count > 0) {
                return true;
            }
        }
        if (!sim->auditor->parted) {
            break; /* all have one book */
        }
    }
    return false;
}

void auditor_secrecy(struct world *machine, struct bytes bytes, const char *where)
{
    for (size_t i = 0; i < sizeof canaries / sizeof canaries[0]; i++) {
        if (memmem(bytes.data, bytes.size, canaries[i], strlen(canaries[i])) != NULL) {
            sim_finding(machine->sim, "S23", "machine %u: personal text in the clear in %s",
                        machine->index, where);
        }
    }
}

void auditor_state(struct world *machine, const struct digest *frontier, const struct digest *state)
{
    struct state_record *record = map_find(&machine->sim->auditor->states, frontier);
    if (record == NULL) {
        record = map_put(&machine->sim->auditor->states, frontier);
        record->state = *state;
        return;
    }
    if (!digest_equal(&record->state, state)) {
        sim_finding(machine->sim, "S11", "machine %u: another state at an equal frontier",
                    machine->index);
    }
}

void auditor_balance(struct sim *sim)
{
    for (uint32_t i = 0; i < sim->machine_count; i++) {
        const struct book_lot *lot = book_unbalanced(auditor_book_of(&sim->machines[i]));
        if (lot != NULL) {
            sim_finding(sim, "S1", "lot %02x%02x.. does not add up", lot->id[0], lot->id[1]);
        }
        lot = book_overdrawn(auditor_book_of(&sim->machines[i]));
        if (lot != NULL) {
            sim_finding(sim, "V3", "of lot %02x%02x.. more was used and burned than there was",
                        lot->id[0], lot->id[1]);
        }
        if (!sim->auditor->parted) {
            return; /* all have one book */
        }
    }
}

/* ---- what honest nodes write ---- */

static const char *invariant_of(uint16_t type, enum invalid_reason reason)
{
    switch (reason) {
    case INVALID_LOT_TIME:
        if (type == EVENT_LOT_EXPIRE) {
            return "V2";
        }
        return "V1";
    case INVALID_NOT_COVERED:
        if (type == EVENT_SPEND_CAPTURE) {
            return "A2";
        }
        return "S2";
    case INVALID_OVER_ACCEPT:
    case INVALID_OVER_WITNESS:
        return "S3";
    case INVALID_SELF_MOVE:
        return "S1";
    case INVALID_RISK_CAP:
    case INVALID_RISK_GUARD:
        return "S4";
    case INVALID_EXPOSED:
        return "S5";
    case INVALID_OVER_QUOTA:
        return "S6";
    case INVALID_FROZEN:
        return "S15";
    case INVALID_NOT_RETIRED:
        return "S17";
    case INVALID_BAD_REF:
        if (type == EVENT_SPEND_CAPTURE || type == EVENT_SPEND_RELEASE) {
            return "A1";
        }
        return "S16";
    case INVALID_NONE:
    case INVALID_MALFORMED:
    case INVALID_BAD_AMOUNT:
    case INVALID_NO_ROLE:
    case INVALID_NOT_ACTIVE:
    case INVALID_WRONG_ACCOUNT:
    case INVALID_WRONG_NUMBER:
        break;
    }
    return "S8";
}

static void check_own_event(struct world *machine, const struct block *block,
                            const struct book_opinion *opinion, uint16_t index)
{
    struct sim *sim = machine->sim;
    const char *name = event_type_name(opinion->event.type);
    census_event(sim->census, opinion->event.type);
    bool waits = book_may_wait(auditor_book_of(machine), &block->header, opinion);
    sim->census->counts[CENSUS_PENDING_MINTS] += waits ? 1 : 0;
    if (opinion->reason != INVALID_NONE && !waits) {
        sim_finding(sim, invariant_of(opinion->event.type, opinion->reason),
                    "machine %u wrote an invalid %s: %s", machine->index, name,
                    invalid_reason_name((uint8_t)opinion->reason));
        return;
    }
    if (opinion->after_wrong) {
        sim_finding(sim, "S12", "machine %u: %s states a wrong remainder", machine->index, name);
    }
    if (opinion->card_repeated) {
        sim_finding(sim, "C01", "machine %u issued a card number twice", machine->index);
    }
    if (opinion->event.type == EVENT_ACCOUNT_UNFREEZE) {
        foresight_lifted(sim, &opinion->event.subject);
    }
    if (opinion->wish_wrong) {
        sim_finding(sim, "I5", "machine %u calls a request done that it did not carry out",
                    machine->index);
    }
    sim->census->counts[CENSUS_RESTORED_LOTS] += opinion->record->restored ? 1 : 0;
    sim->census->counts[CENSUS_REQUESTS_DONE] += opinion->record->asked_by_wish ? 1 : 0;
    if (opinion->event.type == EVENT_RIGHTS_MOVE && opinion->event.body.move.why == MOVE_SPREAD) {
        sim->census->counts[CENSUS_SPREADS]++;
    }
    if (opinion->event.type == EVENT_RIGHTS_MOVE && opinion->event.body.move.why == MOVE_PULLED) {
        sim->census->counts[CENSUS_PULLS]++;
    }
    census_witness(sim->census, &opinion->event);
    hold_check(machine, block, &opinion->event);
    warrant_check(machine, block, opinion, index);
    writeoff_check(machine, &opinion->event);
    sim_tell(sim, "  machine %u writes %s %lld at %llu", machine->index, name,
             (long long)opinion->record->amount, (unsigned long long)block->header.seq);
}

static bool writes_journal(const struct world *machine, uint64_t journal)
{
    return journal == machine->journal ||
           (journal_is_authority(journal) && machine->index == SIM_OFFICE);
}

static void enter_own(struct world *machine, const struct block *block)
{
    struct sim *sim = machine->sim;
    struct auditor *auditor = sim->auditor;
    struct book *book = auditor_book_of(machine);
    const struct block_header *header = &block->header;
    const struct book_block *known = book_block_at(book, header->journal, header->seq);
    if (known != NULL) {
        if (!digest_equal(&known->id, &block->id)) {
            sim_finding(sim, "S13", "machine %u signed two blocks at seq %llu", machine->index,
                        (unsigned long long)header->seq);
        }
        return;
    }
    const struct book_journal *journal = book_journal_of(book, header->journal);
    uint64_t tip = journal == NULL ? 0 : journal->seq;
    bool linked = journal == NULL || tip == 0 || digest_equal(&journal->id, &header->prev);
    bool rises = journal == NULL || tip == 0 ||
                 (header->hlc > journal->hlc && header->day >= journal->day &&
                  header->auth >= journal->auth);
    if (header->seq != tip + 1 || !linked || !rises) {
        sim_finding(sim, "I7", "machine %u: block %llu does not continue its journal",
                    machine->index, (unsigned long long)header->seq);
        return;
    }
    if (auditor->parted) {
        double_before(machine, book);
        (void)map_put(&auditor->written, &block->id);
    }
    if (!book_enter(book, block, auditor->opinions)) {
        sim_finding(sim, "S8", "machine %u wrote an event that does not decode", machine->index);
        return;
    }
    if (auditor->parted) {
        double_after(machine, book);
    }
    for (uint32_t i = 0; i < header->count; i++) {
        check_own_event(machine, block, &auditor->opinions[i], (uint16_t)i);
    }
    warrant_check_requests(machine, auditor->opinions, header->count);
}

/* ---- what any node admits ---- */

/* A freeze that was durable here before this batch's decisions, and that nothing in the batch
 * lifts, forbids to use the account. */
static bool was_frozen(struct world *machine, const struct subject_id *account)
{
    for (const struct book_token *token = book_newest_token(auditor_book_of(machine), account);
         token != NULL; token = token->earlier) {
        if (token_is_live(machine, token, true) && token_is_live(machine, token, false)) {
            return true;
        }
    }
    return false;
}

static void check_freezes(struct world *machine, const struct block *block)
{
    struct sim *sim = machine->sim;
    for (uint32_t i = 0; i < block->header.count; i++) {
        struct event_ref at = {block->header.journal, block->header.seq, (uint16_t)i};
        const struct book_event *record = book_event_at(auditor_book_of(machine), at);
        bool uses =
            record != NULL && (record->type == EVENT_SPEND || record->type == EVENT_SPEND_HOLD ||
                               record->type == EVENT_LOT_REBIND ||
                               (record->type == EVENT_RIGHTS_MOVE &&
                                (record->why == MOVE_PULLED || record->why == MOVE_SPREAD)));
        if (uses && was_frozen(machine, &record->subject)) {
            sim_finding(sim, "S15", "machine %u wrote %s of an account that it knew frozen",
                        machine->index, event_type_name(record->type));
        }
    }
}

static void check_deps(struct world *machine, const struct block *block)
{
    struct sim *sim = machine->sim;
    const struct block_header *header = &block->header;
    for (uint32_t i = 0; i < header->dep_count; i++) {
        const struct block_dep *dep = &header->deps[i];
        const struct book_block *named =
            book_block_at(auditor_book_of(machine), dep->journal, dep->seq);
        if (auditor_durable(machine, dep->journal) < dep->seq || named == NULL ||
            !digest_equal(&named->id, &dep->id)) {
            sim_finding(sim, "S14", "machine %u admitted a block without what it depends on",
                        machine->index);
        }
    }
    if (!journal_is_authority(header->journal)) {
        uint64_t authority = 0;
        const struct book *book = auditor_book_of(machine);
        for (uint32_t i = 0; i < book->journals.count; i++) {
            const struct book_journal *journal = map_at(&book->journals, i);
            if (journal_is_authority(journal->journal)) {
                uint64_t seq = auditor_durable(machine, journal->journal);
                authority = seq > authority ? seq : authority;
            }
        }
        if (header->auth > authority) {
            sim_finding(sim, "S14", "machine %u admitted a block ahead of the authority",
                        machine->index);
        }
    }
}

/* Decodes the block of a row, if the row is one. */
static bool row_is_block(struct auditor *auditor, const struct write *write)
{
    return write->key.size >= 17 && write->key.data[0] == 'L' && write->value.size > 0 &&
           block_decode(write->value, &auditor->block) == STATUS_OK;
}

/* Once the books have parted: if its owner wrote it, it goes into this machine's book. */
static void enter_foreign(struct world *machine, const struct block *block)
{
    struct auditor *auditor = machine->sim->auditor;
    const struct book_journal *writer =
        book_journal_of(auditor_book_of(machine), block->header.journal);
    /* But for the office, which gathers, and once it has said what stands. */
    bool may_follow = machine->index == SIM_OFFICE || (writer != NULL && writer->retired_at != 0);
    if (block->header.journal == double_journal(machine->sim) && double_is_frozen(machine) &&
        !may_follow) {
        sim_finding(machine->sim, "S13", "machine %u takes more of a journal that it knows forked",
                    machine->index);
    }
    if (map_find(&auditor->written, &block->id) != NULL &&
        !book_enter(auditor_book_of(machine), block, auditor->opinions)) {
        sim_finding(machine->sim, "S8", "machine %u admitted an event that does not decode",
                    machine->index);
    }
}

static void admit(struct world *machine, const struct block *block)
{
    struct sim *sim = machine->sim;
    const struct block_header *header = &block->header;
    if (writes_journal(machine, header->journal)) {
        enter_own(machine, block);
    }
    if (sim->auditor->parted && !writes_journal(machine, header->journal)) {
        enter_foreign(machine, block);
    }
    const struct book_block *known =
        book_block_at(auditor_book_of(machine), header->journal, header->seq);
    struct frontier_record *frontier = frontier_of(machine, header->journal);
    if (known == NULL || !digest_equal(&known->id, &block->id)) {
        sim_finding(sim, "I7", "machine %u admitted block %llu of %llx that its owner never wrote",
                    machine->index, (unsigned long long)header->seq,
                    (unsigned long long)header->journal);
        return;
    }
    if (header->seq != frontier->seq + 1) {
        sim_finding(sim, "S14", "machine %u admitted block %llu of %llx after %llu", machine->index,
                    (unsigned long long)header->seq, (unsigned long long)header->journal,
                    (unsigned long long)frontier->seq);
    }
    writeoff_admitted(machine, header);
    frontier->seq = header->seq;
}

void auditor_batch(struct world *machine, const struct write *writes, size_t count)
{
    struct auditor *auditor = machine->sim->auditor;
    for (size_t i = 0; i < count; i++) {
        auditor_secrecy(machine, writes[i].value, "a row");
        auditor_secrecy(machine, writes[i].key, "a row's key");
        if (row_is_block(auditor, &writes[i])) {
            admit(machine, &auditor->block);
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (row_is_block(auditor, &writes[i])) {
            check_deps(machine, &auditor->block);
            if (writes_journal(machine, auditor->block.header.journal)) {
                check_freezes(machine, &auditor->block);
            }
        }
    }
    for (uint32_t i = 0; i < auditor->frontiers.count; i++) {
        struct frontier_record *frontier = map_at(&auditor->frontiers, i);
        if (frontier->key.machine == machine->index) {
            frontier->before = frontier->seq;
        }
    }
}

/* ---- what leaves a node ---- */

static void check_sent_blocks(struct world *machine, const struct message *message)
{
    struct sim *sim = machine->sim;
    for (uint32_t i = 0; i < message->body.blocks.count; i++) {
        struct block *block = &sim->auditor->block;
        if (block_decode(message->body.blocks.list[i], block) != STATUS_OK) {
            sim_finding(sim, "S21", "machine %u sent a block that does not decode", machine->index);
            continue;
        }
        if (block->header.seq > auditor_durable(machine, block->header.journal)) {
            sim_finding(sim, "S9", "machine %u sent block %llu of %llx before it was durable",
                        machine->index, (unsigned long long)block->header.seq,
                        (unsigned long long)block->header.journal);
        }
    }
}

static void check_sent_tips(struct world *machine, const struct message *message)
{
    for (uint32_t i = 0; i < message->body.tips.count; i++) {
        const struct tip *tip = &message->body.tips.list[i];
        if (tip->seq > auditor_durable(machine, tip->journal)) {
            sim_finding(machine->sim, "S9", "machine %u announced block %llu before it was durable",
                        machine->index, (unsigned long long)tip->seq);
        }
    }
}

void auditor_frame(struct world *machine, struct bytes frame)
{
    struct sim *sim = machine->sim;
    struct message *message = &sim->auditor->message;
    auditor_secrecy(machine, frame, "a frame");
    if (frame.size > FRAME_SIZE_MAX) {
        sim_finding(sim, "S21", "machine %u sent a frame of %zu bytes", machine->index, frame.size);
        return;
    }
    if (message_decode(frame, message) != STATUS_OK) {
        sim_finding(sim, "S21", "machine %u sent a frame that does not decode", machine->index);
        return;
    }
    if ((uint32_t)message->kind < 100) {
        sim->census->counts[CENSUS_MESSAGE + (uint32_t)message->kind]++;
    }
    if (message->kind == MESSAGE_BLOCKS) {
        check_sent_blocks(machine, message);
    }
    if (message->kind == MESSAGE_TIPS) {
        check_sent_tips(machine, message);
    }
    if (message->kind == MESSAGE_RIGHTS_RSP && message->body.rights_rsp.status == RIGHTS_GRANTED &&
        message->body.rights_rsp.holder == machine->journal &&
        message->body.rights_rsp.seq > auditor_durable(machine, machine->journal)) {
        sim_finding(sim, "S9", "machine %u promised a move before it was durable", machine->index);
    }
}

void auditor_hostile(struct sim *sim, struct bytes block_bytes, enum invalid_reason expected)
{
    struct auditor *auditor = sim->auditor;
    if (block_decode(block_bytes, &auditor->block) != STATUS_OK ||
        !book_enter(auditor->book, &auditor->block, auditor->opinions)) {
        sim_finding(sim, "X2", "the hostile branch made a block that does not decode");
        return;
    }
    const struct book_opinion *last = &auditor->opinions[auditor->block.header.count - 1];
    if (last->reason != expected) {
        sim_finding(sim, "X2", "the book says %s of a hostile %s, planned was %s",
                    invalid_reason_name((uint8_t)last->reason), event_type_name(last->event.type),
                    invalid_reason_name((uint8_t)expected));
    }
}
