/* What a policy of distribution is worth: a year of visits against real nodes in virtual time, with
 * outages laid over it, once for each policy. `tally-sim --policy NAME|all`. */
#ifndef POLICY_H
#define POLICY_H

/* All of the command line; returns the exit code. */
int policy_main(int argc, char **argv);

#endif
