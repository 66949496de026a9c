#include "forks.h"

#include "block_codec.h"
#include "desk.h"
#include "journal.h"
#include "record_fork.h"
#include "talk.h"

#include <assert.h>
#include <string.h>

enum {
    TELL_EVERY_MS = 5000,
    ASK_EVERY_MS = 2000,   /* for the other half of a proof */
    WRITE_AFTER_MS = 5000, /* a branch leaves the office time to write it down first */
    EVENT_ROOM = EVENT_SIZE_MAX,
    FOLLOW_BLOCKS = 64, /* asked for at once of a journal in quarantine */
};

bool fork_proof_holds(struct node *node, const struct fork_proof *proof, uint64_t auth)
{
    const struct roster_journal *entry = roster_journal(&node->roster, proof->journal, auth);
#if defined(MUTANT_fork_unproved)
    return entry != NULL;
#endif
    for (int i = 0; entry != NULL && i < 2; i++) {
        uint8_t memory[BLOCK_HEADER_SIZE_MAX + 64];
        struct buffer body = BUFFER_OVER(memory);
        if (block_signed_bytes(&node->network, proof->headers[i], &body) != STATUS_OK) {
            return false;
        }
        struct signature_check check = {.body = buffer_bytes(&body),
                                        .signature = proof->signatures[i].data,
                                        .public_key = entry->public_key};
        if (!world_verify_now(node->world, &check)) {
            return false;
        }
    }
    return entry != NULL;
}

/* This is our own journal: somebody writes in it with our key, a restored or cloned disk, and which
 * of the two is older nobody can say. Neither writes any more (H2). */
static void stop_writing(struct node *node, const struct fork_proof *proof)
{
    if (!node->read_only) {
        node_alarm(node, ALARM_AMNESIA, node->journal, proof->seq);
        node->read_only = true;
        desk_clear(node);
    }
}

/* Keeps a proof that holds, and takes no more of the journal. */
static void keep(struct node *node, const struct fork_proof *proof, uint64_t told_by)
{
    struct frontier_entry *entry = frontier_find(&node->frontier, proof->journal);
    if (entry == NULL || entry->proved) {
        return;
    }
    if (!entry->frozen) {
        node_alarm(node, ALARM_JOURNAL_FORK, proof->journal, proof->seq);
    }
    entry->proved = true;
#if !defined(MUTANT_fork_goes_on)
    entry->frozen = true;
#endif
    frontier_save(node->rows, entry);
    int64_t wall = world_wall_ms(node->world);
    struct fork_record record = {.seq = proof->seq,
                                 .told_by = told_by,
                                 .seen_ms = wall < 0 ? 0 : (uint64_t)wall,
                                 .headers = {proof->headers[0], proof->headers[1]},
                                 .signatures = {proof->signatures[0], proof->signatures[1]}};
    fork_save(node->rows, proof->journal, &record);
    node->fork_seen_ms = world_monotonic_ms(node->world);
    for (uint32_t i = 0; i < node->peers_max; i++) {
        node->peers[i].forks_told_ms = 0;
        node->peers[i].tips_full = true; /* they hear that we know */
    }
    if (proof->journal == node->journal) {
        stop_writing(node, proof);
    }
}

/* The block at a place that we hold, out of its row. */
static bool own_half(struct node *node, uint64_t journal, uint64_t seq, uint8_t *memory,
                     struct bytes *header, struct bytes *signature)
{
    struct row_key key = key_of_block(journal, seq);
    struct buffer whole = {.data = memory, .capacity = BLOCK_SIZE_MAX};
    return rows_load(node->rows, row_key_bytes(&key), &whole, NULL) &&
           block_halves(buffer_bytes(&whole), header, signature);
}

/* The peer at the end of this link is asked for the block that it must have in place of ours. */
static void dispute(struct node *node, uint32_t link, uint64_t journal, uint64_t seq)
{
    struct peer *peer = talk_peer_of_link(node, link);
    if (peer != NULL && seq > 0) {
        peer->disputed = seq;
        peer->disputed_of = journal;
        node->want_dirty = true;
    }
}

void forks_compare(struct node *node, const struct block *block, uint32_t link)
{
    uint64_t journal = block->header.journal;
    struct frontier_entry *entry = frontier_find(&node->frontier, journal);
    struct digest id;
    if (entry == NULL || entry->proved) {
        return;
    }
    if (block->header.seq == entry->seq + 1 && !digest_equal(&block->header.prev, &entry->id)) {
        /* Its predecessor is another than ours. What it links to is signed by its own signature, so
         * no more of the journal is taken at once; others believe the two blocks themselves. */
        if (!entry->frozen) {
            node_alarm(node, ALARM_JOURNAL_FORK, journal, block->header.seq);
        }
#if !defined(MUTANT_fork_goes_on)
        entry->frozen = true;
#endif
        frontier_save(node->rows, entry);
        dispute(node, link, journal, entry->seq);
        return;
    }
    if (!journal_block_id(node, journal, block->header.seq, &id) || digest_equal(&id, &block->id)) {
        return;
    }
    struct bytes headers[2] = {{0}, block->header_bytes};
    struct bytes signatures[2] = {{0}, block->signature};
    struct fork_proof proof;
    const struct peer *peer = talk_peer_of_link(node, link);
    if (own_half(node, journal, block->header.seq, node->fork_scratch, &headers[0],
                 &signatures[0]) &&
        fork_proof_of(headers, signatures, &proof) &&
        fork_proof_holds(node, &proof, node->roster.seq)) {
        keep(node, &proof, peer == NULL ? 0 : peer->journal);
    }
}

static const struct roster_end *resolved(const struct node *node, uint64_t journal)
{
    const struct roster_end *end = roster_end_of(&node->roster, journal);
    return end != NULL && end->forked ? end : NULL;
}

bool forks_follows(const struct node *node, const struct frontier_entry *entry)
{
    const struct roster_end *end = resolved(node, entry->journal);
#if defined(MUTANT_resolve_not_followed)
    return end == NULL && node->office;
#endif
#if defined(MUTANT_fork_not_gathered)
    return end != NULL && entry->seq < end->seq;
#endif
    return end != NULL ? entry->seq < end->seq
                       : node->office && roster_end_of(&node->roster, entry->journal) == NULL;
}

/* Where the known part of the path that stands begins. */
static uint64_t path_begin(const struct node *node, uint32_t at, struct digest *id)
{
    const struct roster_end *end = resolved(node, node->frontier.entries[at].journal);
    const struct watch *watch = &node->watch[at];
    bool known = watch->path_seq > node->frontier.entries[at].seq;
    *id = known ? watch->path_id : end->id;
    return known ? watch->path_seq : end->seq;
}

bool forks_wants(const struct node *node, uint32_t at, const struct peer *peer, uint64_t *from,
                 uint64_t *to)
{
    const struct frontier_entry *entry = &node->frontier.entries[at];
    if (!forks_follows(node, entry) || peer->has[at] <= entry->seq) {
        return false;
    }
    *from = entry->seq + 1;
    *to = peer->has[at] < entry->seq + FOLLOW_BLOCKS ? peer->has[at] : entry->seq + FOLLOW_BLOCKS;
    if (resolved(node, entry->journal) != NULL) {
        struct digest id;
        *to = path_begin(node, at, &id);
        *from = *to > entry->seq + FOLLOW_BLOCKS ? *to - FOLLOW_BLOCKS + 1 : entry->seq + 1;
    }
    return peer->has[at] >= *to;
}

bool forks_vet(struct node *node, const struct ingest *place)
{
    const struct frontier_entry *entry = frontier_find(&node->frontier, place->journal);
    uint32_t at = frontier_position(&node->frontier, entry);
    bool gathers = resolved(node, place->journal) == NULL;
    struct digest id;
    uint64_t seq = gathers ? 0 : path_begin(node, at, &id);
    struct digest last = {{0}};
    struct digest first_prev = {{0}};
    uint64_t first = 0;
    for (uint32_t i = 0; i < place->count; i++) {
        struct bytes whole = bytes_of(place->frame + place->at[i], place->size[i]);
        if (block_decode(whole, &node->decoded) != STATUS_OK) {
            return false;
        }
        const struct block_header *header = &node->decoded.header;
        if (i == 0) {
            first = header->seq;
            first_prev = header->prev;
        } else if (header->seq != first + i || !digest_equal(&header->prev, &last)) {
            return false;
        }
        last = node->decoded.id;
    }
    bool follows =
        first == entry->seq + 1 && (entry->seq == 0 || digest_equal(&first_prev, &entry->id));
    if (gathers) {
        return follows;
    }
    bool ends = first + place->count - 1 == seq && digest_equal(&last, &id);
#if defined(MUTANT_any_path_followed)
    ends = true;
#endif
    if (ends && !follows && first > entry->seq + 1) {
        node->watch[at].path_seq = first - 1; /* further back */
        node->watch[at].path_id = first_prev;
    }
    return ends && follows;
}

void forks_hear_event(struct node *node, uint64_t writer, const struct event *event)
{
    struct fork_proof proof;
    if (fork_proof_of(event->body.fork.headers, event->body.fork.signatures, &proof)) {
        keep(node, &proof, writer);
    }
}

void forks_hear_message(struct node *node, struct peer *peer, const struct message *message)
{
    struct fork_proof proof;
    bool formed = fork_proof_of(message->body.fork_proof.headers,
                                message->body.fork_proof.signatures, &proof);
    const struct frontier_entry *entry =
        formed ? frontier_find(&node->frontier, proof.journal) : NULL;
    if (formed && entry == NULL) {
        return; /* told again once the authority's block that admits it is here */
    }
    if (entry != NULL && entry->proved) {
        peer->tips_full = true; /* it has not heard that we know */
        return;
    }
    bool holds = formed && fork_proof_holds(node, &proof, node->roster.seq);
#if defined(MUTANT_proof_unchecked)
    holds = formed;
#endif
    if (!holds) {
        node_alarm(node, ALARM_BAD_BLOCK, peer->journal, 0);
        world_drop_link(node->world, peer->link);
        return;
    }
    keep(node, &proof, peer->journal);
}

void forks_hear_tip(struct node *node, struct peer *peer, const struct tip *tip)
{
    const struct frontier_entry *entry = frontier_find(&node->frontier, tip->journal);
    if (entry == NULL || !entry->proved || peer->fork_count > PEER_FORKS_MAX) {
        return;
    }
    bool knows = (tip->flags & TIP_PROVED) != 0;
    for (uint32_t i = 0; i < peer->fork_count; i++) {
        if (peer->forks[i] == tip->journal) {
            return;
        }
    }
    if (knows && peer->fork_count < PEER_FORKS_MAX) {
        peer->forks[peer->fork_count++] = tip->journal;
    }
}

static bool peer_knows(const struct peer *peer, uint64_t journal)
{
    for (uint32_t i = 0; i < peer->fork_count; i++) {
        if (peer->forks[i] == journal) {
            return true;
        }
    }
    return false;
}

/* Until the authority has said which history stands, everybody must know. */
static bool is_open(const struct node *node, const struct frontier_entry *entry)
{
    return entry->proved && roster_end_of(&node->roster, entry->journal) == NULL;
}

static void tell(struct node *node, struct peer *peer, uint64_t journal)
{
    struct fork_record record;
    struct buffer scratch = {.data = node->fork_scratch, .capacity = sizeof node->fork_scratch};
    if (!fork_load(node->rows, journal, &scratch, &record)) {
        return;
    }
    struct message *message = &node->message;
    message_begin(message, MESSAGE_FORK_PROOF, peer->session);
    for (int i = 0; i < 2; i++) {
        message->body.fork_proof.headers[i] = record.headers[i];
        message->body.fork_proof.signatures[i] = record.signatures[i];
    }
    talk_send(node, peer, CHANNEL_CONTROL, message);
}

static void spread_proofs(struct node *node, struct peer *peer, uint64_t now_ms)
{
    bool due = peer->forks_told_ms == 0 || now_ms - peer->forks_told_ms >= TELL_EVERY_MS;
    if (peer->state != PEER_ESTABLISHED || !due) {
        return;
    }
    peer->forks_told_ms = now_ms;
#if defined(MUTANT_proof_not_spread)
    return;
#endif
    for (uint32_t i = 0; i < node->frontier.count; i++) {
        const struct frontier_entry *entry = &node->frontier.entries[i];
        if (is_open(node, entry) && !peer_knows(peer, entry->journal)) {
            tell(node, peer, entry->journal);
        }
    }
}

/* Has anybody here written the proof of this journal down? */
static bool is_written(struct node *node, uint64_t journal)
{
    if (fork_said(node->rows, journal, node->journal)) {
        return true;
    }
    struct row_key prefix = key_of_journal(TABLE_FORK_SAID, journal);
    uint8_t key_memory[ROW_KEY_SIZE_MAX];
    uint8_t value_memory[64];
    struct buffer key = BUFFER_OVER(key_memory);
    struct buffer value = BUFFER_OVER(value_memory);
    return rows_next_committed(node->rows, row_key_bytes(&prefix), row_key_bytes(&prefix), &key,
                               &value);
}

/* JOURNAL.FORK: for those that come later, and for the auditor. */
static void write_down(struct node *node, uint64_t journal)
{
    struct fork_record record;
    struct buffer scratch = {.data = node->fork_scratch, .capacity = sizeof node->fork_scratch};
    if (!journal_has_room(node, 1, EVENT_ROOM) || is_written(node, journal) ||
        !fork_load(node->rows, journal, &scratch, &record)) {
        return;
    }
    struct event event = {.type = EVENT_JOURNAL_FORK, .known = true};
    for (int i = 0; i < 2; i++) {
        event.body.fork.headers[i] = record.headers[i];
        event.body.fork.signatures[i] = record.signatures[i];
    }
    if (journal_would_hold(node, &event)) {
        (void)journal_append(node, &event);
    }
}

/* A journal was found not to be one history, and the block that proves it is not here yet. */
static void ask_for_halves(struct node *node, uint64_t now_ms)
{
    if (now_ms - node->fork_asked_ms < ASK_EVERY_MS) {
        return;
    }
    node->fork_asked_ms = now_ms;
    for (uint32_t i = 0; i < node->frontier.count; i++) {
        const struct frontier_entry *entry = &node->frontier.entries[i];
        bool open =
            entry->frozen && !entry->proved && roster_end_of(&node->roster, entry->journal) == NULL;
        for (uint32_t p = 0; open && p < node->peers_max; p++) {
            struct peer *peer = &node->peers[p];
            if (peer->state == PEER_ESTABLISHED && peer->disputed == 0 &&
                peer->has[i] >= entry->seq) {
                dispute(node, peer->link, entry->journal, entry->seq);
            }
        }
    }
}

void forks_tick(struct node *node, uint64_t now_ms)
{
    ask_for_halves(node, now_ms);
    for (uint32_t i = 0; i < node->peers_max; i++) {
        spread_proofs(node, &node->peers[i], now_ms);
    }
    bool writes = !node->read_only && !node->held && !node->draining && !rows_failed(node->rows) &&
                  !world_space_low(node->world) &&
                  roster_journal(&node->roster, node->journal, node->roster.seq) != NULL &&
                  (node->office || now_ms - node->fork_seen_ms >= WRITE_AFTER_MS);
    for (uint32_t i = 0; writes && i < node->frontier.count; i++) {
        const struct frontier_entry *entry = &node->frontier.entries[i];
        if (is_open(node, entry) && entry->journal != node->journal) {
            write_down(node, entry->journal);
        }
    }
}

uint32_t forks_show(struct node *node, struct quarantine_view *views, uint32_t max)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < node->frontier.count && count < max; i++) {
        const struct frontier_entry *entry = &node->frontier.entries[i];
        struct fork_record record;
        struct buffer scratch = {.data = node->fork_scratch, .capacity = sizeof node->fork_scratch};
        struct fork_proof proof;
        if (!is_open(node, entry) || !fork_load(node->rows, entry->journal, &scratch, &record) ||
            !fork_proof_of(record.headers, record.signatures, &proof)) {
            continue;
        }
        views[count++] = (struct quarantine_view){.journal = entry->journal,
                                                  .seq = record.seq,
                                                  .ids = {proof.ids[0], proof.ids[1]},
                                                  .seen_ms = (int64_t)record.seen_ms,
                                                  .told_by = record.told_by};
    }
    return count;
}
