#include "audit.h"

#include "block_codec.h"
#include "event_codec.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIGNED_SIZE_MAX = BLOCK_HEADER_SIZE_MAX + 128 };

struct audit *audit_new(const struct manifest *manifest, const struct digest *network)
{
    struct audit *audit = calloc(1, sizeof *audit);
    if (audit != NULL) {
        audit->manifest = manifest;
        audit->network = *network;
    }
    return audit;
}

void audit_free(struct audit *audit)
{
    if (audit != NULL) {
        for (size_t i = 0; i < audit->journal_count; i++) {
            free(audit->journals[i].ids);
        }
        free(audit->journals);
        free(audit->deps);
        free(audit->authority);
        free(audit);
    }
}

static struct audit_journal *find(const struct audit *audit, uint64_t journal)
{
    for (size_t i = 0; i < audit->journal_count; i++) {
        if (audit->journals[i].journal == journal) {
            return &audit->journals[i];
        }
    }
    return NULL;
}

const struct audit_journal *audit_find(const struct audit *audit, uint64_t journal)
{
    return find(audit, journal);
}

void audit_note(struct audit *audit, uint64_t journal, const char *format, ...)
{
    struct audit_journal *about = find(audit, journal);
    if (about != NULL) {
        about->findings++;
    }
    if (audit->findings < AUDIT_FINDINGS_MAX) {
        va_list rest;
        va_start(rest, format);
        (void)vsnprintf(audit->sentences[audit->findings], FINDING_SIZE, format, rest);
        va_end(rest);
    }
    audit->findings++;
}

/* Memory for one element more; a tool that has none left can only end. */
static void *grown(void *list, size_t count, size_t size)
{
    if (count != 0 && (count & (count - 1)) != 0) {
        return list;
    }
    void *longer = realloc(list, (count == 0 ? 1 : 2 * count) * size);
    if (longer == NULL) {
        (void)fputs("tally: not enough memory\n", stderr);
        abort();
    }
    return longer;
}

static struct audit_journal *journal_named(struct audit *audit, uint64_t journal)
{
    struct audit_journal *known = find(audit, journal);
    if (known == NULL) {
        audit->journals = grown(audit->journals, audit->journal_count, sizeof *audit->journals);
        known = &audit->journals[audit->journal_count++];
        *known = (struct audit_journal){.journal = journal};
    }
    return known;
}

#define BLOCK_NAME "block %" PRIu32 ".%u-%" PRIu64
#define BLOCK_NUMBERS(header)                                                                      \
    journal_branch((header)->journal), (unsigned)journal_incarnation((header)->journal),           \
        (header)->seq

/* A certificate counts when as many roots of the manifest signed it as the manifest asks for. */
bool audit_certificate_holds(const struct manifest *manifest, const struct digest *network,
                             const struct event *epoch)
{
    uint8_t memory[SIGNED_SIZE_MAX];
    struct buffer body = BUFFER_OVER(memory);
    bool signed_by[ROOTS_MAX] = {false};
    uint32_t good = 0;
    if (auth_signed_bytes(network, epoch, &body) != STATUS_OK) {
        return false;
    }
    for (uint8_t i = 0; i < epoch->body.auth_epoch.signature_count; i++) {
        const struct auth_signature *each = &epoch->body.auth_epoch.signatures[i];
        bool fresh = each->root_index < manifest->root_count && !signed_by[each->root_index];
        if (fresh && signature_holds(buffer_bytes(&body), each->signature,
                                     manifest->roots[each->root_index])) {
            signed_by[each->root_index] = true;
            good++;
        }
    }
    return good >= manifest->threshold;
}

/* What the authority says about keys. */
static void fact_take(struct audit *audit, const struct block_header *header,
                      const struct event *event)
{
    if (event->type == EVENT_AUTH_EPOCH) {
        struct audit_journal *epoch = journal_named(audit, header->journal);
        if (!audit_certificate_holds(audit->manifest, &audit->network, event)) {
            audit_note(audit, header->journal,
                       BLOCK_NAME ": the root of the manifest did not sign this authority key",
                       BLOCK_NUMBERS(header));
            return;
        }
        epoch->admitted = true;
        (void)snprintf(epoch->name, sizeof epoch->name, "authority");
        memcpy(epoch->public_key, event->body.auth_epoch.public_key, sizeof epoch->public_key);
    } else if (event->type == EVENT_JOURNAL_ADMIT &&
               !journal_is_authority(event->body.admit.journal)) {
        struct audit_journal *named = journal_named(audit, event->body.admit.journal);
        if (!named->admitted) {
            named->admitted = true;
            memcpy(named->public_key, event->body.admit.public_key, sizeof named->public_key);
            (void)snprintf(named->name, sizeof named->name, "%.*s",
                           (int)event->body.admit.name.size,
                           (const char *)event->body.admit.name.data);
        }
    }
}

static void facts_take(struct audit *audit, const struct block *block)
{
    for (uint32_t i = 0; i < block->header.count; i++) {
        struct event event;
        if (event_decode(block->events[i], &event) == STATUS_OK && event.known) {
            fact_take(audit, &block->header, &event);
        }
    }
    audit->authority = grown(audit->authority, audit->authority_count, sizeof *audit->authority);
    audit->authority[audit->authority_count++] = block->id;
}

static bool signature_is_good(const struct audit *audit, const struct audit_journal *journal,
                              const struct block *block)
{
    uint8_t memory[SIGNED_SIZE_MAX];
    struct buffer body = BUFFER_OVER(memory);
    return block->signature.size == 64 &&
           block_signed_bytes(&audit->network, block->header_bytes, &body) == STATUS_OK &&
           signature_holds(buffer_bytes(&body), block->signature.data, journal->public_key);
}

/* The last authority block before this one, across epochs. */
static bool follows_authority(const struct audit *audit, const struct block_header *header)
{
    static const struct digest none;
    const struct digest *last =
        audit->authority_count > 0 ? &audit->authority[audit->authority_count - 1] : &none;
    return header->seq == audit->authority_count + 1 && digest_equal(&header->prev, last);
}

/* NULL, or how the block fails to follow the one before it. */
static const char *link_problem(const struct audit *audit, const struct audit_journal *journal,
                                const struct block_header *header)
{
    if (journal_is_authority(header->journal)) {
        if (!follows_authority(audit, header)) {
            return "does not follow the authority's block before it";
        }
    } else if (header->seq != journal->seq + 1) {
        return "is not the next number: blocks are missing";
    } else if (!digest_equal(&header->prev, &journal->id)) {
        return "does not name the block before it";
    } else if (header->auth == 0 || header->auth > audit->authority_count ||
               memcmp(header->auth_id, audit->authority[header->auth - 1].bytes,
                      sizeof header->auth_id) != 0) {
        return "names an authority block that is not here";
    }
    if (journal->seq > 0 && header->hlc <= journal->hlc) {
        return "is not later than the one before it";
    }
    if (header->day < journal->day || header->auth < journal->auth) {
        return "goes back in days or in what it knew of the authority";
    }
    return NULL;
}

static void deps_take(struct audit *audit, const struct block_header *header)
{
    for (uint32_t i = 0; i < header->dep_count; i++) {
        audit->deps = grown(audit->deps, audit->dep_count, sizeof *audit->deps);
        audit->deps[audit->dep_count++] = (struct audit_dep){
            .by_journal = header->journal, .by_seq = header->seq, .dep = header->deps[i]};
    }
}

void audit_finish(struct audit *audit)
{
    for (size_t i = 0; i < audit->dep_count; i++) {
        const struct audit_dep *named = &audit->deps[i];
        const struct audit_journal *journal = find(audit, named->dep.journal);
        struct block_header by = {.journal = named->by_journal, .seq = named->by_seq};
        bool here = journal != NULL && named->dep.seq >= 1 && named->dep.seq <= journal->id_count &&
                    digest_equal(&journal->ids[named->dep.seq - 1], &named->dep.id);
        if (!here) {
            audit_note(audit, by.journal, BLOCK_NAME ": builds on a block that is not here",
                       BLOCK_NUMBERS(&by));
        }
    }
}

void audit_block(struct audit *audit, uint64_t journal, uint64_t seq, struct bytes whole)
{
    struct block block;
    struct block_header filed = {.journal = journal, .seq = seq};
    struct audit_journal *chain = journal_named(audit, journal);
    if (block_decode(whole, &block) != STATUS_OK) {
        audit_note(audit, journal, BLOCK_NAME ": is damaged (form or Merkle root)",
                   BLOCK_NUMBERS(&filed));
        return;
    }
    const struct block_header *header = &block.header;
    if (header->journal != journal || header->seq != seq) {
        audit_note(audit, journal, BLOCK_NAME ": another block stands under this number",
                   BLOCK_NUMBERS(&filed));
        return;
    }
    const char *problem = link_problem(audit, chain, header);
    if (problem != NULL) {
        audit_note(audit, journal, BLOCK_NAME ": %s", BLOCK_NUMBERS(header), problem);
    }
    if (journal_is_authority(journal)) {
        facts_take(audit, &block);
        chain = journal_named(audit, journal);
    }
    if (!chain->admitted) {
        audit_note(audit, journal, BLOCK_NAME ": the authority never admitted this journal",
                   BLOCK_NUMBERS(header));
    } else if (!signature_is_good(audit, chain, &block)) {
        audit_note(audit, journal, BLOCK_NAME ": the signature does not hold",
                   BLOCK_NUMBERS(header));
    }
    chain->seq = header->seq;
    chain->id = block.id;
    chain->hlc = header->hlc;
    chain->day = header->day;
    chain->auth = header->auth;
    chain->blocks++;
    chain->ids = grown(chain->ids, chain->id_count, sizeof *chain->ids);
    chain->ids[chain->id_count++] = block.id;
    deps_take(audit, header);
    chain->events += header->count;
}
