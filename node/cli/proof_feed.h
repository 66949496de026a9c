/* The feed of a node, read to its end, and compared with the book of a replay. */
#ifndef PROOF_FEED_H
#define PROOF_FEED_H

#include "replay_book.h"
#include "traffic_client.h"

/* One event as the feed tells it. */
struct feed_fact {
    struct event_ref event;
    struct ticket_id ticket;
    struct subject_id subject;
    uint32_t till;
    uint16_t type; /* enum event_type, 0 if unknown here */
    bool valid;
    int64_t principal;
    int64_t bonus;
};

struct feed {
    struct feed_fact *facts;
    size_t count;
    size_t capacity;
};

/* What was in it. */
struct feed_census {
    uint64_t events;
    uint64_t invalid;
    uint64_t moves; /* rights that one branch gave another */
    int64_t moved;
    uint64_t accepts;
    uint64_t matched;   /* acknowledged operations found */
    uint64_t missing;   /* acknowledged, and not there */
    uint64_t different; /* there with other amounts, another type, another ticket */
    uint64_t repeated;  /* there more than once */
    uint64_t forbidden; /* refused, and there all the same */
    uint64_t unheard;   /* there, though their answer never came */
    uint64_t foreign;   /* written by the replay's tills, and not the replay's */
    char example[200];  /* the first that is wrong, in words */
};

/* Reads all of it. On failure the feed holds what was read, and the explanation says why. */
MUST_CHECK enum status feed_read(struct traffic_client *client, size_t node, struct feed *feed,
                                 struct explanation *explanation);
void feed_free(struct feed *feed);

/* Finds every operation of the book in the feed. */
MUST_CHECK enum status feed_compare(const struct feed *feed, const struct replay_book *book,
                                    struct feed_census *census);

#endif
