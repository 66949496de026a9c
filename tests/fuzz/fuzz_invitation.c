/* An invitation's text that is accepted stands for the same bytes as the text made from it. A
 * fuzzer cannot guess the checksum, so the input is read both as the text and as the fields of one.
 */
#include "manifest.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void text_survives(struct bytes text)
{
    uint8_t memory[INVITATION_TEXT_SIZE_MAX];
    uint8_t text_memory[INVITATION_TEXT_SIZE_MAX];
    uint8_t again_memory[INVITATION_TEXT_SIZE_MAX];
    struct buffer scratch = BUFFER_OVER(memory);
    struct buffer out = BUFFER_OVER(text_memory);
    struct buffer again = BUFFER_OVER(again_memory);
    struct invitation invitation;
    if (invitation_decode(text, &scratch, &invitation) != STATUS_OK) {
        assert(scratch.size == 0);
        return;
    }
    enum status status = invitation_encode(&invitation, &out);
    assert(status == STATUS_OK);
    status = invitation_decode(buffer_bytes(&out), &again, &invitation);
    assert(status == STATUS_OK && bytes_equal(buffer_bytes(&again), buffer_bytes(&scratch)));
}

static struct bytes taken(struct bytes *input, size_t size)
{
    if (size > input->size) {
        size = input->size;
    }
    struct bytes part = bytes_of(input->data, size);
    input->data += size;
    input->size -= size;
    return part;
}

static void fields_survive(struct bytes input)
{
    struct invitation invitation = {0};
    struct bytes sizes = taken(&input, 3);
    if (sizes.size < 3) {
        return;
    }
    invitation.journal = sizes.data[2];
    invitation.manifest = taken(&input, sizes.data[0]);
    invitation.endpoint = taken(&input, sizes.data[1]);
    invitation.name = input;
    uint8_t memory[INVITATION_TEXT_SIZE_MAX];
    struct buffer text = BUFFER_OVER(memory);
    if (invitation_encode(&invitation, &text) != STATUS_OK) {
        assert(text.size == 0);
        return;
    }
    uint8_t read_memory[INVITATION_TEXT_SIZE_MAX];
    struct buffer scratch = BUFFER_OVER(read_memory);
    struct invitation read;
    enum status status = invitation_decode(buffer_bytes(&text), &scratch, &read);
    assert(status == STATUS_OK);
    assert(bytes_equal(read.manifest, invitation.manifest));
    assert(bytes_equal(read.endpoint, invitation.endpoint));
    assert(bytes_equal(read.name, invitation.name));
    assert(read.journal == invitation.journal);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    text_survives(bytes_of(data, size));
    fields_survive(bytes_of(data, size));
    return 0;
}
