#include "writer.h"

#include "proto_samples.h"
#include "reader.h"

#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_written(const struct buffer *out, const char *digits)
{
    uint8_t memory[64];
    struct buffer buffer = BUFFER_OVER(memory);
    struct bytes expected = hex(digits, &buffer);
    assert_int_equal(out->size, expected.size);
    assert_memory_equal(out->data, expected.data, expected.size);
}

static void numbers_take_their_shortest_form(void **state)
{
    (void)state;
    static const struct {
        uint64_t number;
        const char *digits;
    } cases[] = {
        {0, "00"},
        {127, "7f"},
        {128, "cc80"},
        {255, "ccff"},
        {256, "cd0100"},
        {65535, "cdffff"},
        {65536, "ce00010000"},
        {UINT32_MAX, "ceffffffff"},
        {UINT64_C(0x100000000), "cf0000000100000000"},
        {UINT64_MAX, "cfffffffffffffffff"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t memory[16];
        struct buffer out = BUFFER_OVER(memory);
        struct writer writer = writer_over(&out);
        write_uint(&writer, cases[i].number);
        assert_int_equal(writer_finish(&writer), STATUS_OK);
        assert_written(&out, cases[i].digits);
    }
}

static void containers_take_their_shortest_form(void **state)
{
    (void)state;
    uint8_t memory[64];
    struct buffer out = BUFFER_OVER(memory);
    struct writer writer = writer_over(&out);
    write_array(&writer, 0);
    write_array(&writer, 15);
    write_array(&writer, 16);
    write_array(&writer, 65535);
    write_bin(&writer, bytes_of(NULL, 0));
    write_bin(&writer, bytes_of("ab", 2));
    write_str(&writer, bytes_of(NULL, 0));
    write_str(&writer, bytes_of("ab", 2));
    write_bin_optional(&writer, (const uint8_t *)"\0\0", 2);
    write_bin_optional(&writer, (const uint8_t *)"\0\1", 2);
    assert_int_equal(writer_finish(&writer), STATUS_OK);
    assert_written(&out, "90 9f dc0010 dcffff c400 c4026162 a0 a26162 c400 c4020001");
}

static void everything_written_is_accepted_at_every_size(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 31, 32, 255, 256, 65535};
    uint8_t *text = malloc(70000);
    uint8_t *memory = malloc(140100);
    assert_non_null(text);
    assert_non_null(memory);
    memset(text, 'x', 70000);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct buffer out = {memory, 0, 140100};
        struct writer writer = writer_over(&out);
        write_array(&writer, 2);
        write_bin(&writer, bytes_of(text, sizes[i]));
        write_str(&writer, bytes_of(text, sizes[i]));
        assert_int_equal(writer_finish(&writer), STATUS_OK);
        assert_true(reader_accepts(buffer_bytes(&out), 1, 3));
    }
    free(memory);
    free(text);
}

static void what_does_not_fit_leaves_the_buffer_as_it_was(void **state)
{
    (void)state;
    uint8_t memory[8];
    struct buffer out = BUFFER_OVER(memory);
    assert_true(buffer_append(&out, bytes_of("abc", 3)));
    struct writer writer = writer_over(&out);
    write_uint(&writer, 1);
    write_bin(&writer, bytes_of("123", 3)); /* the head fits, the bytes do not */
    write_uint(&writer, 2);
    assert_int_equal(writer_finish(&writer), STATUS_TOO_LARGE);
    assert_int_equal(out.size, 3);
    assert_memory_equal(out.data, "abc", 3);
}

static bool writes(void (*write)(struct writer *))
{
    uint8_t memory[32];
    struct buffer out = BUFFER_OVER(memory);
    struct writer writer = writer_over(&out);
    write(&writer);
    return writer_finish(&writer) == STATUS_OK;
}

static void write_negative(struct writer *writer)
{
    write_amount(writer, -1);
}

static void write_largest(struct writer *writer)
{
    write_amount(writer, INT64_MAX);
}

static void write_wide_journal(struct writer *writer)
{
    write_journal(writer, UINT64_C(1) << 48);
}

static void write_widest_journal(struct writer *writer)
{
    write_journal(writer, (UINT64_C(1) << 48) - 1);
}

static void write_broken_text(struct writer *writer)
{
    write_str(writer, bytes_of("\xff", 1));
}

static void write_long_list(struct writer *writer)
{
    assert_int_equal(write_array_upto(writer, 3, 2), 0);
}

static void write_long_text(struct writer *writer)
{
    write_str_upto(writer, bytes_of("abc", 3), 2);
}

static void write_long_bin(struct writer *writer)
{
    write_bin_upto(writer, bytes_of("abc", 3), 2);
}

static void values_outside_the_format_are_refused(void **state)
{
    (void)state;
    assert_false(writes(write_negative));
    assert_true(writes(write_largest));
    assert_false(writes(write_wide_journal));
    assert_true(writes(write_widest_journal));
    assert_false(writes(write_broken_text));
    assert_false(writes(write_long_list));
    assert_false(writes(write_long_text));
    assert_false(writes(write_long_bin));
    assert_false(writes(writer_refuse));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_take_their_shortest_form),
        cmocka_unit_test(containers_take_their_shortest_form),
        cmocka_unit_test(everything_written_is_accepted_at_every_size),
        cmocka_unit_test(what_does_not_fit_leaves_the_buffer_as_it_was),
        cmocka_unit_test(values_outside_the_format_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
