#include "replay_engine.h"

#include "clock.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    REQUEST_TIMEOUT_MS = 10 * 1000,
    PAUSE_MS_MIN = 20,
    PAUSE_MS_MAX = 500,
    STRANGER_PAUSE_MS = 150,
    WINDOW_PER_LANE = 4,    /* visits under way for each connection */
    WINDOW_MAX = 16 * 1024, /* and in all, while a node does not answer */
    ANSWERS_MAX = 64,
    ID_TEXT_SIZE = 33,
    NUMBER_TEXT_SIZE = 24,
    TARGET_BODY_SIZE = 512,
};

static const uint32_t visit_none = UINT32_MAX;

enum card_place {
    CARD_RESTING, /* no visit under way */
    CARD_READY,   /* in its node's queue for a lane */
    CARD_ASKING,  /* a request is in flight */
    CARD_PAUSING, /* until due_ms */
};

struct card {
    char member[ID_TEXT_SIZE]; /* empty until enrolled */
    char account[ID_TEXT_SIZE];
    char number[NUMBER_TEXT_SIZE]; /* empty until issued */
    int64_t balance;               /* the replay's own book */
    uint32_t first;                /* the visit under way, and those that wait behind it */
    uint32_t last;
    enum card_place place;
    /* the visit under way */
    uint8_t attempts[OPERATION_KINDS];
    uint8_t rescues;
    uint64_t stranger_ms; /* since when this branch does not know the card; 0 = it does */
    enum operation_kind kind;
    int64_t topup;
    /* the operation under way */
    size_t operation;
    bool again; /* it was sent before */
    uint32_t pause_ms;
    uint64_t asked_ms;
    uint64_t due_ms;
};

/* Cards that wait for a lane to one node: a ring with room for every card. */
struct card_queue {
    uint32_t *cards;
    size_t head;
    size_t count;
};

struct replay_engine {
    struct replay_book *book;
    const struct traffic *traffic;
    struct replay_options options;
    struct traffic_client *client;
    struct card *cards;
    uint32_t *next; /* visit after this one of the same card */
    struct card_queue queues[TRAFFIC_NODES_MAX];
    size_t under_way[TRAFFIC_NODES_MAX];   /* visits admitted and not finished */
    uint64_t silent_ms[TRAFFIC_NODES_MAX]; /* since when it gives no answers; 0 = it does */
    size_t admitted;
    size_t finished;
    size_t pausing;
    uint64_t due_ms; /* the earliest of those pausing, or earlier */
    enum replay_phase phase;
    size_t cut;
    bool denied;
    struct explanation why;
};

static size_t node_of(const struct replay_engine *engine, const struct visit *visit)
{
    return visit->store % engine->options.node_count;
}

struct replay_engine *replay_engine_new(struct replay_book *book,
                                        const struct replay_options *options,
                                        struct explanation *explanation)
{
    struct replay_engine *engine = calloc(1, sizeof *engine);
    if (engine == NULL) {
        explain(explanation, "There is not enough memory.");
        return NULL;
    }
    engine->book = book;
    engine->traffic = book->traffic;
    engine->options = *options;
    engine->cut = SIZE_MAX;
    engine->cards = calloc(engine->traffic->card_count + 1, sizeof *engine->cards);
    engine->next = calloc(engine->traffic->visit_count + 1, sizeof *engine->next);
    bool enough = engine->cards != NULL && engine->next != NULL;
    for (size_t i = 0; i < options->node_count && i < TRAFFIC_NODES_MAX; i++) {
        engine->queues[i].cards =
            calloc(engine->traffic->card_count + 1, sizeof *engine->queues[i].cards);
        enough = enough && engine->queues[i].cards != NULL;
    }
    if (!enough) {
        explain(explanation, "There is not enough memory for %zu visits.",
                engine->traffic->visit_count);
        replay_engine_free(engine);
        return NULL;
    }
    engine->client =
        traffic_client_new(options->nodes, options->node_count, options->lanes, explanation);
    if (engine->client == NULL) {
        replay_engine_free(engine);
        return NULL;
    }
    for (size_t i = 0; i < engine->traffic->card_count; i++) {
        engine->cards[i].first = visit_none;
        engine->cards[i].last = visit_none;
    }
    return engine;
}

void replay_engine_free(struct replay_engine *engine)
{
    if (engine == NULL) {
        return;
    }
    traffic_client_free(engine->client);
    for (size_t i = 0; i < TRAFFIC_NODES_MAX; i++) {
        free(engine->queues[i].cards);
    }
    free(engine->cards);
    free(engine->next);
    free(engine);
}

void replay_engine_enter(struct replay_engine *engine, enum replay_phase phase, size_t cut)
{
    engine->phase = phase;
    engine->cut = cut;
}

static void queue_push(struct replay_engine *engine, struct card *card)
{
    const struct visit *visit = &engine->traffic->visits[card->first];
    struct card_queue *queue = &engine->queues[node_of(engine, visit)];
    size_t room = engine->traffic->card_count;
    assert(queue->count < room);
    queue->cards[(queue->head + queue->count) % room] = visit->card;
    queue->count++;
    card->place = CARD_READY;
}

static struct card *queue_pop(struct replay_engine *engine, struct card_queue *queue)
{
    assert(queue->count > 0);
    struct card *card = &engine->cards[queue->cards[queue->head]];
    queue->head = (queue->head + 1) % engine->traffic->card_count;
    queue->count--;
    return card;
}

static void pause_card(struct replay_engine *engine, struct card *card, uint64_t pause_ms)
{
    card->place = CARD_PAUSING;
    card->due_ms = clock_monotonic_ms() + pause_ms;
    if (engine->pausing == 0 || card->due_ms < engine->due_ms) {
        engine->due_ms = card->due_ms;
    }
    engine->pausing++;
}

static void wake_cards(struct replay_engine *engine)
{
    uint64_t now = clock_monotonic_ms();
    if (engine->pausing == 0 || now < engine->due_ms) {
        return;
    }
    uint64_t due_ms = UINT64_MAX;
    for (size_t i = 0; i < engine->traffic->card_count; i++) {
        struct card *card = &engine->cards[i];
        if (card->place != CARD_PAUSING) {
            continue;
        }
        if (card->due_ms <= now) {
            engine->pausing--;
            queue_push(engine, card);
        } else if (card->due_ms < due_ms) {
            due_ms = card->due_ms;
        }
    }
    engine->due_ms = due_ms;
}

static int64_t round_to_step(int64_t missing)
{
    return (missing + TOPUP_STEP - 1) / TOPUP_STEP * TOPUP_STEP;
}

/* The next operation of the visit under way gets a key of its own. */
static bool begin_operation(struct replay_engine *engine, struct card *card,
                            enum operation_kind kind, int64_t amount)
{
    const struct visit *visit = &engine->traffic->visits[card->first];
    card->kind = kind;
    card->again = false;
    card->asked_ms = 0;
    card->pause_ms = PAUSE_MS_MIN;
    card->operation = replay_book_ask(engine->book, &(struct operation){
                                                        .visit = card->first,
                                                        .kind = (uint8_t)kind,
                                                        .attempt = card->attempts[kind]++,
                                                        .node = (uint8_t)node_of(engine, visit),
                                                        .asked = amount,
                                                    });
    if (card->operation == SIZE_MAX) {
        explain(&engine->why, "There is not enough memory to keep the book.");
        engine->denied = true;
        return false;
    }
    return true;
}

static void begin_topup(struct replay_engine *engine, struct card *card, int64_t missing)
{
    card->topup = round_to_step(missing);
    (void)begin_operation(engine, card, OPERATION_TOPUP, card->topup);
}

/* What the visit under way needs next, before or for its sale. */
static void plan_visit(struct replay_engine *engine, struct card *card)
{
    int64_t amount = engine->traffic->visits[card->first].amount;
    if (card->member[0] == '\0') {
        (void)begin_operation(engine, card, OPERATION_ENROL, 0);
    } else if (card->number[0] == '\0') {
        (void)begin_operation(engine, card, OPERATION_ISSUE, 0);
    } else if (card->balance < amount) {
        begin_topup(engine, card, amount - card->balance);
    } else {
        (void)begin_operation(engine, card, OPERATION_SALE, amount);
    }
}

static void start_visit(struct replay_engine *engine, struct card *card)
{
    memset(card->attempts, 0, sizeof card->attempts);
    card->rescues = 0;
    card->stranger_ms = 0;
    plan_visit(engine, card);
    queue_push(engine, card);
}

static void finish_visit(struct replay_engine *engine, struct card *card)
{
    size_t node = node_of(engine, &engine->traffic->visits[card->first]);
    engine->book->nodes[node].visits++;
    engine->under_way[node]--;
    engine->finished++;
    card->first = engine->next[card->first];
    if (card->first == visit_none) {
        card->last = visit_none;
        card->place = CARD_RESTING;
    } else {
        start_visit(engine, card);
    }
}

/* True while one more visit may be taken up. A node that does not answer holds up only its own. */
static bool window_open(const struct replay_engine *engine)
{
    size_t counted = 0;
    size_t all = 0;
    for (size_t i = 0; i < engine->options.node_count; i++) {
        all += engine->under_way[i];
        counted += engine->silent_ms[i] > 0 ? 0 : engine->under_way[i];
    }
    return all < WINDOW_MAX &&
           counted < WINDOW_PER_LANE * engine->options.lanes * engine->options.node_count;
}

static void admit_visits(struct replay_engine *engine)
{
    while (engine->admitted < engine->traffic->visit_count && window_open(engine)) {
        uint32_t index = (uint32_t)engine->admitted++;
        const struct visit *visit = &engine->traffic->visits[index];
        struct card *card = &engine->cards[visit->card];
        engine->under_way[node_of(engine, visit)]++;
        engine->next[index] = visit_none;
        if (card->last != visit_none) {
            engine->next[card->last] = index;
            card->last = index;
            continue;
        }
        card->first = index;
        card->last = index;
        start_visit(engine, card);
    }
}

static const char *write_body(const struct replay_engine *engine, const struct card *card,
                              char body[static TARGET_BODY_SIZE])
{
    const struct visit *visit = &engine->traffic->visits[card->first];
    const char *currency = engine->options.currency;
    switch (card->kind) {
    case OPERATION_ENROL:
        (void)snprintf(body, TARGET_BODY_SIZE, "{\"name\":\"Household %" PRIu64 "\"}",
                       visit->household);
        return "/v1/members";
    case OPERATION_ISSUE:
        (void)snprintf(body, TARGET_BODY_SIZE, "{\"member\":\"%s\",\"product\":%u}", card->member,
                       engine->options.product);
        return "/v1/cards";
    case OPERATION_TOPUP:
        (void)snprintf(body, TARGET_BODY_SIZE,
                       "{\"card\":\"%s\",\"amount\":{\"minor\":%" PRId64
                       ",\"currency\":\"%s\"},\"tender\":\"other\"}",
                       card->number, card->topup, currency);
        return "/v1/topups";
    case OPERATION_SALE:
        (void)snprintf(body, TARGET_BODY_SIZE,
                       "{\"card\":\"%s\",\"amount\":{\"minor\":%" PRId64 ",\"currency\":\"%s\"}}",
                       card->number, visit->amount, currency);
        return "/v1/spends";
    }
    return "/";
}

static void send_card(struct replay_engine *engine, struct card *card, int lane)
{
    char key[REPLAY_KEY_SIZE_MAX];
    char body[TARGET_BODY_SIZE];
    replay_book_key(engine->book, &engine->book->operations[card->operation], key);
    struct traffic_request request = {.method = "POST", .key = key, .body = body};
    request.target = write_body(engine, card, body);
    if (card->asked_ms == 0) {
        card->asked_ms = clock_monotonic_ms();
    }
    card->place = CARD_ASKING;
    uint64_t tag = (uint64_t)(card - engine->cards);
    traffic_client_send(engine->client, lane, &request, REQUEST_TIMEOUT_MS, tag);
}

static void send_cards(struct replay_engine *engine)
{
    for (size_t node = 0; node < engine->options.node_count; node++) {
        struct card_queue *queue = &engine->queues[node];
        int lane = traffic_client_idle(engine->client, node);
        while (queue->count > 0 && lane != TRAFFIC_LANE_NONE) {
            send_card(engine, queue_pop(engine, queue), lane);
            lane = traffic_client_idle(engine->client, node);
        }
    }
}

/* The visit ends without a sale. `reason` is NULL if nobody knows. */
static void lose_visit(struct replay_engine *engine, struct card *card, struct reason_count *reason)
{
    int64_t amount = engine->traffic->visits[card->first].amount;
    if (reason == NULL) {
        engine->book->visits_undetermined++;
        engine->book->undetermined += amount;
    } else {
        engine->book->visits_refused++;
        engine->book->refused += amount;
        reason->visits++;
        reason->amount += amount;
    }
    finish_visit(engine, card);
}

/* No definite answer: the same key again, later. */
static void hear_nothing(struct replay_engine *engine, struct card *card, uint32_t retry_s)
{
    if (clock_monotonic_ms() - card->asked_ms >= PATIENCE_MS_MAX) {
        lose_visit(engine, card, NULL);
        return;
    }
    card->again = true;
    uint32_t pause_ms = card->pause_ms;
    if (retry_s > 0 && pause_ms < 1000 * retry_s) {
        pause_ms = 1000 * retry_s < PAUSE_MS_MAX ? 1000 * retry_s : PAUSE_MS_MAX;
    }
    /* Cards that lost the same node do not all come back in the same millisecond. */
    uint32_t spread = (uint32_t)(card->first * UINT32_C(2654435761)) % (pause_ms / 2 + 1);
    pause_card(engine, card, pause_ms + spread);
    card->pause_ms = card->pause_ms * 2 < PAUSE_MS_MAX ? card->pause_ms * 2 : PAUSE_MS_MAX;
}

static bool keep_text(const json_t *answer, const char *field, char *text, size_t size)
{
    const char *value = replay_answer_text(answer, field);
    size_t length = strlen(value);
    if (length == 0 || length >= size || strspn(value, "0123456789abcdef") != length) {
        return false;
    }
    memcpy(text, value, length + 1);
    return true;
}

static void hear_done(struct replay_engine *engine, struct card *card, const json_t *answer)
{
    struct replay_book *book = engine->book;
    bool complete = replay_book_done(book, card->operation, answer);
    const struct operation *operation = &book->operations[card->operation];
    switch (card->kind) {
    case OPERATION_ENROL:
        complete = keep_text(answer, "member", card->member, sizeof card->member) && complete;
        break;
    case OPERATION_ISSUE:
        complete = keep_text(answer, "account", card->account, sizeof card->account) && complete;
        complete = complete && keep_text(answer, "card", card->number, sizeof card->number);
        break;
    case OPERATION_TOPUP:
        card->balance += operation->principal + operation->bonus;
        break;
    case OPERATION_SALE:
        card->balance -= operation->asked;
        book->visits_sold++;
        book->visits_rescued += card->rescues > 0 ? 1 : 0;
        book->sold += operation->asked;
        finish_visit(engine, card);
        return;
    }
    if (!complete) {
        replay_book_contradict(book, operation, "the answer is not complete");
        lose_visit(engine, card, NULL);
        return;
    }
    plan_visit(engine, card);
    queue_push(engine, card);
}

/* What this branch could take from the card now, by its refusal. */
static int64_t usable_here(const json_t *problem, const char *code)
{
    int64_t usable = 0;
    bool told = strcmp(code, "rights") == 0 && replay_answer_amount(problem, "offer", &usable);
    if (!told && !replay_answer_amount(problem, "usable_here", &usable)) {
        usable = 0;
    }
    return usable > 0 ? usable : 0;
}

static void rescue(struct replay_engine *engine, struct card *card, const json_t *problem,
                   const char *code)
{
    int64_t amount = engine->traffic->visits[card->first].amount;
    int64_t usable = usable_here(problem, code);
    card->rescues++;
    engine->book->rescue_topups++;
    begin_topup(engine, card, usable < amount ? amount - usable : 1);
    engine->book->rescue_amount += card->topup;
    queue_push(engine, card);
}

static bool is_stranger(const char *code)
{
    return strcmp(code, "unknown_card") == 0 || strcmp(code, "unknown_account") == 0 ||
           strcmp(code, "unknown_member") == 0 || strcmp(code, "unknown_product") == 0;
}

/* True if the same is asked again, under a new key, because the branch may learn of the card yet.
 */
static bool wait_for_card(struct replay_engine *engine, struct card *card)
{
    uint64_t now = clock_monotonic_ms();
    int64_t asked = engine->book->operations[card->operation].asked;
    if (card->stranger_ms == 0) {
        card->stranger_ms = now;
    }
    if (now - card->stranger_ms >= STRANGER_MS_MAX) {
        return false;
    }
    if (begin_operation(engine, card, card->kind, asked)) {
        pause_card(engine, card, STRANGER_PAUSE_MS);
    }
    return true;
}

static void hear_refusal(struct replay_engine *engine, struct card *card, const json_t *problem,
                         const char *code)
{
    bool sale = card->kind == OPERATION_SALE;
    bool short_here = strcmp(code, "rights") == 0 || strcmp(code, "balance") == 0;
    struct reason_count *reason = replay_book_refused(engine->book, card->operation, code);

    if (sale && short_here && card->rescues < RESCUES_MAX) {
        rescue(engine, card, problem, code);
    } else if (!is_stranger(code) || !wait_for_card(engine, card)) {
        lose_visit(engine, card, reason);
    }
}

/* Answers after which the same key may and should be asked again. */
static bool is_passing(int http, const char *code)
{
    static const char *const codes[] = {"unknown", "busy", "space", "read_only"};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (strcmp(code, codes[i]) == 0) {
            return true;
        }
    }
    return http >= 500 || http == 408 || http == 429;
}

static void hear_problem(struct replay_engine *engine, struct card *card,
                         const struct traffic_answer *answer, const json_t *problem)
{
    char code[REPLAY_CODE_SIZE_MAX];
    (void)snprintf(code, sizeof code, "%s", replay_answer_text(problem, "code"));
    if (code[0] == '\0') {
        (void)snprintf(code, sizeof code, "http_%d", answer->http);
    }
    if (answer->http == 401) {
        explain(&engine->why, "%s does not accept the token: make one with POST /v1/tills.",
                engine->options.nodes[answer->node].url);
        engine->denied = true;
        return;
    }
    if (is_passing(answer->http, code)) {
        hear_nothing(engine, card, answer->retry);
    } else {
        hear_refusal(engine, card, problem, code);
    }
}

/* Times an answer that settles the operation. */
static void time_answer(struct replay_engine *engine, const struct card *card,
                        const struct traffic_answer *answer, bool replayed)
{
    struct operation *operation = &engine->book->operations[card->operation];
    struct node_count *node = &engine->book->nodes[answer->node];
    uint64_t waited_ms = clock_monotonic_ms() - card->asked_ms;
    uint64_t now_us = clock_monotonic_ms() * 1000;
    operation->took_us = answer->took_us > UINT32_MAX ? UINT32_MAX : (uint32_t)answer->took_us;
    operation->phase = (uint8_t)engine->phase;
    operation->offline = answer->node == engine->cut;
    if (waited_ms > node->wait_max_ms) {
        node->wait_max_ms = waited_ms;
    }
    if (node->first_us == 0) {
        node->first_us = now_us;
    }
    node->last_us = now_us;
    if ((card->again || answer->again) && replayed) {
        node->recovered++;
    }
}

/* Follows for how long a node gives no answer at all. */
static void hear_silence(struct replay_engine *engine, const struct traffic_answer *answer)
{
    uint64_t now = clock_monotonic_ms();
    uint64_t *since = &engine->silent_ms[answer->node];
    struct node_count *node = &engine->book->nodes[answer->node];
    if (answer->http == 0) {
        *since = *since == 0 ? now : *since;
    } else if (*since > 0) {
        node->silence_max_ms =
            now - *since > node->silence_max_ms ? now - *since : node->silence_max_ms;
        *since = 0;
    }
}

static void hear(struct replay_engine *engine, const struct traffic_answer *answer)
{
    struct card *card = &engine->cards[answer->tag];
    assert(card->place == CARD_ASKING);
    hear_silence(engine, answer);
    struct node_count *node = &engine->book->nodes[answer->node];
    node->unanswered += answer->again ? 1 : 0;
    if (answer->http == 0) {
        node->unanswered++;
        hear_nothing(engine, card, 0);
        return;
    }
    json_t *document = replay_answer_parse(answer->body);
    bool done = answer->http >= 200 && answer->http < 300;
    if (done && document == NULL) {
        hear_nothing(engine, card, 0);
    } else {
        time_answer(engine, card, answer, json_is_true(json_object_get(document, "replayed")));
        if (done) {
            hear_done(engine, card, document);
        } else {
            hear_problem(engine, card, answer, document);
        }
    }
    json_decref(document);
}

static bool in_flight(const struct replay_engine *engine)
{
    for (size_t i = 0; i < engine->options.node_count; i++) {
        if (engine->under_way[i] > 0) {
            return true;
        }
    }
    return false;
}

enum status replay_engine_run(struct replay_engine *engine, size_t until, struct progress *progress,
                              struct explanation *explanation)
{
    struct traffic_answer answers[ANSWERS_MAX];
    assert(until <= engine->traffic->visit_count);
    while (engine->finished < until ||
           (until == engine->traffic->visit_count && in_flight(engine))) {
        if (engine->options.stop != NULL && *engine->options.stop != 0) {
            explain(explanation, "Stopped after %zu of %zu visits.", engine->finished,
                    engine->traffic->visit_count);
            return STATUS_BUSY;
        }
        admit_visits(engine);
        wake_cards(engine);
        send_cards(engine);
        int wait_ms = engine->pausing > 0 ? 5 : 50;
        size_t count = traffic_client_wait(engine->client, wait_ms, answers, ANSWERS_MAX);
        for (size_t i = 0; i < count; i++) {
            hear(engine, &answers[i]);
        }
        if (engine->denied) {
            *explanation = engine->why;
            return STATUS_DENIED;
        }
        progress_show(progress, engine->finished);
    }
    return STATUS_OK;
}

bool replay_engine_account(const struct replay_engine *engine, size_t card_index,
                           struct subject_id *account, int64_t *balance)
{
    assert(card_index < engine->traffic->card_count);
    const struct card *card = &engine->cards[card_index];
    if (card->number[0] == '\0' || strlen(card->account) != 2 * sizeof account->bytes) {
        return false;
    }
    for (size_t i = 0; i < sizeof account->bytes; i++) {
        char pair[3] = {card->account[2 * i], card->account[2 * i + 1], '\0'};
        account->bytes[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    *balance = card->balance;
    return true;
}

const char *replay_engine_card(const struct replay_engine *engine, size_t card)
{
    assert(card < engine->traffic->card_count);
    return engine->cards[card].number;
}
