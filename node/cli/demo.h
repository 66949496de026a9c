/* `tally demo`: a chain on this machine, a year of card traffic, a branch that is cut off, one that
 * is killed, and the proof that nothing was lost. */
#ifndef DEMO_H
#define DEMO_H

int demo_main(int argc, char **argv);

#endif
