/* How a subcommand ended, which is also the exit code of the process. */
#ifndef OUTCOME_H
#define OUTCOME_H

enum outcome {
    OUTCOME_DONE = 0,
    OUTCOME_REFUSED = 1,     /* the rules, the node or the disk said no; nothing was done */
    OUTCOME_USAGE = 2,       /* the command line does not make sense */
    OUTCOME_UNREACHABLE = 3, /* no node answered; nothing was done */
    OUTCOME_UNKNOWN = 4,     /* it may have been done: repeat with the same key */
};

#endif
