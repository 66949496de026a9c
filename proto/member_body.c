#include "event_body.h"

void enrol_read(struct reader *reader, struct event *event)
{
    event->body.enrol.home_branch = read_u32(reader);
    uint32_t count = read_array_upto(reader, MEMBER_FIELDS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        struct sealed_field *field = &event->body.enrol.fields[i];
        read_array(reader, 4);
        field->field = read_u8(reader);
        field->class_number = read_u8(reader);
        field->key_number = read_u32(reader);
        field->box = read_bin(reader, SEALED_SIZE_MAX);
    }
    event->body.enrol.field_count = (uint8_t)count;
}

void enrol_write(struct writer *writer, const struct event *event, uint32_t elements)
{
    (void)elements;
    write_uint(writer, event->body.enrol.home_branch);
    uint32_t count = write_array_upto(writer, event->body.enrol.field_count, MEMBER_FIELDS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        const struct sealed_field *field = &event->body.enrol.fields[i];
        write_array(writer, 4);
        write_uint(writer, field->field);
        write_uint(writer, field->class_number);
        write_uint(writer, field->key_number);
        write_bin_upto(writer, field->box, SEALED_SIZE_MAX);
    }
}

void open_read(struct reader *reader, struct event *event)
{
    read_bin_exact(reader, event->body.open.member.bytes, sizeof event->body.open.member.bytes);
    event->body.open.product = read_u32(reader);
    event->body.open.version = read_u32(reader);
    event->body.open.home_branch = read_u32(reader);
}

void open_write(struct writer *writer, const struct event *event, uint32_t elements)
{
    (void)elements;
    write_bin(writer, BYTES_OF(event->body.open.member.bytes));
    write_uint(writer, event->body.open.product);
    write_uint(writer, event->body.open.version);
    write_uint(writer, event->body.open.home_branch);
}

void issue_read(struct reader *reader, struct event *event)
{
    event->body.issue.number = read_str(reader, CARD_NUMBER_SIZE);
    event->body.issue.form = read_u8(reader);
    read_bin_exact(reader, event->body.issue.holder.bytes, sizeof event->body.issue.holder.bytes);
}

void issue_write(struct writer *writer, const struct event *event, uint32_t elements)
{
    (void)elements;
    write_str_upto(writer, event->body.issue.number, CARD_NUMBER_SIZE);
    write_uint(writer, event->body.issue.form);
    write_bin(writer, BYTES_OF(event->body.issue.holder.bytes));
}

void freeze_read(struct reader *reader, struct event *event)
{
    event->body.freeze.kind = read_u8(reader);
    event->body.freeze.reason = read_str(reader, REASON_SIZE_MAX);
}

void freeze_write(struct writer *writer, const struct event *event, uint32_t elements)
{
    (void)elements;
    write_uint(writer, event->body.freeze.kind);
    write_str_upto(writer, event->body.freeze.reason, REASON_SIZE_MAX);
}

void unfreeze_read(struct reader *reader, struct event *event)
{
    uint32_t count = read_array_upto(reader, FREEZE_TOKENS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        event->body.unfreeze.tokens[i] = event_ref_read(reader);
    }
    event->body.unfreeze.token_count = (uint8_t)count;
    event->body.unfreeze.reason = read_str(reader, REASON_SIZE_MAX);
}

void unfreeze_write(struct writer *writer, const struct event *event, uint32_t elements)
{
    (void)elements;
    uint32_t count = write_array_upto(writer, event->body.unfreeze.token_count, FREEZE_TOKENS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        event_ref_write(writer, &event->body.unfreeze.tokens[i]);
    }
    write_str_upto(writer, event->body.unfreeze.reason, REASON_SIZE_MAX);
}

static struct bytes card_number_read(struct reader *reader)
{
    struct bytes number = read_str(reader, CARD_NUMBER_SIZE);
    if (number.size != CARD_NUMBER_SIZE) {
        reader_refuse(reader);
    }
    return number;
}

void loss_read(struct reader *reader, struct event *event)
{
    event->body.loss.number = read_str(reader, CARD_NUMBER_SIZE);
    event->body.loss.reason = read_str(reader, REASON_SIZE_MAX);
}

void loss_write(struct writer *writer, const struct event *event, uint32_t elements)
{
    (void)elements;
    write_str_upto(writer, event->body.loss.number, CARD_NUMBER_SIZE);
    write_str_upto(writer, event->body.loss.reason, REASON_SIZE_MAX);
}

void replace_read(struct reader *reader, struct event *event)
{
    event->body.replace.old = card_number_read(reader);
    event->body.replace.number = card_number_read(reader);
    event->body.replace.form = read_u8(reader);
    read_bin_exact(reader, event->body.replace.holder.bytes,
                   sizeof event->body.replace.holder.bytes);
}

void replace_write(struct writer *writer, const struct event *event, uint32_t elements)
{
    (void)elements;
    write_str_upto(writer, event->body.replace.old, CARD_NUMBER_SIZE);
    write_str_upto(writer, event->body.replace.number, CARD_NUMBER_SIZE);
    write_uint(writer, event->body.replace.form);
    write_bin(writer, BYTES_OF(event->body.replace.holder.bytes));
}

void wish_read(struct reader *reader, struct event *event)
{
    event->body.file.kind = read_u8(reader);
    event->body.file.to = read_journal(reader);
    event->body.file.sale = event_ref_optional_read(reader);
    event->body.file.amount = read_amount(reader);
    event->body.file.reason = read_str(reader, REASON_SIZE_MAX);
}

void wish_write(struct writer *writer, const struct event *event, uint32_t elements)
{
    (void)elements;
    write_uint(writer, event->body.file.kind);
    write_journal(writer, event->body.file.to);
    event_ref_optional_write(writer, &event->body.file.sale);
    write_amount(writer, event->body.file.amount);
    write_str_upto(writer, event->body.file.reason, REASON_SIZE_MAX);
}

void wish_close_read(struct reader *reader, struct event *event)
{
    event->body.close.request = event_ref_read(reader);
    event->body.close.outcome = read_u8(reader);
    event->body.close.done = event_ref_optional_read(reader);
    event->body.close.reason = read_str(reader, REASON_SIZE_MAX);
    if (event->body_size >= 5) {
        event->body.close.of = read_journal(reader);
    }
}

void wish_close_write(struct writer *writer, const struct event *event, uint32_t elements)
{
    event_ref_write(writer, &event->body.close.request);
    write_uint(writer, event->body.close.outcome);
    event_ref_optional_write(writer, &event->body.close.done);
    write_str_upto(writer, event->body.close.reason, REASON_SIZE_MAX);
    if (elements >= 5) {
        write_journal(writer, event->body.close.of);
    }
}
