#include "config.h"

#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char folder[SCRATCH_PATH_SIZE];
static const char *path;

static int set_up(void **state)
{
    (void)state;
    scratch_make(folder);
    path = scratch_in(folder, "tally.conf");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    scratch_remove(folder);
    return 0;
}

static struct config load(const char *text)
{
    struct config config = {0};
    struct explanation why = {0};
    scratch_write(path, text, strlen(text));
    if (config_load(path, &config, &why) != STATUS_OK) {
        fail_msg("%s", why.text);
    }
    return config;
}

/* Refused, and the explanation is "file:line: .." with these words. */
static void check_refused(const char *text, unsigned line, const char *wanted)
{
    struct config config = {.cache_rows = 77};
    struct explanation why = {0};
    char place[SCRATCH_PATH_SIZE + 64];
    scratch_write(path, text, strlen(text));
    assert_int_equal(config_load(path, &config, &why), STATUS_MALFORMED);
    (void)snprintf(place, sizeof place, "%s:%u: ", path, line);
    if (strncmp(why.text, place, strlen(place)) != 0 || strstr(why.text, wanted) == NULL) {
        fail_msg("line %u \"%s\" is not in \"%s\"", line, wanted, why.text);
    }
    assert_int_equal(config.cache_rows, 77);
}

static void an_empty_file_gives_the_defaults(void **state)
{
    (void)state;
    struct config config = load("");
    assert_string_equal(config.data_dir, "/var/lib/tally");
    assert_string_equal(config.api_listen, "127.0.0.1:7080");
    assert_int_equal(config.api_connections, 512);
    assert_int_equal(config.api_body_kib, 64);
    assert_string_equal(config.peer_listen, "");
    assert_true(config.peers_auto && config.peers_office);
    assert_int_equal(config.peer_count, 0);
    assert_int_equal(config.log_level, LOG_INFO);
    assert_int_equal(config.log_format, LOG_FORMAT_TEXT);
    assert_false(config.refuse_file_system);
    assert_int_equal(config.write_buffer_mib, 16);
    assert_int_equal(config.worker_threads, 2);
}

static void what_is_written_counts(void **state)
{
    (void)state;
    struct config config = load("# a branch\n"
                                "data_dir = \"/srv/tally\"\n"
                                "api_listen = \"[::1]:0\"\n"
                                "peer_listen = \"tcp://0.0.0.0:65534\" // bulk is 65535\n"
                                "peers = {\"office\", \"12@tcp://10.0.0.2:7090\",\n"
                                "         \"tcp://[fe80::1]:7090\"}\n"
                                "log_level = debug\n"
                                "log_format = 'json'\n"
                                "/* the disk\n is new */ fs_check = \"refuse\"\n"
                                "write_buffer_mib = 4\n");
    assert_string_equal(config.data_dir, "/srv/tally");
    assert_string_equal(config.api_listen, "[::1]:0");
    assert_string_equal(config.peer_listen, "tcp://0.0.0.0:65534");
    assert_true(config.peers_office);
    assert_false(config.peers_auto);
    assert_int_equal(config.peer_count, 2);
    assert_string_equal(config.peers[0], "12@tcp://10.0.0.2:7090");
    assert_string_equal(config.peers[1], "tcp://[fe80::1]:7090");
    assert_int_equal(config.log_level, LOG_DEBUG);
    assert_int_equal(config.log_format, LOG_FORMAT_JSON);
    assert_true(config.refuse_file_system);
    assert_int_equal(config.write_buffer_mib, 4);
}

static void an_empty_list_dials_nobody(void **state)
{
    (void)state;
    struct config config = load("peers = {}\n");
    assert_false(config.peers_office);
    assert_false(config.peers_auto);
    assert_int_equal(config.peer_count, 0);
}

static void every_bad_line_is_named_by_file_and_line(void **state)
{
    (void)state;
    check_refused("\n# x\nlgo_level = \"info\"\n", 3, "did you mean log_level?");
    check_refused("bananas = 3\n", 1, "there is no option bananas");
    check_refused("log_level = \"loud\"\n", 1, "error, warning, info or debug");
    check_refused("# a\n# b\n/* c\n*/\nwrite_buffer_mib = 0\n", 5, "1 to 256; by default it is 16");
    check_refused("write_buffer_mib = 257\n", 1, "1 to 256");
    check_refused("write_buffer_mib = 010\n", 1, "1 to 256");
    check_refused("write_buffer_mib = 0x10\n", 1, "1 to 256");
    check_refused("write_buffer_mib = -1\n", 1, "1 to 256");
    check_refused("write_buffer_mib = \"\"\n", 1, "1 to 256");
    check_refused("write_buffer_mib = 99999999999999999999\n", 1, "1 to 256");
    check_refused("data_dir = \"\"\n", 1, "a path");
    check_refused("api_listen = \"127.0.0.1\"\n", 1, "host:port");
    check_refused("api_listen = \"::1:80\"\n", 1, "IPv6 in brackets");
    check_refused("api_listen = \"tcp://127.0.0.1:80\"\n", 1, "host:port");
    check_refused("peer_listen = \"0.0.0.0:7090\"\n", 1, "tcp://host:port");
    check_refused("peer_listen = \"tcp://0.0.0.0:65535\"\n", 1, "65534");
    check_refused("peer_advertise = \"tcp://a b:7090\"\n", 1, "tcp://host:port");
    check_refused("peers = {\"office\",\n\"nonsense\"}\n", 2, "auto, office");
    check_refused("peers = {\"0@tcp://a:7090\"}\n", 1, "auto, office");
    check_refused("peers = {\"2@\"}\n", 1, "auto, office");
    check_refused("peers = {\"2@3@tcp://a:7090\"}\n", 1, "auto, office");
    check_refused("log_level = \"info\"\nlog_level = \"info\"\n", 2, "stands there twice");
    check_refused("peers = {\"auto\"}\npeers = {\"auto\"}\n", 2, "stands there twice");
    check_refused("log_level \"info\"\n", 1, "missing equal sign");
    check_refused("\n\nlog_level = {\n", 3, "an option is written");
    check_refused("section {\n}\n", 1, "there is no option section");
    check_refused("include(\"/etc/passwd\")\n", 1, "there is no option include");
    check_refused("data_dir = \"never closed\n\n", 3, "end of file");
}

static void a_list_has_a_bound(void **state)
{
    (void)state;
    char text[2048] = "peers = {\"tcp://h:1\"";
    for (int i = 1; i < CONFIG_PEERS_MAX; i++) {
        strcat(text, ", \"tcp://h:1\"");
    }
    char more[2100];
    (void)snprintf(more, sizeof more, "%s, \"tcp://h:1\"}", text);
    strcat(text, "}");
    assert_int_equal(load(text).peer_count, CONFIG_PEERS_MAX);
    check_refused(more, 1, "up to 16");
}

static void bytes_that_are_no_text_are_refused(void **state)
{
    (void)state;
    struct config config;
    struct explanation why = {0};
    scratch_write(path, "# x\n\0y", 6);
    assert_int_equal(config_load(path, &config, &why), STATUS_MALFORMED);
    assert_non_null(strstr(why.text, ":2: a zero byte"));
    char *large = calloc(1, CONFIG_FILE_SIZE_MAX + 1);
    assert_non_null(large);
    memset(large, '\n', CONFIG_FILE_SIZE_MAX + 1);
    scratch_write(path, large, CONFIG_FILE_SIZE_MAX + 1);
    assert_int_equal(config_load(path, &config, &why), STATUS_MALFORMED);
    scratch_write(path, large, CONFIG_FILE_SIZE_MAX);
    assert_int_equal(config_load(path, &config, &why), STATUS_OK);
    free(large);
    assert_int_equal(config_load(scratch_in(folder, "none"), &config, &why), STATUS_NOT_FOUND);
}

static void endpoints_are_split_into_host_and_port(void **state)
{
    (void)state;
    char host[CONFIG_HOST_SIZE_MAX];
    uint16_t port = 0;
    assert_true(config_split_endpoint("tcp://[::1]:7090", false, host, &port));
    assert_string_equal(host, "::1");
    assert_int_equal(port, 7090);
    assert_true(config_split_endpoint("localhost:0", true, host, &port));
    assert_string_equal(host, "localhost");
    assert_int_equal(port, 0);
    assert_false(config_split_endpoint("localhost:0", false, host, &port));
    assert_false(config_split_endpoint("localhost", true, host, &port));
    assert_false(config_split_endpoint(":7090", true, host, &port));
    assert_false(config_split_endpoint("[]:7090", true, host, &port));
    assert_false(config_split_endpoint("h:70900", true, host, &port));
    assert_false(config_split_endpoint("h:+1", true, host, &port));
}

/* The example lists every option of the table with its words, and nothing else. */
static void check_example(const char *name)
{
    struct config_option option;
    size_t options = 0;
    size_t entries = 0;
    size_t size = 0;
    uint8_t *content = scratch_read(scratch_in(TALLY_SOURCE_DIR "/config", name), &size);
    content[size] = '\0';
    const char *text = (const char *)content;
    for (; config_option_at(options, &option); options++) {
        char wanted[1024];
        (void)snprintf(wanted, sizeof wanted, "\n\n# %s: %s\n#   bound: %s\n#   default: %s\n",
                       option.name, option.meaning, option.bound, option.fallback);
        const char *found = strstr(text, wanted);
        if (found == NULL) {
            fail_msg("%s lacks:%s", name, wanted);
            return;
        }
        const char *entry = found + strlen(wanted);
        entry += *entry == '#' ? 1 : 0;
        assert_int_equal(strncmp(entry, option.name, strlen(option.name)), 0);
        assert_int_equal(strncmp(entry + strlen(option.name), " = ", 3), 0);
    }
    for (const char *at = strstr(text, "#   bound: "); at != NULL;
         at = strstr(at + 1, "#   bound: ")) {
        entries++;
    }
    assert_int_equal(entries, options);
    free(content);

    struct config config;
    struct explanation why = {0};
    if (config_load(scratch_in(TALLY_SOURCE_DIR "/config", name), &config, &why) != STATUS_OK) {
        fail_msg("%s", why.text);
    }
}

static void the_examples_agree_with_the_table_of_options(void **state)
{
    (void)state;
    check_example("branch.conf");
    check_example("office.conf");
}

/* An example with every option put in use, at its default, is the defaults. */
static void the_defaults_in_an_example_are_the_defaults(void **state)
{
    (void)state;
    char text[8192] = "";
    size_t size = 0;
    uint8_t *content = scratch_read(TALLY_SOURCE_DIR "/config/branch.conf", &size);
    content[size] = '\0';
    for (char *line = strtok((char *)content, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        bool entry = line[0] == '#' && line[1] >= 'a' && line[1] <= 'z';
        strcat(text, entry ? line + 1 : line);
        strcat(text, "\n");
    }
    free(content);
    struct config wanted = {0};
    config_defaults(&wanted);
    struct config found = load(text);
    assert_memory_equal(&found, &wanted, sizeof found);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(an_empty_file_gives_the_defaults),
        WITH_FOLDER(what_is_written_counts),
        WITH_FOLDER(an_empty_list_dials_nobody),
        WITH_FOLDER(every_bad_line_is_named_by_file_and_line),
        WITH_FOLDER(a_list_has_a_bound),
        WITH_FOLDER(bytes_that_are_no_text_are_refused),
        WITH_FOLDER(endpoints_are_split_into_host_and_port),
        WITH_FOLDER(the_examples_agree_with_the_table_of_options),
        WITH_FOLDER(the_defaults_in_an_example_are_the_defaults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
