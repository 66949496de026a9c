/* Holds: value set aside for an order until a stated time, then captured, whole or in part, or
 * given back. Nobody but the journal that placed a hold touches it, so that what was promised to
 * one order is there when it is asked for, whatever happens elsewhere (A1, A2). */
#ifndef HOLDS_H
#define HOLDS_H

#include "desk.h"
#include "spend.h"

enum {
    HOLD_DAYS_MAX = 400, /* from when it is placed */
};

/* The hold that a request asks for may stand until then. */
bool holds_until_is_sound(struct node *node, const struct request *request);
/* Appends the hold that sales.c has planned: its rights are here. */
enum invalid_reason holds_place(struct node *node, const struct request *request,
                                const struct spend_plan *plan, struct answer *answer);
enum decision holds_capture(struct node *node, const struct request *request,
                            struct answer *answer);
enum decision holds_release(struct node *node, const struct request *request,
                            struct answer *answer);

/* Every tick: ends what this journal had set aside and whose time is over (A3), some a tick. */
void holds_sweep(struct node *node);

/* One hold; the open ones of an account. */
enum verdict holds_query(struct node *node, const struct request *request, struct answer *answer,
                         struct page *page);
enum verdict holds_list(struct node *node, const struct request *request, struct answer *answer,
                        struct page *page);

#endif
