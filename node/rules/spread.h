/* Which part of an account's money each branch should hold, so that members are served also where
 * there is no network: policy, and never safety (invariants R5, R6). Pure.
 *
 * SPREAD_SHARES: the second branch (the most used other one) a percentage up to an amount, the
 * vault (the office) a percentage, the home branch the rest.
 * SPREAD_VISITS: the vault its percentage; the rest in steps of the size of the threshold, each to
 * the branch where it is most likely to be wanted: where the account was used most, less three
 * tenths for each step that the branch has already. */
#ifndef SPREAD_H
#define SPREAD_H

#include "tally/money.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum spread_mode {
    SPREAD_OFF = 0,
    SPREAD_SHARES = 1,
    SPREAD_VISITS = 2,
};

enum {
    SPREAD_PLACES_MAX = 12,
    SPREAD_KEEP_DAYS = 7, /* a lot that ends sooner is not moved any more */
};

/* What LIMITS.SET says, each under the name beside it. */
struct spread_terms {
    int64_t mode;           /* spread */
    int64_t second_percent; /* spread_second */
    int64_t second_max;     /* spread_second_max */
    int64_t vault_percent;  /* spread_vault */
    int64_t threshold;      /* spread_threshold: smaller surpluses stay */
    int64_t account_max;    /* spread_account_max: of one account at one branch */
    int64_t branch_max;     /* spread_branch_max: of all accounts at one branch */
};

enum { SPREAD_TERMS = 7 };
extern const char *const spread_names[SPREAD_TERMS];
/* The terms in the order of the names. */
void spread_to_values(const struct spread_terms *terms, int64_t values[static SPREAD_TERMS]);
struct spread_terms spread_from_values(const int64_t values[static SPREAD_TERMS]);
/* With which a network is founded. */
struct spread_terms spread_defaults(void);

/* A journal that may hold rights of the account. */
struct spread_place {
    uint64_t journal;
    bool home;
    bool second;
    bool vault;      /* has no ceiling */
    bool reachable;  /* rights can be sent there now */
    uint32_t visits; /* of the account, of late */
    int64_t held;    /* of the account, with what is on its way there */
    int64_t room;    /* until the ceiling of the branch; below 0 it is passed */
};

/* What each place should hold of `whole`; the parts add up to it (R5) if there is a place to hold
 * it: a vault, a home, or one that was visited. */
void spread_targets(const struct spread_terms *terms, const struct spread_place *places,
                    size_t count, int64_t whole, int64_t targets[static SPREAD_PLACES_MAX]);

struct spread_move {
    uint64_t to;
    int64_t amount;
};

/* What the place `own` should give, of at most `movable`, most deficient reachable place first.
 * Nothing while its surplus is within the threshold. Returns how many moves; their sum never passes
 * `movable` nor the surplus (R6). */
size_t spread_moves(const struct spread_terms *terms, const struct spread_place *places,
                    size_t count, size_t own, int64_t whole, int64_t movable,
                    struct spread_move moves[static SPREAD_PLACES_MAX]);

#endif
