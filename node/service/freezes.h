/* Freezes, losses and replacement cards. A freeze is eventual: until a branch has heard of it, what
 * that branch holds can still be spent there. So each journal says that it has heard (FREEZE.ACK)
 * and sends its rights of the account home, and anybody can be told what the others may still
 * spend.
 *
 * F1 A journal that acknowledged a freeze spends nothing of the account, but for what it had set
 *    aside before (A4), until it has noted, on its own path, an unfreeze that names it.
 * F2 The exposure of an account is never below what is spent of it later by those that have not
 *    acknowledged, and out of what is on hold (A4).
 * F3 A card that was reported lost or replaced never pays where that is known; of two replacements
 *    of one card the earlier works. */
#ifndef FREEZES_H
#define FREEZES_H

#include "desk.h"
#include "record.h"

enum decision freezes_freeze(struct node *node, const struct request *request,
                             struct answer *answer);
enum decision freezes_unfreeze(struct node *node, const struct request *request,
                               struct answer *answer);
enum decision freezes_report_loss(struct node *node, const struct request *request,
                                  struct answer *answer);
enum decision freezes_replace_card(struct node *node, const struct request *request,
                                   struct answer *answer);

/* Not reported lost, and not replaced, nor the later of two replacements of one card. */
bool freezes_card_works(struct node *node, struct bytes number, const struct card_record *card);

/* Notes on the own path the unfreezes that let the account be spent from again (F1). False while
 * one of them is not durable yet. */
bool freezes_pass(struct node *node, const struct subject_id *account);

/* Sends what this journal may use of a frozen account to its home branch, else to the office. */
void freezes_send_home(struct node *node, const struct subject_id *account);

/* Acknowledges the freezes that came, a few accounts at a time, and sends their rights home. */
void freezes_sweep(struct node *node);

enum verdict freezes_exposure(struct node *node, const struct request *request,
                              struct answer *answer, struct page *page);
enum verdict freezes_chain_exposure(struct node *node, struct page *page);

#endif
