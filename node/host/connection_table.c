#include "connection_table.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct connection_table {
    pthread_mutex_t lock;
    uint32_t capacity;
    uint32_t count;
    uint32_t per_address;
    struct connection_entry entries[];
};

struct connection_table *connection_table_new(uint32_t connections_max, uint32_t per_address)
{
    struct connection_table *table =
        calloc(1, sizeof *table + connections_max * sizeof table->entries[0]);
    if (table == NULL) {
        return NULL;
    }
    pthread_mutex_init(&table->lock, NULL);
    table->capacity = connections_max;
    table->per_address = per_address;
    for (uint32_t i = 0; i < connections_max; i++) {
        table->entries[i].descriptor = -1;
    }
    return table;
}

void connection_table_free(struct connection_table *table)
{
    if (table != NULL) {
        pthread_mutex_destroy(&table->lock);
        free(table);
    }
}

/* One form for both families; all zeros for any other. */
static void address_of(const struct sockaddr *from, uint8_t address[static 16])
{
    memset(address, 0, 16);
    if (from != NULL && from->sa_family == AF_INET) {
        struct sockaddr_in four;
        memcpy(&four, from, sizeof four);
        memset(address + 10, 0xff, 2);
        memcpy(address + 12, &four.sin_addr, 4);
    } else if (from != NULL && from->sa_family == AF_INET6) {
        struct sockaddr_in6 six;
        memcpy(&six, from, sizeof six);
        memcpy(address, &six.sin6_addr, 16);
    }
}

bool connection_admit(struct connection_table *table, const struct sockaddr *from)
{
    uint8_t address[16];
    uint32_t same = 0;
    address_of(from, address);
    pthread_mutex_lock(&table->lock);
    for (uint32_t i = 0; i < table->capacity; i++) {
        const struct connection_entry *entry = &table->entries[i];
        same += entry->descriptor >= 0 && memcmp(entry->address, address, 16) == 0 ? 1 : 0;
    }
    bool room = table->count < table->capacity;
    pthread_mutex_unlock(&table->lock);
    return room && same < table->per_address;
}

struct connection_entry *connection_open(struct connection_table *table, int descriptor,
                                         const struct sockaddr *from)
{
    struct connection_entry *found = NULL;
    assert(descriptor >= 0);
    pthread_mutex_lock(&table->lock);
    for (uint32_t i = 0; i < table->capacity && found == NULL; i++) {
        if (table->entries[i].descriptor < 0) {
            found = &table->entries[i];
        }
    }
    if (found != NULL) {
        atomic_store(&found->deadline_ms, 0);
        address_of(from, found->address);
        if (inet_ntop(AF_INET6, found->address, found->address_text, sizeof found->address_text) ==
            NULL) {
            found->address_text[0] = 0;
        }
        found->descriptor = descriptor;
        table->count++;
    }
    pthread_mutex_unlock(&table->lock);
    return found;
}

void connection_close(struct connection_table *table, struct connection_entry *entry)
{
    if (entry == NULL) {
        return;
    }
    pthread_mutex_lock(&table->lock);
    entry->descriptor = -1;
    table->count--;
    pthread_mutex_unlock(&table->lock);
}

void connection_expect(struct connection_entry *entry, uint64_t deadline_ms)
{
    if (entry != NULL) {
        atomic_store(&entry->deadline_ms, deadline_ms);
    }
}

uint32_t connection_table_sweep(struct connection_table *table, uint64_t now_ms)
{
    uint32_t ended = 0;
    pthread_mutex_lock(&table->lock);
    for (uint32_t i = 0; i < table->capacity; i++) {
        struct connection_entry *entry = &table->entries[i];
        uint64_t deadline_ms = atomic_load(&entry->deadline_ms);
        if (entry->descriptor >= 0 && deadline_ms != 0 && now_ms > deadline_ms) {
            (void)shutdown(entry->descriptor, SHUT_RDWR);
            atomic_store(&entry->deadline_ms, 0);
            ended++;
        }
    }
    pthread_mutex_unlock(&table->lock);
    return ended;
}

uint32_t connection_table_count(struct connection_table *table)
{
    pthread_mutex_lock(&table->lock);
    uint32_t count = table->count;
    pthread_mutex_unlock(&table->lock);
    return count;
}
