/* What the authority has said: who may write a journal and with which key, limits, products, the
 * organisation. Facts are kept with the authority position at which they were said, and every
 * lookup is "as of" a position, so that an event's verdict is the same whenever it is judged. */
#ifndef ROSTER_H
#define ROSTER_H

#include "tally/bounds.h"
#include "tally/event.h"
#include "tally/id.h"

/* What the authority said of a journal's end. */
struct roster_end {
    uint64_t since; /* authority position; 0 = not said */
    uint8_t kind;   /* enum retire_kind */
    uint64_t seq;   /* LOST, STOLEN: the last block known then; CLOSED: the last of all */
    struct digest id;
    bool forked; /* by a JOURNAL.RESOLVE: the journal had two histories, this one stands */
};

struct roster_journal {
    uint64_t journal;
    uint64_t since;            /* authority position of the admission */
    struct roster_end retired; /* from here on the office acts for it */
    struct roster_end ended;   /* nothing behind this block belongs to it; set with or after the
                                  retirement */
    uint8_t public_key[32];
    uint8_t transport_key[32];
    uint16_t roles;
    bool suspended; /* as of now: nobody moves rights to it, it gets no lease */
    uint32_t endpoint_size;
    uint8_t endpoint[ENDPOINT_SIZE_MAX];
    uint32_t name_size;
    uint8_t name[NAME_SIZE_MAX];
};

struct roster_product {
    uint32_t product;
    uint32_t version;
    uint64_t since;
    uint32_t name_size;
    uint8_t name[NAME_SIZE_MAX];
    uint8_t currency[CURRENCY_SIZE];
    uint8_t named;
    uint8_t order;
    int64_t balance_cap;
    uint32_t bonus_days;
    uint32_t bonus_months;
    uint8_t step_count;
    struct bonus_step steps[BONUS_STEPS_MAX];
};

struct roster_limit {
    uint32_t branch; /* 0 = all */
    uint64_t since;
    uint32_t name_size;
    uint8_t name[32];
    int64_t value;
};

/* What a branch may mint of a bucket on one day. */
struct roster_quota {
    uint32_t branch; /* 0 = all */
    uint64_t since;
    uint8_t bucket;
    int64_t per_day;
};

/* A key of the authority, certified by the root. */
struct roster_epoch {
    uint64_t since; /* authority position from which on it signs */
    uint64_t number;
    uint8_t public_key[32];
    uint32_t until_day; /* past it nodes warn; 0 = no end */
};

enum { ROSTER_LIMITS_MAX = 256, ROSTER_QUOTAS_MAX = 1024, ROSTER_EPOCHS_MAX = 64 };

struct roster {
    uint64_t seq; /* authority position: last authority block applied */
    uint32_t epoch_count;
    struct roster_epoch epochs[ROSTER_EPOCHS_MAX]; /* in order */
    uint32_t organisation_size;
    uint8_t organisation[NAME_SIZE_MAX];
    int32_t zone_minutes;
    uint8_t currency[CURRENCY_SIZE];
    bool full; /* something did not fit: this node's bounds are too small for the network */
    uint32_t journal_count;
    uint32_t journal_capacity;
    struct roster_journal *journals; /* by journal; memory is the caller's */
    uint32_t product_count;
    struct roster_product products[PRODUCT_VERSIONS_MAX]; /* in order of publication */
    uint32_t limit_count;
    struct roster_limit limits[ROSTER_LIMITS_MAX];
    uint32_t quota_count;
    struct roster_quota quotas[ROSTER_QUOTAS_MAX];
};

/* Applies one event of the authority journal standing at position `seq`. Facts that make no sense
 * (a journal admitted twice, a product version that does not follow) change nothing. */
void roster_apply(struct roster *roster, uint64_t seq, const struct event *event);

/* The epoch whose key signs now; NULL while nothing of the authority is known. */
const struct roster_epoch *roster_epoch(const struct roster *roster);
/* Could the authority have signed with this key, as of `auth`? With the key of then, or with the
 * one before it: what the office signed just before it changed keys may be delivered after it. */
bool roster_signs(const struct roster *roster, const uint8_t key[static 32], uint64_t auth);

/* NULL if not admitted as of `auth`. */
const struct roster_journal *roster_journal(const struct roster *roster, uint64_t journal,
                                            uint64_t auth);
/* Was it admitted, and not retired, as of `auth`? To such a journal rights may be moved. */
bool roster_is_active(const struct roster *roster, uint64_t journal, uint64_t auth);
/* Its retirement as of `auth`, or NULL. */
const struct roster_end *roster_retired(const struct roster *roster, uint64_t journal,
                                        uint64_t auth);
/* The block behind which nothing of the journal counts, as of now; or NULL. */
const struct roster_end *roster_end_of(const struct roster *roster, uint64_t journal);
/* Did this block come to light after its journal was written off as lost? */
bool roster_is_late(const struct roster *roster, uint64_t journal, uint64_t seq);
/* NULL if nobody has that transport key. */
const struct roster_journal *roster_by_transport(const struct roster *roster,
                                                 const uint8_t key[static 32]);
/* The newest version published as of `auth`, or exactly `version` when it is not 0; or NULL. */
const struct roster_product *roster_product(const struct roster *roster, uint32_t product,
                                            uint32_t version, uint64_t auth);
/* The branch's own limit, else the default for all, else 0. */
int64_t roster_limit(const struct roster *roster, const char *name, uint32_t branch, uint64_t auth);
/* The branch's own quota of the bucket for one day, else the default for all, else 0. */
int64_t roster_quota(const struct roster *roster, uint32_t branch, uint8_t bucket, uint64_t auth);
/* A journal with the office's role that may write; 0 = none. */
uint64_t roster_office(const struct roster *roster);
/* Is this journal's branch suspended, as far as this node knows? A precondition of what a node
 * does, never part of a verdict. */
bool roster_is_suspended(const struct roster *roster, uint64_t journal);

#endif
