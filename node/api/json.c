#include "json.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* What a scan of the text outside strings has seen. */
struct scan {
    uint32_t depth;
    bool in_string;
    bool escaped;
};

static bool scan_byte(struct scan *scan, uint8_t byte)
{
    if (scan->in_string) {
        if (scan->escaped) {
            scan->escaped = false;
        } else if (byte == '\\') {
            scan->escaped = true;
        } else if (byte == '"') {
            scan->in_string = false;
        }
        return true;
    }
    if (byte == '"') {
        scan->in_string = true;
    } else if (byte == '{' || byte == '[') {
        scan->depth++;
    } else if ((byte == '}' || byte == ']') && scan->depth > 0) {
        scan->depth--;
    }
    return scan->depth <= JSON_DEPTH_MAX;
}

/* Two ways to write zero would be two canonical forms of one wish. */
static bool is_minus_zero(struct bytes text, size_t at)
{
    return text.data[at] == '-' && at + 1 < text.size && text.data[at + 1] == '0';
}

bool json_is_shallow(struct bytes text)
{
    struct scan scan = {0};
    for (size_t i = 0; i < text.size; i++) {
        if (!scan.in_string && is_minus_zero(text, i)) {
            return false;
        }
        if (!scan_byte(&scan, text.data[i])) {
            return false;
        }
    }
    return true;
}

json_t *json_parse_object(struct bytes text, char *why, size_t why_size)
{
    if (text.size == 0) {
        (void)snprintf(why, why_size, "The body is empty.");
        return NULL;
    }
    if (text.size > JSON_BODY_SIZE_MAX) {
        (void)snprintf(why, why_size, "The body is larger than %d bytes.", JSON_BODY_SIZE_MAX);
        return NULL;
    }
    if (!json_is_shallow(text)) {
        (void)snprintf(why, why_size,
                       "The body has brackets more than %d deep, or a number written -0.",
                       JSON_DEPTH_MAX);
        return NULL;
    }
    json_error_t error;
    json_t *root = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL) {
        /* error.text may repeat what was sent, so only the place is told. */
        (void)snprintf(
            why, why_size, "The body is not JSON as RFC 8259 has it, at line %d column %d%s.",
            error.line, error.column,
            json_error_code(&error) == json_error_duplicate_key ? ": a name stands there twice"
                                                                : "");
        return NULL;
    }
    if (!json_is_object(root)) {
        (void)snprintf(why, why_size, "The body is an array, not an object in braces.");
        json_decref(root);
        return NULL;
    }
    return root;
}

static int hash_piece(const char *piece, size_t size, void *state)
{
    return crypto_generichash_update(state, (const unsigned char *)piece, size);
}

void json_hash_request(const char *method, const char *route, const json_t *object,
                       uint8_t hash[static 16])
{
    crypto_generichash_state state;
    int failed = crypto_generichash_init(&state, NULL, 0, 16);
    failed |= hash_piece(method, strlen(method) + 1, &state);
    failed |= hash_piece(route, strlen(route) + 1, &state);
    failed |= json_dump_callback(object, hash_piece, &state, JSON_COMPACT | JSON_SORT_KEYS);
    failed |= crypto_generichash_final(&state, hash, 16);
    assert(failed == 0);
    (void)failed;
}
