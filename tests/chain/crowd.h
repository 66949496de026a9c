/* Many tills at once: writes that are under way side by side, and what became of each. */
#ifndef CROWD_H
#define CROWD_H

#include "chain.h"

enum {
    CROWD_LANES = 16, /* to each caller */
    CROWD_CALLERS_MAX = 3,
};

struct deed {
    size_t caller; /* as for chain_call */
    char key[64];
    char body[224];
    int http;     /* 0: no answer came */
    json_t *json; /* until crowd_free */
};

struct crowd {
    const char *path;
    struct deed *deeds;
    size_t count;
    /* After this many answers the node is killed, and what is under way is lost; 0 = never. */
    size_t kill_after;
    size_t kill_node;
};

/* Sends each deed once, again only while it is answered busy or unknown (503). */
void crowd_run(struct chain *chain, const struct crowd *crowd);

/* A deed for money: on a card, in minor units. */
void deed_pay(struct deed *deed, size_t caller, const char *key, const char *card, int64_t amount);

/* How many were answered so. */
size_t crowd_count(const struct crowd *crowd, int http);
void crowd_free(const struct crowd *crowd);

#endif
