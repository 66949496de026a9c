#include "event_codec.h"

#include "event_body.h"
#include "reader.h"
#include "writer.h"

static const char AUTH_TAG[] = "tally/auth/1"; /* with its zero byte */

/* A type: how many elements of its body this version needs and how many it knows, and who reads and
 * writes them. */
struct body_form {
    uint16_t type; /* enum event_type */
    uint8_t needed;
    uint8_t known;
    void (*read)(struct reader *reader, struct event *event);
    void (*write)(struct writer *writer, const struct event *event, uint32_t elements);
};

static const struct body_form FORMS[] = {
    {EVENT_AUTH_EPOCH, 2, 2, auth_epoch_read, auth_epoch_write},
    {EVENT_JOURNAL_ADMIT, 6, 6, admit_read, admit_write},
    {EVENT_BRANCH_SUSPEND, 2, 2, suspend_read, suspend_write},
    {EVENT_BRANCH_RESUME, 2, 2, suspend_read, suspend_write},
    {EVENT_JOURNAL_RETIRE, 5, 5, retire_read, retire_write},
    {EVENT_JOURNAL_RESOLVE, 2, 2, resolve_read, resolve_write},
    {EVENT_QUOTA_GRANT, 2, 2, quota_read, quota_write},
    {EVENT_LIMITS_SET, 2, 2, limits_read, limits_write},
    {EVENT_MINT_APPROVE, 1, 1, approve_read, approve_write},
    {EVENT_CHECKPOINT_SIGN, 2, 2, checkpoint_read, checkpoint_write},
    {EVENT_ORGANISATION_SET, 3, 3, organisation_read, organisation_write},
    {EVENT_PRODUCT_PUBLISH, 9, 10, product_read, product_write},
    {EVENT_TOPUP, 2, 3, topup_read, topup_write},
    {EVENT_LOT_ISSUE, 5, 5, issue_lots_read, issue_lots_write},
    {EVENT_ADJUST, 5, 5, issue_lots_read, issue_lots_write},
    {EVENT_MINT_RELEASE, 1, 1, approve_read, approve_write},
    {EVENT_SPEND, 3, 5, spend_read, spend_write},
    {EVENT_SPEND_HOLD, 2, 3, hold_read, hold_write},
    {EVENT_SPEND_CAPTURE, 3, 3, capture_read, capture_write},
    {EVENT_SPEND_RELEASE, 2, 2, release_read, release_write},
    {EVENT_REFUND, 3, 4, refund_read, refund_write},
    {EVENT_LOT_EXPIRE, 1, 1, expire_read, expire_write},
    {EVENT_LOT_CLAWBACK, 4, 4, clawback_read, clawback_write},
    {EVENT_LOT_REBIND, 3, 3, rebind_read, rebind_write},
    {EVENT_PAYOUT, 4, 4, payout_read, payout_write},
    {EVENT_RIGHTS_MOVE, 4, 5, move_read, move_write},
    {EVENT_RIGHTS_ACCEPT, 4, 4, accept_read, accept_write},
    {EVENT_RIGHTS_RETURN, 3, 3, giveback_read, giveback_write},
    {EVENT_RIGHTS_RECLAIM, 2, 3, reclaim_read, reclaim_write},
    {EVENT_RIGHTS_COVER, 4, 4, cover_read, cover_write},
    {EVENT_RISK_SETTLE, 2, 2, settle_read, settle_write},
    {EVENT_RISK_ACK, 1, 1, risk_ack_read, risk_ack_write},
    {EVENT_FREEZE_ACK, 2, 2, freeze_ack_read, freeze_ack_write},
    {EVENT_LEASE_RECORD, 3, 3, lease_read, lease_write},
    {EVENT_JOURNAL_FORK, 4, 4, fork_read, fork_write},
    {EVENT_MEMBER_ENROL, 2, 2, enrol_read, enrol_write},
    {EVENT_ACCOUNT_OPEN, 4, 4, open_read, open_write},
    {EVENT_CARD_ISSUE, 3, 3, issue_read, issue_write},
    {EVENT_ACCOUNT_FREEZE, 2, 2, freeze_read, freeze_write},
    {EVENT_ACCOUNT_UNFREEZE, 2, 2, unfreeze_read, unfreeze_write},
    {EVENT_CARD_LOSS_REPORT, 2, 2, loss_read, loss_write},
    {EVENT_CARD_REPLACE, 4, 4, replace_read, replace_write},
    {EVENT_REQUEST_FILE, 5, 5, wish_read, wish_write},
    {EVENT_REQUEST_CLOSE, 4, 5, wish_close_read, wish_close_write},
};

/* NULL: the type is not known. */
static const struct body_form *form_of(uint16_t type)
{
    for (size_t i = 0; i < sizeof FORMS / sizeof FORMS[0]; i++) {
        if (FORMS[i].type == type) {
            return &FORMS[i];
        }
    }
    return NULL;
}

bool event_type_is_known(uint16_t type)
{
    return form_of(type) != NULL;
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

    const struct body_form *form = form_of(read.type);
    if (form != NULL && read.body_size >= form->needed) {
        struct reader reader =
            reader_over(bytes_of(input.data + body_at, input.size - body_at), EVENT_SIZE_MAX);
        form->read(&reader, &read);
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
    const struct body_form *form = form_of(event->type);
    if (form == NULL) {
        writer_refuse(&writer);
        return writer_finish(&writer);
    }
    uint32_t elements = form->known;
    if (event->body_size > 0 && event->body_size < form->known) {
        elements = event->body_size;
    }
    if (elements < form->needed) {
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
    form->write(&writer, event, elements);
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
