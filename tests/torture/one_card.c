/* Four branches cut from each other, a hundred attempts at each on one card of 100.00. */
#include "net.h"
#include "stage.h"

#include "clock.h"
#include "replay_answer.h"

#include <inttypes.h>
#include <poll.h>

enum {
    BRANCHES = 4,
    ATTEMPTS = 100, /* at each branch */
    CARD_AMOUNT = 10000,
    LANES = 16,
    ANSWER_MS = 15 * 1000,
    LEVEL_MS = 60 * 1000,
    KEY_SIZE = 48,
    RIGHTS_LEAST = 100, /* what is moved by hand before the cut */
};

enum { UNKNOWN, ACCEPTED, REFUSED };

struct attempt {
    size_t branch; /* 0 .. */
    int64_t amount;
    int state;
};

struct round {
    struct torture *torture;
    struct stage *stage;
    struct net *net;
    struct traffic_client *tills;
    uint64_t number;
    struct fleet_account card;
    struct attempt attempts[BRANCHES * ATTEMPTS];
    size_t flying;
    FILE *log;
};

static json_t *post(struct round *round, size_t node, const char *target, const char *key,
                    const char *body, int *http)
{
    const struct traffic_request request = {
        .method = "POST", .target = target, .key = key, .body = body};
    struct traffic_answer answer =
        traffic_client_ask(round->stage->fleet.client, node, &request, ANSWER_MS);
    *http = answer.http;
    return answer.http == 0 ? NULL : replay_answer_parse(answer.body);
}

static void level(struct round *round)
{
    struct fleet_view view;
    if (!fleet_converge(&round->stage->fleet, LEVEL_MS, &view)) {
        torture_fail(round->torture, "the nodes did not come to the same state");
    }
    if (view.invalid_events != 0) {
        torture_fail(round->torture, "%" PRIu64 " events are invalid", view.invalid_events);
    }
}

static void check_balance(struct round *round, int64_t wanted)
{
    char target[64];
    (void)snprintf(target, sizeof target, "/v1/accounts/%s", round->card.account);
    for (size_t i = 0; i < round->stage->fleet.count; i++) {
        int64_t balance = -1;
        json_t *json = fleet_get(&round->stage->fleet, i, target, NULL);
        if (!replay_answer_amount(json, "balance", &balance) || balance != wanted) {
            torture_fail(round->torture, "the card has %" PRId64 " at %s and should have %" PRId64,
                         balance, stage_name(i), wanted);
        }
        json_decref(json);
    }
}

/* A card of 100.00, of which some branches hold a part before they are cut. */
static void prepare(struct round *round)
{
    struct torture *torture = round->torture;
    char key[KEY_SIZE];
    char body[200];
    int http = 0;
    size_t home = FLEET_BRANCH + (size_t)dice_between(&torture->dice, 0, BRANCHES - 1);
    (void)snprintf(key, sizeof key, "card-%" PRIu64, round->number);
    if (!fleet_open_account(&round->stage->fleet, home, key, &round->card)) {
        torture_fail(torture, "no card could be made");
    }
    (void)snprintf(key, sizeof key, "topup-%" PRIu64, round->number);
    (void)snprintf(body, sizeof body,
                   "{\"card\":\"%s\",\"amount\":{\"minor\":%d,\"currency\":\"USD\"}}",
                   round->card.card, CARD_AMOUNT);
    json_decref(post(round, home, "/v1/topups", key, body, &http));
    if (http != 201) {
        torture_fail(torture, "the top-up was answered HTTP %d", http);
    }
    level(round);
    check_balance(round, CARD_AMOUNT);
    int64_t parts = dice_between(&torture->dice, 0, BRANCHES - 1);
    for (int64_t i = 0; i < parts; i++) {
        size_t to = FLEET_BRANCH + (home - FLEET_BRANCH + 1 + (size_t)i) % BRANCHES;
        int64_t amount = dice_between(&torture->dice, RIGHTS_LEAST, CARD_AMOUNT / 4);
        (void)snprintf(key, sizeof key, "move-%" PRIu64 "-%" PRId64, round->number, i);
        (void)snprintf(body, sizeof body,
                       "{\"card\":\"%s\",\"branch\":%" PRIu32 ",\"amount\":{\"minor\":%" PRId64
                       ",\"currency\":\"USD\"}}",
                       round->card.card, round->stage->fleet.nodes[to].branch, amount);
        json_decref(post(round, home, "/v1/moves", key, body, &http));
        if (http != 201) {
            torture_fail(torture, "a move of rights was answered HTTP %d", http);
        }
    }
    /* Also with what was moved still on its way. */
    if (dice_between(&torture->dice, 0, 1) == 0) {
        level(round);
    }
    torture_step(torture, "round %" PRIu64 ": card %s of %s, %" PRId64 " others hold a part",
                 round->number, round->card.card, stage_name(home), parts);
}

static void cut(struct round *round)
{
    enum net_fault how = dice_between(&round->torture->dice, 0, 1) == 0 ? NET_DROP : NET_RESET;
    net_cut_all(round->net, round->torture, how);
    torture_fault(round->torture, "each branch is alone (%s)", net_fault_name(how));
}

/* ---- the attempts ---- */

static void draw(struct round *round)
{
    int64_t most = dice_between(&round->torture->dice, 0, 2) == 0 ? CARD_AMOUNT : CARD_AMOUNT / 20;
    for (size_t i = 0; i < BRANCHES * ATTEMPTS; i++) {
        round->attempts[i] = (struct attempt){
            .branch = i % BRANCHES,
            .amount = dice_between(&round->torture->dice, 1, most),
        };
    }
}

static void send_attempt(struct round *round, size_t number)
{
    const struct attempt *attempt = &round->attempts[number];
    char key[KEY_SIZE];
    char body[200];
    (void)snprintf(key, sizeof key, "spend-%" PRIu64 "-%zu", round->number, number);
    (void)snprintf(body, sizeof body,
                   "{\"card\":\"%s\",\"amount\":{\"minor\":%" PRId64
                   ",\"currency\":\"USD\"},\"wait_ms\":%d}",
                   round->card.card, attempt->amount, number % 2 == 0 ? 100 : 400);
    const struct traffic_request request = {
        .method = "POST", .target = "/v1/spends", .key = key, .body = body};
    traffic_client_send(round->tills, traffic_client_idle(round->tills, attempt->branch), &request,
                        ANSWER_MS, number);
    round->flying += 1;
}

static void take_answers(struct round *round)
{
    struct traffic_answer answers[LANES];
    size_t count = traffic_client_wait(round->tills, ANSWER_MS, answers, LANES);
    for (size_t i = 0; i < count; i++) {
        struct attempt *attempt = &round->attempts[answers[i].tag];
        int http = answers[i].http;
        if (http == 201 || http == 409) {
            attempt->state = http == 201 ? ACCEPTED : REFUSED;
            (void)fprintf(round->log, "%" PRIu64 " %d %" PRId64 "\n", answers[i].tag, http,
                          attempt->amount);
            (void)fflush(round->log);
        } else if (http != 0 && http != 503) {
            torture_fail(round->torture, "an attempt was answered HTTP %d", http);
        }
    }
    round->flying -= count;
}

static void make_attempts(struct round *round, bool cut_midway)
{
    for (size_t i = 0; i < BRANCHES * ATTEMPTS; i++) {
        if (cut_midway && i == BRANCHES * ATTEMPTS / 10) {
            cut(round);
        }
        while (traffic_client_idle(round->tills, round->attempts[i].branch) == TRAFFIC_LANE_NONE) {
            take_answers(round);
        }
        if (round->attempts[i].state == UNKNOWN) {
            send_attempt(round, i);
        }
    }
    while (round->flying > 0) {
        take_answers(round);
    }
}

static int64_t sum(const struct round *round, int state, size_t *count)
{
    int64_t amount = 0;
    *count = 0;
    for (size_t i = 0; i < BRANCHES * ATTEMPTS; i++) {
        if (round->attempts[i].state == state) {
            amount += round->attempts[i].amount;
            *count += 1;
        }
    }
    return amount;
}

/* What is left can be spent at any branch once they see each other, to the last cent. */
static void spend_the_rest(struct round *round, int64_t rest)
{
    size_t node = FLEET_BRANCH + (size_t)dice_between(&round->torture->dice, 0, BRANCHES - 1);
    uint64_t until = clock_monotonic_ms() + LEVEL_MS;
    int http = 0;
    for (int64_t amount = rest + 1; amount >= rest && amount > 0; amount--) {
        do {
            char key[KEY_SIZE];
            char body[200];
            (void)snprintf(key, sizeof key, "rest-%" PRIu64 "-%" PRIu64, round->number,
                           clock_monotonic_ms());
            (void)snprintf(body, sizeof body,
                           "{\"card\":\"%s\",\"amount\":{\"minor\":%" PRId64
                           ",\"currency\":\"USD\"},\"wait_ms\":2000}",
                           round->card.card, amount);
            json_decref(post(round, node, "/v1/spends", key, body, &http));
            (void)poll(NULL, 0, http == 201 ? 0 : 20);
        } while (amount == rest && http != 201 && clock_monotonic_ms() < until);
        if (http != (amount == rest ? 201 : 409)) {
            torture_fail(round->torture,
                         "%" PRId64 " of a rest of %" PRId64 " was answered HTTP %d", amount, rest,
                         http);
        }
    }
    level(round);
    check_balance(round, 0);
}

static void play(struct round *round)
{
    size_t accepted = 0;
    size_t refused = 0;
    size_t unknown = 0;
    prepare(round);
    draw(round);
    bool midway = dice_between(&round->torture->dice, 0, 1) == 0;
    if (!midway) {
        cut(round);
    }
    make_attempts(round, midway);
    int64_t paid = sum(round, ACCEPTED, &accepted);
    if (paid > CARD_AMOUNT) {
        torture_fail(round->torture, "%" PRId64 " was paid of a card of %d", paid, CARD_AMOUNT);
    }
    net_heal(round->net, round->torture);
    (void)sum(round, UNKNOWN, &unknown);
    make_attempts(round, false); /* those that are unknown, once more */
    paid = sum(round, ACCEPTED, &accepted);
    (void)sum(round, REFUSED, &refused);
    if (accepted + refused != BRANCHES * ATTEMPTS || paid > CARD_AMOUNT) {
        torture_fail(round->torture, "%" PRId64 " was paid by %zu, %zu were refused", paid,
                     accepted, refused);
    }
    level(round);
    check_balance(round, CARD_AMOUNT - paid);
    spend_the_rest(round, CARD_AMOUNT - paid);
    round->torture->result->acknowledged += accepted;
    round->torture->result->refused += refused;
    round->torture->result->unknown += unknown;
    torture_step(round->torture,
                 "%zu attempts accepted, %" PRId64 ".%02d in total; %zu refused, %zu unknown at "
                 "first; the rest was then spent, and not a cent more",
                 accepted, paid / 100, (int)(paid % 100), refused, unknown);
}

static void open_tills(struct round *round)
{
    struct traffic_node tills[BRANCHES];
    struct explanation explanation = {""};
    char path[TORTURE_PATH_SIZE + 16];
    for (size_t i = 0; i < BRANCHES; i++) {
        const struct fleet_node *node = &round->stage->fleet.nodes[FLEET_BRANCH + i];
        tills[i] = (struct traffic_node){node->url, node->till_token};
    }
    round->tills = traffic_client_new(tills, BRANCHES, LANES, &explanation);
    torture_must(round->torture, round->tills == NULL ? STATUS_IO : STATUS_OK, &explanation);
    (void)snprintf(path, sizeof path, "%s/acks.log", round->torture->dir);
    round->log = fopen(path, "w");
    if (round->log == NULL) {
        torture_fail(round->torture, "%.150s cannot be written", path);
    }
}

void scenario_one_card(struct torture *torture)
{
    static struct stage stage;
    static struct net net;
    static struct round round;
    net_open(&net, torture, 1 + BRANCHES);
    const struct fleet_plan plan = {
        .branches = BRANCHES, .hosts = net.host_list, .spaces = net.space_list, .plain = true};
    stage_open_fleet(&stage, torture, &plan);
    round = (struct round){.torture = torture, .stage = &stage, .net = &net};
    open_tills(&round);
    do {
        round.number += 1;
        play(&round);
    } while (!torture_time_is_up(torture));
    traffic_client_free(round.tills);
    (void)fclose(round.log);
    stage_close(&stage);
    torture_note(torture, "%" PRIu64 " cards of 100.00, none paid more", round.number);
}
