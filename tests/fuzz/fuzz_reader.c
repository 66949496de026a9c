/* What the reader accepts, msgpack-c unpacks and packs again to the same bytes. msgpack-c never
 * sees anything else: it reserves what a count promises. */
#include "reader.h"

#include "tally/bounds.h"

#include <assert.h>
#include <msgpack.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void msgpack_agrees(struct bytes input)
{
    msgpack_unpacked unpacked;
    msgpack_unpacked_init(&unpacked);
    size_t at = 0;
    msgpack_unpack_return result =
        msgpack_unpack_next(&unpacked, (const char *)input.data, input.size, &at);
    assert(result == MSGPACK_UNPACK_SUCCESS && at == input.size);
    msgpack_sbuffer packed;
    msgpack_sbuffer_init(&packed);
    msgpack_packer packer;
    msgpack_packer_init(&packer, &packed, msgpack_sbuffer_write);
    int failed = msgpack_pack_object(&packer, unpacked.data);
    assert(failed == 0);
    assert(bytes_equal(bytes_of(packed.data, packed.size), input));
    msgpack_sbuffer_destroy(&packed);
    msgpack_unpacked_destroy(&unpacked);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes input = bytes_of(data, size);
    if (reader_accepts(input, MESSAGE_DEPTH_MAX, MESSAGE_VALUES_MAX)) {
        msgpack_agrees(input);
    }
    return 0;
}
