#include "proto_samples.h"

#include "block_codec.h"
#include "event_codec.h"
#include "hash.h"
#include "ledger_samples.h"
#include "message_codec.h"
#include "reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#define TEXT(literal) bytes_of((literal), sizeof(literal) - 1)

static void fill(uint8_t *out, size_t size, uint8_t value)
{
    memset(out, value, size);
}

static void topup_make(struct event *event)
{
    event->type = EVENT_TOPUP;
    event->body.topup.lot_count = 2;
    event->body.topup.lots[0] = (struct lot_terms){
        .bucket = BUCKET_PRINCIPAL, .amount = 30000, .from_day = 20454, .product = 5};
    event->body.topup.lots[1] = (struct lot_terms){
        .bucket = BUCKET_BONUS, .amount = 5000, .from_day = 20454, .to_day = 20819, .product = 5};
    event->body.topup.tender = TENDER_CASH;
}

static void lines_make(struct lot_line *lines, uint8_t *count)
{
    *count = 2;
    fill(lines[0].lot.bytes, 16, 0x41);
    lines[0].amount = 1200;
    lines[0].after = 28800;
    fill(lines[1].lot.bytes, 16, 0x42);
    lines[1].amount = AMOUNT_MAX;
}

static void worked_sale_make(struct event *event)
{
    static const uint8_t lots[2][16] = {{0x8b, 0x38, 0xdf, 0x69, 0x77, 0xe4, 0xee, 0xf7, 0xf0, 0x42,
                                         0x69, 0x44, 0xc8, 0x51, 0x98, 0x9f},
                                        {0xe9, 0x2a, 0x35, 0xc2, 0xee, 0x1a, 0xca, 0x13, 0x9c, 0xe5,
                                         0x91, 0x61, 0x10, 0xbd, 0xa2, 0x71}};
    event->type = EVENT_SPEND;
    event->body_size = 3;
    fill(event->ticket.bytes, 16, 0xb1);
    event->body.spend.line_count = 2;
    memcpy(event->body.spend.lines[0].lot.bytes, lots[0], 16);
    event->body.spend.lines[0].amount = 1200;
    event->body.spend.lines[0].after = 28800;
    memcpy(event->body.spend.lines[1].lot.bytes, lots[1], 16);
    event->body.spend.lines[1].amount = 200;
    event->body.spend.lines[1].after = 4800;
}

static void auth_epoch_make(struct event *event)
{
    event->type = EVENT_AUTH_EPOCH;
    event->body.auth_epoch.epoch = 1;
    fill(event->body.auth_epoch.public_key, 32, 0x51);
    event->body.auth_epoch.until_day = 20999;
    event->body.auth_epoch.signature_count = 1;
    fill(event->body.auth_epoch.signatures[0].signature, 64, 0x52);
}

static void admit_make(struct event *event)
{
    event->type = EVENT_JOURNAL_ADMIT;
    event->body.admit.journal = journal_of(7, 1);
    fill(event->body.admit.public_key, 32, 0x53);
    fill(event->body.admit.transport_key, 32, 0x54);
    event->body.admit.roles = ROLE_MINT | ROLE_SELL;
    event->body.admit.endpoint_count = 1;
    event->body.admit.endpoints[0] = TEXT("tcp://10.0.0.7:7700");
    event->body.admit.name = TEXT("East Gate");
}

static void settings_make(size_t number, struct event *event)
{
    if (number == 4) {
        event->type = EVENT_LIMITS_SET;
        event->body.limits.branch = 7;
        event->body.limits.count = 1;
        event->body.limits.limits[0] = (struct named_limit){TEXT("refund_days"), 30};
        return;
    }
    if (number == 5) {
        event->type = EVENT_ORGANISATION_SET;
        event->body.organisation.name = TEXT("Blue Whale Swimming");
        event->body.organisation.zone_minutes = -210;
        event->body.organisation.currency = TEXT("CNY");
        return;
    }
    event->type = EVENT_PRODUCT_PUBLISH;
    event->body.product.product = 5;
    event->body.product.version = 2;
    event->body.product.name = TEXT("Stored value");
    event->body.product.currency = TEXT("CNY");
    event->body.product.named = 1;
    event->body.product.order = SPEND_EXPIRY_FIRST;
    event->body.product.balance_cap = 500000;
    event->body.product.bonus_days = 365;
    event->body.product.step_count = 2;
    event->body.product.steps[0] = (struct bonus_step){30000, 5000};
    event->body.product.steps[1] = (struct bonus_step){50000, 10000};
}

static void ledger_make(size_t number, struct event *event)
{
    if (number == 7) {
        topup_make(event);
        event->body.topup.lots[1].key = TEXT("spring");
        event->body.topup.version = 2;
    } else if (number == 8) {
        event->type = EVENT_SPEND;
        lines_make(event->body.spend.lines, &event->body.spend.line_count);
        event->body.spend.risk = 1;
        event->body.spend.seen = 70000;
        event->body.spend.item_count = 1;
        event->body.spend.items[0] = (struct sale_item){TEXT("towel"), 2, 1400, 1200};
        event->body.spend.tender_count = 1;
        event->body.spend.tenders[0] = (struct tender_line){TENDER_CASH, 500};
    } else if (number == 9) {
        event->type = EVENT_REFUND;
        lines_make(event->body.refund.lines, &event->body.refund.line_count);
        event->body.refund.to_days[1] = 20900;
        event->body.refund.sale = (struct event_ref){journal_of(7, 1), 70000, 511};
        event->body.refund.reason = TEXT("wrong size");
        event->body.refund.tender_count = 1;
        event->body.refund.tenders[0] = (struct tender_line){TENDER_CASH, 500};
    } else if (number == 10) {
        event->type = EVENT_RIGHTS_MOVE;
        event->body.move.to = journal_of(99999, 999);
        fill(event->body.move.request.bytes, 16, 0x55);
        event->body.move.why = MOVE_PULLED;
        lines_make(event->body.move.lines, &event->body.move.line_count);
        event->body.move.sale = (struct event_ref){journal_of(8, 1), 44, 0};
    } else {
        event->type = EVENT_RIGHTS_ACCEPT;
        event->body.accept.from = journal_of(8, 1);
        event->body.accept.checkpoint = 12;
        event->body.accept.line_count = 1;
        fill(event->body.accept.lines[0].lot.bytes, 16, 0x43);
        event->body.accept.lines[0].cumulative = INT64_MAX;
        event->body.accept.lines[0].witnessed = 500;
    }
}

static void member_make(size_t number, struct event *event)
{
    if (number == 12) {
        event->type = EVENT_MEMBER_ENROL;
        event->flags = EVENT_FLAG_SEALED;
        event->body.enrol.home_branch = 7;
        event->body.enrol.field_count = 1;
        event->body.enrol.fields[0] =
            (struct sealed_field){FIELD_NAME, CLASS_SERVICE, 1, TEXT("not really a box")};
    } else if (number == 13) {
        event->type = EVENT_ACCOUNT_OPEN;
        fill(event->body.open.member.bytes, 16, 0xcc);
        event->body.open.product = 5;
        event->body.open.version = 2;
        event->body.open.home_branch = 7;
    } else if (number == 14) {
        event->type = EVENT_CARD_ISSUE;
        event->body.issue.number = TEXT("7000070010000011");
        event->body.issue.form = CARD_PLASTIC;
        fill(event->body.issue.holder.bytes, 16, 0xcc);
    } else if (number == 15) {
        event->type = EVENT_ACCOUNT_FREEZE;
        event->body.freeze.kind = FREEZE_LOSS;
        event->body.freeze.reason = TEXT("card lost on the bus");
    } else {
        event->type = EVENT_ACCOUNT_UNFREEZE;
        event->body.unfreeze.token_count = 1;
        event->body.unfreeze.tokens[0] = (struct event_ref){journal_of(7, 1), 9, 0};
        event->body.unfreeze.reason = TEXT("found again");
    }
}

void sample_event(size_t number, struct event *event)
{
    memset(event, 0, sizeof *event);
    event->known = true;
    fill(event->subject.bytes, 16, 0xaa);
    fill(event->ticket.bytes, 16, 0xb0);
    event->till = 3;
    event->staff = 9;
    if (number == 0) {
        topup_make(event);
        event->body_size = 2;
    } else if (number == 1) {
        worked_sale_make(event);
    } else if (number == 2) {
        auth_epoch_make(event);
    } else if (number == 3) {
        admit_make(event);
    } else if (number <= 6) {
        settings_make(number, event);
    } else if (number <= 11) {
        ledger_make(number, event);
    } else if (number < SAMPLE_EVENTS - LEDGER_SAMPLES) {
        member_make(number, event);
    } else {
        ledger_sample(number - (SAMPLE_EVENTS - LEDGER_SAMPLES), event);
    }
    if (number >= 2 && event->type < 100) { /* facts of the authority are about nobody */
        memset(&event->subject, 0, sizeof event->subject);
        memset(&event->ticket, 0, sizeof event->ticket);
        event->till = 0;
        event->staff = 0;
    }
}

static void hello_make(struct message *message)
{
    message->body.hello.proto_min = 1;
    message->body.hello.proto_max = 1;
    fill(message->body.hello.network.bytes, 32, 0x11);
    message->body.hello.journal = journal_of(7, 1);
    fill(message->body.hello.database, 16, 0x61);
    message->body.hello.boot = 4;
    message->body.hello.head_seq = 300;
    fill(message->body.hello.head_id.bytes, 32, 0x62);
    message->body.hello.auth_seq = 12;
    fill(message->body.hello.auth_id.bytes, 32, 0x63);
    message->body.hello.rules_max = 1;
}

static void blocks_make(struct message *message)
{
    message->body.blocks.want = 5;
    message->body.blocks.more = 1;
    message->body.blocks.count = 2;
    message->body.blocks.list[0] = TEXT("first block");
    message->body.blocks.list[1] = TEXT("second block");
}

static void rights_req_make(struct message *message)
{
    fill(message->body.rights_req.request.bytes, 16, 0x64);
    message->body.rights_req.origin = journal_of(7, 1);
    message->body.rights_req.holder = journal_of(8, 1);
    fill(message->body.rights_req.account.bytes, 16, 0xaa);
    message->body.rights_req.count = 1;
    fill(message->body.rights_req.list[0].lot.bytes, 16, 0x41);
    message->body.rights_req.list[0].amount = 800;
}

static void join_make(struct message *message)
{
    fill(message->body.join.invitation.bytes, 16, 0x65);
    fill(message->body.join.public_key, 32, 0x66);
    fill(message->body.join.transport_key, 32, 0x67);
    fill(message->body.join.proof, 64, 0x68);
    message->body.join.endpoint_count = 2;
    message->body.join.endpoints[0] = TEXT("tcp://10.0.0.7:7700");
    message->body.join.endpoints[1] = TEXT("tcp://10.0.0.7:7701");
}

static void body_make(struct message *message)
{
    switch (message->kind) {
    case MESSAGE_WELCOME:
        hello_make(message);
        message->body.hello.hello_session = 77;
        return;
    case MESSAGE_HELLO:
        hello_make(message);
        return;
    case MESSAGE_ERROR:
        message->body.error.code = MESSAGE_ERROR_BUSY;
        message->body.error.about = MESSAGE_WANT;
        message->body.error.retry_ms = 2000;
        message->body.error.text = TEXT("busy: ask again later");
        return;
    case MESSAGE_BYE:
        message->body.bye.reason = 1;
        return;
    case MESSAGE_TIPS:
        message->body.tips.full = 1;
        message->body.tips.count = 2;
        message->body.tips.list[0] = (struct tip){journal_of(0, 1), 12, {1, 2, 3}, 0};
        message->body.tips.list[1] = (struct tip){journal_of(7, 1), 300, {4, 5, 6}, 1};
        return;
    case MESSAGE_DIGEST:
    case MESSAGE_STATE_DIGEST:
        fill(message->body.digest.frontier.bytes, 32, 0x69);
        fill(message->body.digest.state.bytes, 32, 0x6a);
        return;
    case MESSAGE_WANT:
        message->body.want.want = 5;
        message->body.want.journal = journal_of(7, 1);
        message->body.want.from = 301;
        message->body.want.to = UINT64_MAX;
        message->body.want.bytes_max = WANT_BYTES_MAX;
        return;
    case MESSAGE_BLOCKS:
        blocks_make(message);
        return;
    case MESSAGE_NACK:
        message->body.nack.want = 5;
        message->body.nack.reason = 1;
        message->body.nack.retry_ms = 500;
        return;
    case MESSAGE_FORK_PROOF:
        message->body.fork_proof.headers[0] = TEXT("first header");
        message->body.fork_proof.headers[1] = TEXT("second header");
        message->body.fork_proof.signatures[0] =
            TEXT("0123456789012345678901234567890123456789012345678901234567890123");
        message->body.fork_proof.signatures[1] =
            TEXT("3210987654321098765432109876543210987654321098765432109876543210");
        return;
    case MESSAGE_RIGHTS_REQ:
        rights_req_make(message);
        return;
    case MESSAGE_RIGHTS_RSP:
        fill(message->body.rights_rsp.request.bytes, 16, 0x64);
        message->body.rights_rsp.origin = journal_of(7, 1);
        message->body.rights_rsp.holder = journal_of(8, 1);
        message->body.rights_rsp.status = RIGHTS_GRANTED;
        message->body.rights_rsp.seq = 4711;
        return;
    case MESSAGE_CKPT_REQ:
        message->body.ckpt_req.journal = journal_of(7, 1);
        message->body.ckpt_req.seq = 300;
        message->body.ckpt_req.hops = 3;
        return;
    case MESSAGE_LEASE:
        message->body.lease.journal = journal_of(7, 1);
        message->body.lease.hops = 3;
        message->body.lease.issued_ms = 1767225600000;
        message->body.lease.until_ms = 1767830400000;
        fill(message->body.lease.signature, 64, 0x53);
        return;
    case MESSAGE_KEY_GET:
    case MESSAGE_KEY_ACK:
        fill(message->body.keys.member.bytes, 16, 0xcc);
        return;
    case MESSAGE_KEY_PUT:
        fill(message->body.keys.member.bytes, 16, 0xcc);
        message->body.keys.count = 1;
        message->body.keys.list[0].class_number = CLASS_SERVICE;
        fill(message->body.keys.list[0].key, 32, 0x6b);
        return;
    case MESSAGE_JOIN:
        join_make(message);
        return;
    case MESSAGE_JOINED:
        message->body.joined.journal = journal_of(7, 1);
        message->body.joined.auth_seq = 13;
        message->body.joined.text = TEXT("welcome");
        return;
    }
}

void sample_message(size_t number, struct message *message)
{
    static const enum message_kind kinds[SAMPLE_MESSAGES] = {
        MESSAGE_HELLO,   MESSAGE_WELCOME,    MESSAGE_ERROR,      MESSAGE_BYE,
        MESSAGE_TIPS,    MESSAGE_DIGEST,     MESSAGE_WANT,       MESSAGE_BLOCKS,
        MESSAGE_NACK,    MESSAGE_RIGHTS_REQ, MESSAGE_RIGHTS_RSP, MESSAGE_STATE_DIGEST,
        MESSAGE_KEY_GET, MESSAGE_KEY_PUT,    MESSAGE_KEY_ACK,    MESSAGE_JOIN,
        MESSAGE_JOINED,  MESSAGE_CKPT_REQ,   MESSAGE_LEASE,      MESSAGE_FORK_PROOF,
    };
    memset(message, 0, sizeof *message);
    message->kind = kinds[number];
    bool opens = message->kind == MESSAGE_HELLO || message->kind == MESSAGE_JOIN ||
                 message->kind == MESSAGE_JOINED;
    message->session = opens ? 0 : 77;
    body_make(message);
}

void sample_manifest(struct manifest *manifest)
{
    memset(manifest, 0, sizeof *manifest);
    manifest->name = TEXT("Blue Whale Swimming");
    manifest->threshold = 1;
    manifest->root_count = 1;
    fill(manifest->roots[0], 32, 0x71);
    manifest->created_day = 20454;
}

void sample_invitation(struct invitation *invitation, struct buffer *memory)
{
    struct manifest manifest;
    sample_manifest(&manifest);
    size_t start = memory->size;
    assert_int_equal(manifest_encode(&manifest, memory), STATUS_OK);
    memset(invitation, 0, sizeof *invitation);
    invitation->manifest = bytes_of(memory->data + start, memory->size - start);
    invitation->journal = journal_of(8, 1);
    fill(invitation->secret, 32, 0x72);
    invitation->endpoint = TEXT("tcp://office.example:7700");
    fill(invitation->office_transport_key, 32, 0x73);
    invitation->name = TEXT("West Gate");
    invitation->until_ms = UINT64_C(1767312000000);
}

void worked_example_make(struct worked_example *example)
{
    memset(example, 0, sizeof *example);
    uint8_t seed[32];
    for (uint8_t i = 0; i < 32; i++) {
        seed[i] = i;
    }
    assert_int_equal(crypto_sign_seed_keypair(example->public_key, example->secret_key, seed), 0);
    fill(example->network.bytes, 32, 0x11);

    struct block_header *header = &example->header;
    for (size_t i = 0; i < 2; i++) {
        struct event event;
        sample_event(i, &event);
        struct buffer out = BUFFER_OVER(example->event_memory[i]);
        assert_int_equal(event_encode(&event, &out), STATUS_OK);
        example->events[i] = buffer_bytes(&out);
        example->leaves[i] = hash_leaf(example->events[i]);
        header->size += (uint32_t)out.size;
    }
    header->version = 1;
    header->journal = journal_of(7, 1);
    header->seq = 1;
    header->hlc = UINT64_C(1767225600000) << 16; /* 2026-01-01 */
    header->day = 20454;
    header->auth = 12;
    fill(header->auth_id, 16, 0x22);
    header->rules = 1;
    header->count = 2;
    header->root = hash_root(example->leaves, 2);
    struct buffer header_out = BUFFER_OVER(example->header_memory);
    assert_int_equal(block_header_encode(header, &header_out), STATUS_OK);
    example->header_bytes = buffer_bytes(&header_out);

    uint8_t memory[512];
    struct buffer body = BUFFER_OVER(memory);
    assert_int_equal(block_signed_bytes(&example->network, example->header_bytes, &body),
                     STATUS_OK);
    crypto_sign_detached(example->signature, NULL, body.data, body.size, example->secret_key);
    struct buffer block = BUFFER_OVER(example->block_memory);
    assert_int_equal(
        block_assemble(example->header_bytes, example->signature, example->events, 2, &block),
        STATUS_OK);
    example->block = buffer_bytes(&block);
}

static unsigned digit_value(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return (unsigned)(digit - '0');
    }
    assert_in_range(digit, 'a', 'f');
    return (unsigned)(digit - 'a') + 10;
}

struct bytes hex(const char *digits, struct buffer *memory)
{
    size_t start = memory->size;
    unsigned high = 16; /* none yet */
    for (; *digits != 0; digits++) {
        if (*digits == ' ' || *digits == '\n') {
            continue;
        }
        unsigned value = digit_value(*digits);
        if (high == 16) {
            high = value;
            continue;
        }
        uint8_t byte = (uint8_t)(high << 4 | value);
        assert_true(buffer_append(memory, bytes_of(&byte, 1)));
        high = 16;
    }
    assert_int_equal(high, 16);
    return bytes_of(memory->data + start, memory->size - start);
}

static void assert_bytes_equal(struct bytes actual, struct bytes expected)
{
    assert_int_equal(actual.size, expected.size);
    assert_memory_equal(actual.data, expected.data, expected.size);
}

enum status event_survives(struct bytes input)
{
    struct event event;
    enum status status = event_decode(input, &event);
    if (status != STATUS_OK || !event.known) {
        return status;
    }
    uint8_t memory[EVENT_SIZE_MAX];
    struct buffer out = BUFFER_OVER(memory);
    assert_int_equal(event_encode(&event, &out), STATUS_OK);
    struct event again;
    assert_int_equal(event_decode(buffer_bytes(&out), &again), STATUS_OK);
    if (again.body_size == event.body_size) {
        assert_bytes_equal(buffer_bytes(&out), input);
    }
    return status;
}

enum status message_survives(struct bytes input)
{
    static struct message message;
    static uint8_t memory[FRAME_SIZE_MAX];
    enum status status = message_decode(input, &message);
    if (status != STATUS_OK) {
        return status;
    }
    struct buffer out = BUFFER_OVER(memory);
    assert_int_equal(message_encode(&message, &out), STATUS_OK);
    if (out.data[0] == input.data[0]) { /* the same number of fields */
        assert_bytes_equal(buffer_bytes(&out), input);
    }
    return status;
}

enum status block_survives(struct bytes input)
{
    static struct block block;
    static uint8_t memory[BLOCK_SIZE_MAX];
    enum status status = block_decode(input, &block);
    if (status != STATUS_OK) {
        return status;
    }
    uint8_t header_memory[BLOCK_HEADER_SIZE_MAX];
    struct buffer header = BUFFER_OVER(header_memory);
    assert_int_equal(block_header_encode(&block.header, &header), STATUS_OK);
    struct buffer out = BUFFER_OVER(memory);
    assert_int_equal(block_assemble(buffer_bytes(&header), block.signature.data, block.events,
                                    block.header.count, &out),
                     STATUS_OK);
    assert_bytes_equal(buffer_bytes(&out), input);
    return status;
}

enum status manifest_survives(struct bytes input)
{
    struct manifest manifest;
    enum status status = manifest_decode(input, &manifest);
    if (status != STATUS_OK) {
        return status;
    }
    uint8_t memory[MANIFEST_SIZE_MAX];
    struct buffer out = BUFFER_OVER(memory);
    assert_int_equal(manifest_encode(&manifest, &out), STATUS_OK);
    assert_bytes_equal(buffer_bytes(&out), input);
    return status;
}

enum status invitation_survives(struct bytes input)
{
    struct invitation invitation;
    uint8_t memory[INVITATION_TEXT_SIZE_MAX];
    struct buffer scratch = BUFFER_OVER(memory);
    enum status status = invitation_decode(input, &scratch, &invitation);
    if (status != STATUS_OK) {
        return status;
    }
    uint8_t text_memory[INVITATION_TEXT_SIZE_MAX];
    struct buffer text = BUFFER_OVER(text_memory);
    assert_int_equal(invitation_encode(&invitation, &text), STATUS_OK);

    uint8_t again_memory[INVITATION_TEXT_SIZE_MAX];
    struct buffer again = BUFFER_OVER(again_memory);
    struct invitation same;
    assert_int_equal(invitation_decode(buffer_bytes(&text), &again, &same), STATUS_OK);
    assert_bytes_equal(buffer_bytes(&again), buffer_bytes(&scratch));
    return status;
}

void bytes_survive_damage(struct bytes valid, enum status (*survives)(struct bytes))
{
    assert_int_equal(survives(valid), STATUS_OK);
    uint8_t *copy = malloc(valid.size + 1);
    assert_non_null(copy);
    memcpy(copy, valid.data, valid.size);
    for (size_t size = 0; size < valid.size; size++) {
        /* In memory of exactly that size, so that a sanitizer sees the first byte too many. */
        uint8_t *cut = malloc(size == 0 ? 1 : size);
        assert_non_null(cut);
        memcpy(cut, valid.data, size);
        assert_int_not_equal(survives(bytes_of(cut, size)), STATUS_OK);
        free(cut);
    }
    for (size_t at = 0; at < valid.size; at++) {
        for (unsigned change = 1; change < 256; change++) {
            copy[at] = (uint8_t)(valid.data[at] ^ change);
            (void)survives(bytes_of(copy, valid.size));
        }
        copy[at] = valid.data[at];
    }
    copy[valid.size] = 0;
    assert_int_not_equal(survives(bytes_of(copy, valid.size + 1)), STATUS_OK);
    free(copy);
}
