#include "replay_book.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void replay_book_start(struct replay_book *book, const struct traffic *traffic, uint64_t seed,
                       size_t node_count)
{
    assert(node_count > 0 && node_count <= TRAFFIC_NODES_MAX);
    *book = (struct replay_book){.traffic = traffic, .seed = seed, .node_count = node_count};
}

void replay_book_end(struct replay_book *book)
{
    free(book->operations);
    book->operations = NULL;
    book->operation_count = 0;
    book->operation_capacity = 0;
}

const char *operation_kind_name(enum operation_kind kind)
{
    switch (kind) {
    case OPERATION_ENROL:
        return "enrol";
    case OPERATION_ISSUE:
        return "card";
    case OPERATION_TOPUP:
        return "topup";
    case OPERATION_SALE:
        return "sale";
    }
    return "unknown";
}

size_t replay_book_ask(struct replay_book *book, const struct operation *operation)
{
    if (book->operation_count == book->operation_capacity) {
        size_t capacity = book->operation_capacity == 0 ? 16384 : book->operation_capacity * 2;
        struct operation *more = realloc(book->operations, capacity * sizeof *more);
        if (more == NULL) {
            return SIZE_MAX;
        }
        book->operations = more;
        book->operation_capacity = capacity;
    }
    book->operations[book->operation_count] = *operation;
    return book->operation_count++;
}

void replay_book_key(const struct replay_book *book, const struct operation *operation,
                     char key[static REPLAY_KEY_SIZE_MAX])
{
    (void)snprintf(key, REPLAY_KEY_SIZE_MAX, "r%" PRIu64 "-%" PRIu64 "-%s-%u", book->seed,
                   book->traffic->visits[operation->visit].basket,
                   operation_kind_name((enum operation_kind)operation->kind), operation->attempt);
}

void replay_book_contradict(struct replay_book *book, const struct operation *operation,
                            const char *what)
{
    if (book->contradictions == 0) {
        char key[REPLAY_KEY_SIZE_MAX];
        replay_book_key(book, operation, key);
        (void)snprintf(book->contradiction, sizeof book->contradiction, "%s: %s", key, what);
    }
    book->contradictions++;
}

static void log_ack(struct replay_book *book, const struct operation *operation, const char *event,
                    const char *at)
{
    char key[REPLAY_KEY_SIZE_MAX];
    replay_book_key(book, operation, key);
    (void)fprintf(book->ack_log,
                  "{\"key\":\"%s\",\"node\":%u,\"kind\":\"%s\",\"event\":\"%s\",\"at\":\"%s\","
                  "\"amount\":%" PRId64 ",\"principal\":%" PRId64 ",\"bonus\":%" PRId64 "}\n",
                  key, operation->node, operation_kind_name((enum operation_kind)operation->kind),
                  event, at, operation->asked, operation->principal, operation->bonus);
}

static void count_money(struct node_count *node, const struct operation *operation,
                        const json_t *answer)
{
    if (operation->kind == OPERATION_TOPUP) {
        node->topup_principal += operation->principal;
        node->topup_bonus += operation->bonus;
        node->offline_topups += operation->offline ? 1 : 0;
        return;
    }
    node->sale_principal += operation->principal;
    node->sale_bonus += operation->bonus;
    if (operation->offline) {
        node->offline_sales++;
        node->offline_amount += operation->asked;
    }
    uint64_t pulled_ms = 0;
    if (replay_answer_count(answer, "pulled_ms", &pulled_ms) && pulled_ms > 0) {
        node->pulled++;
        node->pulled_ms += pulled_ms;
    }
}

/* What an answer must say for its books to be right. */
static const char *check_amounts(const struct operation *operation)
{
    if (operation->kind == OPERATION_TOPUP && operation->principal != operation->asked) {
        return "the principal of the top-up is not what was paid";
    }
    if (operation->kind == OPERATION_SALE &&
        operation->principal + operation->bonus != operation->asked) {
        return "principal and bonus do not add up to the sale";
    }
    if (operation->principal < 0 || operation->bonus < 0) {
        return "an amount is negative";
    }
    return NULL;
}

bool replay_book_done(struct replay_book *book, size_t index, const json_t *answer)
{
    struct operation *operation = &book->operations[index];
    struct node_count *node = &book->nodes[operation->node];
    const char *event = replay_answer_text(answer, "event");
    bool moves = operation->kind == OPERATION_TOPUP || operation->kind == OPERATION_SALE;

    operation->outcome = OPERATION_DONE;
    node->done[operation->kind]++;
    if (!replay_answer_ref(event, &operation->event)) {
        replay_book_contradict(book, operation, "the answer names no event");
        return false;
    }
    if (moves && !(replay_answer_amount(answer, "principal", &operation->principal) &&
                   replay_answer_amount(answer, "bonus", &operation->bonus))) {
        replay_book_contradict(book, operation, "the answer lacks principal or bonus");
        return false;
    }
    if (moves) {
        count_money(node, operation, answer);
        const char *wrong = check_amounts(operation);
        if (wrong != NULL) {
            replay_book_contradict(book, operation, wrong);
        }
    }
    if (book->ack_log != NULL) {
        const char *at = replay_answer_text(answer, "at");
        log_ack(book, operation, event, strspn(at, "0123456789-:.TZ") == strlen(at) ? at : "");
    }
    return true;
}

struct reason_count *replay_book_refused(struct replay_book *book, size_t index, const char *code)
{
    struct operation *operation = &book->operations[index];
    operation->outcome = OPERATION_REFUSED;
    book->nodes[operation->node].refused++;
    size_t i = 0;
    while (i < book->reason_count && strcmp(book->reasons[i].code, code) != 0) {
        i++;
    }
    if (i == REPLAY_REASONS_MAX) {
        i = REPLAY_REASONS_MAX - 1; /* more kinds than a node has: the last one takes them all */
    } else if (i == book->reason_count) {
        book->reason_count++;
        (void)snprintf(book->reasons[i].code, sizeof book->reasons[i].code, "%s", code);
    }
    book->reasons[i].askings++;
    book->reasons[i].askings_offline += operation->offline ? 1 : 0;
    return &book->reasons[i];
}

static int compare_us(const void *a, const void *b)
{
    uint32_t first = *(const uint32_t *)a;
    uint32_t second = *(const uint32_t *)b;
    return first < second ? -1 : first > second;
}

bool latencies_of(const struct replay_book *book, size_t node, unsigned phase,
                  struct latencies *latencies)
{
    latencies->count = 0;
    latencies->sorted = calloc(book->operation_count + 1, sizeof *latencies->sorted);
    if (latencies->sorted == NULL) {
        return false;
    }
    for (size_t i = 0; i < book->operation_count; i++) {
        const struct operation *operation = &book->operations[i];
        if (operation->outcome != OPERATION_PENDING &&
            (node == book->node_count || node == operation->node) &&
            (phase == REPLAY_PHASES || phase == operation->phase)) {
            latencies->sorted[latencies->count++] = operation->took_us;
        }
    }
    qsort(latencies->sorted, latencies->count, sizeof *latencies->sorted, compare_us);
    return true;
}

uint32_t latencies_at(const struct latencies *latencies, unsigned per_mille)
{
    assert(per_mille <= 1000);
    if (latencies->count == 0) {
        return 0;
    }
    size_t rank = (latencies->count * per_mille + 999) / 1000;
    return latencies->sorted[rank == 0 ? 0 : rank - 1];
}

void latencies_free(struct latencies *latencies)
{
    free(latencies->sorted);
    *latencies = (struct latencies){0};
}
