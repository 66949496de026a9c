/* A branch whose whole folder is put back to an earlier copy, and a copy that runs beside the
 * original: it is noticed at contact, and pays no more than what the copy held. */
#include "stage.h"

#include "clock.h"
#include "replay_answer.h"

#include <inttypes.h>
#include <poll.h>
#include <string.h>

enum {
    BRANCHES = 2,
    OTHER = FLEET_BRANCH + 1,
    HELD = 10000,      /* by the copy */
    PAID_LATER = 6000, /* by the original, after it */
    PIECE = 500,
    NOTICE_MS = 10 * 1000,
    LEVEL_MS = 30 * 1000,
    KEY_SIZE = 40,
};

struct scene {
    struct stage stage;
    char copy[FLEET_TEXT_SIZE_MAX + 16];
    struct fleet_account card;
    uint64_t keys;
};

static int post(struct scene *scene, const struct traffic_node *till, const char *target,
                int64_t amount)
{
    struct explanation explanation = {""};
    struct traffic_client *client = traffic_client_new(till, 1, 1, &explanation);
    char key[KEY_SIZE];
    char body[128];
    (void)snprintf(key, sizeof key, "deed-%" PRIu64, scene->keys++);
    (void)snprintf(body, sizeof body,
                   "{\"card\":\"%s\",\"amount\":{\"minor\":%" PRId64 ",\"currency\":\"USD\"}}",
                   scene->card.card, amount);
    const struct traffic_request request = {
        .method = "POST", .target = target, .key = key, .body = body};
    int http = traffic_client_ask(client, 0, &request, FLEET_ASK_MS).http;
    traffic_client_free(client);
    return http;
}

static struct traffic_node till_of(const struct fleet_node *node)
{
    return (struct traffic_node){node->url, node->till_token};
}

static void must_post(struct scene *scene, const char *target, int64_t amount)
{
    struct traffic_node till = till_of(&scene->stage.fleet.nodes[FLEET_BRANCH]);
    int http = post(scene, &till, target, amount);
    if (http != 201) {
        torture_fail(scene->stage.torture, "%s was answered HTTP %d", target, http);
    }
    scene->stage.torture->result->acknowledged += 1;
}

static void level(struct scene *scene)
{
    struct fleet_view view;
    if (!fleet_converge(&scene->stage.fleet, LEVEL_MS, &view)) {
        torture_fail(scene->stage.torture, "the nodes did not come to the same state");
    }
}

static void copy_folder(const struct scene *scene, const char *from, const char *to)
{
    run_must(scene->stage.torture, "/usr/bin/rm", "-rf", to, NULL);
    run_must(scene->stage.torture, "/usr/bin/cp", "-a", from, to, NULL);
}

/* A card of which the branch holds everything, and a copy of the branch from that moment. */
static void prepare(struct scene *scene, struct torture *torture)
{
    const struct fleet_plan plan = {.branches = BRANCHES, .plain = true};
    stage_open_fleet(&scene->stage, torture, &plan);
    struct fleet_node *branch = &scene->stage.fleet.nodes[FLEET_BRANCH];
    if (!fleet_open_account(&scene->stage.fleet, FLEET_BRANCH, "card", &scene->card)) {
        torture_fail(torture, "no card could be made");
    }
    must_post(scene, "/v1/topups", HELD);
    level(scene);
    stage_halt(&scene->stage, FLEET_BRANCH);
    (void)snprintf(scene->copy, sizeof scene->copy, "%.500s.copy", branch->dir);
    copy_folder(scene, branch->dir, scene->copy);
    stage_start(&scene->stage, FLEET_BRANCH);
}

/* Pays in pieces until it is not paid any more, or nothing is left that it could have. */
static int64_t pay_until_refused(struct scene *scene, const struct traffic_node *till, int64_t most)
{
    int64_t paid = 0;
    int http = 201;
    while (http == 201 && paid < most) {
        http = post(scene, till, "/v1/spends", PIECE);
        paid += http == 201 ? PIECE : 0;
    }
    return paid;
}

static void check_balance(struct scene *scene, size_t node, int64_t wanted)
{
    char target[64];
    int64_t balance = -1;
    (void)snprintf(target, sizeof target, "/v1/accounts/%s", scene->card.account);
    json_t *json = fleet_get(&scene->stage.fleet, node, target, NULL);
    if (!replay_answer_amount(json, "balance", &balance) || balance != wanted) {
        torture_fail(scene->stage.torture, "%s says %" PRId64 " instead of %" PRId64,
                     stage_name(node), balance, wanted);
    }
    json_decref(json);
}

static uint64_t wait_read_only(struct scene *scene, size_t node)
{
    uint64_t started = clock_monotonic_ms();
    struct fleet_view view;
    do {
        (void)poll(NULL, 0, 10);
        stage_look(&scene->stage, node, &view);
        if (clock_monotonic_ms() - started > NOTICE_MS) {
            torture_fail(scene->stage.torture, "nobody noticed the old copy");
        }
    } while (!view.read_only);
    return clock_monotonic_ms() - started;
}

/* `alone`: it pays while nobody is there who knows better. */
static void roll_back(struct scene *scene, struct torture *torture, bool alone)
{
    struct stage *stage = &scene->stage;
    prepare(scene, torture);
    struct fleet_node *branch = &stage->fleet.nodes[FLEET_BRANCH];
    struct traffic_node till = till_of(branch);
    must_post(scene, "/v1/spends", PAID_LATER);
    level(scene);
    stage_halt(stage, FLEET_BRANCH);
    copy_folder(scene, scene->copy, branch->dir);
    torture_fault(torture, "%s is put back to before a sale", stage_name(FLEET_BRANCH));
    if (alone) {
        stage_halt(stage, FLEET_OFFICE);
        stage_halt(stage, OTHER);
    }
    stage_start(stage, FLEET_BRANCH);
    int64_t paid = pay_until_refused(scene, &till, 2 * HELD);
    torture_step(torture, "%s, it paid %" PRId64 " of %d", alone ? "alone" : "connected", paid,
                 HELD);
    if (alone) {
        stage_start(stage, FLEET_OFFICE);
        stage_start(stage, OTHER);
    }
    uint64_t took = wait_read_only(scene, FLEET_BRANCH);
    paid += pay_until_refused(scene, &till, 2 * HELD);
    if (paid > HELD) {
        torture_fail(torture, "the copy paid %" PRId64 ", and held %d", paid, HELD);
    }
    if (post(scene, &till, "/v1/spends", 1) == 201) {
        torture_fail(torture, "it pays after it was noticed");
    }
    check_balance(scene, FLEET_OFFICE, HELD - PAID_LATER);
    check_balance(scene, OTHER, HELD - PAID_LATER);
    torture_step(torture, "noticed %" PRIu64 " ms later", took);
    /* And the next start knows. */
    stage_halt(stage, FLEET_BRANCH);
    struct explanation explanation = {""};
    torture_must(torture, fleet_run(&stage->fleet, FLEET_BRANCH, NULL, &explanation), &explanation);
    (void)poll(NULL, 0, 1500);
    if (pay_until_refused(scene, &till, HELD) != 0) {
        torture_fail(torture, "it pays again after the next start");
    }
    stage_close(stage);
    torture_note(torture, "it paid %" PRId64 " of %d held; noticed %" PRIu64 " ms after contact",
                 paid, HELD, took);
}

void scenario_rollback(struct torture *torture)
{
    static struct scene scene;
    do {
        bool alone = dice_between(&torture->dice, 0, 1) == 0;
        scene = (struct scene){0};
        roll_back(&scene, torture, alone);
        scene = (struct scene){0};
        roll_back(&scene, torture, !alone);
    } while (!torture_time_is_up(torture));
}

/* ---- a clone ---- */

/* The copy's config file, with other ports. */
static void give_own_ports(struct scene *scene, const struct fleet_node *original,
                           struct fleet_node *clone)
{
    char expression[256];
    char path[FLEET_TEXT_SIZE_MAX + 32];
    *clone = *original;
    clone->daemon.pid = 0;
    clone->api_port = (uint16_t)(original->api_port + 1000);
    clone->peer_port = (uint16_t)(original->peer_port + 1000);
    (void)snprintf(clone->dir, sizeof clone->dir, "%.500s", scene->copy);
    (void)snprintf(clone->log, sizeof clone->log, "%.500s.log", scene->copy);
    (void)snprintf(clone->url, sizeof clone->url, "http://%s:%u", clone->host, clone->api_port);
    (void)snprintf(path, sizeof path, "%s/config.conf", clone->dir);
    (void)snprintf(expression, sizeof expression, "s/:%u\"/:%u\"/; s/:%u\"/:%u\"/",
                   original->api_port, clone->api_port, original->peer_port, clone->peer_port);
    run_must(scene->stage.torture, "/usr/bin/sed", "-i", expression, path, NULL);
}

/* By the copy itself, which others show a longer journal, or by anybody who has seen both. */
static const char *who_noticed(struct scene *scene, const struct fleet_node *clone)
{
    struct fleet_view view;
    struct explanation explanation = {""};
    const struct traffic_node operator= {clone->url, clone->admin_token};
    const struct traffic_request request = {.method = "GET", .target = "/v1/node"};
    for (size_t i = 0; i < scene->stage.fleet.count; i++) {
        stage_look(&scene->stage, i, &view);
        if (view.read_only || view.alarms > 0) {
            return stage_name(i);
        }
    }
    struct traffic_client *client = traffic_client_new(&operator, 1, 1, &explanation);
    struct traffic_answer answer = traffic_client_ask(client, 0, &request, FLEET_ASK_MS);
    json_t *json = answer.http == 200 ? replay_answer_parse(answer.body) : NULL;
    bool stopped = json_is_true(json_object_get(json, "read_only"));
    json_decref(json);
    traffic_client_free(client);
    return stopped ? "the copy itself" : NULL;
}

void scenario_clone(struct torture *torture)
{
    static struct scene scene;
    struct fleet_node clone;
    struct explanation explanation = {""};
    prepare(&scene, torture);
    struct stage *stage = &scene.stage;
    const struct fleet_node *original = &stage->fleet.nodes[FLEET_BRANCH];
    give_own_ports(&scene, original, &clone);
    const char *const words[] = {stage->fleet.tallyd, "--dir", clone.dir, NULL};
    torture_must(torture, daemon_start(&clone.daemon, words, clone.log, &explanation),
                 &explanation);
    torture_fault(torture, "a copy of %s runs beside it", stage_name(FLEET_BRANCH));
    struct traffic_node tills[2] = {till_of(original), till_of(&clone)};
    int64_t paid[2] = {0};
    uint64_t started = clock_monotonic_ms();
    uint64_t noticed_ms = 0;
    bool turn = dice_between(&torture->dice, 0, 1) == 0;
    while (clock_monotonic_ms() - started < NOTICE_MS) {
        turn = !turn;
        paid[turn] += post(&scene, &tills[turn], "/v1/spends", PIECE) == 201 ? PIECE : 0;
        const char *who = noticed_ms == 0 ? who_noticed(&scene, &clone) : NULL;
        if (who != NULL) {
            noticed_ms = clock_monotonic_ms() - started;
            torture_step(torture, "noticed by %s after %" PRIu64 " ms", who, noticed_ms);
        }
        (void)poll(NULL, 0, 20);
    }
    torture_step(torture, "the original paid %" PRId64 ", the copy %" PRId64 " of %d", paid[0],
                 paid[1], HELD);
    if (paid[0] > HELD || paid[1] > HELD) {
        torture_fail(torture, "%" PRId64 " and %" PRId64 " were paid, and %d was held", paid[0],
                     paid[1], HELD);
    }
    if (noticed_ms == 0) {
        torture_fail(torture, "nobody noticed the copy");
    }
    torture->result->acknowledged += (uint64_t)((paid[0] + paid[1]) / PIECE);
    daemon_kill(&clone.daemon);
    stage_close(stage);
    torture_note(torture,
                 "original and copy paid %" PRId64 " and %" PRId64 " of %d held; noticed after "
                 "%" PRIu64 " ms",
                 paid[0], paid[1], HELD, noticed_ms);
}
