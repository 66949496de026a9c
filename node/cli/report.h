/* What a replay did, for a person, and the same figures for a program. */
#ifndef REPORT_H
#define REPORT_H

#include "proof.h"
#include "replay_book.h"

#include <stdio.h>

/* What was done to the nodes meanwhile; all zeros when nothing was. */
struct report_story {
    bool told;
    const char *cut_name; /* the branch that was cut off from its peers */
    size_t cut_node;      /* its place in the book */
    uint64_t cut_ms;      /* for how long */
    uint64_t catch_up_ms; /* from the heal until the office had all of its offline history */
    bool caught_up;
    const char *killed_name;
    uint64_t killed_ms; /* from SIGKILL until it answered again */
};

struct report {
    const char *source; /* of the traffic, in words */
    bool generated;
    const char *const *names; /* of the nodes in the book */
    char currency[REPLAY_CURRENCY_SIZE];
    uint64_t took_ms;
    const struct replay_book *book;
    struct report_story story;
    const struct proof *proof; /* NULL: none was made */
};

void report_print(const struct report *report, FILE *out);

/* Writes the figures as one JSON document. STATUS_IO if the file cannot be written. */
MUST_CHECK enum status report_write(const struct report *report, const char *path,
                                    struct explanation *explanation);

#endif
