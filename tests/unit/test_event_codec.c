#include "event_codec.h"

#include "proto_samples.h"
#include "reader.h"

#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct bytes encoded(const struct event *event, struct buffer *memory)
{
    size_t start = memory->size;
    assert_int_equal(event_encode(event, memory), STATUS_OK);
    return bytes_of(memory->data + start, memory->size - start);
}

static struct bytes sample_bytes(size_t number, struct buffer *memory)
{
    struct event event;
    sample_event(number, &event);
    return encoded(&event, memory);
}

static void assert_is(struct bytes actual, const char *digits)
{
    uint8_t memory[EVENT_SIZE_MAX];
    struct buffer buffer = BUFFER_OVER(memory);
    struct bytes expected = hex(digits, &buffer);
    assert_int_equal(actual.size, expected.size);
    assert_memory_equal(actual.data, expected.data, actual.size);
}

static void the_worked_events_have_their_published_bytes(void **state)
{
    (void)state;
    uint8_t memory[512];
    struct buffer buffer = BUFFER_OVER(memory);
    assert_is(
        sample_bytes(0, &buffer),
        "976400c410aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac410b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b003099292"
        "9601cd7530cd4fe60005c4009602cd1388cd4fe6cd515305c40001");
    assert_is(
        sample_bytes(1, &buffer),
        "976e00c410aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac410b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b103099392"
        "93c4108b38df6977e4eef7f0426944c851989fcd04b0cd708093c410e92a35c2ee1aca139ce5916110bda2"
        "71ccc8cd12c00000");
}

static void every_event_survives_damage(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLE_EVENTS; i++) {
        uint8_t memory[EVENT_SIZE_MAX];
        struct buffer buffer = BUFFER_OVER(memory);
        struct bytes bytes = sample_bytes(i, &buffer);
        struct event event;
        assert_int_equal(event_decode(bytes, &event), STATUS_OK);
        assert_true(event.known);
        assert_true(event_envelope_holds(bytes));
        bytes_survive_damage(bytes, event_survives);
    }
}

static void a_top_up_keeps_its_fields(void **state)
{
    (void)state;
    uint8_t memory[512];
    struct buffer buffer = BUFFER_OVER(memory);
    struct event event;
    assert_int_equal(event_decode(sample_bytes(7, &buffer), &event), STATUS_OK);
    assert_int_equal(event.type, EVENT_TOPUP);
    assert_int_equal(event.till, 3);
    assert_int_equal(event.staff, 9);
    assert_int_equal(event.subject.bytes[15], 0xaa);
    assert_int_equal(event.ticket.bytes[15], 0xb0);
    assert_int_equal(event.body_size, 3);
    assert_int_equal(event.body.topup.lot_count, 2);
    assert_int_equal(event.body.topup.lots[0].bucket, BUCKET_PRINCIPAL);
    assert_int_equal(event.body.topup.lots[0].amount, 30000);
    assert_int_equal(event.body.topup.lots[0].from_day, 20454);
    assert_int_equal(event.body.topup.lots[0].to_day, 0);
    assert_int_equal(event.body.topup.lots[0].product, 5);
    assert_int_equal(event.body.topup.lots[1].to_day, 20819);
    assert_true(bytes_equal(event.body.topup.lots[1].key, bytes_of("spring", 6)));
    assert_int_equal(event.body.topup.tender, TENDER_CASH);
    assert_int_equal(event.body.topup.version, 2);
}

static void a_sale_keeps_its_fields(void **state)
{
    (void)state;
    uint8_t memory[512];
    struct buffer buffer = BUFFER_OVER(memory);
    struct event event;
    assert_int_equal(event_decode(sample_bytes(8, &buffer), &event), STATUS_OK);
    assert_int_equal(event.body.spend.line_count, 2);
    assert_int_equal(event.body.spend.lines[0].lot.bytes[0], 0x41);
    assert_int_equal(event.body.spend.lines[0].amount, 1200);
    assert_int_equal(event.body.spend.lines[0].after, 28800);
    assert_true(event.body.spend.lines[1].amount == AMOUNT_MAX);
    assert_int_equal(event.body.spend.risk, 1);
    assert_int_equal(event.body.spend.seen, 70000);
    assert_int_equal(event.body.spend.item_count, 1);
    assert_true(bytes_equal(event.body.spend.items[0].name, bytes_of("towel", 5)));
    assert_int_equal(event.body.spend.items[0].quantity, 2);
    assert_int_equal(event.body.spend.items[0].list_minor, 1400);
    assert_int_equal(event.body.spend.items[0].charged_minor, 1200);
}

static void refunds_moves_and_accepts_keep_their_fields(void **state)
{
    (void)state;
    uint8_t memory[1024];
    struct buffer buffer = BUFFER_OVER(memory);
    struct event event;
    assert_int_equal(event_decode(sample_bytes(9, &buffer), &event), STATUS_OK);
    assert_int_equal(event.body.refund.line_count, 2);
    assert_int_equal(event.body.refund.to_days[0], 0);
    assert_int_equal(event.body.refund.to_days[1], 20900);
    assert_true(
        event_ref_equal(event.body.refund.sale, (struct event_ref){journal_of(7, 1), 70000, 511}));
    assert_true(bytes_equal(event.body.refund.reason, bytes_of("wrong size", 10)));

    assert_int_equal(event_decode(sample_bytes(10, &buffer), &event), STATUS_OK);
    assert_true(event.body.move.to == journal_of(99999, 999));
    assert_int_equal(event.body.move.request.bytes[0], 0x55);
    assert_int_equal(event.body.move.why, MOVE_PULLED);
    assert_int_equal(event.body.move.line_count, 2);

    assert_int_equal(event_decode(sample_bytes(11, &buffer), &event), STATUS_OK);
    assert_true(event.body.accept.of == 0);
    assert_true(event.body.accept.from == journal_of(8, 1));
    assert_int_equal(event.body.accept.checkpoint, 12);
    assert_true(event.body.accept.lines[0].cumulative == INT64_MAX);
    assert_int_equal(event.body.accept.lines[0].witnessed, 500);
}

static void facts_of_the_authority_keep_their_fields(void **state)
{
    (void)state;
    uint8_t memory[1024];
    struct buffer buffer = BUFFER_OVER(memory);
    struct event event;
    assert_int_equal(event_decode(sample_bytes(2, &buffer), &event), STATUS_OK);
    assert_int_equal(event.body.auth_epoch.epoch, 1);
    assert_int_equal(event.body.auth_epoch.until_day, 20999);
    assert_int_equal(event.body.auth_epoch.signature_count, 1);
    assert_int_equal(event.body.auth_epoch.signatures[0].signature[63], 0x52);

    assert_int_equal(event_decode(sample_bytes(3, &buffer), &event), STATUS_OK);
    assert_true(event.body.admit.journal == journal_of(7, 1));
    assert_int_equal(event.body.admit.roles, ROLE_MINT | ROLE_SELL);
    assert_true(bytes_equal(event.body.admit.name, bytes_of("East Gate", 9)));

    assert_int_equal(event_decode(sample_bytes(4, &buffer), &event), STATUS_OK);
    assert_int_equal(event.body.limits.branch, 7);
    assert_int_equal(event.body.limits.limits[0].value, 30);

    assert_int_equal(event_decode(sample_bytes(5, &buffer), &event), STATUS_OK);
    assert_int_equal(event.body.organisation.zone_minutes, -210);

    assert_int_equal(event_decode(sample_bytes(6, &buffer), &event), STATUS_OK);
    assert_int_equal(event.body.product.version, 2);
    assert_int_equal(event.body.product.order, SPEND_EXPIRY_FIRST);
    assert_int_equal(event.body.product.balance_cap, 500000);
    assert_int_equal(event.body.product.bonus_days, 365);
    assert_int_equal(event.body.product.steps[1].bonus, 10000);
}

static void facts_about_members_keep_their_fields(void **state)
{
    (void)state;
    uint8_t memory[1024];
    struct buffer buffer = BUFFER_OVER(memory);
    struct event event;
    assert_int_equal(event_decode(sample_bytes(12, &buffer), &event), STATUS_OK);
    assert_int_equal(event.flags, EVENT_FLAG_SEALED);
    assert_int_equal(event.body.enrol.home_branch, 7);
    assert_int_equal(event.body.enrol.fields[0].class_number, CLASS_SERVICE);

    assert_int_equal(event_decode(sample_bytes(13, &buffer), &event), STATUS_OK);
    assert_int_equal(event.body.open.member.bytes[0], 0xcc);
    assert_int_equal(event.body.open.home_branch, 7);

    assert_int_equal(event_decode(sample_bytes(14, &buffer), &event), STATUS_OK);
    assert_int_equal(event.body.issue.number.size, CARD_NUMBER_SIZE);
    assert_int_equal(event.body.issue.form, CARD_PLASTIC);

    assert_int_equal(event_decode(sample_bytes(15, &buffer), &event), STATUS_OK);
    assert_int_equal(event.body.freeze.kind, FREEZE_LOSS);

    assert_int_equal(event_decode(sample_bytes(16, &buffer), &event), STATUS_OK);
    assert_int_equal(event.body.unfreeze.token_count, 1);
    assert_int_equal(event.body.unfreeze.tokens[0].seq, 9);
}

/* The envelope of the samples up to the body: subject and ticket empty, till 0, staff 0. */
static enum status decode_with_body(const char *type_and_flags, const char *body,
                                    struct event *event)
{
    static uint8_t memory[EVENT_SIZE_MAX];
    struct buffer buffer = BUFFER_OVER(memory);
    (void)hex("97", &buffer);
    (void)hex(type_and_flags, &buffer);
    (void)hex("c400c4000000", &buffer);
    (void)hex(body, &buffer);
    return event_decode(buffer_bytes(&buffer), event);
}

static void an_unknown_type_is_kept_as_unknown(void **state)
{
    (void)state;
    struct event event;
    assert_int_equal(decode_with_body("cd03e7 01", "9205 9101", &event), STATUS_OK);
    assert_int_equal(event.type, 999);
    assert_int_equal(event.flags, EVENT_FLAG_CRITICAL);
    assert_int_equal(event.body_size, 2);
    assert_false(event.known);
    assert_false(event_type_is_known(999));
    assert_true(event_type_is_known(EVENT_REQUEST_CLOSE));
    uint8_t memory[64];
    struct buffer out = BUFFER_OVER(memory);
    assert_int_equal(event_encode(&event, &out), STATUS_TOO_LARGE);
    assert_int_equal(out.size, 0);
}

static void a_known_type_with_a_strange_body_is_not_known(void **state)
{
    (void)state;
    struct event event;
    /* a freeze whose kind is a text; with too few elements; with a reason that is too long */
    assert_int_equal(decode_with_body("cccb00", "92a101a0", &event), STATUS_OK);
    assert_false(event.known);
    assert_int_equal(decode_with_body("cccb00", "9101", &event), STATUS_OK);
    assert_false(event.known);
    assert_int_equal(decode_with_body("cccb00", "9202a0", &event), STATUS_OK);
    assert_true(event.known);
    assert_int_equal(decode_with_body("cccb00", "90", &event), STATUS_OK);
    assert_false(event.known);
    /* a move of nothing */
    assert_int_equal(decode_with_body("cc8200", "9400c4000290", &event), STATUS_OK);
    assert_false(event.known);
}

static void half_a_body_is_never_shown(void **state)
{
    (void)state;
    struct event event;
    /* a move to journal 5 whose list of lines does not decode */
    assert_int_equal(decode_with_body("cc8200", "9405c4000200", &event), STATUS_OK);
    assert_false(event.known);
    assert_int_equal(event.body.move.to, 0);
    assert_int_equal(event.body.move.why, 0);
}

static void later_elements_are_ignored_but_checked(void **state)
{
    (void)state;
    struct event event;
    assert_int_equal(decode_with_body("cccb00", "9402a0 07 9291c40161a0", &event), STATUS_OK);
    assert_true(event.known);
    assert_int_equal(event.body_size, 4);
    assert_int_equal(event.body.freeze.kind, FREEZE_WISH);
    /* a float, a longer form, and a nesting of five among them */
    assert_int_equal(decode_with_body("cccb00", "9302a0cb0000000000000000", &event),
                     STATUS_MALFORMED);
    assert_int_equal(decode_with_body("cccb00", "9302a0cc05", &event), STATUS_MALFORMED);
    assert_int_equal(decode_with_body("cccb00", "9302a0919100", &event), STATUS_OK);
    assert_int_equal(decode_with_body("cccb00", "9302a091919100", &event), STATUS_MALFORMED);
}

static void what_is_no_event_at_all_is_malformed(void **state)
{
    (void)state;
    static const char *const inputs[] = {
        "",
        "00",
        "96 6400c400c4000000",                                   /* too few */
        "98 6400c400c40000009000",                               /* too many */
        "97 ce0001000000c400c400000090",                         /* type above 16 bits */
        "97 64ce00010000c400c400000090",                         /* flags above 16 bits */
        "97 6400c40101c400000090",                               /* a subject of one byte */
        "97 6400c41000000000000000000000000000000000c400000090", /* none, written out */
        "97 6400c400c400cf00000001000000000090",                 /* till above 32 bits */
        "97 6400c400c400000000",                                 /* a body that is no array */
        "97 6400c400c40000009000",                               /* a byte left over */
    };
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
        uint8_t memory[128];
        struct buffer buffer = BUFFER_OVER(memory);
        struct bytes input = hex(inputs[i], &buffer);
        struct event event;
        assert_int_equal(event_decode(input, &event), STATUS_MALFORMED);
        assert_false(event_envelope_holds(input));
    }
}

static void a_body_has_at_most_255_elements(void **state)
{
    (void)state;
    uint8_t memory[512];
    for (unsigned count = 254; count <= 257; count++) {
        struct buffer buffer = BUFFER_OVER(memory);
        (void)hex("97cccb00c400c4000000dc", &buffer);
        uint8_t size[2] = {(uint8_t)(count >> 8), (uint8_t)count};
        assert_true(buffer_append(&buffer, BYTES_OF(size)));
        (void)hex("02a0", &buffer);
        memset(buffer.data + buffer.size, 0, count - 2);
        buffer.size += count - 2;
        assert_int_equal(event_envelope_holds(buffer_bytes(&buffer)), count <= 255);
    }
}

static void an_event_above_its_bound_is_refused_both_ways(void **state)
{
    (void)state;
    /* an unknown type with one bin that fills the event up to its bound */
    static uint8_t memory[EVENT_SIZE_MAX + 8];
    for (size_t over = 0; over <= 1; over++) {
        struct buffer buffer = BUFFER_OVER(memory);
        (void)hex("97cd03e700c400c400000091c5", &buffer);
        size_t bin = EVENT_SIZE_MAX - buffer.size - 2 + over;
        uint8_t size[2] = {(uint8_t)(bin >> 8), (uint8_t)bin};
        assert_true(buffer_append(&buffer, BYTES_OF(size)));
        memset(buffer.data + buffer.size, 0, bin);
        buffer.size += bin;
        assert_int_equal(event_envelope_holds(buffer_bytes(&buffer)), over == 0);
    }

    /* eight sealed fields of the largest size fit; a buffer one byte too small does not */
    static const uint8_t box[SEALED_SIZE_MAX];
    struct event event;
    sample_event(12, &event);
    event.body.enrol.field_count = MEMBER_FIELDS_MAX;
    for (size_t i = 0; i < MEMBER_FIELDS_MAX; i++) {
        event.body.enrol.fields[i] = (struct sealed_field){1, 2, UINT32_MAX, BYTES_OF(box)};
    }
    struct buffer out = BUFFER_OVER(memory);
    assert_int_equal(event_encode(&event, &out), STATUS_OK);
    struct buffer small = {memory, 0, out.size - 1};
    assert_int_equal(event_encode(&event, &small), STATUS_TOO_LARGE);
    assert_int_equal(small.size, 0);
}

static void the_largest_event_of_each_list_fits(void **state)
{
    (void)state;
    static uint8_t memory[EVENT_SIZE_MAX];
    static const uint8_t key[64] = {1};
    static const char text[REASON_SIZE_MAX] = {'x'};
    struct event event;
    sample_event(7, &event);
    event.body.topup.lot_count = EVENT_LINES_MAX;
    for (size_t i = 0; i < EVENT_LINES_MAX; i++) {
        event.body.topup.lots[i] =
            (struct lot_terms){255, INT64_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, BYTES_OF(key)};
    }
    struct buffer out = BUFFER_OVER(memory);
    assert_int_equal(event_encode(&event, &out), STATUS_OK);
    assert_int_equal(event_survives(buffer_bytes(&out)), STATUS_OK);

    sample_event(8, &event);
    event.body.spend.line_count = EVENT_LINES_MAX;
    event.body.spend.item_count = SALE_ITEMS_MAX;
    for (size_t i = 0; i < SALE_ITEMS_MAX; i++) {
        event.body.spend.items[i] = (struct sale_item){bytes_of(text, ITEM_NAME_SIZE_MAX),
                                                       UINT32_MAX, INT64_MAX, INT64_MAX};
    }
    out.size = 0;
    assert_int_equal(event_encode(&event, &out), STATUS_OK);
    assert_int_equal(event_survives(buffer_bytes(&out)), STATUS_OK);

    sample_event(9, &event);
    event.body.refund.line_count = EVENT_LINES_MAX;
    event.body.refund.reason = BYTES_OF(text);
    out.size = 0;
    assert_int_equal(event_encode(&event, &out), STATUS_OK);
    assert_int_equal(event_survives(buffer_bytes(&out)), STATUS_OK);
}

static void assert_not_encoded(const struct event *event)
{
    uint8_t memory[EVENT_SIZE_MAX];
    struct buffer out = BUFFER_OVER(memory);
    assert_int_equal(event_encode(event, &out), STATUS_TOO_LARGE);
    assert_int_equal(out.size, 0);
}

static void the_encoder_writes_nothing_that_the_decoder_refuses(void **state)
{
    (void)state;
    struct event event;
    sample_event(7, &event);
    event.body.topup.lots[0].amount = -1;
    assert_not_encoded(&event);
    sample_event(7, &event);
    event.body.topup.lot_count = 0;
    assert_not_encoded(&event);
    sample_event(7, &event);
    event.body.topup.lot_count = EVENT_LINES_MAX + 1;
    assert_not_encoded(&event);
    sample_event(7, &event);
    event.body_size = 1; /* fewer than a top-up needs */
    assert_not_encoded(&event);
    sample_event(15, &event);
    event.body.freeze.reason = bytes_of("\xff", 1);
    assert_not_encoded(&event);
    sample_event(5, &event);
    event.body.organisation.zone_minutes = 1441;
    assert_not_encoded(&event);
    event.body.organisation.zone_minutes = -1441;
    assert_not_encoded(&event);
    sample_event(10, &event);
    event.body.move.to = UINT64_C(1) << 48;
    assert_not_encoded(&event);
    sample_event(14, &event);
    event.body.issue.number = bytes_of("70000700100000112", 17);
    assert_not_encoded(&event);
}

static void absent_trailing_elements_read_as_none(void **state)
{
    (void)state;
    uint8_t memory[512];
    struct buffer buffer = BUFFER_OVER(memory);
    struct event event;
    assert_int_equal(event_decode(sample_bytes(0, &buffer), &event), STATUS_OK);
    assert_true(event.known);
    assert_int_equal(event.body_size, 2);
    assert_int_equal(event.body.topup.version, 0);
    assert_int_equal(event_decode(sample_bytes(1, &buffer), &event), STATUS_OK);
    assert_true(event.known);
    assert_int_equal(event.body_size, 3);
    assert_int_equal(event.body.spend.item_count, 0);
    /* and a new sale says that it has no items and no other tenders */
    event.body_size = 0;
    struct bytes whole = encoded(&event, &buffer);
    assert_int_equal(event_decode(whole, &event), STATUS_OK);
    assert_int_equal(event.body_size, 5);
}

static void a_certificate_is_signed_with_its_network(void **state)
{
    (void)state;
    struct event event;
    sample_event(2, &event);
    struct digest network;
    memset(network.bytes, 0x11, 32);
    uint8_t memory[256];
    struct buffer out = BUFFER_OVER(memory);
    assert_int_equal(auth_signed_bytes(&network, &event, &out), STATUS_OK);
    assert_is(buffer_bytes(&out),
              "74616c6c792f617574682f3100"
              "1111111111111111111111111111111111111111111111111111111111111111"
              "9501c4205151515151515151515151515151515151515151515151515151515151515151"
              "00c4200000000000000000000000000000000000000000000000000000000000000000cd5207");
    struct buffer small = {memory, 0, out.size - 1};
    assert_int_equal(auth_signed_bytes(&network, &event, &small), STATUS_TOO_LARGE);
    assert_int_equal(small.size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_worked_events_have_their_published_bytes),
        cmocka_unit_test(every_event_survives_damage),
        cmocka_unit_test(a_top_up_keeps_its_fields),
        cmocka_unit_test(a_sale_keeps_its_fields),
        cmocka_unit_test(refunds_moves_and_accepts_keep_their_fields),
        cmocka_unit_test(facts_of_the_authority_keep_their_fields),
        cmocka_unit_test(facts_about_members_keep_their_fields),
        cmocka_unit_test(an_unknown_type_is_kept_as_unknown),
        cmocka_unit_test(a_known_type_with_a_strange_body_is_not_known),
        cmocka_unit_test(half_a_body_is_never_shown),
        cmocka_unit_test(later_elements_are_ignored_but_checked),
        cmocka_unit_test(what_is_no_event_at_all_is_malformed),
        cmocka_unit_test(a_body_has_at_most_255_elements),
        cmocka_unit_test(an_event_above_its_bound_is_refused_both_ways),
        cmocka_unit_test(the_largest_event_of_each_list_fits),
        cmocka_unit_test(the_encoder_writes_nothing_that_the_decoder_refuses),
        cmocka_unit_test(absent_trailing_elements_read_as_none),
        cmocka_unit_test(a_certificate_is_signed_with_its_network),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
