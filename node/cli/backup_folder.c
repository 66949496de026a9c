#include "backup_folder.h"

#include "audit.h"

#include "block_codec.h"
#include "event_codec.h"
#include "hash.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    FORM = 1,
    NAME_DIGITS = 10,
    CHAIN_SIZE_MAX = 4 * 1024 * 1024,
    HEX_ID = 64,
};

void chain_free(struct chain *chain)
{
    free(chain->journals);
    *chain = (struct chain){0};
}

/* ---- blocks ---- */

static struct chain_journal *find(const struct chain *chain, uint64_t journal)
{
    for (uint32_t i = 0; i < chain->journal_count; i++) {
        if (chain->journals[i].journal == journal) {
            return &chain->journals[i];
        }
    }
    return NULL;
}

static struct chain_journal *named(struct chain *chain, uint64_t journal)
{
    struct chain_journal *known = find(chain, journal);
    if (known != NULL) {
        return known;
    }
    void *longer = realloc(chain->journals, (chain->journal_count + 1) * sizeof *chain->journals);
    if (longer == NULL) {
        (void)fputs("tally: not enough memory\n", stderr);
        abort();
    }
    chain->journals = longer;
    known = &chain->journals[chain->journal_count++];
    *known = (struct chain_journal){.journal = journal};
    return known;
}

/* The authority's word on keys; false if the root did not sign one. */
static bool keys_take(struct chain *chain, const struct block *block)
{
    for (uint32_t i = 0; i < block->header.count; i++) {
        struct event event;
        if (event_decode(block->events[i], &event) != STATUS_OK || !event.known) {
            continue;
        }
        if (event.type == EVENT_AUTH_EPOCH) {
            if (!audit_certificate_holds(&chain->manifest, &chain->network, &event)) {
                return false;
            }
            memcpy(named(chain, block->header.journal)->public_key,
                   event.body.auth_epoch.public_key, 32);
        } else if (event.type == EVENT_JOURNAL_ADMIT) {
            memcpy(named(chain, event.body.admit.journal)->public_key, event.body.admit.public_key,
                   32);
        }
    }
    return true;
}

static const char *block_problem(struct chain *chain, const struct block *block)
{
    const struct block_header *header = &block->header;
    uint8_t memory[BLOCK_HEADER_SIZE_MAX + 128];
    struct buffer body = BUFFER_OVER(memory);
    if (journal_is_authority(header->journal) && !keys_take(chain, block)) {
        return "holds an authority key that the root did not sign";
    }
    const struct chain_journal *writer = find(chain, header->journal);
    if (writer == NULL) {
        return "is of a journal that the authority has not admitted before it";
    }
    if (header->seq != writer->seq + 1 || !digest_equal(&header->prev, &writer->id)) {
        return "does not follow the block before it";
    }
    if (block_signed_bytes(&chain->network, block->header_bytes, &body) != STATUS_OK ||
        !signature_holds(buffer_bytes(&body), block->signature.data, writer->public_key)) {
        return "is not signed by its writer";
    }
    return NULL;
}

enum status chain_take(struct chain *chain, struct bytes whole, struct explanation *explanation)
{
    static struct block block; /* large, and this tool has one thread */
    if (block_decode(whole, &block) != STATUS_OK) {
        explain(explanation, "what stands at position %" PRIu64 " is no block", chain->last + 1);
        return STATUS_FORGED;
    }
    const char *problem = block_problem(chain, &block);
    if (problem != NULL) {
        explain(explanation, "block %" PRIu32 ".%u-%" PRIu64 " %s",
                journal_branch(block.header.journal),
                (unsigned)journal_incarnation(block.header.journal), block.header.seq, problem);
        return STATUS_FORGED;
    }
    struct chain_journal *writer = find(chain, block.header.journal);
    assert(writer != NULL); /* block_problem has looked */
    writer->seq = block.header.seq;
    writer->id = block.id;
    chain->last++;
    chain->last_id = block.id;
    chain->blocks++;
    chain->events += block.header.count;
    return STATUS_OK;
}

enum status chain_manifest(struct chain *chain, struct bytes manifest,
                           struct explanation *explanation)
{
    chain->manifest_scratch = BUFFER_OVER(chain->manifest_memory);
    if (!buffer_append(&chain->manifest_scratch, manifest) ||
        manifest_decode(buffer_bytes(&chain->manifest_scratch), &chain->manifest) != STATUS_OK) {
        explain(explanation, "that is no manifest of a network");
        return STATUS_MALFORMED;
    }
    chain->network = hash_network(buffer_bytes(&chain->manifest_scratch));
    return STATUS_OK;
}

/* ---- chain.json ---- */

static bool hex_read(const json_t *object, const char *name, uint8_t *out, size_t size)
{
    const char *text = json_string_value(json_object_get(object, name));
    size_t got = 0;
    return text != NULL && strlen(text) == 2 * size &&
           sodium_hex2bin(out, size, text, 2 * size, NULL, &got, NULL) == 0 && got == size;
}

static bool number_read(const json_t *object, const char *name, uint64_t *number)
{
    const json_t *value = json_object_get(object, name);
    if (!json_is_integer(value) || json_integer_value(value) < 0) {
        return false;
    }
    *number = (uint64_t)json_integer_value(value);
    return true;
}

static bool chain_read(const json_t *root, struct chain *chain)
{
    uint64_t form = 0;
    const json_t *list = json_object_get(root, "journals");
    bool good = number_read(root, "form", &form) && form == FORM &&
                number_read(root, "of", &chain->of) && number_read(root, "last", &chain->last) &&
                number_read(root, "blocks", &chain->blocks) &&
                number_read(root, "events", &chain->events) &&
                hex_read(root, "last_id", chain->last_id.bytes, 32) && json_is_array(list);
    for (size_t i = 0; good && i < json_array_size(list); i++) {
        const json_t *row = json_array_get(list, i);
        uint64_t journal = 0;
        good = number_read(row, "journal", &journal);
        struct chain_journal *entry = named(chain, journal);
        good = good && number_read(row, "seq", &entry->seq) &&
               hex_read(row, "key", entry->public_key, 32) &&
               hex_read(row, "id", entry->id.bytes, 32);
    }
    return good;
}

static enum status manifest_load(const char *folder, struct chain *chain,
                                 struct explanation *explanation)
{
    char path[FILE_PATH_SIZE_MAX];
    uint8_t memory[sizeof chain->manifest_memory];
    struct buffer content = BUFFER_OVER(memory);
    enum status status = file_path(path, folder, "manifest");
    if (status == STATUS_OK) {
        status = file_read(path, &content, explanation);
    }
    return status == STATUS_OK ? chain_manifest(chain, buffer_bytes(&content), explanation)
                               : status;
}

enum status chain_load(const char *folder, struct chain *chain, struct explanation *explanation)
{
    char path[FILE_PATH_SIZE_MAX];
    if (file_path(path, folder, "chain.json") != STATUS_OK) {
        explain(explanation, "the path of the folder is too long");
        return STATUS_TOO_LARGE;
    }
    if (!file_exists(path)) {
        explain(explanation, "there is no backup in %s yet", folder);
        return STATUS_NOT_FOUND;
    }
    enum status status = manifest_load(folder, chain, explanation);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_CORRUPT : status;
    }
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
    bool good = root != NULL && chain_read(root, chain);
    json_decref(root);
    if (!good) {
        explain(explanation,
                "%s is damaged. Begin a new folder: its archives can still be restored", path);
        return STATUS_CORRUPT;
    }
    return STATUS_OK;
}

static json_t *hex_json(const uint8_t *bytes, size_t size)
{
    char text[HEX_ID + 1];
    return json_string(sodium_bin2hex(text, sizeof text, bytes, size));
}

static json_t *journals_json(const struct chain *chain)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < chain->journal_count; i++) {
        const struct chain_journal *entry = &chain->journals[i];
        json_array_append_new(
            list, json_pack("{s:I, s:I, s:o, s:o}", "journal", (json_int_t)entry->journal, "seq",
                            (json_int_t)entry->seq, "key", hex_json(entry->public_key, 32), "id",
                            hex_json(entry->id.bytes, 32)));
    }
    return list;
}

enum status chain_save(const char *folder, const struct chain *chain,
                       struct explanation *explanation)
{
    char path[FILE_PATH_SIZE_MAX];
    enum status status = file_path(path, folder, "manifest");
    if (status == STATUS_OK && !file_exists(path)) {
        status = file_create(path, buffer_bytes(&chain->manifest_scratch), 0644, explanation);
    }
    if (status == STATUS_OK) {
        status = file_path(path, folder, "chain.json");
    }
    if (status != STATUS_OK) {
        return status;
    }
    json_t *root =
        json_pack("{s:i, s:I, s:I, s:o, s:I, s:I, s:o}", "form", FORM, "of", (json_int_t)chain->of,
                  "last", (json_int_t)chain->last, "last_id", hex_json(chain->last_id.bytes, 32),
                  "blocks", (json_int_t)chain->blocks, "events", (json_int_t)chain->events,
                  "journals", journals_json(chain));
    char *text = root == NULL ? NULL : json_dumps(root, JSON_INDENT(1));
    json_decref(root);
    if (text == NULL) {
        explain(explanation, "not enough memory");
        return STATUS_IO;
    }
    status = file_replace(path, bytes_of(text, strlen(text)), 0644, explanation);
    free(text);
    return status;
}

/* ---- the archives ---- */

static int by_path(const void *a, const void *b)
{
    const struct folder_entry *left = a;
    const struct folder_entry *right = b;
    return strcmp(left->path, right->path);
}

static bool is_archive(const char *name)
{
    return strlen(name) == NAME_DIGITS + strlen(".tally") &&
           strspn(name, "0123456789") == NAME_DIGITS && strcmp(name + NAME_DIGITS, ".tally") == 0;
}

static struct folder_entry *add_entry(struct folder *folder)
{
    void *longer = folder->count == ARCHIVES_MAX
                       ? NULL
                       : realloc(folder->entries, (folder->count + 1) * sizeof *folder->entries);
    if (longer == NULL) {
        return NULL;
    }
    folder->entries = longer;
    folder->entries[folder->count] = (struct folder_entry){0};
    return &folder->entries[folder->count++];
}

static enum status archives_list(const char *path, struct folder *folder,
                                 struct explanation *explanation)
{
    DIR *directory = opendir(path);
    if (directory == NULL) {
        explain(explanation, "cannot read the folder %s: %s", path, strerror(errno));
        return file_status(errno);
    }
    enum status status = STATUS_OK;
    for (const struct dirent *entry = readdir(directory); entry != NULL && status == STATUS_OK;
         entry = readdir(directory)) {
        if (!is_archive(entry->d_name)) {
            continue;
        }
        struct folder_entry *added = add_entry(folder);
        if (added == NULL) {
            explain(explanation, "there are too many archives in %s, or too little memory", path);
            status = STATUS_TOO_LARGE;
        } else {
            status = file_path(added->path, path, entry->d_name);
        }
    }
    (void)closedir(directory);
    if (folder->count > 1) {
        qsort(folder->entries, folder->count, sizeof *folder->entries, by_path);
    }
    return status;
}

static enum status entry_check(const struct folder *folder, uint32_t at,
                               struct explanation *explanation)
{
    struct folder_entry *entry = &folder->entries[at];
    struct stat found;
    enum status status = archive_check(entry->path, &entry->head, &entry->end, explanation);
    if (status != STATUS_OK) {
        return status;
    }
    entry->size = stat(entry->path, &found) == 0 ? (uint64_t)found.st_size : 0;
    uint64_t expected = at == 0 ? 1 : folder->entries[at - 1].end.last + 1;
    if (entry->head.first != expected) {
        explain(explanation,
                "%s begins at position %" PRIu64 ", but %" PRIu64
                " comes next: an archive before it is missing",
                entry->path, entry->head.first, expected);
        return STATUS_CORRUPT;
    }
    if (at > 0 && (!digest_equal(&entry->head.network, &folder->entries[0].head.network) ||
                   entry->head.journal != folder->entries[0].head.journal)) {
        explain(explanation, "%s is of another node than the archives before it", entry->path);
        return STATUS_CORRUPT;
    }
    return STATUS_OK;
}

enum status folder_read(const char *path, struct folder *folder, struct explanation *explanation)
{
    *folder = (struct folder){0};
    enum status status = archives_list(path, folder, explanation);
    for (uint32_t i = 0; i < folder->count && status == STATUS_OK; i++) {
        status = entry_check(folder, i, explanation);
    }
    if (status != STATUS_OK) {
        folder_free(folder);
    }
    return status;
}

void folder_free(struct folder *folder)
{
    free(folder->entries);
    *folder = (struct folder){0};
}

enum status folder_archive_path(const char *folder, uint64_t first,
                                char path[static FILE_PATH_SIZE_MAX])
{
    char name[NAME_DIGITS + 16];
    (void)snprintf(name, sizeof name, "%0*" PRIu64 ".tally", NAME_DIGITS, first);
    return file_path(path, folder, name);
}
