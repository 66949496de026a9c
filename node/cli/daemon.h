/* Programs of ours that run beside this one: found next to it, started, stopped, killed. They end
 * when this program ends, however it ends. */
#ifndef DAEMON_H
#define DAEMON_H

#include "tally/status.h"

#include "explanation.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum {
    DAEMON_PATH_SIZE_MAX = 1024,
    DAEMON_ARGUMENTS_MAX = 32,
    DAEMON_STOP_MS_MAX = 20 * 1000,
};

struct daemon {
    pid_t pid; /* 0 = not running */
};

/* The path of a program in the folder of this one. */
MUST_CHECK enum status daemon_find(const char *name, char path[static DAEMON_PATH_SIZE_MAX],
                                   struct explanation *explanation);

/* Starts arguments[0] with its words (NULL ends them); what it writes is appended to `log_path`. */
MUST_CHECK enum status daemon_start(struct daemon *daemon, const char *const *arguments,
                                    const char *log_path, struct explanation *explanation);

/* False once it has ended; then it is no longer running for us. */
bool daemon_alive(struct daemon *daemon);

/* Asks it to stop and waits; kills it if it does not. True if it stopped by itself with exit code
 * 0. */
bool daemon_stop(struct daemon *daemon);

/* SIGKILL, and waits until it is gone. */
void daemon_kill(struct daemon *daemon);

/* Runs a program to its end. Its standard output, cut to `size` - 1 bytes, is in `output`; what it
 * says on standard error is in the explanation when it fails. */
MUST_CHECK enum status daemon_call(const char *const *arguments, char *output, size_t size,
                                   struct explanation *explanation);

#endif
