#include "refund.h"

#include "share.h"

#include <assert.h>

/* The lines of one pair, and what is left of its two buckets. */
struct pair {
    struct event_ref issued;
    int64_t principal;
    int64_t bonus;
};

static size_t list_pairs(const struct refundable *lines, size_t count,
                         struct pair pairs[static EVENT_LINES_MAX])
{
    size_t listed = 0;
    for (size_t i = 0; i < count; i++) {
        size_t at = 0;
        while (at < listed && !event_ref_equal(pairs[at].issued, lines[i].issued)) {
            at++;
        }
        if (at == listed) {
            pairs[at] = (struct pair){.issued = lines[i].issued};
            listed++;
        }
        if (lines[i].bucket == BUCKET_PRINCIPAL) {
            pairs[at].principal += lines[i].left;
        } else {
            pairs[at].bonus += lines[i].left;
        }
    }
    return listed;
}

/* What one bucket of one pair gets back. */
struct bucket_part {
    struct event_ref issued;
    bool principal;
    int64_t amount;
};

/* Gives the part to the lines of its bucket, by what is left of each. */
static void split_bucket(const struct refundable *lines, size_t count, struct bucket_part part,
                         int64_t *parts)
{
    if (part.amount == 0) {
        return;
    }
    int64_t weights[EVENT_LINES_MAX] = {0};
    int64_t shares[EVENT_LINES_MAX] = {0};
    for (size_t i = 0; i < count; i++) {
        bool same = (lines[i].bucket == BUCKET_PRINCIPAL) == part.principal &&
                    event_ref_equal(lines[i].issued, part.issued);
        weights[i] = same ? lines[i].left : 0;
    }
    share_split(part.amount, weights, count, shares);
    for (size_t i = 0; i < count; i++) {
        parts[i] += shares[i];
    }
}

int64_t refund_split(const struct refundable *lines, size_t count, int64_t amount, int64_t *parts)
{
    assert(count <= EVENT_LINES_MAX);

    struct pair pairs[EVENT_LINES_MAX];
    size_t pair_count = list_pairs(lines, count, pairs);
    int64_t weights[EVENT_LINES_MAX] = {0};
    int64_t left = 0;
    for (size_t i = 0; i < pair_count; i++) {
        weights[i] = pairs[i].principal + pairs[i].bonus;
        left += weights[i];
    }
    if (amount <= 0 || amount > left) {
        return left;
    }

    int64_t shares[EVENT_LINES_MAX] = {0};
    share_split(amount, weights, pair_count, shares);
    for (size_t i = 0; i < count; i++) {
        parts[i] = 0;
    }
    for (size_t i = 0; i < pair_count; i++) {
        if (shares[i] == 0) {
            continue;
        }
        /* Up for principal, so that part refunds favour the member and the last one empties both
         * lines (R3); neither passes what is left, as shares[i] <= weights[i]. */
        int64_t principal = share_ceil(shares[i], pairs[i].principal, weights[i]);
        struct bucket_part first = {pairs[i].issued, true, principal};
        struct bucket_part second = {pairs[i].issued, false, shares[i] - principal};
        split_bucket(lines, count, first, parts);
        split_bucket(lines, count, second, parts);
    }
    return left;
}
