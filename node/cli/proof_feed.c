#include "proof_feed.h"

#include "hash.h"
#include "names.h"
#include "tally/event.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    FEED_PAGE = 200,
    FEED_TIMEOUT_MS = 20 * 1000,
    FEED_TRIES = 50,
    CURSOR_SIZE_MAX = 256,
    TARGET_SIZE_MAX = 512,
};

static bool feed_add(struct feed *feed, const struct feed_fact *fact)
{
    if (feed->count == feed->capacity) {
        size_t capacity = feed->capacity == 0 ? 16384 : feed->capacity * 2;
        struct feed_fact *facts = realloc(feed->facts, capacity * sizeof *facts);
        if (facts == NULL) {
            return false;
        }
        feed->facts = facts;
        feed->capacity = capacity;
    }
    feed->facts[feed->count++] = *fact;
    return true;
}

void feed_free(struct feed *feed)
{
    free(feed->facts);
    *feed = (struct feed){0};
}

static bool read_fact(const json_t *row, struct feed_fact *fact)
{
    *fact = (struct feed_fact){0};
    const char *type = replay_answer_text(row, "type");
    const char *verdict = replay_answer_text(row, "verdict");
    uint64_t till = 0;
    fact->type = event_type_by_name(bytes_of(type, strlen(type)));
    fact->valid = strcmp(verdict, "invalid") != 0;
    if (replay_answer_count(row, "till", &till) && till <= UINT32_MAX) {
        fact->till = (uint32_t)till;
    }
    /* Absent where an event has none. */
    (void)replay_answer_hex(row, "ticket", fact->ticket.bytes, sizeof fact->ticket.bytes);
    (void)replay_answer_hex(row, "subject", fact->subject.bytes, sizeof fact->subject.bytes);
    (void)replay_answer_amount(row, "principal", &fact->principal);
    (void)replay_answer_amount(row, "bonus", &fact->bonus);
    return replay_answer_ref(replay_answer_text(row, "event"), &fact->event);
}

static json_t *ask_page(struct traffic_client *client, size_t node, const char *target)
{
    struct traffic_request request = {.method = "GET", .target = target};
    for (unsigned i = 0; i < FEED_TRIES; i++) {
        struct traffic_answer answer = traffic_client_ask(client, node, &request, FEED_TIMEOUT_MS);
        if (answer.http == 200) {
            return replay_answer_parse(answer.body);
        }
        if (answer.http != 503) {
            return NULL;
        }
    }
    return NULL;
}

static enum status take_page(struct feed *feed, const json_t *rows, uint64_t *position)
{
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        struct feed_fact fact;
        if (!read_fact(row, &fact)) {
            return STATUS_MALFORMED;
        }
        if (!feed_add(feed, &fact)) {
            return STATUS_FULL;
        }
        (void)replay_answer_count(row, "position", position);
    }
    return STATUS_OK;
}

enum status feed_read(struct traffic_client *client, size_t node, struct feed *feed,
                      struct explanation *explanation)
{
    char target[TARGET_SIZE_MAX];
    uint64_t position = 0;
    bool more = true;
    (void)snprintf(target, sizeof target, "/v1/feed?limit=%d", FEED_PAGE);
    while (more) {
        json_t *page = ask_page(client, node, target);
        const json_t *rows = replay_answer_rows(page);
        if (rows == NULL) {
            explain(explanation, "GET %s was not answered with a page of events.", target);
            json_decref(page);
            return STATUS_IO;
        }
        size_t before = feed->count;
        enum status status = take_page(feed, rows, &position);
        more = json_is_true(json_object_get(page, "more"));
        const char *cursor = replay_answer_text(page, "cursor");
        if (cursor[0] != '\0' && strlen(cursor) < CURSOR_SIZE_MAX) {
            (void)snprintf(target, sizeof target, "/v1/feed?limit=%d&cursor=%s", FEED_PAGE, cursor);
        } else {
            (void)snprintf(target, sizeof target, "/v1/feed?limit=%d&after=%" PRIu64, FEED_PAGE,
                           position);
        }
        json_decref(page);
        if (status != STATUS_OK || (more && feed->count == before)) {
            explain(explanation, "The feed has a row that cannot be read, after %zu events.",
                    feed->count);
            return status == STATUS_OK ? STATUS_MALFORMED : status;
        }
    }
    return STATUS_OK;
}

/* Numbers of operations, plus one, under a 64-bit hash of what they are looked up by. */
struct lookup {
    uint32_t *slots;
    size_t capacity; /* a power of two */
};

static bool lookup_start(struct lookup *lookup, size_t count)
{
    lookup->capacity = 64;
    while (lookup->capacity < count * 2) {
        lookup->capacity *= 2;
    }
    lookup->slots = calloc(lookup->capacity, sizeof *lookup->slots);
    return lookup->slots != NULL;
}

static void lookup_add(struct lookup *lookup, uint64_t hash, size_t number)
{
    size_t slot = (size_t)hash & (lookup->capacity - 1);
    while (lookup->slots[slot] != 0) {
        slot = (slot + 1) & (lookup->capacity - 1);
    }
    lookup->slots[slot] = (uint32_t)(number + 1);
}

static uint64_t hash_ref(struct event_ref ref)
{
    uint64_t mixed = ref.journal * UINT64_C(0x9e3779b97f4a7c15) ^ ref.seq << 10 ^ ref.index;
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    return mixed ^ (mixed >> 29);
}

static uint64_t hash_of_ticket(const struct ticket_id *ticket)
{
    uint64_t hash = 0;
    memcpy(&hash, ticket->bytes, sizeof hash);
    return hash;
}

/* Which till of which branch a node's token belongs to: learned from the feed. */
struct replay_till {
    uint32_t branch;
    uint32_t till;
    bool known;
};

struct comparison {
    const struct feed *feed;
    const struct replay_book *book;
    struct feed_census *census;
    struct lookup by_ref;
    struct lookup by_ticket;
    struct ticket_id *tickets; /* of each operation */
    uint8_t *seen;             /* how often each was found by its event */
    struct replay_till tills[TRAFFIC_NODES_MAX];
};

static void note(struct comparison *comparison, uint64_t *counter, size_t number, const char *what)
{
    char key[REPLAY_KEY_SIZE_MAX];
    (*counter)++;
    if (comparison->census->example[0] == '\0') {
        replay_book_key(comparison->book, &comparison->book->operations[number], key);
        (void)snprintf(comparison->census->example, sizeof comparison->census->example, "%s: %s",
                       key, what);
    }
}

/* SIZE_MAX if no acknowledged operation was told that it is this event. */
static size_t find_by_ref(const struct comparison *comparison, struct event_ref ref)
{
    const struct lookup *lookup = &comparison->by_ref;
    size_t slot = (size_t)hash_ref(ref) & (lookup->capacity - 1);
    for (; lookup->slots[slot] != 0; slot = (slot + 1) & (lookup->capacity - 1)) {
        size_t number = lookup->slots[slot] - 1;
        if (event_ref_equal(comparison->book->operations[number].event, ref)) {
            return number;
        }
    }
    return SIZE_MAX;
}

static size_t find_by_ticket(const struct comparison *comparison, const struct ticket_id *ticket)
{
    const struct lookup *lookup = &comparison->by_ticket;
    size_t slot = (size_t)hash_of_ticket(ticket) & (lookup->capacity - 1);
    for (; lookup->slots[slot] != 0; slot = (slot + 1) & (lookup->capacity - 1)) {
        size_t number = lookup->slots[slot] - 1;
        if (ticket_equal(&comparison->tickets[number], ticket)) {
            return number;
        }
    }
    return SIZE_MAX;
}

static bool type_fits(const struct operation *operation, uint16_t type)
{
    switch ((enum operation_kind)operation->kind) {
    case OPERATION_ENROL:
        return type == EVENT_MEMBER_ENROL;
    case OPERATION_ISSUE:
        return type == EVENT_ACCOUNT_OPEN || type == EVENT_CARD_ISSUE;
    case OPERATION_TOPUP:
        return type == EVENT_TOPUP;
    case OPERATION_SALE:
        return type == EVENT_SPEND;
    }
    return false;
}

static struct ticket_id ticket_of(const struct replay_book *book, const struct operation *operation,
                                  uint32_t till)
{
    char key[REPLAY_KEY_SIZE_MAX];
    replay_book_key(book, operation, key);
    return hash_ticket(till, bytes_of(key, strlen(key)));
}

static void match_fact(struct comparison *comparison, const struct feed_fact *fact)
{
    size_t number = find_by_ref(comparison, fact->event);
    if (number == SIZE_MAX) {
        return;
    }
    const struct operation *operation = &comparison->book->operations[number];
    struct replay_till *till = &comparison->tills[operation->node];
    uint32_t branch = journal_branch(fact->event.journal);
    if (!till->known) {
        *till = (struct replay_till){.branch = branch, .till = fact->till, .known = true};
    }
    struct ticket_id ticket = ticket_of(comparison->book, operation, fact->till);
    if (comparison->seen[number]++ > 0) {
        note(comparison, &comparison->census->repeated, number, "its event is in the feed twice");
    } else if (!type_fits(operation, fact->type) || fact->principal != operation->principal ||
               fact->bonus != operation->bonus) {
        note(comparison, &comparison->census->different, number,
             "the event has another type or other amounts");
    } else if (!ticket_equal(&ticket, &fact->ticket) || till->branch != branch ||
               till->till != fact->till) {
        note(comparison, &comparison->census->different, number,
             "the event does not carry the ticket of this key and till");
    } else {
        comparison->census->matched++;
    }
}

static bool is_till_event(uint16_t type)
{
    return type == EVENT_TOPUP || type == EVENT_SPEND || type == EVENT_REFUND ||
           type == EVENT_MEMBER_ENROL || type == EVENT_ACCOUNT_OPEN || type == EVENT_CARD_ISSUE;
}

static bool is_our_till(const struct comparison *comparison, const struct feed_fact *fact)
{
    for (size_t i = 0; i < comparison->book->node_count; i++) {
        const struct replay_till *till = &comparison->tills[i];
        if (till->known && till->branch == journal_branch(fact->event.journal) &&
            till->till == fact->till) {
            return true;
        }
    }
    return false;
}

static void place_fact(struct comparison *comparison, const struct feed_fact *fact)
{
    if (!is_till_event(fact->type)) {
        return;
    }
    size_t number = find_by_ticket(comparison, &fact->ticket);
    if (number == SIZE_MAX) {
        comparison->census->foreign += is_our_till(comparison, fact) ? 1 : 0;
        return;
    }
    const struct operation *operation = &comparison->book->operations[number];
    switch ((enum operation_outcome)operation->outcome) {
    case OPERATION_REFUSED:
        note(comparison, &comparison->census->forbidden, number, "refused, and in the feed");
        break;
    case OPERATION_PENDING:
        comparison->census->unheard++;
        break;
    case OPERATION_DONE:
        /* Opening an account and issuing its card are two events of one operation. */
        if (!event_ref_equal(fact->event, operation->event) &&
            (operation->kind != OPERATION_ISSUE || fact->event.seq != operation->event.seq ||
             fact->event.journal != operation->event.journal)) {
            note(comparison, &comparison->census->repeated, number,
                 "a second event carries its ticket");
        }
        break;
    }
}

static void count_facts(struct comparison *comparison)
{
    struct feed_census *census = comparison->census;
    for (size_t i = 0; i < comparison->feed->count; i++) {
        const struct feed_fact *fact = &comparison->feed->facts[i];
        census->events++;
        census->invalid += fact->valid ? 0 : 1;
        census->accepts += fact->type == EVENT_RIGHTS_ACCEPT ? 1 : 0;
        if (fact->type == EVENT_RIGHTS_MOVE) {
            census->moves++;
            census->moved += fact->principal + fact->bonus;
        }
        match_fact(comparison, fact);
    }
}

static void find_missing(struct comparison *comparison)
{
    const struct replay_book *book = comparison->book;
    for (size_t i = 0; i < book->operation_count; i++) {
        const struct operation *operation = &book->operations[i];
        if (operation->outcome == OPERATION_DONE && comparison->seen[i] == 0) {
            note(comparison, &comparison->census->missing, i, "acknowledged, and not in the feed");
        }
        comparison->tickets[i] =
            ticket_of(book, operation, comparison->tills[operation->node].till);
        lookup_add(&comparison->by_ticket, hash_of_ticket(&comparison->tickets[i]), i);
    }
    for (size_t i = 0; i < comparison->feed->count; i++) {
        place_fact(comparison, &comparison->feed->facts[i]);
    }
}

/* Acknowledged operations can be found by their event from now on. */
static void file_by_ref(struct comparison *comparison)
{
    for (size_t i = 0; i < comparison->book->operation_count; i++) {
        const struct operation *operation = &comparison->book->operations[i];
        if (operation->outcome == OPERATION_DONE) {
            lookup_add(&comparison->by_ref, hash_ref(operation->event), i);
        }
    }
}

enum status feed_compare(const struct feed *feed, const struct replay_book *book,
                         struct feed_census *census)
{
    struct comparison comparison = {.feed = feed, .book = book, .census = census};
    *census = (struct feed_census){0};
    comparison.tickets = calloc(book->operation_count + 1, sizeof *comparison.tickets);
    comparison.seen = calloc(book->operation_count + 1, sizeof *comparison.seen);
    bool enough = lookup_start(&comparison.by_ref, book->operation_count);
    enough = lookup_start(&comparison.by_ticket, book->operation_count) && enough;
    enough = enough && comparison.tickets != NULL && comparison.seen != NULL;
    if (enough) {
        file_by_ref(&comparison);
        count_facts(&comparison);
        find_missing(&comparison);
    }
    free(comparison.by_ref.slots);
    free(comparison.by_ticket.slots);
    free(comparison.tickets);
    free(comparison.seen);
    return enough ? STATUS_OK : STATUS_FULL;
}
