/* The registers of one (journal, lot) and of one pair (giver -> receiver, lot): what the rights
 * ledger is made of. All are monotone and written by one journal. Pure arithmetic: the rows they
 * live in belong to node/service.
 *
 * L1  raw never falls below zero on a journal's own path: what would make it so is not covered.
 * L2  accepted <= granted for every pair.
 * L3  an INVALID event changes no register.
 */
#ifndef REGISTERS_H
#define REGISTERS_H

#include "tally/event.h"
#include "tally/money.h"

struct registers {
    int64_t issued;      /* M: by this journal */
    int64_t refunded;    /* REF: back into this lot */
    int64_t used;        /* U */
    int64_t expired;     /* EXP */
    int64_t clawed;      /* CLW */
    int64_t rebound;     /* RBD */
    int64_t paid_out;    /* PAY */
    int64_t covered;     /* CVR: spent on covering debt */
    int64_t held;        /* HOLD: ever put on hold */
    int64_t released;    /* REL: captured or released of it */
    int64_t in;          /* sum over givers of A: accepted */
    int64_t out;         /* sum over receivers of G: granted */
    int64_t back;        /* sum over retired givers of V: returned to them */
    int64_t pulled;      /* PIN, the office's: received by reclaims */
    int64_t lent;        /* BKO, the office's: given back to shortfalls of others */
    int64_t unwitnessed; /* of `in`: from branches, and no checkpoint covers it yet */
    /* Apart, written by others about a retired journal; no verdict reads them. */
    int64_t taken;    /* PO: reclaimed by the office */
    int64_t repaid;   /* BK: given back to this journal's shortfall */
    int64_t regained; /* sum over receivers of V: returned to this journal */
    int64_t adopted;  /* sum over givers of what the office accepted for it beyond its own A */
};

/* raw(j,l) on the journal's own path, which verdicts read: what the journal may use. >= 0 (L1). */
int64_t registers_raw(const struct registers *registers);

/* raw(j,l) with what others wrote about a retired journal: below zero when more of it was reclaimed
 * than it had left, which then is made good. */
int64_t registers_merged(const struct registers *registers);

/* The same with what is on hold, which a retirement voids: one formula for a journal that lives,
 * where it is raw and holds and never below zero, and for one that is retired. So the figures do
 * not depend on whether its last blocks or its retirement came first (E3). */
int64_t registers_total(const struct registers *registers);
/* What the journal has of the lot, on hold or not; and what had to be made good for it. */
int64_t registers_held(const struct registers *registers);
int64_t registers_good(const struct registers *registers);
/* Of what had to be made good: what somebody really got twice. What a retired journal had burned at
 * the end of the lot, and the office took over and burned as well, hurt nobody. */
int64_t registers_loss(const struct registers *registers);
/* What a picture shows of it: what it may use; once others have written about it, all it has. */
int64_t registers_shown(const struct registers *registers);

/* Of what it has: on hold, for an order. Once others have written about the journal it was retired,
 * and that voids its holds: 0. */
int64_t registers_on_hold(const struct registers *registers);

/* This journal's part of ledger(l): issued + refunded - everything consumed. */
int64_t registers_ledger(const struct registers *registers);

/* One step each. `amount` is 1..AMOUNT_MAX (else INVALID_BAD_AMOUNT). On INVALID_NONE the registers
 * have changed, on anything else they have not (L3). INVALID_NOT_COVERED: above raw.
 * INVALID_BAD_AMOUNT also when a register would pass REGISTER_MAX. */
enum invalid_reason registers_issue(struct registers *registers, int64_t amount);
enum invalid_reason registers_use(struct registers *registers, int64_t amount);
enum invalid_reason registers_refund(struct registers *registers, int64_t amount);
enum invalid_reason registers_rebind(struct registers *registers, int64_t amount);
/* What is held of a lot that has ended leaves the chain (EXP). */
enum invalid_reason registers_expire(struct registers *registers, int64_t amount);
enum invalid_reason registers_give(struct registers *registers, int64_t amount);
/* Sets aside what the journal may use (HOLD), and ends that (REL): at most what is set aside. */
enum invalid_reason registers_hold(struct registers *registers, int64_t amount);
enum invalid_reason registers_release(struct registers *registers, int64_t amount);
enum invalid_reason registers_cover(struct registers *registers, int64_t amount);
/* The office takes over what a retired journal has (PO, and PIN on its own row). How much is there
 * is the office's business, not the verdict's: its own row shows an overdraft at once. */
enum invalid_reason registers_reclaim(struct registers *retired, struct registers *office,
                                      int64_t amount);
/* The office gives back to the shortfall of a retired journal, out of what it holds (BKO, BK). */
enum invalid_reason registers_repay(struct registers *retired, struct registers *office,
                                    int64_t amount);

/* What one journal ever granted another of one lot, and what of it was accepted. */
struct grant {
    int64_t granted;   /* G */
    int64_t accepted;  /* A <= G, by the receiver */
    int64_t witnessed; /* W <= A: a checkpoint of the giver covers it */
    int64_t adopted;   /* A <= G, by the office for a retired receiver */
    int64_t returned;  /* V <= A, by the receiver to a retired giver */
};

/* Of what was accepted by this pair and not returned: what no checkpoint covers. */
int64_t grant_unwitnessed(const struct grant *grant);
/* A, merged: who states a fact again does not add to it. */
int64_t grant_accepted(const struct grant *grant);
/* Granted and not accepted by anybody. >= 0 (L2). */
int64_t grant_flying(const struct grant *grant);

/* Raises granted. */
enum invalid_reason grant_give(struct grant *grant, int64_t amount);
/* Raises accepted to `cumulative`, at most `granted_at_dep`; the receiver's `in` rises by the
 * difference, which may be zero. INVALID_OVER_ACCEPT above granted_at_dep. */
enum invalid_reason grant_accept(struct grant *grant, int64_t cumulative, int64_t granted_at_dep,
                                 struct registers *receiver);
/* Raises witnessed to `witnessed`, at most what is accepted and what the checkpoint's position
 * covers of the grant. INVALID_OVER_WITNESS above either. */
enum invalid_reason grant_witness(struct grant *grant, int64_t witnessed, int64_t covered);

/* Of a lot: rights that no checkpoint covers and that were used or passed on already. What expired
 * or was clawed back hurt nobody (protocol: exposed). */
int64_t registers_exposed(const struct registers *registers);

/* What lots are counted in: exposure, quotas and limits are kept for each. */
enum unit {
    UNIT_MONEY, /* principal, bonus and rights to refund: minor units */
    UNIT_POINTS,
    UNIT_VISITS,
    UNIT_VOUCHERS,
    UNIT_CAPACITY,
    UNIT_COUNT,
};
enum unit unit_of_bucket(uint8_t bucket);

/* The office accepts for a retired receiver: raises `adopted`, bounded as above. */
enum invalid_reason grant_adopt(struct grant *grant, int64_t cumulative, int64_t granted_at_dep,
                                struct registers *receiver);
/* The receiver gives back to a retired giver: raises `returned` to `cumulative`, at most what it
 * has accepted without a witness, and only what it still holds. */
enum invalid_reason grant_return(struct grant *grant, int64_t cumulative,
                                 struct registers *receiver, struct registers *giver);

/* May value of a lot with these validity days be used on `day`? The last day counts whole (V1). */
bool lot_is_valid_on(uint32_t from_day, uint32_t to_day, uint32_t day);
/* Has the lot ended, and are `grace` days after its last one over, on `day`? Then whoever holds
 * some of it burns that (V2). */
bool lot_is_over_on(uint32_t to_day, int64_t grace, uint32_t day);

/* Form rules of an event that need nothing but the event: amounts in range, no lot twice, lots of a
 * bucket that the event may issue or use, from_day <= to_day. INVALID_NONE, MALFORMED or
 * BAD_AMOUNT. Knows TOPUP, SPEND, SPEND.HOLD, SPEND.CAPTURE, REFUND, LOT.EXPIRE, LOT.REBIND, the
 * RIGHTS events, CARD.ISSUE, REQUEST.FILE, REQUEST.CLOSE; others: NONE. */
enum invalid_reason event_form(const struct event *event);

#endif
