/* What the office allows: limits and quotas, mints above a quota, suspended branches. Each writes
 * one fact of the authority; said again it changes nothing and writes nothing, and is allowed. */
#ifndef MANDATE_H
#define MANDATE_H

#include "desk.h"

enum decision mandate_set_limits(struct node *node, const struct request *request,
                                 struct answer *answer);
enum decision mandate_set_quota(struct node *node, const struct request *request,
                                struct answer *answer);
enum decision mandate_approve_mint(struct node *node, const struct request *request,
                                   struct answer *answer);
enum decision mandate_suspend(struct node *node, const struct request *request,
                              struct answer *answer);

/* Of what is durable here (J2). */
void mandate_limits(struct node *node, struct page *page);
void mandate_quotas(struct node *node, struct page *page);
void mandate_mints(struct node *node, const struct request *request, struct page *page);
/* The own lease, and the last checkpoint of the own journal. */
void mandate_view(struct node *node, struct trust_view *view);

#endif
