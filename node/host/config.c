#include "config.h"

#include "file.h"

#include <assert.h>
#include <confuse.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* libconfuse would read "010" as eight and "0x10" as sixteen, and takes 64 for a text: so to it
 * every option is a text (or a list of them), and what the text may be is said here, once. */
typedef bool set_function(const char *text, struct config *config);

static bool set_text(char *out, size_t size, const char *text)
{
    size_t length = strlen(text);
    if (length == 0 || length >= size) {
        return false;
    }
    memcpy(out, text, length + 1);
    return true;
}

static bool set_number(uint32_t *out, uint32_t least, uint32_t most, const char *text)
{
    uint64_t value = 0;
    size_t length = strlen(text);
    if (length == 0 || length > 9 || (length > 1 && text[0] == '0')) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        value = value * 10 + (uint64_t)(text[i] - '0');
    }
    if (value < least || value > most) {
        return false;
    }
    *out = (uint32_t)value;
    return true;
}

static bool host_is_plain(const char *host, size_t size)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789.-_:*%";
    for (size_t i = 0; i < size; i++) {
        if (strchr(allowed, host[i]) == NULL || host[i] == '\0') {
            return false;
        }
    }
    return size > 0;
}

bool config_split_endpoint(const char *text, bool any_port, char host[static CONFIG_HOST_SIZE_MAX],
                           uint16_t *port)
{
    static const char scheme[] = "tcp://";
    if (strncmp(text, scheme, sizeof scheme - 1) == 0) {
        text += sizeof scheme - 1;
    }
    const char *colon = strrchr(text, ':');
    uint32_t number = 0;
    if (colon == NULL || !set_number(&number, any_port ? 0 : 1, UINT16_MAX - 1, colon + 1)) {
        return false;
    }
    size_t size = (size_t)(colon - text);
    bool bracketed = size >= 2 && text[0] == '[' && text[size - 1] == ']';
    if (bracketed) {
        text++;
        size -= 2;
    }
    bool has_colon = memchr(text, ':', size) != NULL;
    if (has_colon != bracketed || size >= CONFIG_HOST_SIZE_MAX || !host_is_plain(text, size)) {
        return false;
    }
    memcpy(host, text, size);
    host[size] = '\0';
    *port = (uint16_t)number;
    return true;
}

static bool text_is_endpoint(const char *text)
{
    char host[CONFIG_HOST_SIZE_MAX];
    uint16_t port = 0;
    return strncmp(text, "tcp://", 6) == 0 && config_split_endpoint(text, false, host, &port);
}

static bool set_endpoint(char out[static ENDPOINT_SIZE_MAX + 1], const char *text)
{
    if (text[0] == '\0') {
        out[0] = '\0';
        return true;
    }
    return text_is_endpoint(text) && set_text(out, ENDPOINT_SIZE_MAX + 1, text);
}

static bool set_data_dir(const char *text, struct config *config)
{
    return set_text(config->data_dir, sizeof config->data_dir, text);
}

static bool set_api_listen(const char *text, struct config *config)
{
    char host[CONFIG_HOST_SIZE_MAX];
    uint16_t port = 0;
    return strncmp(text, "tcp://", 6) != 0 && config_split_endpoint(text, true, host, &port) &&
           set_text(config->api_listen, sizeof config->api_listen, text);
}

static bool set_api_connections(const char *text, struct config *config)
{
    return set_number(&config->api_connections, 16, 4096, text);
}

static bool set_api_connections_per_address(const char *text, struct config *config)
{
    return set_number(&config->api_connections_per_address, 1, 4096, text);
}

static bool set_api_request_seconds(const char *text, struct config *config)
{
    return set_number(&config->api_request_seconds, 1, 600, text);
}

static bool set_api_body_kib(const char *text, struct config *config)
{
    return set_number(&config->api_body_kib, 16, 1024, text);
}

static bool set_peer_listen(const char *text, struct config *config)
{
    return set_endpoint(config->peer_listen, text);
}

static bool set_peer_advertise(const char *text, struct config *config)
{
    return set_endpoint(config->peer_advertise, text);
}

/* Called for each entry of the list. */
static bool set_peers(const char *text, struct config *config)
{
    if (strcmp(text, "auto") == 0) {
        config->peers_auto = true;
        return true;
    }
    if (strcmp(text, "office") == 0) {
        config->peers_office = true;
        return true;
    }
    if (config->peer_count >= CONFIG_PEERS_MAX || text[0] == '\0' ||
        !set_endpoint(config->peers[config->peer_count], text)) {
        return false;
    }
    config->peer_count++;
    return true;
}

static bool set_log_level(const char *text, struct config *config)
{
    static const char *const names[] = {[LOG_ERROR] = "error",
                                        [LOG_WARNING] = "warning",
                                        [LOG_INFO] = "info",
                                        [LOG_DEBUG] = "debug"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(text, names[i]) == 0) {
            config->log_level = (enum log_level)i;
            return true;
        }
    }
    return false;
}

static bool set_log_format(const char *text, struct config *config)
{
    bool json = strcmp(text, "json") == 0;
    config->log_format = json ? LOG_FORMAT_JSON : LOG_FORMAT_TEXT;
    return json || strcmp(text, "text") == 0;
}

static bool set_fs_check(const char *text, struct config *config)
{
    config->refuse_file_system = strcmp(text, "refuse") == 0;
    return config->refuse_file_system || strcmp(text, "warn") == 0;
}

static bool set_write_buffer_mib(const char *text, struct config *config)
{
    return set_number(&config->write_buffer_mib, 1, 256, text);
}

static bool set_store_cache_mib(const char *text, struct config *config)
{
    return set_number(&config->store_cache_mib, 4, 4096, text);
}

static bool set_space_reserve_mib(const char *text, struct config *config)
{
    return set_number(&config->space_reserve_mib, 0, 65536, text);
}

static bool set_cache_rows(const char *text, struct config *config)
{
    return set_number(&config->cache_rows, 1000, 10000000, text);
}

static bool set_worker_threads(const char *text, struct config *config)
{
    return set_number(&config->worker_threads, 1, 16, text);
}

static const struct option {
    struct config_option shown;
    bool list;
    set_function *set;
} options[] = {
    {{"data_dir", "\"/var/lib/tally\"", "a path, up to 511 bytes",
      "where the node keeps its identity, keys and store"},
     false,
     set_data_dir},
    {{"api_listen", "\"127.0.0.1:7080\"",
      "host:port, IPv6 in brackets; port 0 lets the system choose",
      "where tills and the console find this node"},
     false,
     set_api_listen},
    {{"api_connections", "512", "16 to 4096", "open connections in all"},
     false,
     set_api_connections},
    {{"api_connections_per_address", "64", "1 to 4096", "open connections from one address"},
     false,
     set_api_connections_per_address},
    {{"api_request_seconds", "20", "1 to 600", "time for a whole request to arrive"},
     false,
     set_api_request_seconds},
    {{"api_body_kib", "64", "16 to 1024", "the largest body of a request"},
     false,
     set_api_body_kib},
    {{"peer_listen", "\"\"", "tcp://host:port, port 1 to 65534, or empty for none",
      "where other nodes may dial this one; bulk takes the port above"},
     false,
     set_peer_listen},
    {{"peer_advertise", "\"\"", "tcp://host:port, port 1 to 65534, or empty for none",
      "the address by which others reach peer_listen, told to the office"},
     false,
     set_peer_advertise},
    {{"peers", "{\"office\", \"auto\"}", "auto, office, or up to 16 of tcp://host:port",
      "whom to dial: the office, those the authority names, and others by address"},
     true,
     set_peers},
    {{"log_level", "\"info\"", "error, warning, info or debug", "what is worth a line in the log"},
     false,
     set_log_level},
    {{"log_format", "\"text\"", "text or json", "key=value lines, or one JSON object a line"},
     false,
     set_log_format},
    {{"fs_check", "\"warn\"", "warn or refuse",
      "what to do on a file system that may lose synced data"},
     false,
     set_fs_check},
    {{"write_buffer_mib", "16", "1 to 256", "what the store gathers before it writes a table"},
     false,
     set_write_buffer_mib},
    {{"store_cache_mib", "32", "4 to 4096", "blocks of the store kept in memory"},
     false,
     set_store_cache_mib},
    {{"space_reserve_mib", "0", "0 to 65536",
      "free space below which nothing new is taken on; 0 means the larger of 64 and four write "
      "buffers"},
     false,
     set_space_reserve_mib},
    {{"cache_rows", "100000", "1000 to 10000000", "rows that the node keeps in memory"},
     false,
     set_cache_rows},
    {{"worker_threads", "2", "1 to 16", "threads that check signatures"},
     false,
     set_worker_threads},
};

enum { OPTIONS = sizeof options / sizeof options[0] };

bool config_option_at(size_t index, struct config_option *option)
{
    if (index >= OPTIONS) {
        return false;
    }
    *option = options[index].shown;
    return true;
}

/* One reading of one file. libconfuse's callbacks take no argument of ours, so it hangs here while
 * a file is read. */
struct reading {
    const char *path;
    struct config config;
    uint32_t seen; /* a bit for each option */
    bool failed;
    struct explanation *explanation;
};

static_assert(OPTIONS <= 32, "a bit for each option");

static _Thread_local struct reading *current;

/* How many letters must change to make one word of the other; both are short. */
static size_t distance(const char *a, const char *b)
{
    enum { WORD_MAX = 40 };
    size_t row[WORD_MAX + 1];
    size_t size = strlen(b);
    if (size > WORD_MAX) {
        return WORD_MAX;
    }
    for (size_t j = 0; j <= size; j++) {
        row[j] = j;
    }
    for (size_t i = 0; a[i] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < size; j++) {
            size_t changed = diagonal + (a[i] == b[j] ? 0 : 1);
            size_t inserted = (row[j] < row[j + 1] ? row[j] : row[j + 1]) + 1;
            diagonal = row[j + 1];
            row[j + 1] = changed < inserted ? changed : inserted;
        }
    }
    return row[size];
}

static const char *nearest_option(const char *name)
{
    const char *nearest = NULL;
    size_t least = strlen(name) / 2 + 1;
    for (size_t i = 0; i < OPTIONS; i++) {
        size_t far = distance(name, options[i].shown.name);
        if (far < least) {
            least = far;
            nearest = options[i].shown.name;
        }
    }
    return nearest;
}

/* libconfuse's own complaints: syntax, and names that are no option. Only the first one counts. */
static void take_error(cfg_t *file, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

static void take_error(cfg_t *file, const char *format, va_list arguments)
{
    char text[256];
    char name[64];
    if (current->failed) {
        return;
    }
    current->failed = true;
    if (vsnprintf(text, sizeof text, format, arguments) < 0) {
        text[0] = '\0';
    }
    if (sscanf(text, "no such option '%63[^']'", name) == 1) {
        const char *nearest = nearest_option(name);
        explain(current->explanation, "%s:%d: there is no option %s%s%s%s", current->path,
                file->line, name, nearest == NULL ? "" : "; did you mean ",
                nearest == NULL ? "" : nearest, nearest == NULL ? "" : "?");
        return;
    }
    explain(current->explanation, "%s:%d: %s; an option is written: name = \"value\"",
            current->path, file->line, text);
}

static const struct option *find_option(const char *name)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        if (strcmp(options[i].shown.name, name) == 0) {
            return &options[i];
        }
    }
    return NULL;
}

static bool set_values(const struct option *option, cfg_opt_t *found, struct config *config)
{
    if (option->list) {
        config->peer_count = 0;
        config->peers_auto = false;
        config->peers_office = false;
    }
    for (unsigned i = 0; i < cfg_opt_size(found); i++) {
        const char *text = cfg_opt_getnstr(found, i);
        if (text == NULL || !option->set(text, config)) {
            return false;
        }
    }
    return true;
}

/* Called by libconfuse when an option's value, or whole list, has been read. */
static int take_value(cfg_t *file, cfg_opt_t *found)
{
    const struct option *option = find_option(cfg_opt_name(found));
    assert(option != NULL);
    uint32_t bit = UINT32_C(1) << (option - options);
    if ((current->seen & bit) != 0) {
        current->failed = true;
        explain(current->explanation, "%s:%d: %s stands there twice; keep one of them",
                current->path, file->line, option->shown.name);
        return -1;
    }
    current->seen |= bit;
    if (!set_values(option, found, &current->config)) {
        current->failed = true;
        explain(current->explanation, "%s:%d: %s must be %s; by default it is %s", current->path,
                file->line, option->shown.name, option->shown.bound, option->shown.fallback);
        return -1;
    }
    return 0;
}

/* Parses `text` into the current reading. False without memory; a complaint is in the reading. */
static bool parse(struct bytes text)
{
    cfg_opt_t table[OPTIONS + 1];
    const cfg_opt_t end = CFG_END();
    for (size_t i = 0; i < OPTIONS; i++) {
        const cfg_opt_t one = CFG_STR(options[i].shown.name, NULL, CFGF_NODEFAULT);
        const cfg_opt_t many = CFG_STR_LIST(options[i].shown.name, NULL, CFGF_NODEFAULT);
        table[i] = options[i].list ? many : one;
    }
    table[OPTIONS] = end;

    cfg_t *file = cfg_init(table, CFGF_NONE);
    FILE *stream = NULL;
    bool able = false;
    if (file == NULL) {
        return false;
    }
    (void)cfg_set_error_function(file, take_error);
    for (size_t i = 0; i < OPTIONS; i++) {
        (void)cfg_set_validate_func(file, options[i].shown.name, take_value);
    }
    stream = tmpfile();
    if (stream == NULL || fwrite(text.data, 1, text.size, stream) != text.size ||
        fseek(stream, 0, SEEK_SET) != 0) {
        goto done;
    }
    able = true;
    if (cfg_parse_fp(file, stream) != CFG_SUCCESS && !current->failed) {
        current->failed = true;
        explain(current->explanation,
                "%s:%d: this cannot be read; an option is written: "
                "name = \"value\"",
                current->path, file->line);
    }

done:
    if (stream != NULL) {
        (void)fclose(stream);
    }
    (void)cfg_free(file);
    return able;
}

/* The same table gives the defaults, so they obey the bounds too. */
void config_defaults(struct config *config)
{
    char text[4096];
    size_t size = 0;
    struct explanation explanation = {0};
    struct reading reading = {.path = "defaults", .explanation = &explanation};

    for (size_t i = 0; i < OPTIONS; i++) {
        int length = snprintf(text + size, sizeof text - size, "%s = %s\n", options[i].shown.name,
                              options[i].shown.fallback);
        assert(length > 0 && (size_t)length < sizeof text - size);
        size += (size_t)length;
    }
    current = &reading;
    bool able = parse(bytes_of(text, size));
    current = NULL;
    assert(able && !reading.failed);
    *config = reading.config;
}

/* Reads the file over what the reading holds. */
static enum status read_over(struct reading *reading, struct buffer *text)
{
    enum status status = file_read(reading->path, text, reading->explanation);
    if (status == STATUS_TOO_LARGE) {
        explain(reading->explanation, "%s:1: this is no configuration: it is longer than %d bytes",
                reading->path, CONFIG_FILE_SIZE_MAX);
        return STATUS_MALFORMED;
    }
    if (status != STATUS_OK) {
        return status;
    }
    const uint8_t *nul = text->size == 0 ? NULL : memchr(text->data, 0, text->size);
    if (nul != NULL) {
        unsigned line = 1;
        for (const uint8_t *at = text->data; at < nul; at++) {
            line += *at == '\n' ? 1 : 0;
        }
        explain(reading->explanation, "%s:%u: a zero byte; this is no text file", reading->path,
                line);
        return STATUS_MALFORMED;
    }
    current = reading;
    bool able = parse(buffer_bytes(text));
    current = NULL;
    if (!able) {
        explain(reading->explanation, "%s: no memory to read it", reading->path);
        return STATUS_IO;
    }
    return reading->failed ? STATUS_MALFORMED : STATUS_OK;
}

enum status config_load(const char *path, struct config *config, struct explanation *explanation)
{
    struct reading reading = {.path = path, .explanation = explanation};
    struct buffer text = {.data = malloc(CONFIG_FILE_SIZE_MAX), .capacity = CONFIG_FILE_SIZE_MAX};
    if (text.data == NULL) {
        explain(explanation, "%s: no memory to read it", path);
        return STATUS_IO;
    }
    config_defaults(&reading.config);
    enum status status = read_over(&reading, &text);
    if (status == STATUS_OK) {
        *config = reading.config;
    }
    free(text.data);
    return status;
}
