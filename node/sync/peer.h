/* The conversation with one peer: one small state machine, and what we believe it has. Everything
 * dies with the session; nothing about a peer's contents is ever kept as truth (S2). Pure: whoever
 * calls sends the messages. */
#ifndef PEER_H
#define PEER_H

#include "frontier.h"
#include "tally/bounds.h"
#include "tally/message.h"

enum { PEER_FORKS_MAX = 16 };

enum peer_state {
    PEER_FREE = 0,
    PEER_GREETING,    /* the link is up, no session yet */
    PEER_ESTABLISHED, /* both sides use `session` */
};

struct want {
    uint64_t id; /* 0 = free */
    uint64_t journal;
    uint64_t from;
    uint64_t sent_ms;
};

struct peer {
    enum peer_state state;
    uint32_t link;
    bool dialed; /* we connected: we greet */
    uint8_t key[32];
    uint64_t journal; /* 0: not admitted (an invitation) */
    uint64_t session;
    uint64_t boot;
    uint64_t greeted_ms; /* last HELLO sent */
    uint64_t heard_ms;   /* last message of the session */
    uint64_t tips_ms;    /* last TIPS sent */
    uint64_t digest_ms;
    uint64_t tips_version; /* frontier version of the last TIPS sent */
    bool tips_full;        /* the next TIPS lists everything */
    bool tips_heard;       /* it has said what it has, in this session */
    uint64_t compared;     /* how far it said it has our own journal, when that was last compared */
    uint64_t told_auth;   /* how far it said, in one word, that it has the authority's journal .. */
    uint64_t told_own;    /* .. and its own */
    uint64_t disputed;    /* it has another block than we do at this position, it says; 0 = no */
    uint64_t disputed_of; /* of this journal */
    uint64_t forks_told_ms; /* last time that proofs of forks were sent to it; 0 = not yet */
    uint32_t fork_count;    /* proofs that it said it knows; of others it is told again */
    uint64_t forks[PEER_FORKS_MAX];
    uint64_t leased_ms;  /* office: last lease sent to it; 0 = none in this session */
    uint64_t lease_sent; /* when that one says that it was issued */
    uint32_t pushed;     /* frames pushed since the last TIPS heard */
    uint64_t next_want;
    uint64_t pause_ms;    /* how long nothing is asked after the last want that came to nothing */
    uint64_t paused_till; /* 0 = not paused: others are asked first */
    uint32_t rotate;      /* where the search for the next WANT starts */
    struct want wants[WANTS_PER_PEER_MAX];
    uint64_t *has; /* beside the frontier: last block the peer is believed to have */
};

enum {
    PEER_PUSH_WINDOW = 64,  /* frames pushed since the peer last told its TIPS */
    PEER_PUSH_BLOCKS = 128, /* who lacks more than that asks for it */
    PEER_GREET_EVERY_MS = 1000,
    PEER_TIPS_EVERY_MS = 25,
    PEER_DIGEST_EVERY_MS = 1000, /* the heartbeat of a session */
    PEER_WANT_TIMEOUT_MS = 2000,
    PEER_SILENT_MS = 15000, /* no word for this long: the link is dropped */
    PEER_WANT_BYTES = 384 * 1024,
    PEER_PAUSE_MS = 1000, /* doubled for each want in a row that came to nothing */
    PEER_PAUSE_MS_MAX = 16000,
};

/* A fresh conversation over a link. `has` and its size are kept. */
void peer_reset(struct peer *peer, uint32_t link, bool dialed, const uint8_t key[static 32],
                uint32_t journals);
void peer_establish(struct peer *peer, uint64_t session, uint64_t boot, uint64_t now_ms);

/* The outstanding want for this journal, or NULL. */
struct want *peer_want_for(struct peer *peer, uint64_t journal);
struct want *peer_want_by_id(struct peer *peer, uint64_t id);
/* A free place for a want, or NULL. */
struct want *peer_want_free(struct peer *peer);
/* Frees wants that nothing has come of for PEER_WANT_TIMEOUT_MS; such a peer is not asked again for
 * a while, so that one that stalls or lies delays no journal (S3). */
void peer_expire_wants(struct peer *peer, uint64_t now_ms);
/* An answer brought nothing: like one that never came. */
void peer_failed(struct peer *peer, uint64_t now_ms);
/* It brought something. */
void peer_delivered(struct peer *peer);
bool peer_is_paused(const struct peer *peer, uint64_t now_ms);

/* May blocks up to `tip` at this frontier position be pushed: is the peer nearly level, and not
 * drowning? One that is further behind asks. */
bool peer_may_push(const struct peer *peer, uint32_t position, uint64_t tip);
/* A frame with blocks up to `seq` was pushed. */
void peer_pushed(struct peer *peer, uint32_t position, uint64_t seq);

/* A journal was inserted into the frontier at `position`: move what stands beside it. */
void peer_insert(struct peer *peer, uint32_t position, uint32_t count_before);

#endif
