/* A manifest that is accepted encodes to the bytes it came from: its hash names the network. */
#include "manifest.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes input = bytes_of(data, size);
    struct manifest manifest;
    if (manifest_decode(input, &manifest) != STATUS_OK) {
        return 0;
    }
    uint8_t memory[MANIFEST_SIZE_MAX];
    struct buffer out = BUFFER_OVER(memory);
    enum status status = manifest_encode(&manifest, &out);
    assert(status == STATUS_OK && bytes_equal(buffer_bytes(&out), input));
    return 0;
}
