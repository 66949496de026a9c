#include "loop.h"

#include "block_codec.h"
#include "clock.h"
#include "confirmation.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

enum {
    TICK_MS = 50,
    SECOND_MS = 1000,
    REQUESTS_PER_ROUND = 64,
    FRAMES_PER_SOCKET = 32,
    OUTCOMES_PER_ROUND = 32,
    HEAD_BLOCKS = 64, /* the head file is at most so many blocks behind */
    COMMIT_SLOW_MS = 2000,
    DRAIN_MS = 10000,
};

enum own_request {
    OWN_NODE = 1,
    OWN_BRANCHES,
    OWN_TICKET,
};

enum descriptor {
    DESCRIPTOR_SIGNALS,
    DESCRIPTOR_COMMITTER,
    DESCRIPTOR_VERIFIER,
    DESCRIPTOR_ADMISSION,
    DESCRIPTOR_INBOX,
    DESCRIPTOR_COUNT,
};
static_assert((int)DESCRIPTOR_COUNT <= (int)BUS_DESCRIPTORS_MAX, "the bus can wait for all");

struct loop {
    struct loop_parts parts;
    struct bus *bus;
    uint64_t now_ms;
    uint64_t tick_due_ms;
    uint64_t second_due_ms;
    uint64_t drain_until_ms; /* 0: not stopping */
    bool abandoned;
    bool failed;
    bool confirmed;
    bool refuted; /* written down so, in this life */
    enum status commit_failure;
    bool head_written;        /* since the start */
    struct node_head written; /* last given to the head keeper */
    struct loop_counters counters;
    struct node_view view; /* as of the last second */
    struct page page;
    struct metrics metrics;
    char text[METRICS_SIZE_MAX];
};

struct loop *loop_new(const struct loop_parts *parts)
{
    struct loop *loop = calloc(1, sizeof *loop);
    if (loop == NULL) {
        return NULL;
    }
    loop->parts = *parts;
    loop->bus = parts->world->bus;
    admission_attend(parts->admission);
    loop->confirmed = !confirmation_is_demanded(parts->unconfirmed_path);
    node_hold(parts->node, !loop->confirmed);
    return loop;
}

void loop_free(struct loop *loop)
{
    free(loop);
}

enum status loop_commit_failure(const struct loop *loop)
{
    return loop->commit_failure;
}

static uint64_t monotonic_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void step(struct loop *loop, const struct input *input)
{
    if (!loop->failed && !node_step(loop->parts.node, input)) {
        loop->failed = true;
    }
}

static void take_commit(struct loop *loop)
{
    enum status outcome = STATUS_OK;
    if (!committer_outcome(loop->parts.world->committer, &outcome)) {
        return;
    }
    if (outcome != STATUS_OK) {
        loop->commit_failure = outcome;
        log_event(LOG_ERROR, "commit_unknown",
                  log_text("reason", outcome == STATUS_FULL ? "the disk is full"
                                                            : "the store could not write"),
                  log_count("free_bytes", store_free_bytes(loop->parts.world->store)));
    }
    /* A full disk was noticed before anything was tried; the node need not know the difference, a
     * new start finds out. */
    step(loop, &(struct input){.kind = INPUT_COMMITTED,
                               .committed = outcome == STATUS_OK ? STATUS_OK : STATUS_UNKNOWN});
    loop->failed = loop->failed || outcome != STATUS_OK;
    if (!loop->failed) {
        /* The commit may have carried the authority's word: who was revoked is out at once. */
        dialer_revoke(loop->parts.dialer, loop->parts.node, loop->parts.admission, loop->bus);
    }
}

static void take_verified(struct loop *loop)
{
    uint64_t token = 0;
    bool good = false;
    for (int i = 0; i < OUTCOMES_PER_ROUND && !loop->failed &&
                    verifier_outcome(loop->parts.world->verifier, &token, &good);
         i++) {
        step(loop, &(struct input){.kind = INPUT_VERIFIED, .token = token, .verified = good});
    }
}

static void take_signals(struct loop *loop)
{
    struct signalfd_siginfo signal_info;
    while (read(loop->parts.signals, &signal_info, sizeof signal_info) ==
           (ssize_t)sizeof signal_info) {
        bool first = loop->drain_until_ms == 0;
        log_event(LOG_INFO, first ? "stopping" : "stopping_at_once",
                  log_count("signal", signal_info.ssi_signo));
        if (first) {
            loop->drain_until_ms = loop->now_ms + DRAIN_MS;
            node_drain(loop->parts.node);
        } else {
            loop->abandoned = true;
        }
    }
}

/* The node answers a query before node_step returns. */
static bool ask(struct loop *loop, struct request *request, uint64_t number)
{
    request->number = SEAM_OWN_REQUEST + number;
    request->page = &loop->page;
    request->page_limit = PAGE_ENTRIES_MAX;
    loop->page.count = 0;
    loop->parts.world->own_answered = 0;
    step(loop, &(struct input){.kind = INPUT_REQUEST, .request = request});
    return !loop->failed && loop->parts.world->own_answered == request->number;
}

static bool ask_node(struct loop *loop, enum command_kind kind, uint64_t number)
{
    struct request request = {.kind = kind};
    return ask(loop, &request, number);
}

/* While nobody has confirmed that our journal ends where we think, it must not grow. A command that
 * was done before only has its answer repeated. */
static bool must_refuse(struct loop *loop, const struct request *request)
{
    if (loop->confirmed || command_is_query(request->kind)) {
        return false;
    }
    struct request known = {.kind = QUERY_TICKET, .till = request->till, .ticket = request->ticket};
    return !ask(loop, &known, OWN_TICKET) || loop->parts.world->own_verdict == REFUSED_UNKNOWN_KEY;
}

static void take_requests(struct loop *loop)
{
    struct world *world = loop->parts.world;
    for (int i = 0; i < REQUESTS_PER_ROUND && !loop->failed && loop->parts.inbox != NULL &&
                    seam_has_room(world) && node_has_room(loop->parts.node);
         i++) {
        const struct request *request = inbox_take(loop->parts.inbox);
        if (request == NULL) {
            return;
        }
        if (must_refuse(loop, request)) {
            loop->counters.requests_refused += 1;
            seam_refuse(world, request, REFUSED_READ_ONLY);
            continue;
        }
        loop->counters.requests += 1;
        seam_asked(world, request);
        step(loop, &(struct input){.kind = INPUT_REQUEST, .request = request});
    }
}

static void step_event(struct loop *loop, const struct bus_event *event)
{
    struct input input = {
        .link = event->link,
        .dialed = event->dialed,
        .channel = event->channel,
        .frame = event->frame,
    };
    memcpy(input.peer_key, event->key.bytes, sizeof input.peer_key);
    switch (event->kind) {
    case BUS_LINK_UP:
        input.kind = INPUT_LINK_UP;
        log_event(LOG_INFO, "link_up", log_count("link", event->link),
                  log_truth("dialed", event->dialed), log_hex("key", BYTES_OF(event->key.bytes)));
        break;
    case BUS_LINK_DOWN:
        input.kind = INPUT_LINK_DOWN;
        log_event(LOG_INFO, "link_down", log_count("link", event->link),
                  log_hex("key", BYTES_OF(event->key.bytes)));
        break;
    case BUS_FRAME:
        input.kind = INPUT_FRAME;
        loop->counters.frames += 1;
        break;
    }
    step(loop, &input);
}

static void take_frames(struct loop *loop)
{
    struct bus_event event;
    bus_round(loop->bus, loop->now_ms, FRAMES_PER_SOCKET);
    while (!loop->failed && bus_take(loop->bus, &event)) {
        step_event(loop, &event);
    }
}

/* The head file never goes back: what it says and the store lacks is the only witness of what was
 * lost. */
static void keep_head(struct loop *loop, bool now)
{
    struct node_head head = node_head(loop->parts.node);
    if (loop->parts.read_only || loop->view.read_only ||
        (loop->head_written && head.seq == loop->written.seq) ||
        (!now && head.seq - loop->written.seq < HEAD_BLOCKS)) {
        return;
    }
    uint8_t memory[256];
    struct buffer body = BUFFER_OVER(memory);
    struct head_record record = {
        .journal = loop->parts.journal,
        .seq = head.seq,
        .id = head.id,
        .hlc = head.hlc,
        .day = head.day,
    };
    if (head_signed_bytes(&loop->parts.network, record.journal, record.seq, &record.id, &body) !=
        STATUS_OK) {
        return;
    }
    key_store_sign(loop->parts.world->keys, SIGNER_JOURNAL, buffer_bytes(&body), record.signature);
    head_keeper_put(loop->parts.heads, &record);
    loop->written = head;
    loop->head_written = true;
}

/* Somebody who holds our journal was heard, showed all that he has, and it is no more than ours:
 * otherwise the node would be read-only now. */
static void look_for_confirmation(struct loop *loop)
{
    if (loop->confirmed || loop->view.peers == 0 || !loop->view.synced || loop->view.read_only) {
        return;
    }
    loop->confirmed = confirmation_give(loop->parts.unconfirmed_path);
    if (loop->confirmed) {
        node_hold(loop->parts.node, false);
        log_event(LOG_INFO, "head_confirmed", log_count("seq", loop->view.head_seq));
    }
}

/* Somebody holds more of our journal than we do: that must outlive this process, or the next one
 * would sell again while it is alone. */
static void remember_amnesia(struct loop *loop)
{
    struct explanation explanation = {""};
    if (loop->refuted || !loop->view.read_only || loop->view.retired) {
        return; /* who is retired knows it from the authority's journal */
    }
    if (confirmation_refute(loop->parts.unconfirmed_path, &explanation) == STATUS_OK) {
        loop->confirmed = false;
        loop->refuted = true;
        node_hold(loop->parts.node, true);
        log_event(LOG_ERROR, "head_refuted", log_count("seq", loop->view.head_seq));
    }
}

static void judge_health(const struct loop *loop, struct api_health *health)
{
    const char *reason = "";
    if (loop->drain_until_ms != 0) {
        reason = "the node is stopping";
    } else if (committer_hanging_ms(loop->parts.world->committer) > COMMIT_SLOW_MS) {
        reason = "the disk has not confirmed a write for more than two seconds";
    } else if (loop->parts.read_only || loop->view.read_only) {
        reason = "the own journal is behind what others hold of it: it must not be extended; "
                 "re-enrol this branch";
    } else if (!loop->confirmed) {
        reason = "the head file was missing or the store was repaired: money waits until a peer "
                 "has confirmed the journal's end";
    } else if (store_space_low(loop->parts.world->store)) {
        reason = "the disk is nearly full: nothing more is written until there is room";
    } else if (loop->view.auth_seq == 0) {
        reason = "the authority's journal has not come yet: the office must be reachable once";
    }
    health->alive = true;
    health->ready = reason[0] == '\0';
    (void)snprintf(health->reason, sizeof health->reason, "%s", reason);
}

static void collect_metrics(struct loop *loop, bool ready, uint32_t journal_count)
{
    struct world *world = loop->parts.world;
    loop->metrics = (struct metrics){
        .node = &loop->view,
        .journals = loop->page.rows.journals,
        .journal_count = journal_count,
        .ready = ready,
        .confirmed = loop->confirmed,
        .space_low = store_space_low(world->store),
        .free_bytes = store_free_bytes(world->store),
        .commit_hanging_ms = committer_hanging_ms(world->committer),
        .requests_waiting = world->asked_count,
        .start_wall_ms = loop->parts.start_wall_ms,
        .restarts = loop->parts.restarts,
        .alarms = world->alarms,
        .loop = loop->counters,
        .bus = bus_counters(loop->bus),
        .committer = committer_counters(world->committer),
        .verifier = verifier_counters(world->verifier),
        .heads = head_keeper_counters(loop->parts.heads),
    };
    if (world->http != NULL) {
        loop->metrics.http = http_counters(world->http);
    }
}

static void publish(struct loop *loop)
{
    struct api_health health = {0};
    if (ask_node(loop, QUERY_NODE, OWN_NODE)) {
        loop->view = loop->page.rows.node;
    }
    look_for_confirmation(loop);
    remember_amnesia(loop);
    if (loop->parts.progress != NULL && !loop->failed) {
        loop->parts.progress(&loop->view);
    }
    if (loop->parts.api == NULL || loop->failed) {
        return;
    }
    api_set_zone(loop->parts.api, loop->view.zone_minutes);
    judge_health(loop, &health);
    uint32_t journals = ask_node(loop, QUERY_BRANCHES, OWN_BRANCHES) ? loop->page.count : 0;
    collect_metrics(loop, health.ready, journals);
    api_set_health(loop->parts.api, &health);
    api_set_metrics(loop->parts.api, loop->text,
                    metrics_write(&loop->metrics, loop->text, sizeof loop->text));
    loop->counters.longest_us = 0;
}

static void each_second(struct loop *loop)
{
    loop->second_due_ms = loop->now_ms + SECOND_MS;
    dialer_turn(loop->parts.dialer, loop->parts.node, loop->parts.admission, loop->bus);
    keep_head(loop, true);
    publish(loop);
    bool synced = loop->view.synced && loop->view.auth_seq > 0 && loop->view.peers > 0;
    if (loop->parts.until_synced && synced && loop->drain_until_ms == 0) {
        loop->drain_until_ms = loop->now_ms + DRAIN_MS;
        node_drain(loop->parts.node);
    }
}

static void wait_for_work(struct loop *loop, struct pollfd descriptors[static DESCRIPTOR_COUNT])
{
    const struct loop_parts *parts = &loop->parts;
    bool requests = parts->inbox != NULL && seam_has_room(parts->world) &&
                    node_has_room(parts->node); /* else the commit in flight wakes us */
    int list[DESCRIPTOR_COUNT] = {
        [DESCRIPTOR_SIGNALS] = parts->signals,
        [DESCRIPTOR_COMMITTER] = committer_descriptor(parts->world->committer),
        [DESCRIPTOR_VERIFIER] = verifier_descriptor(parts->world->verifier),
        [DESCRIPTOR_ADMISSION] = admission_descriptor(parts->admission),
        [DESCRIPTOR_INBOX] = requests ? inbox_descriptor(parts->inbox) : -1,
    };
    for (size_t i = 0; i < DESCRIPTOR_COUNT; i++) {
        descriptors[i] = (struct pollfd){.fd = list[i], .events = POLLIN};
    }
    uint64_t now_ms = clock_monotonic_ms();
    uint64_t wait_ms = loop->tick_due_ms > now_ms ? loop->tick_due_ms - now_ms : 0;
    bus_wait(loop->bus, descriptors, DESCRIPTOR_COUNT, (long)wait_ms);
    loop->now_ms = clock_monotonic_ms();
}

static void turn(struct loop *loop)
{
    struct pollfd descriptors[DESCRIPTOR_COUNT];
    wait_for_work(loop, descriptors);
    uint64_t start_us = monotonic_us();
    loop->counters.rounds += 1;
    if (descriptors[DESCRIPTOR_SIGNALS].revents != 0) {
        take_signals(loop);
    }
    if (descriptors[DESCRIPTOR_COMMITTER].revents != 0) {
        take_commit(loop);
    }
    if (descriptors[DESCRIPTOR_VERIFIER].revents != 0) {
        take_verified(loop);
    }
    if (descriptors[DESCRIPTOR_ADMISSION].revents != 0 && !loop->failed) {
        dialer_answer(loop->parts.dialer, loop->parts.node, loop->parts.admission);
    }
    take_requests(loop);
    take_frames(loop);
    if (loop->now_ms >= loop->tick_due_ms) {
        loop->tick_due_ms = loop->now_ms + TICK_MS;
        step(loop, &(struct input){.kind = INPUT_TICK});
    }
    if (!loop->failed && !node_turn(loop->parts.node)) {
        loop->failed = true; /* perhaps because it was refuted in the middle of a decision */
    }
    if (!loop->refuted && node_is_read_only(loop->parts.node)) {
        loop->view.read_only = true;
        remember_amnesia(loop);
    }
    if (!loop->failed) {
        keep_head(loop, false);
    }
    if (!loop->failed && loop->now_ms >= loop->second_due_ms) {
        each_second(loop);
    }
    uint64_t took_us = monotonic_us() - start_us;
    loop->counters.longest_us =
        took_us > loop->counters.longest_us ? took_us : loop->counters.longest_us;
}

static bool drained(const struct loop *loop)
{
    return node_is_idle(loop->parts.node) && loop->parts.world->asked_count == 0;
}

enum loop_end loop_run(struct loop *loop)
{
    while (!loop->failed && !loop->abandoned) {
        turn(loop);
        bool stopping = loop->drain_until_ms != 0 && !loop->failed;
        if (stopping && drained(loop)) {
            keep_head(loop, true);
            return LOOP_STOPPED;
        }
        if (stopping && loop->now_ms >= loop->drain_until_ms) {
            log_event(LOG_WARNING, "stop_took_too_long",
                      log_count("requests_waiting", loop->parts.world->asked_count));
            loop->abandoned = true;
        }
    }
    seam_answer_unknown(loop->parts.world);
    return loop->failed ? LOOP_FAILED : LOOP_ABANDONED;
}
