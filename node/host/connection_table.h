/* The listener's open connections: how many an address has, and by when each must have sent or
 * taken what is due. libmicrohttpd's own timer starts anew with each byte, so a watchdog here ends
 * what is too slow. Thread-safe. */
#ifndef CONNECTION_TABLE_H
#define CONNECTION_TABLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct connection_table;

/* One open connection; owned by the table until connection_close. */
struct connection_entry {
    int descriptor;               /* -1: not in use */
    _Atomic uint64_t deadline_ms; /* monotonic; 0 = none */
    uint8_t address[16];          /* IPv4 as ::ffff:a.b.c.d */
    char address_text[48];
};

/* NULL when memory is short. */
struct connection_table *connection_table_new(uint32_t connections_max, uint32_t per_address);
void connection_table_free(struct connection_table *table);

/* May one more come from there? */
bool connection_admit(struct connection_table *table, const struct sockaddr *from);

/* NULL when the table is full. */
struct connection_entry *connection_open(struct connection_table *table, int descriptor,
                                         const struct sockaddr *from);
/* While the descriptor is still open, so that the watchdog never ends another one. NULL is fine. */
void connection_close(struct connection_table *table, struct connection_entry *entry);

/* By when; 0 = not bound. NULL is fine. */
void connection_expect(struct connection_entry *entry, uint64_t deadline_ms);

/* Shuts down what is past its deadline; how many those were. */
uint32_t connection_table_sweep(struct connection_table *table, uint64_t now_ms);

uint32_t connection_table_count(struct connection_table *table);

#endif
