/* How an operation on the outside, or on bytes from outside, can fail. A refusal by the rules is
 * not a status but a verdict (tally/command.h); a mistake of our own is an assertion. */
#ifndef TALLY_STATUS_H
#define TALLY_STATUS_H

#define MUST_CHECK __attribute__((warn_unused_result))

enum status {
    STATUS_OK = 0,
    STATUS_NOT_FOUND, /* nothing is there under that name */
    STATUS_TOO_LARGE, /* does not fit the caller's memory or a bound */
    STATUS_MALFORMED, /* bytes that break the format */
    STATUS_FORGED,    /* well formed, but the signature, link or digest does not hold */
    STATUS_CORRUPT,   /* the store returned damaged data */
    STATUS_IO,        /* the disk or the system failed */
    STATUS_FULL,      /* no space, or a bounded queue is full */
    STATUS_BUSY,      /* in use by somebody else; try again */
    STATUS_DENIED,    /* the outside refused us: permissions, lock, wrong key */
    STATUS_UNKNOWN,   /* the outcome is not known: it may have happened */
};

#endif
