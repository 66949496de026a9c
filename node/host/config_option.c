#include "config_option.h"

#include <assert.h>
#include <string.h>

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

/* "tcp://host:port", or "12@tcp://host:port" for branch 12 wherever the authority says it is. */
static bool set_peer(char out[static ENDPOINT_SIZE_MAX + 1], const char *text)
{
    const char *at = strchr(text, '@');
    char branch[8] = "";
    uint32_t number = 0;
    if (at == NULL) {
        return text_is_endpoint(text) && set_text(out, ENDPOINT_SIZE_MAX + 1, text);
    }
    size_t size = (size_t)(at - text);
    if (size >= sizeof branch) {
        return false;
    }
    memcpy(branch, text, size);
    return set_number(&number, 1, BRANCH_NUMBER_MAX, branch) && text_is_endpoint(at + 1) &&
           set_text(out, ENDPOINT_SIZE_MAX + 1, text);
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
    if (config->peer_count >= CONFIG_PEERS_MAX ||
        !set_peer(config->peers[config->peer_count], text)) {
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

static const struct option options[] = {
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
    {{"peers", "{\"office\", \"auto\"}", "auto, office, or up to 16 of [branch@]tcp://host:port",
      "whom to dial: the office, those the authority names, and branches by another address"},
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

static_assert(sizeof options / sizeof options[0] == OPTIONS, "each option has its place");

const struct option *option_at(size_t index)
{
    return index < OPTIONS ? &options[index] : NULL;
}

bool config_option_at(size_t index, struct config_option *option)
{
    if (index >= OPTIONS) {
        return false;
    }
    *option = options[index].shown;
    return true;
}

void option_empty_list(struct config *config)
{
    config->peer_count = 0;
    config->peers_auto = false;
    config->peers_office = false;
}
