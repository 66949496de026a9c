/* The configuration file: read once at start, whole or not at all. The table of options in config.c
 * is the only place that knows names, defaults and bounds; the files in config/ list the same, and
 * a test compares them. */
#ifndef CONFIG_H
#define CONFIG_H

#include "tally/bounds.h"
#include "tally/status.h"

#include "explanation.h"
#include "log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CONFIG_PATH_SIZE_MAX = 512,
    CONFIG_HOST_SIZE_MAX = 256,
    CONFIG_LISTEN_SIZE_MAX = 272,
    CONFIG_FILE_SIZE_MAX = 64 * 1024,
    CONFIG_PEERS_MAX = 16,
};

struct config {
    char data_dir[CONFIG_PATH_SIZE_MAX];

    char api_listen[CONFIG_LISTEN_SIZE_MAX]; /* host:port; port 0: the system chooses */
    uint32_t api_connections;
    uint32_t api_connections_per_address;
    uint32_t api_request_seconds; /* for a whole request, from its first byte */
    uint32_t api_body_kib;

    char peer_listen[ENDPOINT_SIZE_MAX + 1];    /* control; bulk is port + 1; empty: none */
    char peer_advertise[ENDPOINT_SIZE_MAX + 1]; /* what others dial; empty: nobody dials us */
    bool peers_auto;                            /* dial what the authority journal names */
    bool peers_office;                          /* dial the office of the identity file */
    char peers[CONFIG_PEERS_MAX][ENDPOINT_SIZE_MAX + 1]; /* "[branch@]tcp://host:port" */
    size_t peer_count;

    enum log_level log_level;
    enum log_format log_format;

    bool refuse_file_system; /* one that is not known to be safe; else only warn */
    uint32_t write_buffer_mib;
    uint32_t store_cache_mib;
    uint32_t space_reserve_mib; /* 0: the larger of 64 and 4 x write_buffer_mib */
    uint32_t cache_rows;        /* rows that the core keeps in memory */
    uint32_t worker_threads;    /* that check signatures */
};

/* One option as the operator sees it. */
struct config_option {
    const char *name;
    const char *fallback; /* its default, as it stands in a file */
    const char *bound;    /* in words, such as "1 to 1024" */
    const char *meaning;
};

/* Writes option number `index` and returns true; false past the last one. */
bool config_option_at(size_t index, struct config_option *option);

/* Every option at its default. */
void config_defaults(struct config *config);

/* Reads the file over the defaults. STATUS_NOT_FOUND, STATUS_DENIED (unreadable), or
 * STATUS_MALFORMED: the explanation starts with file:line: and says what would be right. `config`
 * is written only on success. */
MUST_CHECK enum status config_load(const char *path, struct config *config,
                                   struct explanation *explanation);

/* Splits "tcp://host:port" or "host:port" (IPv6 in brackets). False unless it is one, with a port
 * of 1 to 65534 (0 too if `any_port`) and a host that fits. */
bool config_split_endpoint(const char *text, bool any_port, char host[static CONFIG_HOST_SIZE_MAX],
                           uint16_t *port);

#endif
