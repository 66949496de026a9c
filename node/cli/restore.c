#include "restore.h"

#include "join_machine.h"
#include "output.h"
#include "recovery_key.h"
#include "session.h"
#include "subcommands.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PROGRESS_BLOCKS = 5000,
    HEX_SIZE = 65,
};

struct pass {
    struct closed_node *closed;
    restore_progress *progress;
    uint64_t done;
    uint64_t all;
    struct archive_summary summary; /* of the archive read last */
};

static enum status archive_pour(struct pass *pass, const char *path, const uint8_t seed[static 32],
                                struct explanation *explanation)
{
    struct archive_reader *reader = NULL;
    enum status status = archive_open(path, seed, &reader, explanation);
    while (status == STATUS_OK) {
        struct bytes block;
        status = archive_next(reader, &block, &pass->summary, explanation);
        if (status == STATUS_OK) {
            status = closed_node_import(pass->closed, block, explanation);
            pass->done++;
        }
        if (status == STATUS_OK && pass->progress != NULL && pass->done % PROGRESS_BLOCKS == 0) {
            pass->progress(pass->done, pass->all);
        }
    }
    archive_close(reader);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status state_check(const struct archive_summary *summary,
                               const struct closed_node_result *result,
                               struct explanation *explanation)
{
    static const struct digest unknown;
    char had[HEX_SIZE];
    char got[HEX_SIZE];
    if (digest_equal(&summary->state, &unknown) || digest_equal(&summary->state, &result->state) ||
        result->had > 0) {
        return STATUS_OK; /* with blocks that were here before it need not be the same */
    }
    sodium_bin2hex(had, sizeof had, summary->state.bytes, 32);
    sodium_bin2hex(got, sizeof got, result->state.bytes, 32);
    explain(explanation,
            "every block is signed and linked, but what they add up to is not what the node had: "
            "its state was %s, here it is %s. The node's rows were damaged, or this is another "
            "version of Tally",
            had, got);
    return STATUS_FORGED;
}

enum status restore_blocks(const struct folder *folder, const uint8_t seed[static 32],
                           const char *directory, const struct identity *identity,
                           struct key_store *keys, restore_progress *progress,
                           struct closed_node_result *result, struct explanation *explanation)
{
    struct pass pass = {.progress = progress};
    if (folder->count == 0) {
        explain(explanation, "there is no archive in that folder");
        return STATUS_NOT_FOUND;
    }
    if (!digest_equal(&folder->entries[0].head.network, &identity->network)) {
        explain(explanation, "these archives are of another network");
        return STATUS_FORGED;
    }
    pass.all = folder->entries[folder->count - 1].end.last;
    enum status status = closed_node_open(directory, identity, keys, &pass.closed, explanation);
    for (uint32_t i = 0; i < folder->count && status == STATUS_OK; i++) {
        status = archive_pour(&pass, folder->entries[i].path, seed, explanation);
    }
    if (status == STATUS_OK) {
        status = closed_node_commit(pass.closed, result, explanation);
    }
    closed_node_close(pass.closed);
    return status == STATUS_OK ? state_check(&pass.summary, result, explanation) : status;
}

/* ---- node restore ---- */

static void progress_show(uint64_t done, uint64_t all)
{
    printf("  %" PRIu64 " of %" PRIu64 " blocks\n", done, all);
    (void)fflush(stdout);
}

static enum status pour_into(const char *directory, const struct folder *folder,
                             const uint8_t seed[static 32], bool quiet,
                             struct closed_node_result *result, struct explanation *explanation)
{
    char path[FILE_PATH_SIZE_MAX];
    struct key_store *keys = NULL;
    struct identity *identity = calloc(1, sizeof *identity);
    enum status status = identity == NULL ? STATUS_IO : file_path(path, directory, "identity");
    if (status == STATUS_OK) {
        status = identity_read(path, identity, explanation);
    }
    if (status == STATUS_OK) {
        status = key_store_open(directory, &keys, explanation);
    }
    if (status == STATUS_OK) {
        status = restore_blocks(folder, seed, directory, identity, keys,
                                quiet ? NULL : progress_show, result, explanation);
    }
    key_store_close(keys);
    free(identity);
    return status;
}

static enum outcome fill(struct session *session, const char *directory)
{
    uint8_t seed[32];
    struct folder folder = {0};
    struct closed_node_result result = {0};
    struct explanation explanation = {{0}};
    enum outcome outcome = recovery_key_open(session, seed);
    if (outcome != OUTCOME_DONE) {
        return outcome;
    }
    enum status status = folder_read(session_word(session, 0), &folder, &explanation);
    if (status == STATUS_OK) {
        status = pour_into(directory, &folder, seed, session->json, &result, &explanation);
    }
    sodium_memzero(seed, sizeof seed);
    folder_free(&folder);
    if (status != STATUS_OK) {
        return session_refused(session,
                               "The branch is admitted, and the backup could not be read into it: "
                               "%s. Repeat the command with a good copy, or start the node without "
                               "it (tallyd --dir %s): it fetches what its peers have.",
                               explanation.text, directory);
    }
    if (!session->json) {
        printf("Restored: %" PRIu64 " blocks, %" PRIu64 " were here already; %" PRIu64
               " events in all.\n",
               result.taken, result.had, result.events);
    }
    return OUTCOME_DONE;
}

/* Whether it can be opened at all, before the office is asked to admit anybody. */
static enum outcome backup_look(struct session *session)
{
    uint8_t seed[32];
    struct folder folder = {0};
    struct archive_reader *reader = NULL;
    struct explanation explanation = {{0}};
    enum outcome outcome = recovery_key_open(session, seed);
    if (outcome != OUTCOME_DONE) {
        return outcome;
    }
    enum status status = folder_read(session_word(session, 0), &folder, &explanation);
    if (status == STATUS_OK && folder.count == 0) {
        explain(&explanation, "there is no archive in %s", session_word(session, 0));
        status = STATUS_NOT_FOUND;
    }
    if (status == STATUS_OK) {
        status = archive_open(folder.entries[0].path, seed, &reader, &explanation);
    }
    archive_close(reader);
    folder_free(&folder);
    sodium_memzero(seed, sizeof seed);
    return status == STATUS_OK
               ? OUTCOME_DONE
               : session_refused(session, "Nothing was restored: %s.", explanation.text);
}

static enum outcome restore_run(struct session *session)
{
    const char *token = session_option(session, "invitation");
    if (token == NULL) {
        return session_misused(
            session, "--invitation is missing. A restored branch writes a new journal, so "
                     "the office must end the old one and invite it again: tally branch "
                     "retire N --kind lost, then tally branch invite NAME --branch N.");
    }
    enum outcome outcome = backup_look(session);
    return outcome == OUTCOME_DONE ? join_machine(session, token, fill) : outcome;
}

static const struct option_form restore_options[] = {
    {"invitation", "TOKEN", "of the office, for this branch: tally branch invite NAME --branch N"},
    {"recovery-key-file", "FILE", "the key that the backup was sealed for"},
    {"passphrase-file", "FILE", "opens that key; the first line counts"},
    {"listen", "HOST:PORT", "where tills and this command reach the node (127.0.0.1:7080)"},
    {"peer-listen", "ENDPOINT", "where other branches may reach it (default: nowhere)"},
    {"advertise", "ENDPOINT",
     "the address of --peer-listen as others see it (default: that address)"},
    {"no-sync", NULL, "leave it to the node's first start to fetch what the chain knows"},
    {0},
};

const struct subcommand node_restore_command = {
    .name = "node restore",
    .group = "Backups",
    .summary = "make this machine a branch again out of a backup, as a new incarnation",
    .usage =
        "FOLDER --invitation TOKEN --recovery-key-file FILE --dir DIR [OPTIONS of branch join]",
    .example = "tally branch retire 3 --kind lost --dir /var/lib/tally     # at the office\n"
               "tally branch invite \"河坊街店\" --branch 3 --dir /var/lib/tally\n"
               "tally node restore /srv/backup/branch-3 --invitation tally1-0A1B2C.. \\\n"
               "    --recovery-key-file /media/safe/recovery.key --dir /var/lib/tally",
    .options = restore_options,
    .words_min = 1,
    .words_max = 1,
    .run = restore_run,
};
