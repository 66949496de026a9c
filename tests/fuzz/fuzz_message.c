/* A message that is accepted encodes to the bytes it came from. */
#include "message_codec.h"
#include "reader.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct message message;
static uint8_t memory[FRAME_SIZE_MAX];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes input = bytes_of(data, size);
    enum status status = message_decode(input, &message);
    assert(status == STATUS_OK || status == STATUS_MALFORMED || status == STATUS_NOT_FOUND);
    if (status == STATUS_MALFORMED) {
        return 0;
    }
    assert(reader_accepts(input, MESSAGE_DEPTH_MAX, MESSAGE_VALUES_MAX));
    if (status != STATUS_OK) {
        return 0;
    }
    struct buffer out = BUFFER_OVER(memory);
    status = message_encode(&message, &out);
    assert(status == STATUS_OK);
    /* Fields that this version does not know are not written again; they show in the count. */
    assert(out.data[0] != input.data[0] || bytes_equal(buffer_bytes(&out), input));
    return 0;
}
