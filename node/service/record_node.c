/* Rows about the node itself: frontier, counters, invitations, stored answers, INVALID events. */
#include "record_form.h"

#include <assert.h>
#include <string.h>

enum {
    RECORD_VALUES_MAX = 256,
    ROW_ROOM = 512,
    FRONTIER_FROZEN = 1,
    FRONTIER_PROVED = 2,
};

bool frontier_decode(struct bytes value, struct frontier_entry *entry)
{
    struct reader reader = reader_over(value, RECORD_VALUES_MAX);
    read_array(&reader, 7);
    entry->journal = read_uint(&reader);
    entry->seq = read_uint(&reader);
    read_bin_exact(&reader, entry->id.bytes, sizeof entry->id.bytes);
    entry->hlc = read_uint(&reader);
    entry->day = (uint32_t)read_uint_upto(&reader, UINT32_MAX);
    entry->auth = read_uint(&reader);
    uint64_t state = read_uint_upto(&reader, FRONTIER_PROVED);
    entry->frozen = state != 0;
    entry->proved = state == FRONTIER_PROVED;
    return reader_finish(&reader) == STATUS_OK;
}

void frontier_encode(const struct frontier_entry *entry, struct buffer *value)
{
    struct writer writer = writer_over(value);
    write_array(&writer, 7);
    write_uint(&writer, entry->journal);
    write_uint(&writer, entry->seq);
    write_bin(&writer, BYTES_OF(entry->id.bytes));
    write_uint(&writer, entry->hlc);
    write_uint(&writer, entry->day);
    write_uint(&writer, entry->auth);
    write_uint(&writer, entry->proved ? FRONTIER_PROVED : entry->frozen ? FRONTIER_FROZEN : 0);
    enum status status = writer_finish(&writer);
    assert(status == STATUS_OK);
}

void frontier_save(struct rows *rows, const struct frontier_entry *entry)
{
    uint8_t memory[ROW_ROOM];
    struct buffer value = BUFFER_OVER(memory);
    frontier_encode(entry, &value);
    struct row_key key = key_of_journal(TABLE_FRONTIER, entry->journal);
    rows_put(rows, row_key_bytes(&key), buffer_bytes(&value));
}

bool counters_load(struct rows *rows, struct counters_record *record)
{
    *record = (struct counters_record){0};
    uint8_t memory[ROW_ROOM];
    struct buffer value = BUFFER_OVER(memory);
    struct row_key key = row_key(TABLE_DIGEST);
    if (!rows_load(rows, row_key_bytes(&key), &value, NULL)) {
        return false;
    }
    struct reader reader = reader_over(buffer_bytes(&value), RECORD_VALUES_MAX);
    read_array(&reader, 5);
    read_bin_exact(&reader, record->digest.bytes, sizeof record->digest.bytes);
    record->events = read_uint(&reader);
    record->blocks = read_uint(&reader);
    record->invalid = read_uint(&reader);
    record->unknown = read_uint(&reader);
    enum status status = reader_finish(&reader);
    assert(status == STATUS_OK);
    return true;
}

void counters_encode(const struct counters_record *record, struct buffer *value)
{
    struct writer writer = writer_over(value);
    write_array(&writer, 5);
    write_bin(&writer, BYTES_OF(record->digest.bytes));
    write_uint(&writer, record->events);
    write_uint(&writer, record->blocks);
    write_uint(&writer, record->invalid);
    write_uint(&writer, record->unknown);
    enum status status = writer_finish(&writer);
    assert(status == STATUS_OK);
}

void counters_save(struct rows *rows, const struct counters_record *record)
{
    uint8_t memory[ROW_ROOM];
    struct buffer value = BUFFER_OVER(memory);
    counters_encode(record, &value);
    struct row_key key = row_key(TABLE_DIGEST);
    rows_put(rows, row_key_bytes(&key), buffer_bytes(&value));
}

static struct row_key invitation_key(const struct ticket_id *name)
{
    struct row_key key = row_key(TABLE_INVITATION);
    row_key_raw(&key, name->bytes, sizeof name->bytes);
    return key;
}

void invitation_save(struct rows *rows, const struct ticket_id *name,
                     const struct invitation_record *record)
{
    uint8_t memory[ROW_ROOM];
    struct buffer value = BUFFER_OVER(memory);
    struct writer writer = writer_over(&value);
    write_array(&writer, 5);
    write_uint(&writer, record->journal);
    write_bin(&writer, BYTES_OF(record->secret));
    write_uint(&writer, record->until_ms);
    write_bin_optional(&writer, record->used_by, sizeof record->used_by);
    write_str(&writer, bytes_of(record->name, record->name_size));
    struct row_key key = invitation_key(name);
    record_put(rows, &key, &writer);
}

bool invitation_decode_row(struct bytes value, struct invitation_record *record)
{
    struct reader reader = reader_over(value, RECORD_VALUES_MAX);
    read_array(&reader, 5);
    record->journal = read_uint(&reader);
    read_bin_exact(&reader, record->secret, sizeof record->secret);
    record->until_ms = read_uint(&reader);
    read_bin_optional(&reader, record->used_by, sizeof record->used_by);
    struct bytes name = read_str(&reader, NAME_SIZE_MAX);
    if (reader_finish(&reader) != STATUS_OK) {
        return false;
    }
    record->name_size = (uint32_t)name.size;
    if (name.size > 0) {
        memcpy(record->name, name.data, name.size);
    }
    return true;
}

bool invitation_load(struct rows *rows, const struct ticket_id *name,
                     struct invitation_record *record)
{
    *record = (struct invitation_record){0};
    uint8_t memory[ROW_ROOM];
    struct buffer value = BUFFER_OVER(memory);
    struct row_key key = invitation_key(name);
    return rows_load(rows, row_key_bytes(&key), &value, NULL) &&
           invitation_decode_row(buffer_bytes(&value), record);
}

void answer_save(struct rows *rows, uint32_t till, const struct ticket_id *ticket,
                 const uint8_t request_hash[static 16], const struct answer *answer)
{
    uint8_t memory[ROW_ROOM];
    struct buffer value = BUFFER_OVER(memory);
    struct writer writer = writer_over(&value);
    write_array(&writer, 25);
    write_bin(&writer, bytes_of(request_hash, 16));
    write_uint(&writer, answer->kind);
    write_uint(&writer, answer->verdict);
    write_uint(&writer, answer->event.journal);
    write_uint(&writer, answer->event.seq);
    write_uint(&writer, answer->event.index);
    write_uint(&writer, (uint64_t)answer->at_ms);
    write_bin_optional(&writer, answer->account.bytes, sizeof answer->account.bytes);
    write_bin_optional(&writer, answer->member.bytes, sizeof answer->member.bytes);
    write_bin_optional(&writer, answer->card, sizeof answer->card);
    write_bin_optional(&writer, answer->currency, sizeof answer->currency);
    write_uint(&writer, (uint64_t)answer->principal);
    write_uint(&writer, (uint64_t)answer->bonus);
    write_uint(&writer, (uint64_t)answer->uncovered);
    write_uint(&writer, (uint64_t)answer->balance);
    write_uint(&writer, (uint64_t)answer->usable_here);
    write_uint(&writer, (uint64_t)answer->on_hold);
    write_uint(&writer, (uint64_t)answer->offer);
    write_uint(&writer, (uint64_t)answer->limit);
    write_uint(&writer, answer->field);
    write_uint(&writer, answer->product);
    write_uint(&writer, answer->version);
    write_uint(&writer, answer->branch);
    write_bin_optional(&writer, answer->other.bytes, sizeof answer->other.bytes);
    write_array(&writer, 2 * answer->tender_count);
    for (uint32_t i = 0; i < answer->tender_count; i++) {
        write_uint(&writer, answer->tenders[i].tender);
        write_uint(&writer, (uint64_t)answer->tenders[i].amount);
    }
    write_uint(&writer, answer->pending ? 1 : 0);
    struct row_key key = key_of_ticket(till, ticket);
    record_put(rows, &key, &writer);
}

bool answer_load(struct rows *rows, uint32_t till, const struct ticket_id *ticket,
                 uint8_t request_hash[static 16], struct answer *answer, enum row_layer *layer)
{
    uint8_t memory[ROW_ROOM];
    struct buffer value = BUFFER_OVER(memory);
    struct row_key key = key_of_ticket(till, ticket);
    if (!rows_load(rows, row_key_bytes(&key), &value, layer)) {
        return false;
    }
    *answer = (struct answer){0};
    struct reader reader = reader_over(buffer_bytes(&value), RECORD_VALUES_MAX);
    read_array(&reader, 25);
    read_bin_exact(&reader, request_hash, 16);
    answer->kind = (enum command_kind)read_uint_upto(&reader, COMMAND_KIND_COUNT);
    answer->verdict = (enum verdict)read_uint_upto(&reader, VERDICT_COUNT);
    answer->event.journal = read_uint(&reader);
    answer->event.seq = read_uint(&reader);
    answer->event.index = (uint16_t)read_uint_upto(&reader, UINT16_MAX);
    answer->at_ms = (int64_t)read_uint(&reader);
    read_bin_optional(&reader, answer->account.bytes, sizeof answer->account.bytes);
    read_bin_optional(&reader, answer->member.bytes, sizeof answer->member.bytes);
    read_bin_optional(&reader, answer->card, sizeof answer->card);
    read_bin_optional(&reader, answer->currency, sizeof answer->currency);
    answer->principal = (int64_t)read_uint(&reader);
    answer->bonus = (int64_t)read_uint(&reader);
    answer->uncovered = (int64_t)read_uint(&reader);
    answer->balance = (int64_t)read_uint(&reader);
    answer->usable_here = (int64_t)read_uint(&reader);
    answer->on_hold = (int64_t)read_uint(&reader);
    answer->offer = (int64_t)read_uint(&reader);
    answer->limit = (int64_t)read_uint(&reader);
    answer->field = (uint8_t)read_uint_upto(&reader, UINT8_MAX);
    answer->product = (uint32_t)read_uint_upto(&reader, UINT32_MAX);
    answer->version = (uint32_t)read_uint_upto(&reader, UINT32_MAX);
    answer->branch = (uint32_t)read_uint_upto(&reader, UINT32_MAX);
    read_bin_optional(&reader, answer->other.bytes, sizeof answer->other.bytes);
    answer->tender_count = read_array_upto(&reader, 2 * TENDERS_MAX) / 2;
    for (uint32_t i = 0; i < answer->tender_count; i++) {
        answer->tenders[i].tender = (uint8_t)read_uint_upto(&reader, UINT8_MAX);
        answer->tenders[i].amount = (int64_t)read_uint(&reader);
    }
    answer->pending = read_uint_upto(&reader, 1) == 1;
    enum status status = reader_finish(&reader);
    assert(status == STATUS_OK);
    return true;
}

void invalid_save(struct rows *rows, struct event_ref event, const struct invalid_record *record)
{
    struct row_key key = row_key(TABLE_INVALID);
    row_key_u32(&key, journal_branch(event.journal));
    row_key_ref(&key, event);
    uint8_t memory[ROW_ROOM];
    struct buffer value = BUFFER_OVER(memory);
    struct writer writer = writer_over(&value);
    write_array(&writer, 3);
    write_uint(&writer, record->type);
    write_uint(&writer, record->reason);
    write_uint(&writer, (uint64_t)record->amount);
    record_put(rows, &key, &writer);
}

bool invalid_decode(struct bytes value, struct invalid_record *record)
{
    struct reader reader = reader_over(value, RECORD_VALUES_MAX);
    read_array(&reader, 3);
    record->type = (uint16_t)read_uint_upto(&reader, UINT16_MAX);
    record->reason = (uint8_t)read_uint_upto(&reader, UINT8_MAX);
    record->amount = (int64_t)read_uint(&reader);
    return reader_finish(&reader) == STATUS_OK;
}

enum { USAGE_NUMBERS_A_BRANCH = 1 + USAGE_PERIODS };

bool usage_load(struct rows *rows, const struct subject_id *account, struct usage *usage)
{
    *usage = (struct usage){0};
    uint8_t memory[ROW_ROOM];
    struct buffer value = BUFFER_OVER(memory);
    struct row_key key = key_of_subject(TABLE_USAGE, account);
    if (!rows_load(rows, row_key_bytes(&key), &value, NULL)) {
        return false;
    }
    struct reader reader = reader_over(buffer_bytes(&value), RECORD_VALUES_MAX);
    uint32_t count =
        read_array_upto(&reader, 1 + (uint32_t)USAGE_BRANCHES_MAX * USAGE_NUMBERS_A_BRANCH);
    usage->period = (uint32_t)read_uint_upto(&reader, UINT32_MAX);
    usage->count = (uint8_t)((count - 1) / USAGE_NUMBERS_A_BRANCH);
    for (uint32_t i = 0; i < usage->count; i++) {
        usage->branches[i].branch = (uint32_t)read_uint_upto(&reader, UINT32_MAX);
        for (uint32_t k = 0; k < USAGE_PERIODS; k++) {
            usage->branches[i].visits[k] = (uint16_t)read_uint_upto(&reader, USAGE_VISITS_MAX);
        }
    }
    enum status status = reader_finish(&reader);
    assert(status == STATUS_OK);
    return true;
}

void usage_save(struct rows *rows, const struct subject_id *account, const struct usage *usage)
{
    uint8_t memory[ROW_ROOM];
    struct buffer value = BUFFER_OVER(memory);
    struct writer writer = writer_over(&value);
    write_array(&writer, 1U + usage->count * USAGE_NUMBERS_A_BRANCH);
    write_uint(&writer, usage->period);
    for (uint32_t i = 0; i < usage->count; i++) {
        write_uint(&writer, usage->branches[i].branch);
        for (uint32_t k = 0; k < USAGE_PERIODS; k++) {
            write_uint(&writer, usage->branches[i].visits[k]);
        }
    }
    struct row_key key = key_of_subject(TABLE_USAGE, account);
    record_put(rows, &key, &writer);
}
