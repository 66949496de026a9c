/* The engine: a node on its store, from opening (with what recovery the store needs) to closing.
 * The host makes one at start, and a new one in its place when a full disk has room again. */
#ifndef ENGINE_H
#define ENGINE_H

#include "node.h"

#include "config.h"
#include "explanation.h"
#include "file.h"
#include "identity.h"
#include "seam.h"

struct engine {
    /* what it is made from; kept */
    const struct config *config;
    const struct identity *identity;
    struct world *world; /* with keys; gets store, committer and verifier */
    const char *directory;
    /* what it is */
    char store_path[FILE_PATH_SIZE_MAX];
    char head_path[FILE_PATH_SIZE_MAX];
    char
        unconfirmed_path[FILE_PATH_SIZE_MAX]; /* the file is there until a peer confirms the head */
    bool head_known;                          /* the head file was there, whole and signed by us */
    struct node_setup setup;
    void *memory;
    struct node *node;
    bool read_only;
};

enum engine_fate {
    ENGINE_RUNS,
    ENGINE_BUSY,    /* another process has the store, or the disk is full: try again */
    ENGINE_FOREIGN, /* the store is not this node's */
    ENGINE_DAMAGED, /* the store cannot be trusted and could not be repaired */
    ENGINE_FAILED,  /* the machine failed us: disk, memory, permissions */
};

/* Only the first four members of `engine` are set. Explains every fate but ENGINE_RUNS, after which
 * `engine` can be stepped; after any other it is closed. */
enum engine_fate engine_open(struct engine *engine, struct explanation *explanation);
/* Waits for a commit in flight. May be called twice. */
void engine_close(struct engine *engine);

#endif
