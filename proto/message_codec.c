#include "message_codec.h"

#include "event_body.h"
#include "reader.h"
#include "writer.h"

enum {
    TEXT_SIZE_MAX = 200,
    KEYS_MAX = 4,
};

static void hello_read(struct reader *reader, struct message *message)
{
    message->body.hello.proto_min = read_u32(reader);
    message->body.hello.proto_max = read_u32(reader);
    read_bin_exact(reader, message->body.hello.network.bytes, 32);
    message->body.hello.journal = read_journal(reader);
    read_bin_exact(reader, message->body.hello.database, 16);
    message->body.hello.boot = read_uint(reader);
    message->body.hello.head_seq = read_uint(reader);
    read_bin_exact(reader, message->body.hello.head_id.bytes, 32);
    message->body.hello.auth_seq = read_uint(reader);
    read_bin_exact(reader, message->body.hello.auth_id.bytes, 32);
    message->body.hello.rules_max = read_u32(reader);
    message->body.hello.hello_session = read_uint(reader);
}

static void hello_write(struct writer *writer, const struct message *message)
{
    write_uint(writer, message->body.hello.proto_min);
    write_uint(writer, message->body.hello.proto_max);
    write_bin(writer, BYTES_OF(message->body.hello.network.bytes));
    write_journal(writer, message->body.hello.journal);
    write_bin(writer, BYTES_OF(message->body.hello.database));
    write_uint(writer, message->body.hello.boot);
    write_uint(writer, message->body.hello.head_seq);
    write_bin(writer, BYTES_OF(message->body.hello.head_id.bytes));
    write_uint(writer, message->body.hello.auth_seq);
    write_bin(writer, BYTES_OF(message->body.hello.auth_id.bytes));
    write_uint(writer, message->body.hello.rules_max);
    write_uint(writer, message->body.hello.hello_session);
}

static void error_read(struct reader *reader, struct message *message)
{
    message->body.error.code = read_u32(reader);
    message->body.error.about = read_u32(reader);
    message->body.error.retry_ms = read_u32(reader);
    message->body.error.text = read_str(reader, TEXT_SIZE_MAX);
}

static void error_write(struct writer *writer, const struct message *message)
{
    write_uint(writer, message->body.error.code);
    write_uint(writer, message->body.error.about);
    write_uint(writer, message->body.error.retry_ms);
    write_str_upto(writer, message->body.error.text, TEXT_SIZE_MAX);
}

static void tips_read(struct reader *reader, struct message *message)
{
    message->body.tips.full = (uint32_t)read_uint_upto(reader, 1);
    uint32_t count = read_array_upto(reader, TIPS_PER_MESSAGE_MAX);
    for (uint32_t i = 0; i < count; i++) {
        struct tip *tip = &message->body.tips.list[i];
        read_array(reader, 4);
        tip->journal = read_journal(reader);
        tip->seq = read_uint(reader);
        read_bin_exact(reader, tip->id8, sizeof tip->id8);
        tip->flags = read_u32(reader);
    }
    message->body.tips.count = count;
}

static void tips_write(struct writer *writer, const struct message *message)
{
    write_uint(writer, message->body.tips.full);
    uint32_t count = write_array_upto(writer, message->body.tips.count, TIPS_PER_MESSAGE_MAX);
    for (uint32_t i = 0; i < count; i++) {
        const struct tip *tip = &message->body.tips.list[i];
        write_array(writer, 4);
        write_journal(writer, tip->journal);
        write_uint(writer, tip->seq);
        write_bin(writer, BYTES_OF(tip->id8));
        write_uint(writer, tip->flags);
    }
    if (message->body.tips.full > 1) {
        writer_refuse(writer);
    }
}

static void digest_read(struct reader *reader, struct message *message)
{
    read_bin_exact(reader, message->body.digest.frontier.bytes, 32);
    read_bin_exact(reader, message->body.digest.state.bytes, 32);
}

static void digest_write(struct writer *writer, const struct message *message)
{
    write_bin(writer, BYTES_OF(message->body.digest.frontier.bytes));
    write_bin(writer, BYTES_OF(message->body.digest.state.bytes));
}

static void want_read(struct reader *reader, struct message *message)
{
    message->body.want.want = read_uint(reader);
    message->body.want.journal = read_journal(reader);
    message->body.want.from = read_uint(reader);
    message->body.want.to = read_uint(reader);
    message->body.want.bytes_max = read_u32(reader);
    if (message->body.want.want == 0) {
        reader_refuse(reader); /* 0 means pushed */
    }
}

static void want_write(struct writer *writer, const struct message *message)
{
    write_uint(writer, message->body.want.want);
    write_journal(writer, message->body.want.journal);
    write_uint(writer, message->body.want.from);
    write_uint(writer, message->body.want.to);
    write_uint(writer, message->body.want.bytes_max);
    if (message->body.want.want == 0) {
        writer_refuse(writer);
    }
}

static void blocks_read(struct reader *reader, struct message *message)
{
    message->body.blocks.want = read_uint(reader);
    message->body.blocks.more = (uint32_t)read_uint_upto(reader, 1);
    uint32_t count = read_array_upto(reader, BLOCKS_PER_FRAME_MAX);
    for (uint32_t i = 0; i < count; i++) {
        message->body.blocks.list[i] = read_bin(reader, BLOCK_SIZE_MAX);
    }
    message->body.blocks.count = count;
}

static void blocks_write(struct writer *writer, const struct message *message)
{
    write_uint(writer, message->body.blocks.want);
    write_uint(writer, message->body.blocks.more);
    uint32_t count = write_array_upto(writer, message->body.blocks.count, BLOCKS_PER_FRAME_MAX);
    for (uint32_t i = 0; i < count; i++) {
        write_bin_upto(writer, message->body.blocks.list[i], BLOCK_SIZE_MAX);
    }
    if (message->body.blocks.more > 1) {
        writer_refuse(writer);
    }
}

static void nack_read(struct reader *reader, struct message *message)
{
    message->body.nack.want = read_uint(reader);
    message->body.nack.reason = read_u32(reader);
    message->body.nack.retry_ms = read_u32(reader);
}

static void nack_write(struct writer *writer, const struct message *message)
{
    write_uint(writer, message->body.nack.want);
    write_uint(writer, message->body.nack.reason);
    write_uint(writer, message->body.nack.retry_ms);
}

static void rights_req_read(struct reader *reader, struct message *message)
{
    read_bin_exact(reader, message->body.rights_req.request.bytes, 16);
    message->body.rights_req.origin = read_journal(reader);
    message->body.rights_req.holder = read_journal(reader);
    read_bin_exact(reader, message->body.rights_req.account.bytes, 16);
    uint32_t count = read_array_upto(reader, EVENT_LINES_MAX);
    for (uint32_t i = 0; i < count; i++) {
        struct rights_line *line = &message->body.rights_req.list[i];
        read_array(reader, 2);
        read_bin_exact(reader, line->lot.bytes, sizeof line->lot.bytes);
        line->amount = read_amount(reader);
    }
    message->body.rights_req.count = count;
    message->body.rights_req.sale = event_ref_optional_read(reader);
}

static void rights_req_write(struct writer *writer, const struct message *message)
{
    write_bin(writer, BYTES_OF(message->body.rights_req.request.bytes));
    write_journal(writer, message->body.rights_req.origin);
    write_journal(writer, message->body.rights_req.holder);
    write_bin(writer, BYTES_OF(message->body.rights_req.account.bytes));
    uint32_t count = write_array_upto(writer, message->body.rights_req.count, EVENT_LINES_MAX);
    for (uint32_t i = 0; i < count; i++) {
        const struct rights_line *line = &message->body.rights_req.list[i];
        write_array(writer, 2);
        write_bin(writer, BYTES_OF(line->lot.bytes));
        write_amount(writer, line->amount);
    }
    event_ref_optional_write(writer, &message->body.rights_req.sale);
}

static void rights_rsp_read(struct reader *reader, struct message *message)
{
    read_bin_exact(reader, message->body.rights_rsp.request.bytes, 16);
    message->body.rights_rsp.origin = read_journal(reader);
    message->body.rights_rsp.holder = read_journal(reader);
    message->body.rights_rsp.status = read_u32(reader);
    message->body.rights_rsp.seq = read_uint(reader);
}

static void rights_rsp_write(struct writer *writer, const struct message *message)
{
    write_bin(writer, BYTES_OF(message->body.rights_rsp.request.bytes));
    write_journal(writer, message->body.rights_rsp.origin);
    write_journal(writer, message->body.rights_rsp.holder);
    write_uint(writer, message->body.rights_rsp.status);
    write_uint(writer, message->body.rights_rsp.seq);
}

static void keys_read(struct reader *reader, struct message *message)
{
    read_bin_exact(reader, message->body.keys.member.bytes, 16);
    uint32_t count = read_array_upto(reader, KEYS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        struct member_key *key = &message->body.keys.list[i];
        read_array(reader, 2);
        key->class_number = read_u8(reader);
        read_bin_exact(reader, key->key, sizeof key->key);
    }
    message->body.keys.count = count;
}

static void keys_write(struct writer *writer, const struct message *message)
{
    write_bin(writer, BYTES_OF(message->body.keys.member.bytes));
    uint32_t count = write_array_upto(writer, message->body.keys.count, KEYS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        const struct member_key *key = &message->body.keys.list[i];
        write_array(writer, 2);
        write_uint(writer, key->class_number);
        write_bin(writer, BYTES_OF(key->key));
    }
}

static void join_read(struct reader *reader, struct message *message)
{
    read_bin_exact(reader, message->body.join.invitation.bytes, 16);
    read_bin_exact(reader, message->body.join.public_key, 32);
    read_bin_exact(reader, message->body.join.transport_key, 32);
    read_bin_exact(reader, message->body.join.proof, 64);
    uint32_t count = read_array_upto(reader, ENDPOINTS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        message->body.join.endpoints[i] = read_str(reader, ENDPOINT_SIZE_MAX);
    }
    message->body.join.endpoint_count = count;
}

static void join_write(struct writer *writer, const struct message *message)
{
    write_bin(writer, BYTES_OF(message->body.join.invitation.bytes));
    write_bin(writer, BYTES_OF(message->body.join.public_key));
    write_bin(writer, BYTES_OF(message->body.join.transport_key));
    write_bin(writer, BYTES_OF(message->body.join.proof));
    uint32_t count = write_array_upto(writer, message->body.join.endpoint_count, ENDPOINTS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        write_str_upto(writer, message->body.join.endpoints[i], ENDPOINT_SIZE_MAX);
    }
}

static void joined_read(struct reader *reader, struct message *message)
{
    message->body.joined.status = read_u32(reader);
    message->body.joined.journal = read_journal(reader);
    message->body.joined.auth_seq = read_uint(reader);
    message->body.joined.text = read_str(reader, TEXT_SIZE_MAX);
}

static void joined_write(struct writer *writer, const struct message *message)
{
    write_uint(writer, message->body.joined.status);
    write_journal(writer, message->body.joined.journal);
    write_uint(writer, message->body.joined.auth_seq);
    write_str_upto(writer, message->body.joined.text, TEXT_SIZE_MAX);
}

/* How many fields follow kind and session; 0: the kind is not known. */
static uint32_t field_count(enum message_kind kind)
{
    switch (kind) {
    case MESSAGE_HELLO:
    case MESSAGE_WELCOME:
        return 12;
    case MESSAGE_ERROR:
    case MESSAGE_JOINED:
        return 4;
    case MESSAGE_BYE:
        return 1;
    case MESSAGE_TIPS:
    case MESSAGE_DIGEST:
    case MESSAGE_STATE_DIGEST:
    case MESSAGE_KEY_GET:
    case MESSAGE_KEY_PUT:
    case MESSAGE_KEY_ACK:
        return 2;
    case MESSAGE_RIGHTS_REQ:
        return 6;
    case MESSAGE_FORK_PROOF:
        return 4;
    case MESSAGE_WANT:
    case MESSAGE_RIGHTS_RSP:
    case MESSAGE_JOIN:
    case MESSAGE_LEASE:
        return 5;
    case MESSAGE_BLOCKS:
    case MESSAGE_NACK:
    case MESSAGE_CKPT_REQ:
        return 3;
    }
    return 0;
}

static void fields_read(struct reader *reader, struct message *message)
{
    switch (message->kind) {
    case MESSAGE_HELLO:
    case MESSAGE_WELCOME:
        hello_read(reader, message);
        return;
    case MESSAGE_ERROR:
        error_read(reader, message);
        return;
    case MESSAGE_BYE:
        message->body.bye.reason = read_u32(reader);
        return;
    case MESSAGE_TIPS:
        tips_read(reader, message);
        return;
    case MESSAGE_DIGEST:
    case MESSAGE_STATE_DIGEST:
        digest_read(reader, message);
        return;
    case MESSAGE_WANT:
        want_read(reader, message);
        return;
    case MESSAGE_BLOCKS:
        blocks_read(reader, message);
        return;
    case MESSAGE_NACK:
        nack_read(reader, message);
        return;
    case MESSAGE_RIGHTS_REQ:
        rights_req_read(reader, message);
        return;
    case MESSAGE_FORK_PROOF:
        for (int i = 0; i < 2; i++) {
            message->body.fork_proof.headers[i] = read_bin(reader, BLOCK_HEADER_SIZE_MAX);
            message->body.fork_proof.signatures[i] = read_bin(reader, 64);
        }
        return;
    case MESSAGE_RIGHTS_RSP:
        rights_rsp_read(reader, message);
        return;
    case MESSAGE_CKPT_REQ:
        message->body.ckpt_req.journal = read_journal(reader);
        message->body.ckpt_req.seq = read_uint(reader);
        message->body.ckpt_req.hops = read_u32(reader);
        return;
    case MESSAGE_LEASE:
        message->body.lease.journal = read_journal(reader);
        message->body.lease.issued_ms = read_uint(reader);
        message->body.lease.until_ms = read_uint(reader);
        message->body.lease.hops = read_u32(reader);
        read_bin_exact(reader, message->body.lease.signature, sizeof message->body.lease.signature);
        return;
    case MESSAGE_KEY_GET:
    case MESSAGE_KEY_PUT:
    case MESSAGE_KEY_ACK:
        keys_read(reader, message);
        return;
    case MESSAGE_JOIN:
        join_read(reader, message);
        return;
    case MESSAGE_JOINED:
        joined_read(reader, message);
        return;
    }
    reader_refuse(reader);
}

static void fields_write(struct writer *writer, const struct message *message)
{
    switch (message->kind) {
    case MESSAGE_HELLO:
    case MESSAGE_WELCOME:
        hello_write(writer, message);
        return;
    case MESSAGE_ERROR:
        error_write(writer, message);
        return;
    case MESSAGE_BYE:
        write_uint(writer, message->body.bye.reason);
        return;
    case MESSAGE_TIPS:
        tips_write(writer, message);
        return;
    case MESSAGE_DIGEST:
    case MESSAGE_STATE_DIGEST:
        digest_write(writer, message);
        return;
    case MESSAGE_WANT:
        want_write(writer, message);
        return;
    case MESSAGE_BLOCKS:
        blocks_write(writer, message);
        return;
    case MESSAGE_NACK:
        nack_write(writer, message);
        return;
    case MESSAGE_RIGHTS_REQ:
        rights_req_write(writer, message);
        return;
    case MESSAGE_FORK_PROOF:
        for (int i = 0; i < 2; i++) {
            write_bin_upto(writer, message->body.fork_proof.headers[i], BLOCK_HEADER_SIZE_MAX);
            write_bin_upto(writer, message->body.fork_proof.signatures[i], 64);
        }
        return;
    case MESSAGE_RIGHTS_RSP:
        rights_rsp_write(writer, message);
        return;
    case MESSAGE_CKPT_REQ:
        write_journal(writer, message->body.ckpt_req.journal);
        write_uint(writer, message->body.ckpt_req.seq);
        write_uint(writer, message->body.ckpt_req.hops);
        return;
    case MESSAGE_LEASE:
        write_journal(writer, message->body.lease.journal);
        write_uint(writer, message->body.lease.issued_ms);
        write_uint(writer, message->body.lease.until_ms);
        write_uint(writer, message->body.lease.hops);
        write_bin(writer, BYTES_OF(message->body.lease.signature));
        return;
    case MESSAGE_KEY_GET:
    case MESSAGE_KEY_PUT:
    case MESSAGE_KEY_ACK:
        keys_write(writer, message);
        return;
    case MESSAGE_JOIN:
        join_write(writer, message);
        return;
    case MESSAGE_JOINED:
        joined_write(writer, message);
        return;
    }
    writer_refuse(writer);
}

enum status message_decode(struct bytes frame, struct message *message)
{
    if (frame.size > FRAME_SIZE_MAX ||
        !reader_accepts(frame, MESSAGE_DEPTH_MAX, MESSAGE_VALUES_MAX)) {
        return STATUS_MALFORMED;
    }
    struct reader reader = reader_over(frame, MESSAGE_VALUES_MAX);
    uint32_t count = read_array_atleast(&reader, 2);
    uint64_t kind = read_uint_upto(&reader, UINT16_MAX);
    uint64_t session = read_uint(&reader);
    if (reader_failed(&reader)) {
        return STATUS_MALFORMED;
    }
    uint32_t known = field_count((enum message_kind)kind);
    if (known == 0) {
        return STATUS_NOT_FOUND;
    }
    if (count - 2 < known) {
        return STATUS_MALFORMED;
    }
    /* The struct is large, so it is filled in place; a refused frame leaves nothing usable. */
    message_begin(message, (enum message_kind)kind, session);
    fields_read(&reader, message);
    read_skip_many(&reader, count - 2 - known, MESSAGE_DEPTH_MAX - 1);
    return reader_finish(&reader);
}

enum status message_encode(const struct message *message, struct buffer *out)
{
    struct writer writer = writer_over(out);
    write_array(&writer, field_count(message->kind) + 2);
    write_uint(&writer, (uint64_t)message->kind);
    write_uint(&writer, message->session);
    fields_write(&writer, message);
    if (out->size - writer.start > FRAME_SIZE_MAX) {
        writer_refuse(&writer);
    }
    return writer_finish(&writer);
}
