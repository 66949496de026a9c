/* The command `tally`, but for what needs a running node: the table, words and options, money. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "arguments.h"
#include "audit.h"
#include "chain_terms.h"
#include "client.h"
#include "command_table.h"
#include "data_dir.h"
#include "money_text.h"
#include "output.h"
#include "scratch.h"
#include "session.h"
#include "text_width.h"

#include "auth.h"
#include "block_codec.h"
#include "config.h"
#include "event_codec.h"
#include "file.h"
#include "hash.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct subcommand *subcommand_at(size_t i, size_t *count)
{
    return command_table(count)[i];
}

static void every_subcommand_has_a_name_of_its_own_help_and_an_example(void **state)
{
    (void)state;
    size_t count = 0;
    (void)subcommand_at(0, &count);
    assert_true(count > 30);
    for (size_t i = 0; i < count; i++) {
        const struct subcommand *each = subcommand_at(i, &count);
        assert_true(strlen(each->name) > 0 && strlen(each->summary) > 10);
        assert_non_null(each->usage);
        assert_true(strlen(each->group) > 0);
        assert_true((each->run != NULL) != (each->main != NULL));
        assert_true(each->words_min <= each->words_max);
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(each->name, subcommand_at(j, &count)->name);
        }
    }
}

static void every_example_begins_with_its_own_command(void **state)
{
    (void)state;
    size_t count = 0;
    (void)subcommand_at(0, &count);
    for (size_t i = 0; i < count; i++) {
        const struct subcommand *each = subcommand_at(i, &count);
        char wanted[64];
        (void)snprintf(wanted, sizeof wanted, "tally %s", each->name);
        assert_non_null(strstr(each->example, wanted));
    }
}

static void no_subcommand_gives_a_common_option_a_second_meaning(void **state)
{
    (void)state;
    size_t count = 0;
    (void)subcommand_at(0, &count);
    for (size_t i = 0; i < count; i++) {
        const struct option_form *own = subcommand_at(i, &count)->options;
        for (; own != NULL && own->name != NULL; own++) {
            assert_null(option_form_find(session_options, own->name, strlen(own->name)));
        }
    }
}

static void groups_of_the_help_stand_together(void **state)
{
    (void)state;
    size_t count = 0;
    (void)subcommand_at(0, &count);
    for (size_t i = 2; i < count; i++) {
        const char *group = subcommand_at(i, &count)->group;
        if (strcmp(group, subcommand_at(i - 1, &count)->group) == 0) {
            continue;
        }
        for (size_t j = 0; j + 1 < i; j++) {
            assert_string_not_equal(group, subcommand_at(j, &count)->group);
        }
    }
}

static void the_longest_name_is_found(void **state)
{
    (void)state;
    int words = 0;
    char *const card[] = {"card", "issue", "--member", "x"};
    assert_string_equal(command_find(4, card, &words)->name, "card issue");
    assert_int_equal(words, 2);
    char *const spend[] = {"spend", "8"};
    assert_string_equal(command_find(2, spend, &words)->name, "spend");
    assert_int_equal(words, 1);
    char *const half[] = {"card"};
    assert_null(command_find(1, half, &words));
    char *const longer[] = {"spending"};
    assert_null(command_find(1, longer, &words));
}

static void a_slip_of_the_finger_is_understood(void **state)
{
    (void)state;
    char *const topup[] = {"topop", "8000"};
    assert_string_equal(command_nearest(2, topup)->name, "topup");
    char *const card[] = {"card", "isue"};
    assert_string_equal(command_nearest(2, card)->name, "card issue");
    char *const nothing[] = {"xylophone"};
    assert_null(command_nearest(1, nothing));
}

static const struct option_form own_options[] = {
    {"hours", "N", ""}, {"named", NULL, ""}, {"item", "TEXT", ""}, {0}};
static const struct option_form *const forms[2] = {session_options, own_options};

static void options_stand_anywhere_and_two_dashes_end_them(void **state)
{
    (void)state;
    struct arguments arguments;
    char problem[PROBLEM_SIZE] = "";
    char *const words[] = {"--hours", "5", "a",        "--item=x", "--named", "b",
                           "--item",  "y", "--node=u", "--",       "--hours"};
    assert_true(arguments_parse(&arguments, 11, words, forms, problem));
    assert_int_equal(arguments.positional_count, 3);
    assert_string_equal(arguments.positionals[0], "a");
    assert_string_equal(arguments.positionals[1], "b");
    assert_string_equal(arguments.positionals[2], "--hours");
    assert_string_equal(arguments_option(&arguments, "hours"), "5");
    assert_string_equal(arguments_option(&arguments, "node"), "u");
    assert_string_equal(arguments_option(&arguments, "item"), "y");
    assert_string_equal(arguments_option_nth(&arguments, "item", 0), "x");
    assert_string_equal(arguments_option_nth(&arguments, "item", 1), "y");
    assert_null(arguments_option_nth(&arguments, "item", 2));
    assert_true(arguments_has(&arguments, "named"));
    assert_false(arguments_has(&arguments, "json"));
}

static void options_that_make_no_sense_are_refused_by_name(void **state)
{
    (void)state;
    struct arguments arguments;
    char problem[PROBLEM_SIZE] = "";
    char *const unknown[] = {"--colour", "red"};
    assert_false(arguments_parse(&arguments, 2, unknown, forms, problem));
    assert_non_null(strstr(problem, "--colour"));
    char *const missing[] = {"--hours"};
    assert_false(arguments_parse(&arguments, 1, missing, forms, problem));
    assert_non_null(strstr(problem, "--hours N"));
    char *const valued[] = {"--named=yes"};
    assert_false(arguments_parse(&arguments, 1, valued, forms, problem));
    assert_non_null(strstr(problem, "--named"));
    char *const prefix[] = {"--hour", "5"};
    assert_false(arguments_parse(&arguments, 2, prefix, forms, problem));
}

static void more_words_and_options_than_fit_are_refused(void **state)
{
    (void)state;
    struct arguments arguments;
    char problem[PROBLEM_SIZE] = "";
    char word[] = "a";
    char option[] = "--named";
    char *words[64];
    for (size_t i = 0; i < 64; i++) {
        words[i] = word;
    }
    assert_true(arguments_parse(&arguments, POSITIONALS_MAX, words, forms, problem));
    assert_false(arguments_parse(&arguments, POSITIONALS_MAX + 1, words, forms, problem));
    for (size_t i = 0; i < 64; i++) {
        words[i] = option;
    }
    assert_true(arguments_parse(&arguments, OPTIONS_MAX, words, forms, problem));
    assert_false(arguments_parse(&arguments, OPTIONS_MAX + 1, words, forms, problem));
}

static int64_t parsed(const char *text, const char *currency)
{
    int64_t minor = -1;
    return money_text_parse(text, currency, &minor) ? minor : -1;
}

static void money_is_read_as_people_write_it(void **state)
{
    (void)state;
    assert_int_equal(parsed("300", "CNY"), 30000);
    assert_int_equal(parsed("300.00", "CNY"), 30000);
    assert_int_equal(parsed("300.5", "CNY"), 30050);
    assert_int_equal(parsed("0.01", "CNY"), 1);
    assert_int_equal(parsed("1,300.05", "CNY"), 130005);
    assert_int_equal(parsed("1,234,567", "CNY"), 123456700);
    assert_int_equal(parsed("300.00 CNY", "CNY"), 30000);
    assert_int_equal(parsed("300CNY", "CNY"), 30000);
    assert_int_equal(parsed("007", "CNY"), 700);
    assert_int_equal(parsed("300", "JPY"), 300);
    assert_int_equal(parsed("1.234", "KWD"), 1234);
    assert_int_equal(parsed("10000000000.00", "CNY"), INT64_C(1000000000000));
}

static void what_is_no_amount_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",       "0",        "0.00",     "-5",         "+5",       "5.",
        ".5",     "5.005",    "5,00",     "1,2345",     "1234,567", ",300",
        "300,",   "1,,300",   "5 ",       " 5",         "5  CNY",   "5 USD",
        "5e3",    "0x10",     "1.0.0",    "5cny",       "five",     "10000000000.01",
        "5.00\n", "5,000.0,", "1 300.00", "1,300.00,5", "1,30.00",  "999999999999999999999",
        "NaN",    "300.00元", "５.00",    "--5",        "5.00CNYX", "9999999999999999",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        int64_t minor = -1;
        assert_false(money_text_parse(wrong[i], "CNY", &minor));
        assert_int_equal(minor, -1);
    }
    assert_int_equal(parsed("300.5", "JPY"), -1);
    assert_int_equal(parsed("300.", "JPY"), -1);
}

static void zero_is_an_amount_only_where_it_may_be(void **state)
{
    (void)state;
    int64_t minor = -1;
    assert_true(money_text_parse_zero("0.00", "CNY", &minor));
    assert_int_equal(minor, 0);
    assert_false(money_text_parse_zero("-0", "CNY", &minor));
}

static void print_is(int64_t minor, const char *currency, const char *wanted)
{
    char text[MONEY_TEXT_SIZE];
    money_text_print(minor, currency, text);
    assert_string_equal(text, wanted);
}

static void money_is_written_as_people_write_it(void **state)
{
    (void)state;
    print_is(0, "CNY", "0.00 CNY");
    print_is(1, "CNY", "0.01 CNY");
    print_is(30000, "CNY", "300.00 CNY");
    print_is(99999, "CNY", "999.99 CNY");
    print_is(100000, "CNY", "1,000.00 CNY");
    print_is(123456789, "CNY", "1,234,567.89 CNY");
    print_is(-30050, "CNY", "-300.50 CNY");
    print_is(300, "JPY", "300 JPY");
    print_is(1234567, "JPY", "1,234,567 JPY");
    print_is(1234, "KWD", "1.234 KWD");
    print_is(12345, "", "123.45");
    print_is(INT64_MAX, "CNY", "92,233,720,368,547,758.07 CNY");
    print_is(INT64_MIN, "CNY", "-92,233,720,368,547,758.08 CNY");
    print_is(INT64_MIN, "JPY", "-9,223,372,036,854,775,808 JPY");
}

static void what_is_written_can_be_read_again(void **state)
{
    (void)state;
    static const int64_t amounts[] = {1, 10, 99, 100, 12345, 99999999, INT64_C(1000000000000)};
    static const char *const currencies[] = {"CNY", "JPY", "KWD"};
    for (size_t c = 0; c < 3; c++) {
        for (size_t i = 0; i < sizeof amounts / sizeof amounts[0]; i++) {
            char text[MONEY_TEXT_SIZE];
            money_text_print(amounts[i], currencies[c], text);
            assert_int_equal(parsed(text, currencies[c]), amounts[i]);
        }
    }
}

static void chinese_letters_take_two_columns(void **state)
{
    (void)state;
    assert_int_equal(text_width(""), 0);
    assert_int_equal(text_width("tea"), 3);
    assert_int_equal(text_width("王芳"), 4);
    assert_int_equal(text_width("河坊街店 1"), 10);
    assert_int_equal(text_width("é"), 1);
    assert_int_equal(text_width("e\xcc\x81"), 1);
    assert_int_equal(text_width("（ａ）"), 6);
    assert_int_equal(text_width("𠀀"), 2);
    assert_int_equal(text_width("\xff\xfe"), 2);
    assert_int_equal(text_width("\xe7\x8e"), 2);
}

static void a_name_cannot_steer_the_terminal(void **state)
{
    (void)state;
    char text[32];
    text_for_terminal("a\x1b[31mb\n", text, sizeof text);
    assert_string_equal(text, "a?[31mb?");
    text_for_terminal("a\xe2\x80\xae"
                      "b",
                      text, sizeof text);
    assert_string_equal(text, "a?b");
    text_for_terminal("\xc2\x9b"
                      "x",
                      text, sizeof text);
    assert_string_equal(text, "?x");
    text_for_terminal("王芳", text, 6);
    assert_string_equal(text, "王");
    text_for_terminal("\xff", text, sizeof text);
    assert_string_equal(text, "?");
}

static void a_value_is_shown_as_what_it_is(void **state)
{
    (void)state;
    char text[CELL_SIZE];
    json_t *object = json_loads("{\"balance\":{\"minor\":30000,\"currency\":\"CNY\"},"
                                "\"at\":\"2026-11-21T21:59:53.123Z\",\"cards\":[\"1\",\"2\"],"
                                "\"frozen\":false,\"n\":7,\"none\":null,\"p\":{\"name\":\"茶\"}}",
                                0, NULL);
    output_cell(output_at(object, "balance"), text);
    assert_string_equal(text, "300.00 CNY");
    output_cell(output_at(object, "at"), text);
    assert_string_equal(text, "2026-11-21 21:59:53 UTC");
    output_cell(output_at(object, "cards"), text);
    assert_string_equal(text, "1, 2");
    output_cell(output_at(object, "frozen"), text);
    assert_string_equal(text, "no");
    output_cell(output_at(object, "n"), text);
    assert_string_equal(text, "7");
    assert_null(output_at(object, "none"));
    assert_null(output_at(object, "n.m"));
    assert_string_equal(output_text_at(object, "p.name"), "茶");
    assert_string_equal(output_text_at(object, "p.price"), "");
    json_decref(object);
}

static void a_path_is_escaped(void **state)
{
    (void)state;
    struct client_path path = client_path_of("/v1/members");
    client_path_segment(&path, "a/b");
    client_path_query(&path, "phone", "+86 138&x=1");
    client_path_query(&path, "none", NULL);
    client_path_query(&path, "to", "茶");
    assert_string_equal(path.text, "/v1/members/a%2Fb?phone=%2B86%20138%26x%3D1&to=%E8%8C%B6");
    assert_false(path.too_long);
    char *longer = calloc(1, CLIENT_PATH_SIZE + 1);
    memset(longer, 'a', CLIENT_PATH_SIZE);
    client_path_segment(&path, longer);
    assert_true(path.too_long);
    assert_true(strlen(path.text) < CLIENT_PATH_SIZE);
    free(longer);
}

static void a_key_is_a_new_uuid_each_time(void **state)
{
    (void)state;
    char first[CLIENT_KEY_SIZE];
    char second[CLIENT_KEY_SIZE];
    client_make_key(first);
    client_make_key(second);
    assert_int_equal(strlen(first), 36);
    assert_true(first[8] == '-' && first[13] == '-' && first[18] == '-' && first[23] == '-');
    assert_int_equal(first[14], '7');
    assert_non_null(strchr("89ab", first[19]));
    assert_string_not_equal(first, second);
    assert_true(client_key_is_sound(first));
    assert_false(client_key_is_sound(""));
    assert_false(client_key_is_sound("a\nb"));
    assert_false(client_key_is_sound(" a"));
}

static void only_http_addresses_and_plain_tokens_are_taken(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "ftp://a", "127.0.0.1:7080", "file:///etc/passwd", "http://a b", "http://u@h", "http://h?x",
        ""};
    char problem[CLIENT_PROBLEM_SIZE];
    struct client_options options = {.url = "http://127.0.0.1:7080/", .token = "tk_abc"};
    struct client *client = client_new(&options, problem);
    assert_non_null(client);
    client_free(client);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct client_options bad = {.url = wrong[i]};
        problem[0] = '\0';
        assert_null(client_new(&bad, problem));
        assert_true(strlen(problem) > 10);
    }
    options.token = "tk_\r\nX-Evil: 1";
    assert_null(client_new(&options, problem));
}

static void nobody_at_the_address_is_said_so_and_nothing_is_unknown(void **state)
{
    (void)state;
    char problem[CLIENT_PROBLEM_SIZE];
    struct client_reply reply;
    struct client_options options = {.url = "http://127.0.0.1:1", .timeout_ms = 2000};
    struct client *client = client_new(&options, problem);
    json_t *body = json_object();
    assert_int_equal(client_get(client, "/v1/node", &reply), OUTCOME_UNREACHABLE);
    assert_null(reply.body);
    assert_true(strlen(reply.problem) > 10);
    assert_int_equal(client_post(client, "/v1/topups", body, "k", &reply), OUTCOME_UNREACHABLE);
    json_decref(body);
    client_free(client);
}

static void zones_and_steps_of_bonus_are_read(void **state)
{
    (void)state;
    int32_t minutes = 1;
    assert_true(zone_parse("+08:00", &minutes));
    assert_int_equal(minutes, 480);
    assert_true(zone_parse("-03:30", &minutes));
    assert_int_equal(minutes, -210);
    assert_true(zone_parse("Z", &minutes));
    assert_int_equal(minutes, 0);
    assert_false(zone_parse("8", &minutes));
    assert_false(zone_parse("+8:00", &minutes));
    assert_false(zone_parse("+08:60", &minutes));
    assert_false(zone_parse("+15:00", &minutes));
    struct bonus_step step = {0};
    assert_true(bonus_parse("300:60", "CNY", &step));
    assert_int_equal(step.amount, 30000);
    assert_int_equal(step.bonus, 6000);
    assert_false(bonus_parse("300", "CNY", &step));
    assert_false(bonus_parse("300:", "CNY", &step));
    assert_false(bonus_parse("0:60", "CNY", &step));
    assert_false(bonus_parse("300:60:5", "CNY", &step));
}

static void the_configuration_written_is_the_one_read(void **state)
{
    (void)state;
    char directory[SCRATCH_PATH_SIZE];
    char path[FILE_PATH_SIZE_MAX];
    struct explanation explanation = {{0}};
    scratch_make(directory);
    struct data_dir_settings settings = {.directory = directory,
                                         .api_listen = "127.0.0.1:7190",
                                         .peer_listen = "tcp://0.0.0.0:7191",
                                         .peer_advertise = "tcp://office.example:7191"};
    assert_null(data_dir_settings_problem(&settings));
    assert_int_equal(data_dir_write_config(directory, &settings, &explanation), STATUS_OK);
    assert_int_equal(file_path(path, directory, "config.conf"), STATUS_OK);
    struct config config;
    struct config defaults;
    config_defaults(&defaults);
    enum status status = config_load(path, &config, &explanation);
    assert_string_equal(explanation.text, "");
    assert_int_equal(status, STATUS_OK);
    assert_string_equal(config.data_dir, directory);
    assert_string_equal(config.api_listen, "127.0.0.1:7190");
    assert_string_equal(config.peer_listen, "tcp://0.0.0.0:7191");
    assert_string_equal(config.peer_advertise, "tcp://office.example:7191");
    assert_int_equal(config.cache_rows, defaults.cache_rows);
    scratch_remove(directory);
}

static void addresses_that_nobody_could_dial_are_refused(void **state)
{
    (void)state;
    struct data_dir_settings settings = {.directory = "/x",
                                         .api_listen = "127.0.0.1:7190",
                                         .peer_listen = "tcp://0.0.0.0:7191",
                                         .peer_advertise = "tcp://0.0.0.0:7191"};
    assert_non_null(strstr(data_dir_settings_problem(&settings), "--advertise"));
    settings.peer_advertise = "";
    assert_null(data_dir_settings_problem(&settings));
    settings.peer_listen = "0.0.0.0:7191";
    assert_non_null(strstr(data_dir_settings_problem(&settings), "--peer-listen"));
    settings.peer_listen = "";
    settings.peer_advertise = "tcp://a:1";
    assert_non_null(strstr(data_dir_settings_problem(&settings), "--peer-listen"));
    settings.peer_advertise = "";
    settings.api_listen = "7190";
    assert_non_null(strstr(data_dir_settings_problem(&settings), "--listen"));
}

static void the_token_made_is_the_operators_and_stays(void **state)
{
    (void)state;
    char directory[SCRATCH_PATH_SIZE];
    char path[FILE_PATH_SIZE_MAX];
    char header[128] = "Bearer ";
    uint8_t memory[128];
    struct buffer token = BUFFER_OVER(memory);
    struct explanation explanation = {{0}};
    char problem[256];
    scratch_make(directory);
    assert_int_equal(data_dir_write_token(directory, &explanation), STATUS_OK);
    assert_int_equal(file_path(path, directory, "admin.token"), STATUS_OK);
    assert_int_equal(file_check_private(path, false, &explanation), STATUS_OK);
    assert_int_equal(file_read(path, &token, &explanation), STATUS_OK);
    assert_int_equal(token.size, TOKEN_TEXT_SIZE + 1);
    memcpy(header + 7, token.data, TOKEN_TEXT_SIZE);
    assert_int_equal(file_path(path, directory, "tokens"), STATUS_OK);
    struct auth *auth = auth_load(path, false, problem, sizeof problem);
    assert_non_null(auth);
    const struct token *who = auth_check(auth, header);
    assert_non_null(who);
    assert_int_equal(who->role, TOKEN_OPERATOR);
    auth_free(auth);
    assert_int_equal(data_dir_write_token(directory, &explanation), STATUS_OK);
    uint8_t again_memory[128];
    struct buffer again = BUFFER_OVER(again_memory);
    assert_int_equal(file_path(path, directory, "admin.token"), STATUS_OK);
    assert_int_equal(file_read(path, &again, &explanation), STATUS_OK);
    assert_true(bytes_equal(buffer_bytes(&token), buffer_bytes(&again)));
    scratch_remove(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_subcommand_has_a_name_of_its_own_help_and_an_example),
        cmocka_unit_test(every_example_begins_with_its_own_command),
        cmocka_unit_test(no_subcommand_gives_a_common_option_a_second_meaning),
        cmocka_unit_test(groups_of_the_help_stand_together),
        cmocka_unit_test(the_longest_name_is_found),
        cmocka_unit_test(a_slip_of_the_finger_is_understood),
        cmocka_unit_test(options_stand_anywhere_and_two_dashes_end_them),
        cmocka_unit_test(options_that_make_no_sense_are_refused_by_name),
        cmocka_unit_test(more_words_and_options_than_fit_are_refused),
        cmocka_unit_test(money_is_read_as_people_write_it),
        cmocka_unit_test(what_is_no_amount_is_refused),
        cmocka_unit_test(zero_is_an_amount_only_where_it_may_be),
        cmocka_unit_test(money_is_written_as_people_write_it),
        cmocka_unit_test(what_is_written_can_be_read_again),
        cmocka_unit_test(chinese_letters_take_two_columns),
        cmocka_unit_test(a_name_cannot_steer_the_terminal),
        cmocka_unit_test(a_value_is_shown_as_what_it_is),
        cmocka_unit_test(a_path_is_escaped),
        cmocka_unit_test(a_key_is_a_new_uuid_each_time),
        cmocka_unit_test(only_http_addresses_and_plain_tokens_are_taken),
        cmocka_unit_test(nobody_at_the_address_is_said_so_and_nothing_is_unknown),
        cmocka_unit_test(zones_and_steps_of_bonus_are_read),
        cmocka_unit_test(the_configuration_written_is_the_one_read),
        cmocka_unit_test(addresses_that_nobody_could_dial_are_refused),
        cmocka_unit_test(the_token_made_is_the_operators_and_stays),
    };
    if (sodium_init() < 0) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
