/* Requests: what only another journal can do is filed here, and done there when it hears of it. */
#ifndef REQUESTS_H
#define REQUESTS_H

#include "desk.h"

/* COMMAND_FILE_REQUEST: a refund whose rights are at a branch that is away. */
enum decision requests_file(struct node *node, const struct request *request,
                            struct answer *answer);
/* Once a second: carries out or refuses what was filed for this journal, each once. */
void requests_sweep(struct node *node, uint64_t now_ms);
/* QUERY_REQUESTS */
void requests_list(struct node *node, const struct request *request, struct page *page);

#endif
