/* Something a person should know happened. */
#ifndef TALLY_ALARM_H
#define TALLY_ALARM_H

enum alarm {
    ALARM_AUTHORITY_FORK = 1, /* two authority journals are being shown */
    ALARM_JOURNAL_FORK,       /* a journal has two blocks at one position */
    ALARM_DIVERGENCE,         /* an event's stated remainder differs from our fold */
    ALARM_INVALID_EVENT,      /* an authentic event breaks a rule */
    ALARM_DIGEST_MISMATCH,    /* equal frontier, different state */
    ALARM_BAD_BLOCK,          /* a peer sent a block that is not what it claims */
    ALARM_CLOCK,              /* a block dated more than five minutes ahead */
    ALARM_AMNESIA,            /* somebody holds more of our own journal than we do */
    ALARM_RETIRED,            /* the authority retired our own journal */
    ALARM_NEWER_RULES,        /* a block under rules that this version does not know: update */
    ALARM_COUNT,
};

#endif
