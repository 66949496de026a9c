#include "subcommands.h"

#include "audit.h"
#include "output.h"
#include "session.h"

#include "block_codec.h"
#include "file.h"
#include "hash.h"
#include "head_file.h"
#include "identity.h"
#include "reader.h"
#include "record.h"
#include "row_key.h"
#include "store.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BLOCK_KEY_SIZE = 17, /* L j8 s8 */
    HEAD_SIGNED_SIZE = 128,
    FRONTIERS_MAX = 4096,
    COUNTER_VALUES = 16,
};

/* What the walk over the rows gathers. */
struct walk {
    struct audit *audit;
    struct digest state; /* over the replicated rows, as computed here */
    struct digest kept;  /* as the node keeps it */
    bool state_kept;
    uint64_t rows;
    uint32_t frontier_count;
    struct frontier_entry frontiers[FRONTIERS_MAX];
};

static void counters_take(struct walk *walk, struct bytes value)
{
    struct reader reader = reader_over(value, COUNTER_VALUES);
    (void)read_array_atleast(&reader, 1);
    read_bin_exact(&reader, walk->kept.bytes, sizeof walk->kept.bytes);
    walk->state_kept = !reader_failed(&reader);
}

static void frontier_take(struct walk *walk, struct bytes value)
{
    struct frontier_entry entry;
    if (!frontier_decode(value, &entry)) {
        audit_note(walk->audit, 0, "a row of the frontier cannot be read");
    } else if (walk->frontier_count < FRONTIERS_MAX) {
        walk->frontiers[walk->frontier_count++] = entry;
    }
}

static void row_take(struct walk *walk, struct bytes key, struct bytes value)
{
    walk->rows++;
    if (key.size == 0) {
        return;
    }
    if (row_is_replicated(key)) {
        digest_sum_add(&walk->state, key, value);
    }
    if (key.data[0] == TABLE_BLOCK && key.size == BLOCK_KEY_SIZE) {
        audit_block(walk->audit, key_u64(key.data + 1), key_u64(key.data + 9), value);
    } else if (key.data[0] == TABLE_FRONTIER) {
        frontier_take(walk, value);
    } else if (key.data[0] == TABLE_DIGEST) {
        counters_take(walk, value);
    }
}

static enum status rows_walk(struct walk *walk, struct store *store)
{
    struct bytes key;
    struct bytes value;
    struct store_view *view = store_view_open(store);
    if (view == NULL) {
        return STATUS_IO;
    }
    enum status status = STATUS_OK;
    while (status == STATUS_OK) {
        status = store_view_next(view, &key, &value);
        if (status == STATUS_OK) {
            row_take(walk, key, value);
        }
    }
    store_view_close(view);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* The frontier, which the node goes by, must say what the blocks say. */
static void frontier_check(struct walk *walk)
{
    for (uint32_t i = 0; i < walk->frontier_count; i++) {
        const struct frontier_entry *entry = &walk->frontiers[i];
        const struct audit_journal *journal = audit_find(walk->audit, entry->journal);
        bool same = journal != NULL
                        ? journal->seq == entry->seq && digest_equal(&journal->id, &entry->id)
                        : entry->seq == 0;
        if (!same) {
            audit_note(walk->audit, entry->journal,
                       "journal %" PRIu32 ".%u: the frontier names another last block than the "
                       "blocks do",
                       journal_branch(entry->journal),
                       (unsigned)journal_incarnation(entry->journal));
        }
    }
    if (walk->state_kept && !digest_equal(&walk->state, &walk->kept)) {
        audit_note(walk->audit, 0,
                   "the digest of the state, computed again from its rows, is another one");
    }
}

/* The head file names a block of the own journal, under its signature. */
static void head_check(struct walk *walk, const char *directory, const struct identity *identity)
{
    char path[FILE_PATH_SIZE_MAX];
    struct head_record head;
    struct explanation explanation = {{0}};
    uint8_t memory[HEAD_SIGNED_SIZE];
    struct buffer body = BUFFER_OVER(memory);
    uint64_t own = journal_of(identity->branch, identity->incarnation);
    if (file_path(path, directory, "head") != STATUS_OK || !file_exists(path)) {
        return; /* a node that has not written a block yet has none */
    }
    if (head_file_read(path, &head, &explanation) != STATUS_OK) {
        audit_note(walk->audit, own, "%.200s", explanation.text);
        return;
    }
    bool good = head.journal == own &&
                head_signed_bytes(&identity->network, head.journal, head.seq, &head.id, &body) ==
                    STATUS_OK &&
                signature_holds(buffer_bytes(&body), head.signature, identity->journal_key);
    const struct audit_journal *journal = audit_find(walk->audit, own);
    uint64_t reached = journal != NULL ? journal->seq : 0;
    if (!good) {
        audit_note(walk->audit, own, "the head file is not signed by this node");
    } else if (head.seq > reached) {
        audit_note(walk->audit, own,
                   "the store went back in time: the head file knows block %" PRIu64
                   ", the store ends at %" PRIu64,
                   head.seq, reached);
    }
}

static json_t *journals_json(const struct walk *walk)
{
    json_t *list = json_array();
    for (size_t i = 0; i < walk->audit->journal_count; i++) {
        const struct audit_journal *journal = &walk->audit->journals[i];
        char name[32];
        (void)snprintf(name, sizeof name, "%" PRIu32 ".%u", journal_branch(journal->journal),
                       (unsigned)journal_incarnation(journal->journal));
        json_array_append_new(list, json_pack("{s:s, s:s*, s:I, s:I, s:b}", "journal", name, "name",
                                              journal->name, "blocks", (json_int_t)journal->blocks,
                                              "events", (json_int_t)journal->events, "good",
                                              journal->findings == 0));
    }
    return list;
}

static json_t *result_json(const struct walk *walk)
{
    char state[2 * sizeof walk->state.bytes + 1];
    json_t *findings = json_array();
    for (uint64_t i = 0; i < walk->audit->findings && i < AUDIT_FINDINGS_MAX; i++) {
        json_array_append_new(findings, json_string(walk->audit->sentences[i]));
    }
    sodium_bin2hex(state, sizeof state, walk->state.bytes, sizeof walk->state.bytes);
    return json_pack("{s:b, s:o, s:I, s:s, s:b, s:I, s:o}", "good", walk->audit->findings == 0,
                     "journals", journals_json(walk), "rows", (json_int_t)walk->rows, "state",
                     state, "state_kept", (int)walk->state_kept, "finding_count",
                     (json_int_t)walk->audit->findings, "findings", findings);
}

static void result_show(const json_t *result)
{
    static const struct label columns[] = {{"journal", "journal"},
                                           {"name", "name"},
                                           {"blocks", "blocks"},
                                           {"events", "events"},
                                           {"good", "good"}};
    output_table(output_rows(result, "journals"), LABELS(columns), "There is no block yet.");
    printf("\n%" JSON_INTEGER_FORMAT " rows; digest of the state %s%s\n",
           json_integer_value(output_at(result, "rows")), output_text_at(result, "state"),
           json_is_true(output_at(result, "state_kept")) ? "" : " (the node keeps none yet)");
    const json_t *findings = output_rows(result, "findings");
    for (size_t i = 0; i < json_array_size(findings); i++) {
        char text[CELL_SIZE];
        output_cell(json_array_get(findings, i), text);
        printf("  ! %s\n", text);
    }
    if (json_is_true(output_at(result, "good"))) {
        puts("Every block is linked, signed by an admitted key, and whole.");
    } else {
        printf("%" JSON_INTEGER_FORMAT " findings: this store must not be trusted. Keep it for "
               "study, and let the branch join again.\n",
               json_integer_value(output_at(result, "finding_count")));
    }
}

/* Opens what `directory` holds and walks over it. */
static enum status directory_walk(const char *directory, struct identity *identity,
                                  struct manifest *manifest, struct walk *walk,
                                  struct explanation *explanation)
{
    char path[FILE_PATH_SIZE_MAX];
    struct store *store = NULL;
    enum status status = file_path(path, directory, "identity");
    if (status == STATUS_OK) {
        status = identity_read(path, identity, explanation);
    }
    if (status != STATUS_OK) {
        return status;
    }
    struct bytes encoded = bytes_of(identity->manifest, identity->manifest_size);
    struct digest network = hash_network(encoded);
    if (manifest_decode(encoded, manifest) != STATUS_OK ||
        !digest_equal(&network, &identity->network)) {
        explain(explanation, "the manifest in %s is damaged", path);
        return STATUS_MALFORMED;
    }
    walk->audit = audit_new(manifest, &network);
    status = walk->audit != NULL ? file_path(path, directory, "db") : STATUS_IO;
    if (status == STATUS_OK) {
        status = store_open(path, NULL, &store, explanation);
    }
    if (status == STATUS_OK) {
        status = rows_walk(walk, store);
        if (status != STATUS_OK) {
            explain(explanation, "the store cannot be read to its end: it is damaged");
        }
    }
    store_close(store);
    if (status == STATUS_OK) {
        audit_finish(walk->audit);
        frontier_check(walk);
        head_check(walk, directory, identity);
    }
    return status;
}

static enum outcome verify_run(struct session *session)
{
    struct manifest manifest = {0};
    struct explanation explanation = {{0}};
    struct identity *identity = calloc(1, sizeof *identity);
    struct walk *walk = calloc(1, sizeof *walk);
    const char *directory = session_option(session, "dir");
    directory = directory != NULL ? directory : getenv("TALLY_DIR");
    enum outcome outcome = OUTCOME_REFUSED;
    if (directory == NULL || directory[0] == '\0') {
        outcome = session_misused(session, "--dir is missing: which node's data?");
    } else if (identity == NULL || walk == NULL) {
        outcome = session_refused(session, "Not enough memory.");
    } else if (directory_walk(directory, identity, &manifest, walk, &explanation) != STATUS_OK) {
        outcome =
            session_refused(session, "%s. (The node must be stopped meanwhile.)", explanation.text);
    } else {
        json_t *result = result_json(walk);
        outcome = walk->audit->findings == 0 ? OUTCOME_DONE : OUTCOME_REFUSED;
        if (session->json) {
            output_json(result);
        } else {
            result_show(result);
        }
        json_decref(result);
    }
    if (walk != NULL) {
        audit_free(walk->audit);
    }
    free(walk);
    free(identity);
    return outcome;
}

const struct subcommand verify_command = {
    .name = "verify",
    .group = "Whole chain",
    .summary = "read a stopped node's journals from the start and check every block",
    .usage = "--dir DIR",
    .example = "tally verify --dir /var/lib/tally",
    .run = verify_run,
};
