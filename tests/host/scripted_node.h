/* The loop with everything real around it (store, keys, threads, sockets, signals) but the node: a
 * scripted one stands in, so that each test decides what is decided. It commits one row for each
 * command and answers it when that is durable. For one test program. */
#ifndef SCRIPTED_NODE_H
#define SCRIPTED_NODE_H

#include "loop.h"

#include "block_codec.h"
#include "clock.h"
#include "engine.h"
#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum {
    HELD_MAX = 600,
    ANSWERS_MAX = 8192,
    CONTACTS = 2,
    KNOWN_TICKET = 0x77,  /* first byte of a ticket that was used before */
    PATIENCE_TICKS = 400, /* a test that is not done by then has failed */
};

struct node {
    uint64_t held[HELD_MAX]; /* commands whose row is not durable yet */
    enum command_kind kinds[HELD_MAX];
    uint32_t held_count;
    uint32_t committing; /* of them in the batch in flight */
    bool in_flight;
    bool never_idle;
    bool draining;
    struct node_head head;
    struct node_view view;
    struct journal_view journal;
    struct node_contact contacts[CONTACTS];
    uint32_t contact_count;
    struct transport_key admitted; /* one that no contact has */
    uint32_t ticks;
    uint32_t turns;
    uint32_t requests_since_turn;
    uint32_t most_requests_a_turn;
    uint32_t verified[2]; /* bad, good */
    uint64_t last_token;
    uint32_t ups;
    uint32_t downs;
    uint32_t frames;
    bool dialed;
    uint32_t link;
    struct transport_key peer;
    void (*at_tick)(void); /* the test's own steps */
};

struct given {
    uint64_t number;
    struct answer answer;
    uint64_t commits; /* that were durable when the answer came */
};

static struct node node;
static struct world world;
static struct loop_parts parts;
static struct given answers[ANSWERS_MAX];
static uint32_t answer_count;
static struct api_health health;
static char metrics_text[METRICS_SIZE_MAX + 1];
static int32_t zone;
static char folder[SCRATCH_PATH_SIZE];
static struct config config;
static struct identity identity;
static struct curve_keys own_keys;
static bool refill; /* whatever is answered is asked again */
static struct request flood[REQUESTS_QUEUED_MAX];

/* ---- the listener and the API as the loop sees them ---- */

void http_deliver(struct http *http, uint64_t number, const struct answer *answer)
{
    (void)http;
    if (answer_count < ANSWERS_MAX) {
        answers[answer_count] = (struct given){
            .number = number,
            .answer = *answer,
            .commits = committer_counters(world.committer).commits,
        };
        answer_count += 1;
    }
    if (refill && number < REQUESTS_QUEUED_MAX) {
        (void)inbox_put(parts.inbox, &flood[number]);
    }
}

struct http_counters http_counters(struct http *http)
{
    (void)http;
    return (struct http_counters){.requests = 5, .by_class = {0, 0, 4, 0, 1, 0}};
}

void api_set_health(struct api *api, const struct api_health *published)
{
    (void)api;
    health = *published;
}

void api_set_metrics(struct api *api, const char *text, size_t size)
{
    (void)api;
    memcpy(metrics_text, text, size);
    metrics_text[size] = '\0';
}

void api_set_zone(struct api *api, int32_t zone_minutes)
{
    (void)api;
    zone = zone_minutes;
}

/* ---- the scripted node ---- */

static void answer_query(struct node *self, const struct request *request)
{
    struct answer answer = {.kind = request->kind, .page = request->page};
    if (request->kind == QUERY_NODE) {
        request->page->rows.node = self->view;
        request->page->count = 1;
    } else if (request->kind == QUERY_BRANCHES) {
        request->page->rows.journals[0] = self->journal;
        request->page->count = 1;
    } else if (request->kind == QUERY_TICKET) {
        answer.verdict =
            request->ticket.bytes[0] == KNOWN_TICKET ? VERDICT_ALLOWED : REFUSED_UNKNOWN_KEY;
    }
    world_answer(&world, request->number, &answer);
}

static void take_request(struct node *self, const struct request *request)
{
    if (command_is_query(request->kind)) {
        answer_query(self, request);
        return;
    }
    assert_in_range(self->held_count, 0, HELD_MAX - 1);
    self->requests_since_turn += 1;
    self->held[self->held_count] = request->number;
    self->kinds[self->held_count] = request->kind;
    self->held_count += 1;
}

static bool take_commit(struct node *self, enum status committed)
{
    assert_true(self->in_flight);
    self->in_flight = false;
    if (committed != STATUS_OK) {
        assert_int_equal(committed, STATUS_UNKNOWN);
        return false;
    }
    self->head.seq += 1;
    self->head.id.bytes[0] = (uint8_t)self->head.seq;
    for (uint32_t i = 0; i < self->committing; i++) {
        struct answer answer = {.kind = self->kinds[i], .verdict = VERDICT_ALLOWED};
        world_answer(&world, self->held[i], &answer);
    }
    self->held_count -= self->committing;
    memmove(self->held, self->held + self->committing, self->held_count * sizeof self->held[0]);
    memmove(self->kinds, self->kinds + self->committing, self->held_count * sizeof self->kinds[0]);
    return true;
}

bool node_step(struct node *self, const struct input *input)
{
    switch (input->kind) {
    case INPUT_TICK:
        self->ticks += 1;
        if (self->at_tick != NULL) {
            self->at_tick();
        }
        if (self->ticks > PATIENCE_TICKS) {
            fail_msg("the test is not done after %d ticks", PATIENCE_TICKS);
        }
        return true;
    case INPUT_COMMITTED:
        return take_commit(self, input->committed);
    case INPUT_VERIFIED:
        self->verified[input->verified] += 1;
        self->last_token = input->token;
        return true;
    case INPUT_LINK_UP:
        self->ups += 1;
        self->link = input->link;
        self->dialed = input->dialed;
        memcpy(self->peer.bytes, input->peer_key, sizeof self->peer.bytes);
        return true;
    case INPUT_LINK_DOWN:
        self->downs += 1;
        return true;
    case INPUT_FRAME:
        self->frames += 1;
        return true;
    case INPUT_REQUEST:
        take_request(self, input->request);
        return true;
    }
    return false;
}

bool node_turn(struct node *self)
{
    self->turns += 1;
    if (self->requests_since_turn > self->most_requests_a_turn) {
        self->most_requests_a_turn = self->requests_since_turn;
    }
    self->requests_since_turn = 0;
    if (!self->in_flight && self->held_count > 0) {
        struct write row = {.key = bytes_of("row", 3), .value = bytes_of("value", 5)};
        self->in_flight = true;
        self->committing = self->held_count;
        world_commit(&world, &row, 1);
    }
    return true;
}

bool node_is_read_only(const struct node *self)
{
    (void)self;
    return false;
}

void node_hold(struct node *self, bool held)
{
    (void)self;
    (void)held;
}

bool node_has_room(const struct node *self)
{
    (void)self;
    return true;
}

bool node_is_idle(const struct node *self)
{
    return !self->never_idle && !self->in_flight && self->held_count == 0;
}

void node_drain(struct node *self)
{
    self->draining = true;
}

struct node_head node_head(const struct node *self)
{
    return self->head;
}

uint32_t node_contacts(const struct node *self, struct node_contact *contacts, uint32_t max)
{
    uint32_t count = self->contact_count < max ? self->contact_count : max;
    memcpy(contacts, self->contacts, count * sizeof *contacts);
    return count;
}

bool node_admits(const struct node *self, const uint8_t transport_key[static 32])
{
    for (uint32_t i = 0; i < self->contact_count; i++) {
        if (memcmp(self->contacts[i].transport_key, transport_key, 32) == 0) {
            return true;
        }
    }
    return memcmp(self->admitted.bytes, transport_key, 32) == 0;
}

/* ---- the rest of the machine ---- */

static void stop_now(void)
{
    assert_int_equal(kill(getpid(), SIGTERM), 0);
}

static void open_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    /* Every thread of the machine is started after this. */
    assert_int_equal(pthread_sigmask(SIG_BLOCK, &set, NULL), 0);
    parts.signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    assert_true(parts.signals >= 0);
}

static void open_bus(void)
{
    struct explanation why = {""};
    struct bus_options options = {.listen = "tcp://127.0.0.1:0", .admission = parts.admission};
    crypto_box_keypair(own_keys.public_key, own_keys.secret_key);
    options.keys = own_keys;
    if (bus_open(&options, &world.bus, &why) != STATUS_OK) {
        fail_msg("%s", why.text);
    }
}

static int set_up(void **state)
{
    (void)state;
    struct explanation why = {""};
    scratch_make(folder);
    memset(&node, 0, sizeof node);
    memset(&world, 0, sizeof world);
    memset(&parts, 0, sizeof parts);
    memset(&health, 0, sizeof health);
    open_signals();
    answer_count = 0;
    refill = false;
    metrics_text[0] = '\0';
    config_defaults(&config);
    memset(&identity, 0, sizeof identity);
    identity.branch = 5;
    identity.incarnation = 1;
    assert_int_equal(key_store_create(folder, false, &why), STATUS_OK);
    assert_int_equal(key_store_open(folder, &world.keys, &why), STATUS_OK);
    assert_int_equal(store_create(scratch_in(folder, "db"), &why), STATUS_OK);
    assert_int_equal(store_open(scratch_in(folder, "db"), NULL, &world.store, &why), STATUS_OK);
    world.committer = committer_start(world.store);
    world.verifier = verifier_start(1);
    static char listener;
    world.http = (struct http *)(void *)&listener;
    parts.admission = admission_new();
    open_bus();
    parts.world = &world;
    parts.node = &node;
    parts.journal = journal_of(5, 1);
    parts.network.bytes[0] = 9;
    parts.dialer = dialer_new(&config, &identity);
    parts.heads = head_keeper_start(scratch_in(folder, "head"));
    parts.inbox = inbox_new(REQUESTS_QUEUED_MAX);
    parts.api = (struct api *)(void *)&listener;
    static char unconfirmed[SCRATCH_PATH_SIZE + 64];
    (void)snprintf(unconfirmed, sizeof unconfirmed, "%s/unconfirmed", folder);
    parts.unconfirmed_path = unconfirmed;
    node.view = (struct node_view){.auth_seq = 1, .zone_minutes = 480};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    bus_close(world.bus);
    committer_stop(world.committer);
    verifier_stop(world.verifier);
    store_close(world.store);
    (void)head_keeper_stop(parts.heads);
    dialer_free(parts.dialer);
    admission_free(parts.admission);
    inbox_free(parts.inbox);
    key_store_close(world.keys);
    (void)close(parts.signals);
    scratch_remove(folder);
    return 0;
}

static enum loop_end run(void)
{
    struct loop *loop = loop_new(&parts);
    assert_non_null(loop);
    enum loop_end end = loop_run(loop);
    loop_free(loop);
    return end;
}

static void ask(struct request *request, uint64_t number, enum command_kind kind)
{
    *request = (struct request){.number = number, .kind = kind};
    assert_true(inbox_put(parts.inbox, request));
}

#endif
