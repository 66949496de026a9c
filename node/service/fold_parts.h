/* What fold.c is made of: each kind of event in the file of its family, and the lots that they
 * touch. Private to the fold: others see fold.h. Every fold_* takes the event's verdict from rows
 * of the writer's own path (L4) and, unless it is a trial, writes what a VALID one changes. */
#ifndef FOLD_PARTS_H
#define FOLD_PARTS_H

#include "fold.h"
#include "record.h"

/* One lot as an event touches it: everything it needs, loaded before anything is changed. */
struct touched {
    struct subject_id account;
    struct lot_id lot;
    uint64_t journal;   /* whose registers: the writer's, unless it acts on another's */
    struct row_key key; /* of the registers */
    struct registers registers;
    int64_t exposed;     /* of this lot, before the event */
    int64_t on_hold;     /* of this lot, before the event */
    int64_t good_before; /* what was made good for the journal before this event */
    int64_t loss_before; /* of it, what its branch bears */
    struct terms_record terms;
    bool untouched; /* refund rights, child lots: their terms have no row yet */
    int64_t change; /* of what the chain owes: + issued, refunded; - used */
    bool is_spare;
    struct sheet_lot spare; /* its picture, when the account's sheet is full */
};

struct event_ref fold_ref(const struct fold *fold);
/* As of the header's authority position. */
bool fold_has_role(const struct fold *fold, enum role role);
/* Adds to the event's amounts by bucket. */
void fold_count(struct fold *fold, uint8_t bucket, int64_t amount);

/* fold_lots.c */
/* A lot of the event's subject. Of a right to refund it says that nothing is held: only what names
 * the sale uses those. */
void load_touched(struct fold *fold, const struct lot_id *lot, struct touched *touched);
/* Any lot of any account. */
void load_touched_of(struct fold *fold, const struct subject_id *account, const struct lot_id *lot,
                     struct touched *touched);
/* The registers of another journal, which its retirement lets others write about. */
void load_touched_by(struct fold *fold, const struct lot_id *lot, uint64_t journal,
                     struct touched *touched);
/* Principal or bonus: what stands in sheets and sums. Refund rights have registers alone. */
bool is_money(uint8_t bucket);
/* The lot's picture: in the account's sheet, or in a row of its own when the sheet is full. */
struct sheet_lot *picture(struct fold *fold, struct sheet *sheet, struct touched *touched);
/* Writes what a touched lot has become: registers and, of money, the account's sheet and the
 * holder's total. What has to be made good because of it is added to what is owed, to what is held
 * and to the journal's losses: `held_change` and the caller's own sums need not know of it. */
void save_touched(struct fold *fold, struct sheet *sheet, struct touched *touched,
                  int64_t held_change);
/* After save_touched of all lines. */
void save_spares(struct fold *fold, struct sheet *sheet, const struct touched *touched,
                 uint32_t count);
void list_spares(struct fold *fold, const struct subject_id *account, struct sheet *sheet);
void check_after(struct fold *fold, int64_t stated, int64_t ours);

/* fold_exposure.c */
/* The exposure rule, for events that use rights or pass them on: once all registers are as the
 * event leaves them. INVALID_EXPOSED when it raises what the journal has used of unwitnessed rights
 * of the account, and leaves that above the limit. */
enum invalid_reason exposure_holds(struct fold *fold, const struct touched *touched,
                                   uint32_t count);
/* Keeps the account's exposure in step with one lot's registers; part of save_touched. */
void exposure_follow(struct fold *fold, struct touched *touched);
/* How far a witness reaches: the last block of `from` that the checkpoint named in the acceptance
 * covers. INVALID_OVER_WITNESS when the acceptance must not rest on it. */
enum invalid_reason witness_reach(struct fold *fold, uint64_t dep_seq, uint64_t *reach);

/* fold_mint.c */
/* INVALID_OVER_QUOTA: the event is PENDING, its lots are worth nothing until they are released. */
enum invalid_reason quota_judge(struct fold *fold, const struct lot_terms *lots, uint32_t count);
/* What was minted within the quota counts on its day. */
void quota_count(struct fold *fold, const struct lot_terms *lots, uint32_t count);
/* Files what was minted above the quota. */
void pending_file(struct fold *fold, const struct touched *touched, const struct lot_terms *lots,
                  uint32_t count);
enum invalid_reason fold_release_mint(struct fold *fold, struct sheet *sheet);
enum invalid_reason fold_lease(struct fold *fold);
/* Notes that a spend was written after the journal's lease had ended. */
void remark_lease(struct fold *fold);

/* fold_value.c */
enum invalid_reason fold_topup(struct fold *fold, struct sheet *sheet);
enum invalid_reason fold_spend(struct fold *fold, struct sheet *sheet);

/* The sale of an event whose lines, amounts beside `touched`, paid `amounts`: its rights to refund
 * begin at this journal. */
void save_sale(struct fold *fold, const struct touched *touched, const int64_t *amounts,
               uint32_t count);

/* fold_hold.c */
enum invalid_reason fold_hold(struct fold *fold, struct sheet *sheet);
enum invalid_reason fold_capture(struct fold *fold, struct sheet *sheet);
enum invalid_reason fold_release(struct fold *fold, struct sheet *sheet);

/* fold_refund.c */
enum invalid_reason fold_refund(struct fold *fold, struct sheet *sheet);
/* The line of the sale whose refund rights bear this name, or -1. */
int sale_line(const struct sale_record *sale, struct event_ref ref,
              const struct lot_id *refund_lot);
/* The right to refund a line, at the journal of the sale: until it is moved for the first time the
 * sale's row stands for it, and this makes its registers and terms, in memory. False if no line of
 * the sale has this name. */
bool load_own_right(struct fold *fold, struct event_ref ref, const struct sale_record *sale,
                    const struct lot_id *refund_lot, struct touched *right);

/* The same of a retired journal, for who acts in its place. */
bool load_left_right(struct fold *fold, uint64_t of, struct event_ref ref,
                     const struct sale_record *sale, const struct lot_id *refund_lot,
                     struct touched *right);
/* What a retired journal refunded beyond what was left to it, the sale's rights having been taken
 * over: its branch bears it. After the right's registers have changed. */
void make_right_good(struct fold *fold, const struct touched *right);

/* The same at another journal: of a right of its own sales it says that nothing is held. */
void load_other_right(struct fold *fold, const struct lot_id *refund_lot, struct touched *right);

/* fold_expire.c */
enum invalid_reason fold_expire(struct fold *fold, struct sheet *sheet);

/* fold_transfer.c */
enum invalid_reason fold_rebind(struct fold *fold, struct sheet *sheet);

/* fold_retired.c */
/* May the writer act for `journal`: is it the office, and was that journal retired, both as of the
 * header? */
enum invalid_reason may_act_for(const struct fold *fold, uint64_t journal);

/* fold_wish.c */
enum invalid_reason fold_file(struct fold *fold);
enum invalid_reason fold_close(struct fold *fold);

/* fold_rights.c */
enum invalid_reason fold_move(struct fold *fold, struct sheet *sheet);
enum invalid_reason fold_accept(struct fold *fold, struct sheet *sheet);

/* fold_risk.c */
/* A sale's part without cover: the verdict, and what a VALID one writes. */
enum invalid_reason fold_risk(const struct fold *fold);
void fold_risk_save(struct fold *fold, struct sheet *sheet);
/* A move to or from the office, for a cover. */
void fold_surplus(struct fold *fold);
enum invalid_reason fold_cover(struct fold *fold, struct sheet *sheet);
enum invalid_reason fold_settle(struct fold *fold);
enum invalid_reason fold_risk_ack(struct fold *fold);

/* fold_retired.c: about journals that the authority retired */
enum invalid_reason fold_adopt(struct fold *fold, struct sheet *sheet);
enum invalid_reason fold_return(struct fold *fold, struct sheet *sheet);
enum invalid_reason fold_reclaim(struct fold *fold, struct sheet *sheet);
enum invalid_reason fold_repay(struct fold *fold, struct sheet *sheet);

/* fold_fork.c */
enum invalid_reason fold_fork(struct fold *fold);

/* fold_member.c */
enum invalid_reason fold_enrol(struct fold *fold);
enum invalid_reason fold_open(struct fold *fold);
enum invalid_reason fold_issue(struct fold *fold);
/* A card number of the writer's own range, for the account of the event. `replaces` may be empty.
 */
enum invalid_reason fold_card(struct fold *fold, struct bytes number,
                              const struct subject_id *holder, struct bytes replaces);

/* fold_freeze.c */
enum { ACK_LIVE = 1, ACK_LIFTED = 2 }; /* what a journal said of a freeze */
/* The writer has acknowledged a freeze of the account and not noted that it was lifted. */
bool fold_is_gated(const struct fold *fold);
enum invalid_reason fold_freeze_ack(struct fold *fold);
enum invalid_reason fold_loss(struct fold *fold, struct sheet *sheet);
enum invalid_reason fold_replace(struct fold *fold);
enum invalid_reason fold_freeze(struct fold *fold, struct sheet *sheet);
enum invalid_reason fold_unfreeze(struct fold *fold, struct sheet *sheet);

#endif
