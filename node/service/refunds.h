/* Refunds of sales, wherever they were made: the right to refund a line is at one journal, and is
 * asked for like any other right. */
#ifndef REFUNDS_H
#define REFUNDS_H

#include "desk.h"
#include "sheet.h"

/* The rights to refund one sale, line by line, as this node sees them. */
struct refund_picture {
    struct event_ref ref;
    struct sale_record sale;
    struct lot_id rights[EVENT_LINES_MAX]; /* of line k */
    int64_t whole[EVENT_LINES_MAX];        /* left to refund, wherever the right is */
    int64_t held[EVENT_LINES_MAX];         /* by this node */
    int64_t here[EVENT_LINES_MAX];         /* that, and what is on its way here */
    struct sheet sheet;                    /* who holds the rights, as an account's sheet says it */
};

/* False if no such sale is known here. */
bool refunds_look(struct node *node, struct event_ref ref, struct refund_picture *picture);
/* What the refund wants of each line, by what is left of the whole sale; false, with the most that
 * could be refunded in *limit, when the sale has less. */
bool refunds_plan(const struct refund_picture *picture, const struct request *request,
                  int64_t parts[static EVENT_LINES_MAX], int64_t *limit);
/* Is the right to refund the sale still in time? */
bool refunds_in_time(struct node *node, const struct refund_picture *picture);

/* The office: takes over from retired journals what is wanted of each line beyond what is here.
 * True if anything was written: then the picture is an old one. */
bool refunds_take_over(struct node *node, const struct refund_picture *picture,
                       const int64_t wanted[static EVENT_LINES_MAX]);

/* COMMAND_REFUND. NEEDS_RIGHTS when other journals hold the rights. */
enum decision refunds_refund(struct node *node, const struct request *request,
                             struct answer *answer);

#endif
