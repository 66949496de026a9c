/* The host: a node on this machine, from its data directory to its clean end. `tallyd` runs one;
 * `tally branch join` runs one until it has caught up. */
#ifndef HOST_H
#define HOST_H

#include "tally/command.h"
#include "tally/world.h"

#include "config.h"
#include "explanation.h"
#include "key_store.h"
#include "store.h"

/* What a run returns, for exit(). */
enum host_exit {
    HOST_EXIT_OK = 0,           /* stopped as asked */
    HOST_EXIT_USAGE = 64,       /* the command line */
    HOST_EXIT_DATA = 65,        /* the store is damaged, or is not this node's */
    HOST_EXIT_NOT_FOUND = 66,   /* no data directory, identity or keys there */
    HOST_EXIT_UNAVAILABLE = 69, /* an address or port cannot be used */
    HOST_EXIT_UNSAFE = 70,      /* the self-test of the door failed */
    HOST_EXIT_IO = 74,          /* the disk failed, or a commit's outcome is unknown: look first */
    HOST_EXIT_AGAIN = 75,       /* the store is in use, the disk is full, or a stop took too long */
    HOST_EXIT_DENIED = 77,      /* permissions */
    HOST_EXIT_CONFIG = 78,      /* the configuration file */
};

struct host_options {
    const char *directory;   /* NULL: what the configuration says */
    const char *config_path; /* NULL: config.conf in the directory, if it is there */
    /* Stop cleanly once the node has all that its peers have; no HTTP meanwhile. */
    bool until_synced;
    void (*progress)(const struct node_view *view); /* once a second, on this thread; or NULL */
};

/* What would be in force. */
MUST_CHECK enum status host_config(const struct host_options *options, struct config *config,
                                   struct explanation *explanation);

/* Runs until SIGTERM or SIGINT (the second one ends it at once), or until it is synced, or until
 * something fails; each refusal is one line of the log. Blocks those signals for the process and
 * ignores SIGPIPE. No other thread may run yet. Returns an enum host_exit. */
int host_run(const struct host_options *options);

/* A world for tools that work on a closed node: commits happen before world_commit returns, frames
 * and answers go nowhere. Keeps both. NULL without memory. */
struct world *host_world_for_tools(struct store *store, struct key_store *keys);
/* Accepts NULL. */
void host_world_free(struct world *world);

#endif
