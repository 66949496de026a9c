/* An office and four branches in networks that come apart in every way that the seed draws, while
 * the tills go on; now and then a node is stopped or killed besides. */
#include "net.h"
#include "stage.h"

#include <inttypes.h>
#include <signal.h>

enum {
    BRANCHES = 4,
    STEP_MS_LEAST = 800,
    STEP_MS_MOST = 4000,
    STOP_MS_LEAST = 5000,
    CHECK_EVERY = 10,
};

struct scene {
    struct stage stage;
    struct net net;
};

static size_t some_node(struct torture *torture)
{
    return (size_t)dice_between(&torture->dice, 0, BRANCHES);
}

static enum net_fault some_cut(struct torture *torture)
{
    return dice_between(&torture->dice, 0, 1) == 0 ? NET_DROP : NET_RESET;
}

static void isolate(struct scene *scene)
{
    struct torture *torture = scene->stage.torture;
    size_t node = some_node(torture);
    enum net_fault how = some_cut(torture);
    torture_fault(torture, "%s is alone (%s)", stage_name(node), net_fault_name(how));
    for (size_t i = 0; i < scene->net.count; i++) {
        if (i != node) {
            net_cut_both(&scene->net, torture, how, node, i);
        }
    }
}

static void halve(struct scene *scene)
{
    struct torture *torture = scene->stage.torture;
    enum net_fault how = some_cut(torture);
    unsigned sides = (unsigned)dice_between(&torture->dice, 1, (1 << BRANCHES) - 1);
    torture_fault(torture, "two halves, %x of 1f is one (%s)", sides, net_fault_name(how));
    for (size_t i = 0; i < scene->net.count; i++) {
        for (size_t j = 0; j < i; j++) {
            if ((sides >> i & 1U) != (sides >> j & 1U)) {
                net_cut_both(&scene->net, torture, how, i, j);
            }
        }
    }
}

static void part_all(struct scene *scene)
{
    enum net_fault how = some_cut(scene->stage.torture);
    torture_fault(scene->stage.torture, "each is alone (%s)", net_fault_name(how));
    net_cut_all(&scene->net, scene->stage.torture, how);
}

static void cut_one_way(struct scene *scene)
{
    struct torture *torture = scene->stage.torture;
    size_t from = some_node(torture);
    size_t to = (from + (size_t)dice_between(&torture->dice, 1, BRANCHES)) % scene->net.count;
    torture_fault(torture, "nothing goes from %s to %s", stage_name(from), stage_name(to));
    net_cut(&scene->net, torture, NET_DROP, from, to);
}

/* A bridge: one node sees all, the others see only it. */
static void leave_a_bridge(struct scene *scene)
{
    struct torture *torture = scene->stage.torture;
    size_t bridge = some_node(torture);
    torture_fault(torture, "all see only %s", stage_name(bridge));
    for (size_t i = 0; i < scene->net.count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (i != bridge && j != bridge) {
                net_cut_both(&scene->net, torture, NET_DROP, i, j);
            }
        }
    }
}

static void lose(struct scene *scene)
{
    torture_fault(scene->stage.torture, "three of ten packets are lost");
    net_cut_all(&scene->net, scene->stage.torture, NET_LOSE);
}

static void be_slow(struct scene *scene)
{
    struct torture *torture = scene->stage.torture;
    size_t node = some_node(torture);
    unsigned kbit = (unsigned)dice_between(&torture->dice, 64, 1000);
    torture_fault(torture, "the line to %s carries %u kbit/s", stage_name(node), kbit);
    net_slow(&scene->net, torture, node, kbit);
}

static void unplug(struct scene *scene)
{
    struct torture *torture = scene->stage.torture;
    size_t node = some_node(torture);
    torture_fault(torture, "the line of %s is pulled out", stage_name(node));
    net_unplug(&scene->net, torture, node, true);
}

static void flap(struct scene *scene)
{
    torture_fault(scene->stage.torture, "all lines come and go");
    for (int i = 0; i < 6; i++) {
        net_cut_all(&scene->net, scene->stage.torture, NET_RESET);
        stage_work(&scene->stage, 150);
        net_heal(&scene->net, scene->stage.torture);
        stage_work(&scene->stage, 150);
    }
}

static void stop_one(struct scene *scene)
{
    size_t node = some_node(scene->stage.torture);
    torture_fault(scene->stage.torture, "SIGSTOP of %s for %d ms", stage_name(node), STOP_MS_LEAST);
    stage_signal(&scene->stage, node, SIGSTOP);
    stage_work(&scene->stage, STOP_MS_LEAST);
    stage_signal(&scene->stage, node, SIGCONT);
}

static void kill_one(struct scene *scene)
{
    size_t node = some_node(scene->stage.torture);
    torture_fault(scene->stage.torture, "SIGKILL to %s", stage_name(node));
    stage_kill(&scene->stage, node);
    stage_work(&scene->stage, STEP_MS_LEAST);
    stage_start(&scene->stage, node);
}

static void (*const faults[])(struct scene *) = {
    isolate, halve,   part_all, cut_one_way, cut_one_way, leave_a_bridge,
    lose,    be_slow, unplug,   flap,        stop_one,    kill_one,
};

enum { FAULTS = sizeof faults / sizeof faults[0] };

/* One kind of cut may come over another; three of four steps heal first. */
static void take_step(struct scene *scene, size_t number)
{
    struct torture *torture = scene->stage.torture;
    if (dice_between(&torture->dice, 0, 3) > 0) {
        net_heal(&scene->net, torture);
        torture_step(torture, "healed");
        stage_work(&scene->stage, dice_between(&torture->dice, 0, STEP_MS_MOST / 4));
    }
    /* Each kind once before any comes again by chance. */
    size_t which = number < FAULTS ? (number * 5 + torture->seed) % FAULTS
                                   : (size_t)dice_between(&torture->dice, 0, FAULTS - 1);
    faults[which](scene);
    stage_work(&scene->stage, dice_between(&torture->dice, STEP_MS_LEAST, STEP_MS_MOST));
}

void scenario_partition(struct torture *torture)
{
    static struct scene scene;
    size_t steps = 0;
    net_open(&scene.net, torture, 1 + BRANCHES);
    const struct fleet_plan plan = {
        .branches = BRANCHES, .hosts = scene.net.host_list, .spaces = scene.net.space_list};
    stage_open(&scene.stage, torture, &plan);
    while (!torture_time_is_up(torture)) {
        take_step(&scene, steps++);
        if (steps % CHECK_EVERY == 0) {
            net_heal(&scene.net, torture);
            stage_check(&scene.stage);
        }
    }
    net_heal(&scene.net, torture);
    stage_work(&scene.stage, STEP_MS_LEAST);
    stage_check(&scene.stage);
    stage_close(&scene.stage);
    torture_note(torture, "%zu steps, %d kinds of fault", steps, (int)FAULTS);
}
