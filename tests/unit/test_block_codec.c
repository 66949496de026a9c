#include "block_codec.h"

#include "hash.h"
#include "proto_samples.h"
#include "writer.h"

#include <sodium.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void the_worked_block_has_its_published_bytes(void **state)
{
    (void)state;
    static struct worked_example example;
    static struct block block;
    worked_example_make(&example);
    assert_int_equal(example.block.size, 351);
    assert_int_equal(block_decode(example.block, &block), STATUS_OK);
    uint8_t memory[512];
    struct buffer buffer = BUFFER_OVER(memory);
    struct bytes header =
        hex("9e01ce0007000101c4200000000000000000000000000000000000000000000000000000000000000000cf"
            "019b76daa8000000cd4fe60cc410222222222222222222222222222222220102cca4c42093ce48f832a2ae"
            "9b6ec337dcd9b4ffd9dad3291d5532f98a8ea5ee9abbfda0f30090",
            &buffer);
    assert_true(bytes_equal(block.header_bytes, header));
    struct bytes signature =
        hex("d09f474ded75882d49ae0eac1dc8ad8894b007060f02597aa89ca0f99ff335cd8ba0b74bb12852a04f7bf4"
            "f6f9b7984eac8d22c7537cc04a5fc529da4fc48202",
            &buffer);
    assert_true(bytes_equal(block.signature, signature));
    struct bytes id =
        hex("7924ce119a30dee29cb431022b7b756ce2d42605816ad7e496abaa22c1436478", &buffer);
    assert_memory_equal(block.id.bytes, id.data, 32);
    assert_true(bytes_equal(block.events[0], example.events[0]));
    assert_true(bytes_equal(block.events[1], example.events[1]));
    assert_int_equal(block.header.journal, journal_of(7, 1));
    assert_int_equal(block.header.count, 2);
    assert_int_equal(block.header.size, 164);
}

static void the_signature_holds_for_this_block_network_and_key_only(void **state)
{
    (void)state;
    static struct worked_example example;
    worked_example_make(&example);
    uint8_t memory[512];
    struct buffer body = BUFFER_OVER(memory);
    assert_int_equal(block_signed_bytes(&example.network, example.header_bytes, &body), STATUS_OK);
    assert_true(signature_holds(buffer_bytes(&body), example.signature, example.public_key));
    struct bytes shorter = {body.data, body.size - 1};
    assert_false(signature_holds(shorter, example.signature, example.public_key));

    struct digest elsewhere = {{1}};
    body.size = 0;
    assert_int_equal(block_signed_bytes(&elsewhere, example.header_bytes, &body), STATUS_OK);
    assert_false(signature_holds(buffer_bytes(&body), example.signature, example.public_key));
}

static void a_block_survives_damage(void **state)
{
    (void)state;
    static struct worked_example example;
    worked_example_make(&example);
    bytes_survive_damage(example.block, block_survives);
}

static void an_event_that_was_exchanged_shows_in_the_root(void **state)
{
    (void)state;
    static struct worked_example example;
    static struct block block;
    worked_example_make(&example);
    struct bytes swapped[2] = {example.events[1], example.events[0]};
    uint8_t memory[512];
    struct buffer out = BUFFER_OVER(memory);
    assert_int_equal(block_assemble(example.header_bytes, example.signature, swapped, 2, &out),
                     STATUS_OK);
    assert_int_equal(block_decode(buffer_bytes(&out), &block), STATUS_FORGED);
}

/* The worked block with another header; nothing signs it, which decoding does not ask for. */
static enum status decode_with(const struct block_header *header, size_t events)
{
    static struct worked_example example;
    static struct block block;
    worked_example_make(&example);
    uint8_t header_memory[BLOCK_HEADER_SIZE_MAX];
    uint8_t memory[4096];
    struct buffer header_out = BUFFER_OVER(header_memory);
    struct buffer out = BUFFER_OVER(memory);
    assert_int_equal(block_header_encode(header, &header_out), STATUS_OK);
    assert_int_equal(
        block_assemble(buffer_bytes(&header_out), example.signature, example.events, events, &out),
        STATUS_OK);
    return block_decode(buffer_bytes(&out), &block);
}

static struct block_header worked_header(void)
{
    static struct worked_example example;
    worked_example_make(&example);
    return example.header;
}

static void a_header_must_agree_with_the_events(void **state)
{
    (void)state;
    struct block_header header = worked_header();
    assert_int_equal(decode_with(&header, 2), STATUS_OK);
    assert_int_equal(decode_with(&header, 1), STATUS_MALFORMED);
    header.count = 1;
    assert_int_equal(decode_with(&header, 2), STATUS_MALFORMED);
    header.count = 2;
    header.size++;
    assert_int_equal(decode_with(&header, 2), STATUS_MALFORMED);
    header.size--;
    header.root.bytes[31] ^= 1;
    assert_int_equal(decode_with(&header, 2), STATUS_FORGED);
}

static void a_header_must_be_of_this_version_and_of_a_journal(void **state)
{
    (void)state;
    struct block_header header = worked_header();
    header.version = 2;
    assert_int_equal(decode_with(&header, 2), STATUS_MALFORMED);
    header = worked_header();
    header.journal = 0;
    assert_int_equal(decode_with(&header, 2), STATUS_MALFORMED);
    header = worked_header();
    header.seq = 0;
    assert_int_equal(decode_with(&header, 2), STATUS_MALFORMED);
    header = worked_header();
    header.flags = 1;
    assert_int_equal(decode_with(&header, 2), STATUS_MALFORMED);
    header = worked_header();
    header.prev.bytes[0] = 1; /* the first block follows none */
    assert_int_equal(decode_with(&header, 2), STATUS_MALFORMED);
    header.seq = 2;
    assert_int_equal(decode_with(&header, 2), STATUS_OK);
}

static void deps_rise_and_name_other_journals(void **state)
{
    (void)state;
    struct block_header header = worked_header();
    header.dep_count = 2;
    header.deps[0] = (struct block_dep){journal_of(3, 1), 5, {{1}}};
    header.deps[1] = (struct block_dep){journal_of(8, 2), 6, {{2}}};
    assert_int_equal(decode_with(&header, 2), STATUS_OK);

    struct block_header wrong = header;
    wrong.deps[1].journal = journal_of(3, 1); /* twice the same */
    assert_int_equal(decode_with(&wrong, 2), STATUS_MALFORMED);
    wrong.deps[1].journal = journal_of(2, 1); /* falling */
    assert_int_equal(decode_with(&wrong, 2), STATUS_MALFORMED);
    wrong.deps[1].journal = header.journal;
    assert_int_equal(decode_with(&wrong, 2), STATUS_MALFORMED);
    wrong = header;
    wrong.deps[0].journal = journal_of(0, 1); /* the authority */
    assert_int_equal(decode_with(&wrong, 2), STATUS_MALFORMED);
    wrong = header;
    wrong.deps[0].seq = 0;
    assert_int_equal(decode_with(&wrong, 2), STATUS_MALFORMED);
}

static void a_header_with_all_deps_fits_while_numbers_stay_below_32_bits(void **state)
{
    (void)state;
    struct block_header header = worked_header();
    header.journal = (UINT64_C(1) << 48) - 1;
    header.seq = UINT64_MAX;
    header.hlc = UINT64_MAX;
    header.day = UINT32_MAX;
    header.auth = UINT64_MAX;
    header.rules = UINT16_MAX;
    header.size = UINT32_MAX;
    header.dep_count = BLOCK_DEPS_MAX;
    for (uint32_t i = 0; i < BLOCK_DEPS_MAX; i++) {
        header.deps[i] =
            (struct block_dep){(UINT64_C(1) << 47) + i, UINT32_MAX - i, {{(uint8_t)i}}};
    }
    uint8_t memory[BLOCK_HEADER_SIZE_MAX];
    struct buffer out = BUFFER_OVER(memory);
    assert_int_equal(block_header_encode(&header, &out), STATUS_OK);
    struct block_header read;
    assert_int_equal(block_header_decode(buffer_bytes(&out), &read), STATUS_OK);
    assert_int_equal(read.dep_count, BLOCK_DEPS_MAX);
    assert_true(read.deps[31].seq == UINT32_MAX - 31);

    header.dep_count = BLOCK_DEPS_MAX + 1;
    out.size = 0;
    assert_int_equal(block_header_encode(&header, &out), STATUS_TOO_LARGE);
    assert_int_equal(out.size, 0);
}

static void a_block_holds_1_to_512_events(void **state)
{
    (void)state;
    static struct bytes events[BLOCK_EVENTS_MAX + 1];
    static struct digest leaves[BLOCK_EVENTS_MAX];
    static struct block block;
    static uint8_t memory[BLOCK_SIZE_MAX];
    uint8_t small[16];
    struct buffer buffer = BUFFER_OVER(small);
    struct bytes event = hex("97cd03e700c400c400000090", &buffer);
    for (size_t i = 0; i <= BLOCK_EVENTS_MAX; i++) {
        events[i] = event;
    }
    for (size_t i = 0; i < BLOCK_EVENTS_MAX; i++) {
        leaves[i] = hash_leaf(event);
    }
    struct block_header header = worked_header();
    header.count = BLOCK_EVENTS_MAX;
    header.size = (uint32_t)(BLOCK_EVENTS_MAX * event.size);
    header.root = hash_root(leaves, BLOCK_EVENTS_MAX);
    uint8_t header_memory[BLOCK_HEADER_SIZE_MAX];
    struct buffer header_out = BUFFER_OVER(header_memory);
    assert_int_equal(block_header_encode(&header, &header_out), STATUS_OK);
    const uint8_t signature[64] = {0};
    struct buffer out = BUFFER_OVER(memory);
    assert_int_equal(
        block_assemble(buffer_bytes(&header_out), signature, events, BLOCK_EVENTS_MAX, &out),
        STATUS_OK);
    assert_int_equal(block_decode(buffer_bytes(&out), &block), STATUS_OK);
    assert_int_equal(block_survives(buffer_bytes(&out)), STATUS_OK);

    out.size = 0;
    assert_int_equal(
        block_assemble(buffer_bytes(&header_out), signature, events, BLOCK_EVENTS_MAX + 1, &out),
        STATUS_TOO_LARGE);
    assert_int_equal(block_assemble(buffer_bytes(&header_out), signature, events, 0, &out),
                     STATUS_TOO_LARGE);
    assert_int_equal(out.size, 0);
}

static void no_block_above_64_kib_is_written(void **state)
{
    (void)state;
    static uint8_t event[EVENT_SIZE_MAX];
    static uint8_t memory[BLOCK_SIZE_MAX * 2];
    struct bytes events[17];
    for (size_t i = 0; i < 17; i++) {
        events[i] = BYTES_OF(event);
    }
    const uint8_t signature[64] = {0};
    struct buffer out = BUFFER_OVER(memory);
    assert_int_equal(block_assemble(bytes_of("h", 1), signature, events, 15, &out), STATUS_OK);
    out.size = 0;
    assert_int_equal(block_assemble(bytes_of("h", 1), signature, events, 17, &out),
                     STATUS_TOO_LARGE);
}

/* A block of `count` events of the largest size, right in all but perhaps its own size. */
static enum status decode_large(uint32_t count)
{
    static uint8_t event[EVENT_SIZE_MAX];
    static uint8_t memory[BLOCK_SIZE_MAX * 2];
    static struct block block;
    struct buffer filled = BUFFER_OVER(event);
    (void)hex("97cd03e700c400c400000091c50ff1", &filled);
    assert_int_equal(EVENT_SIZE_MAX - filled.size, 0x0ff1);
    struct digest leaves[32];
    for (uint32_t i = 0; i < count; i++) {
        leaves[i] = hash_leaf(BYTES_OF(event));
    }
    struct block_header header = worked_header();
    header.count = count;
    header.size = count * EVENT_SIZE_MAX;
    header.root = hash_root(leaves, count);
    uint8_t header_memory[BLOCK_HEADER_SIZE_MAX];
    struct buffer header_out = BUFFER_OVER(header_memory);
    assert_int_equal(block_header_encode(&header, &header_out), STATUS_OK);
    const uint8_t signature[64] = {0};
    struct buffer out = BUFFER_OVER(memory);
    struct writer writer = writer_over(&out);
    write_array(&writer, 3);
    write_bin(&writer, buffer_bytes(&header_out));
    write_bin(&writer, BYTES_OF(signature));
    write_array(&writer, count);
    for (uint32_t i = 0; i < count; i++) {
        write_bin(&writer, BYTES_OF(event));
    }
    assert_int_equal(writer_finish(&writer), STATUS_OK);
    return block_decode(buffer_bytes(&out), &block);
}

static void a_received_block_above_64_kib_is_refused(void **state)
{
    (void)state;
    assert_int_equal(decode_large(15), STATUS_OK);
    assert_int_equal(decode_large(16), STATUS_MALFORMED); /* 65,536 and its own frame */
}

static void an_event_that_is_none_spoils_the_block(void **state)
{
    (void)state;
    static struct block block;
    uint8_t bad[] = {0x05};
    struct bytes events[1] = {BYTES_OF(bad)};
    struct digest leaf = hash_leaf(events[0]);
    struct block_header header = worked_header();
    header.count = 1;
    header.size = 1;
    header.root = leaf;
    uint8_t header_memory[BLOCK_HEADER_SIZE_MAX];
    struct buffer header_out = BUFFER_OVER(header_memory);
    assert_int_equal(block_header_encode(&header, &header_out), STATUS_OK);
    const uint8_t signature[64] = {0};
    uint8_t memory[512];
    struct buffer out = BUFFER_OVER(memory);
    assert_int_equal(block_assemble(buffer_bytes(&header_out), signature, events, 1, &out),
                     STATUS_OK);
    assert_int_equal(block_decode(buffer_bytes(&out), &block), STATUS_MALFORMED);
}

static void a_head_is_signed_with_its_place(void **state)
{
    (void)state;
    static struct worked_example example;
    worked_example_make(&example);
    struct digest id = hash_block_id(example.header_bytes, BYTES_OF(example.signature));
    uint8_t memory[128];
    struct buffer out = BUFFER_OVER(memory);
    assert_int_equal(head_signed_bytes(&example.network, journal_of(7, 1), 1, &id, &out),
                     STATUS_OK);
    uint8_t expected_memory[128];
    struct buffer buffer = BUFFER_OVER(expected_memory);
    struct bytes expected = hex("74616c6c792f686561642f3100"
                                "1111111111111111111111111111111111111111111111111111111111111111"
                                "00000000000700010000000000000001"
                                "7924ce119a30dee29cb431022b7b756ce2d42605816ad7e496abaa22c1436478",
                                &buffer);
    assert_true(bytes_equal(buffer_bytes(&out), expected));
    struct buffer small = {memory, 0, out.size - 1};
    assert_int_equal(head_signed_bytes(&example.network, 1, 1, &id, &small), STATUS_TOO_LARGE);
    assert_int_equal(small.size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_worked_block_has_its_published_bytes),
        cmocka_unit_test(the_signature_holds_for_this_block_network_and_key_only),
        cmocka_unit_test(a_block_survives_damage),
        cmocka_unit_test(an_event_that_was_exchanged_shows_in_the_root),
        cmocka_unit_test(a_header_must_agree_with_the_events),
        cmocka_unit_test(a_header_must_be_of_this_version_and_of_a_journal),
        cmocka_unit_test(deps_rise_and_name_other_journals),
        cmocka_unit_test(a_header_with_all_deps_fits_while_numbers_stay_below_32_bits),
        cmocka_unit_test(a_block_holds_1_to_512_events),
        cmocka_unit_test(no_block_above_64_kib_is_written),
        cmocka_unit_test(a_received_block_above_64_kib_is_refused),
        cmocka_unit_test(an_event_that_is_none_spoils_the_block),
        cmocka_unit_test(a_head_is_signed_with_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
