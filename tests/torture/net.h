/* Networks of the scenario's own: a namespace a node, each on a line of its own to this one, which
 * passes on between them. What is between two nodes can be cut, one way or both; what is between
 * this program and a node is not touched by that. */
#ifndef NET_H
#define NET_H

#include "torture.h"

#include "fleet.h"

enum net_fault {
    NET_DROP,  /* packets vanish */
    NET_RESET, /* connections are reset */
    NET_LOSE,  /* three of ten packets vanish */
};

struct net {
    size_t count;
    char spaces[FLEET_NODES_MAX][24];
    char hosts[FLEET_NODES_MAX][32];
    const char *space_list[FLEET_NODES_MAX];
    const char *host_list[FLEET_NODES_MAX];
};

/* Skips the scenario where the machine does not permit it. */
void net_open(struct net *net, const struct torture *torture, size_t count);

/* What goes from one to the other. */
void net_cut(const struct net *net, const struct torture *torture, enum net_fault how, size_t from,
             size_t to);
void net_cut_both(const struct net *net, const struct torture *torture, enum net_fault how,
                  size_t one, size_t other);
/* Cuts each from each. */
void net_cut_all(const struct net *net, const struct torture *torture, enum net_fault how);
/* A node's line carries so much in a second, in kilobits. */
void net_slow(const struct net *net, const struct torture *torture, size_t node, unsigned kbit);
/* Takes a node's line down or up, also for this program. */
void net_unplug(const struct net *net, const struct torture *torture, size_t node, bool out);
/* Ends every cut and every slowness. */
void net_heal(const struct net *net, const struct torture *torture);

const char *net_fault_name(enum net_fault how);

#endif
