#include "message_codec.h"

#include "proto_samples.h"
#include "reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct message message; /* large */
static uint8_t frame_memory[FRAME_SIZE_MAX];

static struct bytes sample_bytes(size_t number)
{
    struct buffer out = BUFFER_OVER(frame_memory);
    sample_message(number, &message);
    assert_int_equal(message_encode(&message, &out), STATUS_OK);
    return buffer_bytes(&out);
}

static void every_message_survives_damage(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLE_MESSAGES; i++) {
        bytes_survive_damage(sample_bytes(i), message_survives);
    }
}

/* Encodes the sample of this kind and decodes it again into `message`. */
static void travel(enum message_kind kind)
{
    for (size_t i = 0; i < SAMPLE_MESSAGES; i++) {
        sample_message(i, &message);
        if (message.kind == kind) {
            struct bytes frame = sample_bytes(i);
            memset(&message, 0xee, sizeof message);
            assert_int_equal(message_decode(frame, &message), STATUS_OK);
            assert_int_equal(message.kind, kind);
            return;
        }
    }
    fail();
}

static void a_greeting_keeps_its_fields(void **state)
{
    (void)state;
    travel(MESSAGE_HELLO);
    assert_int_equal(message.session, 0);
    assert_int_equal(message.body.hello.proto_min, 1);
    assert_int_equal(message.body.hello.network.bytes[31], 0x11);
    assert_true(message.body.hello.journal == journal_of(7, 1));
    assert_int_equal(message.body.hello.database[0], 0x61);
    assert_int_equal(message.body.hello.boot, 4);
    assert_int_equal(message.body.hello.head_seq, 300);
    assert_int_equal(message.body.hello.head_id.bytes[0], 0x62);
    assert_int_equal(message.body.hello.auth_seq, 12);
    assert_int_equal(message.body.hello.auth_id.bytes[0], 0x63);
    assert_int_equal(message.body.hello.rules_max, 1);
    assert_int_equal(message.body.hello.hello_session, 0);
    travel(MESSAGE_WELCOME);
    assert_int_equal(message.session, 77);
    assert_int_equal(message.body.hello.hello_session, 77);
}

static void refusals_keep_their_fields(void **state)
{
    (void)state;
    travel(MESSAGE_ERROR);
    assert_int_equal(message.body.error.code, MESSAGE_ERROR_BUSY);
    assert_int_equal(message.body.error.about, MESSAGE_WANT);
    assert_int_equal(message.body.error.retry_ms, 2000);
    assert_true(bytes_equal(message.body.error.text, bytes_of("busy: ask again later", 21)));
    travel(MESSAGE_NACK);
    assert_int_equal(message.body.nack.want, 5);
    assert_int_equal(message.body.nack.reason, 1);
    assert_int_equal(message.body.nack.retry_ms, 500);
    travel(MESSAGE_BYE);
    assert_int_equal(message.body.bye.reason, 1);
}

static void tips_wants_and_blocks_keep_their_fields(void **state)
{
    (void)state;
    travel(MESSAGE_TIPS);
    assert_int_equal(message.body.tips.full, 1);
    assert_int_equal(message.body.tips.count, 2);
    assert_true(message.body.tips.list[1].journal == journal_of(7, 1));
    assert_int_equal(message.body.tips.list[1].seq, 300);
    assert_memory_equal(message.body.tips.list[1].id8, "\4\5\6\0\0\0\0\0", 8);
    assert_int_equal(message.body.tips.list[1].flags, 1);
    travel(MESSAGE_WANT);
    assert_int_equal(message.body.want.want, 5);
    assert_int_equal(message.body.want.from, 301);
    assert_true(message.body.want.to == UINT64_MAX);
    assert_int_equal(message.body.want.bytes_max, WANT_BYTES_MAX);
    travel(MESSAGE_BLOCKS);
    assert_int_equal(message.body.blocks.want, 5);
    assert_int_equal(message.body.blocks.more, 1);
    assert_int_equal(message.body.blocks.count, 2);
    assert_true(bytes_equal(message.body.blocks.list[1], bytes_of("second block", 12)));
    travel(MESSAGE_STATE_DIGEST);
    assert_int_equal(message.body.digest.frontier.bytes[0], 0x69);
    assert_int_equal(message.body.digest.state.bytes[0], 0x6a);
}

static void requests_for_rights_keep_their_fields(void **state)
{
    (void)state;
    travel(MESSAGE_RIGHTS_REQ);
    assert_int_equal(message.body.rights_req.request.bytes[0], 0x64);
    assert_true(message.body.rights_req.origin == journal_of(7, 1));
    assert_true(message.body.rights_req.holder == journal_of(8, 1));
    assert_int_equal(message.body.rights_req.account.bytes[0], 0xaa);
    assert_int_equal(message.body.rights_req.count, 1);
    assert_int_equal(message.body.rights_req.list[0].lot.bytes[0], 0x41);
    assert_int_equal(message.body.rights_req.list[0].amount, 800);
    travel(MESSAGE_RIGHTS_RSP);
    assert_true(message.body.rights_rsp.origin == journal_of(7, 1));
    assert_true(message.body.rights_rsp.holder == journal_of(8, 1));
    assert_int_equal(message.body.rights_rsp.status, RIGHTS_GRANTED);
    assert_int_equal(message.body.rights_rsp.seq, 4711);
}

static void keys_and_joins_keep_their_fields(void **state)
{
    (void)state;
    travel(MESSAGE_KEY_PUT);
    assert_int_equal(message.body.keys.member.bytes[0], 0xcc);
    assert_int_equal(message.body.keys.count, 1);
    assert_int_equal(message.body.keys.list[0].class_number, CLASS_SERVICE);
    assert_int_equal(message.body.keys.list[0].key[31], 0x6b);
    travel(MESSAGE_JOIN);
    assert_int_equal(message.body.join.invitation.bytes[0], 0x65);
    assert_int_equal(message.body.join.public_key[0], 0x66);
    assert_int_equal(message.body.join.transport_key[0], 0x67);
    assert_int_equal(message.body.join.proof[63], 0x68);
    assert_int_equal(message.body.join.endpoint_count, 2);
    travel(MESSAGE_JOINED);
    assert_int_equal(message.body.joined.status, 0);
    assert_true(message.body.joined.journal == journal_of(7, 1));
    assert_int_equal(message.body.joined.auth_seq, 13);
    assert_true(bytes_equal(message.body.joined.text, bytes_of("welcome", 7)));
}

static enum status decode_hex(const char *digits)
{
    uint8_t memory[128];
    struct buffer buffer = BUFFER_OVER(memory);
    return message_decode(hex(digits, &buffer), &message);
}

static void an_unknown_kind_is_told_apart_from_nonsense(void **state)
{
    (void)state;
    assert_int_equal(decode_hex("93 63 4d 9105"), STATUS_NOT_FOUND);
    assert_int_equal(decode_hex("92 63 4d"), STATUS_NOT_FOUND);
    assert_int_equal(decode_hex("93 63 4d c0"), STATUS_MALFORMED); /* nil is never allowed */
    assert_int_equal(decode_hex("91 63"), STATUS_MALFORMED);
    assert_int_equal(decode_hex("90"), STATUS_MALFORMED);
    assert_int_equal(decode_hex("93 63 4d 05 05"), STATUS_MALFORMED);
    assert_int_equal(decode_hex("93 ce00010001 4d 05"), STATUS_MALFORMED);
    assert_int_equal(decode_hex(""), STATUS_MALFORMED);
}

static void later_fields_are_ignored_but_checked(void **state)
{
    (void)state;
    assert_int_equal(decode_hex("93 04 4d 01"), STATUS_OK);
    assert_int_equal(decode_hex("94 04 4d 01 9105"), STATUS_OK);
    assert_int_equal(message.body.bye.reason, 1);
    assert_int_equal(decode_hex("94 04 4d 01 cc05"), STATUS_MALFORMED);
    assert_int_equal(decode_hex("92 04 4d"), STATUS_MALFORMED);
}

static void a_want_has_a_number(void **state)
{
    (void)state;
    assert_int_equal(decode_hex("97 14 4d 01 05 01 02 03"), STATUS_OK);
    assert_int_equal(decode_hex("97 14 4d 00 05 01 02 03"), STATUS_MALFORMED);
}

static void a_full_list_of_tips_fits_a_frame(void **state)
{
    (void)state;
    static uint8_t memory[FRAME_SIZE_MAX];
    memset(&message, 0, sizeof message);
    message.kind = MESSAGE_TIPS;
    message.body.tips.count = TIPS_PER_MESSAGE_MAX;
    for (uint32_t i = 0; i < TIPS_PER_MESSAGE_MAX; i++) {
        message.body.tips.list[i] = (struct tip){(UINT64_C(1) << 47) + i, UINT64_MAX, {0}, 3};
    }
    struct buffer out = BUFFER_OVER(memory);
    assert_int_equal(message_encode(&message, &out), STATUS_OK);
    assert_int_equal(message_survives(buffer_bytes(&out)), STATUS_OK);
    message.body.tips.count++;
    out.size = 0;
    assert_int_equal(message_encode(&message, &out), STATUS_TOO_LARGE);
}

static void the_largest_block_fits_a_frame_but_two_do_not(void **state)
{
    (void)state;
    static uint8_t memory[2 * FRAME_SIZE_MAX];
    static const uint8_t block[BLOCK_SIZE_MAX];
    memset(&message, 0, sizeof message);
    message.kind = MESSAGE_BLOCKS;
    message.session = UINT64_MAX;
    message.body.blocks.want = UINT64_MAX;
    message.body.blocks.count = 1;
    message.body.blocks.list[0] = BYTES_OF(block);
    message.body.blocks.list[1] = BYTES_OF(block);
    struct buffer out = BUFFER_OVER(memory);
    assert_int_equal(message_encode(&message, &out), STATUS_OK);
    assert_int_equal(message_survives(buffer_bytes(&out)), STATUS_OK);
    message.body.blocks.count = 2; /* in a buffer that has the room */
    out.size = 0;
    assert_int_equal(message_encode(&message, &out), STATUS_TOO_LARGE);
    assert_int_equal(out.size, 0);
}

static void the_encoder_writes_nothing_that_the_decoder_refuses(void **state)
{
    (void)state;
    static uint8_t memory[FRAME_SIZE_MAX];
    struct buffer out = BUFFER_OVER(memory);
    sample_message(4, &message);
    message.body.tips.full = 2;
    assert_int_equal(message_encode(&message, &out), STATUS_TOO_LARGE);
    sample_message(6, &message);
    message.body.want.want = 0;
    assert_int_equal(message_encode(&message, &out), STATUS_TOO_LARGE);
    sample_message(7, &message);
    message.body.blocks.more = 2;
    assert_int_equal(message_encode(&message, &out), STATUS_TOO_LARGE);
    sample_message(9, &message);
    message.body.rights_req.list[0].amount = -1;
    assert_int_equal(message_encode(&message, &out), STATUS_TOO_LARGE);
    sample_message(13, &message);
    message.body.keys.count = 5;
    assert_int_equal(message_encode(&message, &out), STATUS_TOO_LARGE);
    sample_message(0, &message);
    message.kind = (enum message_kind)99;
    assert_int_equal(message_encode(&message, &out), STATUS_TOO_LARGE);
    assert_int_equal(out.size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_survives_damage),
        cmocka_unit_test(a_greeting_keeps_its_fields),
        cmocka_unit_test(refusals_keep_their_fields),
        cmocka_unit_test(tips_wants_and_blocks_keep_their_fields),
        cmocka_unit_test(requests_for_rights_keep_their_fields),
        cmocka_unit_test(keys_and_joins_keep_their_fields),
        cmocka_unit_test(an_unknown_kind_is_told_apart_from_nonsense),
        cmocka_unit_test(later_fields_are_ignored_but_checked),
        cmocka_unit_test(a_want_has_a_number),
        cmocka_unit_test(a_full_list_of_tips_fits_a_frame),
        cmocka_unit_test(the_largest_block_fits_a_frame_but_two_do_not),
        cmocka_unit_test(the_encoder_writes_nothing_that_the_decoder_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
