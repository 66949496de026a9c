#include "hostile.h"

#include "auditor.h"
#include "deed.h"
#include "sim.h"

#include "block_codec.h"
#include "event_codec.h"
#include "hash.h"
#include "message_codec.h"

#include <stdlib.h>
#include <string.h>

enum {
    BLOCKS_MAX = 256,
    SESSIONS_MAX = 16,
    DEED_LOW_US = 300000,
    DEED_HIGH_US = 3000000,
};

struct hostile_block {
    uint8_t *bytes;
    size_t size;
    struct digest id;
};

struct hostile_session {
    uint32_t link; /* 0 = free */
    uint64_t session;
};

struct hostile {
    struct world *machine;
    struct random_stream random;
    uint64_t hlc;
    uint32_t days_ahead;
    uint32_t block_count;
    struct hostile_block blocks[BLOCKS_MAX];
    struct hostile_session sessions[SESSIONS_MAX];
    bool over; /* has shown a block that no one may admit: nothing follows */
    struct hostile_block forged;
    struct message message;
    uint8_t frame[FRAME_SIZE_MAX];
};

struct hostile *hostile_new(struct world *machine)
{
    struct hostile *hostile = calloc(1, sizeof *hostile);
    if (hostile == NULL) {
        abort();
    }
    hostile->machine = machine;
    hostile->random = random_stream_of(machine->sim->seed, 8);
    return hostile;
}

void hostile_free(struct hostile *hostile)
{
    if (hostile == NULL) {
        return;
    }
    for (uint32_t i = 0; i < hostile->block_count; i++) {
        free(hostile->blocks[i].bytes);
    }
    free(hostile->forged.bytes);
    free(hostile);
}

void hostile_joined(struct world *machine)
{
    struct sim *sim = machine->sim;
    machine->boot++;
    agenda_plan(&sim->agenda, (struct happening){.at_us = sim->now_us + 100000,
                                                 .kind = HAPPENING_DIAL,
                                                 .node = machine->index,
                                                 .boot = machine->boot});
}

void hostile_begin(struct world *machine)
{
    struct sim *sim = machine->sim;
    agenda_plan(&sim->agenda, (struct happening){.at_us = sim->now_us + DEED_LOW_US,
                                                 .kind = HAPPENING_HOSTILE,
                                                 .node = machine->index,
                                                 .boot = machine->boot});
}

/* ---- speaking the protocol ---- */

static void send_message(struct world *machine, uint32_t link, const struct message *message)
{
    struct hostile *hostile = machine->sim->hostile;
    struct buffer frame = BUFFER_OVER(hostile->frame);
    if (message_encode(message, &frame) != STATUS_OK) {
        sim_finding(machine->sim, "X2", "the hostile branch's message does not encode");
        return;
    }
    network_send(machine->sim, machine->index, link, CHANNEL_CONTROL, buffer_bytes(&frame));
}

static const struct book_journal *authority(struct sim *sim)
{
    const struct book *book = auditor_book(sim);
    for (uint32_t i = 0; i < book->journals.count; i++) {
        const struct book_journal *journal = map_at(&book->journals, i);
        if (journal_is_authority(journal->journal)) {
            return journal;
        }
    }
    return NULL;
}

void hostile_link_up(struct world *machine, uint32_t link)
{
    struct sim *sim = machine->sim;
    struct hostile *hostile = sim->hostile;
    const struct book_journal *known = authority(sim);
    struct message *message = &hostile->message;
    *message = (struct message){.kind = MESSAGE_HELLO};
    message->body.hello.proto_min = 1;
    message->body.hello.proto_max = 1;
    message->body.hello.network = sim->network_id;
    message->body.hello.journal = machine->journal;
    memcpy(message->body.hello.database, machine->database, 16);
    message->body.hello.boot = 77;
    message->body.hello.head_seq = hostile->block_count;
    if (hostile->block_count > 0) {
        message->body.hello.head_id = hostile->blocks[hostile->block_count - 1].id;
    }
    message->body.hello.auth_seq = known == NULL ? 0 : known->seq;
    message->body.hello.auth_id = known == NULL ? (struct digest){{0}} : known->id;
    message->body.hello.rules_max = 1;
    send_message(machine, link, message);
}

static struct hostile_session *session_on(struct hostile *hostile, uint32_t link)
{
    for (uint32_t i = 0; i < SESSIONS_MAX; i++) {
        if (hostile->sessions[i].link == link) {
            return &hostile->sessions[i];
        }
    }
    return NULL;
}

static void send_tips(struct world *machine, const struct hostile_session *session)
{
    struct hostile *hostile = machine->sim->hostile;
    struct message *message = &hostile->message;
    *message = (struct message){.kind = MESSAGE_TIPS, .session = session->session};
    const struct hostile_block *last = hostile->over ? &hostile->forged
                                       : hostile->block_count > 0
                                           ? &hostile->blocks[hostile->block_count - 1]
                                           : NULL;
    if (last != NULL) {
        message->body.tips.count = 1;
        message->body.tips.list[0] = (struct tip){
            .journal = machine->journal, .seq = hostile->block_count + (hostile->over ? 1 : 0)};
        memcpy(message->body.tips.list[0].id8, last->id.bytes, 8);
    }
    send_message(machine, session->link, message);
}

void hostile_announce(struct world *machine)
{
    struct hostile *hostile = machine->sim->hostile;
    for (uint32_t i = 0; i < SESSIONS_MAX; i++) {
        if (hostile->sessions[i].link != 0) {
            send_tips(machine, &hostile->sessions[i]);
        }
    }
}

void hostile_accuse(struct world *machine, const struct event *event)
{
    struct hostile *hostile = machine->sim->hostile;
    for (uint32_t i = 0; i < SESSIONS_MAX; i++) {
        struct message *message = &hostile->message;
        *message =
            (struct message){.kind = MESSAGE_FORK_PROOF, .session = hostile->sessions[i].session};
        memcpy(message->body.fork_proof.headers, event->body.fork.headers,
               sizeof message->body.fork_proof.headers);
        memcpy(message->body.fork_proof.signatures, event->body.fork.signatures,
               sizeof message->body.fork_proof.signatures);
        if (hostile->sessions[i].link != 0) {
            send_message(machine, hostile->sessions[i].link, message);
            machine->sim->census->counts[CENSUS_ACCUSED]++;
        }
    }
}

static void hear_welcome(struct world *machine, uint32_t link, uint64_t session_number)
{
    struct hostile *hostile = machine->sim->hostile;
    struct hostile_session *session = session_on(hostile, link);
    if (session == NULL) {
        session = session_on(hostile, 0);
    }
    if (session == NULL) {
        session = &hostile->sessions[link % SESSIONS_MAX];
    }
    session->link = link;
    session->session = session_number;
    send_tips(machine, session);
}

/* Up to BLOCKS_PER_FRAME_MAX of its blocks that fit one frame. */
static void serve(struct world *machine, const struct hostile_session *session, uint64_t want,
                  uint64_t from, uint64_t to)
{
    struct hostile *hostile = machine->sim->hostile;
    struct message *message = &hostile->message;
    uint64_t last = hostile->block_count + (hostile->over ? 1 : 0);
    *message = (struct message){.kind = MESSAGE_BLOCKS, .session = session->session};
    message->body.blocks.want = want;
    size_t size = 0;
    for (uint64_t seq = from == 0 ? 1 : from; seq <= to && seq <= last; seq++) {
        const struct hostile_block *block =
            seq <= hostile->block_count ? &hostile->blocks[seq - 1] : &hostile->forged;
        if (message->body.blocks.count == 32 || size + block->size > FRAME_SIZE_MAX / 2) {
            break;
        }
        message->body.blocks.list[message->body.blocks.count++] =
            bytes_of(block->bytes, block->size);
        size += block->size;
    }
    if (message->body.blocks.count > 0) {
        send_message(machine, session->link, message);
        return;
    }
    *message = (struct message){.kind = MESSAGE_NACK, .session = session->session};
    message->body.nack.want = want;
    message->body.nack.reason = 2;
    message->body.nack.retry_ms = 1000;
    send_message(machine, session->link, message);
}

void hostile_frame(struct world *machine, uint32_t link, struct bytes frame)
{
    struct hostile *hostile = machine->sim->hostile;
    struct message *message = &hostile->message;
    if (message_decode(frame, message) != STATUS_OK) {
        return;
    }
    if (message->kind == MESSAGE_WELCOME) {
        hear_welcome(machine, link, message->body.hello.hello_session);
        return;
    }
    const struct hostile_session *session = session_on(hostile, link);
    if (session == NULL) {
        return;
    }
    if (message->kind == MESSAGE_WANT) {
        uint64_t want = message->body.want.want;
        uint64_t from = message->body.want.from;
        uint64_t to = message->body.want.to;
        uint64_t journal = message->body.want.journal;
        serve(machine, session, want, journal == machine->journal ? from : 1,
              journal == machine->journal ? to : 0);
    } else if (message->kind == MESSAGE_TIPS || message->kind == MESSAGE_DIGEST) {
        send_tips(machine, session);
    }
}

/* ---- making blocks ---- */

struct hostile_clock hostile_now(struct world *machine)
{
    const struct book_journal *known = authority(machine->sim);
    uint32_t day = (uint32_t)((SIM_WALL_START_MS + INT64_C(480) * 60000) / 86400000);
    return (struct hostile_clock){.day = day + machine->sim->hostile->days_ahead,
                                  .auth = known == NULL ? 0 : known->seq};
}

void hostile_leap(struct world *machine, uint32_t days)
{
    machine->sim->hostile->days_ahead += days;
}

static void fill_header(struct world *machine, struct block_header *header,
                        const struct block_dep *dep)
{
    struct sim *sim = machine->sim;
    struct hostile *hostile = sim->hostile;
    const struct book_journal *known = authority(sim);
    uint64_t wall = (uint64_t)(SIM_WALL_START_MS + (int64_t)sim_ms(sim)) << 16;
    hostile->hlc = wall > hostile->hlc ? wall : hostile->hlc + 1;
    *header = (struct block_header){
        .version = 1,
        .journal = machine->journal,
        .seq = hostile->block_count + 1,
        .hlc = hostile->hlc,
        .day = hostile_now(machine).day,
        .rules = 1,
    };
    if (hostile->block_count > 0) {
        header->prev = hostile->blocks[hostile->block_count - 1].id;
    }
    if (known != NULL) {
        header->auth = known->seq;
        memcpy(header->auth_id, known->id.bytes, sizeof header->auth_id);
    }
    if (dep->journal != 0) {
        header->dep_count = 1;
        header->deps[0] = *dep;
    }
}

/* Signs and assembles; false if it does not encode. */
static bool make_block(struct world *machine, struct block_header *header,
                       const struct event *event, struct hostile_block *made)
{
    uint8_t event_memory[EVENT_SIZE_MAX];
    struct buffer event_buffer = BUFFER_OVER(event_memory);
    if (event_encode(event, &event_buffer) != STATUS_OK) {
        return false;
    }
    struct bytes event_bytes = buffer_bytes(&event_buffer);
    struct digest leaf = hash_leaf(event_bytes);
    header->count = 1;
    header->size = (uint32_t)event_bytes.size;
    header->root = hash_root(&leaf, 1);
    uint8_t header_memory[BLOCK_HEADER_SIZE_MAX];
    struct buffer header_buffer = BUFFER_OVER(header_memory);
    uint8_t body_memory[BLOCK_HEADER_SIZE_MAX + 128];
    struct buffer body = BUFFER_OVER(body_memory);
    if (block_header_encode(header, &header_buffer) != STATUS_OK ||
        block_signed_bytes(&machine->sim->network_id, buffer_bytes(&header_buffer), &body) !=
            STATUS_OK) {
        return false;
    }
    uint8_t signature[64];
    sim_sign(machine->sim, machine->public_key, machine->secret_key, buffer_bytes(&body),
             signature);
    uint8_t whole_memory[EVENT_SIZE_MAX + BLOCK_HEADER_SIZE_MAX + 128];
    struct buffer whole = BUFFER_OVER(whole_memory);
    if (block_assemble(buffer_bytes(&header_buffer), signature, &event_bytes, 1, &whole) !=
        STATUS_OK) {
        return false;
    }
    made->id = hash_block_id(buffer_bytes(&header_buffer), bytes_of(signature, 64));
    made->size = whole.size;
    made->bytes = malloc(whole.size);
    if (made->bytes == NULL) {
        abort();
    }
    memcpy(made->bytes, whole.data, whole.size);
    return true;
}

void hostile_publish(struct world *machine, const struct event *event, struct block_dep dep,
                     enum invalid_reason expected)
{
    struct sim *sim = machine->sim;
    struct hostile *hostile = sim->hostile;
    if (hostile->over || hostile->block_count == BLOCKS_MAX) {
        return;
    }
    struct block_header header;
    fill_header(machine, &header, &dep);
    struct hostile_block *block = &hostile->blocks[hostile->block_count];
    if (!make_block(machine, &header, event, block)) {
        sim_finding(sim, "X2", "the hostile branch's block does not encode");
        return;
    }
    hostile->block_count++;
    auditor_hostile(sim, bytes_of(block->bytes, block->size), expected);
    sim->census->counts[expected == INVALID_NONE ? CENSUS_HOSTILE_VALID : CENSUS_HOSTILE_INVALID]++;
    sim_tell(sim, "the hostile branch publishes block %u, reason %d", hostile->block_count,
             (int)expected);
    hostile_announce(machine);
}

/* Finds the signature behind the header and changes a byte of it. */
static void break_signature(struct hostile_block *made)
{
    struct block *block = malloc(sizeof *block);
    if (block == NULL) {
        abort();
    }
    if (block_decode(bytes_of(made->bytes, made->size), block) == STATUS_OK) {
        made->bytes[(size_t)(block->signature.data - made->bytes) + 7] ^= 1;
    }
    free(block);
}

void hostile_forge(struct world *machine, const struct event *event)
{
    struct sim *sim = machine->sim;
    struct hostile *hostile = sim->hostile;
    struct block_header header;
    fill_header(machine, &header, &(struct block_dep){0});
    bool bad_link = random_chance(&hostile->random, 7000);
    if (bad_link) {
        header.prev.bytes[5] ^= 1;
    }
    if (hostile->over || !make_block(machine, &header, event, &hostile->forged)) {
        return;
    }
    if (!bad_link) {
        break_signature(&hostile->forged);
    }
    hostile->over = true;
    sim->census->counts[CENSUS_HOSTILE_REJECTED]++;
    hostile_announce(machine);
}

struct random_stream *hostile_random(struct world *machine)
{
    return &machine->sim->hostile->random;
}

void hostile_act(struct world *machine)
{
    struct sim *sim = machine->sim;
    struct hostile *hostile = sim->hostile;
    if (!sim->storm) {
        return;
    }
    deed_draw(machine, hostile->block_count);
    uint64_t delay_us = random_between(&hostile->random, DEED_LOW_US, DEED_HIGH_US);
    agenda_plan(&sim->agenda, (struct happening){.at_us = sim->now_us + delay_us,
                                                 .kind = HAPPENING_HOSTILE,
                                                 .node = machine->index,
                                                 .boot = machine->boot});
}
