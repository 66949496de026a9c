#include "crowd.h"

#include "replay_answer.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    CALL_MS_MAX = 20 * 1000,
    ANSWERS_MAX = CROWD_LANES * CROWD_CALLERS_MAX,
};

struct party {
    struct chain *chain;
    const struct crowd *crowd;
    struct traffic_client *client;
    size_t callers[CROWD_CALLERS_MAX];
    size_t caller_count;
    size_t next[CROWD_CALLERS_MAX]; /* the first deed that may be unsent, for each caller */
    size_t sent;
    size_t under_way;
    size_t answered;
    bool killed;
};

static void gather_callers(struct party *party)
{
    for (size_t i = 0; i < party->crowd->count; i++) {
        size_t known = 0;
        while (known < party->caller_count &&
               party->callers[known] != party->crowd->deeds[i].caller) {
            known++;
        }
        if (known == party->caller_count) {
            assert_true(party->caller_count < CROWD_CALLERS_MAX);
            party->callers[party->caller_count++] = party->crowd->deeds[i].caller;
        }
    }
}

static void open_lanes(struct party *party)
{
    struct traffic_node targets[CROWD_CALLERS_MAX];
    struct explanation explanation = {""};
    for (size_t i = 0; i < party->caller_count; i++) {
        const struct chain_node *node = &party->chain->nodes[party->callers[i] % TILL];
        targets[i] = (struct traffic_node){node->url, node->tokens[party->callers[i] / TILL]};
    }
    party->client = traffic_client_new(targets, party->caller_count, CROWD_LANES, &explanation);
    if (party->client == NULL) {
        fail_msg("%s", explanation.text);
    }
}

static void send_deed(struct party *party, size_t slot, int lane, size_t i)
{
    const struct deed *deed = &party->crowd->deeds[i];
    struct traffic_request request = {"POST", party->crowd->path, deed->key, deed->body};
    assert_int_equal(deed->caller, party->callers[slot]);
    traffic_client_send(party->client, lane, &request, CALL_MS_MAX, i);
    party->under_way++;
}

/* Fills the idle lanes of one caller. */
static void send_some(struct party *party, size_t slot)
{
    const struct crowd *crowd = party->crowd;
    while (!party->killed) {
        while (party->next[slot] < crowd->count &&
               crowd->deeds[party->next[slot]].caller != party->callers[slot]) {
            party->next[slot]++;
        }
        int lane = traffic_client_idle(party->client, slot);
        if (lane == TRAFFIC_LANE_NONE || party->next[slot] == crowd->count) {
            return;
        }
        send_deed(party, slot, lane, party->next[slot]++);
        party->sent++;
    }
}

static void take_answer(struct party *party, const struct traffic_answer *answer)
{
    struct deed *deed = &party->crowd->deeds[answer->tag];
    party->under_way--;
    if (answer->http == 503 && !party->killed) {
        send_deed(party, answer->node, traffic_client_idle(party->client, answer->node),
                  answer->tag);
        return;
    }
    deed->http = answer->http;
    deed->json = answer->http == 0 ? NULL : replay_answer_parse(answer->body);
    party->answered += answer->http != 0;
}

void crowd_run(struct chain *chain, const struct crowd *crowd)
{
    struct party party = {.chain = chain, .crowd = crowd};
    struct traffic_answer answers[ANSWERS_MAX];
    gather_callers(&party);
    open_lanes(&party);
    do {
        for (size_t slot = 0; slot < party.caller_count; slot++) {
            send_some(&party, slot);
        }
        size_t got = traffic_client_wait(party.client, 1000, answers, ANSWERS_MAX);
        for (size_t i = 0; i < got; i++) {
            take_answer(&party, &answers[i]);
        }
        if (crowd->kill_after != 0 && !party.killed && party.answered >= crowd->kill_after) {
            party.killed = true;
            chain_kill(chain, crowd->kill_node);
        }
    } while (party.under_way > 0 || (!party.killed && party.sent < crowd->count));
    traffic_client_free(party.client);
}

void deed_pay(struct deed *deed, size_t caller, const char *key, const char *card, int64_t amount)
{
    *deed = (struct deed){.caller = caller};
    (void)snprintf(deed->key, sizeof deed->key, "%s", key);
    (void)snprintf(deed->body, sizeof deed->body,
                   "{\"card\":\"%s\",\"amount\":{\"minor\":%" PRId64 ",\"currency\":\"USD\"}}",
                   card, amount);
}

size_t crowd_count(const struct crowd *crowd, int http)
{
    size_t count = 0;
    for (size_t i = 0; i < crowd->count; i++) {
        count += crowd->deeds[i].http == http;
    }
    return count;
}

void crowd_free(const struct crowd *crowd)
{
    for (size_t i = 0; i < crowd->count; i++) {
        json_decref(crowd->deeds[i].json);
        crowd->deeds[i].json = NULL;
    }
}
