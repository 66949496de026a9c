#include "talk.h"

#include "forks.h"
#include "hash.h"
#include "ingest.h"
#include "journal.h"
#include "members.h"
#include "message_codec.h"
#include "office.h"
#include "pull.h"
#include "row_key.h"
#include "trust.h"

#include <assert.h>
#include <string.h>

enum {
    PROTOCOL_VERSION = 1,
    RULES_MAX = 1,
    PUSH_SIZE_MAX = FRAME_SIZE_MAX - 16 * 1024, /* room for the frame's own words */
};
static_assert((int)PUSH_SIZE_MAX > (int)BLOCK_SIZE_MAX, "the largest block can be pushed");

struct peer *talk_peer_of_link(struct node *node, uint32_t link)
{
    for (uint32_t i = 0; i < node->peers_max; i++) {
        if (node->peers[i].state != PEER_FREE && node->peers[i].link == link) {
            return &node->peers[i];
        }
    }
    return NULL;
}

void talk_send(struct node *node, struct peer *peer, enum channel channel,
               const struct message *message)
{
    struct buffer frame = BUFFER_OVER(node->frame);
    enum status status = message_encode(message, &frame);
    assert(status == STATUS_OK);
    world_send(node->world, peer->link, channel, buffer_bytes(&frame));
}

void talk_send_after(struct node *node, struct batch *batch, struct peer *peer,
                     const struct message *message)
{
    if (batch->frame_count == BATCH_FRAMES_MAX) {
        return; /* who asked asks again */
    }
    struct pending_frame *pending = &batch->frames[batch->frame_count];
    struct buffer frame = BUFFER_OVER(pending->bytes);
    if (message_encode(message, &frame) != STATUS_OK) {
        assert(false);
    }
    pending->link = peer->link;
    pending->size = (uint32_t)frame.size;
    batch->frame_count++;
    (void)node;
}

static void greet(struct node *node, struct peer *peer, enum message_kind kind, uint64_t session)
{
    struct message *message = &node->message;
    message_begin(message, kind, 0);
    message->body.hello.proto_min = PROTOCOL_VERSION;
    message->body.hello.proto_max = PROTOCOL_VERSION;
    message->body.hello.network = node->network;
    message->body.hello.journal = node->journal;
    memcpy(message->body.hello.database, node->database, sizeof node->database);
    message->body.hello.boot = node->boot;
    message->body.hello.head_seq = node->own_committed.seq;
    message->body.hello.head_id = node->own_committed.id;
    const struct frontier_entry *authority = frontier_find(&node->frontier, journal_of(0, 1));
    assert(authority != NULL);
    uint32_t at = frontier_position(&node->frontier, authority);
    message->body.hello.auth_seq = node->seqs_committed[at];
    message->body.hello.auth_id = node->ids_committed[at];
    message->body.hello.rules_max = RULES_MAX;
    message->body.hello.hello_session = session;
    peer->greeted_ms = world_monotonic_ms(node->world);
    talk_send(node, peer, CHANNEL_CONTROL, message);
}

void talk_link_up(struct node *node, const struct input *input)
{
    struct peer *peer = talk_peer_of_link(node, input->link);
    for (uint32_t i = 0; i < node->peers_max && peer == NULL; i++) {
        peer = node->peers[i].state == PEER_FREE ? &node->peers[i] : NULL;
    }
    if (peer == NULL) {
        world_drop_link(node->world, input->link);
        return;
    }
    peer_reset(peer, input->link, input->dialed, input->peer_key, node->frontier.capacity);
    const struct roster_journal *entry = roster_by_transport(&node->roster, input->peer_key);
    peer->journal = entry == NULL ? 0 : entry->journal;
    peer->heard_ms = world_monotonic_ms(node->world);
    if (peer->dialed) {
        greet(node, peer, MESSAGE_HELLO, 0);
    }
}

void talk_link_down(struct node *node, uint32_t link)
{
    struct peer *peer = talk_peer_of_link(node, link);
    if (peer == NULL) {
        return;
    }
    ingest_forget_link(node, link);
    peer->state = PEER_FREE;
    node->parked_dirty = true; /* somebody who was asked will not answer */
}

static void complain(struct node *node, struct peer *peer, enum message_error code, uint32_t about,
                     const char *text)
{
    struct message *message = &node->message;
    message_begin(message, MESSAGE_ERROR, peer->session);
    message->body.error.code = code;
    message->body.error.about = about;
    message->body.error.retry_ms = 1000;
    message->body.error.text = bytes_of(text, strlen(text));
    talk_send(node, peer, CHANNEL_CONTROL, message);
}

/* The journal that the connection's key belongs to; the greeting's own claim counts for nothing. */
static bool know(struct node *node, struct peer *peer)
{
    const struct roster_journal *entry = roster_by_transport(&node->roster, peer->key);
    if (entry != NULL) {
        peer->journal = entry->journal;
        return entry->retired.kind != RETIRE_STOLEN;
    }
    /* A branch that has just joined does not know anybody yet: it dials whom its invitation named,
     * and the connection has proved that key. */
    return peer->dialed;
}

static void heard_head(struct node *node, struct peer *peer, uint64_t journal, uint64_t seq)
{
    const struct frontier_entry *entry = frontier_find(&node->frontier, journal);
    if (entry != NULL) {
        peer->has[frontier_position(&node->frontier, entry)] = seq;
    }
}

static void hear_hello(struct node *node, struct peer *peer, const struct message *message)
{
    bool same_network = digest_equal(&message->body.hello.network, &node->network);
    if (!same_network) {
        complain(node, peer, MESSAGE_ERROR_NETWORK, MESSAGE_HELLO, "another network");
        return;
    }
    if (message->body.hello.proto_min > PROTOCOL_VERSION ||
        message->body.hello.proto_max < PROTOCOL_VERSION) {
        complain(node, peer, MESSAGE_ERROR_VERSION, MESSAGE_HELLO, "no common version");
        return;
    }
    if (!know(node, peer)) {
        complain(node, peer, MESSAGE_ERROR_REFUSED, MESSAGE_HELLO, "not admitted");
        return;
    }
    uint64_t now = world_monotonic_ms(node->world);
    uint64_t boot = message->body.hello.boot;
    uint64_t head = message->body.hello.head_seq;
    uint64_t auth = message->body.hello.auth_seq;
    if (message->kind == MESSAGE_HELLO) {
        bool repeated = peer->state == PEER_ESTABLISHED && peer->boot == boot;
        uint64_t session = peer->session;
        if (!repeated) {
            world_random(node->world, (uint8_t *)&session, sizeof session);
            peer_establish(peer, session | 1, boot, now);
        }
        greet(node, peer, MESSAGE_WELCOME, peer->session);
    } else {
        uint64_t session = message->body.hello.hello_session;
        if (!peer->dialed || session == 0 || session == peer->session) {
            return;
        }
        peer_establish(peer, session, boot, now);
    }
    node->want_dirty = true;
    heard_head(node, peer, journal_of(0, 1), auth);
    if (peer->journal != 0) {
        heard_head(node, peer, peer->journal, head);
    }
}

/* Does the peer hold another block of this journal than we do, at or below our end of it? Its word
 * is a hint only: it is asked for the block, and only the writer's signature proves anything. If it
 * is our own, this disk is an old or second one (H2); if it is another's, that journal forked (S4).
 */
static void compare(struct node *node, struct peer *peer, uint32_t at, const struct tip *tip)
{
    struct digest id;
    if (tip->seq > 0 && tip->seq <= node->seqs_committed[at] &&
        !node->frontier.entries[at].frozen && journal_block_id(node, tip->journal, tip->seq, &id) &&
        memcmp(id.bytes, tip->id8, sizeof tip->id8) != 0) {
        peer->disputed = tip->seq;
        peer->disputed_of = tip->journal;
    }
}

static void hear_tips(struct node *node, struct peer *peer, const struct message *message)
{
    peer->pushed = 0;
    peer->tips_heard = true;
    node->want_dirty = true;
    uint64_t told_auth = 0;
    uint64_t told_own = 0;
    for (uint32_t i = 0; i < message->body.tips.count; i++) {
        const struct tip *tip = &message->body.tips.list[i];
        const struct frontier_entry *entry = frontier_find(&node->frontier, tip->journal);
        if (entry == NULL) {
            continue; /* heard of again once the authority's block that admits it is here */
        }
        uint32_t at = frontier_position(&node->frontier, entry);
        peer->has[at] = tip->seq;
        forks_hear_tip(node, peer, tip);
#if !defined(MUTANT_equal_height_unseen)
        if (tip->journal != node->journal && message->body.tips.full != 0) {
            compare(node, peer, at, tip);
        }
#endif
        told_auth = journal_is_authority(tip->journal) ? tip->seq : told_auth;
        told_own = tip->journal == peer->journal ? tip->seq : told_own;
        if (tip->journal == node->journal) {
            /* Not `has`: what was pushed to it is noted there before it says a word. A full list
             * comes at most with each digest, so what was lost on the way is asked for again. */
            if (peer->compared != tip->seq || message->body.tips.full != 0) {
                compare(node, peer, at, tip);
            }
            peer->compared = tip->seq;
            const struct frontier_entry *other = frontier_find(&node->frontier, peer->journal);
            if (other != NULL) {
                node->shown[frontier_position(&node->frontier, other)] = tip->seq;
            }
        }
    }
    if (told_auth > 0 && told_own > 0) {
        peer->told_auth = told_auth;
        peer->told_own = told_own;
    }
}

struct digest node_frontier_digest(struct node *node)
{
    if (node->digest_version == node->frontier_version) {
        return node->frontier_digest;
    }
    struct digest sum = {{0}};
    for (uint32_t i = 0; i < node->frontier.count; i++) {
        if (node->seqs_committed[i] == 0) {
            continue;
        }
        struct row_key key =
            key_of_block(node->frontier.entries[i].journal, node->seqs_committed[i]);
        digest_sum_add(&sum, row_key_bytes(&key), BYTES_OF(node->ids_committed[i].bytes));
    }
    node->frontier_digest = sum;
    node->digest_version = node->frontier_version;
    return sum;
}

static void send_digest(struct node *node, struct peer *peer)
{
    struct message *message = &node->message;
    message_begin(message, MESSAGE_DIGEST, peer->session);
    message->body.digest.frontier = node_frontier_digest(node);
    message->body.digest.state = (struct digest){{0}}; /* says nothing of the state (U1) */
    if (node->counters_committed.unknown == 0) {
        message->body.digest.state = rows_digest_committed(node->rows);
    }
    peer->digest_ms = world_monotonic_ms(node->world);
    talk_send(node, peer, CHANNEL_CONTROL, message);
}

static void hear_digest(struct node *node, struct peer *peer, const struct message *message)
{
    struct digest mine = node_frontier_digest(node);
    if (!digest_equal(&mine, &message->body.digest.frontier)) {
#if !defined(MUTANT_digest_answers_nothing)
        peer->tips_full = true;
#endif
        return;
    }
    struct digest state = rows_digest_committed(node->rows);
    static const struct digest none = {{0}};
    bool comparable =
        node->counters_committed.unknown == 0 && !digest_equal(&none, &message->body.digest.state);
    if (comparable && !digest_equal(&state, &message->body.digest.state)) {
        node_alarm(node, ALARM_DIGEST_MISMATCH, peer->journal, 0);
    }
}

static void send_tips(struct node *node, struct peer *peer, uint64_t now_ms)
{
    struct message *message = &node->message;
    message_begin(message, MESSAGE_TIPS, peer->session);
    message->body.tips.full = peer->tips_full ? 1 : 0;
    for (uint32_t i = 0; i < node->frontier.count; i++) {
        if (message->body.tips.count == TIPS_PER_MESSAGE_MAX) {
            talk_send(node, peer, CHANNEL_CONTROL, message);
            message->body.tips.count = 0;
        }
        struct tip *tip = &message->body.tips.list[message->body.tips.count++];
        *tip = (struct tip){.journal = node->frontier.entries[i].journal,
                            .seq = node->seqs_committed[i],
                            .flags = (node->frontier.entries[i].frozen ? TIP_FROZEN : 0U) |
                                     (node->frontier.entries[i].proved ? TIP_PROVED : 0U)};
        memcpy(tip->id8, node->ids_committed[i].bytes, sizeof tip->id8);
    }
    peer->tips_ms = now_ms;
    peer->tips_version = node->frontier_version;
    peer->tips_full = false;
    talk_send(node, peer, CHANNEL_CONTROL, message);
}

/* One block, as it was committed, into node->block_bytes. */
static struct bytes load_block(struct node *node, uint64_t journal, uint64_t seq)
{
    struct row_key key = key_of_block(journal, seq);
    struct buffer whole = BUFFER_OVER(node->block_bytes);
#if defined(MUTANT_publish_before_commit)
    bool found = rows_load(node->rows, row_key_bytes(&key), &whole, NULL);
#else
    bool found = rows_load_committed(node->rows, row_key_bytes(&key), &whole);
#endif
    return found ? buffer_bytes(&whole) : (struct bytes){0};
}

/* Answers a WANT: at most the bytes that the peer gave us credit for, in frames of one journal. */
static void hear_want(struct node *node, struct peer *peer, const struct message *message)
{
    uint64_t want = message->body.want.want;
    uint64_t journal = message->body.want.journal;
    uint64_t seq = message->body.want.from;
    uint64_t to = message->body.want.to;
    uint32_t credit = message->body.want.bytes_max;
    credit = credit < WANT_BYTES_MAX ? credit : WANT_BYTES_MAX;
    const struct frontier_entry *entry = frontier_find(&node->frontier, journal);
    uint64_t held =
        entry == NULL ? 0 : node->seqs_committed[frontier_position(&node->frontier, entry)];
    to = to < held ? to : held;
    uint32_t sent = 0;
    struct message *answer = &node->message;
    message_begin(answer, MESSAGE_BLOCKS, peer->session);
    answer->body.blocks.want = want;
    uint8_t *scratch = node->want_scratch;
    uint32_t used = 0;
    while (seq != 0 && seq <= to && sent < credit) {
        struct bytes whole = load_block(node, journal, seq);
        if (whole.size == 0) {
            break;
        }
        bool full = used + whole.size + 64 > sizeof node->want_scratch - 1024 ||
                    answer->body.blocks.count == BLOCKS_PER_FRAME_MAX;
        if (full) {
            answer->body.blocks.more = 1;
            talk_send(node, peer, CHANNEL_BULK, answer);
            answer->body.blocks.count = 0;
            used = 0;
        }
        memcpy(scratch + used, whole.data, whole.size);
        answer->body.blocks.list[answer->body.blocks.count++] =
            bytes_of(scratch + used, whole.size);
        used += (uint32_t)whole.size;
        sent += (uint32_t)whole.size;
        seq++;
    }
    answer->body.blocks.more = 0;
    talk_send(node, peer, CHANNEL_BULK, answer);
}

/* The blocks of one journal that a nearly level peer lacks, in one frame: linked, so that one
 * signature, the last, vouches for all. */
static void push_to(struct node *node, struct peer *peer, uint32_t at)
{
    uint64_t tip = node->seqs_committed[at];
    if (peer->journal == 0 || !peer_may_push(peer, at, tip)) {
        return;
    }
    uint64_t journal = node->frontier.entries[at].journal;
    struct message *message = &node->message;
    message_begin(message, MESSAGE_BLOCKS, peer->session);
    uint32_t used = 0;
    uint64_t seq = peer->has[at];
    while (seq < tip && message->body.blocks.count < BLOCKS_PER_FRAME_MAX) {
        struct bytes whole = load_block(node, journal, seq + 1);
        if (whole.size == 0 || used + whole.size > PUSH_SIZE_MAX) {
            break;
        }
        memcpy(node->want_scratch + used, whole.data, whole.size);
        message->body.blocks.list[message->body.blocks.count++] =
            bytes_of(node->want_scratch + used, whole.size);
        used += (uint32_t)whole.size;
        seq++;
    }
    if (message->body.blocks.count > 0) {
        peer_pushed(peer, at, seq);
        talk_send(node, peer, CHANNEL_CONTROL, message);
    }
}

/* A node pushes what it writes itself; others' blocks are asked for. */
static void push_own(struct node *node)
{
    uint64_t journals[2] = {node->journal, node->office ? journal_of(0, 1) : 0};
    for (uint32_t k = 0; k < 2; k++) {
        const struct frontier_entry *entry =
            journals[k] == 0 ? NULL : frontier_find(&node->frontier, journals[k]);
        for (uint32_t i = 0; entry != NULL && i < node->peers_max; i++) {
            if (node->peers[i].state == PEER_ESTABLISHED) {
                push_to(node, &node->peers[i], frontier_position(&node->frontier, entry));
            }
        }
    }
}

void talk_committed(struct node *node, bool urgent)
{
#if defined(MUTANT_publish_before_commit)
    urgent = true;
#endif
    if (urgent) {
        push_own(node);
    }
}

/* Does anybody already bring us this journal? */
static bool is_wanted(struct node *node, uint64_t journal)
{
    for (uint32_t i = 0; i < node->peers_max; i++) {
        if (node->peers[i].state == PEER_ESTABLISHED &&
            peer_want_for(&node->peers[i], journal) != NULL) {
            return true;
        }
    }
    return ingest_has(node, journal);
}

/* A journal whose next block waits for another is not asked for again until that one is here. */
static bool is_blocked(struct node *node, uint32_t at)
{
    struct blocked *blocked = &node->blocked[at];
    if (blocked->on == 0) {
        return false;
    }
    const struct frontier_entry *on = frontier_find(&node->frontier, blocked->on);
    if (on != NULL && on->seq >= blocked->seq) {
        *blocked = (struct blocked){0};
        return false;
    }
    return true;
}

static void want_from(struct node *node, struct peer *peer, uint32_t at)
{
    const struct frontier_entry *entry = &node->frontier.entries[at];
    struct want *want = peer_want_free(peer);
    bool refuted = entry->journal == node->journal && node->read_only; /* it is known already */
    uint64_t from = entry->seq + 1;
    uint64_t to = peer->has[at];
    bool asks = entry->frozen ? forks_wants(node, at, peer, &from, &to) : to >= from;
    if (want == NULL || refuted || !asks || is_blocked(node, at) ||
        is_wanted(node, entry->journal)) {
        return;
    }
    *want = (struct want){.id = peer->next_want++,
                          .journal = entry->journal,
                          .from = from,
                          .sent_ms = world_monotonic_ms(node->world)};
    struct message *message = &node->message;
    message_begin(message, MESSAGE_WANT, peer->session);
    message->body.want.want = want->id;
    message->body.want.journal = entry->journal;
    message->body.want.from = from;
    message->body.want.to = to;
    message->body.want.bytes_max = PEER_WANT_BYTES;
    talk_send(node, peer, CHANNEL_CONTROL, message);
}

/* Asks for the one block that the peer says it has in place of ours. */
static void want_disputed(struct node *node, struct peer *peer)
{
    struct want *want = peer_want_free(peer);
    bool known = peer->disputed_of == node->journal && node->read_only;
    if (peer->disputed == 0 || want == NULL || known) {
        return;
    }
    *want = (struct want){.id = peer->next_want++,
                          .journal = peer->disputed_of,
                          .from = peer->disputed,
                          .sent_ms = world_monotonic_ms(node->world)};
    struct message *message = &node->message;
    message_begin(message, MESSAGE_WANT, peer->session);
    message->body.want.want = want->id;
    message->body.want.journal = peer->disputed_of;
    message->body.want.from = peer->disputed;
    message->body.want.to = peer->disputed;
    message->body.want.bytes_max = PEER_WANT_BYTES;
    peer->disputed = 0;
    talk_send(node, peer, CHANNEL_CONTROL, message);
}

void talk_schedule(struct node *node)
{
    if (!node->want_dirty || !ingest_has_room(node)) {
        return; /* a slow disk throttles who sends */
    }
    node->want_dirty = false;
    uint64_t now = world_monotonic_ms(node->world);
    node->schedule_first++;
    for (uint32_t i = 0; i < node->peers_max; i++) {
        struct peer *peer = &node->peers[(node->schedule_first + i) % node->peers_max];
        bool silent = peer->state != PEER_ESTABLISHED || peer_is_paused(peer, now);
        if (silent || node->frontier.count == 0) {
            continue;
        }
        want_disputed(node, peer);
        want_from(node, peer, 0); /* the authority's first */
        peer->rotate++;
        for (uint32_t k = 0; k < node->frontier.count; k++) {
            want_from(node, peer, (peer->rotate + k) % node->frontier.count);
        }
    }
}

static void hear_error(struct node *node, struct peer *peer, const struct message *message)
{
    if (message->body.error.code == MESSAGE_ERROR_SESSION && peer->dialed) {
        peer->session = 0;
        peer->state = PEER_GREETING;
        greet(node, peer, MESSAGE_HELLO, 0);
    }
}

static void hear_in_session(struct node *node, struct peer *peer)
{
    const struct message *message = &node->message;
    switch (message->kind) {
    case MESSAGE_TIPS:
        hear_tips(node, peer, message);
        break;
    case MESSAGE_DIGEST:
        hear_digest(node, peer, message);
        break;
    case MESSAGE_WANT:
        hear_want(node, peer, message);
        break;
    case MESSAGE_BLOCKS:
        ingest_hear(node, peer, message);
        break;
    case MESSAGE_FORK_PROOF:
        forks_hear_message(node, peer, message);
        break;
    case MESSAGE_RIGHTS_REQ:
        pull_hear_request(node, peer, message);
        break;
    case MESSAGE_RIGHTS_RSP:
        pull_hear_response(node, message);
        break;
    case MESSAGE_CKPT_REQ:
        trust_hear_request(node, peer, message);
        break;
    case MESSAGE_LEASE:
        trust_hear_lease(node, peer, message);
        break;
    case MESSAGE_KEY_GET:
    case MESSAGE_KEY_PUT:
    case MESSAGE_KEY_ACK:
        members_hear_keys(node, peer, message);
        break;
    case MESSAGE_BYE:
        world_drop_link(node->world, peer->link);
        break;
    case MESSAGE_HELLO:
    case MESSAGE_WELCOME:
    case MESSAGE_ERROR:
    case MESSAGE_NACK:
    case MESSAGE_STATE_DIGEST:
    case MESSAGE_JOIN:
    case MESSAGE_JOINED:
        break;
    }
}

void talk_hear(struct node *node, const struct input *input)
{
    struct peer *peer = talk_peer_of_link(node, input->link);
    if (peer == NULL) {
        return;
    }
    enum status status = message_decode(input->frame, &node->message);
    if (status == STATUS_NOT_FOUND) {
        complain(node, peer, MESSAGE_ERROR_KIND, 0, "unknown kind of message");
        return;
    }
    if (status != STATUS_OK) {
        node_alarm(node, ALARM_BAD_BLOCK, peer->journal, 0);
        return;
    }
    const struct message *message = &node->message;
    if (message->kind == MESSAGE_HELLO || message->kind == MESSAGE_WELCOME) {
        hear_hello(node, peer, message);
        return;
    }
    if (message->kind == MESSAGE_ERROR) {
        hear_error(node, peer, message);
        return;
    }
    if (message->kind == MESSAGE_JOIN) {
        office_hear_join(node, peer, message);
        return;
    }
    if (peer->state != PEER_ESTABLISHED || message->session != peer->session) {
        complain(node, peer, MESSAGE_ERROR_SESSION, (uint32_t)message->kind, "no such session");
        return;
    }
    peer->heard_ms = world_monotonic_ms(node->world);
    const struct frontier_entry *entry = frontier_find(&node->frontier, peer->journal);
    if (entry != NULL) {
        node->heard_ms[frontier_position(&node->frontier, entry)] = (int64_t)peer->heard_ms;
    }
    hear_in_session(node, peer);
}

void talk_tick(struct node *node, uint64_t now_ms)
{
    for (uint32_t i = 0; i < node->peers_max; i++) {
        struct peer *peer = &node->peers[i];
        if (peer->state == PEER_FREE) {
            continue;
        }
        if (now_ms - peer->heard_ms > PEER_SILENT_MS && peer->heard_ms < now_ms) {
            world_drop_link(node->world, peer->link);
            continue;
        }
        if (peer->state == PEER_GREETING) {
            if (peer->dialed && now_ms - peer->greeted_ms >= PEER_GREET_EVERY_MS) {
                greet(node, peer, MESSAGE_HELLO, 0);
            }
            continue;
        }
        if (peer->journal == 0) {
            (void)know(node, peer); /* admitted meanwhile? */
        }
        peer_expire_wants(peer, now_ms);
        bool news = peer->tips_full || peer->tips_version != node->frontier_version;
        if (news && now_ms - peer->tips_ms >= PEER_TIPS_EVERY_MS) {
            send_tips(node, peer, now_ms);
        }
        if (now_ms - peer->digest_ms >= PEER_DIGEST_EVERY_MS) {
            send_digest(node, peer);
        }
    }
    push_own(node);
    node->want_dirty = true;
    talk_schedule(node);
}
