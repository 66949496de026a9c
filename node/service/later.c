#include "later.h"

#include "block_codec.h"
#include "event_codec.h"
#include "journal.h"
#include "query.h"
#include "reader.h"
#include "record.h"
#include "row_key.h"

#include <assert.h>
#include <string.h>

enum {
    DOMAIN_TYPES = 200, /* from here on a type never touches a register */
    KIND_EVENT = 0,     /* U 0 feed8 index2: type and flags */
    KIND_CRITICAL = 1,  /* U 1 acct16: how many critical ones wait */
    KEY_FEED_AT = 2,
    KEY_INDEX_AT = 10,
};

bool later_is_newer(const struct node *node, uint16_t type)
{
    uint32_t bit = type >= DOMAIN_TYPES && type < DOMAIN_TYPES + 32U
                       ? UINT32_C(1) << (type - DOMAIN_TYPES)
                       : 0;
    return type >= DOMAIN_TYPES && (!event_type_is_known(type) || (node->unknown_types & bit) != 0);
}

enum status later_decode(const struct node *node, struct bytes input, struct event *event)
{
    enum status status = event_decode(input, event);
    if (status == STATUS_OK && later_is_newer(node, event->type)) {
        event->known = false;
        memset(&event->body, 0, sizeof event->body);
    }
    return status;
}

static struct row_key prefix_of(uint8_t kind)
{
    struct row_key key = row_key(TABLE_UNKNOWN);
    row_key_u8(&key, kind);
    return key;
}

static struct row_key key_of_waiting(uint64_t feed, uint16_t index)
{
    struct row_key key = prefix_of(KIND_EVENT);
    row_key_u64(&key, feed);
    row_key_u16(&key, index);
    return key;
}

static struct row_key key_of_critical(const struct subject_id *account)
{
    struct row_key key = prefix_of(KIND_CRITICAL);
    row_key_raw(&key, account->bytes, sizeof account->bytes);
    return key;
}

static bool is_critical(const struct event *event)
{
    return (event->flags & EVENT_FLAG_CRITICAL) != 0 &&
           !id_is_none(event->subject.bytes, sizeof event->subject.bytes);
}

static void count_critical(struct rows *rows, const struct event *event, bool more)
{
    if (!is_critical(event)) {
        return;
    }
    struct row_key key = key_of_critical(&event->subject);
    uint64_t waiting = number_load(rows, row_key_bytes(&key));
    waiting = more ? waiting + 1 : waiting - 1;
    if (waiting == 0) {
        rows_put(rows, row_key_bytes(&key), (struct bytes){0});
    } else {
        number_save(rows, row_key_bytes(&key), waiting);
    }
}

void later_keep(struct fold *fold)
{
#if defined(MUTANT_unknown_dropped)
    (void)fold;
    return;
#endif
    struct row_key key = key_of_waiting(fold->feed, fold->index);
    number_save(fold->rows, row_key_bytes(&key),
                (uint64_t)fold->event->type << 16 | fold->event->flags);
    count_critical(fold->rows, fold->event, true);
}

bool later_blocks(struct node *node, const struct subject_id *account)
{
#if defined(MUTANT_critical_ignored)
    return false;
#endif
    if (node->counters.unknown == 0) {
        return false;
    }
    struct row_key key = key_of_critical(account);
    return number_load(node->rows, row_key_bytes(&key)) > 0;
}

static bool names(const struct block_header *header, uint64_t from, uint64_t *seq)
{
    for (uint32_t i = 0; i < header->dep_count; i++) {
        if (header->deps[i].journal == from) {
            *seq = header->deps[i].seq;
            return true;
        }
    }
    return false;
}

uint64_t later_named(struct rows *rows, uint64_t journal, uint64_t seq, uint64_t from)
{
    for (; seq > 0; seq--) {
        struct row_key key = key_of_block(journal, seq);
        uint8_t memory[BLOCK_SIZE_MAX];
        struct buffer value = BUFFER_OVER(memory);
        if (!rows_load(rows, row_key_bytes(&key), &value, NULL)) {
            return 0;
        }
        struct reader reader = reader_over(buffer_bytes(&value), BLOCK_EVENTS_MAX + 8);
        read_array(&reader, 3);
        struct bytes bytes = read_bin(&reader, BLOCK_HEADER_SIZE_MAX);
        struct block_header header;
        uint64_t named = 0;
        if (reader_failed(&reader) || block_header_decode(bytes, &header) != STATUS_OK) {
            return 0;
        }
        if (names(&header, from, &named)) {
            return named;
        }
    }
    return 0;
}

/* The block at that place of the order of admission, into node->decoded. */
static bool load_admitted(struct node *node, uint64_t feed)
{
    struct row_key key = row_key(TABLE_FEED);
    row_key_u64(&key, feed);
    uint8_t memory[32];
    struct buffer place = BUFFER_OVER(memory);
    if (!rows_load_committed(node->rows, row_key_bytes(&key), &place) || place.size != 16) {
        return false;
    }
    struct row_key block = key_of_block(key_u64(memory), key_u64(memory + 8));
    struct buffer whole = BUFFER_OVER(node->fork_scratch);
    return rows_load_committed(node->rows, row_key_bytes(&block), &whole) &&
           block_decode(buffer_bytes(&whole), &node->decoded) == STATUS_OK;
}

static void fold_waiting(struct node *node, uint64_t feed, uint16_t index)
{
    bool loaded = load_admitted(node, feed) && index < node->decoded.header.count;
    assert(loaded || rows_failed(node->rows));
    if (!loaded || later_decode(node, node->decoded.events[index], &node->event) != STATUS_OK ||
        later_is_newer(node, node->event.type)) {
        return; /* for a version after this one */
    }
    struct row_key key = key_of_waiting(feed, index);
    rows_put(node->rows, row_key_bytes(&key), (struct bytes){0});
    count_critical(node->rows, &node->event, false);
    node->counters.unknown--;
    journal_fold_later(node, &node->decoded, index);
}

void later_sweep(struct node *node)
{
#if defined(MUTANT_unknown_never_folded)
    return;
#endif
    if (!node->later_due || world_space_low(node->world)) {
        return;
    }
    /* Until the pass is over nothing is admitted, so that what is folded now comes before what
     * rests on it; tills are served all the while. One pass over what was there at the start: what
     * comes after it, this version knows or will not know as long as it runs. */
    struct walk walk = walk_over(prefix_of(KIND_EVENT));
    walk_from(&walk, row_key_bytes(&node->later_after));
    uint8_t memory[64];
    struct buffer value = BUFFER_OVER(memory);
    for (uint32_t rows = 0; rows < node->later_rows && !rows_nearly_full(node->rows); rows++) {
        if (!walk_next(node, &walk, &value)) {
            node->later_due = false;
            return;
        }
        node->later_after = prefix_of(KIND_EVENT);
        uint64_t feed = key_u64(walk.key_memory + KEY_FEED_AT);
        uint16_t index = key_u16(walk.key_memory + KEY_INDEX_AT);
        row_key_u64(&node->later_after, feed);
        row_key_u16(&node->later_after, index);
        fold_waiting(node, feed, index);
    }
}
