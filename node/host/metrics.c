#include "metrics.h"

#include "names.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { LABEL_SIZE_MAX = 2 * NAME_SIZE_MAX + 1 };

struct page_text {
    char *text;
    size_t size;
    size_t capacity;
};

static void line(struct page_text *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void line(struct page_text *out, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t room = out->capacity - out->size;
    int size = vsnprintf(out->text + out->size, room, format, arguments);
    va_end(arguments);
    if (size > 0 && (size_t)size < room) {
        out->size += (size_t)size;
    }
}

static void head(struct page_text *out, const char *name, const char *type, const char *help)
{
    line(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void counter(struct page_text *out, const char *name, const char *help, uint64_t value)
{
    head(out, name, "counter", help);
    line(out, "%s %" PRIu64 "\n", name, value);
}

static void gauge(struct page_text *out, const char *name, const char *help, uint64_t value)
{
    head(out, name, "gauge", help);
    line(out, "%s %" PRIu64 "\n", name, value);
}

/* Seconds with six digits, from microseconds; without floating point. */
static void seconds(struct page_text *out, const char *name, uint64_t microseconds)
{
    line(out, "%s %" PRIu64 ".%06" PRIu64 "\n", name, microseconds / 1000000,
         microseconds % 1000000);
}

/* A label's value: backslash, quote and line feed escaped. */
static void escape(char out[static LABEL_SIZE_MAX], struct bytes value)
{
    size_t used = 0;
    for (size_t i = 0; i < value.size && used + 2 < LABEL_SIZE_MAX; i++) {
        char c = (char)value.data[i];
        if (c == '\\' || c == '"' || c == '\n') {
            out[used++] = '\\';
            if (c == '\n') {
                c = 'n';
            }
        }
        out[used++] = c;
    }
    out[used] = '\0';
}

static void write_node(struct page_text *out, const struct metrics *metrics)
{
    const struct node_view *node = metrics->node;
    gauge(out, "tally_ready", "1 if this node sells: see /readyz for why not.", metrics->ready);
    gauge(out, "tally_read_only", "1 if the own journal must not be extended.", node->read_only);
    gauge(out, "tally_head_confirmed", "0 until a peer has confirmed the own head.",
          metrics->confirmed);
    gauge(out, "tally_synced", "1 if all that connected peers have shown is here.", node->synced);
    gauge(out, "tally_head_seq", "Last committed block of the own journal.", node->head_seq);
    gauge(out, "tally_authority_seq", "Last admitted block of the authority.", node->auth_seq);
    gauge(out, "tally_sessions", "Peers with a session.", node->peers);
    gauge(out, "tally_parked_spends", "Spends that wait for rights from peers.", node->parked);
    gauge(out, "tally_unreplicated_blocks", "Own blocks that no peer has shown.",
          node->unreplicated);
    head(out, "tally_unreplicated_age_seconds", "gauge", "Age of the oldest such block.");
    seconds(out, "tally_unreplicated_age_seconds",
            node->unreplicated_ms > 0 ? (uint64_t)node->unreplicated_ms * 1000 : 0);
    counter(out, "tally_events_total", "Events admitted.", node->events);
    counter(out, "tally_blocks_total", "Blocks admitted.", node->blocks);
    gauge(out, "tally_unknown_events", "Events that wait for a newer version.",
          node->unknown_events);
    counter(out, "tally_invalid_events_total", "Events that break a rule.", node->invalid_events);
    counter(out, "tally_pulls_asked_total", "Requests for rights sent to peers.",
            node->pulls_asked);
    counter(out, "tally_pulls_served_total", "Requests for rights of peers that were granted.",
            node->pulls_served);
    counter(out, "tally_spread_moves_total", "Moves of rights in advance, by policy.",
            node->spread_moves);
    head(out, "tally_alarms_total", "counter", "Things that a person should know, by kind.");
    for (int i = 1; i < ALARM_COUNT; i++) {
        line(out, "tally_alarms_total{alarm=\"%s\"} %" PRIu64 "\n", alarm_name((enum alarm)i),
             metrics->alarms[i]);
    }
}

static void journal_line(struct page_text *out, const char *name, const struct journal_view *view,
                         uint64_t value)
{
    char label[LABEL_SIZE_MAX];
    escape(label, bytes_of(view->name, view->name_size));
    line(out, "%s{journal=\"%" PRIu32 ".%u\",name=\"%s\"} %" PRIu64 "\n", name,
         journal_branch(view->journal), (unsigned)journal_incarnation(view->journal), label, value);
}

static void write_journals(struct page_text *out, const struct metrics *metrics)
{
    head(out, "tally_journal_seq", "gauge", "Last block held of each journal.");
    for (uint32_t i = 0; i < metrics->journal_count; i++) {
        journal_line(out, "tally_journal_seq", &metrics->journals[i], metrics->journals[i].seq);
    }
    head(out, "tally_journal_connected", "gauge", "1 if a session with its node is up.");
    for (uint32_t i = 0; i < metrics->journal_count; i++) {
        journal_line(out, "tally_journal_connected", &metrics->journals[i],
                     metrics->journals[i].connected);
    }
    head(out, "tally_journal_frozen", "gauge", "1 if it was proved to be forked.");
    for (uint32_t i = 0; i < metrics->journal_count; i++) {
        journal_line(out, "tally_journal_frozen", &metrics->journals[i],
                     metrics->journals[i].frozen);
    }
}

static void write_store(struct page_text *out, const struct metrics *metrics)
{
    const struct committer_counters *commits = &metrics->committer;
    head(out, "tally_commit_seconds", "histogram", "How long batches took to become durable.");
    uint64_t sum = 0;
    for (size_t i = 0; i + 1 < COMMITTER_BUCKETS; i++) {
        sum += commits->by_bucket[i];
        uint32_t ms = committer_bucket_ms(i);
        line(out, "tally_commit_seconds_bucket{le=\"%u.%03u\"} %" PRIu64 "\n",
             (unsigned)(ms / 1000), (unsigned)(ms % 1000), sum);
    }
    line(out, "tally_commit_seconds_bucket{le=\"+Inf\"} %" PRIu64 "\n", commits->commits);
    seconds(out, "tally_commit_seconds_sum", commits->microseconds);
    line(out, "tally_commit_seconds_count %" PRIu64 "\n", commits->commits);
    counter(out, "tally_commit_failures_total", "Commits with an unknown outcome.",
            commits->failures);
    counter(out, "tally_commit_writes_total", "Rows written.", commits->writes);
    counter(out, "tally_commit_bytes_total", "Bytes of rows written.", commits->bytes);
    head(out, "tally_commit_hanging_seconds", "gauge", "Age of the commit in flight.");
    seconds(out, "tally_commit_hanging_seconds", metrics->commit_hanging_ms * 1000);
    gauge(out, "tally_store_free_bytes", "Room on the store's file system.", metrics->free_bytes);
    gauge(out, "tally_store_space_low", "1 if nothing more is written for want of room.",
          metrics->space_low);
    counter(out, "tally_store_restarts_total", "Reopenings after a full disk.", metrics->restarts);
    counter(out, "tally_head_file_writes_total", "Writes of the head file.", metrics->heads.writes);
    counter(out, "tally_head_file_failures_total", "Writes of it that failed.",
            metrics->heads.failures);
    counter(out, "tally_signatures_checked_total", "Signatures given to the worker threads.",
            metrics->verifier.signatures);
    counter(out, "tally_signature_lists_bad_total", "Lists with a signature that does not hold.",
            metrics->verifier.bad_lists);
}

static void drop_line(struct page_text *out, const char *reason, uint64_t value)
{
    line(out, "tally_bus_dropped_total{reason=\"%s\"} %" PRIu64 "\n", reason, value);
}

static void write_bus(struct page_text *out, const struct bus_counters *bus)
{
    gauge(out, "tally_bus_links", "Links that are up.", bus->links);
    gauge(out, "tally_bus_dialling", "Peers that are dialled and not up.", bus->dialling);
    counter(out, "tally_bus_links_up_total", "Links that came up.", bus->links_up);
    counter(out, "tally_bus_links_down_total", "Links that went down.", bus->links_down);
    counter(out, "tally_bus_frames_in_total", "Frames received.", bus->frames_in);
    counter(out, "tally_bus_frames_out_total", "Frames sent.", bus->frames_out);
    counter(out, "tally_bus_bytes_in_total", "Bytes of frames received.", bus->bytes_in);
    counter(out, "tally_bus_bytes_out_total", "Bytes of frames sent.", bus->bytes_out);
    counter(out, "tally_bus_send_failures_total", "Links ended because a frame could not be sent.",
            bus->send_failures);
    head(out, "tally_bus_dropped_total", "counter", "Messages thrown away, by reason.");
    drop_line(out, "oversize", bus->dropped_oversize);
    drop_line(out, "revoked", bus->dropped_revoked);
    drop_line(out, "stale", bus->dropped_stale);
    drop_line(out, "malformed", bus->dropped_malformed);
    drop_line(out, "full", bus->dropped_full);
    counter(out, "tally_bus_accepted_total", "TCP connections of peers.", bus->door.accepted);
    counter(out, "tally_bus_handshakes_broken_total", "Handshakes that broke the protocol.",
            bus->door.broken);
    counter(out, "tally_bus_keys_admitted_total", "Connections with an admitted key.",
            bus->zap.admitted);
    counter(out, "tally_bus_keys_refused_total", "Connections with an unknown key.",
            bus->zap.refused + bus->zap.malformed);
    counter(out, "tally_bus_dials_total", "Attempts to reach a peer.", bus->lines.attempts);
    counter(out, "tally_bus_dials_refused_total", "Attempts that the peer refused.",
            bus->lines.refusals);
    counter(out, "tally_bus_dials_failed_total", "Attempts that failed otherwise.",
            bus->lines.failures);
}

static void write_requests(struct page_text *out, const struct metrics *metrics)
{
    const struct http_counters *http = &metrics->http;
    counter(out, "tally_http_requests_total", "HTTP requests.", http->requests);
    head(out, "tally_http_responses_total", "counter", "HTTP responses, by class of status.");
    for (int i = 1; i < 6; i++) {
        line(out, "tally_http_responses_total{class=\"%dxx\"} %" PRIu64 "\n", i, http->by_class[i]);
    }
    counter(out, "tally_http_framing_refused_total", "Requests with refused framing.",
            http->framing_refused);
    counter(out, "tally_http_timed_out_total", "Requests that took too long.", http->timed_out);
    gauge(out, "tally_http_connections", "Connections now.", http->connections);
    gauge(out, "tally_requests_waiting", "Requests that the node has not answered yet.",
          metrics->requests_waiting);
    counter(out, "tally_requests_total", "Requests given to the node.", metrics->loop.requests);
    counter(out, "tally_requests_refused_total", "Requests refused before they reached the node.",
            metrics->loop.requests_refused);
    counter(out, "tally_loop_rounds_total", "Turns of the core's loop.", metrics->loop.rounds);
    head(out, "tally_loop_longest_seconds", "gauge", "Longest turn in the last second.");
    seconds(out, "tally_loop_longest_seconds", metrics->loop.longest_us);
}

static uint64_t open_descriptors(void)
{
    uint64_t count = 0;
    DIR *directory = opendir("/proc/self/fd");
    if (directory == NULL) {
        return 0;
    }
    while (readdir(directory) != NULL) {
        count += 1;
    }
    (void)closedir(directory);
    return count > 3 ? count - 3 : 0; /* ".", ".." and the directory itself */
}

static uint64_t resident_bytes(void)
{
    unsigned long size = 0;
    unsigned long resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL) {
        return 0;
    }
    char text[128] = "";
    if (fgets(text, sizeof text, file) != NULL) {
        char *rest = NULL;
        size = strtoul(text, &rest, 10);
        resident = size > 0 ? strtoul(rest, NULL, 10) : 0;
    }
    (void)fclose(file);
    return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t cpu_us(void)
{
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) != 0) {
        return 0;
    }
    return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
           (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static void write_process(struct page_text *out, const struct metrics *metrics)
{
    struct rlimit limit = {0};
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    head(out, "process_cpu_seconds_total", "counter", "User and system time.");
    seconds(out, "process_cpu_seconds_total", cpu_us());
    gauge(out, "process_resident_memory_bytes", "Memory in use.", resident_bytes());
    gauge(out, "process_open_fds", "Open file descriptors.", open_descriptors());
    gauge(out, "process_max_fds", "Most file descriptors that may be open.", limit.rlim_cur);
    head(out, "process_start_time_seconds", "gauge", "When the process started.");
    seconds(out, "process_start_time_seconds", metrics->start_wall_ms * 1000);
}

size_t metrics_write(const struct metrics *metrics, char *text, size_t capacity)
{
    struct page_text out = {.text = text, .size = 0, .capacity = capacity};
    write_node(&out, metrics);
    write_journals(&out, metrics);
    write_store(&out, metrics);
    write_bus(&out, &metrics->bus);
    write_requests(&out, metrics);
    write_process(&out, metrics);
    return out.size;
}
