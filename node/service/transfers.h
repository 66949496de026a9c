/* Value from one account to another of the same member. */
#ifndef TRANSFERS_H
#define TRANSFERS_H

#include "desk.h"

/* COMMAND_TRANSFER. NEEDS_RIGHTS when other journals hold what is to be moved. */
enum decision transfers_transfer(struct node *node, const struct request *request,
                                 struct answer *answer);

#endif
