#include "subcommands.h"

#include "backup_folder.h"
#include "output.h"
#include "recovery_key.h"
#include "session.h"

#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

struct backup {
    const char *folder;
    uint8_t recipient[32];
    struct chain chain;
    struct archive_writer *writer;
    char part[FILE_PATH_SIZE_MAX + 8];
    char path[FILE_PATH_SIZE_MAX];
    uint64_t first; /* position of the new archive's first block */
    struct digest state;
    bool fresh; /* the folder was empty */
    int lock;
};

static enum outcome refused(struct session *session, const struct explanation *explanation)
{
    return session_refused(session, "The backup was not made: %s.", explanation->text);
}

/* One backup at a time in a folder. */
static enum outcome folder_take(struct session *session, struct backup *backup)
{
    struct explanation explanation = {{0}};
    if (!file_exists(backup->folder) &&
        file_make_directory(backup->folder, 0700, &explanation) != STATUS_OK) {
        return refused(session, &explanation);
    }
    backup->lock = open(backup->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (backup->lock < 0) {
        return session_refused(session, "%s cannot be opened: %s.", backup->folder,
                               strerror(errno));
    }
    if (flock(backup->lock, LOCK_EX | LOCK_NB) != 0) {
        return session_refused(session, "Another backup into %s is under way.", backup->folder);
    }
    enum status status = chain_load(backup->folder, &backup->chain, &explanation);
    backup->fresh = status == STATUS_NOT_FOUND;
    return status == STATUS_OK || backup->fresh ? OUTCOME_DONE : refused(session, &explanation);
}

static enum outcome fetch(struct session *session, const char *path, uint64_t after,
                          json_t **answer)
{
    char text[32];
    struct client_path asked = client_path_of(path);
    if (after != UINT64_MAX) {
        (void)snprintf(text, sizeof text, "%" PRIu64, after);
        client_path_query(&asked, "after", text);
    }
    return session_fetch(session, &asked, answer);
}

/* "2.1" into a number; 0 if it is none. */
static uint64_t journal_read(const char *text)
{
    unsigned branch = 0;
    unsigned incarnation = 0;
    return sscanf(text, "%u.%u", &branch, &incarnation) == 2
               ? journal_of(branch, (uint16_t)incarnation)
               : 0;
}

/* The node must be the one whose blocks the folder has. */
static enum outcome node_check(struct session *session, struct backup *backup)
{
    json_t *answer = NULL;
    enum outcome outcome = fetch(session, "/v1/node", UINT64_MAX, &answer);
    if (outcome != OUTCOME_DONE) {
        return outcome;
    }
    uint64_t journal = journal_read(output_text_at(answer, "journal"));
    json_decref(answer);
    if (journal == 0) {
        return session_refused(session, "The node does not say which one it is.");
    }
    if (!backup->fresh && journal != backup->chain.of) {
        return session_refused(session,
                               "%s holds backups of journal %u.%u, and this node writes %u.%u. "
                               "Choose another folder for it.",
                               backup->folder, (unsigned)journal_branch(backup->chain.of),
                               (unsigned)journal_incarnation(backup->chain.of),
                               (unsigned)journal_branch(journal),
                               (unsigned)journal_incarnation(journal));
    }
    backup->chain.of = journal;
    return OUTCOME_DONE;
}

static bool base64_read(const json_t *value, uint8_t *out, size_t room, size_t *size)
{
    const char *text = json_string_value(value);
    return text != NULL && sodium_base642bin(out, room, text, strlen(text), NULL, size, NULL,
                                             sodium_base64_VARIANT_ORIGINAL) == 0;
}

static enum status begin(struct backup *backup, struct explanation *explanation)
{
    struct archive_head head = {.network = backup->chain.network,
                                .journal = backup->chain.of,
                                .first = backup->first,
                                .made_ms = (uint64_t)clock_wall_ms()};
    memcpy(head.recipient, backup->recipient, sizeof head.recipient);
    enum status status = folder_archive_path(backup->folder, backup->first, backup->path);
    if (status != STATUS_OK) {
        explain(explanation, "the path of the folder is too long");
        return status;
    }
    (void)snprintf(backup->part, sizeof backup->part, "%s.part", backup->path);
    (void)unlink(backup->part); /* of one that was interrupted */
    return archive_create(backup->part, &head, &backup->writer, explanation);
}

static enum status page_take(struct backup *backup, const json_t *page,
                             struct explanation *explanation)
{
    static uint8_t bytes[BLOCK_SIZE_MAX];
    size_t size = 0;
    enum status status = STATUS_OK;
    if (backup->fresh && backup->chain.last == 0 && backup->chain.manifest_scratch.size == 0) {
        if (!base64_read(json_object_get(page, "manifest"), bytes, sizeof bytes, &size)) {
            explain(explanation, "the node does not show the manifest of its network");
            return STATUS_MALFORMED;
        }
        status = chain_manifest(&backup->chain, bytes_of(bytes, size), explanation);
    }
    const json_t *blocks = json_object_get(page, "blocks");
    for (size_t i = 0; i < json_array_size(blocks) && status == STATUS_OK; i++) {
        if (backup->writer == NULL) {
            status = begin(backup, explanation);
        }
        if (status != STATUS_OK) {
            break;
        }
        if (!base64_read(json_array_get(blocks, i), bytes, sizeof bytes, &size)) {
            explain(explanation, "the node answers something that is no block");
            return STATUS_MALFORMED;
        }
        status = chain_take(&backup->chain, bytes_of(bytes, size), explanation);
        if (status == STATUS_OK) {
            status = archive_add(backup->writer, bytes_of(bytes, size), explanation);
        }
    }
    return status;
}

static enum outcome blocks_fetch(struct session *session, struct backup *backup)
{
    bool more = true;
    while (more) {
        struct explanation explanation = {{0}};
        json_t *page = NULL;
        enum outcome outcome = fetch(session, "/v1/blocks", backup->chain.last, &page);
        if (outcome != OUTCOME_DONE) {
            return outcome;
        }
        uint64_t before = backup->chain.last;
        enum status status = page_take(backup, page, &explanation);
        more = json_is_true(json_object_get(page, "more"));
        const char *state = output_text_at(page, "state");
        size_t size = 0;
        (void)sodium_hex2bin(backup->state.bytes, 32, state, strlen(state), NULL, &size, NULL);
        json_decref(page);
        if (status != STATUS_OK) {
            return refused(session, &explanation);
        }
        if (more && backup->chain.last == before) {
            return session_refused(session, "The node answers nothing more, and says there is.");
        }
    }
    return OUTCOME_DONE;
}

static enum outcome keep(struct session *session, struct backup *backup)
{
    struct explanation explanation = {{0}};
    struct archive_summary summary = {.last = backup->chain.last,
                                      .blocks = backup->chain.last - backup->first + 1,
                                      .state = backup->state};
    struct archive_head head;
    struct archive_end end;
    enum status status =
        archive_seal(backup->writer, &summary, &backup->chain.last_id, &explanation);
    backup->writer = NULL;
    /* Read back before anybody relies on it. */
    if (status == STATUS_OK) {
        status = archive_check(backup->part, &head, &end, &explanation);
    }
    if (status == STATUS_OK && rename(backup->part, backup->path) != 0) {
        explain(&explanation, "cannot rename %s: %s", backup->part, strerror(errno));
        status = STATUS_IO;
    }
    if (status == STATUS_OK) {
        status = file_sync_directory(backup->folder);
    }
    if (status == STATUS_OK) {
        status = chain_save(backup->folder, &backup->chain, &explanation);
    }
    return status == STATUS_OK ? OUTCOME_DONE : refused(session, &explanation);
}

static void made_show(const struct session *session, const struct backup *backup)
{
    bool any = backup->chain.last >= backup->first;
    uint64_t blocks = any ? backup->chain.last - backup->first + 1 : 0;
    if (session->json) {
        json_t *answer =
            json_pack("{s:s, s:s*, s:I, s:I, s:I}", "folder", backup->folder, "archive",
                      any ? backup->path : NULL, "new_blocks", (json_int_t)blocks, "blocks",
                      (json_int_t)backup->chain.blocks, "events", (json_int_t)backup->chain.events);
        output_json(answer);
        json_decref(answer);
        return;
    }
    if (any) {
        printf("%" PRIu64 " new blocks in %s, checked and read back.\n", blocks, backup->path);
    } else {
        printf("Nothing new.\n");
    }
    printf("The folder holds %" PRIu64 " blocks with %" PRIu64 " events, up to position %" PRIu64
           ".\n",
           backup->chain.blocks, backup->chain.events, backup->chain.last);
}

static enum outcome backup_run(struct session *session)
{
    struct backup *backup = calloc(1, sizeof *backup);
    if (backup == NULL || sodium_init() < 0) {
        free(backup);
        return session_refused(session, "Not enough memory.");
    }
    backup->lock = -1;
    backup->folder = session_word(session, 0);
    enum outcome outcome = recovery_key_public(session, backup->recipient);
    if (outcome == OUTCOME_DONE) {
        outcome = folder_take(session, backup);
    }
    if (outcome == OUTCOME_DONE) {
        outcome = node_check(session, backup);
    }
    backup->first = backup->chain.last + 1;
    if (outcome == OUTCOME_DONE) {
        outcome = blocks_fetch(session, backup);
    }
    if (outcome == OUTCOME_DONE && backup->writer != NULL) {
        outcome = keep(session, backup);
    }
    if (outcome == OUTCOME_DONE) {
        made_show(session, backup);
    }
    archive_abandon(backup->writer);
    chain_free(&backup->chain);
    if (backup->lock >= 0) {
        (void)close(backup->lock);
    }
    free(backup);
    return outcome;
}

static const struct option_form backup_options[] = {
    {"recovery-key", "FILE|HEX", "public half of the key that will open it"},
    {0},
};

const struct subcommand node_backup_command = {
    .name = "node backup",
    .group = "Backups",
    .summary = "add what is new at a running node to a folder of sealed archives",
    .usage = "FOLDER --recovery-key FILE",
    .example = "tally node backup /srv/backup/branch-2 --recovery-key recovery.key.pub "
               "--dir /var/lib/tally",
    .options = backup_options,
    .words_min = 1,
    .words_max = 1,
    .run = backup_run,
};
