#include "share.h"

#include <assert.h>
#include <stdbool.h>

enum {
    SHARE_PARTS_MAX = 64,
};

/* A product of two amounts. C11 has no name for it; both compilers do, on all our machines. */
__extension__ typedef unsigned __int128 wide;

struct quotient {
    int64_t whole;
    int64_t rest;
};

/* Long division by hand, because a compiler's 128-bit division is a call out of this library. */
static struct quotient divide(wide product, uint64_t q)
{
    wide rest = 0;
    wide whole = 0;
    for (int bit = 127; bit >= 0; bit--) {
        rest = rest << 1 | (product >> bit & 1U);
        whole <<= 1;
        if (rest >= q) {
            rest -= q;
            whole |= 1U;
        }
    }
    assert(whole <= (wide)INT64_MAX);
    return (struct quotient){.whole = (int64_t)whole, .rest = (int64_t)rest};
}

static struct quotient quotient_of(int64_t a, int64_t p, int64_t q)
{
    assert(a >= 0 && p >= 0);
    assert(q > 0);
    return divide((wide)a * (wide)p, (uint64_t)q);
}

int64_t share_floor(int64_t a, int64_t p, int64_t q)
{
    return quotient_of(a, p, q).whole;
}

int64_t share_ceil(int64_t a, int64_t p, int64_t q)
{
    struct quotient quotient = quotient_of(a, p, q);
    return quotient.whole + (quotient.rest > 0 ? 1 : 0);
}

int64_t share_round(int64_t a, int64_t p, int64_t q)
{
    struct quotient quotient = quotient_of(a, p, q);
    return quotient.whole + (quotient.rest >= q - quotient.rest ? 1 : 0);
}

static int64_t sum_of(const int64_t *weights, size_t count)
{
    int64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        assert(weights[i] >= 0);
        bool fits = amount_add(sum, weights[i], &sum);
        assert(fits);
        (void)fits;
    }
    return sum;
}

static size_t largest_of(const int64_t *rests, size_t count)
{
    size_t largest = 0;
    for (size_t i = 1; i < count; i++) {
        if (rests[i] > rests[largest]) {
            largest = i;
        }
    }
    return largest;
}

void share_split(int64_t amount, const int64_t *weights, size_t count, int64_t *parts)
{
    assert(count <= SHARE_PARTS_MAX);
    int64_t rests[SHARE_PARTS_MAX] = {0};
    int64_t sum = sum_of(weights, count);
    int64_t over = amount;
    for (size_t i = 0; i < count; i++) {
        struct quotient quotient = quotient_of(amount, weights[i], sum);
        parts[i] = quotient.whole;
        rests[i] = quotient.rest;
        over -= quotient.whole;
    }
    /* The rests add up to `over` times the sum and each is below it: there are more of them than
     * units to hand out, each takes one at most, and the parts add up. A weight that its whole
     * share fills leaves no rest, so that no part passes its weight (R1). */
    while (over > 0) {
        size_t largest = largest_of(rests, count);
        assert(rests[largest] > 0);
        rests[largest] = 0;
        parts[largest]++;
        over--;
    }
}
