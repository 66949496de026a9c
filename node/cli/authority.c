#include "subcommands.h"

#include "audit.h"
#include "certificate.h"
#include "output.h"
#include "passphrase.h"
#include "session.h"

#include "calendar.h"
#include "clock.h"
#include "closed_node.h"
#include "event_codec.h"
#include "file.h"
#include "root_key.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    DAYS_DEFAULT = 2 * 365,
    DAYS_MAX = 10 * 365,
    SIGNED_SIZE_MAX = 1024,
};

static const char group[] = "Authority";

static enum outcome directory_of(struct session *session, const char **directory)
{
    *directory = session_option(session, "dir");
    *directory = *directory != NULL ? *directory : getenv("TALLY_DIR");
    return *directory != NULL && *directory[0] != '\0'
               ? OUTCOME_DONE
               : session_misused(session, "--dir is missing: the office's data directory.");
}

static enum status identity_load(const char *directory, struct identity *identity,
                                 struct explanation *explanation)
{
    char path[FILE_PATH_SIZE_MAX];
    enum status status = file_path(path, directory, "identity");
    return status == STATUS_OK ? identity_read(path, identity, explanation) : status;
}

static void certificate_show(const struct certificate *certificate)
{
    char key[2 * 32 + 1];
    char network[2 * 32 + 1];
    const struct event *epoch = &certificate->epoch;
    struct date until = calendar_date(epoch->body.auth_epoch.until_day);
    sodium_bin2hex(key, sizeof key, epoch->body.auth_epoch.public_key, 32);
    sodium_bin2hex(network, sizeof network, certificate->network.bytes, 32);
    printf("  network     %s\n  epoch       %" PRIu64 "\n  its key     %s\n"
           "  until       %04d-%02u-%02u\n  behind      block %" PRIu64
           " of the authority's journal\n",
           network, epoch->body.auth_epoch.epoch, key, (int)until.year, (unsigned)until.month,
           (unsigned)until.day, epoch->body.auth_epoch.prev_seq);
}

/* ---- request ---- */

static bool hex_at(const json_t *answer, const char *name, uint8_t *out, size_t size)
{
    const char *text = output_text_at(answer, name);
    size_t got = 0;
    return sodium_hex2bin(out, size, text, strlen(text), NULL, &got, NULL) == 0 && got == size;
}

static enum outcome request_fill(struct session *session, const char *directory, uint64_t days,
                                 struct certificate *request)
{
    struct explanation explanation = {{0}};
    struct event *epoch = &request->epoch;
    struct client_path path = client_path_of("/v1/node");
    json_t *answer = NULL;
    struct identity *identity = calloc(1, sizeof *identity);
    enum status status =
        identity == NULL ? STATUS_IO : identity_load(directory, identity, &explanation);
    bool office = status == STATUS_OK && (identity->roles & ROLE_OFFICE) != 0;
    if (office) {
        request->network = identity->network;
        request->manifest_size = identity->manifest_size;
        memcpy(request->manifest, identity->manifest, identity->manifest_size);
    }
    free(identity);
    if (!office) {
        return session_refused(session, "%s is not the office's data directory. %s", directory,
                               explanation.text);
    }
    enum outcome outcome = session_fetch(session, &path, &answer);
    if (outcome != OUTCOME_DONE) {
        return outcome;
    }
    *epoch = (struct event){.type = EVENT_AUTH_EPOCH, .known = true};
    epoch->body.auth_epoch.epoch =
        (uint64_t)json_integer_value(output_at(answer, "auth_epoch")) + 1;
    epoch->body.auth_epoch.prev_seq = (uint64_t)json_integer_value(output_at(answer, "auth_seq"));
    epoch->body.auth_epoch.until_day =
        calendar_day(clock_wall_ms(),
                     (int32_t)json_integer_value(output_at(answer, "zone_minutes"))) +
        (uint32_t)days;
    bool good = epoch->body.auth_epoch.epoch > 1 &&
                hex_at(answer, "auth_id", epoch->body.auth_epoch.prev_id.bytes, 32);
    json_decref(answer);
    if (!good) {
        return session_refused(session, "The node does not say where the authority's journal "
                                        "stands. Is it the office, and of this version?");
    }
    status =
        key_store_prepare_authority(directory, epoch->body.auth_epoch.public_key, &explanation);
    return status == STATUS_OK
               ? OUTCOME_DONE
               : session_refused(session, "No key was prepared: %s.", explanation.text);
}

static enum outcome request_run(struct session *session)
{
    const char *directory = NULL;
    const char *file = session_word(session, 0);
    uint64_t days = DAYS_DEFAULT;
    struct explanation explanation = {{0}};
    const char *typed = session_option(session, "days");
    if (typed != NULL && !session_number(typed, 1, DAYS_MAX, &days)) {
        return session_misused(session, "--days takes 1 to %d.", DAYS_MAX);
    }
    struct certificate *request = calloc(1, sizeof *request);
    enum outcome outcome = request == NULL ? OUTCOME_REFUSED : directory_of(session, &directory);
    if (outcome == OUTCOME_DONE) {
        outcome = request_fill(session, directory, days, request);
    }
    if (outcome == OUTCOME_DONE && certificate_save(file, request, &explanation) != STATUS_OK) {
        outcome = session_refused(session, "The request was not written: %s.", explanation.text);
    }
    if (outcome == OUTCOME_DONE && !session->json) {
        puts("A key is prepared at the office; this asks the root to certify it.");
        certificate_show(request);
        printf("Carry %s to the machine with the root key, and there:\n"
               "  tally authority sign %s certificate.json --root-key root.key\n",
               file, file);
    }
    free(request);
    return outcome;
}

static const struct option_form request_options[] = {
    {"days", "N", "how long the new key is meant to sign (default 730)"},
    {0},
};

const struct subcommand authority_request_command = {
    .name = "authority request",
    .group = group,
    .summary = "at the office: prepare the authority's next key, and ask the root to certify it",
    .usage = "FILE --dir DIR [--days N]",
    .example = "tally authority request request.json --dir /var/lib/tally",
    .options = request_options,
    .words_min = 1,
    .words_max = 1,
    .run = request_run,
};

/* ---- sign ---- */

static enum outcome root_position(struct session *session, const struct certificate *certificate,
                                  const char *root_key, uint8_t *index)
{
    struct manifest manifest;
    uint8_t public_key[32];
    bool sealed = false;
    struct explanation explanation = {{0}};
    if (manifest_decode(bytes_of(certificate->manifest, certificate->manifest_size), &manifest) !=
            STATUS_OK ||
        root_key_inspect(root_key, public_key, &sealed, &explanation) != STATUS_OK) {
        return session_refused(session, "Nothing was signed: %s.",
                               explanation.text[0] != '\0' ? explanation.text
                                                           : "the request's manifest is damaged");
    }
    for (uint32_t i = 0; i < manifest.root_count; i++) {
        if (memcmp(manifest.roots[i], public_key, sizeof public_key) == 0) {
            *index = (uint8_t)i;
            return OUTCOME_DONE;
        }
    }
    return session_refused(session,
                           "Nothing was signed: %s is not a root of the network that the "
                           "request is for.",
                           root_key);
}

static enum outcome sign_with(struct session *session, struct certificate *certificate,
                              const char *root_key)
{
    char passphrase[PASSPHRASE_SIZE_MAX];
    uint8_t memory[SIGNED_SIZE_MAX];
    uint8_t signature[64];
    uint8_t index = 0;
    struct buffer body = BUFFER_OVER(memory);
    struct explanation explanation = {{0}};
    struct event *epoch = &certificate->epoch;
    enum outcome outcome = root_position(session, certificate, root_key, &index);
    if (outcome == OUTCOME_DONE) {
        outcome = passphrase_read(session, passphrase);
    }
    if (outcome != OUTCOME_DONE) {
        return outcome;
    }
    enum status status = auth_signed_bytes(&certificate->network, epoch, &body);
    if (status == STATUS_OK) {
        status = root_key_sign(root_key, passphrase, buffer_bytes(&body), signature, &explanation);
    }
    sodium_memzero(passphrase, sizeof passphrase);
    if (status != STATUS_OK || epoch->body.auth_epoch.signature_count == AUTH_SIGNATURES_MAX) {
        return session_refused(session, "Nothing was signed: %s.", explanation.text);
    }
    struct auth_signature *added =
        &epoch->body.auth_epoch.signatures[epoch->body.auth_epoch.signature_count++];
    added->root_index = index;
    memcpy(added->signature, signature, sizeof signature);
    return OUTCOME_DONE;
}

static enum outcome sign_run(struct session *session)
{
    const char *root_key = session_option(session, "root-key");
    struct explanation explanation = {{0}};
    if (root_key == NULL) {
        return session_misused(session, "--root-key is missing.");
    }
    struct certificate *certificate = calloc(1, sizeof *certificate);
    if (certificate == NULL || sodium_init() < 0) {
        free(certificate);
        return session_refused(session, "Not enough memory.");
    }
    enum outcome outcome = OUTCOME_DONE;
    if (certificate_load(session_word(session, 0), certificate, &explanation) != STATUS_OK) {
        outcome = session_refused(session, "Nothing was signed: %s.", explanation.text);
    }
    if (outcome == OUTCOME_DONE) {
        outcome = sign_with(session, certificate, root_key);
    }
    if (outcome == OUTCOME_DONE &&
        certificate_save(session_word(session, 1), certificate, &explanation) != STATUS_OK) {
        outcome =
            session_refused(session, "The certificate was not written: %s.", explanation.text);
    }
    if (outcome == OUTCOME_DONE && !session->json) {
        puts("The root certifies the authority's next key.");
        certificate_show(certificate);
        printf("Carry %s to the office, stop its node, and there:\n"
               "  tally authority install %s --dir /var/lib/tally\n",
               session_word(session, 1), session_word(session, 1));
    }
    free(certificate);
    return outcome;
}

static const struct option_form sign_options[] = {
    {"root-key", "FILE", "the root key of the network"},
    {"passphrase-file", "FILE", "opens it; the first line counts"},
    {0},
};

const struct subcommand authority_sign_command = {
    .name = "authority sign",
    .group = group,
    .summary = "on a machine that is never on line: certify the authority's next key",
    .usage = "REQUEST CERTIFICATE --root-key FILE [--passphrase-file FILE]",
    .example = "tally authority sign request.json certificate.json --root-key root.key",
    .options = sign_options,
    .words_min = 2,
    .words_max = 2,
    .run = sign_run,
};

/* ---- install ---- */

/* The block first, then the key: a node that starts in between finds the prepared key by itself. */
static enum status install(const char *directory, const struct certificate *certificate,
                           struct identity *identity, struct explanation *explanation)
{
    struct key_store *keys = NULL;
    struct closed_node *closed = NULL;
    struct closed_node_result result;
    struct node_authority authority = {0};
    const struct event *epoch = &certificate->epoch;
    enum status status = key_store_open(directory, &keys, explanation);
    if (status == STATUS_OK) {
        status = closed_node_open(directory, identity, keys, &closed, explanation);
    }
    bool there = status == STATUS_OK && closed_node_authority(closed, &authority) &&
                 memcmp(authority.public_key, epoch->body.auth_epoch.public_key, 32) == 0;
    struct public_keys own = {0};
    if (status == STATUS_OK) {
        own = key_store_public(keys);
    }
    bool prepared = own.has_next_authority &&
                    memcmp(own.next_authority, epoch->body.auth_epoch.public_key, 32) == 0;
    if (status == STATUS_OK && !there && !prepared) {
        explain(explanation, "the certificate is for another key than the one that was prepared "
                             "here (tally authority request)");
        status = STATUS_FORGED;
    }
    if (status == STATUS_OK && !there) {
        key_store_use_next_authority(keys);
        status = closed_node_renew_authority(closed, epoch, explanation);
        if (status == STATUS_OK) {
            status = closed_node_commit(closed, &result, explanation);
        }
    }
    closed_node_close(closed);
    key_store_close(keys);
    return status == STATUS_OK && prepared ? key_store_promote_authority(directory, explanation)
                                           : status;
}

static enum outcome install_run(struct session *session)
{
    const char *directory = NULL;
    struct explanation explanation = {{0}};
    struct certificate *certificate = calloc(1, sizeof *certificate);
    struct identity *identity = calloc(1, sizeof *identity);
    enum outcome outcome = directory_of(session, &directory);
    if (certificate == NULL || identity == NULL || sodium_init() < 0) {
        outcome = session_refused(session, "Not enough memory.");
    }
    if (outcome == OUTCOME_DONE) {
        enum status status = certificate_load(session_word(session, 0), certificate, &explanation);
        if (status == STATUS_OK) {
            status = identity_load(directory, identity, &explanation);
        }
        if (status == STATUS_OK) {
            status = install(directory, certificate, identity, &explanation);
        }
        if (status != STATUS_OK) {
            outcome = session_refused(session, "The key was not installed: %s.%s", explanation.text,
                                      status == STATUS_BUSY ? " Stop the node first." : "");
        }
    }
    if (outcome == OUTCOME_DONE && !session->json) {
        puts("The authority goes on under its new key. Start the node again: the branches learn of "
             "it with the next block.");
        certificate_show(certificate);
    }
    free(certificate);
    free(identity);
    return outcome;
}

const struct subcommand authority_install_command = {
    .name = "authority install",
    .group = group,
    .summary = "at the office, its node stopped: go on under the certified key",
    .usage = "CERTIFICATE --dir DIR",
    .example = "tally authority install certificate.json --dir /var/lib/tally",
    .words_min = 1,
    .words_max = 1,
    .run = install_run,
};
