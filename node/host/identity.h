/* The identity file: which node of which network this data directory belongs to. Text, written once
 * by `tally cluster init` or by joining; a start compares it with the same facts inside the store.
 */
#ifndef IDENTITY_H
#define IDENTITY_H

#include "tally/bounds.h"
#include "tally/event.h"
#include "tally/id.h"
#include "tally/status.h"

#include "explanation.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    IDENTITY_VERSION = 1,
    IDENTITY_MANIFEST_SIZE_MAX = 512,
};

struct identity {
    struct digest network; /* hash of the manifest */
    uint8_t manifest[IDENTITY_MANIFEST_SIZE_MAX];
    uint32_t manifest_size;
    uint32_t branch;      /* 1 to BRANCH_NUMBER_MAX */
    uint16_t incarnation; /* 1 to INCARNATION_MAX */
    uint32_t roles;       /* enum role, or-ed; what the node believes until the authority says */
    char name[NAME_SIZE_MAX + 1];
    uint8_t database[16];      /* the store carries the same number */
    uint8_t journal_key[32];   /* Ed25519, public */
    uint8_t transport_key[32]; /* X25519, public */
    bool has_authority_key;    /* the office only */
    uint8_t authority_key[32]; /* Ed25519, public */
    /* Where the office is found, empty at the office itself. */
    char office_endpoint[ENDPOINT_SIZE_MAX + 1];
    uint8_t office_transport_key[32];
};

/* Replaces the file, mode 0600. */
MUST_CHECK enum status identity_write(const char *path, const struct identity *identity,
                                      struct explanation *explanation);

/* STATUS_NOT_FOUND: this is no data directory yet. STATUS_MALFORMED: a line is missing, repeated,
 * unknown or out of its bounds; the explanation names it. Nothing is written to `identity` then. */
MUST_CHECK enum status identity_read(const char *path, struct identity *identity,
                                     struct explanation *explanation);

#endif
