/* Where requests go to nodes and answers come back: remembers what was asked under which ticket, so
 * that one ticket can be seen to have one effect and equal answers, across crashes too.
 */
#ifndef RECEPTION_H
#define RECEPTION_H

#include "map.h"
#include "tally/command.h"

struct sim;
struct world;

static const uint32_t TILL_NONE = UINT32_MAX;

/* One command as its ticket's first use stated it. */
struct asked {
    uint64_t machine;
    uint64_t till;
    struct ticket_id ticket;
    enum command_kind kind;
    int64_t amount;
    bool answered;
    bool forgotten;       /* the machine's disk went back behind it (double.h) */
    bool many_effects;    /* a second effect was reported already */
    struct answer answer; /* the first that the node stores */
    uint32_t effects;     /* facts in the journal that carry the ticket */
    struct event_ref effect;
};

/* One request on its way. */
struct pending {
    uint64_t number;
    uint32_t machine;
    uint32_t boot;
    uint32_t till; /* index in the workload, TILL_NONE: nobody */
    bool done;     /* answered, or lost with its node */
    bool lost;
    bool other_body;      /* the ticket was used for something else before */
    bool expects_allowed; /* a spend within what is held here: at once, and not refused (L6) */
    bool late;
    enum command_kind kind;
    struct asked *asked; /* commands */
    uint64_t sent_us;
    uint64_t answered_us;
    struct answer answer;
};

struct reception {
    uint64_t numbers;
    uint32_t open_from; /* pending records before this one are all done */
    struct map asked;
    struct map pending;
};

struct reception reception_new(void);
void reception_free(struct reception *reception);

/* How a request is meant. */
enum meaning {
    MEANING_PLAIN,
    MEANING_OTHER_BODY, /* under a ticket that was answered for another request */
};

/* Sends a copy of the request, which lives only as long as the node may borrow it. Returns the
 * pending record (valid for the run), NULL if the machine is off. */
struct pending *reception_send(struct world *machine, const struct request *request, uint32_t till,
                               enum meaning meaning);
/* From world_answer. */
void reception_answered(struct world *machine, uint64_t number, const struct answer *answer);
/* The node is gone: what was pending there will never be answered. */
void reception_crashed(struct world *machine);
/* The machine's disk went back: what it answered before, it need not know. */
void reception_restored(struct world *machine);
/* Every request to a node that stayed up must be answered in bounded time. */
void reception_check_patience(struct sim *sim);
bool reception_is_quiet(const struct sim *sim);

/* What was asked there under this ticket, or NULL. */
struct asked *reception_asked(const struct sim *sim, const struct world *machine, uint32_t till,
                              const struct ticket_id *ticket);

/* Sends and lets the world go on until it is answered, 20 s at most. False if it never was. */
bool reception_ask(struct world *machine, const struct request *request, enum meaning meaning,
                   struct answer *answer);

#endif
