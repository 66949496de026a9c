/* One thing that a till wants: a command with its texts, drawn so that limits are met exactly as
 * often as they are missed by one. */
#ifndef ERRAND_H
#define ERRAND_H

#include "random_stream.h"
#include "workload.h"

enum {
    ERRAND_TEXT_MAX = 96,
    ERRAND_ACCOUNTS_MAX = 64,
    ERRAND_MEMBERS_MAX = 64,
    ERRAND_SALES_MAX = 256,
};

struct errand {
    bool is_query;
    struct request request;
    char texts[3][ERRAND_TEXT_MAX];
    uint8_t card[CARD_NUMBER_SIZE];
    bool revoked; /* pays with a card that this machine was told is lost or replaced */
};

struct known_sale {
    struct event_ref sale;
    uint32_t machine;
    int64_t amount;
};

struct known_hold {
    struct event_ref hold;
    uint32_t machine;
    int64_t amount;
};

enum { ERRAND_REVOKED_MAX = 32, ERRAND_HOLDS_MAX = 64 };

/* What the tills have learned so far, all together. */
struct errands {
    struct random_stream *random;
    uint32_t accounts_wanted;
    uint64_t made;
    uint32_t account_count;
    struct known_account accounts[ERRAND_ACCOUNTS_MAX];
    uint32_t member_count;
    struct subject_id members[ERRAND_MEMBERS_MAX];
    uint32_t sale_count; /* ever; the last ERRAND_SALES_MAX are kept */
    struct known_sale sales[ERRAND_SALES_MAX];
    uint32_t hold_count; /* ever; the last ERRAND_HOLDS_MAX are kept */
    struct known_hold holds[ERRAND_HOLDS_MAX];
    uint32_t
        revoked_count; /* cards that a machine was told are lost or replaced; the last are kept */
    struct {
        uint32_t machine;
        uint8_t card[CARD_NUMBER_SIZE];
    } revoked[ERRAND_REVOKED_MAX];
    uint32_t freezes; /* weight: 0 = nobody freezes in this seed */
};

void errands_start(struct errands *errands, struct random_stream *random);

struct errand errand_draw(struct world *machine, struct errands *errands, uint32_t till);
/* Points the request at the errand's own texts, wherever the errand is kept now. */
void errand_settle(struct errand *errand);
/* Another wish under the same ticket. False if this kind has nothing to change. */
bool errand_change(struct errand *errand);
void errand_learn(struct world *machine, struct errands *errands, const struct errand *errand,
                  const struct answer *answer);

struct request errand_query(struct world *machine, struct errands *errands, struct page *page);
void errand_check_query(struct world *machine, const struct answer *answer);

#endif
