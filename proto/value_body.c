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

struct event_ref event_ref_optional_read(struct reader *reader)
{
    struct event_ref ref = {0};
    uint32_t count = read_array_upto(reader, 3);
    if (count == 0) {
        return ref;
    }
    if (count != 3) {
        reader_refuse(reader);
    }
    ref.journal = read_journal(reader);
    ref.seq = read_uint(reader);
    ref.index = read_u16(reader);
    if (event_ref_is_none(ref)) {
        reader_refuse(reader); /* nothing has two encodings */
    }
    return ref;
}

void event_ref_optional_write(struct writer *writer, const struct event_ref *ref)
{
    if (event_ref_is_none(*ref)) {
        write_array(writer, 0);
    } else {
        event_ref_write(writer, ref);
    }
}

uint8_t list_read(struct reader *reader)
{
    uint32_t count = read_array_upto(reader, EVENT_LINES_MAX);
    if (count == 0) {
        reader_refuse(reader);
    }
    return (uint8_t)count;
}

uint32_t list_write(struct writer *writer, uint8_t count)
{
    if (count == 0) {
        writer_refuse(writer);
    }
    return write_array_upto(writer, count, EVENT_LINES_MAX);
}

static uint8_t lines_read_upto(struct reader *reader, struct lot_line *lines, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        read_array(reader, 3);
        read_bin_exact(reader, lines[i].lot.bytes, sizeof lines[i].lot.bytes);
        lines[i].amount = read_amount(reader);
        lines[i].after = read_amount(reader);
    }
    return (uint8_t)count;
}

uint8_t lines_read(struct reader *reader, struct lot_line *lines)
{
    return lines_read_upto(reader, lines, list_read(reader));
}

static void line_write(struct writer *writer, const struct lot_line *line)
{
    write_bin(writer, BYTES_OF(line->lot.bytes));
    write_amount(writer, line->amount);
    write_amount(writer, line->after);
}

void lines_write(struct writer *writer, const struct lot_line *lines, uint8_t line_count)
{
    uint32_t count = list_write(writer, line_count);
    for (uint32_t i = 0; i < count; i++) {
        write_array(writer, 3);
        line_write(writer, &lines[i]);
    }
}

uint8_t amounts_read(struct reader *reader, struct lot_amount *amounts)
{
    uint8_t count = list_read(reader);
    for (uint8_t i = 0; i < count; i++) {
        read_array(reader, 2);
        read_bin_exact(reader, amounts[i].lot.bytes, sizeof amounts[i].lot.bytes);
        amounts[i].amount = read_amount(reader);
    }
    return count;
}

void amounts_write(struct writer *writer, const struct lot_amount *amounts, uint8_t amount_count)
{
    uint32_t count = list_write(writer, amount_count);
    for (uint32_t i = 0; i < count; i++) {
        write_array(writer, 2);
        write_bin(writer, BYTES_OF(amounts[i].lot.bytes));
        write_amount(writer, amounts[i].amount);
    }
}

static uint8_t terms_read(struct reader *reader, struct lot_terms *lots)
{
    uint8_t count = list_read(reader);
    for (uint8_t i = 0; i < count; i++) {
        struct lot_terms *lot = &lots[i];
        read_array(reader, 6);
        lot->bucket = read_u8(reader);
        lot->amount = read_amount(reader);
        lot->from_day = read_u32(reader);
        lot->to_day = read_u32(reader);
        lot->product = read_u32(reader);
        lot->key = read_bin(reader, LOT_KEY_SIZE_MAX);
    }
    return count;
}

static void terms_write(struct writer *writer, const struct lot_terms *lots, uint8_t lot_count)
{
    uint32_t count = list_write(writer, lot_count);
    for (uint32_t i = 0; i < count; i++) {
        const struct lot_terms *lot = &lots[i];
        write_array(writer, 6);
        write_uint(writer, lot->bucket);
        write_amount(writer, lot->amount);
        write_uint(writer, lot->from_day);
        write_uint(writer, lot->to_day);
        write_uint(writer, lot->product);
        write_bin_upto(writer, lot->key, LOT_KEY_SIZE_MAX);
    }
}

static uint8_t tenders_read(struct reader *reader, struct tender_line *tenders)
{
    uint32_t count = read_array_upto(reader, TENDERS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        read_array(reader, 2);
        tenders[i].tender = read_u8(reader);
        tenders[i].amount = read_amount(reader);
    }
    return (uint8_t)count;
}

static void tenders_write(struct writer *writer, const struct tender_line *tenders,
                          uint8_t tender_count)
{
    uint32_t count = write_array_upto(writer, tender_count, TENDERS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        write_array(writer, 2);
        write_uint(writer, tenders[i].tender);
        write_amount(writer, tenders[i].amount);
    }
}

void topup_read(struct reader *reader, struct event *event)
{
    event->body.topup.lot_count = terms_read(reader, event->body.topup.lots);
    event->body.topup.tender = read_u8(reader);
    if (event->body_size >= 3) {
        event->body.topup.version = read_u32(reader);
    }
}

void topup_write(struct writer *writer, const struct event *event, uint32_t elements)
{
    terms_write(writer, event->body.topup.lots, event->body.topup.lot_count);
    write_uint(writer, event->body.topup.tender);
    if (elements >= 3) {
        write_uint(writer, event->body.topup.version);
    }
}

static uint8_t items_read(struct reader *reader, struct sale_item *items)
{
    uint32_t count = read_array_upto(reader, SALE_ITEMS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        struct sale_item *item = &items[i];
        read_array(reader, 4);
        item->name = read_str(reader, ITEM_NAME_SIZE_MAX);
        item->quantity = read_u32(reader);
        item->list_minor = read_amount(reader);
        item->charged_minor = read_amount(reader);
    }
    return (uint8_t)count;
}

static void items_write(struct writer *writer, const struct sale_item *items, uint8_t item_count)
{
    uint32_t count = write_array_upto(writer, item_count, SALE_ITEMS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        const struct sale_item *item = &items[i];
        write_array(writer, 4);
        write_str_upto(writer, item->name, ITEM_NAME_SIZE_MAX);
        write_uint(writer, item->quantity);
        write_amount(writer, item->list_minor);
        write_amount(writer, item->charged_minor);
    }
}

/* A sale that is wholly without cover names no lot; one that names none and risks nothing is no
 * sale. */
void spend_read(struct reader *reader, struct event *event)
{
    event->body.spend.line_count =
        lines_read_upto(reader, event->body.spend.lines, read_array_upto(reader, EVENT_LINES_MAX));
    event->body.spend.risk = read_amount(reader);
    if (event->body.spend.line_count == 0 && event->body.spend.risk == 0) {
        reader_refuse(reader);
    }
    event->body.spend.seen = read_amount(reader);
    if (event->body_size >= 4) {
        event->body.spend.item_count = items_read(reader, event->body.spend.items);
    }
    if (event->body_size >= 5) {
        event->body.spend.tender_count = tenders_read(reader, event->body.spend.tenders);
    }
}

void spend_write(struct writer *writer, const struct event *event, uint32_t elements)
{
    if (event->body.spend.line_count == 0 && event->body.spend.risk > 0) {
        write_array(writer, 0);
    } else {
        lines_write(writer, event->body.spend.lines, event->body.spend.line_count);
    }
    write_amount(writer, event->body.spend.risk);
    write_amount(writer, event->body.spend.seen);
    if (elements >= 4) {
        items_write(writer, event->body.spend.items, event->body.spend.item_count);
    }
    if (elements >= 5) {
        tenders_write(writer, event->body.spend.tenders, event->body.spend.tender_count);
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
    if (event->body_size >= 4) {
        event->body.refund.tender_count = tenders_read(reader, event->body.refund.tenders);
    }
}

void refund_write(struct writer *writer, const struct event *event, uint32_t elements)
{
    uint32_t count = list_write(writer, event->body.refund.line_count);
    for (uint32_t i = 0; i < count; i++) {
        write_array(writer, 4);
        line_write(writer, &event->body.refund.lines[i]);
        write_uint(writer, event->body.refund.to_days[i]);
    }
    event_ref_write(writer, &event->body.refund.sale);
    write_str_upto(writer, event->body.refund.reason, REASON_SIZE_MAX);
    if (elements >= 4) {
        tenders_write(writer, event->body.refund.tenders, event->body.refund.tender_count);
    }
}

void issue_lots_read(struct reader *reader, struct event *event)
{
    event->body.issue_lots.lot_count = terms_read(reader, event->body.issue_lots.lots);
    event->body.issue_lots.cause = read_u8(reader);
    event->body.issue_lots.approver = read_u32(reader);
    event->body.issue_lots.of = event_ref_optional_read(reader);
    event->body.issue_lots.reason = read_str(reader, REASON_SIZE_MAX);
}

void issue_lots_write(struct writer *writer, const struct event *event, uint32_t elements)
{
    (void)elements;
    terms_write(writer, event->body.issue_lots.lots, event->body.issue_lots.lot_count);
    write_uint(writer, event->body.issue_lots.cause);
    write_uint(writer, event->body.issue_lots.approver);
    event_ref_optional_write(writer, &event->body.issue_lots.of);
    write_str_upto(writer, event->body.issue_lots.reason, REASON_SIZE_MAX);
}

void hold_read(struct reader *reader, struct event *event)
{
    event->body.hold.line_count = lines_read(reader, event->body.hold.lines);
    event->body.hold.until_ms = read_uint(reader);
    if (event->body_size >= 3) {
        event->body.hold.order = read_str(reader, ORDER_SIZE_MAX);
    }
}

void hold_write(struct writer *writer, const struct event *event, uint32_t elements)
{
    lines_write(writer, event->body.hold.lines, event->body.hold.line_count);
    write_uint(writer, event->body.hold.until_ms);
    if (elements >= 3) {
        write_str_upto(writer, event->body.hold.order, ORDER_SIZE_MAX);
    }
}

void capture_read(struct reader *reader, struct event *event)
{
    event->body.capture.hold = event_ref_read(reader);
    event->body.capture.line_count = amounts_read(reader, event->body.capture.lines);
    event->body.capture.item_count = items_read(reader, event->body.capture.items);
}

void capture_write(struct writer *writer, const struct event *event, uint32_t elements)
{
    (void)elements;
    event_ref_write(writer, &event->body.capture.hold);
    amounts_write(writer, event->body.capture.lines, event->body.capture.line_count);
    items_write(writer, event->body.capture.items, event->body.capture.item_count);
}

void release_read(struct reader *reader, struct event *event)
{
    event->body.release.hold = event_ref_read(reader);
    event->body.release.why = read_u8(reader);
}

void release_write(struct writer *writer, const struct event *event, uint32_t elements)
{
    (void)elements;
    event_ref_write(writer, &event->body.release.hold);
    write_uint(writer, event->body.release.why);
}

void expire_read(struct reader *reader, struct event *event)
{
    event->body.expire.line_count = lines_read(reader, event->body.expire.lines);
}

void expire_write(struct writer *writer, const struct event *event, uint32_t elements)
{
    (void)elements;
    lines_write(writer, event->body.expire.lines, event->body.expire.line_count);
}

void clawback_read(struct reader *reader, struct event *event)
{
    event->body.clawback.of = event_ref_read(reader);
    event->body.clawback.line_count = lines_read(reader, event->body.clawback.lines);
    event->body.clawback.debt = read_amount(reader);
    event->body.clawback.reason = read_str(reader, REASON_SIZE_MAX);
}

void clawback_write(struct writer *writer, const struct event *event, uint32_t elements)
{
    (void)elements;
    event_ref_write(writer, &event->body.clawback.of);
    lines_write(writer, event->body.clawback.lines, event->body.clawback.line_count);
    write_amount(writer, event->body.clawback.debt);
    write_str_upto(writer, event->body.clawback.reason, REASON_SIZE_MAX);
}

void rebind_read(struct reader *reader, struct event *event)
{
    read_bin_exact(reader, event->body.rebind.to.bytes, sizeof event->body.rebind.to.bytes);
    event->body.rebind.line_count = lines_read(reader, event->body.rebind.lines);
    event->body.rebind.reason = read_str(reader, REASON_SIZE_MAX);
}

void rebind_write(struct writer *writer, const struct event *event, uint32_t elements)
{
    (void)elements;
    write_bin(writer, BYTES_OF(event->body.rebind.to.bytes));
    lines_write(writer, event->body.rebind.lines, event->body.rebind.line_count);
    write_str_upto(writer, event->body.rebind.reason, REASON_SIZE_MAX);
}

void payout_read(struct reader *reader, struct event *event)
{
    event->body.payout.line_count = lines_read(reader, event->body.payout.lines);
    event->body.payout.cause = read_u8(reader);
    event->body.payout.approver = read_u32(reader);
    event->body.payout.reason = read_str(reader, REASON_SIZE_MAX);
}

void payout_write(struct writer *writer, const struct event *event, uint32_t elements)
{
    (void)elements;
    lines_write(writer, event->body.payout.lines, event->body.payout.line_count);
    write_uint(writer, event->body.payout.cause);
    write_uint(writer, event->body.payout.approver);
    write_str_upto(writer, event->body.payout.reason, REASON_SIZE_MAX);
}
