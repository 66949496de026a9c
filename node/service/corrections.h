/* What the office adds or takes out by hand: one person proposes it, another approves it, and only
 * then is there a fact (W1). Proposals are rows of the office that took them: they survive a
 * restart, end after a week, and say nothing to anybody else. */
#ifndef CORRECTIONS_H
#define CORRECTIONS_H

#include "desk.h"

/* A lot, and how much of it a command wants here. */
struct wanted {
    struct subject_id account;
    uint32_t count;
    struct lot_amount lines[EVENT_LINES_MAX];
};

enum decision corrections_propose(struct node *node, const struct request *request,
                                  struct answer *answer);
enum decision corrections_approve(struct node *node, const struct request *request,
                                  struct answer *answer);
enum decision corrections_withdraw(struct node *node, const struct request *request,
                                   struct answer *answer);
/* Of a payout that waits for rights: which lots it takes, wherever their rights are. */
bool corrections_want(struct node *node, const struct request *request, struct wanted *wanted);
/* QUERY_PROPOSALS, newest first. */
void corrections_list(struct node *node, const struct request *request, struct page *page);

/* voids.c. COMMAND_VOID (W2) */
enum decision voids_void(struct node *node, const struct request *request, struct answer *answer);
bool voids_want(struct node *node, const struct request *request, struct wanted *wanted);

/* books.c. QUERY_TAKINGS: the till book of a branch's day. QUERY_LOTS: every lot, added up from its
 * registers and beside it what the account's picture says. */
void books_takings(struct node *node, const struct request *request, struct page *page);
void books_lots(struct node *node, const struct request *request, struct page *page);

#endif
