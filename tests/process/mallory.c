#include "mallory.h"

#include "block_codec.h"
#include "clock.h"
#include "event_codec.h"
#include "hash.h"
#include "message_codec.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

enum { PATH_SIZE_MAX = 600, FRAMES_A_ROUND = 32, DAY_MS = 86400000 };

bool mallory_become(struct mallory *mallory, const char *dir, uint64_t seed)
{
    struct explanation explanation = {""};
    char path[PATH_SIZE_MAX];
    memset(mallory, 0, sizeof *mallory);
    mallory->dice.state = seed | 1;
    (void)snprintf(path, sizeof path, "%.500s/identity", dir);
    return sodium_init() >= 0 &&
           identity_read(path, &mallory->identity, &explanation) == STATUS_OK &&
           key_store_open(dir, &mallory->keys, &explanation) == STATUS_OK;
}

void mallory_end(struct mallory *mallory)
{
    mallory_hang_up(mallory);
    key_store_close(mallory->keys);
    mallory->keys = NULL;
}

bool mallory_dial(struct mallory *mallory, const char *victim_dir, uint16_t port, bool stranger)
{
    struct explanation explanation = {""};
    struct identity victim;
    struct transport_key server;
    char path[PATH_SIZE_MAX];
    char endpoint[64];
    (void)snprintf(path, sizeof path, "%.500s/identity", victim_dir);
    (void)snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%u", (unsigned)port);
    mallory->admission = admission_new();
    if (mallory->admission == NULL || identity_read(path, &victim, &explanation) != STATUS_OK) {
        return false;
    }
    memcpy(server.bytes, victim.transport_key, sizeof server.bytes);
    struct bus_options options = {.admission = mallory->admission};
    if (stranger) {
        crypto_box_keypair(options.keys.public_key, options.keys.secret_key);
    } else {
        struct public_keys keys = key_store_public(mallory->keys);
        memcpy(options.keys.public_key, keys.transport, sizeof keys.transport);
        key_store_transport_secret(mallory->keys, options.keys.secret_key);
    }
    if (!admission_set(mallory->admission, &server, true) ||
        !line_target_set(&mallory->target, endpoint, &server) ||
        bus_open(&options, &mallory->bus, &explanation) != STATUS_OK) {
        return false;
    }
    bus_dial(mallory->bus, &mallory->target, 1);
    return true;
}

void mallory_hang_up(struct mallory *mallory)
{
    bus_close(mallory->bus);
    admission_free(mallory->admission);
    mallory->bus = NULL;
    mallory->admission = NULL;
    mallory->link = 0;
    mallory->session = 0;
    mallory->want = 0;
}

static void hear(struct mallory *mallory, struct bytes frame)
{
    struct message *message = &mallory->message;
    mallory->frames += 1;
    if (message_decode(frame, message) != STATUS_OK) {
        return;
    }
    if (message->kind == MESSAGE_WELCOME) {
        mallory->session = message->body.hello.hello_session;
    } else if (message->kind == MESSAGE_WANT) {
        mallory->want = message->body.want.want;
        mallory->wants += 1;
    }
}

void mallory_turn(struct mallory *mallory, int wait_ms)
{
    struct bus_event event;
    bus_wait(mallory->bus, NULL, 0, wait_ms);
    bus_round(mallory->bus, clock_monotonic_ms(), FRAMES_A_ROUND);
    while (bus_take(mallory->bus, &event)) {
        switch (event.kind) {
        case BUS_LINK_UP:
            mallory->link = event.link;
            mallory->ups += 1;
            mallory->session = 0;
            break;
        case BUS_LINK_DOWN:
            mallory->link = 0;
            mallory->session = 0;
            break;
        case BUS_FRAME:
            hear(mallory, event.frame);
            break;
        }
    }
}

/* ---- what he says ---- */

static void say(struct mallory *mallory, struct bytes frame)
{
    enum channel channel = dice_between(&mallory->dice, 0, 3) == 0 ? CHANNEL_BULK : CHANNEL_CONTROL;
    if (mallory->link != 0 && frame.size > 0) {
        bus_send(mallory->bus, mallory->link, channel, frame);
    }
}

static void say_message(struct mallory *mallory)
{
    struct buffer frame = BUFFER_OVER(mallory->frame);
    if (message_encode(&mallory->message, &frame) == STATUS_OK) {
        say(mallory, buffer_bytes(&frame));
    }
}

void mallory_say_noise(struct mallory *mallory)
{
    static const uint8_t beginnings[] = {0x00, 0x01, 0x90, 0x92, 0x93,
                                         0x95, 0x99, 0xdc, 0xc4, 0xff};
    static const size_t sizes[] = {1, 2, 19, 20, 64, 700, 9000, FRAME_SIZE_MAX};
    size_t most = sizes[dice_between(&mallory->dice, 0, sizeof sizes / sizeof sizes[0] - 1)];
    size_t size = (size_t)dice_between(&mallory->dice, 1, (int64_t)most);
    for (size_t i = 0; i < size; i++) {
        mallory->frame[i] = (uint8_t)dice_roll(&mallory->dice);
    }
    mallory->frame[0] = beginnings[dice_between(&mallory->dice, 0, sizeof beginnings - 1)];
    say(mallory, bytes_of(mallory->frame, size));
}

void mallory_say_hello(struct mallory *mallory)
{
    struct message *message = &mallory->message;
    message_begin(message, MESSAGE_HELLO, 0);
    message->body.hello.proto_min = 1;
    message->body.hello.proto_max = 1;
    message->body.hello.network = mallory->identity.network;
    message->body.hello.journal =
        journal_of(mallory->identity.branch, mallory->identity.incarnation);
    memcpy(message->body.hello.database, mallory->identity.database, 16);
    message->body.hello.boot = dice_roll(&mallory->dice) >> 1;
    message->body.hello.rules_max = 1;
    say_message(mallory);
}

void mallory_say_want(struct mallory *mallory, uint64_t journal, uint64_t session)
{
    struct message *message = &mallory->message;
    message_begin(message, MESSAGE_WANT, session);
    message->body.want.want = (dice_roll(&mallory->dice) >> 1) | 1;
    message->body.want.journal = journal;
    message->body.want.from = (uint64_t)dice_between(&mallory->dice, 1, 3);
    message->body.want.to = dice_roll(&mallory->dice) >> 2;
    message->body.want.bytes_max = UINT32_MAX;
    say_message(mallory);
}

void mallory_say_rights_request(struct mallory *mallory, uint64_t holder, uint64_t session)
{
    struct message *message = &mallory->message;
    message_begin(message, MESSAGE_RIGHTS_REQ, session);
    for (size_t i = 0; i < 16; i++) {
        message->body.rights_req.request.bytes[i] = (uint8_t)dice_roll(&mallory->dice);
        message->body.rights_req.account.bytes[i] = (uint8_t)dice_roll(&mallory->dice);
    }
    message->body.rights_req.origin =
        journal_of(mallory->identity.branch, mallory->identity.incarnation);
    message->body.rights_req.holder = holder;
    message->body.rights_req.count = 1;
    message->body.rights_req.list[0] = (struct rights_line){.amount = 1000000000};
    memcpy(message->body.rights_req.list[0].lot.bytes, message->body.rights_req.request.bytes, 16);
    say_message(mallory);
}

void mallory_say_tips(struct mallory *mallory, uint64_t journal, uint64_t seq)
{
    struct message *message = &mallory->message;
    message_begin(message, MESSAGE_TIPS, mallory->session);
    message->body.tips.count = 1;
    message->body.tips.list[0] = (struct tip){.journal = journal, .seq = seq};
    say_message(mallory);
}

/* A block with one event that freezes an account which is not there. */
static bool make_block(struct mallory *mallory, const struct block_header *like, bool turn_a_bit,
                       struct buffer *whole)
{
    struct block_header header = *like;
    struct event event = {.type = EVENT_ACCOUNT_FREEZE, .known = true, .till = 1};
    uint8_t event_memory[EVENT_SIZE_MAX];
    uint8_t header_memory[BLOCK_HEADER_SIZE_MAX];
    uint8_t body_memory[BLOCK_HEADER_SIZE_MAX + 128];
    uint8_t signature[64];
    struct buffer event_buffer = BUFFER_OVER(event_memory);
    struct buffer header_buffer = BUFFER_OVER(header_memory);
    struct buffer body = BUFFER_OVER(body_memory);
    memset(event.subject.bytes, 7, sizeof event.subject.bytes);
    memset(event.ticket.bytes, 7, sizeof event.ticket.bytes);
    event.body.freeze.kind = 1;
    if (event_encode(&event, &event_buffer) != STATUS_OK) {
        return false;
    }
    struct bytes event_bytes = buffer_bytes(&event_buffer);
    struct digest leaf = hash_leaf(event_bytes);
    header.count = 1;
    header.size = (uint32_t)event_bytes.size;
    header.root = hash_root(&leaf, 1);
    if (block_header_encode(&header, &header_buffer) != STATUS_OK ||
        block_signed_bytes(&mallory->identity.network, buffer_bytes(&header_buffer), &body) !=
            STATUS_OK) {
        return false;
    }
    key_store_sign(mallory->keys, SIGNER_JOURNAL, buffer_bytes(&body), signature);
    signature[5] = (uint8_t)(signature[5] ^ (turn_a_bit ? 1 : 0));
    return block_assemble(buffer_bytes(&header_buffer), signature, &event_bytes, 1, whole) ==
           STATUS_OK;
}

static bool forge(struct mallory *mallory, enum mallory_forgery forgery, uint64_t journal,
                  uint64_t seq, struct buffer *whole)
{
    struct block_header header = {
        .version = 1,
        .journal = journal_of(mallory->identity.branch, mallory->identity.incarnation),
        .seq = 1,
        .hlc = (uint64_t)clock_wall_ms() << 16,
        .day = (uint32_t)(clock_wall_ms() / DAY_MS),
        .auth = 1,
        .rules = 1,
    };
    switch (forgery) {
    case FORGERY_STRANGER:
        header.journal = journal;
        header.seq = seq;
        memset(header.prev.bytes, 3, sizeof header.prev.bytes);
        break;
    case FORGERY_GAP:
        header.seq = 5;
        memset(header.prev.bytes, 3, sizeof header.prev.bytes);
        break;
    case FORGERY_LINK:
        memset(header.prev.bytes, 3, sizeof header.prev.bytes);
        break;
    case FORGERY_NOISE:
    case FORGERY_SIGNATURE:
    case FORGERY_COUNT:
        break;
    }
    return make_block(mallory, &header, forgery == FORGERY_SIGNATURE, whole);
}

void mallory_say_block(struct mallory *mallory, enum mallory_forgery forgery, uint64_t journal,
                       uint64_t seq)
{
    uint8_t memory[EVENT_SIZE_MAX + BLOCK_HEADER_SIZE_MAX + 128];
    struct buffer whole = BUFFER_OVER(memory);
    struct message *message = &mallory->message;
    if (forgery == FORGERY_NOISE) {
        whole.size = 300;
        randombytes_buf(memory, whole.size);
    } else if (!forge(mallory, forgery, journal, seq, &whole)) {
        abort();
    }
    message_begin(message, MESSAGE_BLOCKS, mallory->session);
    message->body.blocks.want = mallory->want;
    message->body.blocks.count = 1;
    message->body.blocks.list[0] = buffer_bytes(&whole);
    say_message(mallory);
}

void mallory_say_garbled(struct mallory *mallory)
{
    struct buffer frame = BUFFER_OVER(mallory->frame);
    if (message_encode(&mallory->message, &frame) != STATUS_OK || frame.size == 0) {
        return;
    }
    int64_t changes = dice_between(&mallory->dice, 1, 8);
    for (int64_t i = 0; i < changes; i++) {
        size_t at = (size_t)dice_between(&mallory->dice, 0, (int64_t)frame.size - 1);
        mallory->frame[at] = (uint8_t)dice_roll(&mallory->dice);
    }
    size_t size = dice_between(&mallory->dice, 0, 2) == 0
                      ? (size_t)dice_between(&mallory->dice, 1, (int64_t)frame.size)
                      : frame.size;
    say(mallory, bytes_of(mallory->frame, size));
}
