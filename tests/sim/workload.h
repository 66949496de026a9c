/* Tills and the people in front of them: what is asked of the nodes, and how tills insist. A till
 * keeps a ticket until it has a definite answer, through silence, crashes and unknown outcomes;
 * then it sometimes asks again, at once twice, or for something else under the same ticket.
 */
#ifndef WORKLOAD_H
#define WORKLOAD_H

#include "reception.h"
#include "tally/command.h"

#include <stdbool.h>
#include <stdint.h>

struct sim;
struct workload;

/* What the workload learned of an account. */
struct known_account {
    struct subject_id account;
    struct subject_id member;
    uint8_t card[CARD_NUMBER_SIZE];
    uint32_t machine; /* where it was opened */
};

struct workload *workload_new(uint64_t seed);
void workload_free(struct workload *workload);

/* Gives every machine that runs a node and has none some tills, which begin to ask. */
void workload_start(struct sim *sim);
/* No new errands; those under way go on until they have a definite answer. */
/* The tills of a machine whose branch was retired do nothing any more. */
void workload_close(struct sim *sim, uint32_t machine);
void workload_stop(struct sim *sim);
bool workload_is_done(const struct sim *sim);

/* The till begins this errand of its own now. False: it is busy. */
bool workload_ask(struct sim *sim, uint32_t till_index, uint64_t number);
/* HAPPENING_TILL. */
void workload_till(struct sim *sim, uint32_t till_index, uint64_t version);
/* An answer came, or its node is gone. */
void workload_heard(struct sim *sim, struct pending *pending);

uint32_t workload_account_count(const struct sim *sim);
const struct known_account *workload_account(const struct sim *sim, uint32_t i);
/* Sales that the tills remember. */
uint32_t workload_sale_count(const struct sim *sim);
struct event_ref workload_sale(const struct sim *sim, uint32_t i);

#endif
