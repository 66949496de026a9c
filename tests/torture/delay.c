/* The lines between the nodes go through a forwarder that delays, jitters, narrows, and goes dead
 * in one direction, by a seed. */
#include "relay.h"
#include "stage.h"

#include "clock.h"

#include <inttypes.h>

enum {
    BRANCHES = 3,
    NODES = 1 + BRANCHES,
    ROUTES_MAX = NODES * (NODES - 1),
    ROUTE_PORTS_AT = 100, /* behind the first API port */
    STEP_MS_LEAST = 1000,
    STEP_MS_MOST = 4000,
    CHECK_EVERY = 12,
};

struct scene {
    struct stage stage;
    struct relay *relay;
};

static uint16_t route_port(const struct fleet *fleet, size_t dialler, size_t dialled)
{
    size_t pair = dialler * (dialler - 1) / 2 + dialled;
    return (uint16_t)(fleet->nodes[FLEET_OFFICE].api_port + ROUTE_PORTS_AT + 2 * pair);
}

/* The way to the peers goes through the routes. */
static void name_peers(const struct fleet *fleet, size_t node, FILE *config)
{
    (void)fputs("peers = {", config);
    for (size_t i = 0; i < node; i++) {
        (void)fprintf(config, "%s\"%" PRIu32 "@tcp://127.0.0.1:%u\"", i == 0 ? "" : ", ",
                      fleet->nodes[i].branch, route_port(fleet, node, i));
    }
    (void)fputs("}\n", config);
}

/* The chain is set up without it; what the nodes dial meanwhile is refused. */
static void start_relay(struct scene *scene)
{
    const struct fleet *fleet = &scene->stage.fleet;
    struct relay_route routes[ROUTES_MAX];
    struct explanation explanation = {""};
    size_t count = 0;
    for (size_t dialler = 1; dialler < fleet->count; dialler++) {
        for (size_t dialled = 0; dialled < dialler; dialled++) {
            for (uint16_t bulk = 0; bulk < 2; bulk++) {
                routes[count++] = (struct relay_route){
                    .listen_port = (uint16_t)(route_port(fleet, dialler, dialled) + bulk),
                    .target_port = (uint16_t)(fleet->nodes[dialled].peer_port + bulk),
                    .first = dialler,
                    .second = dialled,
                };
            }
        }
    }
    scene->relay = relay_start(routes, count, &explanation);
    torture_must(scene->stage.torture, scene->relay == NULL ? STATUS_IO : STATUS_OK, &explanation);
}

static void spoil_one(struct scene *scene, size_t from, size_t to)
{
    struct torture *torture = scene->stage.torture;
    struct relay_line line = {0};
    const char *what = "";
    switch (dice_between(&torture->dice, 0, 3)) {
    case 0:
        line.delay_ms = (uint32_t)dice_between(&torture->dice, 20, 1500);
        what = "late";
        break;
    case 1:
        line.delay_ms = (uint32_t)dice_between(&torture->dice, 0, 100);
        line.jitter_ms = (uint32_t)dice_between(&torture->dice, 50, 800);
        what = "uneven";
        break;
    case 2:
        line.bytes_per_second = (uint32_t)dice_between(&torture->dice, 300, 20000);
        what = "narrow";
        break;
    default:
        line.dead = true;
        what = "dead";
        break;
    }
    torture_fault(torture, "from %s to %s %s (%" PRIu32 " + %" PRIu32 " ms, %" PRIu32 " bytes/s)",
                  stage_name(from), stage_name(to), what, line.delay_ms, line.jitter_ms,
                  line.bytes_per_second);
    relay_spoil(scene->relay, from, to, &line);
}

static void heal(struct scene *scene)
{
    const struct relay_line none = {0};
    for (size_t from = 0; from < NODES; from++) {
        relay_heal(scene->relay, from);
        for (size_t to = 0; to < NODES; to++) {
            relay_spoil(scene->relay, from, to, &none);
        }
    }
}

static void take_step(struct scene *scene)
{
    struct torture *torture = scene->stage.torture;
    int64_t lines = dice_between(&torture->dice, 1, 6);
    heal(scene);
    for (int64_t i = 0; i < lines; i++) {
        size_t from = (size_t)dice_between(&torture->dice, 0, BRANCHES);
        size_t to = (from + (size_t)dice_between(&torture->dice, 1, BRANCHES)) % NODES;
        spoil_one(scene, from, to);
    }
    if (dice_between(&torture->dice, 0, 4) == 0) {
        size_t node = (size_t)dice_between(&torture->dice, 0, BRANCHES);
        torture_fault(torture, "%s is alone", stage_name(node));
        relay_cut(scene->relay, node);
    }
    stage_work(&scene->stage, dice_between(&torture->dice, STEP_MS_LEAST, STEP_MS_MOST));
}

void scenario_delay(struct torture *torture)
{
    static struct scene scene;
    size_t steps = 0;
    const struct fleet_plan plan = {.branches = BRANCHES, .extend = name_peers};
    stage_open_fleet(&scene.stage, torture, &plan);
    start_relay(&scene);
    stage_open_tills(&scene.stage);
    do {
        take_step(&scene);
        if (++steps % CHECK_EVERY == 0) {
            heal(&scene);
            stage_check(&scene.stage);
        }
    } while (!torture_time_is_up(torture));
    heal(&scene);
    uint64_t healed = clock_monotonic_ms();
    stage_check(&scene.stage);
    uint64_t took = clock_monotonic_ms() - healed;
    relay_stop(scene.relay);
    stage_close(&scene.stage);
    torture_note(torture, "%zu steps; level and checked %" PRIu64 " ms after the last", steps,
                 took);
}
