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

void enrol_write(struct writer *writer, const struct event *event)
{
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

void open_write(struct writer *writer, const struct event *event)
{
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

void issue_write(struct writer *writer, const struct event *event)
{
    write_str_upto(writer, event->body.issue.number, CARD_NUMBER_SIZE);
    write_uint(writer, event->body.issue.form);
    write_bin(writer, BYTES_OF(event->body.issue.holder.bytes));
}

void freeze_read(struct reader *reader, struct event *event)
{
    event->body.freeze.kind = read_u8(reader);
    event->body.freeze.reason = read_str(reader, REASON_SIZE_MAX);
}

void freeze_write(struct writer *writer, const struct event *event)
{
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

void unfreeze_write(struct writer *writer, const struct event *event)
{
    uint32_t count = write_array_upto(writer, event->body.unfreeze.token_count, FREEZE_TOKENS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        event_ref_write(writer, &event->body.unfreeze.tokens[i]);
    }
    write_str_upto(writer, event->body.unfreeze.reason, REASON_SIZE_MAX);
}
