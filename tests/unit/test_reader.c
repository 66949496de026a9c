#include "reader.h"

#include "proto_samples.h"
#include "writer.h"

#include <stdio.h>
#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <msgpack.h>

static bool accepts(const char *digits)
{
    uint8_t memory[256];
    struct buffer buffer = BUFFER_OVER(memory);
    return reader_accepts(hex(digits, &buffer), MESSAGE_DEPTH_MAX, 100);
}

static void shortest_forms_are_accepted(void **state)
{
    (void)state;
    static const char *const forms[] = {
        "00",
        "7f",
        "cc80",
        "ccff",
        "cd0100",
        "cdffff",
        "ce00010000",
        "ceffffffff",
        "cf0000000100000000",
        "cfffffffffffffffff",
        "c400",
        "c40161",
        "a0",
        "a161",
        "90",
        "9100",
        "9290c400",
    };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        assert_true(accepts(forms[i]));
    }
}

static void longer_forms_are_refused(void **state)
{
    (void)state;
    static const char *const forms[] = {
        "cc00",     "cc7f",         "cd00ff", "cd0000",   "ce0000ffff", "cf00000000ffffffff",
        "c50001ff", "c600000001ff", "d90161", "da000161", "dc000100",   "dc0000",
    };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        assert_false(accepts(forms[i]));
    }
}

static void sizes_need_the_form_that_just_holds_them(void **state)
{
    (void)state;
    static const struct {
        size_t size;
        const char *bin_head;
        const char *str_head;
    } cases[] = {
        {31, "c41f", "bf"},        {32, "c420", "d920"},        {255, "c4ff", "d9ff"},
        {256, "c50100", "da0100"}, {65535, "c5ffff", "daffff"},
    };
    uint8_t *memory = malloc(70000);
    assert_non_null(memory);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer bin = {memory, 0, 70000};
        (void)hex(cases[i].bin_head, &bin);
        memset(bin.data + bin.size, 'x', cases[i].size);
        bin.size += cases[i].size;
        assert_true(reader_accepts(buffer_bytes(&bin), 0, 1));

        struct buffer str = {memory, 0, 70000};
        (void)hex(cases[i].str_head, &str);
        memset(str.data + str.size, 'x', cases[i].size);
        str.size += cases[i].size;
        assert_true(reader_accepts(buffer_bytes(&str), 0, 1));
    }
    struct buffer wide = {memory, 0, 70000};
    (void)hex("c600010000", &wide);
    memset(wide.data + wide.size, 0, 65536);
    wide.size += 65536;
    assert_true(reader_accepts(buffer_bytes(&wide), 0, 1));
    free(memory);
}

static void kinds_that_the_format_lacks_are_refused(void **state)
{
    (void)state;
    uint8_t input[16] = {0};
    for (unsigned lead = 0x80; lead <= 0xff; lead++) {
        bool allowed = (lead >= 0x90 && lead <= 0xbf) || (lead >= 0xc4 && lead <= 0xc6) ||
                       (lead >= 0xcc && lead <= 0xcf) || lead == 0xd9 || lead == 0xda ||
                       lead == 0xdc;
        input[0] = (uint8_t)lead;
        for (size_t size = 1; size <= sizeof input && !allowed; size++) {
            assert_false(reader_accepts(bytes_of(input, size), MESSAGE_DEPTH_MAX, 100));
        }
    }
}

static void a_count_above_the_bytes_left_is_refused_at_once(void **state)
{
    (void)state;
    assert_false(accepts("dcffff00"));
    assert_false(accepts("9300 00"));
    assert_false(accepts("dd0fffffff")); /* asks msgpack-c for eight gigabytes */
    assert_false(accepts("ddff000000"));
    assert_false(accepts("c6ffffffff00"));

    uint8_t input[] = {0xdc, 0x01, 0x00, 0x01};
    struct reader reader = reader_over(BYTES_OF(input), 100);
    assert_int_equal(read_array_upto(&reader, 1000), 0);
    assert_true(reader_failed(&reader));
}

static void texts_must_be_utf8(void **state)
{
    (void)state;
    assert_true(accepts("a3e4bc9a"));    /* a Chinese character */
    assert_true(accepts("a4f09f908b"));  /* a whale */
    assert_true(accepts("a2c280"));      /* U+0080 */
    assert_true(accepts("a3ed9fbf"));    /* U+D7FF */
    assert_true(accepts("a4f48fbfbf"));  /* U+10FFFF */
    assert_false(accepts("a180"));       /* a follower alone */
    assert_false(accepts("a2c0af"));     /* overlong */
    assert_false(accepts("a2c1bf"));     /* overlong */
    assert_false(accepts("a3e0809f"));   /* overlong */
    assert_false(accepts("a4f08080af")); /* overlong */
    assert_false(accepts("a3eda080"));   /* a surrogate */
    assert_false(accepts("a4f4908080")); /* above U+10FFFF */
    assert_false(accepts("a4f5808080"));
    assert_false(accepts("a2e4bc")); /* cut short */
    assert_false(accepts("a3e4bc41"));
    assert_false(accepts("91a1ff")); /* inside what is skipped, too */
    assert_true(accepts("c401ff"));  /* bytes may be anything */
}

static void nesting_ends_at_the_depth_given(void **state)
{
    (void)state;
    uint8_t memory[16];
    struct buffer buffer = BUFFER_OVER(memory);
    struct bytes nested = hex("9191919000", &buffer);
    nested.size = 4;
    assert_true(reader_accepts(nested, 4, 100));
    assert_false(reader_accepts(nested, 3, 100));
    assert_true(accepts("91919191919100"));
    assert_false(accepts("9191919191919100"));
    assert_true(reader_accepts(bytes_of("\x05", 1), 0, 100));
    assert_false(reader_accepts(bytes_of("\x90", 1), 0, 100));
}

static void more_values_than_allowed_are_refused(void **state)
{
    (void)state;
    uint8_t input[] = {0x93, 1, 2, 3};
    assert_true(reader_accepts(BYTES_OF(input), 1, 4));
    assert_false(reader_accepts(BYTES_OF(input), 1, 3));
}

static void bytes_left_over_are_refused(void **state)
{
    (void)state;
    assert_false(accepts(""));
    assert_false(accepts("0000"));
    assert_false(accepts("910000"));
}

static void after_the_first_failure_every_read_is_empty(void **state)
{
    (void)state;
    uint8_t input[] = {0xc0, 0x05, 0x91, 0xa1, 'x', 0xc4, 1, 'y'};
    struct reader reader = reader_over(BYTES_OF(input), 100);
    uint8_t copied[4] = {1, 2, 3, 4};
    assert_int_equal(read_uint(&reader), 0);
    assert_int_equal(read_uint(&reader), 0);
    assert_int_equal(read_array_upto(&reader, 9), 0);
    assert_int_equal(read_array_atleast(&reader, 0), 0);
    assert_int_equal(read_str(&reader, 9).size, 0);
    assert_int_equal(read_bin(&reader, 9).size, 0);
    read_bin_exact(&reader, copied, 4);
    assert_memory_equal(copied, "\0\0\0\0", 4);
    read_skip(&reader, 3);
    assert_int_equal(reader_finish(&reader), STATUS_MALFORMED);
}

static void numbers_above_their_bound_are_refused(void **state)
{
    (void)state;
    uint8_t input[] = {0xcd, 0x01, 0x00};
    struct reader reader = reader_over(BYTES_OF(input), 1);
    assert_int_equal(read_uint_upto(&reader, 256), 256);
    assert_int_equal(reader_finish(&reader), STATUS_OK);
    reader = reader_over(BYTES_OF(input), 1);
    assert_int_equal(read_uint_upto(&reader, 255), 0);
    assert_true(reader_failed(&reader));
    reader = reader_over(BYTES_OF(input), 1);
    assert_int_equal(read_u8(&reader), 0);
    assert_true(reader_failed(&reader));

    uint8_t most[] = {0xcf, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    reader = reader_over(BYTES_OF(most), 1);
    assert_true(read_amount(&reader) == INT64_MAX);
    most[1] = 0x80;
    reader = reader_over(BYTES_OF(most), 1);
    assert_true(read_amount(&reader) == 0);
    assert_true(reader_failed(&reader));

    uint8_t journal[] = {0xcf, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    reader = reader_over(BYTES_OF(journal), 1);
    assert_true(read_journal(&reader) == UINT64_C(0xffffffffffff));
    journal[2] = 1;
    reader = reader_over(BYTES_OF(journal), 1);
    assert_true(read_journal(&reader) == 0);
    assert_true(reader_failed(&reader));
}

static void arrays_of_another_size_are_refused(void **state)
{
    (void)state;
    uint8_t input[] = {0x92, 1, 2};
    for (uint32_t wanted = 1; wanted <= 3; wanted++) {
        struct reader reader = reader_over(BYTES_OF(input), 3);
        read_array(&reader, wanted);
        assert_int_equal(reader_failed(&reader), wanted != 2);
        reader = reader_over(BYTES_OF(input), 3);
        assert_int_equal(read_array_atleast(&reader, wanted), wanted <= 2 ? 2 : 0);
        assert_int_equal(reader_failed(&reader), wanted > 2);
        reader = reader_over(BYTES_OF(input), 3);
        assert_int_equal(read_array_upto(&reader, wanted), wanted >= 2 ? 2 : 0);
        assert_int_equal(reader_failed(&reader), wanted < 2);
    }
}

static void an_optional_name_has_one_encoding(void **state)
{
    (void)state;
    uint8_t out[2] = {7, 7};
    uint8_t empty[] = {0xc4, 0};
    struct reader reader = reader_over(BYTES_OF(empty), 1);
    read_bin_optional(&reader, out, 2);
    assert_int_equal(reader_finish(&reader), STATUS_OK);
    assert_memory_equal(out, "\0\0", 2);

    uint8_t full[] = {0xc4, 2, 0, 9};
    reader = reader_over(BYTES_OF(full), 1);
    read_bin_optional(&reader, out, 2);
    assert_int_equal(reader_finish(&reader), STATUS_OK);
    assert_memory_equal(out, "\0\x09", 2);

    uint8_t zeros[] = {0xc4, 2, 0, 0};
    reader = reader_over(BYTES_OF(zeros), 1);
    read_bin_optional(&reader, out, 2);
    assert_true(reader_failed(&reader));

    uint8_t partial[] = {0xc4, 1, 9};
    reader = reader_over(BYTES_OF(partial), 1);
    read_bin_optional(&reader, out, 2);
    assert_true(reader_failed(&reader));
    assert_memory_equal(out, "\0\0", 2);
}

/* Unpacks with msgpack-c and packs again. */
static void assert_msgpack_agrees(struct bytes input)
{
    msgpack_unpacked unpacked;
    msgpack_unpacked_init(&unpacked);
    size_t at = 0;
    assert_int_equal(msgpack_unpack_next(&unpacked, (const char *)input.data, input.size, &at),
                     MSGPACK_UNPACK_SUCCESS);
    assert_int_equal(at, input.size);
    msgpack_sbuffer packed;
    msgpack_sbuffer_init(&packed);
    msgpack_packer packer;
    msgpack_packer_init(&packer, &packed, msgpack_sbuffer_write);
    assert_int_equal(msgpack_pack_object(&packer, unpacked.data), 0);
    assert_int_equal(packed.size, input.size);
    assert_memory_equal(packed.data, input.data, input.size);
    msgpack_sbuffer_destroy(&packed);
    msgpack_unpacked_destroy(&unpacked);
}

static void every_input_of_three_bytes_that_is_accepted_packs_to_itself(void **state)
{
    (void)state;
    size_t accepted = 0;
    for (uint32_t number = 0; number < 1U << 24; number++) {
        uint8_t input[3] = {(uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number};
        if (reader_accepts(BYTES_OF(input), MESSAGE_DEPTH_MAX, 100)) {
            accepted++;
            assert_msgpack_agrees(BYTES_OF(input));
        }
    }
    /* One byte holds 130 values (numbers, the empty text, the empty array), two bytes hold
     * 128 + 1 + 128 + 130 = 387. Three hold numbers, bin of one byte, texts of two ASCII bytes or
     * one character, [a value of two bytes], [two values of one byte]. */
    assert_int_equal(accepted, (65536 - 256) + 256 + (128 * 128 + 1920) + 387 + 130 * 130);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shortest_forms_are_accepted),
        cmocka_unit_test(longer_forms_are_refused),
        cmocka_unit_test(sizes_need_the_form_that_just_holds_them),
        cmocka_unit_test(kinds_that_the_format_lacks_are_refused),
        cmocka_unit_test(a_count_above_the_bytes_left_is_refused_at_once),
        cmocka_unit_test(texts_must_be_utf8),
        cmocka_unit_test(nesting_ends_at_the_depth_given),
        cmocka_unit_test(more_values_than_allowed_are_refused),
        cmocka_unit_test(bytes_left_over_are_refused),
        cmocka_unit_test(after_the_first_failure_every_read_is_empty),
        cmocka_unit_test(numbers_above_their_bound_are_refused),
        cmocka_unit_test(arrays_of_another_size_are_refused),
        cmocka_unit_test(an_optional_name_has_one_encoding),
        cmocka_unit_test(every_input_of_three_bytes_that_is_accepted_packs_to_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
