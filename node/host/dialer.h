/* The dialer: who may talk to this node and whom it calls, from the authority journal, the identity
 * file and the configuration. Of each pair of nodes one dials: the one with the higher journal
 * number, so that branches call the office and younger branches older ones. */
#ifndef DIALER_H
#define DIALER_H

#include "bus.h"
#include "config.h"
#include "identity.h"
#include "node.h"

struct dialer;

/* `config` and `identity` are kept. NULL without memory. */
struct dialer *dialer_new(const struct config *config, const struct identity *identity);
void dialer_free(struct dialer *dialer);

/* Once a second, and when the authority may have spoken: brings the admission and the bus up to
 * date with what the node knows. */
void dialer_turn(struct dialer *dialer, const struct node *node, struct admission *admission,
                 struct bus *bus);

/* Answers what the ZAP thread asks. */
void dialer_answer(struct dialer *dialer, const struct node *node, struct admission *admission);

/* Asks the node again about each key that is connected: cheap, after each commit, so that who is
 * revoked is out at once. */
void dialer_revoke(struct dialer *dialer, const struct node *node, struct admission *admission,
                   const struct bus *bus);

/* Admitted journals known, without this one. */
uint32_t dialer_contact_count(const struct dialer *dialer);

#endif
