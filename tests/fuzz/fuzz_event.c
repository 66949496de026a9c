/* An event that is known encodes to the bytes it came from; damaged ones crash nothing. */
#include "event_codec.h"
#include "reader.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes input = bytes_of(data, size);
    struct event event;
    enum status status = event_decode(input, &event);
    assert((status == STATUS_OK) == event_envelope_holds(input));
    if (status != STATUS_OK) {
        return 0;
    }
    assert(reader_accepts(input, EVENT_DEPTH_MAX, EVENT_SIZE_MAX));
    uint8_t memory[EVENT_SIZE_MAX];
    struct buffer out = BUFFER_OVER(memory);
    if (!event.known) {
        return 0;
    }
    status = event_encode(&event, &out);
    assert(status == STATUS_OK);
    struct event again;
    status = event_decode(buffer_bytes(&out), &again);
    assert(status == STATUS_OK && again.known && again.body_size <= event.body_size);
    /* Elements that this version does not know are not written again. */
    assert(again.body_size < event.body_size || bytes_equal(buffer_bytes(&out), input));
    return 0;
}
