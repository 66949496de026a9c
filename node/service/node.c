#include "node.h"

#include "desk.h"
#include "estate.h"
#include "expiry.h"
#include "forks.h"
#include "freezes.h"
#include "holds.h"
#include "ingest.h"
#include "journal.h"
#include "later.h"
#include "members.h"
#include "node_state.h"
#include "office.h"
#include "pull.h"
#include "requests.h"
#include "risk.h"
#include "spreading.h"
#include "talk.h"
#include "trust.h"

#include <assert.h>
#include <string.h>

enum {
    ROOM_EVENTS = 20,
    ROOM_SIZE = 18 * 1024,
    REPLICA_BLOCKS = 64, /* others' blocks that share one sync, when nobody waits for it */
    REPLICA_LINGER_MS = 40,
};

void node_alarm(struct node *node, enum alarm alarm, uint64_t journal, uint64_t seq)
{
    node->alarms++;
    node->divergences += alarm == ALARM_DIVERGENCE ? 1 : 0;
    world_alarm(node->world, alarm, journal, seq);
}

/* What was waiting for this batch to be durable is said now: answers first, then frames. */
static void speak(struct node *node, struct batch *batch)
{
    for (uint32_t i = 0; i < batch->answer_count; i++) {
        world_answer(node->world, batch->answers[i].request, &batch->answers[i].answer);
    }
    for (uint32_t i = 0; i < batch->frame_count; i++) {
        if (talk_peer_of_link(node, batch->frames[i].link) != NULL) {
            world_send(node->world, batch->frames[i].link, CHANNEL_CONTROL,
                       bytes_of(batch->frames[i].bytes, batch->frames[i].size));
        }
    }
    batch->answer_count = 0;
    batch->frame_count = 0;
}

static uint64_t shown(const struct node *node)
{
    uint64_t most = 0;
    for (uint32_t i = 0; i < node->frontier.count; i++) {
        most = node->shown[i] > most ? node->shown[i] : most;
    }
    return most;
}

/* The blocks of the batch are durable: they may be spoken of. */
static void note_committed(struct node *node, const struct batch *batch)
{
    for (uint32_t i = 0; i < batch->block_count; i++) {
        const struct batch_block *block = &batch->blocks[i];
        const struct frontier_entry *entry = frontier_find(&node->frontier, block->journal);
        assert(entry != NULL);
        uint32_t at = frontier_position(&node->frontier, entry);
        node->seqs_committed[at] = block->seq;
        node->ids_committed[at] = block->id;
        if (block->journal == node->journal) {
            if (shown(node) >= node->own_committed.seq) {
                node->unreplicated_since_ms = world_monotonic_ms(node->world);
            }
            node->own_committed.seq = block->seq;
            node->own_committed.id = block->id;
            node->own_committed.hlc = block->hlc;
            node->own_committed.day = block->day;
        }
    }
    if (batch->block_count > 0) {
        node->frontier_version++;
    }
}

static void hear_committed(struct node *node, enum status status)
{
#if !defined(MUTANT_write_error_ignored)
    if (status != STATUS_OK) {
        node->stopped = true; /* the next start reads what happened */
        return;
    }
#endif
    assert(node->in_flight);
    struct batch *batch = node->flight;
    rows_committed(node->rows);
    node->counters_committed = node->counters_flight;
    node->in_flight = false;
    note_committed(node, batch);
    bool urgent = batch->frame_count > 0 || batch->urgent;
    batch->urgent = false;
    speak(node, batch);
    talk_committed(node, urgent);
    batch->block_count = 0;
    if (node->parked_count > 0) {
        node->parked_dirty = true;
    }
}

static void hear_tick(struct node *node)
{
    uint64_t now = world_monotonic_ms(node->world);
    talk_tick(node, now);
    pull_retry(node, now);
    trust_tick(node, now);
    members_sweep_keys(node, now);
    freezes_sweep(node);
    requests_sweep(node, now);
    spread_sweep(node, now);
    risk_sweep(node, now);
    forks_tick(node, now);
    estate_tick(node, now);
    later_sweep(node);
    expiry_sweep(node, now);
    holds_sweep(node);
}

bool node_step(struct node *node, const struct input *input)
{
    assert(!node->stopped);
    switch (input->kind) {
    case INPUT_TICK:
        hear_tick(node);
        break;
    case INPUT_COMMITTED:
        hear_committed(node, input->committed);
        break;
    case INPUT_VERIFIED:
        ingest_verified(node, input->token, input->verified);
        break;
    case INPUT_LINK_UP:
        talk_link_up(node, input);
        break;
    case INPUT_LINK_DOWN:
        talk_link_down(node, input->link);
        break;
    case INPUT_FRAME:
        talk_hear(node, input);
        break;
    case INPUT_REQUEST:
        desk_request(node, input->request);
        break;
    }
#if !defined(MUTANT_read_error_ignored)
    node->stopped = node->stopped || rows_failed(node->rows);
#endif
    return !node->stopped;
}

/* Others' blocks that nobody here waits for may share a sync with those that come next. A till, a
 * peer that asked for rights, or a sale that waits for them is never made to wait. */
static bool may_linger(struct node *node)
{
    const struct batch *batch = node->open;
    uint64_t now = world_monotonic_ms(node->world);
    if (node->open_since_ms == 0) {
        node->open_since_ms = now;
    }
    bool waited_for = batch->answer_count > 0 || batch->frame_count > 0 || node->parked_count > 0 ||
                      node->draining || (node->block.open && node->block.header.count > 0);
    return !waited_for && batch->block_count < REPLICA_BLOCKS &&
           now - node->open_since_ms < REPLICA_LINGER_MS;
}

static void hand_over(struct node *node)
{
    node->open_since_ms = 0;
    journal_close(node);
    node->counters.digest = rows_digest(node->rows);
    counters_save(node->rows, &node->counters);
    node->counters_flight = node->counters;
    struct batch *batch = node->open;
    node->open = node->flight;
    node->flight = batch;
    node->in_flight = true;
#if defined(MUTANT_publish_before_commit)
    for (uint32_t i = 0; i < batch->block_count; i++) {
        const struct frontier_entry *entry =
            frontier_find(&node->frontier, batch->blocks[i].journal);
        node->seqs_committed[frontier_position(&node->frontier, entry)] = batch->blocks[i].seq;
    }
    talk_committed(node, true);
#endif
    rows_commit(node->rows);
}

/* Does the open batch hold anything of our own journal, signed already or not? */
static bool decided(const struct node *node)
{
    bool any = node->block.open && node->block.header.count > 0;
#if !defined(MUTANT_closed_block_escapes)
    for (uint32_t i = 0; i < node->open->block_count; i++) {
        any = any || node->open->blocks[i].journal == node->journal;
    }
#endif
    return any;
}

bool node_turn(struct node *node)
{
    assert(!node->stopped);
    ingest_admit(node);
    talk_schedule(node);
    desk_reconsider(node);
    if (rows_failed(node->rows)) {
        node->stopped = true;
        return false;
    }
    if (node->in_flight) {
        return true;
    }
    if (rows_open_is_empty(node->rows)) {
        /* Nothing was decided; what is to be said rests on what is durable already. */
        node->block.open = false;
        speak(node, node->open);
        return true;
    }
    if (node->read_only && !node->retired && decided(node)) {
        /* Found out after deciding: what stands at these positions elsewhere is not ours to know.
         */
        node->stopped = true;
        return false;
    }
    if (!may_linger(node)) {
        hand_over(node);
    }
    return true;
}

bool node_has_room(const struct node *node)
{
    bool crowded =
        node->block.open && node->block.header.dep_count + SHEET_HOLDERS_MAX * 2 > BLOCK_DEPS_MAX;
    return !crowded && journal_has_room(node, ROOM_EVENTS, ROOM_SIZE);
}

bool node_is_idle(const struct node *node)
{
    bool waiting = false;
    for (uint32_t i = 0; i < node->ingest_count; i++) {
        waiting = waiting || node->ingest[i].state != INGEST_FREE;
    }
    return !waiting && !node->in_flight && node->parked_count == 0 &&
           rows_open_is_empty(node->rows) && node->open->answer_count == 0;
}

void node_drain(struct node *node)
{
    node->draining = true;
    desk_clear(node);
}

bool node_is_read_only(const struct node *node)
{
    return node->read_only && !node->retired;
}

void node_hold(struct node *node, bool held)
{
    node->held = held;
}

struct node_head node_head(const struct node *node)
{
#if defined(MUTANT_head_before_commit)
    const struct frontier_entry *own = frontier_find(&node->frontier, node->journal);
    return (struct node_head){.seq = own->seq, .id = own->id, .hlc = own->hlc, .day = own->day};
#endif
    return (struct node_head){.seq = node->own_committed.seq,
                              .id = node->own_committed.id,
                              .hlc = node->own_committed.hlc,
                              .day = node->own_committed.day};
}

bool node_authority(const struct node *node, struct node_authority *authority)
{
    const struct frontier_entry *tip = frontier_find(&node->frontier, journal_of(0, 1));
    const struct roster_epoch *epoch = roster_epoch(&node->roster);
    if (tip == NULL || epoch == NULL) {
        return false;
    }
    *authority = (struct node_authority){.epoch = epoch->number,
                                         .until_day = epoch->until_day,
                                         .day = tip->day,
                                         .seq = tip->seq,
                                         .id = tip->id};
    memcpy(authority->public_key, epoch->public_key, sizeof authority->public_key);
    return true;
}

uint32_t node_contacts(const struct node *node, struct node_contact *contacts, uint32_t max)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < node->roster.journal_count && count < max; i++) {
        const struct roster_journal *entry = &node->roster.journals[i];
        if (entry->journal == node->journal ||
            roster_retired(&node->roster, entry->journal, node->roster.seq) != NULL) {
            continue;
        }
        struct node_contact *contact = &contacts[count++];
        contact->journal = entry->journal;
        contact->roles = entry->roles;
        contact->endpoint_size = entry->endpoint_size;
        memcpy(contact->transport_key, entry->transport_key, sizeof contact->transport_key);
        memcpy(contact->endpoint, entry->endpoint, entry->endpoint_size);
    }
    return count;
}

bool node_admits(const struct node *node, const uint8_t transport_key[static 32])
{
    const struct roster_journal *entry = roster_by_transport(&node->roster, transport_key);
    return (entry != NULL && entry->retired.kind != RETIRE_STOLEN) ||
           (node->office && office_invited(node, transport_key));
}
