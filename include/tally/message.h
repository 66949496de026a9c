/* What nodes say to each other, decoded. `frames` are these as bytes (proto/message.h). Everything
 * inside borrows from the frame. Numbers 1 to 99 are listed in proto/README.md. */
#ifndef TALLY_MESSAGE_H
#define TALLY_MESSAGE_H

#include "tally/bounds.h"
#include "tally/bytes.h"
#include "tally/event.h"
#include "tally/id.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

enum message_kind {
    MESSAGE_HELLO = 1,
    MESSAGE_WELCOME = 2,
    MESSAGE_ERROR = 3,
    MESSAGE_BYE = 4,
    MESSAGE_TIPS = 10,
    MESSAGE_DIGEST = 11,
    MESSAGE_WANT = 20,   /* carries the receiver's credit: at most this many bytes come back */
    MESSAGE_BLOCKS = 21, /* answer to a WANT, or (want 0) new blocks pushed to who is level */
    MESSAGE_NACK = 23,
    MESSAGE_FORK_PROOF = 30, /* a journal has two histories */
    MESSAGE_RIGHTS_REQ = 40,
    MESSAGE_RIGHTS_RSP = 41,
    MESSAGE_CKPT_REQ = 43, /* a sale waits for the office's word on a journal */
    MESSAGE_LEASE = 44,    /* from the office: the receiver may go on for a while */
    MESSAGE_STATE_DIGEST = 60,
    MESSAGE_KEY_GET = 90, /* ask for the data keys of a member we serve */
    MESSAGE_KEY_PUT = 91, /* an answer, or keys of a new member on their way to the office */
    MESSAGE_KEY_ACK = 92,
    MESSAGE_JOIN = 95, /* from a machine that holds an invitation, before it is admitted */
    MESSAGE_JOINED = 96,
};

enum message_error {
    MESSAGE_ERROR_NETWORK = 1, /* another network */
    MESSAGE_ERROR_VERSION = 2,
    MESSAGE_ERROR_SESSION = 3, /* we do not know that session: say HELLO again */
    MESSAGE_ERROR_KIND = 4,
    MESSAGE_ERROR_BUSY = 5,
    MESSAGE_ERROR_REFUSED = 6,
};

enum rights_status {
    RIGHTS_GRANTED = 0,
    RIGHTS_NONE = 1,
    RIGHTS_FROZEN = 2,
    RIGHTS_LIMIT = 3,
    RIGHTS_TOO_FAR_BEHIND = 4,
    RIGHTS_BUSY = 5,
};

enum { TIP_FROZEN = 1, TIP_PROVED = 2 }; /* nothing more is taken of it; the proof is known */

struct tip {
    uint64_t journal;
    uint64_t seq;
    uint8_t id8[8]; /* first bytes of the block's id: a hint */
    uint32_t flags;
};

struct rights_line {
    struct lot_id lot;
    int64_t amount;
};

struct member_key {
    uint8_t class_number;
    uint8_t key[32];
};

struct message {
    enum message_kind kind;
    uint64_t session; /* 0 in HELLO, JOIN and JOINED */
    union {
        struct { /* HELLO, WELCOME */
            uint32_t proto_min;
            uint32_t proto_max;
            struct digest network;
            uint64_t journal;
            uint8_t database[16];
            uint64_t boot;
            uint64_t head_seq;
            struct digest head_id;
            uint64_t auth_seq;
            struct digest auth_id;
            uint32_t rules_max;
            uint64_t hello_session; /* WELCOME: the session both use from now on */
        } hello;
        struct {
            uint32_t code; /* enum message_error */
            uint32_t about;
            uint32_t retry_ms;
            struct bytes text;
        } error;
        struct {
            uint32_t reason;
        } bye;
        struct {
            uint32_t full; /* 1: all journals the sender has; 0: changes only */
            uint32_t count;
            struct tip list[TIPS_PER_MESSAGE_MAX];
        } tips;
        struct { /* DIGEST, STATE_DIGEST */
            struct digest frontier;
            struct digest state;
        } digest;
        struct {
            uint64_t want; /* > 0 */
            uint64_t journal;
            uint64_t from; /* first block wanted */
            uint64_t to;
            uint32_t bytes_max;
        } want;
        struct {
            uint64_t want; /* 0 = pushed */
            uint32_t more; /* 1: further frames answer the same want */
            uint32_t count;
            struct bytes list[BLOCKS_PER_FRAME_MAX]; /* one journal, rising, unless pushed */
        } blocks;
        struct {
            uint64_t want;
            uint32_t reason;
            uint32_t retry_ms;
        } nack;
        struct { /* of one place of one journal, both signed with its key */
            struct bytes headers[2];
            struct bytes signatures[2];
        } fork_proof;
        struct {
            struct ticket_id request;
            uint64_t origin; /* journal that needs the rights */
            uint64_t holder; /* journal that is asked; a relay passes it on */
            struct subject_id account;
            uint32_t count;
            struct rights_line list[EVENT_LINES_MAX];
            struct event_ref sale; /* refund rights: of this sale; zeros = none */
        } rights_req;
        struct {
            struct ticket_id request;
            uint64_t origin;
            uint64_t holder;
            uint32_t status; /* enum rights_status */
            uint64_t seq;    /* block of the holder's journal that carries the move */
        } rights_rsp;
        struct {
            uint64_t journal;
            uint64_t seq;  /* a checkpoint that reaches this block is wanted */
            uint32_t hops; /* how often it may still be passed on */
        } ckpt_req;
        struct {
            uint64_t journal; /* whose lease it is */
            uint64_t issued_ms;
            uint64_t until_ms;     /* 0: the journal asks for one */
            uint32_t hops;         /* how often it may still be passed on */
            uint8_t signature[64]; /* by the authority, over lease_signed_bytes */
        } lease;
        struct { /* KEY_GET: count 0; KEY_PUT; KEY_ACK: count 0 */
            struct subject_id member;
            uint32_t count;
            struct member_key list[4];
        } keys;
        struct {
            struct ticket_id invitation;
            uint8_t public_key[32];
            uint8_t transport_key[32];
            uint8_t proof[64]; /* Ed25519 by public_key over "tally/join/1\0", network and both */
            uint32_t endpoint_count;
            struct bytes endpoints[ENDPOINTS_MAX];
        } join;
        struct {
            uint32_t status; /* enum message_error, 0 = admitted */
            uint64_t journal;
            uint64_t auth_seq; /* where the admission stands */
            struct bytes text;
        } joined;
    } body;
};

/* A message with its scalars at zero. The long lists are not cleared (they are good up to their
 * counts): clearing them would cost more than most messages do. */
static inline void message_begin(struct message *message, enum message_kind kind, uint64_t session)
{
    enum { SCALARS_SIZE = 512 }; /* every body's fields before its list, and all of HELLO */
    memset(message, 0, offsetof(struct message, body) + SCALARS_SIZE);
    message->kind = kind;
    message->session = session;
}

static_assert(offsetof(struct message, body.tips.list) < offsetof(struct message, body) + 512 &&
                  offsetof(struct message, body.hello.hello_session) + 8 <=
                      offsetof(struct message, body) + 512 &&
                  offsetof(struct message, body.join.endpoints) +
                          sizeof(((struct message *)0)->body.join.endpoints) <=
                      offsetof(struct message, body) + 512,
              "message_begin clears every scalar");

#endif
