#include "spend.h"

#include "share.h"

#include <assert.h>
#include <string.h>

/* A lot with the key by which it is used. Lots equal in (rank, end, issued) are one group: they pay
 * together, principal and bonus in proportion to what is usable of each. */
struct payer {
    const struct spendable *lot;
    uint32_t rank; /* 0 unless one bucket of the whole account goes first */
    uint32_t end;  /* of its pair, or its own under EXPIRY_FIRST */
};

struct group {
    const struct payer *payers;
    size_t count;
    int64_t principal; /* usable */
    int64_t bonus;
};

/* 0 never ends: that is the last end of all. */
static uint32_t end_of(const struct spendable *lot)
{
    return lot->to_day == 0 ? UINT32_MAX : lot->to_day;
}

static uint32_t end_of_pair(const struct spendable *lots, size_t count, struct event_ref issued)
{
    uint32_t end = UINT32_MAX;
    for (size_t i = 0; i < count; i++) {
        if (lots[i].usable > 0 && event_ref_equal(lots[i].issued, issued) &&
            end_of(&lots[i]) < end) {
            end = end_of(&lots[i]);
        }
    }
    return end;
}

static uint32_t rank_of(uint8_t bucket, enum spend_order order)
{
    switch (order) {
    case SPEND_PRINCIPAL_FIRST:
        return bucket == BUCKET_PRINCIPAL ? 0 : 1;
    case SPEND_BONUS_FIRST:
        return bucket == BUCKET_PRINCIPAL ? 1 : 0;
    case SPEND_PROPORTIONAL:
    case SPEND_EXPIRY_FIRST:
        break;
    }
    return 0;
}

static int order_of_numbers(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

/* Earliest end first (R2), then oldest. Age is the place in the issuer's journal; journals have no
 * common age, so that between two of them their number decides, the same on every node. */
static int order_of_groups(const struct payer *a, const struct payer *b)
{
    const uint64_t keys[5][2] = {
        {a->rank, b->rank},
        {a->end, b->end},
        {a->lot->issued.journal, b->lot->issued.journal},
        {a->lot->issued.seq, b->lot->issued.seq},
        {a->lot->issued.index, b->lot->issued.index},
    };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        int order = order_of_numbers(keys[i][0], keys[i][1]);
        if (order != 0) {
            return order;
        }
    }
    return 0;
}

/* Within a group by bucket, then by the lot's own end, then by its name: the plan depends on what
 * is there and not on the order in which the caller found it. */
static int order_of_payers(const struct payer *a, const struct payer *b)
{
    int order = order_of_groups(a, b);
    if (order == 0) {
        order = order_of_numbers(a->lot->bucket, b->lot->bucket);
    }
    if (order == 0) {
        order = order_of_numbers(end_of(a->lot), end_of(b->lot));
    }
    if (order == 0) {
        order = memcmp(a->lot->lot.bytes, b->lot->lot.bytes, sizeof a->lot->lot.bytes);
    }
    return order;
}

static void insert_payer(struct payer *payers, size_t count, struct payer payer)
{
    size_t at = count;
    while (at > 0 && order_of_payers(&payers[at - 1], &payer) > 0) {
        payers[at] = payers[at - 1];
        at--;
    }
    payers[at] = payer;
}

static size_t list_payers(const struct spendable *lots, size_t count, enum spend_order order,
                          struct payer payers[static SHEET_LOTS_MAX])
{
    size_t listed = 0;
    for (size_t i = 0; i < count; i++) {
        if (lots[i].usable <= 0) {
            continue;
        }
        uint32_t end = order == SPEND_EXPIRY_FIRST ? end_of(&lots[i])
                                                   : end_of_pair(lots, count, lots[i].issued);
        struct payer payer = {.lot = &lots[i], .rank = rank_of(lots[i].bucket, order), .end = end};
        insert_payer(payers, listed, payer);
        listed++;
    }
    return listed;
}

static struct group group_at(const struct payer *payers, size_t count)
{
    struct group group = {.payers = payers};
    while (group.count < count && order_of_groups(&payers[0], &payers[group.count]) == 0) {
        const struct spendable *lot = payers[group.count].lot;
        if (lot->bucket == BUCKET_PRINCIPAL) {
            group.principal += lot->usable;
        } else {
            group.bonus += lot->usable;
        }
        group.count++;
    }
    return group;
}

/* Adds the group's lines for `amount`, or nothing and returns false if they do not all fit: half a
 * pair would not be in proportion, and what it covers could not be planned again. */
static bool plan_group(const struct group *group, int64_t amount, struct spend_plan *plan)
{
    /* Down for principal, in the member's favour. Neither part passes its bucket, because the
     * amount does not pass both. */
    int64_t principal = share_floor(amount, group->principal, group->principal + group->bonus);
    int64_t bonus = amount - principal;
    assert(principal <= group->principal && bonus <= group->bonus);

    struct spend_plan longer = *plan;
    longer.covered += amount;
    longer.principal += principal;
    longer.bonus += bonus;
    for (size_t i = 0; i < group->count; i++) {
        const struct spendable *lot = group->payers[i].lot;
        int64_t *due = lot->bucket == BUCKET_PRINCIPAL ? &principal : &bonus;
        int64_t taken = amount_smaller(*due, lot->usable);
        if (taken == 0) {
            continue;
        }
        if (longer.line_count == EVENT_LINES_MAX) {
            return false;
        }
        longer.lines[longer.line_count] =
            (struct spend_line){.lot = lot->lot, .bucket = lot->bucket, .amount = taken};
        longer.line_count++;
        *due -= taken;
    }
    *plan = longer; /* the lines add up to what is covered (R1) */
    return true;
}

void spend_plan(const struct spendable *lots, size_t count, int64_t amount, enum spend_order order,
                struct spend_plan *plan)
{
    assert(count <= SHEET_LOTS_MAX);
    assert(amount > 0);

    struct payer payers[SHEET_LOTS_MAX];
    size_t payer_count = list_payers(lots, count, order, payers);

    *plan = (struct spend_plan){0};
    size_t at = 0;
    while (at < payer_count && plan->covered < amount) {
        struct group group = group_at(&payers[at], payer_count - at);
        int64_t due = amount_smaller(amount - plan->covered, group.principal + group.bonus);
        if (!plan_group(&group, due, plan)) {
            return;
        }
        at += group.count;
    }
}
