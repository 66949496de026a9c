/* Money commands: what is known is loaded, the rules decide, and the facts that follow are
 * appended. Each returns DECIDED with the answer filled, or NEEDS_RIGHTS (spends) when peers hold
 * the rest. */
#ifndef SALES_H
#define SALES_H

#include "desk.h"
#include "sheet.h"
#include "spend.h"

enum decision sales_top_up(struct node *node, const struct request *request, struct answer *answer);
/* And a hold, which is planned as a sale is. */
enum decision sales_spend(struct node *node, const struct request *request, struct answer *answer);
enum decision sales_move(struct node *node, const struct request *request, struct answer *answer);
/* What the till is told of the account once the facts are in the batch. */
void sales_report(struct node *node, struct answer *answer);

/* What this node could take now: held or on its way to it, of money lots valid on `day`. */
int64_t sheet_usable(struct node *node, const struct subject_id *account, const struct sheet *sheet,
                     uint32_t day);
/* The lots of that, for spend_plan; `whole` counts everybody's rights instead. Returns the count.
 */
size_t sheet_spendables(struct node *node, const struct subject_id *account,
                        const struct sheet *sheet, uint32_t day, bool whole,
                        struct spendable *lots);
/* Of one lot: held by this node, and in flight to it. */
int64_t lot_here(struct node *node, const struct subject_id *account, const struct sheet_lot *lot);

/* The latter alone. */
int64_t lot_coming(struct node *node, const struct sheet_lot *lot);

/* Lots whose rights on their way here are to be accepted, and for whom. */
struct acceptance {
    struct subject_id account;
    uint32_t till; /* 0 when a peer asked */
    uint32_t staff;
    uint32_t count;
    struct lot_id lots[EVENT_LINES_MAX];
};
/* Accepts all that is on its way here of these lots. False, with nothing or only acceptances
 * written, when it is more than one command may take in. */
bool sales_accept(struct node *node, struct sheet *sheet, const struct acceptance *acceptance);

/* The same for the lots that a plan takes more of than is held. */
bool sales_accept_plan(struct node *node, const struct request *request,
                       const struct subject_id *account, struct sheet *sheet,
                       const struct spend_plan *plan);
/* What the till is told of the account once the facts are in the batch. */
void sales_report(struct node *node, struct answer *answer);

/* It is here, and the office's word on where it came from is missing: the answer if none comes. */
enum decision sales_needs_witness(struct node *node, struct answer *answer);

/* This journal's raw rights of a lot. */
int64_t own_raw(struct node *node, const struct subject_id *account, const struct lot_id *lot);

#endif
