/* Rows about value that was handed out without cover. */
#ifndef RECORD_RISK_H
#define RECORD_RISK_H

#include "record.h"

/* What one journal has sold of an account without cover, what of that is acknowledged as settled,
 * what it left as debt, and (the office's) what was covered. All only grow. */
struct risk_record {
    int64_t given;
    int64_t acked;
    int64_t debt;
    int64_t covered;
};
bool risk_load(struct rows *rows, const struct subject_id *account, uint64_t journal,
               struct risk_record *record);
void risk_save(struct rows *rows, const struct subject_id *account, uint64_t journal,
               const struct risk_record *record);

/* One sale with an uncovered part. */
struct risk_sale_record {
    struct subject_id account;
    int64_t risk;
    bool acked; /* its branch has noted that it was settled */
};
bool risk_sale_load(struct rows *rows, struct event_ref sale, struct risk_sale_record *record);
void risk_sale_save(struct rows *rows, struct event_ref sale,
                    const struct risk_sale_record *record);

/* The sale that a RISK.SETTLE closed. */
bool settle_load(struct rows *rows, struct event_ref settle, struct event_ref *sale);
void settle_save(struct rows *rows, struct event_ref settle, struct event_ref sale);

/* Rights moved to the office for a cover, as far as they were not needed yet. */
struct surplus_record {
    uint64_t giver;
    int64_t amount;
};
bool surplus_load(struct rows *rows, const struct subject_id *account,
                  struct surplus_record *record);
void surplus_save(struct rows *rows, const struct subject_id *account,
                  const struct surplus_record *record);

/* What the journal has sold without cover and not acknowledged as settled: of all accounts. */
int64_t risk_open_of(struct rows *rows, uint64_t journal);

struct row_key key_of_risk(const struct subject_id *account, uint64_t journal);
struct row_key key_of_settled(struct event_ref sale, uint64_t journal);
struct row_key key_of_settle_task(const struct subject_id *account, struct event_ref sale);
struct row_key key_of_risk_task(uint64_t journal, struct event_ref settle);

#endif
