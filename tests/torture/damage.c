/* One file of a stopped node is damaged, and the node started again: it refuses, mends itself, or
 * is not touched by it. It never tells a wrong balance without saying that it is behind, never
 * takes on a sale before it has its journal again, and never begins an empty ledger. */
#include "stage.h"

#include "clock.h"
#include "proof_feed.h"
#include "replay_answer.h"

#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    FILES_MAX = 64,
    PATH_SIZE = 320,
    WORK_MS = 700,
    LIFE_MS_MAX = 20 * 1000, /* until it answers or has ended */
    SETTLE_MS = 4 * 1000,    /* for what peers mend */
    OPEN_FILES_MAX = 8,
    RESTARTS = 3, /* so that the store has tables, too */
    ZEROED = 300,
};

enum damage { FLIP, FLIP_MANY, CUT, EMPTY, ZERO, ZERO_ALL, DELETE, DAMAGES };

enum ending { REFUSED, HELD, WELL, ENDINGS };

struct scene {
    struct stage stage;
    char chain[TORTURE_PATH_SIZE + 16];
    char pristine[TORTURE_PATH_SIZE + 16];
    struct fleet_view view; /* before any damage */
    size_t events;          /* in the feed, then */
    int64_t balances[LOAD_ACCOUNTS];
    uint64_t endings[ENDINGS];
};

/* ---- which file, and how ---- */

static struct {
    char paths[FILES_MAX][PATH_SIZE];
    size_t count;
    size_t skip; /* bytes of the folder's own path */
} files;

/* What an operator writes and reads is not of the store; a lock and a log hold nothing. */
static bool is_of_interest(const char *name)
{
    static const char *const others[] = {"/config.conf", "/admin.token", "/db/LOCK", "/db/LOG",
                                         "/db/LOG.old"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (strcmp(name, others[i]) == 0) {
            return false;
        }
    }
    return true;
}

static int note_file(const char *path, const struct stat *about, int kind, struct FTW *where)
{
    (void)where;
    if (kind == FTW_F && about->st_size > 0 && files.count < FILES_MAX &&
        is_of_interest(path + files.skip)) {
        (void)snprintf(files.paths[files.count++], PATH_SIZE, "%.310s", path);
    }
    return 0;
}

static int by_name(const void *one, const void *other)
{
    return strcmp(one, other);
}

static void list_files(const char *dir)
{
    files.count = 0;
    files.skip = strlen(dir);
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
    (void)nftw(dir, note_file, OPEN_FILES_MAX, FTW_PHYS);
    qsort(files.paths, files.count, sizeof files.paths[0], by_name);
}

static void flip(struct torture *torture, int file, off_t size)
{
    uint8_t byte = 0;
    off_t at = (off_t)dice_between(&torture->dice, 0, size - 1);
    (void)!pread(file, &byte, 1, at);
    byte ^= (uint8_t)(1U << dice_between(&torture->dice, 0, 7));
    (void)!pwrite(file, &byte, 1, at);
}

static void zero(int file, off_t from, off_t size)
{
    static const char nothing[4096];
    while (size > 0) {
        size_t piece = size > (off_t)sizeof nothing ? sizeof nothing : (size_t)size;
        (void)!pwrite(file, nothing, piece, from);
        from += (off_t)piece;
        size -= (off_t)piece;
    }
}

static void do_damage(struct torture *torture, const char *path, enum damage how)
{
    static const char *const names[DAMAGES] = {"a bit flipped", "16 bits flipped",  "cut off",
                                               "emptied",       "300 bytes zeroed", "all zeroed",
                                               "deleted"};
    struct stat about;
    int file = open(path, O_RDWR | O_CLOEXEC);
    if (file < 0 || fstat(file, &about) != 0) {
        torture_fail(torture, "%.150s cannot be opened", path);
    }
    off_t at = (off_t)dice_between(&torture->dice, 0, about.st_size - 1);
    off_t least = about.st_size - at < ZEROED ? about.st_size - at : ZEROED;
    for (int i = 0; i < (how == FLIP ? 1 : how == FLIP_MANY ? 16 : 0); i++) {
        flip(torture, file, about.st_size);
    }
    if (how == CUT || how == EMPTY) {
        (void)!ftruncate(file, how == CUT ? at : 0);
    } else if (how == ZERO || how == ZERO_ALL) {
        zero(file, how == ZERO ? at : 0, how == ZERO ? least : about.st_size);
    } else if (how == DELETE) {
        (void)unlink(path);
    }
    (void)close(file);
    torture_fault(torture, "%s: %s", path + files.skip + 1, names[how]);
}

/* ---- what comes of it ---- */

/* False when it has ended by itself. */
static bool comes_to_life(struct stage *stage)
{
    struct daemon *daemon = &stage->fleet.nodes[FLEET_BRANCH].daemon;
    struct fleet_view view;
    uint64_t until = clock_monotonic_ms() + LIFE_MS_MAX;
    while (daemon_alive(daemon)) {
        if (fleet_look(&stage->fleet, FLEET_BRANCH, &view)) {
            return true;
        }
        if (clock_monotonic_ms() > until) {
            torture_fail(stage->torture, "it neither answers nor ends");
        }
        (void)poll(NULL, 0, 10);
    }
    return false;
}

static bool is_ready(struct stage *stage)
{
    int http = 0;
    json_decref(fleet_get(&stage->fleet, FLEET_BRANCH, "/readyz", &http));
    return http == 200;
}

static bool has_all(const struct fleet_view *view, const struct scene *scene)
{
    return strcmp(view->frontier, scene->view.frontier) == 0 &&
           strcmp(view->state, scene->view.state) == 0;
}

/* Every balance that it tells is right. What it does not tell is fine; how many it told. */
static size_t check_balances(struct scene *scene)
{
    size_t count = 0;
    for (size_t i = 0; i < LOAD_ACCOUNTS; i++) {
        char target[64];
        int http = 0;
        int64_t balance = -1;
        (void)snprintf(target, sizeof target, "/v1/accounts/%s",
                       scene->stage.load.accounts[i].account);
        json_t *json = fleet_get(&scene->stage.fleet, FLEET_BRANCH, target, &http);
        bool told = http == 200 && replay_answer_amount(json, "balance", &balance);
        json_decref(json);
        count += told;
        if (told && balance != scene->balances[i]) {
            torture_fail(scene->stage.torture,
                         "account %zu has %" PRId64 ", and the node says %" PRId64, i,
                         scene->balances[i], balance);
        }
    }
    return count;
}

/* The feed is whole, or breaks off with an error; it is never just shorter. */
static void check_feed(struct scene *scene)
{
    struct feed feed = {0};
    struct explanation explanation = {""};
    enum status status = feed_read(scene->stage.fleet.client, FLEET_BRANCH, &feed, &explanation);
    size_t count = feed.count;
    feed_free(&feed);
    if (status == STATUS_OK && count < scene->events) {
        torture_fail(scene->stage.torture, "the feed ends after %zu of %zu events, as if whole",
                     count, scene->events);
    }
    torture_step(scene->stage.torture, "the feed is %s", status == STATUS_OK ? "whole" : "refused");
}

/* One cent, at the branch's till. */
static int pay(struct scene *scene)
{
    static uint64_t number;
    const struct fleet_node *branch = &scene->stage.fleet.nodes[FLEET_BRANCH];
    const struct traffic_node till = {branch->url, branch->till_token};
    struct explanation explanation = {""};
    struct traffic_client *client = traffic_client_new(&till, 1, 1, &explanation);
    char key[32];
    char body[128];
    size_t rich = 0;
    for (size_t i = 0; i < LOAD_ACCOUNTS; i++) {
        rich = scene->balances[i] > scene->balances[rich] ? i : rich;
    }
    (void)snprintf(key, sizeof key, "after-%" PRIu64, number++);
    (void)snprintf(body, sizeof body,
                   "{\"card\":\"%s\",\"amount\":{\"minor\":1,\"currency\":\"USD\"}}",
                   scene->stage.load.accounts[rich].card);
    const struct traffic_request request = {
        .method = "POST", .target = "/v1/spends", .key = key, .body = body};
    int http = traffic_client_ask(client, 0, &request, FLEET_ASK_MS).http;
    traffic_client_free(client);
    return http;
}

static enum ending judge(struct scene *scene, const char *damaged, bool alone)
{
    struct stage *stage = &scene->stage;
    struct torture *torture = stage->torture;
    struct fleet_view view;
    if (!comes_to_life(stage)) {
        return REFUSED;
    }
    uint64_t until = clock_monotonic_ms() + (alone ? 0 : SETTLE_MS);
    bool known = fleet_look(&stage->fleet, FLEET_BRANCH, &view);
    while (known && !has_all(&view, scene) && clock_monotonic_ms() < until) {
        (void)poll(NULL, 0, 20);
        known = fleet_look(&stage->fleet, FLEET_BRANCH, &view);
    }
    if (!known && !daemon_alive(&stage->fleet.nodes[FLEET_BRANCH].daemon)) {
        return REFUSED; /* it found out while it ran */
    }
    bool behind = !known || view.head_seq < scene->view.head_seq;
    bool ready = is_ready(stage);
    if (known && view.events == 0 && ready) {
        torture_fail(torture, "it has begun an empty ledger");
    }
    if (known && !behind && view.head_seq == scene->view.head_seq &&
        strcmp(view.frontier, scene->view.frontier) == 0 && !has_all(&view, scene)) {
        torture_fail(torture, "it has the same blocks and another state");
    }
    if (!behind) {
        size_t told = check_balances(scene);
        torture_step(torture, "%zu of %d balances are told", told, LOAD_ACCOUNTS);
        check_feed(scene);
    }
    int http = pay(scene);
    if (alone && http == 201 && strcmp(damaged + files.skip, "/head") == 0) {
        torture_fail(torture, "without a word of how far it had come, and alone, it pays");
    }
    if (behind && (http == 201 || ready)) {
        torture_fail(torture,
                     "its journal ends at %" PRIu64 " of %" PRIu64
                     ", and it is %s: a payment was answered HTTP %d",
                     view.head_seq, scene->view.head_seq, ready ? "ready" : "not ready", http);
    }
    return behind || http != 201 ? HELD : WELL;
}

static void put_back(struct scene *scene)
{
    const struct torture *torture = scene->stage.torture;
    run_must(torture, "/usr/bin/rm", "-rf", scene->chain, NULL);
    run_must(torture, "/usr/bin/cp", "-a", scene->pristine, scene->chain, NULL);
}

static void play(struct scene *scene, size_t number)
{
    static const char *const words[ENDINGS] = {"it refused to start", "it held back",
                                               "it was not touched or is mended"};
    struct stage *stage = &scene->stage;
    struct explanation explanation = {""};
    char target[FLEET_TEXT_SIZE_MAX];
    bool alone = number % 2 == 1; /* nobody there who could mend it or know better */
    put_back(scene);
    list_files(stage->fleet.nodes[FLEET_BRANCH].dir);
    if (files.count == 0) {
        torture_fail(stage->torture, "there are no files to damage");
    }
    size_t which = number % files.count;
    (void)snprintf(target, sizeof target, "%s", files.paths[which]);
    do_damage(stage->torture, target, (enum damage)((number / files.count + number) % DAMAGES));
    if (!alone) {
        stage_start(stage, FLEET_OFFICE);
    }
    torture_must(stage->torture, fleet_run(&stage->fleet, FLEET_BRANCH, NULL, &explanation),
                 &explanation);
    enum ending ending = judge(scene, target, alone);
    scene->endings[ending] += 1;
    torture_step(stage->torture, "%s%s", words[ending], alone ? " (alone)" : "");
    for (size_t i = 0; i < stage->fleet.count; i++) {
        daemon_kill(&stage->fleet.nodes[i].daemon);
    }
}

static void prepare(struct scene *scene)
{
    struct stage *stage = &scene->stage;
    for (int i = 0; i < RESTARTS; i++) {
        stage_work(stage, WORK_MS);
        stage_halt(stage, FLEET_BRANCH);
        load_settle(&stage->load);
        stage_start(stage, FLEET_BRANCH);
    }
    stage_check(stage);
    stage_look(stage, FLEET_BRANCH, &scene->view);
    struct feed feed = {0};
    struct explanation explanation = {""};
    torture_must(stage->torture, feed_read(stage->fleet.client, FLEET_BRANCH, &feed, &explanation),
                 &explanation);
    scene->events = feed.count;
    feed_free(&feed);
    for (size_t i = 0; i < LOAD_ACCOUNTS; i++) {
        char target[64];
        (void)snprintf(target, sizeof target, "/v1/accounts/%s", stage->load.accounts[i].account);
        json_t *json = fleet_get(&stage->fleet, FLEET_BRANCH, target, NULL);
        (void)replay_answer_amount(json, "balance", &scene->balances[i]);
        json_decref(json);
    }
    stage_halt(stage, FLEET_BRANCH);
    stage_halt(stage, FLEET_OFFICE);
    (void)snprintf(scene->chain, sizeof scene->chain, "%s/chain", stage->torture->dir);
    (void)snprintf(scene->pristine, sizeof scene->pristine, "%s/pristine", stage->torture->dir);
    run_must(stage->torture, "/usr/bin/cp", "-a", scene->chain, scene->pristine, NULL);
}

void scenario_damage(struct torture *torture)
{
    static struct scene scene;
    const struct fleet_plan plan = {.branches = 1, .config = "write_buffer_mib = 1"};
    stage_open(&scene.stage, torture, &plan);
    prepare(&scene);
    size_t first = (size_t)dice_between(&torture->dice, 0, 1000);
    for (size_t i = 0; i == 0 || !torture_time_is_up(torture); i++) {
        play(&scene, first + i);
    }
    torture_note(torture,
                 "%" PRIu64 " refused to start, %" PRIu64 " held money back, %" PRIu64
                 " unharmed or mended",
                 scene.endings[REFUSED], scene.endings[HELD], scene.endings[WELL]);
}
