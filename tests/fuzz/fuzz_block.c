/* A block that is accepted is put together again from its parts, byte for byte. */
#include "block_codec.h"
#include "event_codec.h"
#include "hash.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct block block;
static uint8_t memory[BLOCK_SIZE_MAX];

static void header_survives(struct bytes input)
{
    static struct block_header header;
    if (block_header_decode(input, &header) != STATUS_OK) {
        return;
    }
    uint8_t header_memory[BLOCK_HEADER_SIZE_MAX];
    struct buffer out = BUFFER_OVER(header_memory);
    enum status status = block_header_encode(&header, &out);
    assert(status == STATUS_OK && bytes_equal(buffer_bytes(&out), input));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes input = bytes_of(data, size);
    header_survives(input); /* a fuzzer cannot guess a Merkle root, but it can find headers */
    if (block_decode(input, &block) != STATUS_OK) {
        return 0;
    }
    header_survives(block.header_bytes);
    for (uint32_t i = 0; i < block.header.count; i++) {
        assert(event_envelope_holds(block.events[i]));
    }
    struct buffer out = BUFFER_OVER(memory);
    enum status status = block_assemble(block.header_bytes, block.signature.data, block.events,
                                        block.header.count, &out);
    assert(status == STATUS_OK && bytes_equal(buffer_bytes(&out), input));
    return 0;
}
