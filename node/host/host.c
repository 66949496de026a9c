#include "host.h"

#include "clock.h"
#include "engine.h"
#include "file_system.h"
#include "loop.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum {
    HTTP_GRACE_MS = 1000,
    SPACE_LOOK_MS = 1000,
    PROBLEM_SIZE = 400,
    MIB = 1024 * 1024,
};

struct host {
    const struct host_options *options;
    struct config config;
    struct identity identity;
    struct world world;
    struct engine engine;
    struct admission *admission;
    struct dialer *dialer;
    struct head_keeper *heads;
    struct inbox *inbox;
    struct api *api;
    int signals;
    uint64_t start_wall_ms;
    uint64_t restarts;
};

/* One line for the operator. */
static int refuse(int code, const struct explanation *explanation)
{
    log_event(LOG_ERROR, "start_refused", log_text("reason", explanation->text),
              log_number("exit_code", code));
    return code;
}

static int code_of(enum status status)
{
    switch (status) {
    case STATUS_OK:
        return HOST_EXIT_OK;
    case STATUS_NOT_FOUND:
        return HOST_EXIT_NOT_FOUND;
    case STATUS_DENIED:
        return HOST_EXIT_DENIED;
    case STATUS_BUSY:
    case STATUS_FULL:
        return HOST_EXIT_AGAIN;
    case STATUS_MALFORMED:
    case STATUS_FORGED:
    case STATUS_CORRUPT:
    case STATUS_TOO_LARGE:
        return HOST_EXIT_DATA;
    case STATUS_IO:
    case STATUS_UNKNOWN:
        break;
    }
    return HOST_EXIT_IO;
}

enum status host_config(const struct host_options *options, struct config *config,
                        struct explanation *explanation)
{
    char path[FILE_PATH_SIZE_MAX];
    const char *chosen = options->config_path;
    config_defaults(config);
    if (chosen == NULL) {
        const char *directory = options->directory != NULL ? options->directory : config->data_dir;
        if (file_path(path, directory, "config.conf") != STATUS_OK) {
            explain(explanation, "the path of the data directory is too long");
            return STATUS_TOO_LARGE;
        }
        chosen = file_exists(path) ? path : NULL;
    }
    enum status status = chosen == NULL ? STATUS_OK : config_load(chosen, config, explanation);
    if (status == STATUS_OK && options->directory != NULL) {
        int size = snprintf(config->data_dir, sizeof config->data_dir, "%s", options->directory);
        if (size < 0 || (size_t)size >= sizeof config->data_dir) {
            explain(explanation, "the path of the data directory is too long");
            return STATUS_TOO_LARGE;
        }
    }
    return status;
}

/* Blocks the signals in this thread, so that every later thread has them blocked too. */
static bool take_over_signals(struct host *host)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    (void)signal(SIGPIPE, SIG_IGN);
    if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0) {
        return false;
    }
    host->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return host->signals >= 0;
}

static void raise_limits(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int check_file_system(const struct host *host)
{
    const char *name = "unknown";
    bool supported = false;
    struct explanation explanation;
    enum status status = file_system_of(host->config.data_dir, &name, &supported);
    if (status == STATUS_OK && supported) {
        return HOST_EXIT_OK;
    }
    explain(&explanation,
            "%s is on a %s file system, which is not known to keep synced data through a power "
            "cut; use ext4 or xfs, or set fs_check to \"warn\"",
            host->config.data_dir, name);
    if (host->config.refuse_file_system) {
        return refuse(HOST_EXIT_IO, &explanation);
    }
    log_event(LOG_WARNING, "file_system", log_text("reason", explanation.text));
    return HOST_EXIT_OK;
}

static int read_config(struct host *host)
{
    struct explanation explanation = {""};
    enum status status = host_config(host->options, &host->config, &explanation);
    if (status != STATUS_OK) {
        return refuse(HOST_EXIT_CONFIG, &explanation);
    }
    log_configure(host->config.log_level, host->config.log_format, STDERR_FILENO);
    return HOST_EXIT_OK;
}

static int read_identity(struct host *host)
{
    char path[FILE_PATH_SIZE_MAX];
    struct explanation explanation = {""};
    enum status status = file_path(path, host->config.data_dir, "identity");
    if (status == STATUS_OK) {
        status = identity_read(path, &host->identity, &explanation);
    }
    if (status == STATUS_NOT_FOUND) {
        explain(&explanation,
                "%s is not the data directory of a node; make one with `tally cluster init` (the "
                "office) or `tally branch join` (a branch)",
                host->config.data_dir);
    }
    return status == STATUS_OK ? HOST_EXIT_OK : refuse(code_of(status), &explanation);
}

static int open_keys(struct host *host)
{
    struct explanation explanation = {""};
    enum status status = key_store_open(host->config.data_dir, &host->world.keys, &explanation);
    if (status != STATUS_OK) {
        return refuse(code_of(status), &explanation);
    }
    struct public_keys keys = key_store_public(host->world.keys);
    if (memcmp(keys.journal, host->identity.journal_key, sizeof keys.journal) != 0 ||
        memcmp(keys.transport, host->identity.transport_key, sizeof keys.transport) != 0 ||
        keys.has_authority != host->identity.has_authority_key) {
        explain(&explanation,
                "the keys in %s/keys are not those of the identity file; put back the directory "
                "as a whole",
                host->config.data_dir);
        return refuse(HOST_EXIT_DATA, &explanation);
    }
    return HOST_EXIT_OK;
}

/* What lives as long as the process. */
static int open_parts(struct host *host)
{
    char path[FILE_PATH_SIZE_MAX];
    struct explanation explanation = {""};
    host->admission = admission_new();
    host->dialer = dialer_new(&host->config, &host->identity);
    if (file_path(path, host->config.data_dir, "head") == STATUS_OK) {
        host->heads = head_keeper_start(path);
    }
    if (host->admission == NULL || host->dialer == NULL || host->heads == NULL) {
        explain(&explanation, "not enough memory, threads or descriptors");
        return refuse(HOST_EXIT_IO, &explanation);
    }
    host->engine.config = &host->config;
    host->engine.identity = &host->identity;
    host->engine.world = &host->world;
    host->engine.directory = host->config.data_dir;
    return HOST_EXIT_OK;
}

static int open_http(struct host *host)
{
    char path[FILE_PATH_SIZE_MAX];
    char problem[PROBLEM_SIZE] = "";
    struct explanation explanation = {""};
    if (host->options->until_synced) {
        return HOST_EXIT_OK;
    }
    host->inbox = inbox_new(REQUESTS_QUEUED_MAX);
    if (host->inbox == NULL || file_path(path, host->config.data_dir, "tokens") != STATUS_OK) {
        explain(&explanation, "not enough memory or descriptors");
        return refuse(HOST_EXIT_IO, &explanation);
    }
    host->api = api_new(path, problem, sizeof problem);
    if (host->api == NULL) {
        explain(&explanation, "%s", problem);
        return refuse(HOST_EXIT_DATA, &explanation);
    }
    struct http_options options = {
        .listen = host->config.api_listen,
        .connections_max = host->config.api_connections,
        .connections_per_address = host->config.api_connections_per_address,
        .request_deadline_ms = host->config.api_request_seconds * 1000,
    };
    host->world.http = http_start(&options, host->api, host->inbox, problem, sizeof problem);
    if (host->world.http == NULL) {
        explain(&explanation, "%s", problem);
        return refuse(HOST_EXIT_UNAVAILABLE, &explanation);
    }
    return HOST_EXIT_OK;
}

static int open_bus(struct host *host)
{
    struct explanation explanation = {""};
    struct public_keys keys = key_store_public(host->world.keys);
    struct bus_options options = {
        .listen = host->options->until_synced ? NULL : host->config.peer_listen,
        .admission = host->admission,
        .links_max = host->engine.setup.peers_max,
    };
    memcpy(options.keys.public_key, keys.transport, sizeof keys.transport);
    key_store_transport_secret(host->world.keys, options.keys.secret_key);
    enum status status = bus_open(&options, &host->world.bus, &explanation);
    sodium_memzero(&options.keys, sizeof options.keys);
    switch (status) {
    case STATUS_OK:
        return HOST_EXIT_OK;
    case STATUS_FORGED:
        return refuse(HOST_EXIT_UNSAFE, &explanation);
    case STATUS_BUSY:
    case STATUS_DENIED:
        return refuse(HOST_EXIT_UNAVAILABLE, &explanation);
    case STATUS_MALFORMED:
        return refuse(HOST_EXIT_CONFIG, &explanation);
    case STATUS_NOT_FOUND:
    case STATUS_TOO_LARGE:
    case STATUS_CORRUPT:
    case STATUS_IO:
    case STATUS_FULL:
    case STATUS_UNKNOWN:
        break;
    }
    return refuse(HOST_EXIT_IO, &explanation);
}

static int open_engine(struct host *host)
{
    struct explanation explanation = {""};
    switch (engine_open(&host->engine, &explanation)) {
    case ENGINE_RUNS:
        return HOST_EXIT_OK;
    case ENGINE_BUSY:
        return refuse(HOST_EXIT_AGAIN, &explanation);
    case ENGINE_FOREIGN:
    case ENGINE_DAMAGED:
        return refuse(HOST_EXIT_DATA, &explanation);
    case ENGINE_FAILED:
        break;
    }
    return refuse(HOST_EXIT_IO, &explanation);
}

static uint64_t free_bytes(const char *path)
{
    struct statvfs info;
    if (statvfs(path, &info) != 0) {
        return 0;
    }
    return (uint64_t)info.f_bavail * info.f_frsize;
}

/* Without its store the node cannot look up keys: a command may be the repetition of one that was
 * done, so it is not refused but unknown. */
static void answer_without_store(struct host *host)
{
    const struct request *request = host->inbox == NULL ? NULL : inbox_take(host->inbox);
    while (request != NULL) {
        if (command_is_query(request->kind)) {
            seam_refuse(&host->world, request, REFUSED_BUSY);
        } else {
            seam_say_unknown(&host->world, request);
        }
        request = inbox_take(host->inbox);
    }
}

/* The store is closed and the disk was full. True when there is room again; false when a signal
 * asks to stop. */
static bool wait_for_space(struct host *host)
{
    uint64_t buffer = (uint64_t)host->config.write_buffer_mib * MIB;
    uint64_t reserve = (uint64_t)host->config.space_reserve_mib * MIB;
    if (reserve == 0) {
        reserve = 4 * buffer > 64 * (uint64_t)MIB ? 4 * buffer : 64 * (uint64_t)MIB;
    }
    struct api_health health = {.alive = true,
                                .reason = "the disk is full: the node waits until there is room"};
    if (host->api != NULL) {
        api_set_health(host->api, &health);
    }
    log_event(LOG_ERROR, "waiting_for_space", log_count("bytes_needed", reserve));
    while (free_bytes(host->config.data_dir) < reserve) {
        struct pollfd signals = {.fd = host->signals, .events = POLLIN};
        if (poll(&signals, 1, SPACE_LOOK_MS) > 0) {
            return false;
        }
        answer_without_store(host);
    }
    return true;
}

static void log_started(const struct host *host)
{
    struct node_head head = node_head(host->engine.node);
    log_event(LOG_INFO, "started", log_journal("journal", host->engine.setup.journal),
              log_count("head", head.seq), log_count("peer_port", bus_port(host->world.bus)),
              log_count("api_port", host->world.http == NULL ? 0 : http_port(host->world.http)),
              log_truth("read_only", host->engine.read_only));
}

/* One life of the engine. `*again` if a new one should follow. */
static int run_engine(struct host *host, bool *again)
{
    struct loop_parts parts = {
        .world = &host->world,
        .node = host->engine.node,
        .journal = host->engine.setup.journal,
        .network = host->engine.setup.network,
        .admission = host->admission,
        .dialer = host->dialer,
        .heads = host->heads,
        .inbox = host->inbox,
        .api = host->api,
        .signals = host->signals,
        .unconfirmed_path = host->engine.unconfirmed_path,
        .read_only = host->engine.read_only,
        .start_wall_ms = host->start_wall_ms,
        .restarts = host->restarts,
        .until_synced = host->options->until_synced,
        .progress = host->options->progress,
    };
    struct loop *loop = loop_new(&parts);
    if (loop == NULL) {
        return HOST_EXIT_IO;
    }
    log_started(host);
    enum loop_end end = loop_run(loop);
    enum status failure = loop_commit_failure(loop);
    loop_free(loop);
    if (end == LOOP_STOPPED) {
        return HOST_EXIT_OK;
    }
    if (end == LOOP_ABANDONED) {
        if (committer_hanging_ms(host->world.committer) > 0) {
            /* The disk does not answer: waiting for it would be for ever. */
            log_event(LOG_ERROR, "commit_abandoned", log_nothing());
            _exit(HOST_EXIT_IO);
        }
        return HOST_EXIT_AGAIN;
    }
    *again = failure == STATUS_FULL ||
             (failure == STATUS_UNKNOWN && store_broken_by_space(host->world.store));
    return HOST_EXIT_IO;
}

static int run_until_end(struct host *host)
{
    for (;;) {
        bool again = false;
        int code = open_engine(host);
        if (code == HOST_EXIT_OK) {
            code = open_bus(host);
        }
        if (code == HOST_EXIT_OK && host->world.http == NULL) {
            code = open_http(host);
        }
        if (code == HOST_EXIT_OK) {
            code = run_engine(host, &again);
        }
        bus_close(host->world.bus);
        host->world.bus = NULL;
        engine_close(&host->engine);
        if (!again || !wait_for_space(host)) {
            return code;
        }
        host->restarts += 1;
        log_event(LOG_WARNING, "reopening", log_count("restarts", host->restarts));
    }
}

static void close_parts(struct host *host)
{
    if (host->inbox != NULL) {
        inbox_close(host->inbox);
        answer_without_store(host);
    }
    if (host->world.http != NULL) {
        http_stop(host->world.http, HTTP_GRACE_MS);
    }
    api_free(host->api);
    inbox_free(host->inbox);
    if (!head_keeper_stop(host->heads)) {
        log_event(LOG_ERROR, "head_file_stale",
                  log_text("reason", "the last head was not written"));
    }
    dialer_free(host->dialer);
    admission_free(host->admission);
    key_store_close(host->world.keys);
    if (host->signals >= 0) {
        (void)close(host->signals);
    }
}

int host_run(const struct host_options *options)
{
    struct explanation explanation = {""};
    struct host *host = calloc(1, sizeof *host);
    if (host == NULL || sodium_init() < 0) {
        free(host);
        explain(&explanation, "out of memory, or libsodium cannot be used");
        return refuse(HOST_EXIT_IO, &explanation);
    }
    host->options = options;
    host->signals = -1;
    host->start_wall_ms = (uint64_t)clock_wall_ms();
    int code = read_config(host);
    if (code == HOST_EXIT_OK && !take_over_signals(host)) {
        explain(&explanation, "cannot take over signals: %s", strerror(errno));
        code = refuse(HOST_EXIT_IO, &explanation);
    }
    raise_limits();
    if (code == HOST_EXIT_OK) {
        code = read_identity(host);
    }
    if (code == HOST_EXIT_OK) {
        code = open_keys(host);
    }
    if (code == HOST_EXIT_OK) {
        code = open_parts(host);
    }
    if (code == HOST_EXIT_OK) {
        code = check_file_system(host);
    }
    if (code == HOST_EXIT_OK) {
        code = run_until_end(host);
    }
    close_parts(host);
    log_event(LOG_INFO, "stopped", log_number("exit_code", code));
    free(host);
    return code;
}

struct world *host_world_for_tools(struct store *store, struct key_store *keys)
{
    struct world *world = calloc(1, sizeof *world);
    if (world != NULL) {
        world->store = store;
        world->keys = keys;
    }
    return world;
}

void host_world_free(struct world *world)
{
    free(world);
}
