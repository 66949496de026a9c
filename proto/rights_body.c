#include "event_body.h"

enum { SIGNATURE_SIZE = 64 };

void move_read(struct reader *reader, struct event *event)
{
    event->body.move.to = read_journal(reader);
    read_bin_optional(reader, event->body.move.request.bytes,
                      sizeof event->body.move.request.bytes);
    event->body.move.why = read_u8(reader);
    event->body.move.line_count = lines_read(reader, event->body.move.lines);
    if (event->body_size >= 5) {
        event->body.move.sale = event_ref_optional_read(reader);
    }
}

void move_write(struct writer *writer, const struct event *event, uint32_t elements)
{
    write_journal(writer, event->body.move.to);
    write_bin_optional(writer, event->body.move.request.bytes,
                       sizeof event->body.move.request.bytes);
    write_uint(writer, event->body.move.why);
    lines_write(writer, event->body.move.lines, event->body.move.line_count);
    if (elements >= 5) {
        event_ref_optional_write(writer, &event->body.move.sale);
    }
}

void accept_read(struct reader *reader, struct event *event)
{
    event->body.accept.of = read_journal(reader);
    event->body.accept.from = read_journal(reader);
    event->body.accept.checkpoint = read_uint(reader);
    uint8_t count = list_read(reader);
    for (uint8_t i = 0; i < count; i++) {
        struct accept_line *line = &event->body.accept.lines[i];
        read_array(reader, 3);
        read_bin_exact(reader, line->lot.bytes, sizeof line->lot.bytes);
        line->cumulative = read_amount(reader);
        line->witnessed = read_amount(reader);
    }
    event->body.accept.line_count = count;
}

void accept_write(struct writer *writer, const struct event *event, uint32_t elements)
{
    (void)elements;
    write_journal(writer, event->body.accept.of);
    write_journal(writer, event->body.accept.from);
    write_uint(writer, event->body.accept.checkpoint);
    uint32_t count = list_write(writer, event->body.accept.line_count);
    for (uint32_t i = 0; i < count; i++) {
        const struct accept_line *line = &event->body.accept.lines[i];
        write_array(writer, 3);
        write_bin(writer, BYTES_OF(line->lot.bytes));
        write_amount(writer, line->cumulative);
        write_amount(writer, line->witnessed);
    }
}

void giveback_read(struct reader *reader, struct event *event)
{
    event->body.giveback.of = read_journal(reader);
    event->body.giveback.from = read_journal(reader);
    event->body.giveback.line_count = amounts_read(reader, event->body.giveback.lines);
}

void giveback_write(struct writer *writer, const struct event *event, uint32_t elements)
{
    (void)elements;
    write_journal(writer, event->body.giveback.of);
    write_journal(writer, event->body.giveback.from);
    amounts_write(writer, event->body.giveback.lines, event->body.giveback.line_count);
}

void reclaim_read(struct reader *reader, struct event *event)
{
    event->body.reclaim.of = read_journal(reader);
    event->body.reclaim.line_count = amounts_read(reader, event->body.reclaim.lines);
    if (event->body_size >= 3) {
        event->body.reclaim.sale = event_ref_optional_read(reader);
    }
}

void reclaim_write(struct writer *writer, const struct event *event, uint32_t elements)
{
    write_journal(writer, event->body.reclaim.of);
    amounts_write(writer, event->body.reclaim.lines, event->body.reclaim.line_count);
    if (elements >= 3) {
        event_ref_optional_write(writer, &event->body.reclaim.sale);
    }
}

void cover_read(struct reader *reader, struct event *event)
{
    event->body.cover.kind = read_u8(reader);
    event->body.cover.of = read_journal(reader);
    event->body.cover.at = event_ref_optional_read(reader);
    event->body.cover.line_count = lines_read(reader, event->body.cover.lines);
}

void cover_write(struct writer *writer, const struct event *event, uint32_t elements)
{
    (void)elements;
    write_uint(writer, event->body.cover.kind);
    write_journal(writer, event->body.cover.of);
    event_ref_optional_write(writer, &event->body.cover.at);
    lines_write(writer, event->body.cover.lines, event->body.cover.line_count);
}

void settle_read(struct reader *reader, struct event *event)
{
    event->body.settle.spend = event_ref_read(reader);
    event->body.settle.debt = read_amount(reader);
}

void settle_write(struct writer *writer, const struct event *event, uint32_t elements)
{
    (void)elements;
    event_ref_write(writer, &event->body.settle.spend);
    write_amount(writer, event->body.settle.debt);
}

void risk_ack_read(struct reader *reader, struct event *event)
{
    event->body.risk_ack.settle = event_ref_read(reader);
}

void risk_ack_write(struct writer *writer, const struct event *event, uint32_t elements)
{
    (void)elements;
    event_ref_write(writer, &event->body.risk_ack.settle);
}

static struct event_ref place_read(struct reader *reader)
{
    struct event_ref ref;
    ref.journal = read_journal(reader);
    ref.seq = read_uint(reader);
    ref.index = read_u16(reader);
    return ref;
}

static void place_write(struct writer *writer, const struct event_ref *ref)
{
    write_journal(writer, ref->journal);
    write_uint(writer, ref->seq);
    write_uint(writer, ref->index);
}

void freeze_ack_read(struct reader *reader, struct event *event)
{
    uint32_t count = read_array_upto(reader, FREEZE_TOKENS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        event->body.freeze_ack.freezes[i] = event_ref_read(reader);
    }
    event->body.freeze_ack.freeze_count = (uint8_t)count;
    count = read_array_upto(reader, FREEZE_TOKENS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        read_array(reader, 6); /* two references in one array: an event nests no deeper */
        event->body.freeze_ack.lifted[i].freeze = place_read(reader);
        event->body.freeze_ack.lifted[i].unfreeze = place_read(reader);
    }
    event->body.freeze_ack.lifted_count = (uint8_t)count;
}

void freeze_ack_write(struct writer *writer, const struct event *event, uint32_t elements)
{
    (void)elements;
    uint32_t count =
        write_array_upto(writer, event->body.freeze_ack.freeze_count, FREEZE_TOKENS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        event_ref_write(writer, &event->body.freeze_ack.freezes[i]);
    }
    count = write_array_upto(writer, event->body.freeze_ack.lifted_count, FREEZE_TOKENS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        write_array(writer, 6);
        place_write(writer, &event->body.freeze_ack.lifted[i].freeze);
        place_write(writer, &event->body.freeze_ack.lifted[i].unfreeze);
    }
}

void lease_read(struct reader *reader, struct event *event)
{
    event->body.lease.issued_ms = read_uint(reader);
    event->body.lease.until_ms = read_uint(reader);
    read_bin_exact(reader, event->body.lease.signature, sizeof event->body.lease.signature);
}

void lease_write(struct writer *writer, const struct event *event, uint32_t elements)
{
    (void)elements;
    write_uint(writer, event->body.lease.issued_ms);
    write_uint(writer, event->body.lease.until_ms);
    write_bin(writer, BYTES_OF(event->body.lease.signature));
}

void fork_read(struct reader *reader, struct event *event)
{
    for (uint32_t i = 0; i < 2; i++) {
        event->body.fork.headers[i] = read_bin(reader, BLOCK_HEADER_SIZE_MAX);
        event->body.fork.signatures[i] = read_bin(reader, SIGNATURE_SIZE);
        if (event->body.fork.signatures[i].size != SIGNATURE_SIZE) {
            reader_refuse(reader);
        }
    }
}

void fork_write(struct writer *writer, const struct event *event, uint32_t elements)
{
    (void)elements;
    for (uint32_t i = 0; i < 2; i++) {
        write_bin_upto(writer, event->body.fork.headers[i], BLOCK_HEADER_SIZE_MAX);
        if (event->body.fork.signatures[i].size != SIGNATURE_SIZE) {
            writer_refuse(writer);
        }
        write_bin_upto(writer, event->body.fork.signatures[i], SIGNATURE_SIZE);
    }
}
