#include "load.h"

#include "clock.h"
#include "replay_answer.h"

#include <assert.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>

enum {
    TIMEOUT_MS = 10 * 1000,
    ANSWERS_MAX = LOAD_LANES,
    BODY_SIZE = 200,
    ACCOUNTS_MS = 30 * 1000,
    PAUSE_MS = 5, /* before what was unknown is asked again */
};

static const uint64_t REPEAT = UINT64_C(1) << 63; /* in a tag */

void load_wrong(struct load *load, const char *format, ...)
{
    load->counts.wrong += 1;
    if (load->wrong[0] == '\0') {
        va_list values;
        va_start(values, format);
        (void)vsnprintf(load->wrong, sizeof load->wrong, format, values);
        va_end(values);
    }
}

void load_key(size_t deed, char key[static LOAD_KEY_SIZE])
{
    (void)snprintf(key, LOAD_KEY_SIZE, "load-%zu", deed);
}

static bool open_accounts(struct load *load)
{
    struct fleet_view view;
    for (size_t i = 0; i < LOAD_ACCOUNTS; i++) {
        char key[LOAD_KEY_SIZE];
        size_t node = load->sites[i % load->site_count].node;
        (void)snprintf(key, sizeof key, "account-%zu", i);
        if (!fleet_open_account(load->fleet, node, key, &load->accounts[i])) {
            return false;
        }
    }
    return load->site_count == 1 || fleet_converge(load->fleet, ACCOUNTS_MS, &view);
}

bool load_start(struct load *load, struct fleet *fleet, uint64_t seed)
{
    struct traffic_node tills[FLEET_NODES_MAX];
    struct explanation explanation = {""};
    char path[FLEET_TEXT_SIZE_MAX + 16];
    *load = (struct load){.fleet = fleet, .lanes = LOAD_LANES};
    load->dice.state = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
    for (size_t i = FLEET_BRANCH; i < fleet->count; i++) {
        tills[load->site_count] =
            (struct traffic_node){fleet->nodes[i].url, fleet->nodes[i].till_token};
        load->sites[load->site_count++].node = i;
    }
    load->client = traffic_client_new(tills, load->site_count, LOAD_LANES, &explanation);
    (void)snprintf(path, sizeof path, "%s/acks.log", fleet->dir);
    load->log = fopen(path, "w");
    return load->client != NULL && load->log != NULL && open_accounts(load);
}

void load_stop(struct load *load)
{
    traffic_client_free(load->client);
    if (load->log != NULL) {
        (void)fclose(load->log);
    }
    free(load->deeds);
    *load = (struct load){0};
}

/* ---- requests ---- */

static void print_ref(struct event_ref ref, char text[static LOAD_KEY_SIZE])
{
    (void)snprintf(text, LOAD_KEY_SIZE, "%" PRIu32 ".%u-%" PRIu64 "-%u",
                   journal_branch(ref.journal), (unsigned)journal_incarnation(ref.journal), ref.seq,
                   (unsigned)ref.index);
}

static void send_deed(struct load *load, int lane, size_t number, bool repeat)
{
    static const char *const targets[] = {"/v1/topups", "/v1/spends", "/v1/refunds"};
    const struct load_deed *deed = &load->deeds[number];
    char key[LOAD_KEY_SIZE];
    char sale[LOAD_KEY_SIZE] = "";
    char body[BODY_SIZE];
    load_key(number, key);
    if (deed->kind == LOAD_REFUND) {
        print_ref(load->deeds[deed->sale].event, sale);
    }
    (void)snprintf(body, sizeof body,
                   "{\"%s\":\"%s\",\"amount\":{\"minor\":%" PRId64 ",\"currency\":\"USD\"}}",
                   deed->kind == LOAD_REFUND ? "sale" : "card",
                   deed->kind == LOAD_REFUND ? sale : load->accounts[deed->account].card,
                   deed->amount);
    const struct traffic_request request = {
        .method = "POST", .target = targets[deed->kind], .key = key, .body = body};
    traffic_client_send(load->client, lane, &request, TIMEOUT_MS,
                        repeat ? number | REPEAT : number);
    load->sites[deed->site].flying += 1;
}

static size_t deed_add(struct load *load)
{
    if (load->deed_count == load->deed_capacity) {
        load->deed_capacity = load->deed_capacity == 0 ? 4096 : load->deed_capacity * 2;
        load->deeds = realloc(load->deeds, load->deed_capacity * sizeof load->deeds[0]);
        if (load->deeds == NULL) {
            abort();
        }
    }
    load->deeds[load->deed_count] = (struct load_deed){.state = LOAD_FLYING};
    return load->deed_count++;
}

/* One of the last few hundred, or of all. */
static size_t some_deed(struct load *load)
{
    int64_t last = (int64_t)load->deed_count - 1;
    int64_t first = dice_between(&load->dice, 0, 3) == 0 || last < 300 ? 0 : last - 300;
    return (size_t)dice_between(&load->dice, first, last);
}

static void choose(struct load *load, struct load_deed *deed, size_t earlier)
{
    int64_t roll = dice_between(&load->dice, 0, 99);
    const struct load_deed *sale = &load->deeds[earlier];
    deed->account = (size_t)dice_between(&load->dice, 0, LOAD_ACCOUNTS - 1);
    if (roll < 25 && sale->kind == LOAD_SPEND && sale->state == LOAD_DONE &&
        sale->site == deed->site) {
        deed->kind = LOAD_REFUND;
        deed->sale = earlier;
        deed->account = sale->account;
        deed->amount = dice_between(&load->dice, 1, sale->amount);
    } else if (roll < 70) {
        deed->kind = LOAD_SPEND;
        deed->amount = dice_between(&load->dice, 1, 2500);
    } else {
        deed->kind = LOAD_TOP_UP;
        deed->amount = dice_between(&load->dice, 100, 12000);
    }
}

static void send_next(struct load *load, size_t site)
{
    int lane = traffic_client_idle(load->client, site);
    size_t earlier = load->deed_count == 0 ? 0 : some_deed(load);
    bool known = load->deed_count > 0 && (load->deeds[earlier].state == LOAD_DONE ||
                                          load->deeds[earlier].state == LOAD_REFUSED);
    if (known && load->deeds[earlier].site == site && dice_between(&load->dice, 0, 9) == 0) {
        send_deed(load, lane, earlier, true);
        return;
    }
    size_t number = deed_add(load);
    load->deeds[number].site = site;
    choose(load, &load->deeds[number], earlier);
    send_deed(load, lane, number, false);
}

/* ---- answers ---- */

static void log_deed(struct load *load, size_t number)
{
    const struct load_deed *deed = &load->deeds[number];
    char event[LOAD_KEY_SIZE];
    print_ref(deed->event, event);
    (void)fprintf(load->log, "%zu %s %" PRId64 " %" PRId64 " %s\n", number, event, deed->principal,
                  deed->bonus, deed->code);
    (void)fflush(load->log);
}

/* What an answer says; the state is FLYING if it says nothing about the deed. */
static struct load_deed read_answer(const struct traffic_answer *answer)
{
    struct load_deed told = {.state = LOAD_FLYING};
    json_t *json = replay_answer_parse(answer->body);
    if (answer->http == 201 || answer->http == 200) {
        bool whole = replay_answer_ref(replay_answer_text(json, "event"), &told.event) &&
                     replay_answer_amount(json, "principal", &told.principal) &&
                     replay_answer_amount(json, "bonus", &told.bonus);
        told.state = whole ? LOAD_DONE : LOAD_FLYING;
    } else if (answer->http == 0 || answer->http == 503 || answer->http == 507) {
        told.state = LOAD_UNKNOWN;
    } else if (answer->http == 409) {
        told.state = LOAD_REFUSED;
        (void)snprintf(told.code, sizeof told.code, "%.31s", replay_answer_text(json, "code"));
    }
    json_decref(json);
    return told;
}

static bool same_outcome(const struct load_deed *a, const struct load_deed *b)
{
    return a->state == b->state && event_ref_equal(a->event, b->event) &&
           a->principal == b->principal && a->bonus == b->bonus && strcmp(a->code, b->code) == 0;
}

static void learn(struct load *load, size_t number, const struct load_deed *told)
{
    struct load_deed *deed = &load->deeds[number];
    deed->state = told->state;
    if (told->state == LOAD_UNKNOWN) {
        load->sites[deed->site].unknown += 1;
        load->counts.unknown += 1;
        return;
    }
    deed->event = told->event;
    deed->principal = told->principal;
    deed->bonus = told->bonus;
    memcpy(deed->code, told->code, sizeof deed->code);
    load->counts.done += told->state == LOAD_DONE;
    load->counts.refused += told->state == LOAD_REFUSED;
    if (told->state == LOAD_DONE && told->principal + told->bonus != deed->amount &&
        deed->kind != LOAD_TOP_UP) {
        load_wrong(load, "deed %zu of %" PRId64 " was acknowledged with %" PRId64 " and %" PRId64,
                   number, deed->amount, told->principal, told->bonus);
    }
    log_deed(load, number);
}

static void take_answer(struct load *load, const struct traffic_answer *answer)
{
    size_t number = (size_t)(answer->tag & ~REPEAT);
    bool repeat = (answer->tag & REPEAT) != 0;
    struct load_deed told = read_answer(answer);
    load->sites[load->deeds[number].site].flying -= 1;
    if (told.state == LOAD_FLYING) {
        load_wrong(load, "deed %zu was answered with HTTP %d: %.*s", number, answer->http,
                   (int)answer->body.size, (const char *)answer->body.data);
        told.state = LOAD_UNKNOWN;
    }
    if (!repeat) {
        learn(load, number, &told);
    } else if (told.state != LOAD_UNKNOWN) {
        load->counts.repeats += 1;
        if (!same_outcome(&told, &load->deeds[number])) {
            load_wrong(load, "deed %zu was answered differently the second time", number);
        }
    }
}

static void take_answers(struct load *load, int wait_ms)
{
    struct traffic_answer answers[ANSWERS_MAX];
    size_t count = traffic_client_wait(load->client, wait_ms, answers, ANSWERS_MAX);
    for (size_t i = 0; i < count; i++) {
        take_answer(load, &answers[i]);
    }
}

static bool has_room(const struct load *load, const struct load_site *site)
{
    return !site->held && site->flying < load->lanes;
}

/* Sends again what is unknown; a few hundred of the last ones can be. */
static void send_unknown(struct load *load)
{
    size_t left = 0;
    for (size_t i = 0; i < load->site_count; i++) {
        left += has_room(load, &load->sites[i]) ? load->sites[i].unknown : 0;
    }
    for (size_t i = load->deed_count; i > 0 && left > 0; i--) {
        struct load_deed *deed = &load->deeds[i - 1];
        struct load_site *site = &load->sites[deed->site];
        if (deed->state != LOAD_UNKNOWN || !has_room(load, site)) {
            continue;
        }
        deed->state = LOAD_FLYING;
        site->unknown -= 1;
        left -= 1;
        load->counts.resolved += 1;
        send_deed(load, traffic_client_idle(load->client, deed->site), i - 1, false);
    }
}

size_t load_flying(const struct load *load)
{
    size_t flying = 0;
    for (size_t i = 0; i < load->site_count; i++) {
        flying += load->sites[i].flying;
    }
    return flying;
}

size_t load_unknown(const struct load *load)
{
    size_t unknown = 0;
    for (size_t i = 0; i < load->site_count; i++) {
        unknown += load->sites[i].unknown;
    }
    return unknown;
}

void load_hold(struct load *load, size_t node, bool held)
{
    for (size_t i = 0; i < load->site_count; i++) {
        if (load->sites[i].node == node) {
            load->sites[i].held = held;
        }
    }
}

void load_turn(struct load *load, bool fresh, int wait_ms)
{
    if (load_unknown(load) > 0) {
        (void)poll(NULL, 0, PAUSE_MS);
        send_unknown(load);
    }
    for (size_t i = 0; i < load->site_count && fresh; i++) {
        while (has_room(load, &load->sites[i])) {
            send_next(load, i);
        }
    }
    take_answers(load, wait_ms);
}

void load_settle(struct load *load)
{
    while (load_flying(load) > 0) {
        take_answers(load, TIMEOUT_MS);
    }
}

bool load_resolve(struct load *load, uint64_t patience_ms)
{
    uint64_t started = clock_monotonic_ms();
    for (size_t i = 0; i < load->site_count; i++) {
        load->sites[i].held = false;
    }
    load_settle(load);
    while (load_unknown(load) > 0 && load->counts.wrong == 0 &&
           clock_monotonic_ms() - started < patience_ms) {
        load_turn(load, false, 0);
        load_settle(load);
    }
    if (load_unknown(load) > 0) {
        load_wrong(load, "%zu deeds stay unknown", load_unknown(load));
    }
    return load->counts.wrong == 0;
}
