/* Nodes that are killed, and nodes that are stopped for a while. */
#include "stage.h"

#include "clock.h"

#include <inttypes.h>
#include <poll.h>
#include <signal.h>

enum {
    BRANCHES = 2,
    WORK_MS_MAX = 120,
    START_MS_MAX = 60,
    CHECK_EVERY = 40,
    FREEZE_MS_LEAST = 5000,
    FREEZE_MS_MOST = 12000,
    PAID_MS_MAX = 3000, /* by a till at a branch that nothing happened to */
};

/* Sometimes it is killed again while it starts, also while it mends its store. */
static void kill_and_start(struct stage *stage, size_t node, uint64_t *slowest_ms)
{
    struct torture *torture = stage->torture;
    struct explanation explanation = {""};
    stage_kill(stage, node);
    torture_fault(torture, "SIGKILL to %s", stage_name(node));
    while (dice_between(&torture->dice, 0, 3) == 0) {
        int64_t ms = dice_between(&torture->dice, 0, START_MS_MAX);
        torture_must(torture, fleet_run(&stage->fleet, node, NULL, &explanation), &explanation);
        stage_work(stage, ms);
        daemon_kill(&stage->fleet.nodes[node].daemon);
        torture_fault(torture, "SIGKILL to %s, %" PRId64 " ms into its start", stage_name(node),
                      ms);
    }
    uint64_t started = clock_monotonic_ms();
    stage_start(stage, node);
    uint64_t took = clock_monotonic_ms() - started;
    *slowest_ms = took > *slowest_ms ? took : *slowest_ms;
}

void scenario_kill(struct torture *torture)
{
    static struct stage stage;
    uint64_t slowest_ms = 0;
    const struct fleet_plan plan = {.branches = BRANCHES};
    stage_open(&stage, torture, &plan);
    do {
        stage_work(&stage, dice_between(&torture->dice, 0, WORK_MS_MAX));
        kill_and_start(&stage, (size_t)dice_between(&torture->dice, 0, BRANCHES), &slowest_ms);
        if (torture->result->faults % CHECK_EVERY == 0) {
            stage_check(&stage);
        }
    } while (!torture_time_is_up(torture));
    stage_work(&stage, WORK_MS_MAX);
    stage_check(&stage);
    stage_close(&stage);
    torture_note(torture, "slowest start until ready: %" PRIu64 " ms", slowest_ms);
}

/* One till at another branch pays 0.01 again and again; how long it waited at most. */
static uint64_t pay_elsewhere(struct stage *stage, size_t node, const char *card, uint64_t until_ms)
{
    static uint64_t number;
    const struct traffic_node till = {stage->fleet.nodes[node].url,
                                      stage->fleet.nodes[node].till_token};
    struct explanation explanation = {""};
    struct traffic_client *client = traffic_client_new(&till, 1, 1, &explanation);
    uint64_t slowest_us = 0;
    while (clock_monotonic_ms() < until_ms) {
        char key[32];
        char body[128];
        (void)snprintf(key, sizeof key, "small-%" PRIu64, number++);
        (void)snprintf(body, sizeof body,
                       "{\"card\":\"%s\",\"amount\":{\"minor\":1,\"currency\":\"USD\"}}", card);
        const struct traffic_request request = {
            .method = "POST", .target = "/v1/spends", .key = key, .body = body};
        struct traffic_answer answer = traffic_client_ask(client, 0, &request, PAID_MS_MAX);
        if (answer.http != 201) {
            torture_fail(stage->torture, "a till at %s was answered HTTP %d meanwhile",
                         stage_name(node), answer.http);
        }
        stage->load.others += 1;
        slowest_us = answer.took_us > slowest_us ? answer.took_us : slowest_us;
        load_turn(&stage->load, true, 1);
    }
    traffic_client_free(client);
    return slowest_us / 1000;
}

/* A card of its own, so that what the load does with its accounts is not in the way. */
static void open_card(struct stage *stage, size_t node, struct fleet_account *account)
{
    char body[160];
    if (!fleet_open_account(&stage->fleet, node, "small", account)) {
        torture_fail(stage->torture, "no account could be opened");
    }
    (void)snprintf(body, sizeof body,
                   "{\"card\":\"%s\",\"amount\":{\"minor\":4900,\"currency\":\"USD\"}}",
                   account->card);
    const struct traffic_request request = {
        .method = "POST", .target = "/v1/topups", .key = "small-topup", .body = body};
    struct traffic_answer answer =
        traffic_client_ask(stage->fleet.client, node, &request, FLEET_ASK_MS);
    if (answer.http != 201) {
        torture_fail(stage->torture, "a top-up was answered HTTP %d", answer.http);
    }
    stage->load.others += 1;
}

void scenario_freeze(struct torture *torture)
{
    static struct stage stage;
    struct fleet_account accounts[FLEET_NODES_MAX];
    const struct fleet_plan plan = {.branches = BRANCHES};
    uint64_t slowest_ms = 0;
    stage_open(&stage, torture, &plan);
    for (size_t i = FLEET_BRANCH; i < stage.fleet.count; i++) {
        open_card(&stage, i, &accounts[i]);
    }
    do {
        size_t node = (size_t)dice_between(&torture->dice, 0, BRANCHES);
        size_t other = node == FLEET_BRANCH ? FLEET_BRANCH + 1 : FLEET_BRANCH;
        int64_t ms = torture->brief ? FREEZE_MS_LEAST
                                    : dice_between(&torture->dice, FREEZE_MS_LEAST, FREEZE_MS_MOST);
        stage_work(&stage, WORK_MS_MAX);
        stage_signal(&stage, node, SIGSTOP);
        torture_fault(torture, "SIGSTOP of %s for %" PRId64 " ms", stage_name(node), ms);
        uint64_t waited_ms =
            pay_elsewhere(&stage, other, accounts[other].card, clock_monotonic_ms() + (uint64_t)ms);
        stage_signal(&stage, node, SIGCONT);
        torture_step(torture, "meanwhile a till at %s waited %" PRIu64 " ms at most",
                     stage_name(other), waited_ms);
        slowest_ms = waited_ms > slowest_ms ? waited_ms : slowest_ms;
    } while (!torture_time_is_up(torture));
    stage_check(&stage);
    stage_close(&stage);
    torture_note(torture, "tills elsewhere waited %" PRIu64 " ms at most", slowest_ms);
}
