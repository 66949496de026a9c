/* A progress bar on a terminal; a line every few seconds where there is none. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct progress {
    FILE *out;
    bool terminal;
    bool drawn; /* an unfinished bar stands on the line */
    uint64_t total;
    uint64_t started_ms;
    uint64_t shown_ms;
    uint64_t recent_ms; /* for the rate of the last moments */
    uint64_t recent_done;
    uint64_t rate;
    const char *note; /* what is going on; borrowed, may be NULL */
};

void progress_start(struct progress *progress, FILE *out, uint64_t total);

/* May be called as often as one likes; it draws a few times a second at most. */
void progress_show(struct progress *progress, uint64_t done);

/* Ends the line, after a last drawing. */
void progress_end(struct progress *progress, uint64_t done);

/* A line of its own above the bar. */
void progress_say(struct progress *progress, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
