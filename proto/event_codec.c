#include "event_codec.h"

#include "event_body.h"
#include "reader.h"
#include "writer.h"

static const char AUTH_TAG[] = "tally/auth/1"; /* with its zero byte */

/* How many elements of a body this version needs, and how many it knows. */
struct body_form {
    uint8_t needed;
    uint8_t known; /* 0: the type is not known */
};

static struct body_form form_of(uint16_t type)
{
    switch ((enum event_type)type) {
    case EVENT_AUTH_EPOCH:
        return (struct body_form){2, 2};
    case EVENT_JOURNAL_ADMIT:
        return (struct body_form){6, 6};
    case EVENT_LIMITS_SET:
        return (struct body_form){2, 2};
    case EVENT_ORGANISATION_SET:
        return (struct body_form){3, 3};
    case EVENT_PRODUCT_PUBLISH:
        return (struct body_form){9, 9};
    case EVENT_TOPUP:
        return (struct body_form){2, 3};
    case EVENT_SPEND:
        return (struct body_form){3, 4};
    case EVENT_REFUND:
        return (struct body_form){3, 3};
    case EVENT_RIGHTS_MOVE:
        return (struct body_form){4, 4};
    case EVENT_RIGHTS_ACCEPT:
        return (struct body_form){4, 4};
    case EVENT_MEMBER_ENROL:
        return (struct body_form){2, 2};
    case EVENT_ACCOUNT_OPEN:
        return (struct body_form){4, 4};
    case EVENT_CARD_ISSUE:
        return (struct body_form){3, 3};
    case EVENT_ACCOUNT_FREEZE:
        return (struct body_form){2, 2};
    case EVENT_ACCOUNT_UNFREEZE:
        return (struct body_form){2, 2};
    }
    return (struct body_form){0, 0};
}

static void body_read(struct reader *reader, struct event *event)
{
    switch ((enum event_type)event->type) {
    case EVENT_AUTH_EPOCH:
        auth_epoch_read(reader, event);
        return;
    case EVENT_JOURNAL_ADMIT:
        admit_read(reader, event);
        return;
    case EVENT_LIMITS_SET:
        limits_read(reader, event);
        return;
    case EVENT_ORGANISATION_SET:
        organisation_read(reader, event);
        return;
    case EVENT_PRODUCT_PUBLISH:
        product_read(reader, event);
        return;
    case EVENT_TOPUP:
        topup_read(reader, event);
        return;
    case EVENT_SPEND:
        spend_read(reader, event);
        return;
    case EVENT_REFUND:
        refund_read(reader, event);
        return;
    case EVENT_RIGHTS_MOVE:
        move_read(reader, event);
        return;
    case EVENT_RIGHTS_ACCEPT:
        accept_read(reader, event);
        return;
    case EVENT_MEMBER_ENROL:
        enrol_read(reader, event);
        return;
    case EVENT_ACCOUNT_OPEN:
        open_read(reader, event);
        return;
    case EVENT_CARD_ISSUE:
        issue_read(reader, event);
        return;
    case EVENT_ACCOUNT_FREEZE:
        freeze_read(reader, event);
        return;
    case EVENT_ACCOUNT_UNFREEZE:
        unfreeze_read(reader, event);
        return;
    }
    reader_refuse(reader);
}

static void body_write(struct writer *writer, const struct event *event, uint32_t elements)
{
    switch ((enum event_type)event->type) {
    case EVENT_AUTH_EPOCH:
        auth_epoch_write(writer, event);
        return;
    case EVENT_JOURNAL_ADMIT:
        admit_write(writer, event);
        return;
    case EVENT_LIMITS_SET:
        limits_write(writer, event);
        return;
    case EVENT_ORGANISATION_SET:
        organisation_write(writer, event);
        return;
    case EVENT_PRODUCT_PUBLISH:
        product_write(writer, event);
        return;
    case EVENT_TOPUP:
        topup_write(writer, event, elements);
        return;
    case EVENT_SPEND:
        spend_write(writer, event, elements);
        return;
    case EVENT_REFUND:
        refund_write(writer, event);
        return;
    case EVENT_RIGHTS_MOVE:
        move_write(writer, event);
        return;
    case EVENT_RIGHTS_ACCEPT:
        accept_write(writer, event);
        return;
    case EVENT_MEMBER_ENROL:
        enrol_write(writer, event);
        return;
    case EVENT_ACCOUNT_OPEN:
        open_write(writer, event);
        return;
    case EVENT_CARD_ISSUE:
        issue_write(writer, event);
        return;
    case EVENT_ACCOUNT_FREEZE:
        freeze_write(writer, event);
        return;
    case EVENT_ACCOUNT_UNFREEZE:
        unfreeze_write(writer, event);
        return;
    }
    writer_refuse(writer);
}

/* Reads the whole of an event but the meaning of its body, and where the body's elements start. */
static enum status envelope_read(struct bytes input, struct event *event, size_t *body_at)
{
    struct reader reader = reader_over(input, EVENT_SIZE_MAX);
    read_array(&reader, 7);
    event->type = read_u16(&reader);
    event->flags = read_u16(&reader);
    read_bin_optional(&reader, event->subject.bytes, sizeof event->subject.bytes);
    read_bin_optional(&reader, event->ticket.bytes, sizeof event->ticket.bytes);
    event->till = read_u32(&reader);
    event->staff = read_u32(&reader);
    event->body_size = (uint8_t)read_array_upto(&reader, EVENT_BODY_ELEMENTS_MAX);
    *body_at = reader.at;
    read_skip_many(&reader, event->body_size, EVENT_DEPTH_MAX - 2);
    if (input.size > EVENT_SIZE_MAX) {
        reader_refuse(&reader);
    }
    return reader_finish(&reader);
}

bool event_envelope_holds(struct bytes input)
{
    struct event ignored; /* only its envelope is written, and nobody reads it */
    size_t body_at = 0;
    return envelope_read(input, &ignored, &body_at) == STATUS_OK;
}

enum status event_decode(struct bytes input, struct event *event)
{
    struct event read = {0};
    size_t body_at = 0;
    enum status status = envelope_read(input, &read, &body_at);
    if (status != STATUS_OK) {
        return status;
    }

    struct body_form form = form_of(read.type);
    if (form.known > 0 && read.body_size >= form.needed) {
        struct reader reader =
            reader_over(bytes_of(input.data + body_at, input.size - body_at), EVENT_SIZE_MAX);
        body_read(&reader, &read);
        read.known = !reader_failed(&reader);
    }
    if (!read.known) {
        memset(&read.body, 0, sizeof read.body); /* nobody may act on half a body */
    }
    *event = read;
    return STATUS_OK;
}

enum status event_encode(const struct event *event, struct buffer *out)
{
    struct writer writer = writer_over(out);
    struct body_form form = form_of(event->type);
    uint32_t elements = form.known;
    if (event->body_size > 0 && event->body_size < form.known) {
        elements = event->body_size;
    }
    if (elements < form.needed) {
        writer_refuse(&writer);
    }

    write_array(&writer, 7);
    write_uint(&writer, event->type);
    write_uint(&writer, event->flags);
    write_bin_optional(&writer, event->subject.bytes, sizeof event->subject.bytes);
    write_bin_optional(&writer, event->ticket.bytes, sizeof event->ticket.bytes);
    write_uint(&writer, event->till);
    write_uint(&writer, event->staff);
    write_array(&writer, elements);
    body_write(&writer, event, elements);
    if (out->size - writer.start > EVENT_SIZE_MAX) {
        writer_refuse(&writer);
    }
    return writer_finish(&writer);
}

enum status auth_signed_bytes(const struct digest *network, const struct event *epoch,
                              struct buffer *out)
{
    struct writer writer = writer_over(out);
    if (!buffer_append(out, BYTES_OF(AUTH_TAG)) || !buffer_append(out, BYTES_OF(network->bytes))) {
        writer_refuse(&writer);
    }
    certificate_write(&writer, epoch);
    return writer_finish(&writer);
}
