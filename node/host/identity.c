#include "identity.h"

#include "file.h"
#include "hash.h"

#include <assert.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum {
    IDENTITY_FILE_SIZE_MAX = 4096,
    ROLES_ALL = ROLE_OFFICE | ROLE_MINT | ROLE_SELL | ROLE_RELAY,
};

static const char opening[] = "tally-identity 1\n";
static_assert(IDENTITY_VERSION == 1, "the opening line names the version");

static const struct {
    uint32_t role;
    const char *name;
} role_names[] = {
    {ROLE_OFFICE, "office"}, {ROLE_MINT, "mint"}, {ROLE_SELL, "sell"}, {ROLE_RELAY, "relay"}};

enum { ROLE_NAMES = sizeof role_names / sizeof role_names[0] };

static bool read_hex(struct bytes text, uint8_t *bytes, size_t size)
{
    size_t read = 0;
    const char *end = NULL;
    return text.size == 2 * size &&
           sodium_hex2bin(bytes, size, (const char *)text.data, text.size, NULL, &read, &end) ==
               0 &&
           read == size;
}

static bool read_number(struct bytes text, uint32_t least, uint32_t most, uint32_t *number)
{
    uint64_t value = 0;
    if (text.size == 0 || text.size > 9 || (text.size > 1 && text.data[0] == '0')) {
        return false;
    }
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
        value = value * 10 + (uint64_t)(text.data[i] - '0');
    }
    *number = (uint32_t)value;
    return value >= least && value <= most;
}

static bool read_text(struct bytes text, char *out, size_t size_max)
{
    if (text.size == 0 || text.size > size_max) {
        return false;
    }
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < 0x20 || text.data[i] == 0x7f) {
            return false;
        }
    }
    memcpy(out, text.data, text.size);
    out[text.size] = '\0';
    return true;
}

static bool read_network(struct bytes text, struct identity *identity)
{
    return read_hex(text, identity->network.bytes, sizeof identity->network.bytes);
}

static bool read_manifest(struct bytes text, struct identity *identity)
{
    size_t size = text.size / 2;
    if (size == 0 || size > sizeof identity->manifest) {
        return false;
    }
    identity->manifest_size = (uint32_t)size;
    return read_hex(text, identity->manifest, size);
}

static bool read_branch(struct bytes text, struct identity *identity)
{
    return read_number(text, 1, BRANCH_NUMBER_MAX, &identity->branch);
}

static bool read_incarnation(struct bytes text, struct identity *identity)
{
    uint32_t number = 0;
    bool read = read_number(text, 1, INCARNATION_MAX, &number);
    identity->incarnation = (uint16_t)number;
    return read;
}

/* Names with a space between; each once, in any order. */
static bool read_roles(struct bytes text, struct identity *identity)
{
    size_t at = 0;
    identity->roles = 0;
    while (at < text.size) {
        size_t end = at;
        while (end < text.size && text.data[end] != ' ') {
            end++;
        }
        uint32_t role = 0;
        for (size_t i = 0; i < ROLE_NAMES; i++) {
            struct bytes name = bytes_of(role_names[i].name, strlen(role_names[i].name));
            role |= bytes_equal(bytes_of(text.data + at, end - at), name) ? role_names[i].role : 0;
        }
        if (role == 0 || (identity->roles & role) != 0) {
            return false;
        }
        identity->roles |= role;
        at = end < text.size ? end + 1 : end;
    }
    return identity->roles != 0;
}

static bool read_name(struct bytes text, struct identity *identity)
{
    return read_text(text, identity->name, sizeof identity->name - 1);
}

static bool read_database(struct bytes text, struct identity *identity)
{
    return read_hex(text, identity->database, sizeof identity->database);
}

static bool read_journal_key(struct bytes text, struct identity *identity)
{
    return read_hex(text, identity->journal_key, sizeof identity->journal_key);
}

static bool read_transport_key(struct bytes text, struct identity *identity)
{
    return read_hex(text, identity->transport_key, sizeof identity->transport_key);
}

static bool read_authority_key(struct bytes text, struct identity *identity)
{
    identity->has_authority_key = true;
    return read_hex(text, identity->authority_key, sizeof identity->authority_key);
}

static bool read_office_endpoint(struct bytes text, struct identity *identity)
{
    return read_text(text, identity->office_endpoint, sizeof identity->office_endpoint - 1);
}

static bool read_office_key(struct bytes text, struct identity *identity)
{
    return read_hex(text, identity->office_transport_key, sizeof identity->office_transport_key);
}

static const struct line_kind {
    const char *name;
    bool required;
    const char *wanted;
    bool (*read)(struct bytes text, struct identity *identity);
} line_kinds[] = {
    {"network", true, "64 hexadecimal digits", read_network},
    {"manifest", true, "up to 1024 hexadecimal digits", read_manifest},
    {"branch", true, "a number from 1 to 99999", read_branch},
    {"incarnation", true, "a number from 1 to 999", read_incarnation},
    {"roles", true, "some of: office mint sell relay", read_roles},
    {"name", true, "a text of 1 to 120 bytes", read_name},
    {"database", true, "32 hexadecimal digits", read_database},
    {"journal_key", true, "64 hexadecimal digits", read_journal_key},
    {"transport_key", true, "64 hexadecimal digits", read_transport_key},
    {"authority_key", false, "64 hexadecimal digits", read_authority_key},
    {"office_endpoint", false, "tcp://host:port, up to 120 bytes", read_office_endpoint},
    {"office_transport_key", false, "64 hexadecimal digits", read_office_key},
};

enum { LINE_KINDS = sizeof line_kinds / sizeof line_kinds[0] };

static const struct line_kind *find_kind(struct bytes name)
{
    for (size_t i = 0; i < LINE_KINDS; i++) {
        if (bytes_equal(name, bytes_of(line_kinds[i].name, strlen(line_kinds[i].name)))) {
            return &line_kinds[i];
        }
    }
    return NULL;
}

/* Where an identity is read from, for what is said about it. */
struct source {
    const char *path;
    uint32_t line;
    uint32_t seen; /* a bit for each line kind */
    struct explanation *explanation;
};

static bool read_line(struct source *source, struct bytes line, struct identity *identity)
{
    static const char separator[] = " = ";
    const uint8_t *equals = memmem(line.data, line.size, separator, sizeof separator - 1);
    size_t name_size = equals == NULL ? line.size : (size_t)(equals - line.data);
    const struct line_kind *kind = find_kind(bytes_of(line.data, name_size));
    if (kind == NULL || equals == NULL) {
        explain(source->explanation, "%s:%u: no such line in an identity: \"%.*s\"", source->path,
                source->line, (int)(name_size < 40 ? name_size : 40), (const char *)line.data);
        return false;
    }
    uint32_t bit = UINT32_C(1) << (kind - line_kinds);
    if ((source->seen & bit) != 0) {
        explain(source->explanation, "%s:%u: %s stands there twice", source->path, source->line,
                kind->name);
        return false;
    }
    source->seen |= bit;
    const uint8_t *value = equals + sizeof separator - 1;
    size_t value_size = line.size - name_size - (sizeof separator - 1);
    if (!kind->read(bytes_of(value, value_size), identity)) {
        explain(source->explanation, "%s:%u: %s must be %s", source->path, source->line, kind->name,
                kind->wanted);
        return false;
    }
    return true;
}

static bool read_lines(struct source *source, struct bytes text, struct identity *identity)
{
    size_t at = sizeof opening - 1;
    if (text.size < at || memcmp(text.data, opening, at) != 0) {
        explain(source->explanation,
                "%s:1: this is not an identity of version %d; a newer tally may have written it",
                source->path, IDENTITY_VERSION);
        return false;
    }
    for (source->line = 2; at < text.size; source->line++) {
        const uint8_t *end = memchr(text.data + at, '\n', text.size - at);
        if (end == NULL) {
            explain(source->explanation, "%s:%u: the last line is cut off", source->path,
                    source->line);
            return false;
        }
        size_t size = (size_t)(end - (text.data + at));
        if (!read_line(source, bytes_of(text.data + at, size), identity)) {
            return false;
        }
        at += size + 1;
    }
    return true;
}

static bool check_whole(struct source *source, const struct identity *identity)
{
    for (size_t i = 0; i < LINE_KINDS; i++) {
        if (line_kinds[i].required && (source->seen & UINT32_C(1) << i) == 0) {
            explain(source->explanation, "%s: the line %s is missing", source->path,
                    line_kinds[i].name);
            return false;
        }
    }
    bool has_office_key =
        !id_is_none(identity->office_transport_key, sizeof identity->office_transport_key);
    if ((identity->office_endpoint[0] != '\0') != has_office_key) {
        explain(source->explanation, "%s: office_endpoint and office_transport_key go together",
                source->path);
        return false;
    }
    struct digest named = hash_network(bytes_of(identity->manifest, identity->manifest_size));
    if (!digest_equal(&named, &identity->network)) {
        explain(source->explanation, "%s: network is not the name of this manifest", source->path);
        return false;
    }
    return true;
}

enum status identity_read(const char *path, struct identity *identity,
                          struct explanation *explanation)
{
    uint8_t content[IDENTITY_FILE_SIZE_MAX];
    struct buffer text = BUFFER_OVER(content);
    struct identity found = {0};
    struct source source = {.path = path, .explanation = explanation};

    enum status status = file_read(path, &text, explanation);
    if (status == STATUS_NOT_FOUND) {
        explain(explanation,
                "there is no identity at %s: make this node with `tally cluster init` or let "
                "it join a network",
                path);
    }
    if (status != STATUS_OK) {
        return status == STATUS_TOO_LARGE ? STATUS_MALFORMED : status;
    }
    if (!read_lines(&source, buffer_bytes(&text), &found) || !check_whole(&source, &found)) {
        return STATUS_MALFORMED;
    }
    *identity = found;
    return STATUS_OK;
}

/* IDENTITY_FILE_SIZE_MAX is ample for all lines at their longest, so nothing is cut. */
static void put(struct buffer *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(struct buffer *out, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t left = out->capacity - out->size;
    int size = vsnprintf((char *)out->data + out->size, left, format, arguments);
    va_end(arguments);
    assert(size >= 0 && (size_t)size < left);
    out->size += (size_t)size;
}

static void put_hex(struct buffer *out, const char *name, const uint8_t *bytes, size_t size)
{
    char hex[2 * IDENTITY_MANIFEST_SIZE_MAX + 1];
    (void)sodium_bin2hex(hex, sizeof hex, bytes, size);
    put(out, "%s = %s\n", name, hex);
}

static void put_roles(struct buffer *out, uint32_t roles)
{
    put(out, "roles =");
    for (size_t i = 0; i < ROLE_NAMES; i++) {
        if ((roles & role_names[i].role) != 0) {
            put(out, " %s", role_names[i].name);
        }
    }
    put(out, "\n");
}

enum status identity_write(const char *path, const struct identity *identity,
                           struct explanation *explanation)
{
    uint8_t content[IDENTITY_FILE_SIZE_MAX];
    struct buffer out = BUFFER_OVER(content);

    assert(identity->manifest_size <= sizeof identity->manifest);
    assert(identity->roles != 0 && (identity->roles & ~(uint32_t)ROLES_ALL) == 0);
    put(&out, "%s", opening);
    put_hex(&out, "network", identity->network.bytes, sizeof identity->network.bytes);
    put_hex(&out, "manifest", identity->manifest, identity->manifest_size);
    put(&out, "branch = %u\n", (unsigned)identity->branch);
    put(&out, "incarnation = %u\n", (unsigned)identity->incarnation);
    put_roles(&out, identity->roles);
    put(&out, "name = %s\n", identity->name);
    put_hex(&out, "database", identity->database, sizeof identity->database);
    put_hex(&out, "journal_key", identity->journal_key, sizeof identity->journal_key);
    put_hex(&out, "transport_key", identity->transport_key, sizeof identity->transport_key);
    if (identity->has_authority_key) {
        put_hex(&out, "authority_key", identity->authority_key, sizeof identity->authority_key);
    }
    if (identity->office_endpoint[0] != '\0') {
        put(&out, "office_endpoint = %s\n", identity->office_endpoint);
        put_hex(&out, "office_transport_key", identity->office_transport_key,
                sizeof identity->office_transport_key);
    }
    return file_replace(path, buffer_bytes(&out), 0600, explanation);
}
