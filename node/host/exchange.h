/* One HTTP exchange, and the table of those that wait for the node. The listener's thread makes and
 * answers exchanges; the core thread delivers; the watchdog gives up on the core. An exchange is
 * freed when both the client and the core are done with it, so that the core never looks at a
 * request that is gone. Thread-safe. */
#ifndef EXCHANGE_H
#define EXCHANGE_H

#include "api.h"
#include "connection_table.h"

#include <microhttpd.h>

struct exchange_table;

enum exchange_state {
    EXCHANGE_READING,  /* the head is not checked, or the body not complete */
    EXCHANGE_REFUSED,  /* its answer is queued: take no more of it */
    EXCHANGE_ASKED,    /* the node has it; the connection is suspended */
    EXCHANGE_ANSWERED, /* `answer` holds */
    EXCHANGE_GIVEN_UP, /* the node took too long */
    EXCHANGE_BUSY,     /* the inbox was full */
};

struct exchange {
    struct MHD_Connection *connection;
    struct connection_entry *entry;
    struct api_call *call;
    enum exchange_state state; /* under the table's lock while the core has it */
    bool checked;              /* the head was looked at */
    bool client_done;          /* nothing more is sent or received */
    bool core_has_it;          /* the core may look at the request */
    uint64_t give_up_ms;
    uint8_t *body;
    size_t body_size;
    size_t body_capacity;
    struct answer answer;
    char target[];
};

/* `capacity`: exchanges that may wait for the node at once. NULL when memory is short. */
struct exchange_table *exchange_table_new(uint32_t capacity);
/* Frees what still waits, too: only when no other thread is left. */
void exchange_table_free(struct exchange_table *table);

/* NULL when memory is short. */
struct exchange *exchange_new(struct exchange_table *table, struct MHD_Connection *connection,
                              const char *target);

/* Before the request goes into the inbox: gives it its number, as EXCHANGE_ASKED. False if too many
 * wait. */
bool exchange_ask(struct exchange_table *table, struct exchange *exchange, struct request *request,
                  uint64_t give_up_ms);
/* The inbox did not take it: EXCHANGE_BUSY. */
void exchange_take_back(struct exchange_table *table, struct exchange *exchange, uint64_t number);

/* The core is done: true if the connection is to be resumed now. */
bool exchange_deliver(struct exchange_table *table, uint64_t number, const struct answer *answer,
                      struct MHD_Connection **resume);

/* Gives up on those asked before `now_ms` (UINT64_MAX: on all) and resumes their connections. */
void exchange_table_give_up(struct exchange_table *table, uint64_t now_ms);

/* The client is done: frees it, now or when the core is done too. */
void exchange_end(struct exchange_table *table, struct exchange *exchange);

/* Exchanges that a client still waits for. */
uint32_t exchange_table_open(const struct exchange_table *table);

#endif
