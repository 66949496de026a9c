/* How rows are packed: shared by the record*.c files, and theirs alone. */
#ifndef RECORD_FORM_H
#define RECORD_FORM_H

#include "reader.h"
#include "record.h"
#include "row_key.h"
#include "writer.h"

enum { RECORD_SIZE_MAX = 32 * 1024 /* a full sheet */ };

void record_write_ref(struct writer *writer, struct event_ref ref);
struct event_ref record_read_ref(struct reader *reader);
struct reader record_over(struct bytes value);
/* A row that we wrote ourselves and that the store vouches for (checksums) always decodes. */
void record_done(const struct reader *reader);
void record_put(struct rows *rows, const struct row_key *key, const struct writer *writer);

/* Rows of a few numbers. */
bool record_numbers_load(struct rows *rows, struct bytes key, uint64_t *numbers, uint32_t count);
bool record_numbers_decode(struct bytes value, uint64_t *numbers, uint32_t count);
void record_numbers_save(struct rows *rows, struct bytes key, const uint64_t *numbers,
                         uint32_t count);

#endif
