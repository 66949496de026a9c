/* Why an operation on the outside was refused, for a person: what, why, what to do next. The status
 * says it to the program; this says it to the operator. */
#ifndef EXPLANATION_H
#define EXPLANATION_H

enum { EXPLANATION_SIZE = 512 };

struct explanation {
    char text[EXPLANATION_SIZE]; /* one sentence or a few, terminated; cut if too long */
};

/* Replaces the text. `explanation` may be NULL: then nobody wants to know. */
void explain(struct explanation *explanation, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
