/* What the nodes say, held against what the till was told. */
#include "load.h"

#include "proof_feed.h"
#include "replay_answer.h"
#include "tally/event.h"

#include <inttypes.h>
#include <stdlib.h>

enum { ASK_MS = 10 * 1000, ANSWERS_MAX = LOAD_LANES };

/* ---- tickets ---- */

static void check_ticket(struct load *load, const struct traffic_answer *answer)
{
    size_t number = (size_t)answer->tag;
    const struct load_deed *deed = &load->deeds[number];
    json_t *json = replay_answer_parse(answer->body);
    const char *code = replay_answer_text(json, "code");
    if (deed->state == LOAD_REFUSED) {
        if (strcmp(code, deed->code) != 0) {
            load_wrong(load, "deed %zu was refused as %s, and its ticket says \"%s\" (HTTP %d)",
                       number, deed->code, code, answer->http);
        }
    } else {
        struct event_ref event = {0};
        int64_t principal = 0;
        int64_t bonus = 0;
        if (!replay_answer_ref(replay_answer_text(json, "event"), &event) ||
            !replay_answer_amount(json, "principal", &principal) ||
            !replay_answer_amount(json, "bonus", &bonus) || !event_ref_equal(event, deed->event) ||
            principal != deed->principal || bonus != deed->bonus) {
            load_wrong(load, "deed %zu was acknowledged, and its ticket says HTTP %d: %.*s", number,
                       answer->http, (int)answer->body.size, (const char *)answer->body.data);
        }
    }
    json_decref(json);
}

static void ask_ticket(struct load *load, size_t number)
{
    char key[LOAD_KEY_SIZE];
    char target[LOAD_KEY_SIZE + 16];
    load_key(number, key);
    (void)snprintf(target, sizeof target, "/v1/tickets/%s", key);
    const struct traffic_request request = {.method = "GET", .target = target};
    size_t site = load->deeds[number].site;
    traffic_client_send(load->client, traffic_client_idle(load->client, site), &request, ASK_MS,
                        number);
}

static void check_tickets(struct load *load)
{
    struct traffic_answer answers[ANSWERS_MAX];
    size_t flying = 0;
    for (size_t next = 0; next < load->deed_count || flying > 0;) {
        while (next < load->deed_count && flying < LOAD_LANES) {
            ask_ticket(load, next++);
            flying++;
        }
        size_t count = traffic_client_wait(load->client, ASK_MS, answers, ANSWERS_MAX);
        for (size_t i = 0; i < count; i++) {
            check_ticket(load, &answers[i]);
        }
        flying -= count;
    }
}

/* ---- the feed ---- */

static bool is_money(const struct feed_fact *fact)
{
    return fact->type == EVENT_TOPUP || fact->type == EVENT_SPEND || fact->type == EVENT_REFUND;
}

static int compare_refs(struct event_ref a, struct event_ref b)
{
    if (a.journal != b.journal) {
        return a.journal < b.journal ? -1 : 1;
    }
    if (a.seq != b.seq) {
        return a.seq < b.seq ? -1 : 1;
    }
    return (int)a.index - (int)b.index;
}

static int by_event(const void *left, const void *right)
{
    const struct feed_fact *a = left;
    const struct feed_fact *b = right;
    return compare_refs(a->event, b->event);
}

static void check_fact(struct load *load, const struct feed *feed, size_t number)
{
    static const uint16_t types[] = {EVENT_TOPUP, EVENT_SPEND, EVENT_REFUND};
    const struct load_deed *deed = &load->deeds[number];
    const struct feed_fact wanted = {.event = deed->event};
    const struct feed_fact *fact =
        bsearch(&wanted, feed->facts, feed->count, sizeof feed->facts[0], by_event);
    if (fact == NULL) {
        load_wrong(load, "deed %zu was acknowledged and is not in the feed", number);
    } else if (fact->type != types[deed->kind] || !fact->valid ||
               fact->principal != deed->principal || fact->bonus != deed->bonus) {
        load_wrong(load, "deed %zu is in the feed as another one", number);
    }
}

/* Every acknowledged deed is there once, and nothing else that moves money. */
static void check_feed(struct load *load, size_t node)
{
    struct feed feed = {0};
    struct explanation explanation = {""};
    if (feed_read(load->fleet->client, node, &feed, &explanation) != STATUS_OK) {
        load_wrong(load, "%.300s", explanation.text);
        feed_free(&feed);
        return;
    }
    uint64_t money = 0;
    qsort(feed.facts, feed.count, sizeof feed.facts[0], by_event);
    for (size_t i = 0; i < feed.count; i++) {
        money += is_money(&feed.facts[i]);
        if (i > 0 && by_event(&feed.facts[i - 1], &feed.facts[i]) == 0) {
            load_wrong(load, "the feed has an event twice (seq %" PRIu64 ")",
                       feed.facts[i].event.seq);
        }
    }
    for (size_t i = 0; i < load->deed_count; i++) {
        if (load->deeds[i].state == LOAD_DONE) {
            check_fact(load, &feed, i);
        }
    }
    uint64_t wanted = load->counts.done + load->others;
    if (money != wanted) {
        load_wrong(load, "%" PRIu64 " deeds were acknowledged, the feed of node %zu has %" PRIu64,
                   wanted, node, money);
    }
    feed_free(&feed);
}

/* ---- balances ---- */

static void check_balances(struct load *load, size_t node)
{
    int64_t sums[LOAD_ACCOUNTS] = {0};
    for (size_t i = 0; i < load->deed_count; i++) {
        const struct load_deed *deed = &load->deeds[i];
        int64_t amount = deed->principal + deed->bonus;
        sums[deed->account] += deed->kind == LOAD_SPEND ? -amount : amount;
    }
    for (size_t i = 0; i < LOAD_ACCOUNTS; i++) {
        char target[64];
        int64_t balance = -1;
        (void)snprintf(target, sizeof target, "/v1/accounts/%s", load->accounts[i].account);
        json_t *json = fleet_get(load->fleet, node, target, NULL);
        if (!replay_answer_amount(json, "balance", &balance) || balance != sums[i]) {
            load_wrong(load,
                       "account %zu should hold %" PRId64 " and holds %" PRId64 " at node %zu", i,
                       sums[i], balance, node);
        }
        json_decref(json);
    }
}

static void check_node(struct load *load, size_t node)
{
    struct fleet_view view;
    check_balances(load, node);
    check_feed(load, node);
    if (!fleet_look(load->fleet, node, &view)) {
        load_wrong(load, "node %zu does not say how it is", node);
    } else if (view.invalid_events != 0 || view.read_only) {
        load_wrong(load, "%" PRIu64 " invalid events at node %zu%s", view.invalid_events, node,
                   view.read_only ? ", which is read-only" : "");
    }
}

bool load_check(struct load *load)
{
    struct fleet_view view;
    if (load_flying(load) > 0 || load_unknown(load) > 0) {
        load_wrong(load, "%zu are flying, %zu unknown", load_flying(load), load_unknown(load));
        return false;
    }
    check_tickets(load);
    if (!fleet_converge(load->fleet, 60 * 1000, &view)) {
        load_wrong(load, "the nodes did not come to the same state");
    }
    for (size_t i = 0; i < load->fleet->count; i++) {
        if (load->fleet->nodes[i].daemon.pid != 0) {
            check_node(load, i);
        }
    }
    return load->counts.wrong == 0;
}
