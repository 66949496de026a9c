/* What will happen, ordered by (time, steps first, order of planning): a binary heap. Times are
 * microseconds of virtual time. */
#ifndef AGENDA_H
#define AGENDA_H

#include "tally/bytes.h"

#include <stdbool.h>
#include <stdint.h>

enum happening_kind {
    HAPPENING_TICK = 1,  /* node */
    HAPPENING_COMMITTED, /* node, boot: the batch in flight is done */
    HAPPENING_VERIFIED,  /* node, boot: token, number = good */
    HAPPENING_FRAME,     /* node: link, channel in number, frame (owned) */
    HAPPENING_LINK_UP,   /* node: number of the connection */
    HAPPENING_LINK_DOWN, /* node: link */
    HAPPENING_DIAL,      /* node looks whom it should be connected to */
    HAPPENING_START,     /* node is switched on */
    HAPPENING_CRASH,     /* node, boot: off for number us */
    HAPPENING_TILL,      /* number = till: acts or gives up waiting */
    HAPPENING_WEATHER,   /* number = the class of faults that draws its next step */
    HAPPENING_STEP,      /* number = place in the schedule */
    HAPPENING_JOIN,      /* number = step of the joining of `node` */
    HAPPENING_WRITE_OFF, /* the office's manager asks to retire the journal of node */
    HAPPENING_HOSTILE,   /* the hostile branch acts */
    HAPPENING_KIND_COUNT,
};

struct happening {
    uint64_t at_us;
    uint64_t order;
    enum happening_kind kind;
    uint32_t node;
    uint32_t boot; /* drops what was meant for an earlier life of the node; 0 = any */
    uint32_t link;
    uint64_t number;
    uint64_t token;
    uint8_t *frame; /* malloc'd; whoever pops it frees it */
    size_t frame_size;
};

struct agenda {
    struct happening *list;
    size_t count;
    size_t capacity;
    uint64_t planned;
};

void agenda_free(struct agenda *agenda);
/* Takes `happening.frame`. */
void agenda_plan(struct agenda *agenda, struct happening happening);
/* The earliest, or false if there is none at or before `until_us`. */
bool agenda_take(struct agenda *agenda, uint64_t until_us, struct happening *happening);

#endif
