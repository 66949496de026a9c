#include "spread.h"

#include "share.h"

#include <assert.h>

enum {
    STEPS_MAX = 64, /* a large balance goes in larger steps */
    WEIGHT_OF_VISIT = 1 << 20,
    WEIGHT_OF_HOME = 1 << 19, /* half a visit: the place of an account that was never used */
};

const char *const spread_names[SPREAD_TERMS] = {
    "spread",           "spread_second",      "spread_second_max", "spread_vault",
    "spread_threshold", "spread_account_max", "spread_branch_max",
};

void spread_to_values(const struct spread_terms *terms, int64_t values[static SPREAD_TERMS])
{
    values[0] = terms->mode;
    values[1] = terms->second_percent;
    values[2] = terms->second_max;
    values[3] = terms->vault_percent;
    values[4] = terms->threshold;
    values[5] = terms->account_max;
    values[6] = terms->branch_max;
}

struct spread_terms spread_from_values(const int64_t values[static SPREAD_TERMS])
{
    return (struct spread_terms){.mode = values[0],
                                 .second_percent = values[1],
                                 .second_max = values[2],
                                 .vault_percent = values[3],
                                 .threshold = values[4],
                                 .account_max = values[5],
                                 .branch_max = values[6]};
}

struct spread_terms spread_defaults(void)
{
    return (struct spread_terms){.mode = SPREAD_VISITS,
                                 .second_percent = 25,
                                 .second_max = 15000,
                                 .vault_percent = 15,
                                 .threshold = 2000,
                                 .account_max = 50000,
                                 .branch_max = 5000000};
}

static int64_t percent_of(int64_t amount, int64_t percent)
{
    int64_t within = percent < 0 ? 0 : amount_smaller(percent, 100);
    return share_floor(amount, within, 100);
}

static size_t find_vault(const struct spread_place *places, size_t count)
{
    size_t i = 0;
    while (i < count && !places[i].vault) {
        i++;
    }
    return i;
}

static void target_shares(const struct spread_terms *terms, const struct spread_place *places,
                          size_t count, int64_t rest, int64_t *targets)
{
    for (size_t i = 0; i < count; i++) {
        if (places[i].second && !places[i].home) {
            int64_t part = amount_smaller(percent_of(rest, terms->second_percent),
                                          terms->second_max < 0 ? 0 : terms->second_max);
            part = amount_smaller(part, rest);
            targets[i] += part;
            rest -= part;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (places[i].home) {
            targets[i] += rest;
            rest = 0;
        }
    }
    size_t vault = find_vault(places, count);
    if (vault < count) {
        targets[vault] += rest;
    }
}

/* The place where the next step is wanted most, or `count`. */
static size_t heaviest(const uint64_t *weights, size_t count)
{
    size_t best = count;
    for (size_t i = 0; i < count; i++) {
        if (weights[i] > 0 && (best == count || weights[i] > weights[best])) {
            best = i;
        }
    }
    return best;
}

static void target_visits(const struct spread_terms *terms, const struct spread_place *places,
                          size_t count, int64_t rest, int64_t *targets)
{
    uint64_t weights[SPREAD_PLACES_MAX] = {0};
    int64_t step = rest / STEPS_MAX + 1;
    step = step < terms->threshold ? terms->threshold : step;
    for (size_t i = 0; i < count; i++) {
        weights[i] =
            (uint64_t)places[i].visits * WEIGHT_OF_VISIT + (places[i].home ? WEIGHT_OF_HOME : 0);
    }
    while (rest > 0) {
        size_t best = heaviest(weights, count);
        if (best == count) {
            best = find_vault(places, count);
        }
        if (best == count) {
            return; /* nobody is to hold it: it stays where it is */
        }
        int64_t part = amount_smaller(rest, step);
        targets[best] += part;
        rest -= part;
        weights[best] = weights[best] * 7 / 10;
    }
}

/* What is above a branch's ceilings goes to the vault, which has none. */
static void cap_targets(const struct spread_terms *terms, const struct spread_place *places,
                        size_t count, int64_t *targets)
{
    size_t vault = find_vault(places, count);
    for (size_t i = 0; i < count && vault < count; i++) {
        int64_t most = terms->account_max;
        int64_t reach = places[i].held + places[i].room;
        most = amount_smaller(most, reach < 0 ? 0 : reach);
        if (i != vault && targets[i] > most) {
            targets[vault] += targets[i] - most;
            targets[i] = most;
        }
    }
}

void spread_targets(const struct spread_terms *terms, const struct spread_place *places,
                    size_t count, int64_t whole, int64_t targets[static SPREAD_PLACES_MAX])
{
    assert(count <= SPREAD_PLACES_MAX && whole >= 0);
    for (size_t i = 0; i < SPREAD_PLACES_MAX; i++) {
        targets[i] = 0;
    }
    size_t vault = find_vault(places, count);
    int64_t rest = whole;
    if (vault < count) {
        targets[vault] = percent_of(whole, terms->vault_percent);
        rest -= targets[vault];
    }
    if (terms->mode == SPREAD_SHARES) {
        /* The second branch's percentage is of the whole. */
        struct spread_terms of_rest = *terms;
        of_rest.second_max =
            amount_smaller(terms->second_max, percent_of(whole, terms->second_percent));
        of_rest.second_percent = 100;
        target_shares(&of_rest, places, count, rest, targets);
    } else {
        target_visits(terms, places, count, rest, targets);
    }
    cap_targets(terms, places, count, targets);
}

size_t spread_moves(const struct spread_terms *terms, const struct spread_place *places,
                    size_t count, size_t own, int64_t whole, int64_t movable,
                    struct spread_move moves[static SPREAD_PLACES_MAX])
{
    assert(own < count);
    int64_t targets[SPREAD_PLACES_MAX];
    spread_targets(terms, places, count, whole, targets);
    int64_t surplus = amount_smaller(places[own].held - targets[own], movable);
    size_t moved = 0;
    if (terms->mode == SPREAD_OFF || surplus <= terms->threshold) {
        return 0;
    }
    bool served[SPREAD_PLACES_MAX] = {false};
    served[own] = true;
    while (surplus > 0) {
        size_t best = count;
        for (size_t i = 0; i < count; i++) {
            bool lacks = !served[i] && places[i].reachable && targets[i] > places[i].held;
            if (lacks && (best == count ||
                          targets[i] - places[i].held > targets[best] - places[best].held)) {
                best = i;
            }
        }
        /* Dust is not worth an event. */
        if (best == count || targets[best] - places[best].held <= terms->threshold / 2) {
            break;
        }
        served[best] = true;
        int64_t amount = amount_smaller(surplus, targets[best] - places[best].held);
        moves[moved++] = (struct spread_move){.to = places[best].journal, .amount = amount};
        surplus -= amount;
    }
    return moved;
}
