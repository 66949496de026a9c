/* A branch on a small disk that fills up: it stops taking on before that, goes on by itself when
 * there is room, and what it acknowledged before and after is there after a restart. In the second
 * form it does not see the disk fill, so that the store's own log meets the end. */
#include "small_disk.h"

#include "clock.h"

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    DISK_MIB = 200,
    MIB = 1024 * 1024,
    RESERVE = 64 * MIB, /* the default, with the default write buffer */
    WORK_MS = 400,
    FULL_MS = 1500,
    RESUME_MS = 10 * 1000, /* P16 */
    SPACE_ASK_MS = 5,
};

static void check_reads(struct stage *stage)
{
    char target[64];
    int http = 0;
    (void)snprintf(target, sizeof target, "/v1/accounts/%s", stage->load.accounts[0].account);
    json_decref(fleet_get(&stage->fleet, FLEET_BRANCH, target, &http));
    if (http != 200) {
        torture_fail(stage->torture, "with a full disk, a balance was answered HTTP %d", http);
    }
}

/* Until it acknowledges again; how long that took. */
static uint64_t wait_resume(struct stage *stage)
{
    uint64_t started = clock_monotonic_ms();
    uint64_t done = stage->load.counts.done;
    while (stage->load.counts.done < done + LOAD_LANES) {
        load_turn(&stage->load, true, SPACE_ASK_MS);
        if (clock_monotonic_ms() - started > RESUME_MS) {
            torture_fail(stage->torture, "there was room again, and no answer after %d s",
                         RESUME_MS / 1000);
        }
    }
    return clock_monotonic_ms() - started;
}

/* What was acknowledged before and after is there after a restart. */
static void restart_and_check(struct stage *stage)
{
    stage_kill(stage, FLEET_BRANCH);
    load_settle(&stage->load);
    stage_start(stage, FLEET_BRANCH);
    stage_check(stage);
}

static void must_live(struct stage *stage)
{
    if (!daemon_alive(&stage->fleet.nodes[FLEET_BRANCH].daemon)) {
        torture_fail(stage->torture, "a full disk ended the daemon: see its log");
    }
}

/* Most disks fill slowly: the reserve is reached first, and the node answers whoever asks and takes
 * nothing on, however full it becomes. If most of the reserve goes at once with a write under way,
 * the node closes its store until there is room, and then answers nobody. */
static bool fill(struct stage *stage, struct disk *disk)
{
    struct torture *torture = stage->torture;
    static const int64_t most[] = {0, MIB, 30 * MIB, 60 * MIB};
    int64_t left = dice_between(&torture->dice, 0, most[torture->result->faults / 2 % 4]);
    bool slowly = torture->result->faults % 2 == 0;
    if (slowly) {
        disk_fill(disk, stage, RESERVE - MIB);
        stage_work(stage, WORK_MS);
    }
    disk_fill(disk, stage, (uint64_t)left);
    torture_fault(torture, "%" PRIu64 " KiB are free, %s", disk_free(disk) / 1024,
                  slowly ? "step by step" : "at once");
    return slowly;
}

static uint64_t fill_and_free(struct stage *stage, struct disk *disk)
{
    struct torture *torture = stage->torture;
    stage_work(stage, WORK_MS);
    uint64_t before = stage->load.counts.done;
    bool slowly = fill(stage, disk);
    stage_work(stage, WORK_MS); /* what was under way when it filled up */
    uint64_t full = stage->load.counts.done;
    stage_work(stage, FULL_MS);
    must_live(stage);
    if (slowly) {
        check_reads(stage);
    }
    if (stage->load.counts.done != full) {
        torture_fail(torture, "with a full disk something was taken on");
    }
    disk_empty(disk);
    uint64_t took = wait_resume(stage);
    torture_step(torture,
                 "%" PRIu64 " acknowledged before; %" PRIu64 " ms after there was room it went on",
                 before, took);
    stage_work(stage, WORK_MS);
    restart_and_check(stage);
    return took;
}

void scenario_disk_full(struct torture *torture)
{
    static struct stage stage;
    struct disk disk;
    uint64_t slowest_ms = 0;
    torture_needs_mounts(torture);
    const struct fleet_plan plan = {.branches = 1};
    stage_open(&stage, torture, &plan);
    disk_open(&disk, &stage, FLEET_BRANCH, "ext4", DISK_MIB);
    do {
        uint64_t took = fill_and_free(&stage, &disk);
        slowest_ms = took > slowest_ms ? took : slowest_ms;
    } while (!torture_time_is_up(torture));
    stage_close(&stage);
    disk_close(&disk, &stage);
    torture_note(torture, "went on %" PRIu64 " ms after there was room, at most", slowest_ms);
}

/* ---- the log itself meets the end of the disk ---- */

static void start_blind(struct stage *stage, const char *mark)
{
    struct explanation explanation = {""};
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
    (void)setenv("TALLY_BLIND", mark, 1);
    torture_must(
        stage->torture,
        fleet_run(&stage->fleet, FLEET_BRANCH, TALLY_BINARY_DIR "/libfail_shim.so", &explanation),
        &explanation);
    torture_must(stage->torture, fleet_wait_ready(&stage->fleet, FLEET_BRANCH, &explanation),
                 &explanation);
    load_hold(&stage->load, FLEET_BRANCH, false);
}

static void set_blind(const struct stage *stage, const char *mark, bool blind)
{
    int file = blind ? open(mark, O_WRONLY | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (blind ? file < 0 : unlink(mark) != 0) {
        torture_fail(stage->torture, "the mark of the shim cannot be set");
    }
    if (file >= 0) {
        (void)close(file);
    }
}

static void wait_broken(struct stage *stage)
{
    uint64_t until = clock_monotonic_ms() + RESUME_MS;
    while (load_unknown(&stage->load) == 0) {
        load_turn(&stage->load, true, SPACE_ASK_MS);
        if (clock_monotonic_ms() > until) {
            torture_fail(stage->torture, "the disk is full to the last byte, and nothing failed");
        }
    }
    stage_work(stage, WORK_MS);
}

void scenario_disk_full_log(struct torture *torture)
{
    static struct stage stage;
    struct disk disk;
    char mark[TORTURE_PATH_SIZE + 16];
    torture_needs_mounts(torture);
    torture_needs_preload(torture);
    (void)snprintf(mark, sizeof mark, "%s/blind", torture->dir);
    const struct fleet_plan plan = {.branches = 1};
    stage_open(&stage, torture, &plan);
    disk_open(&disk, &stage, FLEET_BRANCH, "ext4", DISK_MIB);
    do {
        stage_halt(&stage, FLEET_BRANCH);
        load_settle(&stage.load);
        start_blind(&stage, mark);
        stage_work(&stage, WORK_MS);
        set_blind(&stage, mark, true);
        disk_fill(&disk, &stage, 0);
        torture_fault(torture, "%" PRIu64 " bytes are free, and the node is told otherwise",
                      disk_free(&disk));
        wait_broken(&stage);
        set_blind(&stage, mark, false);
        stage_work(&stage, WORK_MS);
        must_live(&stage);
        disk_empty(&disk);
        torture_step(torture, "%" PRIu64 " ms after there was room it went on",
                     wait_resume(&stage));
        stage_work(&stage, WORK_MS);
        restart_and_check(&stage);
    } while (!torture_time_is_up(torture));
    stage_close(&stage);
    disk_close(&disk, &stage);
    torture_note(torture, "the store's log met the end of the disk %" PRIu64 " times",
                 torture->result->faults);
}
