#include "certificate.h"

#include "calendar.h"
#include "file.h"
#include "hash.h"

#include <inttypes.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FORM = 1, HEX_SIZE_MAX = 2 * 512 + 1 };

static bool hex_read(const json_t *object, const char *name, uint8_t *out, size_t room,
                     size_t *size)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL && strlen(text) <= 2 * room &&
           sodium_hex2bin(out, room, text, strlen(text), NULL, size, NULL) == 0 &&
           2 * *size == strlen(text);
}

static bool hex_exact(const json_t *object, const char *name, uint8_t *out, size_t size)
{
    size_t got = 0;
    return hex_read(object, name, out, size, &got) && got == size;
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

static bool day_read(const json_t *object, const char *name, uint32_t *day)
{
    const char *text = json_string_value(json_object_get(object, name));
    unsigned year = 0;
    unsigned month = 0;
    unsigned of_month = 0;
    char more = 0;
    return text != NULL && strlen(text) == 10 &&
           sscanf(text, "%4u-%2u-%2u%c", &year, &month, &of_month, &more) == 3 &&
           calendar_day_of((struct date){.year = (int32_t)year, .month = month, .day = of_month},
                           day);
}

static bool signatures_read(const json_t *list, struct event *epoch)
{
    if (!json_is_array(list) || json_array_size(list) > AUTH_SIGNATURES_MAX) {
        return false;
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *row = json_array_get(list, i);
        struct auth_signature *signature = &epoch->body.auth_epoch.signatures[i];
        uint64_t root = 0;
        if (!number_read(row, "root", &root) || root >= ROOTS_MAX ||
            !hex_exact(row, "signature", signature->signature, sizeof signature->signature)) {
            return false;
        }
        signature->root_index = (uint8_t)root;
        epoch->body.auth_epoch.signature_count++;
    }
    return true;
}

static bool read_all(const json_t *root, struct certificate *certificate)
{
    struct event *epoch = &certificate->epoch;
    uint64_t form = 0;
    size_t size = 0;
    *epoch = (struct event){.type = EVENT_AUTH_EPOCH, .known = true};
    bool good =
        number_read(root, "form", &form) && form == FORM &&
        hex_exact(root, "network", certificate->network.bytes, 32) &&
        hex_read(root, "manifest", certificate->manifest, sizeof certificate->manifest, &size) &&
        number_read(root, "epoch", &epoch->body.auth_epoch.epoch) &&
        hex_exact(root, "public_key", epoch->body.auth_epoch.public_key, 32) &&
        number_read(root, "seen_block", &epoch->body.auth_epoch.prev_seq) &&
        hex_exact(root, "seen_id", epoch->body.auth_epoch.prev_id.bytes, 32) &&
        day_read(root, "until", &epoch->body.auth_epoch.until_day) &&
        signatures_read(json_object_get(root, "signatures"), epoch);
    certificate->manifest_size = (uint32_t)size;
    struct digest network = hash_network(bytes_of(certificate->manifest, size));
    return good && digest_equal(&network, &certificate->network);
}

enum status certificate_load(const char *path, struct certificate *certificate,
                             struct explanation *explanation)
{
    json_error_t error;
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL) {
        explain(explanation, "%s cannot be read: line %d: %s", path, error.line, error.text);
        return STATUS_MALFORMED;
    }
    bool good = read_all(root, certificate);
    json_decref(root);
    if (!good) {
        explain(explanation,
                "%s is not a request or certificate for an authority key, or was changed", path);
        return STATUS_MALFORMED;
    }
    return STATUS_OK;
}

static json_t *hex_json(const uint8_t *bytes, size_t size)
{
    char text[HEX_SIZE_MAX];
    return json_string(sodium_bin2hex(text, sizeof text, bytes, size));
}

static json_t *signatures_json(const struct event *epoch)
{
    json_t *list = json_array();
    for (uint8_t i = 0; i < epoch->body.auth_epoch.signature_count; i++) {
        const struct auth_signature *signature = &epoch->body.auth_epoch.signatures[i];
        json_array_append_new(list, json_pack("{s:i, s:o}", "root", (int)signature->root_index,
                                              "signature", hex_json(signature->signature, 64)));
    }
    return list;
}

enum status certificate_save(const char *path, const struct certificate *certificate,
                             struct explanation *explanation)
{
    const struct event *epoch = &certificate->epoch;
    struct date until = calendar_date(epoch->body.auth_epoch.until_day);
    char day[16];
    (void)snprintf(day, sizeof day, "%04d-%02u-%02u", (int)until.year, (unsigned)until.month,
                   (unsigned)until.day);
    json_t *root = json_pack("{s:i, s:o, s:o, s:I, s:o, s:I, s:o, s:s, s:o}", "form", FORM,
                             "network", hex_json(certificate->network.bytes, 32), "manifest",
                             hex_json(certificate->manifest, certificate->manifest_size), "epoch",
                             (json_int_t)epoch->body.auth_epoch.epoch, "public_key",
                             hex_json(epoch->body.auth_epoch.public_key, 32), "seen_block",
                             (json_int_t)epoch->body.auth_epoch.prev_seq, "seen_id",
                             hex_json(epoch->body.auth_epoch.prev_id.bytes, 32), "until", day,
                             "signatures", signatures_json(epoch));
    char *text = root == NULL ? NULL : json_dumps(root, JSON_INDENT(2));
    json_decref(root);
    if (text == NULL) {
        explain(explanation, "not enough memory");
        return STATUS_IO;
    }
    enum status status = file_create(path, bytes_of(text, strlen(text)), 0644, explanation);
    free(text);
    return status;
}
