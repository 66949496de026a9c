#include "record_fork.h"

#include "record_form.h"

enum { FORK_ROOM = 2 * (BLOCK_HEADER_SIZE_MAX + 64) + 256 };

bool fork_load(struct rows *rows, uint64_t journal, struct buffer *scratch,
               struct fork_record *record)
{
    *record = (struct fork_record){0};
    struct row_key key = key_of_journal(TABLE_FORK, journal);
    scratch->size = 0;
    if (!rows_load_committed(rows, row_key_bytes(&key), scratch)) {
        return false;
    }
    struct reader reader = record_over(buffer_bytes(scratch));
    read_array(&reader, 7);
    record->seq = read_uint(&reader);
    record->told_by = read_uint(&reader);
    record->seen_ms = read_uint(&reader);
    for (int i = 0; i < 2; i++) {
        record->headers[i] = read_bin(&reader, BLOCK_HEADER_SIZE_MAX);
        record->signatures[i] = read_bin(&reader, 64);
    }
    record_done(&reader);
    return true;
}

void fork_save(struct rows *rows, uint64_t journal, const struct fork_record *record)
{
    uint8_t memory[FORK_ROOM];
    struct buffer value = BUFFER_OVER(memory);
    struct writer writer = writer_over(&value);
    write_array(&writer, 7);
    write_uint(&writer, record->seq);
    write_uint(&writer, record->told_by);
    write_uint(&writer, record->seen_ms);
    for (int i = 0; i < 2; i++) {
        write_bin(&writer, record->headers[i]);
        write_bin(&writer, record->signatures[i]);
    }
    struct row_key key = key_of_journal(TABLE_FORK, journal);
    record_put(rows, &key, &writer);
}

static struct row_key key_of_said(uint64_t journal, uint64_t writer)
{
    struct row_key key = key_of_journal(TABLE_FORK_SAID, journal);
    row_key_u64(&key, writer);
    return key;
}

bool fork_said(struct rows *rows, uint64_t journal, uint64_t writer)
{
    struct row_key key = key_of_said(journal, writer);
    uint64_t seq = 0;
    return record_numbers_load(rows, row_key_bytes(&key), &seq, 1);
}

void fork_say(struct rows *rows, uint64_t journal, uint64_t writer, uint64_t seq)
{
    struct row_key key = key_of_said(journal, writer);
    record_numbers_save(rows, row_key_bytes(&key), &seq, 1);
}
