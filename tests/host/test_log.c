#include "log.h"

#include "clock.h"
#include "explanation.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int pipe_ends[2];

static int set_up(void **state)
{
    (void)state;
    return pipe2(pipe_ends, O_NONBLOCK);
}

static int tear_down(void **state)
{
    (void)state;
    log_configure(LOG_INFO, LOG_FORMAT_TEXT, STDERR_FILENO);
    (void)close(pipe_ends[0]);
    (void)close(pipe_ends[1]);
    return 0;
}

/* What was written since; good until the next call. */
static const char *written(void)
{
    static char text[65536];
    ssize_t size = read(pipe_ends[0], text, sizeof text - 1);
    text[size > 0 ? size : 0] = '\0';
    return text;
}

/* Behind the time, which is the first thing in a text line and differs. */
static const char *behind_time(const char *line)
{
    assert_true(strlen(line) > 25);
    assert_int_equal(line[23], 'Z');
    return line + 25;
}

static void a_text_line_has_time_level_event_and_fields(void **state)
{
    (void)state;
    log_configure(LOG_DEBUG, LOG_FORMAT_TEXT, pipe_ends[1]);
    log_event(LOG_INFO, "block_admitted", log_journal("journal", UINT64_C(12) << 16 | 3),
              log_count("seq", UINT64_MAX), log_number("skew_ms", -5), log_truth("own", true),
              log_hex("id", bytes_of("\x01\xab", 2)), log_text("from", "tcp://h:1"),
              log_text("why", "two words"), log_text("empty", NULL));
    assert_string_equal(behind_time(written()),
                        "info block_admitted journal=12.3 seq=18446744073709551615 skew_ms=-5 "
                        "own=true id=01ab from=tcp://h:1 why=\"two words\" empty=\"\"\n");
    log_event(LOG_ERROR, "stopping", log_nothing());
    assert_string_equal(behind_time(written()), "error stopping\n");
}

static void a_json_line_is_one_object(void **state)
{
    (void)state;
    log_configure(LOG_DEBUG, LOG_FORMAT_JSON, pipe_ends[1]);
    log_event(LOG_WARNING, "peer_refused", log_journal("journal", UINT64_C(12) << 16 | 3),
              log_count("seq", 7), log_number("skew_ms", -5), log_truth("own", false),
              log_hex("id", bytes_of("\x01\xab", 2)), log_text("why", "a \"b\"\\\n"));
    const char *line = written();
    assert_int_equal(strncmp(line, "{\"time\":\"", 9), 0);
    assert_string_equal(line + 9 + 24,
                        "\",\"level\":\"warning\",\"event\":\"peer_refused\",\"journal\":\"12.3\","
                        "\"seq\":7,\"skew_ms\":-5,\"own\":false,\"id\":\"01ab\","
                        "\"why\":\"a \\\"b\\\"\\\\\\u000a\"}\n");
}

static void text_from_outside_can_neither_break_a_line_nor_forge_a_field(void **state)
{
    (void)state;
    log_configure(LOG_DEBUG, LOG_FORMAT_TEXT, pipe_ends[1]);
    log_event(LOG_INFO, "x", log_text("a", "1 level=error\nb"));
    assert_string_equal(behind_time(written()), "info x a=\"1 level=error\\u000ab\"\n");
    log_event(LOG_INFO, "x", log_text("a", "k=v"));
    assert_string_equal(behind_time(written()), "info x a=\"k=v\"\n");
    log_event(LOG_INFO, "x", log_text("a", "\x1b[31m\xc2\x9b\x7f"));
    assert_string_equal(behind_time(written()), "info x a=\"\\u001b[31m\\u009b\\u007f\"\n");
    /* Cut, overlong, surrogate and out of range; then good Chinese. */
    log_event(LOG_INFO, "x", log_text("a", "\xe5\x8c \xc0\xaf \xed\xa0\x80 \xf5 \xe5\x8c\x97"));
    assert_string_equal(behind_time(written()),
                        "info x a=\"\\ufffd\\ufffd \\ufffd\\ufffd \\ufffd\\ufffd\\ufffd \\ufffd "
                        "\xe5\x8c\x97\"\n");
}

static void a_line_has_a_bound_and_says_what_it_leaves_out(void **state)
{
    (void)state;
    char many[5000];
    memset(many, '\n', sizeof many - 1);
    many[sizeof many - 1] = '\0';
    log_configure(LOG_DEBUG, LOG_FORMAT_JSON, pipe_ends[1]);
    log_event(LOG_INFO, "x", log_text("too_long", many), log_count("next", 5));
    const char *line = written();
    assert_true(strlen(line) <= LOG_LINE_SIZE_MAX);
    assert_null(strstr(line, "too_long"));
    assert_non_null(strstr(line, ",\"next\":5,\"fields_left_out\":true}\n"));
    memset(many, 'a', sizeof many - 1);
    log_event(LOG_INFO, "x", log_text("long", many), log_count("next", 5));
    line = written();
    assert_non_null(strstr(line, "aaa...\",\"next\":5}\n"));
    assert_true(strlen(line) < LOG_TEXT_SIZE_MAX + 120);
}

static void only_what_is_wanted_is_written(void **state)
{
    (void)state;
    log_configure(LOG_WARNING, LOG_FORMAT_TEXT, pipe_ends[1]);
    assert_false(log_wants(LOG_INFO));
    log_event(LOG_INFO, "x", log_nothing());
    assert_string_equal(written(), "");
    log_event(LOG_WARNING, "x", log_nothing());
    assert_string_not_equal(written(), "");
}

static void a_noisy_source_is_held_back_and_what_it_lost_is_counted(void **state)
{
    (void)state;
    struct log_limit limit = {.burst = 2, .period_ms = 1000};
    uint64_t dropped = 99;
    assert_true(log_limit_pass(&limit, 5000, &dropped));
    assert_int_equal(dropped, 0);
    assert_true(log_limit_pass(&limit, 5999, &dropped));
    assert_false(log_limit_pass(&limit, 5999, &dropped));
    assert_false(log_limit_pass(&limit, 5999, &dropped));
    assert_true(log_limit_pass(&limit, 6000, &dropped));
    assert_int_equal(dropped, 2);
    assert_true(log_limit_pass(&limit, 6001, &dropped));
    assert_int_equal(dropped, 0);
}

static void *write_lines(void *argument)
{
    (void)argument;
    for (int i = 0; i < 100; i++) {
        log_event(LOG_INFO, "turn", log_text("text", "0123456789 0123456789"));
    }
    return NULL;
}

static void lines_of_two_threads_do_not_mix(void **state)
{
    (void)state;
    pthread_t threads[2];
    log_configure(LOG_INFO, LOG_FORMAT_TEXT, pipe_ends[1]);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, write_lines, NULL), 0);
    }
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    int lines = 0;
    const char *text = written();
    while (*text != '\0') {
        const char *line = behind_time(text);
        static const char wanted[] = "info turn text=\"0123456789 0123456789\"\n";
        assert_int_equal(strncmp(line, wanted, sizeof wanted - 1), 0);
        text = line + sizeof wanted - 1;
        lines++;
    }
    assert_int_equal(lines, 200);
}

static void an_explanation_is_cut_and_may_be_unwanted(void **state)
{
    (void)state;
    struct explanation why;
    explain(NULL, "%s", "nobody asks");
    explain(&why, "%0*d", EXPLANATION_SIZE * 2, 7);
    assert_int_equal(strlen(why.text), EXPLANATION_SIZE - 1);
}

static void the_clocks_are_in_milliseconds_of_this_century(void **state)
{
    (void)state;
    uint64_t first = clock_monotonic_ms();
    assert_true(clock_monotonic_ms() >= first);
    assert_true(clock_wall_ms() > INT64_C(1577836800000) && /* 2020 */
                clock_wall_ms() < INT64_C(4102444800000));  /* 2100 */
}

#define WITH_PIPE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PIPE(a_text_line_has_time_level_event_and_fields),
        WITH_PIPE(a_json_line_is_one_object),
        WITH_PIPE(text_from_outside_can_neither_break_a_line_nor_forge_a_field),
        WITH_PIPE(a_line_has_a_bound_and_says_what_it_leaves_out),
        WITH_PIPE(only_what_is_wanted_is_written),
        WITH_PIPE(a_noisy_source_is_held_back_and_what_it_lost_is_counted),
        WITH_PIPE(lines_of_two_threads_do_not_mix),
        WITH_PIPE(an_explanation_is_cut_and_may_be_unwanted),
        WITH_PIPE(the_clocks_are_in_milliseconds_of_this_century),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
