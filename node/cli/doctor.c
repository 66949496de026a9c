#include "subcommands.h"

#include "backup_folder.h"
#include "output.h"
#include "session.h"

#include "clock.h"
#include "file.h"
#include "file_system.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

enum {
    SYNCS = 21,
    SYNC_BYTES = 4096,
    SYNC_SLOW_US = 10 * 1000,
    SYNC_BAD_US = 100 * 1000,
    CLOCK_AHEAD_S = 5 * 60,
    SILENT_MS = 60 * 1000,
    UNREPLICATED_MS = 60 * 1000,
    CERTIFICATE_DAYS = 60,
    BACKUP_AGE_S = 36 * 3600,
    TEXT_SIZE = 320,
};

static const uint64_t SPACE_LOW = UINT64_C(1) << 30;

/* What was found. A check that is good says so too, so that nobody wonders whether it was made. */
struct findings {
    json_t *list;
    bool bad;
};

static void __attribute__((format(printf, 4, 0)))
find(struct findings *findings, const char *check, const char *grade, const char *format,
     va_list rest, const char *remedy)
{
    char text[TEXT_SIZE];
    (void)vsnprintf(text, sizeof text, format, rest);
    json_array_append_new(findings->list,
                          json_pack("{s:s, s:s, s:s, s:s*}", "check", check, "state", grade,
                                    "found", text, "remedy", remedy));
}

static void __attribute__((format(printf, 3, 4)))
good(struct findings *findings, const char *check, const char *format, ...)
{
    va_list rest;
    va_start(rest, format);
    find(findings, check, "good", format, rest, NULL);
    va_end(rest);
}

static void __attribute__((format(printf, 4, 5)))
bad(struct findings *findings, const char *check, const char *remedy, const char *format, ...)
{
    va_list rest;
    va_start(rest, format);
    find(findings, check, "BAD", format, rest, remedy);
    va_end(rest);
    findings->bad = true;
}

/* ---- this machine ---- */

static int by_size(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

/* Median time of an append of 4 KB with fdatasync beside the store, as a commit does it; 0: it
 * could not be measured. */
static uint64_t sync_time_us(const char *directory)
{
    char path[FILE_PATH_SIZE_MAX];
    static const uint8_t bytes[SYNC_BYTES];
    uint64_t times[SYNCS];
    int size = snprintf(path, sizeof path, "%s/doctor-%ld", directory, (long)getpid());
    int file = size > 0 && (size_t)size < sizeof path
                   ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)
                   : -1;
    bool whole = file >= 0;
    for (int i = 0; whole && i < SYNCS; i++) {
        struct timespec before;
        struct timespec after;
        (void)clock_gettime(CLOCK_MONOTONIC, &before);
        whole = write(file, bytes, sizeof bytes) == (ssize_t)sizeof bytes && fdatasync(file) == 0;
        (void)clock_gettime(CLOCK_MONOTONIC, &after);
        times[i] = (uint64_t)(after.tv_sec - before.tv_sec) * 1000000 +
                   (uint64_t)((after.tv_nsec - before.tv_nsec) / 1000);
    }
    if (file >= 0) {
        (void)close(file);
        (void)unlink(path);
    }
    if (!whole) {
        return 0;
    }
    qsort(times, SYNCS, sizeof times[0], by_size);
    return times[SYNCS / 2] > 0 ? times[SYNCS / 2] : 1;
}

static void check_disk(struct findings *findings, const char *directory)
{
    struct statvfs info;
    const char *name = "unknown";
    bool supported = false;
    uint64_t space = statvfs(directory, &info) == 0 ? (uint64_t)info.f_bavail * info.f_frsize : 0;
    if (space < SPACE_LOW) {
        bad(findings, "disk space",
            "free some, or move the directory: near the end the node writes "
            "nothing more",
            "%" PRIu64 " MiB are left", space >> 20);
    } else {
        good(findings, "disk space", "%" PRIu64 " MiB are left", space >> 20);
    }
    if (file_system_of(directory, &name, &supported) != STATUS_OK || !supported) {
        bad(findings, "file system", "keep the data on ext4 or xfs",
            "%s is not known to keep synced data through a power cut", name);
    } else {
        good(findings, "file system", "%s", name);
    }
    uint64_t sync_us = sync_time_us(directory);
    if (sync_us == 0) {
        bad(findings, "sync speed", "look at the system's log: the disk may be failing",
            "a test file in %s could not be written and synced", directory);
    } else if (sync_us > SYNC_SLOW_US) {
        bad(findings, "sync speed",
            sync_us > SYNC_BAD_US ? "the disk may be failing, or is shared with something that "
                                    "writes much"
                                  : "tills wait for this at each sale: use an SSD",
            "a synced write takes %" PRIu64 ".%" PRIu64 " ms", sync_us / 1000, sync_us / 100 % 10);
    } else {
        good(findings, "sync speed", "a synced write takes %" PRIu64 " us", sync_us);
    }
}

/* ---- the node ---- */

static bool count_of(const json_t *answer, const char *name, int64_t *number)
{
    const json_t *value = output_at(answer, name);
    *number = json_is_integer(value) ? (int64_t)json_integer_value(value) : 0;
    return json_is_integer(value);
}

static void check_ready(struct findings *findings, struct session *session)
{
    struct client_reply reply = {0};
    enum outcome outcome = client_get(session->client, "/readyz", &reply);
    if (outcome == OUTCOME_DONE && reply.status == 200) {
        good(findings, "ready", "this node sells");
    } else {
        const char *reason = output_text_at(reply.body, "reason");
        bad(findings, "ready", "see the other findings", "this node does not sell: %s",
            reason[0] != '\0' ? reason : reply.problem);
    }
    json_decref(reply.body);
}

static void check_journal(struct findings *findings, const json_t *node)
{
    if (json_is_true(output_at(node, "retired"))) {
        bad(findings, "own journal",
            "enrol the branch again: tally branch invite NAME --branch N at the office",
            "the office has ended it");
    } else if (json_is_true(output_at(node, "read_only"))) {
        bad(findings, "own journal",
            "at the office: tally branch retire N --kind lost, then invite it again; here: tally "
            "node restore, or branch join into a new directory",
            "others hold more of it than this disk, or another one: it must not be extended");
    } else {
        good(findings, "own journal", "%" JSON_INTEGER_FORMAT " blocks",
             json_integer_value(output_at(node, "head_seq")));
    }
    const json_t *quarantined = output_rows(node, "quarantined");
    for (size_t i = 0; i < json_array_size(quarantined); i++) {
        bad(findings, "quarantine", "at the office: tally branch retire N --kind lost",
            "journal %s has two histories: a restored backup or a clone wrote in it",
            output_text_at(json_array_get(quarantined, i), "journal"));
    }
    int64_t unknown = 0;
    if (count_of(node, "unknown_events", &unknown) && unknown > 0) {
        bad(findings, "older version", "install the current version of Tally here, and restart",
            "%" PRId64 " events of a newer version are kept and not understood", unknown);
    }
    int64_t invalid = 0;
    if (count_of(node, "invalid_events", &invalid) && invalid > 0) {
        bad(findings, "broken rules", "see which, and whose: GET /v1/invalid; ask that branch",
            "%" PRId64 " events of this chain broke a rule and count nothing", invalid);
    }
}

static void check_replication(struct findings *findings, const json_t *node)
{
    int64_t blocks = 0;
    int64_t age_ms = 0;
    (void)count_of(node, "unreplicated", &blocks);
    (void)count_of(node, "unreplicated_ms", &age_ms);
    if (blocks > 0 && age_ms > UNREPLICATED_MS) {
        bad(findings, "unreplicated",
            "bring a line back, or make a backup: tally node backup; these sales would be lost "
            "with this disk",
            "%" PRId64 " blocks are only here, the oldest for %" PRId64 " s", blocks,
            age_ms / 1000);
    } else {
        good(findings, "unreplicated", "%" PRId64 " blocks, the oldest for %" PRId64 " s", blocks,
             age_ms / 1000);
    }
}

/* Days from today to a date of an answer; INT32_MAX if it names none. */
static int32_t days_until(const json_t *answer, const char *name)
{
    struct tm day = {0};
    const char *text = output_text_at(answer, name);
    if (sscanf(text, "%d-%d-%d", &day.tm_year, &day.tm_mon, &day.tm_mday) != 3) {
        return INT32_MAX;
    }
    day.tm_year -= 1900;
    day.tm_mon -= 1;
    day.tm_hour = 12;
    return (int32_t)((timegm(&day) - clock_wall_ms() / 1000) / 86400);
}

static void check_certificate(struct findings *findings, const json_t *node)
{
    int32_t days = days_until(node, "auth_until");
    if (days == INT32_MAX) {
        return;
    }
    if (days < CERTIFICATE_DAYS) {
        bad(findings, "authority key", "renew it: tally authority request",
            "its time is over in %d days", (int)days);
    } else {
        good(findings, "authority key", "good for %d days", (int)days);
    }
}

/* Seconds since 1970 of "2026-11-27T14:18:12.539Z"; 0 if it is none. */
static int64_t moment_of(const char *text)
{
    struct tm moment = {0};
    if (sscanf(text, "%d-%d-%dT%d:%d:%d", &moment.tm_year, &moment.tm_mon, &moment.tm_mday,
               &moment.tm_hour, &moment.tm_min, &moment.tm_sec) != 6) {
        return 0;
    }
    moment.tm_year -= 1900;
    moment.tm_mon -= 1;
    return (int64_t)timegm(&moment);
}

static void check_peers(struct findings *findings, const json_t *node, const json_t *branches)
{
    const char *own = output_text_at(node, "journal");
    const json_t *rows = output_rows(branches, "entries");
    int64_t now = clock_wall_ms() / 1000;
    int64_t ahead = 0;
    const char *fast = "";
    size_t here = 0;
    size_t all = 0;
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        const char *journal = output_text_at(row, "journal");
        int64_t at = moment_of(output_text_at(row, "at"));
        if (at - now > ahead) {
            ahead = at - now;
            fast = journal;
        }
        bool node_of_it = strcmp(journal, own) != 0 && strncmp(journal, "0.", 2) != 0 &&
                          !json_is_string(output_at(row, "retired"));
        all += node_of_it ? 1 : 0;
        here += node_of_it && json_is_true(output_at(row, "connected")) ? 1 : 0;
    }
    if (ahead > CLOCK_AHEAD_S) {
        bad(findings, "clock", "set this machine's clock, or that one's: chrony or ntpd",
            "the last block of journal %s lies %" PRId64 " s in the future, by this clock", fast,
            ahead);
    } else {
        good(findings, "clock", "agrees with the last blocks of the others");
    }
    if (all > 0 && here == 0) {
        bad(findings, "peers", "check the line, the firewall and `peers` in config.conf",
            "none of %zu other nodes is connected: cards are served as far as rights lie here",
            all);
    } else {
        good(findings, "peers", "%zu of %zu other nodes are connected", here, all);
    }
}

static void check_backup(struct findings *findings, const char *folder)
{
    struct folder archives = {0};
    struct explanation explanation = {{0}};
    if (folder_read(folder, &archives, &explanation) != STATUS_OK || archives.count == 0) {
        bad(findings, "backup", "begin a new folder: tally node backup", "%s",
            explanation.text[0] != '\0' ? explanation.text : "there is none yet");
        return;
    }
    int64_t age_s =
        (clock_wall_ms() - (int64_t)archives.entries[archives.count - 1].head.made_ms) / 1000;
    if (age_s > BACKUP_AGE_S) {
        bad(findings, "backup", "run it each night: tally node backup",
            "the last archive is %" PRId64 " hours old", age_s / 3600);
    } else {
        good(findings, "backup", "%u archives, each whole; the last is %" PRId64 " hours old",
             archives.count, age_s / 3600);
    }
    folder_free(&archives);
}

static void findings_show(const struct findings *findings)
{
    static const struct label columns[] = {
        {"check", "check"}, {"state", "state"}, {"found", "found"}, {"what to do", "remedy"}};
    output_table(findings->list, LABELS(columns), "");
    puts(findings->bad ? "\nThere is something to do." : "\nAll is well.");
}

static enum outcome node_checks(struct session *session, struct findings *findings)
{
    struct client_path node_path = client_path_of("/v1/node");
    struct client_path branches_path = client_path_of("/v1/branches");
    json_t *node = NULL;
    json_t *branches = NULL;
    enum outcome outcome = session_fetch(session, &node_path, &node);
    if (outcome == OUTCOME_DONE) {
        outcome = session_fetch(session, &branches_path, &branches);
    }
    if (outcome == OUTCOME_DONE) {
        check_ready(findings, session);
        check_journal(findings, node);
        check_replication(findings, node);
        check_peers(findings, node, branches);
        check_certificate(findings, node);
    }
    json_decref(node);
    json_decref(branches);
    return outcome;
}

static enum outcome doctor_run(struct session *session)
{
    const char *directory = session_option(session, "dir");
    const char *backup = session_option(session, "backup");
    struct findings findings = {.list = json_array()};
    directory = directory != NULL ? directory : getenv("TALLY_DIR");
    if (directory != NULL && directory[0] != '\0') {
        check_disk(&findings, directory);
    }
    enum outcome outcome = node_checks(session, &findings);
    if (outcome != OUTCOME_DONE) {
        bad(&findings, "node", "start it: tallyd --dir DIR; its log says why it ended",
            "it does not answer");
    }
    if (backup != NULL) {
        check_backup(&findings, backup);
    }
    if (session->json) {
        output_json(findings.list);
    } else {
        findings_show(&findings);
    }
    json_decref(findings.list);
    return outcome != OUTCOME_DONE ? outcome : findings.bad ? OUTCOME_REFUSED : OUTCOME_DONE;
}

static const struct option_form doctor_options[] = {
    {"backup", "FOLDER", "is there a backup, whole, and of the last night?"},
    {0},
};

const struct subcommand node_doctor_command = {
    .name = "node doctor",
    .group = "Whole chain",
    .summary = "what is wrong with this node, and what to do; exit code 0 if nothing is",
    .usage = "[--backup FOLDER] --dir DIR",
    .example = "tally node doctor --dir /var/lib/tally --backup /srv/backup/branch-2",
    .options = doctor_options,
    .run = doctor_run,
};
