#include "exchange.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

enum {
    INDEX_BITS = 16, /* of a request's number; the rest of it counts up and is never used twice */
};

/* A place in the table. The number of a request is count << INDEX_BITS | index, so that an answer
 * to an old one finds nobody. */
struct place {
    struct exchange *exchange; /* NULL = free */
    uint64_t number;
    uint32_t next_free;
};

struct exchange_table {
    pthread_mutex_t lock;
    _Atomic uint32_t open;
    uint64_t count; /* requests ever asked */
    uint32_t capacity;
    uint32_t first_free; /* capacity = none */
    struct place places[];
};

struct exchange_table *exchange_table_new(uint32_t capacity)
{
    assert(capacity < 1U << INDEX_BITS);
    struct exchange_table *table = calloc(1, sizeof *table + capacity * sizeof table->places[0]);
    if (table == NULL) {
        return NULL;
    }
    pthread_mutex_init(&table->lock, NULL);
    table->capacity = capacity;
    for (uint32_t i = 0; i < capacity; i++) {
        table->places[i] = (struct place){.next_free = i + 1};
    }
    return table;
}

static void exchange_free(struct exchange *exchange)
{
    api_end(exchange->call);
    free(exchange->body);
    free(exchange);
}

void exchange_table_free(struct exchange_table *table)
{
    if (table == NULL) {
        return;
    }
    for (uint32_t i = 0; i < table->capacity; i++) {
        if (table->places[i].exchange != NULL) {
            exchange_free(table->places[i].exchange);
        }
    }
    pthread_mutex_destroy(&table->lock);
    free(table);
}

struct exchange *exchange_new(struct exchange_table *table, struct MHD_Connection *connection,
                              const char *target)
{
    size_t size = strlen(target) + 1;
    struct exchange *exchange = malloc(sizeof *exchange + size);
    if (exchange == NULL) {
        return NULL;
    }
    memset(exchange, 0, offsetof(struct exchange, answer));
    memcpy(exchange->target, target, size);
    exchange->connection = connection;
    atomic_fetch_add(&table->open, 1);
    return exchange;
}

bool exchange_ask(struct exchange_table *table, struct exchange *exchange, struct request *request,
                  uint64_t give_up_ms)
{
    pthread_mutex_lock(&table->lock);
    uint32_t index = table->first_free;
    bool room = index < table->capacity;
    if (room) {
        struct place *place = &table->places[index];
        table->first_free = place->next_free;
        place->exchange = exchange;
        table->count++;
        place->number = table->count << INDEX_BITS | index;
        request->number = place->number;
        exchange->state = EXCHANGE_ASKED;
        exchange->core_has_it = true;
        exchange->give_up_ms = give_up_ms;
    }
    pthread_mutex_unlock(&table->lock);
    return room;
}

/* The place of a number, or NULL; then the core is done with whatever was there. */
static struct place *place_of(struct exchange_table *table, uint64_t number)
{
    uint64_t index = number & ((1U << INDEX_BITS) - 1);
    if (index >= table->capacity || table->places[index].exchange == NULL ||
        table->places[index].number != number) {
        return NULL;
    }
    return &table->places[index];
}

static void place_free(struct exchange_table *table, struct place *place)
{
    place->exchange->core_has_it = false;
    place->exchange = NULL;
    place->next_free = table->first_free;
    table->first_free = (uint32_t)(place - table->places);
}

void exchange_take_back(struct exchange_table *table, struct exchange *exchange, uint64_t number)
{
    pthread_mutex_lock(&table->lock);
    struct place *place = place_of(table, number);
    assert(place != NULL && place->exchange == exchange);
    place_free(table, place);
    exchange->state = EXCHANGE_BUSY;
    pthread_mutex_unlock(&table->lock);
}

bool exchange_deliver(struct exchange_table *table, uint64_t number, const struct answer *answer,
                      struct MHD_Connection **resume)
{
    struct exchange *orphan = NULL;
    bool waiting = false;
    pthread_mutex_lock(&table->lock);
    struct place *place = place_of(table, number);
    if (place != NULL) {
        struct exchange *exchange = place->exchange;
        place_free(table, place);
        if (exchange->client_done) {
            orphan = exchange;
        } else if (exchange->state == EXCHANGE_ASKED) {
            exchange->answer = *answer;
            exchange->state = EXCHANGE_ANSWERED;
            *resume = exchange->connection;
            waiting = true;
        }
    }
    pthread_mutex_unlock(&table->lock);
    if (orphan != NULL) {
        exchange_free(orphan);
    }
    return waiting;
}

void exchange_table_give_up(struct exchange_table *table, uint64_t now_ms)
{
    pthread_mutex_lock(&table->lock);
    for (uint32_t i = 0; i < table->capacity; i++) {
        struct exchange *exchange = table->places[i].exchange;
        if (exchange != NULL && exchange->state == EXCHANGE_ASKED &&
            now_ms >= exchange->give_up_ms) {
            exchange->state = EXCHANGE_GIVEN_UP;
            MHD_resume_connection(exchange->connection);
        }
    }
    pthread_mutex_unlock(&table->lock);
}

void exchange_end(struct exchange_table *table, struct exchange *exchange)
{
    pthread_mutex_lock(&table->lock);
    exchange->client_done = true;
    bool last = !exchange->core_has_it;
    pthread_mutex_unlock(&table->lock);
    atomic_fetch_sub(&table->open, 1);
    if (last) {
        exchange_free(exchange);
    }
}

uint32_t exchange_table_open(const struct exchange_table *table)
{
    return atomic_load(&table->open);
}
