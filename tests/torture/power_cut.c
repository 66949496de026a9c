/* The power of a branch's disk is cut under load: what the disk had not written is gone. The daemon
 * is stopped first, for an answer that leaves it after the cut would be a lie of the test's. */
#include "small_disk.h"

#include <inttypes.h>
#include <signal.h>

enum {
    DISK_MIB = 320, /* the least that xfs takes is 300 */
    WORK_MS_MAX = 150,
    CHECK_EVERY = 10,
};

static void cut(struct stage *stage, const struct disk *disk)
{
    stage_work(stage, dice_between(&stage->torture->dice, 1, WORK_MS_MAX));
    stage_signal(stage, FLEET_BRANCH, SIGSTOP);
    disk_cut_power(disk, stage);
    stage_kill(stage, FLEET_BRANCH);
    load_settle(&stage->load); /* answers that had left it */
    torture_fault(stage->torture, "power cut after %" PRIu64 " acknowledged",
                  stage->load.counts.done);
    disk_replug(disk, stage);
    stage_start(stage, FLEET_BRANCH);
}

static void play(struct torture *torture, const char *kind)
{
    static struct stage stage;
    struct disk disk;
    torture_needs_mounts(torture);
    const struct fleet_plan plan = {.branches = 1};
    stage_open(&stage, torture, &plan);
    disk_open(&disk, &stage, FLEET_BRANCH, kind, DISK_MIB);
    do {
        cut(&stage, &disk);
        if (torture->result->faults % CHECK_EVERY == 0) {
            stage_check(&stage);
        }
    } while (!torture_time_is_up(torture));
    stage_check(&stage);
    stage_close(&stage);
    disk_close(&disk, &stage);
    torture_note(torture, "%" PRIu64 " power cuts, each mended by the start alone",
                 torture->result->faults);
}

void scenario_power_cut_ext4(struct torture *torture)
{
    play(torture, "ext4");
}

void scenario_power_cut_xfs(struct torture *torture)
{
    play(torture, "xfs");
}
