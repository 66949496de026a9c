#include "json.h"

#include "render.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

static struct bytes text(const char *characters)
{
    return bytes_of(characters, strlen(characters));
}

static void assert_parses(const char *characters)
{
    char why[200] = "";
    json_t *object = json_parse_object(text(characters), why, sizeof why);
    if (object == NULL) {
        fail_msg("%s: %s", characters, why);
    }
    json_decref(object);
}

static void assert_unfit_bytes(struct bytes input)
{
    char why[200] = "";
    json_t *object = json_parse_object(input, why, sizeof why);
    if (object != NULL) {
        fail_msg("accepted: %.*s", (int)input.size, (const char *)input.data);
    }
    assert_true(strlen(why) > 10);
}

static void assert_unfit(const char *characters)
{
    assert_unfit_bytes(text(characters));
}

static void one_object_is_read(void **state)
{
    (void)state;
    assert_parses("{}");
    assert_parses(" {\"a\":[1,-2,{\"b\":null}],\"c\":\"\\u00e9\\n\"} \n");
    assert_parses("{\"least\":-9223372036854775808,\"most\":9223372036854775807}");
}

/* 3.3 class 4. */
static void what_is_not_exactly_one_object_is_refused(void **state)
{
    (void)state;
    static const char *const unfit[] = {
        "",
        " ",
        "1",
        "\"text\"",
        "null",
        "[]",
        "[{\"a\":1}]",
        "{",
        "{\"a\":1",
        "{\"a\":",
        "{\"a\":1}}",
        "{\"a\":1}{\"a\":1}",
        "{\"a\":1} x",
        "{\"a\":1,}",
        "{'a':1}",
        "{a:1}",
        "{\"a\":1,\"a\":2}",
        "{\"a\":{\"b\":1,\"b\":1}}",
        "{\"a\":\"1\",\"\\u0061\":\"2\"}",
        "{\"a\":NaN}",
        "{\"a\":Infinity}",
        "{\"a\":-Infinity}",
        "{\"a\":01}",
        "{\"a\":+1}",
        "{\"a\":.5}",
        "{\"a\":0x10}",
        "{\"a\":9223372036854775808}",
        "{\"a\":-9223372036854775809}",
        "{\"a\":1e999}",
        "{\"a\":-0}",
        "{\"a\":[1,-0.0]}",
        "{\"a\":\"\\ud800\"}",
        "{\"a\":\"\\udc00\\ud800\"}",
        "{\"a\":\"\\u0000\"}",
        "{\"\\u0000\":1}",
        "{\"a\":\"\\x41\"}",
        "{\"a\":\"line\nbreak\"}",
        "{\"a\":\"\xc0\xaf\"}",
        "{\"a\":\"\xed\xa0\x80\"}",
        "{\"a\":\"\xf4\x90\x80\x80\"}",
        "{\"a\":\"\xff\"}",
        "\xef\xbb\xbf{\"a\":1}",
        "{\"a\":1 /* comment */}",
    };
    for (size_t i = 0; i < sizeof unfit / sizeof unfit[0]; i++) {
        assert_unfit(unfit[i]);
    }
    assert_unfit_bytes(bytes_of("{\"a\":1}\0", 8));
    assert_unfit_bytes(bytes_of("{\"a\":\"x\0y\"}", 11));
}

static void every_beginning_of_an_object_is_refused(void **state)
{
    (void)state;
    static const char whole[] = "{\"a\":[1,{\"b\":\"x\\\"y\"}],\"c\":true}";
    for (size_t size = 0; size < sizeof whole - 1; size++) {
        assert_unfit_bytes(bytes_of(whole, size));
    }
    assert_parses(whole);
}

/* {"a":[[..]]} with `depth` brackets in all. */
static char *nested(size_t depth)
{
    char *memory = calloc(1, depth * 2 + 16);
    assert_non_null(memory);
    strcpy(memory, "{\"a\":");
    memset(memory + 5, '[', depth - 1);
    memset(memory + 5 + depth - 1, ']', depth - 1);
    memory[5 + 2 * (depth - 1)] = '}';
    return memory;
}

static void sixteen_levels_are_read_and_seventeen_are_refused(void **state)
{
    (void)state;
    char *most = nested(16);
    char *more = nested(17);
    char *many = nested(20000);
    assert_parses(most);
    assert_unfit(more);
    assert_unfit(many);
    free(most);
    free(more);
    free(many);
}

static void brackets_and_minus_signs_inside_strings_count_for_nothing(void **state)
{
    (void)state;
    assert_parses("{\"a\":\"[[[[[[[[[[[[[[[[[[[[{{{{{{{{\",\"b\":\"-0 \\\" -0 [\"}");
    assert_parses("{\"a\":\"ends in a backslash \\\\\",\"b\":[[]]}");
}

static void a_body_of_64_KiB_is_read_and_one_byte_more_is_refused(void **state)
{
    (void)state;
    char *memory = malloc(JSON_BODY_SIZE_MAX + 2);
    assert_non_null(memory);
    memset(memory, ' ', JSON_BODY_SIZE_MAX + 1);
    memcpy(memory, "{}", 2);
    char why[200];
    json_t *object = json_parse_object(bytes_of(memory, JSON_BODY_SIZE_MAX), why, sizeof why);
    assert_non_null(object);
    json_decref(object);
    assert_unfit_bytes(bytes_of(memory, JSON_BODY_SIZE_MAX + 1));
    free(memory);
}

static void why_repeats_nothing_that_was_sent(void **state)
{
    (void)state;
    char why[200] = "";
    assert_null(json_parse_object(text("{\"a\":tk_secret}"), why, sizeof why));
    assert_null(strstr(why, "tk_secret"));
}

static void hash_text(const char *method, const char *route, const char *body, uint8_t hash[16])
{
    char why[200];
    json_t *object = json_parse_object(text(body), why, sizeof why);
    assert_non_null(object);
    json_hash_request(method, route, object, hash);
    json_decref(object);
}

static void one_wish_typed_two_ways_has_one_hash(void **state)
{
    (void)state;
    uint8_t a[16];
    uint8_t b[16];
    hash_text("POST", "/v1/spends", "{\"b\":{\"y\":1,\"x\":\"\\u00e9\"},\"a\":[1,2]}", a);
    hash_text("POST", "/v1/spends", " { \"a\" : [ 1 , 2 ],\n\"b\":{\"x\":\"\xc3\xa9\",\"y\":1}}",
              b);
    assert_memory_equal(a, b, 16);
}

static void another_wish_has_another_hash(void **state)
{
    (void)state;
    uint8_t base[16];
    uint8_t other[16];
    hash_text("POST", "/v1/spends", "{\"a\":1}", base);
    hash_text("POST", "/v1/spends", "{\"a\":2}", other);
    assert_memory_not_equal(base, other, 16);
    hash_text("POST", "/v1/topups", "{\"a\":1}", other);
    assert_memory_not_equal(base, other, 16);
    hash_text("PUT", "/v1/spends", "{\"a\":1}", other);
    assert_memory_not_equal(base, other, 16);
    hash_text("POST", "/v1/spends", "{\"a\":\"1\"}", other);
    assert_memory_not_equal(base, other, 16);
    hash_text("POST", "/v1/spends", "{\"a\":[2,1]}", base);
    hash_text("POST", "/v1/spends", "{\"a\":[1,2]}", other);
    assert_memory_not_equal(base, other, 16);
}

static void assert_rendered(struct render *out, const char *expected)
{
    render_raw(out, "", 1);
    assert_string_equal(out->data, expected);
    render_free(out);
}

static void values_are_written_in_one_form(void **state)
{
    (void)state;
    struct render out = {0};
    render_open(&out, NULL, '{');
    render_integer(&out, "least", INT64_MIN);
    render_count(&out, "most", UINT64_MAX);
    render_truth(&out, "yes", true);
    render_null(&out, "none");
    render_open(&out, "list", '[');
    render_string(&out, NULL, "a");
    render_hex(&out, NULL, bytes_of("\x00\xaf", 2));
    render_close(&out, ']');
    render_open(&out, "empty", '[');
    render_close(&out, ']');
    render_money(&out, "money", -30000, (const uint8_t *)"CNY");
    render_close(&out, '}');
    assert_rendered(&out, "{\"least\":-9223372036854775808,\"most\":18446744073709551615,"
                          "\"yes\":true,\"none\":null,\"list\":[\"a\",\"00af\"],\"empty\":[],"
                          "\"money\":{\"minor\":-30000,\"currency\":\"CNY\"}}");
}

static void a_text_can_break_neither_the_JSON_nor_a_page(void **state)
{
    (void)state;
    struct render out = {0};
    render_text(&out, NULL, text("\"\\\n\x01\x7f</script>&\xc3\xa9\xe4\xb8\xad"));
    assert_rendered(&out, "\"\\\"\\\\\\u000a\\u0001\\u007f\\u003c/script\\u003e\\u0026"
                          "\xc3\xa9\xe4\xb8\xad\"");
}

static void bytes_that_are_not_UTF_8_become_the_replacement_character(void **state)
{
    (void)state;
    struct render out = {0};
    render_text(&out, NULL,
                text("a\xff"
                     "b\xc0\xaf\xe4\xb8"));
    assert_rendered(&out, "\"a\xef\xbf\xbd"
                          "b\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

/* Overlong forms, halves of surrogate pairs, and what lies above U+10FFFF. */
static void characters_that_do_not_exist_are_replaced(void **state)
{
    (void)state;
    static const char *const none[] = {"\xe0\x80\x80",     "\xe0\x9f\xbf",     "\xed\xa0\x80",
                                       "\xed\xbf\xbf",     "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf",
                                       "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xc1\xbf"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        struct render out = {0};
        render_text(&out, NULL, text(none[i]));
        assert_int_equal(out.size, 2 + 3 * strlen(none[i]));
        assert_memory_equal(out.data, "\"\xef\xbf\xbd", 4);
        render_free(&out);
    }
    struct render out = {0};
    render_text(&out, NULL, text("\xe0\xa0\x80\xed\x9f\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"));
    assert_rendered(&out, "\"\xe0\xa0\x80\xed\x9f\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"");
}

static void references_and_journals_are_written_and_read(void **state)
{
    (void)state;
    struct render out = {0};
    struct event_ref ref = {.journal = journal_of(2, 1), .seq = 17, .index = 3};
    struct event_ref back = {0};
    render_ref(&out, NULL, ref);
    render_journal(&out, NULL, ref.journal);
    render_ref(&out, NULL, (struct event_ref){0});
    assert_rendered(&out, "\"2.1-17-3\",\"2.1\",null");
    assert_true(ref_parse(text("2.1-17-3"), &back));
    assert_true(event_ref_equal(ref, back));
    assert_true(ref_parse(text("0.4-1-0"), &back)); /* the authority */
}

static void what_is_not_a_reference_is_refused(void **state)
{
    (void)state;
    static const char *const odd[] = {
        "",
        "2",
        "2.1",
        "2.1-17",
        "2.1-17-",
        "2.1-17-3-",
        "-2.1-17-3",
        "2.1-17-3 ",
        " 2.1-17-3",
        "2.1-17-65536",
        "100000.1-17-3",
        "2.65536-17-3",
        "02.1-17-3",
        "2.1-017-3",
        "2.1-99999999999999999999-0",
        "0.0-1-0",
        "a.1-17-3",
        "2.1--17-3",
    };
    struct event_ref ref = {0};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        if (ref_parse(text(odd[i]), &ref)) {
            fail_msg("accepted %s", odd[i]);
        }
    }
    assert_int_equal(ref.journal, 0);
}

static void times_are_written_in_UTC_with_milliseconds(void **state)
{
    (void)state;
    char shown[RENDER_TIME_SIZE];
    time_print(INT64_C(1795298393123), shown);
    assert_string_equal(shown, "2026-11-21T21:59:53.123Z");
    time_print(1, shown);
    assert_string_equal(shown, "1970-01-01T00:00:00.001Z");
    time_print(INT64_MAX, shown);
    assert_string_equal(shown, "9999-12-31T23:59:59.999Z");
}

static void times_are_read_in_any_zone(void **state)
{
    (void)state;
    int64_t at = 0;
    assert_true(time_parse(text("2026-11-21T21:59:53.123Z"), &at));
    assert_int_equal(at, INT64_C(1795298393123));
    assert_true(time_parse(text("2026-11-22T05:59:53.123456+08:00"), &at));
    assert_int_equal(at, INT64_C(1795298393123));
    assert_true(time_parse(text("2026-11-21t16:29:53-05:30"), &at));
    assert_int_equal(at, INT64_C(1795298393000));
    static const char *const odd[] = {
        "2026-11-21",
        "2026-11-21T21:59:53",
        "2026-11-21 21:59:53Z",
        "2026-11-31T00:00:00Z",
        "2026-11-21T24:00:00Z",
        "2026-11-21T21:60:00Z",
        "2026-11-21T21:59:53.Z",
        "2026-11-21T21:59:53+8",
        "2026-11-21T21:59:53+24:00",
        "2026-11-21T21:59:5aZ",
        "1970-01-01T00:00:00+01:00",
        "2026-11-21T21:59:53ZZ",
    };
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        if (time_parse(text(odd[i]), &at)) {
            fail_msg("accepted %s", odd[i]);
        }
    }
}

static void amounts_in_sentences_have_the_currency_s_decimals(void **state)
{
    (void)state;
    char shown[RENDER_MONEY_SIZE];
    money_print(30005, (const uint8_t *)"CNY", shown);
    assert_string_equal(shown, "300.05 CNY");
    money_print(-7, (const uint8_t *)"CNY", shown);
    assert_string_equal(shown, "-0.07 CNY");
    money_print(500, (const uint8_t *)"JPY", shown);
    assert_string_equal(shown, "500 JPY");
    money_print(1500, (const uint8_t *)"KWD", shown);
    assert_string_equal(shown, "1.500 KWD");
    money_print(INT64_MIN, (const uint8_t *)"CNY", shown);
    assert_string_equal(shown, "-92233720368547758.08 CNY");
}

static void hex_is_lower_case_and_of_one_length(void **state)
{
    (void)state;
    uint8_t out[2] = {9, 9};
    assert_true(hex_parse(text("00af"), out, 2));
    assert_memory_equal(out, "\x00\xaf", 2);
    assert_false(hex_parse(text("00AF"), out, 2));
    assert_false(hex_parse(text("00a"), out, 2));
    assert_false(hex_parse(text("00af0"), out, 2));
    assert_false(hex_parse(text("00ag"), out, 2));
    assert_memory_equal(out, "\x00\xaf", 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_object_is_read),
        cmocka_unit_test(what_is_not_exactly_one_object_is_refused),
        cmocka_unit_test(every_beginning_of_an_object_is_refused),
        cmocka_unit_test(sixteen_levels_are_read_and_seventeen_are_refused),
        cmocka_unit_test(brackets_and_minus_signs_inside_strings_count_for_nothing),
        cmocka_unit_test(a_body_of_64_KiB_is_read_and_one_byte_more_is_refused),
        cmocka_unit_test(why_repeats_nothing_that_was_sent),
        cmocka_unit_test(one_wish_typed_two_ways_has_one_hash),
        cmocka_unit_test(another_wish_has_another_hash),
        cmocka_unit_test(values_are_written_in_one_form),
        cmocka_unit_test(a_text_can_break_neither_the_JSON_nor_a_page),
        cmocka_unit_test(bytes_that_are_not_UTF_8_become_the_replacement_character),
        cmocka_unit_test(characters_that_do_not_exist_are_replaced),
        cmocka_unit_test(references_and_journals_are_written_and_read),
        cmocka_unit_test(what_is_not_a_reference_is_refused),
        cmocka_unit_test(times_are_written_in_UTC_with_milliseconds),
        cmocka_unit_test(times_are_read_in_any_zone),
        cmocka_unit_test(amounts_in_sentences_have_the_currency_s_decimals),
        cmocka_unit_test(hex_is_lower_case_and_of_one_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
