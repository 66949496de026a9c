#include "recovery_key.h"

#include "output.h"
#include "passphrase.h"
#include "subcommands.h"

#include "file.h"
#include "sealed_seed.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum {
    HEX_SIZE = 64,
    LINE_SIZE_MAX = 256,
};

static const char line_start[] = "tally-recovery-key ";

static bool hex_read(const char *text, uint8_t public_key[static 32])
{
    size_t size = 0;
    return strspn(text, "0123456789abcdefABCDEF") == HEX_SIZE &&
           sodium_hex2bin(public_key, 32, text, HEX_SIZE, NULL, &size, NULL) == 0 && size == 32;
}

enum outcome recovery_key_public(struct session *session, uint8_t public_key[static 32])
{
    const char *given = session_option(session, "recovery-key");
    char line[LINE_SIZE_MAX] = "";
    struct buffer content = {.data = (uint8_t *)line, .capacity = sizeof line - 1};
    struct explanation explanation = {{0}};
    if (given == NULL) {
        return session_misused(session,
                               "--recovery-key is missing: for which key shall the backup be "
                               "sealed? Make one with: tally recovery-key new FILE");
    }
    if (strlen(given) == HEX_SIZE && hex_read(given, public_key)) {
        return OUTCOME_DONE;
    }
    if (file_read(given, &content, &explanation) != STATUS_OK) {
        return session_refused(session, "The recovery key cannot be read: %s.", explanation.text);
    }
    size_t skip = strlen(line_start);
    bool good = strncmp(line, line_start, skip) == 0 && hex_read(line + skip, public_key);
    return good ? OUTCOME_DONE
                : session_refused(session,
                                  "%s is not the public half of a recovery key: that is the file "
                                  "ending in .pub that tally recovery-key new wrote, one line.",
                                  given);
}

enum outcome recovery_key_open(struct session *session, uint8_t seed[static 32])
{
    char passphrase[PASSPHRASE_SIZE_MAX];
    struct explanation explanation = {{0}};
    const char *path = session_option(session, "recovery-key-file");
    if (path == NULL) {
        return session_misused(session, "--recovery-key-file is missing: the key that the backup "
                                        "was sealed for.");
    }
    enum outcome outcome = passphrase_read(session, passphrase);
    if (outcome == OUTCOME_DONE &&
        sealed_seed_open(path, SEED_RECOVERY, passphrase, seed, &explanation) != STATUS_OK) {
        outcome =
            session_refused(session, "The recovery key cannot be used: %s.", explanation.text);
    }
    sodium_memzero(passphrase, sizeof passphrase);
    return outcome;
}

static enum outcome write_public(struct session *session, const char *path,
                                 const uint8_t public_key[static 32])
{
    char beside[FILE_PATH_SIZE_MAX];
    char line[LINE_SIZE_MAX];
    char hex[HEX_SIZE + 1];
    struct explanation explanation = {{0}};
    int size = snprintf(beside, sizeof beside, "%s.pub", path);
    if (size < 0 || (size_t)size >= sizeof beside) {
        return session_refused(session, "The path is too long.");
    }
    sodium_bin2hex(hex, sizeof hex, public_key, 32);
    (void)snprintf(line, sizeof line, "%s%s\n", line_start, hex);
    if (file_create(beside, bytes_of(line, strlen(line)), 0644, &explanation) != STATUS_OK) {
        return session_refused(session, "%s.", explanation.text);
    }
    if (session->json) {
        json_t *answer =
            json_pack("{s:s, s:s, s:s}", "file", path, "public_file", beside, "public_key", hex);
        output_json(answer);
        json_decref(answer);
        return OUTCOME_DONE;
    }
    printf("Made.\n  %s      opens backups: keep it offline, with a copy elsewhere\n"
           "  %s  seals them: copy it to every node\n"
           "Next\n  tally node backup FOLDER --recovery-key %s --dir /var/lib/tally\n",
           path, beside, beside);
    return OUTCOME_DONE;
}

static enum outcome new_run(struct session *session)
{
    char passphrase[PASSPHRASE_SIZE_MAX];
    uint8_t public_key[32];
    struct explanation explanation = {{0}};
    const char *path = session_word(session, 0);
    enum outcome outcome = passphrase_read(session, passphrase);
    if (outcome == OUTCOME_DONE && sealed_seed_create(path, SEED_RECOVERY, passphrase, public_key,
                                                      &explanation) != STATUS_OK) {
        outcome = session_refused(session, "No key was made: %s.", explanation.text);
    }
    sodium_memzero(passphrase, sizeof passphrase);
    return outcome == OUTCOME_DONE ? write_public(session, path, public_key) : outcome;
}

static const struct option_form new_options[] = {
    {"passphrase-file", "FILE", "seals the key; the first line counts"},
    {0},
};

const struct subcommand recovery_key_new_command = {
    .name = "recovery-key new",
    .group = "Backups",
    .summary = "make the key that opens backups; without it they are noise",
    .usage = "FILE [--passphrase-file FILE]",
    .example = "tally recovery-key new /media/safe/recovery.key --passphrase-file passphrase.txt",
    .options = new_options,
    .words_min = 1,
    .words_max = 1,
    .run = new_run,
};
