#include "sealed.h"

#include <assert.h>
#include <sodium/crypto_aead_xchacha20poly1305.h>

enum {
    NONCE_SIZE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG_SIZE = crypto_aead_xchacha20poly1305_ietf_ABYTES,
    CONTEXT_SIZE = 2 + 16 + 1 + 4,
};

static_assert(SEALED_SIZE_MAX == FIELD_SIZE_MAX + NONCE_SIZE + TAG_SIZE, "a field fits its box");

static void context_bytes(const struct seal_context *context, uint8_t out[static CONTEXT_SIZE])
{
    out[0] = (uint8_t)(context->event_type >> 8);
    out[1] = (uint8_t)context->event_type;
    memcpy(out + 2, context->member.bytes, sizeof context->member.bytes);
    out[18] = context->class_number;
    for (size_t i = 0; i < 4; i++) {
        out[19 + i] = (uint8_t)(context->key_number >> (24 - 8 * i));
    }
}

enum status seal_field(const uint8_t key[static 32], const uint8_t nonce[static 24],
                       const struct seal_context *context, struct bytes plain, struct buffer *out)
{
    if (plain.size > FIELD_SIZE_MAX ||
        plain.size + NONCE_SIZE + TAG_SIZE > out->capacity - out->size) {
        return STATUS_TOO_LARGE;
    }
    uint8_t bound[CONTEXT_SIZE];
    context_bytes(context, bound);
    bool fits = buffer_append(out, bytes_of(nonce, NONCE_SIZE));
    assert(fits);
    unsigned long long size = 0;
    int failed = crypto_aead_xchacha20poly1305_ietf_encrypt(out->data + out->size, &size,
                                                            plain.data, plain.size, bound,
                                                            sizeof bound, NULL, nonce, key);
    assert(failed == 0 && size == plain.size + TAG_SIZE);
    out->size += (size_t)size;
    return STATUS_OK;
}

enum status open_field(const uint8_t key[static 32], const struct seal_context *context,
                       struct bytes box, struct buffer *plain)
{
    if (box.size < NONCE_SIZE + TAG_SIZE || box.size > SEALED_SIZE_MAX) {
        return STATUS_FORGED;
    }
    if (box.size - NONCE_SIZE - TAG_SIZE > plain->capacity - plain->size) {
        return STATUS_TOO_LARGE;
    }
    uint8_t bound[CONTEXT_SIZE];
    context_bytes(context, bound);
    unsigned long long size = 0;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain->data + plain->size, &size, NULL,
                                                   box.data + NONCE_SIZE, box.size - NONCE_SIZE,
                                                   bound, sizeof bound, box.data, key) != 0) {
        return STATUS_FORGED;
    }
    plain->size += (size_t)size;
    return STATUS_OK;
}
