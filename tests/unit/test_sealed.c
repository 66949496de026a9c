#include "sealed.h"

#include "tally/event.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const uint8_t KEY[32] = {1};
static const uint8_t NONCE[24] = {2};

static struct seal_context context_of_a_name(void)
{
    return (struct seal_context){EVENT_MEMBER_ENROL, {{0xcc}}, CLASS_SERVICE, 1};
}

static void a_field_opens_with_its_key_and_context(void **state)
{
    (void)state;
    struct seal_context context = context_of_a_name();
    uint8_t box_memory[SEALED_SIZE_MAX];
    struct buffer box = BUFFER_OVER(box_memory);
    assert_int_equal(seal_field(KEY, NONCE, &context, bytes_of("Wang Fang", 9), &box), STATUS_OK);
    assert_int_equal(box.size, 24 + 9 + 16);
    assert_memory_equal(box.data, NONCE, 24);
    uint8_t plain_memory[FIELD_SIZE_MAX];
    struct buffer plain = BUFFER_OVER(plain_memory);
    assert_int_equal(open_field(KEY, &context, buffer_bytes(&box), &plain), STATUS_OK);
    assert_true(bytes_equal(buffer_bytes(&plain), bytes_of("Wang Fang", 9)));
}

static void another_key_or_context_does_not_open_it(void **state)
{
    (void)state;
    struct seal_context context = context_of_a_name();
    uint8_t box_memory[SEALED_SIZE_MAX];
    struct buffer box = BUFFER_OVER(box_memory);
    assert_int_equal(seal_field(KEY, NONCE, &context, bytes_of("Wang Fang", 9), &box), STATUS_OK);
    uint8_t plain_memory[FIELD_SIZE_MAX];
    struct buffer plain = BUFFER_OVER(plain_memory);

    uint8_t wrong_key[32] = {9};
    assert_int_equal(open_field(wrong_key, &context, buffer_bytes(&box), &plain), STATUS_FORGED);
    struct seal_context wrong[4] = {context, context, context, context};
    wrong[0].event_type ^= 0x100;
    wrong[1].member.bytes[15] = 1;
    wrong[2].class_number = CLASS_MARKETING;
    wrong[3].key_number = 0x01000001;
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(open_field(KEY, &wrong[i], buffer_bytes(&box), &plain), STATUS_FORGED);
    }
    assert_int_equal(plain.size, 0);
}

static void a_changed_box_does_not_open(void **state)
{
    (void)state;
    struct seal_context context = context_of_a_name();
    uint8_t box_memory[SEALED_SIZE_MAX];
    struct buffer box = BUFFER_OVER(box_memory);
    assert_int_equal(seal_field(KEY, NONCE, &context, bytes_of("Wang Fang", 9), &box), STATUS_OK);
    uint8_t plain_memory[FIELD_SIZE_MAX];
    struct buffer plain = BUFFER_OVER(plain_memory);
    for (size_t i = 0; i < box.size; i++) {
        box.data[i] ^= 1;
        assert_int_equal(open_field(KEY, &context, buffer_bytes(&box), &plain), STATUS_FORGED);
        box.data[i] ^= 1;
        assert_int_equal(open_field(KEY, &context, bytes_of(box.data, i), &plain), STATUS_FORGED);
    }
}

static void a_field_may_be_empty_and_has_a_largest_size(void **state)
{
    (void)state;
    struct seal_context context = context_of_a_name();
    static const uint8_t text[FIELD_SIZE_MAX + 1];
    uint8_t box_memory[SEALED_SIZE_MAX + 8];
    uint8_t plain_memory[FIELD_SIZE_MAX];
    const size_t sizes[] = {0, 1, FIELD_SIZE_MAX};
    for (size_t i = 0; i < 3; i++) {
        struct buffer box = BUFFER_OVER(box_memory);
        struct buffer plain = BUFFER_OVER(plain_memory);
        assert_int_equal(seal_field(KEY, NONCE, &context, bytes_of(text, sizes[i]), &box),
                         STATUS_OK);
        assert_int_equal(open_field(KEY, &context, buffer_bytes(&box), &plain), STATUS_OK);
        assert_int_equal(plain.size, sizes[i]);
    }
    struct buffer box = BUFFER_OVER(box_memory);
    assert_int_equal(seal_field(KEY, NONCE, &context, BYTES_OF(text), &box), STATUS_TOO_LARGE);
    assert_int_equal(box.size, 0);
}

static void nothing_is_written_where_it_does_not_fit(void **state)
{
    (void)state;
    struct seal_context context = context_of_a_name();
    uint8_t box_memory[24 + 9 + 16];
    struct buffer small = {box_memory, 0, sizeof box_memory - 1};
    assert_int_equal(seal_field(KEY, NONCE, &context, bytes_of("Wang Fang", 9), &small),
                     STATUS_TOO_LARGE);
    struct buffer box = BUFFER_OVER(box_memory);
    assert_int_equal(seal_field(KEY, NONCE, &context, bytes_of("Wang Fang", 9), &box), STATUS_OK);
    uint8_t plain_memory[8];
    struct buffer plain = BUFFER_OVER(plain_memory);
    assert_int_equal(open_field(KEY, &context, buffer_bytes(&box), &plain), STATUS_TOO_LARGE);
    assert_int_equal(plain.size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_field_opens_with_its_key_and_context),
        cmocka_unit_test(another_key_or_context_does_not_open_it),
        cmocka_unit_test(a_changed_box_does_not_open),
        cmocka_unit_test(a_field_may_be_empty_and_has_a_largest_size),
        cmocka_unit_test(nothing_is_written_where_it_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
