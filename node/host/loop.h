/* The loop: the one thread that steps the node. Each turn takes a bounded number from each source
 * (requests, frames of each socket, outcomes), so that no peer starves a till; then it lets the
 * node hand over what was decided. */
#ifndef LOOP_H
#define LOOP_H

#include "node.h"

#include "api.h"
#include "dialer.h"
#include "head_keeper.h"
#include "inbox.h"
#include "metrics.h"
#include "seam.h"

/* What the loop drives; all of it outlives the loop. */
struct loop_parts {
    struct world *world; /* with store, committer, verifier and bus */
    struct node *node;
    uint64_t journal; /* own */
    struct digest network;
    struct admission *admission;
    struct dialer *dialer;
    struct head_keeper *heads;
    struct inbox *inbox; /* with api and world->http, or all three NULL */
    struct api *api;
    int signals;                  /* a signalfd: the first one stops cleanly, the second at once */
    const char *unconfirmed_path; /* a file that is there while nobody has confirmed the head */
    bool read_only;               /* node_start said so */
    uint64_t start_wall_ms;
    uint64_t restarts;
    bool until_synced; /* stop cleanly once the node has all that its peers have */
    void (*progress)(const struct node_view *view); /* once a second, or NULL */
};

enum loop_end {
    LOOP_STOPPED = 1, /* cleanly, as asked */
    LOOP_ABANDONED,   /* at once, as asked: a second signal, or draining took too long */
    LOOP_FAILED,      /* the node must not be stepped any more: see the log */
};

/* NULL without memory. `parts` is copied. */
struct loop *loop_new(const struct loop_parts *parts);
void loop_free(struct loop *loop);

/* Until something ends it. After LOOP_FAILED all requests that the node had are answered as
 * unknown. */
enum loop_end loop_run(struct loop *loop);

/* What the commit that failed had said; STATUS_OK if none did. */
enum status loop_commit_failure(const struct loop *loop);

#endif
