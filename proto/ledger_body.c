#include "event_body.h"

enum {
    LOT_KEY_SIZE_MAX = 64,
};

struct event_ref event_ref_read(struct reader *reader)
{
    struct event_ref ref = {0};
    read_array(reader, 3);
    ref.journal = read_journal(reader);
    ref.seq = read_uint(reader);
    ref.index = read_u16(reader);
    return ref;
}

void event_ref_write(struct writer *writer, const struct event_ref *ref)
{
    write_array(writer, 3);
    write_journal(writer, ref->journal);
    write_uint(writer, ref->seq);
    write_uint(writer, ref->index);
}

/* Lists in ledger events are never empty: an event that moves nothing is none. */
static uint8_t list_read(struct reader *reader)
{
    uint32_t count = read_array_upto(reader, EVENT_LINES_MAX);
    if (count == 0) {
        reader_refuse(reader);
    }
    return (uint8_t)count;
}

static uint32_t list_write(struct writer *writer, uint8_t count)
{
    if (count == 0) {
        writer_refuse(writer);
    }
    return write_array_upto(writer, count, EVENT_LINES_MAX);
}

static uint8_t lines_read(struct reader *reader, struct lot_line *lines)
{
    uint8_t count = list_read(reader);
    for (uint8_t i = 0; i < count; i++) {
        read_array(reader, 3);
        read_bin_exact(reader, lines[i].lot.bytes, sizeof lines[i].lot.bytes);
        lines[i].amount = read_amount(reader);
        lines[i].after = read_amount(reader);
    }
    return count;
}

static void line_write(struct writer *writer, const struct lot_line *line)
{
    write_bin(writer, BYTES_OF(line->lot.bytes));
    write_amount(writer, line->amount);
    write_amount(writer, line->after);
}

static void lines_write(struct writer *writer, const struct lot_line *lines, uint8_t line_count)
{
    uint32_t count = list_write(writer, line_count);
    for (uint32_t i = 0; i < count; i++) {
        write_array(writer, 3);
        line_write(writer, &lines[i]);
    }
}

void topup_read(struct reader *reader, struct event *event)
{
    uint8_t count = list_read(reader);
    for (uint8_t i = 0; i < count; i++) {
        struct lot_terms *lot = &event->body.topup.lots[i];
        read_array(reader, 6);
        lot->bucket = read_u8(reader);
        lot->amount = read_amount(reader);
        lot->from_day = read_u32(reader);
        lot->to_day = read_u32(reader);
        lot->product = read_u32(reader);
        lot->key = read_bin(reader, LOT_KEY_SIZE_MAX);
    }
    event->body.topup.lot_count = count;
    event->body.topup.tender = read_u8(reader);
    if (event->body_size >= 3) {
        event->body.topup.version = read_u32(reader);
    }
}

void topup_write(struct writer *writer, const struct event *event, uint32_t elements)
{
    uint32_t count = list_write(writer, event->body.topup.lot_count);
    for (uint32_t i = 0; i < count; i++) {
        const struct lot_terms *lot = &event->body.topup.lots[i];
        write_array(writer, 6);
        write_uint(writer, lot->bucket);
        write_amount(writer, lot->amount);
        write_uint(writer, lot->from_day);
        write_uint(writer, lot->to_day);
        write_uint(writer, lot->product);
        write_bin_upto(writer, lot->key, LOT_KEY_SIZE_MAX);
    }
    write_uint(writer, event->body.topup.tender);
    if (elements >= 3) {
        write_uint(writer, event->body.topup.version);
    }
}

static void items_read(struct reader *reader, struct event *event)
{
    uint32_t count = read_array_upto(reader, SALE_ITEMS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        struct sale_item *item = &event->body.spend.items[i];
        read_array(reader, 4);
        item->name = read_str(reader, ITEM_NAME_SIZE_MAX);
        item->quantity = read_u32(reader);
        item->list_minor = read_amount(reader);
        item->charged_minor = read_amount(reader);
    }
    event->body.spend.item_count = (uint8_t)count;
}

static void items_write(struct writer *writer, const struct event *event)
{
    uint32_t count = write_array_upto(writer, event->body.spend.item_count, SALE_ITEMS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        const struct sale_item *item = &event->body.spend.items[i];
        write_array(writer, 4);
        write_str_upto(writer, item->name, ITEM_NAME_SIZE_MAX);
        write_uint(writer, item->quantity);
        write_amount(writer, item->list_minor);
        write_amount(writer, item->charged_minor);
    }
}

void spend_read(struct reader *reader, struct event *event)
{
    event->body.spend.line_count = lines_read(reader, event->body.spend.lines);
    event->body.spend.risk = read_amount(reader);
    event->body.spend.seen = read_amount(reader);
    if (event->body_size >= 4) {
        items_read(reader, event);
    }
}

void spend_write(struct writer *writer, const struct event *event, uint32_t elements)
{
    lines_write(writer, event->body.spend.lines, event->body.spend.line_count);
    write_amount(writer, event->body.spend.risk);
    write_amount(writer, event->body.spend.seen);
    if (elements >= 4) {
        items_write(writer, event);
    }
}

void refund_read(struct reader *reader, struct event *event)
{
    uint8_t count = list_read(reader);
    for (uint8_t i = 0; i < count; i++) {
        struct lot_line *line = &event->body.refund.lines[i];
        read_array(reader, 4);
        read_bin_exact(reader, line->lot.bytes, sizeof line->lot.bytes);
        line->amount = read_amount(reader);
        line->after = read_amount(reader);
        event->body.refund.to_days[i] = read_u32(reader);
    }
    event->body.refund.line_count = count;
    event->body.refund.sale = event_ref_read(reader);
    event->body.refund.reason = read_str(reader, REASON_SIZE_MAX);
}

void refund_write(struct writer *writer, const struct event *event)
{
    uint32_t count = list_write(writer, event->body.refund.line_count);
    for (uint32_t i = 0; i < count; i++) {
        write_array(writer, 4);
        line_write(writer, &event->body.refund.lines[i]);
        write_uint(writer, event->body.refund.to_days[i]);
    }
    event_ref_write(writer, &event->body.refund.sale);
    write_str_upto(writer, event->body.refund.reason, REASON_SIZE_MAX);
}

void move_read(struct reader *reader, struct event *event)
{
    event->body.move.to = read_journal(reader);
    read_bin_optional(reader, event->body.move.request.bytes,
                      sizeof event->body.move.request.bytes);
    event->body.move.why = read_u8(reader);
    event->body.move.line_count = lines_read(reader, event->body.move.lines);
}

void move_write(struct writer *writer, const struct event *event)
{
    write_journal(writer, event->body.move.to);
    write_bin_optional(writer, event->body.move.request.bytes,
                       sizeof event->body.move.request.bytes);
    write_uint(writer, event->body.move.why);
    lines_write(writer, event->body.move.lines, event->body.move.line_count);
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

void accept_write(struct writer *writer, const struct event *event)
{
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
