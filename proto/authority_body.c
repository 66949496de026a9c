#include "event_body.h"

enum {
    LIMIT_NAME_SIZE_MAX = 32,
    ZONE_SHIFT = 1440, /* no negative numbers on the wire */
    ZONE_MAX = 2 * ZONE_SHIFT,
};

void auth_epoch_read(struct reader *reader, struct event *event)
{
    read_array(reader, 5);
    event->body.auth_epoch.epoch = read_uint(reader);
    read_bin_exact(reader, event->body.auth_epoch.public_key, 32);
    event->body.auth_epoch.prev_seq = read_uint(reader);
    read_bin_exact(reader, event->body.auth_epoch.prev_id.bytes, 32);
    event->body.auth_epoch.until_day = read_u32(reader);

    uint32_t count = read_array_upto(reader, AUTH_SIGNATURES_MAX);
    for (uint32_t i = 0; i < count; i++) {
        struct auth_signature *signature = &event->body.auth_epoch.signatures[i];
        read_array(reader, 2);
        signature->root_index = read_u32(reader);
        read_bin_exact(reader, signature->signature, sizeof signature->signature);
    }
    event->body.auth_epoch.signature_count = (uint8_t)count;
}

void certificate_write(struct writer *writer, const struct event *event)
{
    write_array(writer, 5);
    write_uint(writer, event->body.auth_epoch.epoch);
    write_bin(writer, BYTES_OF(event->body.auth_epoch.public_key));
    write_uint(writer, event->body.auth_epoch.prev_seq);
    write_bin(writer, BYTES_OF(event->body.auth_epoch.prev_id.bytes));
    write_uint(writer, event->body.auth_epoch.until_day);
}

void auth_epoch_write(struct writer *writer, const struct event *event, uint32_t elements)
{
    (void)elements;
    certificate_write(writer, event);
    uint32_t count =
        write_array_upto(writer, event->body.auth_epoch.signature_count, AUTH_SIGNATURES_MAX);
    for (uint32_t i = 0; i < count; i++) {
        const struct auth_signature *signature = &event->body.auth_epoch.signatures[i];
        write_array(writer, 2);
        write_uint(writer, signature->root_index);
        write_bin(writer, BYTES_OF(signature->signature));
    }
}

void admit_read(struct reader *reader, struct event *event)
{
    event->body.admit.journal = read_journal(reader);
    read_bin_exact(reader, event->body.admit.public_key, 32);
    read_bin_exact(reader, event->body.admit.transport_key, 32);
    event->body.admit.roles = read_u16(reader);
    uint32_t count = read_array_upto(reader, ENDPOINTS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        event->body.admit.endpoints[i] = read_str(reader, ENDPOINT_SIZE_MAX);
    }
    event->body.admit.endpoint_count = (uint8_t)count;
    event->body.admit.name = read_str(reader, NAME_SIZE_MAX);
}

void admit_write(struct writer *writer, const struct event *event, uint32_t elements)
{
    (void)elements;
    write_journal(writer, event->body.admit.journal);
    write_bin(writer, BYTES_OF(event->body.admit.public_key));
    write_bin(writer, BYTES_OF(event->body.admit.transport_key));
    write_uint(writer, event->body.admit.roles);
    uint32_t count = write_array_upto(writer, event->body.admit.endpoint_count, ENDPOINTS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        write_str_upto(writer, event->body.admit.endpoints[i], ENDPOINT_SIZE_MAX);
    }
    write_str_upto(writer, event->body.admit.name, NAME_SIZE_MAX);
}

void limits_read(struct reader *reader, struct event *event)
{
    event->body.limits.branch = read_u32(reader);
    uint32_t count = read_array_upto(reader, LIMITS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        struct named_limit *limit = &event->body.limits.limits[i];
        read_array(reader, 2);
        limit->name = read_str(reader, LIMIT_NAME_SIZE_MAX);
        limit->value = read_amount(reader);
    }
    event->body.limits.count = (uint8_t)count;
}

void limits_write(struct writer *writer, const struct event *event, uint32_t elements)
{
    (void)elements;
    write_uint(writer, event->body.limits.branch);
    uint32_t count = write_array_upto(writer, event->body.limits.count, LIMITS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        const struct named_limit *limit = &event->body.limits.limits[i];
        write_array(writer, 2);
        write_str_upto(writer, limit->name, LIMIT_NAME_SIZE_MAX);
        write_amount(writer, limit->value);
    }
}

void organisation_read(struct reader *reader, struct event *event)
{
    event->body.organisation.name = read_str(reader, NAME_SIZE_MAX);
    event->body.organisation.zone_minutes = (int32_t)read_uint_upto(reader, ZONE_MAX) - ZONE_SHIFT;
    event->body.organisation.currency = read_str(reader, CURRENCY_SIZE);
}

void organisation_write(struct writer *writer, const struct event *event, uint32_t elements)
{
    (void)elements;
    int64_t zone = (int64_t)event->body.organisation.zone_minutes + ZONE_SHIFT;
    if (zone > ZONE_MAX) {
        writer_refuse(writer);
    }
    write_str_upto(writer, event->body.organisation.name, NAME_SIZE_MAX);
    write_amount(writer, zone);
    write_str_upto(writer, event->body.organisation.currency, CURRENCY_SIZE);
}

void product_read(struct reader *reader, struct event *event)
{
    event->body.product.product = read_u32(reader);
    event->body.product.version = read_u32(reader);
    event->body.product.name = read_str(reader, NAME_SIZE_MAX);
    event->body.product.currency = read_str(reader, CURRENCY_SIZE);
    event->body.product.named = read_u8(reader);
    event->body.product.order = read_u8(reader);
    event->body.product.balance_cap = read_amount(reader);
    event->body.product.bonus_days = read_u32(reader);
    uint32_t count = read_array_upto(reader, BONUS_STEPS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        struct bonus_step *step = &event->body.product.steps[i];
        read_array(reader, 2);
        step->amount = read_amount(reader);
        step->bonus = read_amount(reader);
    }
    event->body.product.step_count = (uint8_t)count;
    if (event->body_size >= 10) {
        event->body.product.bonus_months = read_u32(reader);
    }
}

void product_write(struct writer *writer, const struct event *event, uint32_t elements)
{
    write_uint(writer, event->body.product.product);
    write_uint(writer, event->body.product.version);
    write_str_upto(writer, event->body.product.name, NAME_SIZE_MAX);
    write_str_upto(writer, event->body.product.currency, CURRENCY_SIZE);
    write_uint(writer, event->body.product.named);
    write_uint(writer, event->body.product.order);
    write_amount(writer, event->body.product.balance_cap);
    write_uint(writer, event->body.product.bonus_days);
    uint32_t count = write_array_upto(writer, event->body.product.step_count, BONUS_STEPS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        const struct bonus_step *step = &event->body.product.steps[i];
        write_array(writer, 2);
        write_amount(writer, step->amount);
        write_amount(writer, step->bonus);
    }
    if (elements >= 10) {
        write_uint(writer, event->body.product.bonus_months);
    }
}

static uint8_t tips_read(struct reader *reader, struct journal_tip *tips)
{
    uint32_t count = read_array_upto(reader, JOURNAL_TIPS_MAX);
    if (count == 0) {
        reader_refuse(reader);
    }
    for (uint32_t i = 0; i < count; i++) {
        read_array(reader, 3);
        tips[i].journal = read_journal(reader);
        tips[i].seq = read_uint(reader);
        read_bin_exact(reader, tips[i].id.bytes, sizeof tips[i].id.bytes);
    }
    return (uint8_t)count;
}

static void tips_write(struct writer *writer, const struct journal_tip *tips, uint8_t tip_count)
{
    uint32_t count = write_array_upto(writer, tip_count, JOURNAL_TIPS_MAX);
    if (count == 0) {
        writer_refuse(writer);
    }
    for (uint32_t i = 0; i < count; i++) {
        write_array(writer, 3);
        write_journal(writer, tips[i].journal);
        write_uint(writer, tips[i].seq);
        write_bin(writer, BYTES_OF(tips[i].id.bytes));
    }
}

void suspend_read(struct reader *reader, struct event *event)
{
    event->body.suspend.branch = read_u32(reader);
    event->body.suspend.reason = read_str(reader, REASON_SIZE_MAX);
}

void suspend_write(struct writer *writer, const struct event *event, uint32_t elements)
{
    (void)elements;
    write_uint(writer, event->body.suspend.branch);
    write_str_upto(writer, event->body.suspend.reason, REASON_SIZE_MAX);
}

void retire_read(struct reader *reader, struct event *event)
{
    event->body.retire.journal = read_journal(reader);
    event->body.retire.kind = read_u8(reader);
    event->body.retire.seq = read_uint(reader);
    read_bin_exact(reader, event->body.retire.id.bytes, sizeof event->body.retire.id.bytes);
    event->body.retire.reason = read_str(reader, REASON_SIZE_MAX);
}

void retire_write(struct writer *writer, const struct event *event, uint32_t elements)
{
    (void)elements;
    write_journal(writer, event->body.retire.journal);
    write_uint(writer, event->body.retire.kind);
    write_uint(writer, event->body.retire.seq);
    write_bin(writer, BYTES_OF(event->body.retire.id.bytes));
    write_str_upto(writer, event->body.retire.reason, REASON_SIZE_MAX);
}

void resolve_read(struct reader *reader, struct event *event)
{
    event->body.resolve.journal = read_journal(reader);
    event->body.resolve.tip_count = tips_read(reader, event->body.resolve.tips);
}

void resolve_write(struct writer *writer, const struct event *event, uint32_t elements)
{
    (void)elements;
    write_journal(writer, event->body.resolve.journal);
    tips_write(writer, event->body.resolve.tips, event->body.resolve.tip_count);
}

void quota_read(struct reader *reader, struct event *event)
{
    event->body.quota.branch = read_u32(reader);
    uint32_t count = read_array_upto(reader, QUOTAS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        read_array(reader, 2);
        event->body.quota.quotas[i].bucket = read_u8(reader);
        event->body.quota.quotas[i].per_day = read_amount(reader);
    }
    event->body.quota.count = (uint8_t)count;
}

void quota_write(struct writer *writer, const struct event *event, uint32_t elements)
{
    (void)elements;
    write_uint(writer, event->body.quota.branch);
    uint32_t count = write_array_upto(writer, event->body.quota.count, QUOTAS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        write_array(writer, 2);
        write_uint(writer, event->body.quota.quotas[i].bucket);
        write_amount(writer, event->body.quota.quotas[i].per_day);
    }
}

void approve_read(struct reader *reader, struct event *event)
{
    event->body.approve.mint = event_ref_read(reader);
}

void approve_write(struct writer *writer, const struct event *event, uint32_t elements)
{
    (void)elements;
    event_ref_write(writer, &event->body.approve.mint);
}

void checkpoint_read(struct reader *reader, struct event *event)
{
    event->body.checkpoint.tip_count = tips_read(reader, event->body.checkpoint.tips);
    read_bin_optional(reader, event->body.checkpoint.state.bytes,
                      sizeof event->body.checkpoint.state.bytes);
}

void checkpoint_write(struct writer *writer, const struct event *event, uint32_t elements)
{
    (void)elements;
    tips_write(writer, event->body.checkpoint.tips, event->body.checkpoint.tip_count);
    write_bin_optional(writer, event->body.checkpoint.state.bytes,
                       sizeof event->body.checkpoint.state.bytes);
}
