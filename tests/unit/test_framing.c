#include "framing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

struct line {
    const char *name;
    const char *value;
};

static struct framing given(const struct line *lines, size_t count)
{
    struct framing framing = {0};
    framing_header(&framing, bytes_of("Host", 4), bytes_of("localhost", 9));
    for (size_t i = 0; i < count; i++) {
        framing_header(&framing, bytes_of(lines[i].name, strlen(lines[i].name)),
                       bytes_of(lines[i].value, strlen(lines[i].value)));
    }
    return framing;
}

/* The status with which a request of these lines is refused, or 0. */
#define STATUS(method, ...)                                                                        \
    status_of(method, (const struct line[]){__VA_ARGS__},                                          \
              sizeof((const struct line[]){__VA_ARGS__}) / sizeof(struct line))

static unsigned status_of(const char *method, const struct line *lines, size_t count)
{
    struct framing framing = given(lines, count);
    bool good = framing_end(&framing, method, "/v1/spends", "HTTP/1.1");
    assert_int_equal(good, framing.status == 0);
    assert_int_equal(good, framing.why == NULL);
    return framing.status;
}

static void a_body_needs_one_length_in_digits(void **state)
{
    (void)state;
    assert_int_equal(STATUS("POST", {"Content-Length", "35"}), 0);
    assert_int_equal(STATUS("POST", {"content-LENGTH", "0"}), 0);
    assert_int_equal(STATUS("POST", {"Accept", "*/*"}), 411);
    assert_int_equal(STATUS("POST", {"Content-Length", "5"}, {"Content-Length", "5"}), 400);
    assert_int_equal(STATUS("POST", {"Content-Length", "5"}, {"CONTENT-LENGTH", "6"}), 400);
    static const char *const odd[] = {"", "+5", "-5", "5 5", "5,5", "0x5", "5.0", "five", " 5"};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        assert_int_equal(STATUS("POST", {"Content-Length", odd[i]}), 400);
    }
}

static void a_body_of_64_KiB_passes_and_one_byte_more_does_not(void **state)
{
    (void)state;
    struct framing framing = given((const struct line[]){{"Content-Length", "65536"}}, 1);
    assert_true(framing_end(&framing, "POST", "/", "HTTP/1.1"));
    assert_int_equal(framing.body_size, 65536);
    assert_int_equal(STATUS("POST", {"Content-Length", "65537"}), 413);
    assert_int_equal(STATUS("POST", {"Content-Length", "18446744073709551616"}), 413);
    assert_int_equal(STATUS("POST", {"Content-Length", "00000000000000000000000000005"}), 0);
}

static void transfer_codings_are_refused_all(void **state)
{
    (void)state;
    assert_int_equal(STATUS("POST", {"Transfer-Encoding", "chunked"}), 411);
    assert_int_equal(STATUS("POST", {"Transfer-Encoding", "identity"}), 411);
    assert_int_equal(STATUS("GET", {"Transfer-Encoding", "chunked"}), 411);
    assert_int_equal(STATUS("POST", {"Transfer-Encoding", "x"}, {"Content-Length", "5"}), 400);
}

static void names_that_are_not_tokens_or_only_begin_right_are_refused(void **state)
{
    (void)state;
    static const char *const odd[] = {"",       "Content-Length ", "Content-Length\t",
                                      "X Y",    "X\xc3\xa9",       "X(",
                                      "X\x01",  "Content-Length5", "Transfer-Encodingchunked",
                                      "Hosta",  "Content-Type2",   "Authorization2",
                                      "Cookie2"};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        if (STATUS("GET", {odd[i], "5"}) != 400) {
            fail_msg("accepted \"%s\"", odd[i]);
        }
    }
}

static void what_matters_stands_once_and_the_rest_as_often_as_it_likes(void **state)
{
    (void)state;
    static const char *const once[] = {"Authorization",   "Cookie", "Content-Type",
                                       "Idempotency-Key", "Origin", "Content-Encoding",
                                       "Expect"};
    for (size_t i = 0; i < sizeof once / sizeof once[0]; i++) {
        assert_int_equal(STATUS("GET", {once[i], "identity"}, {once[i], "identity"}), 400);
    }
    assert_int_equal(STATUS("GET", {"Host", "localhost"}), 400);
    assert_int_equal(STATUS("GET", {"Accept", "a/b"}, {"Accept", "c/d"}, {"X-Any", "1"},
                            {"X-Any", "1"}, {"Accept-Encoding", "gzip"}),
                     0);
}

static void control_characters_in_a_value_are_refused(void **state)
{
    (void)state;
    assert_int_equal(STATUS("GET", {"X", "a\tb"}), 0);
    assert_int_equal(STATUS("GET", {"X", "caf\xc3\xa9"}), 0);
    assert_int_equal(STATUS("GET", {"X", "a\rb"}), 400);
    assert_int_equal(STATUS("GET", {"X", "a\nb"}), 400);
    assert_int_equal(STATUS("GET", {"X", "a\x01"}), 400);
    assert_int_equal(STATUS("GET", {"X", "\x7f"}), 400);
}

static void other_expectations_and_codings_cannot_be_met(void **state)
{
    (void)state;
    assert_int_equal(STATUS("POST", {"Content-Length", "5"}, {"Expect", "100-Continue"}), 0);
    assert_int_equal(STATUS("POST", {"Content-Length", "5"}, {"Expect", "200-ok"}), 417);
    assert_int_equal(STATUS("POST", {"Content-Length", "5"}, {"Content-Encoding", "Identity"}), 0);
    assert_int_equal(STATUS("POST", {"Content-Length", "5"}, {"Content-Encoding", "br"}), 415);
}

static void methods_without_a_body_have_none(void **state)
{
    (void)state;
    assert_int_equal(STATUS("GET", {"Content-Length", "0"}), 0);
    assert_int_equal(STATUS("GET", {"Content-Length", "1"}), 400);
    assert_int_equal(STATUS("DELETE", {"Content-Length", "1"}), 400);
    assert_int_equal(STATUS("PUT", {"Content-Length", "1"}), 0);
}

static unsigned status_of_line(const char *method, const char *target, const char *version)
{
    struct framing framing = given(NULL, 0);
    (void)framing_end(&framing, method, target, version);
    return framing.status;
}

static void the_first_line_has_one_form(void **state)
{
    (void)state;
    char longest[3000];
    memset(longest, 'a', sizeof longest);
    longest[0] = '/';
    longest[2048] = 0;
    assert_int_equal(status_of_line("GET", longest, "HTTP/1.1"), 0);
    longest[2048] = 'a';
    longest[2049] = 0;
    assert_int_equal(status_of_line("GET", longest, "HTTP/1.1"), 414);
    assert_int_equal(status_of_line("GET", "/", "HTTP/1.0"), 0);
    assert_int_equal(status_of_line("GET", "/", "HTTP/1.2"), 505);
    assert_int_equal(status_of_line("GET", "/", "HTTP/2.0"), 505);
    assert_int_equal(status_of_line("get", "/", "HTTP/1.1"), 400);
    assert_int_equal(status_of_line("", "/", "HTTP/1.1"), 400);
    assert_int_equal(status_of_line("ABCDEFGHIJKLMNOPQ", "/", "HTTP/1.1"), 400);
    assert_int_equal(status_of_line("GET", "http://a/", "HTTP/1.1"), 400);
    assert_int_equal(status_of_line("GET", "*", "HTTP/1.1"), 400);
}

static void a_current_request_names_its_host(void **state)
{
    (void)state;
    struct framing none = {0};
    assert_false(framing_end(&none, "GET", "/", "HTTP/1.1"));
    assert_int_equal(none.status, 400);
    struct framing old = {0};
    assert_true(framing_end(&old, "GET", "/", "HTTP/1.0"));
}

static void the_first_fault_is_the_one_told(void **state)
{
    (void)state;
    struct framing framing = given((const struct line[]){{"X(", "1"}}, 1);
    const char *why = framing.why;
    assert_non_null(why);
    assert_false(framing_end(&framing, "POST", "*", "HTTP/9.9"));
    assert_ptr_equal(framing.why, why);
    assert_int_equal(framing.status, 400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_needs_one_length_in_digits),
        cmocka_unit_test(a_body_of_64_KiB_passes_and_one_byte_more_does_not),
        cmocka_unit_test(transfer_codings_are_refused_all),
        cmocka_unit_test(names_that_are_not_tokens_or_only_begin_right_are_refused),
        cmocka_unit_test(what_matters_stands_once_and_the_rest_as_often_as_it_likes),
        cmocka_unit_test(control_characters_in_a_value_are_refused),
        cmocka_unit_test(other_expectations_and_codings_cannot_be_met),
        cmocka_unit_test(methods_without_a_body_have_none),
        cmocka_unit_test(the_first_line_has_one_form),
        cmocka_unit_test(a_current_request_names_its_host),
        cmocka_unit_test(the_first_fault_is_the_one_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
