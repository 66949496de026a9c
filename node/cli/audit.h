/* The audit of a store's journals, block by block in the order of their keys: the authority first,
 * so that each journal's key is known before its blocks come. Believes nothing but the manifest. */
#ifndef AUDIT_H
#define AUDIT_H

#include "tally/bounds.h"
#include "tally/event.h"
#include "tally/id.h"

#include "manifest.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    AUDIT_FINDINGS_MAX = 50, /* kept as sentences; the rest is counted */
    FINDING_SIZE = 240,
};

/* One journal, as far as it was read. */
struct audit_journal {
    uint64_t journal;
    uint8_t public_key[32];
    bool admitted; /* the authority named its key */
    char name[NAME_SIZE_MAX + 1];
    uint64_t seq; /* of the last block read; 0 = none yet */
    struct digest id;
    uint64_t hlc;
    uint32_t day;
    uint64_t auth;
    uint64_t blocks;
    uint64_t events;
    uint64_t findings;
    struct digest *ids; /* of its blocks, in the order of their keys */
    size_t id_count;
};

/* A block that another block names as its past. */
struct audit_dep {
    uint64_t by_journal;
    uint64_t by_seq;
    struct block_dep dep;
};

struct audit {
    const struct manifest *manifest;
    struct digest network;
    struct audit_journal *journals; /* in the order in which they were named */
    size_t journal_count;
    struct digest *authority; /* ids of the authority's blocks; position n at n - 1 */
    size_t authority_count;
    struct audit_dep *deps;
    size_t dep_count;
    uint64_t findings;
    char sentences[AUDIT_FINDINGS_MAX][FINDING_SIZE];
};

/* `manifest` is kept. NULL without memory. */
struct audit *audit_new(const struct manifest *manifest, const struct digest *network);
void audit_free(struct audit *audit);

/* The next block of the store, filed under (journal, seq). What is wrong becomes a finding. */
void audit_block(struct audit *audit, uint64_t journal, uint64_t seq, struct bytes whole);

/* Once all blocks were shown: is every block here that another one builds on? */
void audit_finish(struct audit *audit);

/* Did as many roots of the manifest sign this AUTH.EPOCH as the manifest asks for? */
bool audit_certificate_holds(const struct manifest *manifest, const struct digest *network,
                             const struct event *epoch);

/* NULL if nothing was heard of it. */
const struct audit_journal *audit_find(const struct audit *audit, uint64_t journal);

/* Adds a finding about a journal (0: none). */
void audit_note(struct audit *audit, uint64_t journal, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
