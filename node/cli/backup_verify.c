#include "subcommands.h"

#include "data_dir.h"
#include "founding.h"
#include "output.h"
#include "recovery_key.h"
#include "restore.h"
#include "session.h"

#include "clock.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The replay happens under a name that no branch can have. */
enum { NOBODY = BRANCH_NUMBER_MAX };

struct verification {
    const char *path;
    struct folder folder;
    struct chain chain;
    struct closed_node_result result;
    uint64_t bytes;
    uint64_t check_ms;
    uint64_t replay_ms;
    bool opened;
    bool replayed;
};

static enum status chain_check(struct verification *verification, const uint8_t seed[static 32],
                               struct explanation *explanation)
{
    char path[FILE_PATH_SIZE_MAX];
    uint8_t memory[sizeof verification->chain.manifest_memory];
    struct buffer content = BUFFER_OVER(memory);
    enum status status = file_path(path, verification->path, "manifest");
    if (status == STATUS_OK) {
        status = file_read(path, &content, explanation);
    }
    if (status == STATUS_OK) {
        status = chain_manifest(&verification->chain, buffer_bytes(&content), explanation);
    }
    const struct folder *folder = &verification->folder;
    if (status == STATUS_OK && folder->count > 0 &&
        !digest_equal(&verification->chain.network, &folder->entries[0].head.network)) {
        explain(explanation, "the manifest beside the archives is of another network");
        status = STATUS_FORGED;
    }
    for (uint32_t i = 0; i < folder->count && status == STATUS_OK; i++) {
        struct archive_reader *reader = NULL;
        struct archive_summary summary;
        struct bytes block;
        status = archive_open(folder->entries[i].path, seed, &reader, explanation);
        while (status == STATUS_OK) {
            status = archive_next(reader, &block, &summary, explanation);
            if (status == STATUS_OK) {
                status = chain_take(&verification->chain, block, explanation);
            }
        }
        archive_close(reader);
        status = status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    return status;
}

static enum status replay_in(const char *directory, struct verification *verification,
                             const uint8_t seed[static 32], struct explanation *explanation)
{
    struct key_store *keys = NULL;
    struct identity *identity = calloc(1, sizeof *identity);
    enum status status =
        identity == NULL ? STATUS_IO : key_store_create(directory, false, explanation);
    if (status == STATUS_OK) {
        status = key_store_open(directory, &keys, explanation);
    }
    if (status == STATUS_OK) {
        identity->network = verification->chain.network;
        identity->manifest_size = (uint32_t)verification->chain.manifest_scratch.size;
        memcpy(identity->manifest, verification->chain.manifest_memory, identity->manifest_size);
        identity->branch = NOBODY;
        identity->incarnation = INCARNATION_MAX;
        status = founding_of_branch(directory, keys, &identity->network,
                                    journal_of(NOBODY, INCARNATION_MAX), explanation);
    }
    if (status == STATUS_OK) {
        status = restore_blocks(&verification->folder, seed, directory, identity, keys, NULL,
                                &verification->result, explanation);
    }
    key_store_close(keys);
    free(identity);
    return status;
}

/* Everything once more from nothing, in a directory that is removed again. */
static enum status replay(struct verification *verification, const uint8_t seed[static 32],
                          struct explanation *explanation)
{
    char directory[FILE_PATH_SIZE_MAX];
    char part[FILE_PATH_SIZE_MAX];
    const char *temporary = getenv("TMPDIR");
    (void)snprintf(directory, sizeof directory, "%s/tally-verify-XXXXXX",
                   temporary == NULL || temporary[0] == '\0' ? "/tmp" : temporary);
    if (mkdtemp(directory) == NULL) {
        explain(explanation, "no directory can be made under TMPDIR for the replay");
        return STATUS_IO;
    }
    enum status status = replay_in(directory, verification, seed, explanation);
    static const char *const parts[] = {"db", "db.new", "keys"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        enum status removed = file_path(part, directory, parts[i]);
        if (removed == STATUS_OK) {
            removed = data_dir_discard(part, status == STATUS_OK ? explanation : NULL);
        }
        status = status == STATUS_OK ? removed : status;
    }
    enum status removed = data_dir_discard(directory, status == STATUS_OK ? explanation : NULL);
    return status == STATUS_OK ? removed : status;
}

static void verified_show(const struct session *session, const struct verification *verification)
{
    const struct folder *folder = &verification->folder;
    uint64_t events = verification->chain.events;
    uint64_t ms = verification->check_ms + verification->replay_ms;
    if (session->json) {
        json_t *answer = json_pack(
            "{s:i, s:I, s:b, s:b, s:I, s:I, s:I, s:I}", "archives", (int)folder->count, "bytes",
            (json_int_t)verification->bytes, "opened", verification->opened, "replayed",
            verification->replayed, "blocks", (json_int_t)verification->chain.blocks, "events",
            (json_int_t)events, "check_ms", (json_int_t)verification->check_ms, "replay_ms",
            (json_int_t)verification->replay_ms);
        output_json(answer);
        json_decref(answer);
        return;
    }
    printf("%u archives, %" PRIu64 " bytes, each whole and where the one before it ended.\n",
           folder->count, verification->bytes);
    if (!verification->opened) {
        puts("What is inside was not looked at: that takes --recovery-key-file.");
        return;
    }
    printf("%" PRIu64 " blocks with %" PRIu64 " events: each linked, and signed by a journal that "
           "the root vouches for.\n",
           verification->chain.blocks, events);
    if (verification->replayed) {
        printf("Replayed from nothing: the state is the node's, to the bit. %.1f s for each "
               "million events.\n",
               events == 0 ? 0.0 : (double)ms * 1000.0 / (double)events);
    }
}

static enum outcome verify_run(struct session *session)
{
    uint8_t seed[32] = {0};
    struct explanation explanation = {{0}};
    bool inside = session_option(session, "recovery-key-file") != NULL;
    struct verification *verification = calloc(1, sizeof *verification);
    if (verification == NULL || sodium_init() < 0) {
        free(verification);
        return session_refused(session, "Not enough memory.");
    }
    verification->path = session_word(session, 0);
    enum outcome outcome = inside ? recovery_key_open(session, seed) : OUTCOME_DONE;
    uint64_t begun = clock_monotonic_ms();
    enum status status = STATUS_OK;
    if (outcome == OUTCOME_DONE) {
        status = folder_read(verification->path, &verification->folder, &explanation);
    }
    if (outcome == OUTCOME_DONE && status == STATUS_OK && verification->folder.count == 0) {
        explain(&explanation, "there is no archive in %s", verification->path);
        status = STATUS_NOT_FOUND;
    }
    for (uint32_t i = 0; i < verification->folder.count; i++) {
        verification->bytes += verification->folder.entries[i].size;
    }
    if (outcome == OUTCOME_DONE && status == STATUS_OK && inside) {
        verification->opened = true;
        status = chain_check(verification, seed, &explanation);
        verification->check_ms = clock_monotonic_ms() - begun;
    }
    if (outcome == OUTCOME_DONE && status == STATUS_OK && inside &&
        !arguments_has(&session->arguments, "no-replay")) {
        begun = clock_monotonic_ms();
        status = replay(verification, seed, &explanation);
        verification->replayed = status == STATUS_OK;
        verification->replay_ms = clock_monotonic_ms() - begun;
    }
    sodium_memzero(seed, sizeof seed);
    if (outcome == OUTCOME_DONE && status == STATUS_OK) {
        verified_show(session, verification);
    } else if (outcome == OUTCOME_DONE) {
        outcome = session_refused(session, "The backup is not good: %s.", explanation.text);
    }
    folder_free(&verification->folder);
    chain_free(&verification->chain);
    free(verification);
    return outcome;
}

static const struct option_form verify_options[] = {
    {"recovery-key-file", "FILE", "the key that it was sealed for: look inside, and replay it"},
    {"passphrase-file", "FILE", "opens that key; the first line counts"},
    {"no-replay", NULL, "check links and signatures only"},
    {0},
};

const struct subcommand backup_verify_command = {
    .name = "backup verify",
    .group = "Backups",
    .summary = "is a folder of archives whole, true, and does it give the node's state again?",
    .usage = "FOLDER [--recovery-key-file FILE]",
    .example = "tally backup verify /srv/backup/branch-2\n"
               "tally backup verify /srv/backup/branch-2 --recovery-key-file recovery.key",
    .options = verify_options,
    .words_min = 1,
    .words_max = 1,
    .run = verify_run,
};
