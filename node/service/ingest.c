#include "ingest.h"

#include "block_codec.h"
#include "desk.h"
#include "epochs.h"
#include "event_codec.h"
#include "forks.h"
#include "journal.h"

#include <assert.h>
#include <string.h>

enum { INGEST_RESERVE = 2 }; /* places kept for blocks that are pushed */

bool ingest_has_room(const struct node *node)
{
    uint32_t spare = 0;
    for (uint32_t i = 0; i < node->ingest_count; i++) {
        spare += node->ingest[i].state == INGEST_FREE ? 1 : 0;
    }
    return spare > (node->ingest_count > INGEST_RESERVE ? INGEST_RESERVE : 0);
}

bool ingest_has(const struct node *node, uint64_t journal)
{
    for (uint32_t i = 0; i < node->ingest_count; i++) {
        if (node->ingest[i].state != INGEST_FREE && node->ingest[i].journal == journal) {
            return true;
        }
    }
    return false;
}

/* A want that is over and has brought nothing, with nothing of it on its way in: the peer does not
 * have what it said, or does not give it. Others are asked first from now on. */
static void judge_want(struct node *node, struct peer *peer, const struct want *want)
{
    const struct frontier_entry *entry = frontier_find(&node->frontier, want->journal);
    uint32_t at = entry == NULL ? 0 : frontier_position(&node->frontier, entry);
    bool excused = entry == NULL || entry->frozen || entry->seq >= want->from ||
                   node->blocked[at].on != 0 || ingest_has(node, want->journal);
    if (!excused) {
        peer->has[at] = entry->seq;
        peer_failed(peer, world_monotonic_ms(node->world));
    } else if (entry != NULL && entry->seq >= want->from) {
        peer_delivered(peer);
    }
}

/* The want this frame answers is over, or has brought something: its clock starts again. */
static void touch_want(struct node *node, uint32_t link, uint64_t id, bool over)
{
    for (uint32_t i = 0; i < node->peers_max; i++) {
        struct peer *peer = &node->peers[i];
        struct want *want =
            peer->state != PEER_FREE && peer->link == link ? peer_want_by_id(peer, id) : NULL;
        if (want != NULL && over) {
            judge_want(node, peer, want);
            want->id = 0;
            node->want_dirty = true;
        } else if (want != NULL) {
            want->sent_ms = world_monotonic_ms(node->world);
        }
    }
}

void ingest_forget_link(struct node *node, uint32_t link)
{
    for (uint32_t i = 0; i < node->ingest_count; i++) {
        /* What is being verified keeps its place until the verdict; what is ready stays good. */
        if (node->ingest[i].link == link) {
            node->ingest[i].want = 0;
        }
    }
}

/* The key under which a block must be signed, or NULL while it is not known. */
static const uint8_t *key_for(struct node *node, const struct block *block)
{
    const struct block_header *header = &block->header;
    if (!journal_is_authority(header->journal)) {
        const struct roster_journal *writer =
            roster_journal(&node->roster, header->journal, node->roster.seq);
        return writer == NULL ? NULL : writer->public_key;
    }
    /* A block that begins an epoch is signed with the key that the root certifies in it. */
    bool epoch = block->header.count > 0 &&
                 event_decode(block->events[0], &node->event) == STATUS_OK && node->event.known &&
                 node->event.type == EVENT_AUTH_EPOCH && authority_epoch_holds(node, &node->event);
    if (epoch) {
        return node->event.body.auth_epoch.public_key;
    }
    const struct roster_epoch *current = roster_epoch(&node->roster);
    return current == NULL || header->seq == 1 ? NULL : current->public_key;
}

/* Signature checks of one frame: what each signature covers lies in one arena. */
struct checks {
    uint32_t count;
    bool epoch; /* an epoch began in this frame: its key signs what follows */
    uint8_t epoch_key[32];
    uint64_t last_seq; /* the block that the last check is of, and the arena before it */
    struct digest last_id;
    size_t last_used;
    struct signature_check list[BLOCKS_PER_FRAME_MAX];
    uint8_t keys[BLOCKS_PER_FRAME_MAX][32];
    size_t used;
    uint8_t arena[FRAME_SIZE_MAX + BLOCKS_PER_FRAME_MAX * 64];
};

/* A frame may hold the block that begins an epoch: its key signs what follows there. */
static const uint8_t *authority_key_for(const struct node *node, struct checks *checks,
                                        const uint8_t *key)
{
    const struct roster_epoch *current = roster_epoch(&node->roster);
    if (key != NULL && (current == NULL || memcmp(key, current->public_key, 32) != 0)) {
        checks->epoch = true;
        memcpy(checks->epoch_key, key, sizeof checks->epoch_key);
    }
    return checks->epoch ? checks->epoch_key : key;
}

static bool add_check(struct node *node, struct checks *checks, const struct block *block)
{
    const uint8_t *key = key_for(node, block);
    if (journal_is_authority(block->header.journal)) {
        key = authority_key_for(node, checks, key);
    }
    if (key == NULL) {
        return false;
    }
    /* A block's id covers its header and signature, and the next header, which is signed, names
     * that id: of blocks that follow one another only the last signature needs to be checked. */
    bool linked = checks->count > 0 && block->header.seq == checks->last_seq + 1 &&
                  digest_equal(&block->header.prev, &checks->last_id);
    if (linked) {
        checks->count--;
        checks->used = checks->last_used;
    }
    checks->last_seq = block->header.seq;
    checks->last_id = block->id;
    checks->last_used = checks->used;
    memcpy(checks->keys[checks->count], key, 32);
    struct buffer body = {.data = checks->arena + checks->used,
                          .capacity = sizeof checks->arena - checks->used};
    if (block_signed_bytes(&node->network, block->header_bytes, &body) != STATUS_OK) {
        return false;
    }
    checks->used += body.size;
    checks->list[checks->count] =
        (struct signature_check){.body = buffer_bytes(&body),
                                 .signature = block->signature.data,
                                 .public_key = checks->keys[checks->count]};
    checks->count++;
    return true;
}

/* Copies one block of the frame into the place; false when the rest of the frame is of no use. */
static bool take_block(struct node *node, struct ingest *place, uint32_t *used,
                       struct checks *checks, struct bytes whole)
{
    if (whole.size > sizeof place->frame - *used ||
        block_decode(whole, &node->decoded) != STATUS_OK) {
        return false;
    }
    const struct block_header *header = &node->decoded.header;
    const struct frontier_entry *entry = frontier_find(&node->frontier, header->journal);
    if (entry == NULL || (place->count > 0 && header->journal != place->journal)) {
        return false;
    }
    place->journal = header->journal;
    struct digest known;
    if (header->seq < entry->seq && header->journal != node->journal &&
        journal_block_id(node, header->journal, header->seq, &known) &&
        digest_equal(&known, &node->decoded.id)) {
        return true; /* had it */
    }
    memcpy(place->frame + *used, whole.data, whole.size);
    /* What the checks borrow must be the copy. */
    enum status status = block_decode(bytes_of(place->frame + *used, whole.size), &node->decoded);
    assert(status == STATUS_OK);
    if (!add_check(node, checks, &node->decoded)) {
        return false;
    }
    place->at[place->count] = *used;
    place->size[place->count] = (uint32_t)whole.size;
    place->count++;
    *used += (uint32_t)whole.size;
    return true;
}

static struct ingest *free_place(struct node *node)
{
    for (uint32_t i = 0; i < node->ingest_count; i++) {
        if (node->ingest[i].state == INGEST_FREE) {
            return &node->ingest[i];
        }
    }
    return NULL;
}

/* What a pushed or brought block says about its sender. */
static void note_has(struct node *node, struct peer *peer, uint64_t journal, uint64_t seq)
{
    const struct frontier_entry *entry = frontier_find(&node->frontier, journal);
    if (entry != NULL) {
        uint64_t *has = &peer->has[frontier_position(&node->frontier, entry)];
        *has = *has > seq ? *has : seq;
    }
}

void ingest_hear(struct node *node, struct peer *peer, const struct message *message)
{
    bool last = message->body.blocks.more == 0;
    uint64_t want = message->body.blocks.want;
    struct ingest *place = free_place(node);
    if (place == NULL || message->body.blocks.count == 0) {
        touch_want(node, peer->link, want, last || place == NULL);
        return;
    }
    place->link = peer->link;
    place->want = want;
    place->last = last;
    place->journal = 0;
    place->count = 0;
    place->next = 0;
    place->order = node->ingest_order++;
    place->epochs = node->roster.epoch_count;
    struct checks checks;
    checks.count = 0;
    checks.used = 0;
    checks.epoch = false;
    uint32_t used = 0;
    bool useful = true;
    for (uint32_t i = 0; useful && i < message->body.blocks.count; i++) {
        useful = take_block(node, place, &used, &checks, message->body.blocks.list[i]);
        if (useful) {
            note_has(node, peer, place->journal, node->decoded.header.seq);
        }
    }
    if (place->count == 0) {
        touch_want(node, peer->link, want, last || !useful);
        return;
    }
    touch_want(node, peer->link, want, false);
    place->last = last || !useful;
    place->state = INGEST_VERIFYING;
    place->token = node->next_token++;
    world_verify(node->world, place->token, checks.list, checks.count);
}

/* Blocks of the authority that came before those which they follow: a key that is not known yet may
 * have signed them. They are asked for again. */
static bool may_be_of_another_epoch(struct node *node, const struct ingest *place)
{
    const struct frontier_entry *tip = frontier_find(&node->frontier, place->journal);
    if (!journal_is_authority(place->journal) || tip == NULL) {
        return false;
    }
    if (place->epochs != node->roster.epoch_count) {
        return true; /* the key was chosen before the block that begins the epoch was admitted */
    }
    return block_decode(bytes_of(place->frame + place->at[0], place->size[0]), &node->decoded) ==
               STATUS_OK &&
           node->decoded.header.seq > tip->seq + 1;
}

void ingest_verified(struct node *node, uint64_t token, bool good)
{
    for (uint32_t i = 0; i < node->ingest_count; i++) {
        struct ingest *place = &node->ingest[i];
        if (place->state != INGEST_VERIFYING || place->token != token) {
            continue;
        }
        if (good) {
            place->state = INGEST_READY;
            return;
        }
        touch_want(node, place->link, place->want, true);
        place->state = INGEST_FREE;
        if (!may_be_of_another_epoch(node, place)) {
            node_alarm(node, ALARM_BAD_BLOCK, place->journal, 0);
            world_drop_link(node->world, place->link);
        }
        return;
    }
}

/* Somebody holds more of our own journal than we do, or another block at a place that we hold,
 * signed by us: a restored or cloned disk. The node must never write in this journal again. */
static void own_block(struct node *node, const struct block *block, uint32_t link)
{
    struct digest id;
    bool same = journal_block_id(node, node->journal, block->header.seq, &id) &&
                digest_equal(&id, &block->id);
#if defined(MUTANT_double_sells_on)
    same = true;
#endif
    if (!same && block->header.seq <= node->own_committed.seq) {
        forks_compare(node, block, link);
    }
    if (same || node->read_only) {
        return;
    }
    node_alarm(node, ALARM_AMNESIA, node->journal, block->header.seq);
    node->read_only = true;
    desk_clear(node);
}

/* True when the place is done with. */
static bool admit_from(struct node *node, struct ingest *place)
{
    if (place->next == 0) {
        const struct frontier_entry *entry = frontier_find(&node->frontier, place->journal);
        place->on_path = entry->frozen && forks_follows(node, entry) && forks_vet(node, place);
    }
    while (place->next < place->count) {
        struct bytes whole =
            bytes_of(place->frame + place->at[place->next], place->size[place->next]);
        enum status status = block_decode(whole, &node->decoded);
        assert(status == STATUS_OK);
        if (node->decoded.header.journal == node->journal) {
            own_block(node, &node->decoded, place->link);
            place->next++;
            continue;
        }
        const struct frontier_entry *held = frontier_find(&node->frontier, place->journal);
        if (held->frozen && !place->on_path) {
            forks_compare(node, &node->decoded, place->link);
            place->next++;
            continue;
        }
        enum admission admission = journal_admit(node, &node->decoded);
        if (admission == ADMISSION_FULL) {
            return false;
        }
        if (admission == ADMITTED) {
            node->parked_dirty = true;
        }
        if (admission == ADMISSION_FORK) {
            forks_compare(node, &node->decoded, place->link);
        }
        if (admission == ADMISSION_REJECTED) {
            /* Signed, and against the format's rules: the journal stands still here, on every node
             * alike, until the authority closes it. Asking again would bring the same block. Or the
             * rules are newer than this version: then it stands still here until the next start,
             * and this node serves on with what it has. */
            const struct frontier_entry *entry =
                frontier_find(&node->frontier, node->decoded.header.journal);
            node->blocked[frontier_position(&node->frontier, entry)] =
                (struct blocked){.on = entry->journal, .seq = UINT64_MAX};
            node_alarm(
                node, journal_is_newer(&node->decoded.header) ? ALARM_NEWER_RULES : ALARM_BAD_BLOCK,
                node->decoded.header.journal, node->decoded.header.seq);
        }
        if (admission != ADMITTED && admission != ADMISSION_DUPLICATE) {
            place->next = place->count; /* what follows it cannot be admitted either */
            break;
        }
        place->next++;
    }
    return true;
}

void ingest_admit(struct node *node)
{
    while (!world_space_low(node->world)) {
        struct ingest *oldest = NULL;
        for (uint32_t i = 0; i < node->ingest_count; i++) {
            struct ingest *place = &node->ingest[i];
            bool older = oldest == NULL || place->order < oldest->order;
            if (place->state == INGEST_READY && older) {
                oldest = place;
            }
        }
        if (oldest == NULL || !admit_from(node, oldest)) {
            return;
        }
        oldest->state = INGEST_FREE;
        touch_want(node, oldest->link, oldest->want, oldest->last);
        node->want_dirty = true;
    }
}

enum import_fate node_import(struct node *node, struct bytes whole)
{
    if (block_decode(whole, &node->decoded) != STATUS_OK) {
        return IMPORT_REFUSED;
    }
    uint8_t memory[BLOCK_HEADER_SIZE_MAX + 64];
    struct buffer body = BUFFER_OVER(memory);
    struct signature_check check = {.signature = node->decoded.signature.data,
                                    .public_key = key_for(node, &node->decoded)};
    if (check.public_key == NULL ||
        block_signed_bytes(&node->network, node->decoded.header_bytes, &body) != STATUS_OK) {
        return IMPORT_REFUSED;
    }
    check.body = buffer_bytes(&body);
    if (!world_verify_now(node->world, &check)) {
        return IMPORT_REFUSED;
    }
    switch (journal_admit(node, &node->decoded)) {
    case ADMITTED:
        return IMPORT_TAKEN;
    case ADMISSION_DUPLICATE:
        return IMPORT_HAD;
    case ADMISSION_FULL:
        return IMPORT_LATER;
    case ADMISSION_GAP:
    case ADMISSION_WAITS:
    case ADMISSION_FORK:
    case ADMISSION_REJECTED:
        break;
    }
    return IMPORT_REFUSED;
}
