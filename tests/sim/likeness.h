/* Two machines with one frontier are alike, row by row. */
#ifndef LIKENESS_H
#define LIKENESS_H

struct sim;
struct world;

void likeness_check(struct sim *sim, struct world *a, struct world *b);

#endif
