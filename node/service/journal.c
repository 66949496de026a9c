#include "journal.h"

#include "block_codec.h"
#include "epochs.h"
#include "estate.h"
#include "event_codec.h"
#include "fold.h"
#include "forks.h"
#include "hash.h"
#include "later.h"
#include "members.h"
#include "record_trust.h"
#include "risk.h"
#include "row_key.h"
#include "spreading.h"
#include "trust.h"
#include "writer.h"

#include "calendar.h"

#include <assert.h>
#include <string.h>

enum {
    RULES = 1,
    BLOCK_VERSION = 1,
    AHEAD_MS_MAX = 5 * 60 * 1000,
    AUTHORITY_LEAP_DAYS = 31, /* a shop may close for a month */
};

uint32_t node_list_journal(struct node *node, uint64_t journal)
{
    const struct frontier_entry *known = frontier_find(&node->frontier, journal);
    if (known != NULL) {
        return frontier_position(&node->frontier, known);
    }
    uint32_t before = node->frontier.count;
    const struct frontier_entry *entry = frontier_list(&node->frontier, journal);
    if (entry == NULL) {
        return UINT32_MAX;
    }
    uint32_t at = frontier_position(&node->frontier, entry);
    uint32_t moved = before - at;
    memmove(&node->ids_committed[at + 1], &node->ids_committed[at],
            moved * sizeof node->ids_committed[0]);
    memmove(&node->seqs_committed[at + 1], &node->seqs_committed[at],
            moved * sizeof node->seqs_committed[0]);
    memmove(&node->heard_ms[at + 1], &node->heard_ms[at], moved * sizeof node->heard_ms[0]);
    memmove(&node->blocked[at + 1], &node->blocked[at], moved * sizeof node->blocked[0]);
    memmove(&node->shown[at + 1], &node->shown[at], moved * sizeof node->shown[0]);
    memmove(&node->watch[at + 1], &node->watch[at], moved * sizeof node->watch[0]);
    node->ids_committed[at] = (struct digest){{0}};
    node->seqs_committed[at] = 0;
    node->heard_ms[at] = -1;
    node->blocked[at] = (struct blocked){0};
    node->shown[at] = 0;
    node->watch[at] = (struct watch){0};
    for (uint32_t i = 0; i < node->peers_max; i++) {
        peer_insert(&node->peers[i], at, before);
    }
    return at;
}

bool journal_is_newer(const struct block_header *header)
{
    return header->rules > RULES;
}

bool journal_is_frozen(const struct node *node, uint64_t journal)
{
    const struct frontier_entry *entry = frontier_find(&node->frontier, journal);
    const struct roster_end *end = roster_end_of(&node->roster, journal);
    /* Once the authority has said which history stands, and all of it is here, it is like any other
     * that is retired. */
    bool settled = entry != NULL && end != NULL && end->forked && entry->seq == end->seq &&
                   digest_equal(&entry->id, &end->id);
    return entry != NULL && entry->frozen && !settled;
}

static uint64_t wall_hlc(const struct node *node)
{
    int64_t wall = world_wall_ms(node->world);
    return wall <= 0 ? 0 : (uint64_t)wall << 16;
}

uint64_t node_next_hlc(const struct node *node)
{
    const struct frontier_entry *own = frontier_find(&node->frontier, node->journal);
    uint64_t hlc = wall_hlc(node);
#if defined(MUTANT_time_follows_clock)
    own = NULL;
#endif
    if (own != NULL && own->hlc + 1 > hlc) {
        hlc = own->hlc + 1;
    }
    if (node->hlc_seen + 1 > hlc) {
        hlc = node->hlc_seen + 1;
    }
    return hlc;
}

bool journal_has_room(const struct node *node, uint32_t events, uint32_t size)
{
    const struct batch *batch = node->open;
    if (rows_nearly_full(node->rows) || batch->block_count + 2 > BATCH_BLOCKS_MAX ||
        batch->answer_count >= BATCH_ANSWERS_MAX || batch->frame_count >= BATCH_FRAMES_MAX) {
        return false;
    }
    const struct open_block *block = &node->block;
    return !block->open || (block->header.count + events <= BLOCK_EVENTS_MAX &&
                            size <= sizeof block->arena - block->used);
}

static uint32_t today(const struct node *node)
{
    return calendar_day(world_wall_ms(node->world), node->roster.zone_minutes);
}

/* The day of the next own block: this clock's, at most a few days after the authority's last word,
 * and never before the day of an earlier block (L7). */
static uint32_t own_day(const struct node *node, uint32_t authority_day, uint32_t last)
{
    int64_t days = roster_limit(&node->roster, "offline_days", journal_branch(node->journal),
                                node->roster.seq);
    int64_t latest = (int64_t)authority_day + days;
    uint32_t day = today(node);
    day = (int64_t)day > latest ? (uint32_t)latest : day;
#if !defined(MUTANT_day_follows_clock)
    day = day > last ? day : last;
#else
    (void)last;
#endif
    return day;
}

const struct block_header *journal_header(struct node *node)
{
    struct open_block *block = &node->block;
    if (block->open) {
        return &block->header;
    }
    const struct frontier_entry *own = frontier_find(&node->frontier, node->journal);
    assert(own != NULL);
    struct authority_record authority;
    bool known = authority_load(node->rows, node->roster.seq, &authority);
    assert(known || rows_failed(node->rows));
    block->open = true;
    block->used = 0;
    block->header = (struct block_header){
        .version = BLOCK_VERSION,
        .journal = node->journal,
        .seq = own->seq + 1,
        .prev = own->id,
        .hlc = node_next_hlc(node),
        .day = own_day(node, authority.day, own->day),
        .auth = node->roster.seq,
        .rules = RULES,
    };
    if (known) {
        memcpy(block->header.auth_id, authority.id.bytes, sizeof block->header.auth_id);
    }
    return &block->header;
}

bool journal_depend(struct node *node, uint64_t from)
{
    (void)journal_header(node);
    struct block_header *header = &node->block.header;
    const struct frontier_entry *entry = frontier_find(&node->frontier, from);
    assert(entry != NULL && from != node->journal);
    struct dep_record dep;
    (void)dep_load(node->rows, node->journal, from, &dep);
    if (dep.seq >= entry->seq) {
        return true;
    }
    uint32_t at = 0;
    while (at < header->dep_count && header->deps[at].journal < from) {
        at++;
    }
    if (at == header->dep_count || header->deps[at].journal != from) {
        if (header->dep_count == BLOCK_DEPS_MAX) {
            return false;
        }
        memmove(&header->deps[at + 1], &header->deps[at],
                (header->dep_count - at) * sizeof header->deps[0]);
        header->dep_count++;
    }
    header->deps[at] = (struct block_dep){.journal = from, .seq = entry->seq, .id = entry->id};
    dep_save(node->rows, node->journal, from,
             &(struct dep_record){.seq = entry->seq, .id = entry->id});
    return true;
}

static void count_event(struct node *node, const struct fold *fold)
{
    node->counters.events += fold->late ? 0 : 1; /* it was counted when it came */
    if (fold->verdict == EVENT_UNKNOWN) {
#if !defined(MUTANT_unknown_dropped)
        node->counters.unknown++;
#endif
        return; /* what it means, a later version will say */
    }
    if (rows_failed(node->rows)) {
        return; /* judged from rows that could not be read: nobody's fault */
    }
    if (fold->verdict == EVENT_INVALID) {
        node->counters.invalid++;
        node_alarm(node, ALARM_INVALID_EVENT, fold->header->journal, fold->header->seq);
    }
    if (fold->diverged) {
        node_alarm(node, ALARM_DIVERGENCE, fold->header->journal, fold->header->seq);
    }
    if (fold->verdict == EVENT_VALID && fold->event->type == EVENT_JOURNAL_FORK) {
        forks_hear_event(node, fold->header->journal, fold->event);
    }
    if (fold->verdict == EVENT_VALID && fold->header->journal == node->journal) {
        estate_hear(node, fold->event);
    }
    spread_hear(node, fold);
    node->risk_tasks = node->risk_tasks || risk_is_news(fold->event);
    node->freeze_tasks = node->freeze_tasks || fold->event->type == EVENT_ACCOUNT_FREEZE ||
                         fold->event->type == EVENT_CARD_LOSS_REPORT;
    if (fold->verdict == EVENT_VALID && fold->event->type == EVENT_RIGHTS_MOVE) {
        trust_note_move(node, fold->header->journal, fold->header->seq);
    }
}

/* Signatures that an event carries inside itself, checked before it is folded. */
static bool event_is_proved(struct node *node, const struct block_header *header,
                            const struct event *event)
{
    uint64_t journal = header->journal;
    struct fork_proof proof;
    if (event->known && event->type == EVENT_JOURNAL_FORK) {
        return fork_proof_of(event->body.fork.headers, event->body.fork.signatures, &proof) &&
               fork_proof_holds(node, &proof, header->auth);
    }
    return event->known && event->type == EVENT_LEASE_RECORD &&
           trust_lease_is_signed(node, journal, event->body.lease.issued_ms,
                                 event->body.lease.until_ms, event->body.lease.signature,
                                 header->auth);
}

bool journal_would_hold(struct node *node, const struct event *event)
{
    return journal_judge(node, event) == INVALID_NONE;
}

enum invalid_reason journal_judge(struct node *node, const struct event *event)
{
    struct fold fold = {.rows = node->rows,
                        .roster = &node->roster,
                        .header = journal_header(node),
                        .event = event,
                        .proved = event_is_proved(node, journal_header(node), event),
                        .trial = true};
    uint64_t from = event->type == EVENT_RIGHTS_ACCEPT    ? event->body.accept.from
                    : event->type == EVENT_REQUEST_CLOSE  ? event->body.close.request.journal
                    : event->type == EVENT_RIGHTS_RECLAIM ? event->body.reclaim.sale.journal
                                                          : 0;
    const struct frontier_entry *giver = from == 0 ? NULL : frontier_find(&node->frontier, from);
    fold.trial_dep = giver == NULL ? 0 : giver->seq;
    fold_event(&fold);
    return fold.reason;
}

struct event_ref journal_append(struct node *node, const struct event *event)
{
    assert(!node->read_only && !later_is_newer(node, event->type));
    (void)journal_header(node);
    struct open_block *block = &node->block;
    struct buffer out = {.data = block->arena + block->used,
                         .capacity = sizeof block->arena - block->used};
    enum status status = event_encode(event, &out);
    assert(status == STATUS_OK && block->header.count < BLOCK_EVENTS_MAX);
    uint32_t index = block->header.count++;
    block->used += (uint32_t)out.size;
    block->header.size += (uint32_t)out.size;
    block->events[index] = buffer_bytes(&out);
    block->leaves[index] = hash_leaf(buffer_bytes(&out));
    /* Judged from its bytes, as every replica will. */
    status = event_decode(buffer_bytes(&out), &node->event);
    assert(status == STATUS_OK);
    struct fold fold = {.rows = node->rows,
                        .roster = &node->roster,
                        .header = &block->header,
                        .index = (uint16_t)index,
                        .leaf = block->leaves[index],
                        .proved = event_is_proved(node, &block->header, &node->event),
                        .event = &node->event};
    fold_event(&fold);
    /* An honest node never writes an INVALID event: a command is refused before it becomes one.
     * (After a failed read nothing is committed any more.) */
    assert((fold.verdict != EVENT_INVALID && !fold.diverged) || rows_failed(node->rows));
    count_event(node, &fold);
    return (struct event_ref){
        .journal = block->header.journal, .seq = block->header.seq, .index = (uint16_t)index};
}

/* Files a block that is about to be committed: bytes, frontier, order of admission. */
static void file_block(struct node *node, const struct block_header *header,
                       const struct digest *id, struct bytes whole)
{
    struct row_key key = key_of_block(header->journal, header->seq);
    rows_put(node->rows, row_key_bytes(&key), whole);
    struct frontier_entry *entry = frontier_find(&node->frontier, header->journal);
    assert(entry != NULL);
    frontier_advance(entry, header, id);
    frontier_save(node->rows, entry);
    struct row_key feed = row_key(TABLE_FEED);
    row_key_u64(&feed, node->feed_next++);
    struct row_key place = key_of_block(header->journal, header->seq);
    rows_put(node->rows, row_key_bytes(&feed), bytes_of(place.bytes + 1, place.size - 1U));
    node->counters.blocks++;
    struct batch *batch = node->open;
    assert(batch->block_count < BATCH_BLOCKS_MAX);
    batch->blocks[batch->block_count++] = (struct batch_block){.journal = header->journal,
                                                               .seq = header->seq,
                                                               .id = *id,
                                                               .hlc = header->hlc,
                                                               .day = header->day};
    /* One fast clock must not poison the chain: what is far ahead is not followed. */
    uint64_t bound = wall_hlc(node) + ((uint64_t)AHEAD_MS_MAX << 16);
    if (header->hlc > bound) {
        node_alarm(node, ALARM_CLOCK, header->journal, header->seq);
    } else if (header->hlc > node->hlc_seen) {
        node->hlc_seen = header->hlc;
    }
}

/* Signs a header over these events and writes the block into `whole`. */
static struct digest seal_block(struct node *node, enum signer signer,
                                const struct block_header *header, const struct bytes *events,
                                struct buffer *whole)
{
    uint8_t header_memory[BLOCK_HEADER_SIZE_MAX];
    struct buffer header_bytes = BUFFER_OVER(header_memory);
    uint8_t signed_memory[BLOCK_HEADER_SIZE_MAX + 64];
    struct buffer signed_bytes = BUFFER_OVER(signed_memory);
    enum status status = block_header_encode(header, &header_bytes);
    assert(status == STATUS_OK);
    status = block_signed_bytes(&node->network, buffer_bytes(&header_bytes), &signed_bytes);
    assert(status == STATUS_OK);
    uint8_t signature[64];
    world_sign(node->world, signer, buffer_bytes(&signed_bytes), signature);
    status = block_assemble(buffer_bytes(&header_bytes), signature, events, header->count, whole);
    assert(status == STATUS_OK);
    return hash_block_id(buffer_bytes(&header_bytes), BYTES_OF(signature));
}

void journal_close(struct node *node)
{
    struct open_block *block = &node->block;
    if (!block->open) {
        return;
    }
    block->open = false;
    if (block->header.count == 0) {
        return; /* opened to read the day, and nothing came of it */
    }
    block->header.root = hash_root(block->leaves, block->header.count);
    struct buffer whole = BUFFER_OVER(node->block_bytes);
    struct digest id = seal_block(node, SIGNER_JOURNAL, &block->header, block->events, &whole);
    file_block(node, &block->header, &id, buffer_bytes(&whole));
}

/* A journal was retired: nobody speaks with its node as with a branch any more, and it writes
 * nothing. What was decided under the authority's earlier word stands in a block of its own, so
 * that no later event is judged as if the retirement were not known here. */
static void apply_retirement(struct node *node, uint64_t journal)
{
    for (uint32_t i = 0; i < node->peers_max; i++) {
        struct peer *peer = &node->peers[i];
        if (peer->state != PEER_FREE && peer->journal == journal) {
            world_drop_link(node->world, peer->link);
        }
    }
    if (journal == node->journal) {
        node_alarm(node, ALARM_RETIRED, journal, node->roster.seq);
        node->read_only = true;
        node->retired = true;
    }
    node->estates_dirty = true;
    node->parked_dirty = true;
}

static bool names_an_end(const struct event *event)
{
    return event->known &&
           (event->type == EVENT_JOURNAL_RETIRE || event->type == EVENT_JOURNAL_RESOLVE);
}

/* New journals get a place in the frontier as soon as they are admitted. */
static void apply_authority(struct node *node, const struct block_header *header,
                            const struct digest *id, const struct event *event)
{
    roster_apply(&node->roster, header->seq, event);
    node->roster.seq = header->seq;
    authority_save(node->rows, header->seq,
                   &(struct authority_record){.id = *id, .day = header->day});
    trust_apply(node, header->seq, event);
    if (event->known && event->type == EVENT_JOURNAL_ADMIT &&
        !journal_is_authority(event->body.admit.journal)) {
        (void)node_list_journal(node, event->body.admit.journal);
        for (uint32_t i = 0; i < node->peers_max; i++) {
            node->peers[i].digest_ms = 0; /* compare at once: they tell what they have of it */
        }
    }
    if (names_an_end(event)) {
        apply_retirement(node, event->type == EVENT_JOURNAL_RETIRE ? event->body.retire.journal
                                                                   : event->body.resolve.journal);
    }
    node->counters.events++;
}

/* A clock that is far ahead of the authority's last day is not believed without an operator's word:
 * no day ever falls again. */
static uint32_t authority_day(const struct node *node, const struct frontier_entry *tip,
                              bool by_hand)
{
    uint32_t day = today(node);
    if (day <= tip->day || (!by_hand && day > tip->day + AUTHORITY_LEAP_DAYS)) {
        return tip->day;
    }
    return day;
}

bool journal_authority_day_moves(const struct node *node)
{
    const struct frontier_entry *tip = frontier_find(&node->frontier, journal_of(0, 1));
    return tip != NULL && authority_day(node, tip, false) > tip->day;
}

struct event_ref journal_append_authority(struct node *node, const struct event *event)
{
    if (names_an_end(event)) {
        journal_close(node);
    }
    uint8_t memory[EVENT_SIZE_MAX];
    struct buffer bytes = BUFFER_OVER(memory);
    enum status status = event_encode(event, &bytes);
    assert(status == STATUS_OK);
    return journal_append_authority_block(node, &(struct bytes){memory, bytes.size}, 1, true);
}

struct event_ref journal_append_authority_block(struct node *node, const struct bytes *events,
                                                uint32_t count, bool by_hand)
{
    const struct frontier_entry *tip = frontier_find(&node->frontier, journal_of(0, 1));
    assert(node->office && tip != NULL && count > 0 && count <= AUTHORITY_EVENTS_MAX);
    struct digest leaves[AUTHORITY_EVENTS_MAX];
    uint32_t size = 0;
    for (uint32_t i = 0; i < count; i++) {
        leaves[i] = hash_leaf(events[i]);
        size += (uint32_t)events[i].size;
    }
    struct block_header header = {
        .version = BLOCK_VERSION,
        .journal = journal_of(0, 1),
        .seq = tip->seq + 1,
        .prev = tip->id,
        .hlc = node_next_hlc(node),
        .day = authority_day(node, tip, by_hand),
        .auth = tip->seq,
        .rules = RULES,
        .count = count,
        .size = size,
        .root = hash_root(leaves, count),
    };
    if (header.hlc <= tip->hlc) {
        header.hlc = tip->hlc + 1;
    }
    memcpy(header.auth_id, tip->id.bytes, sizeof header.auth_id);
    struct buffer whole = BUFFER_OVER(node->block_bytes);
    struct digest id = seal_block(node, SIGNER_AUTHORITY, &header, events, &whole);
    file_block(node, &header, &id, buffer_bytes(&whole));
    for (uint32_t i = 0; i < count; i++) {
        enum status status = event_decode(events[i], &node->event);
        assert(status == STATUS_OK);
        apply_authority(node, &header, &id, &node->event);
    }
    node->open->urgent = true;
    return (struct event_ref){.journal = header.journal, .seq = header.seq};
}

static enum admission admit_authority(struct node *node, const struct block *block)
{
    const struct block_header *header = &block->header;
    if (!epochs_hold(node, block)) {
        return ADMISSION_REJECTED;
    }
    journal_close(node); /* see apply_retirement */
    file_block(node, header, &block->id, block->whole);
    for (uint32_t i = 0; i < header->count; i++) {
        enum status status = event_decode(block->events[i], &node->event);
        if (status == STATUS_OK) {
            apply_authority(node, header, &block->id, &node->event);
        }
    }
    return ADMITTED;
}

bool journal_block_id(struct node *node, uint64_t journal, uint64_t seq, struct digest *id)
{
    const struct frontier_entry *entry = frontier_find(&node->frontier, journal);
    if (entry == NULL || seq == 0 || seq > entry->seq) {
        return false;
    }
    if (seq == entry->seq) {
        *id = entry->id;
        return true;
    }
    return block_id_load(node->rows, journal, seq, id);
}

static void block_on(struct node *node, uint64_t journal, uint64_t on, uint64_t seq)
{
    const struct frontier_entry *entry = frontier_find(&node->frontier, journal);
    assert(entry != NULL);
    node->blocked[frontier_position(&node->frontier, entry)] =
        (struct blocked){.on = on, .seq = seq};
}

/* Is everything that the header names here? Else says what is waited for. */
static enum admission check_past(struct node *node, const struct block *block)
{
    const struct block_header *header = &block->header;
    if (header->auth > node->roster.seq) {
        block_on(node, header->journal, journal_of(0, 1), header->auth);
        return ADMISSION_WAITS;
    }
    struct authority_record authority;
    if (header->auth == 0 || !authority_load(node->rows, header->auth, &authority)) {
        return ADMISSION_REJECTED;
    }
    if (memcmp(authority.id.bytes, header->auth_id, sizeof header->auth_id) != 0) {
        node_alarm(node, ALARM_AUTHORITY_FORK, header->journal, header->seq);
        return ADMISSION_REJECTED;
    }
    if (!roster_is_active(&node->roster, header->journal, header->auth)) {
        return ADMISSION_REJECTED; /* not admitted yet, or written after its retirement */
    }
    const struct roster_end *end = roster_end_of(&node->roster, header->journal);
    bool behind = end != NULL && (header->seq > end->seq ||
                                  (header->seq == end->seq && !digest_equal(&block->id, &end->id)));
    if (behind) {
        return ADMISSION_REJECTED;
    }
    struct digest id;
    for (uint32_t i = 0; i < header->dep_count; i++) {
        const struct block_dep *dep = &header->deps[i];
        const struct frontier_entry *entry = frontier_find(&node->frontier, dep->journal);
        if (entry == NULL || entry->seq < dep->seq) {
            block_on(node, header->journal, dep->journal, dep->seq);
            return ADMISSION_WAITS;
        }
#if defined(MUTANT_dep_by_number_only)
        id = dep->id;
        continue;
#endif
        if (!journal_block_id(node, dep->journal, dep->seq, &id) || !digest_equal(&id, &dep->id)) {
            /* It rests on a history of that journal which is not the one held here. */
            block_on(node, header->journal, dep->journal, UINT64_MAX);
            return ADMISSION_WAITS;
        }
    }
    return ADMITTED;
}

/* One event of a block that is being admitted, or was admitted by an older version (`late`). */
static void fold_one(struct node *node, const struct block *block, uint32_t i, bool late)
{
    const struct block_header *header = &block->header;
    enum status status = later_decode(node, block->events[i], &node->event);
    assert(status == STATUS_OK); /* block_decode has looked at each envelope */
    struct fold fold = {.rows = node->rows,
                        .roster = &node->roster,
                        .header = header,
                        .index = (uint16_t)i,
                        .leaf = hash_leaf(block->events[i]),
                        .proved = event_is_proved(node, header, &node->event),
                        .newer = later_is_newer(node, node->event.type),
                        .late = late,
                        .feed = node->feed_next,
                        .event = &node->event};
    fold_event(&fold);
    count_event(node, &fold);
    if (fold.verdict == EVENT_VALID && node->event.type == EVENT_RIGHTS_MOVE &&
        roster_retired(&node->roster, node->event.body.move.to, node->roster.seq) != NULL) {
        node->estates_dirty = true; /* sent before its sender knew */
    }
    if (fold.verdict == EVENT_VALID && node->event.type == EVENT_MEMBER_ENROL) {
        members_index(node, &node->event.subject);
    }
}

void journal_fold_later(struct node *node, const struct block *block, uint32_t index)
{
    fold_one(node, block, index, true);
}

static void fold_block(struct node *node, const struct block *block)
{
    const struct block_header *header = &block->header;
    for (uint32_t i = 0; i < header->dep_count; i++) {
        struct dep_record old;
        (void)dep_load(node->rows, header->journal, header->deps[i].journal, &old);
        if (header->deps[i].seq > old.seq) {
            dep_save(node->rows, header->journal, header->deps[i].journal,
                     &(struct dep_record){.seq = header->deps[i].seq, .id = header->deps[i].id});
        }
    }
    for (uint32_t i = 0; i < header->count; i++) {
        fold_one(node, block, i, false);
    }
}

enum admission journal_admit(struct node *node, const struct block *block)
{
    const struct block_header *header = &block->header;
    struct frontier_entry *entry = frontier_find(&node->frontier, header->journal);
    if (entry == NULL || (entry->frozen && !forks_follows(node, entry))) {
        return ADMISSION_REJECTED;
    }
    if (header->seq <= entry->seq) {
        struct digest known;
        bool forked = journal_block_id(node, header->journal, header->seq, &known) &&
                      !digest_equal(&known, &block->id);
        return forked ? ADMISSION_FORK : ADMISSION_DUPLICATE;
    }
#if !defined(MUTANT_gap_accepted)
    if (header->seq != entry->seq + 1) {
        return ADMISSION_GAP;
    }
#endif
#if !defined(MUTANT_link_check_skipped)
    if (!digest_equal(&header->prev, &entry->id)) {
        return ADMISSION_FORK;
    }
#endif
    if (!frontier_expects(entry, header) || header->version != BLOCK_VERSION ||
        header->rules != RULES || header->flags != 0) {
        return ADMISSION_REJECTED;
    }
    if (rows_nearly_full(node->rows) || node->open->block_count + 4 > BATCH_BLOCKS_MAX) {
        return ADMISSION_FULL;
    }
#if !defined(MUTANT_late_overtaken)
    if (node->later_due) {
        return ADMISSION_FULL; /* what came before this block is folded before it (L4) */
    }
#endif
    if (journal_is_authority(header->journal)) {
        return admit_authority(node, block);
    }
    enum admission past = check_past(node, block);
    if (past != ADMITTED) {
        return past;
    }
    /* What was decided before this block came stands before it in our order of admission: a sale
     * does not seem to follow the freeze that it did not know. */
    journal_close(node);
    fold_block(node, block);
    file_block(node, header, &block->id, block->whole);
    if (roster_retired(&node->roster, header->journal, node->roster.seq) != NULL) {
        node->estates_dirty = true; /* a tail came to light */
    }
    return ADMITTED;
}
