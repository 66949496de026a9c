/* The journals that are known: how far, who is connected, what became of those that ended. */
#include "query.h"
#include "row_key.h"

#include <string.h>

/* What became of a retired journal's rights. */
static void view_end(struct node *node, const struct roster_journal *entry,
                     struct journal_view *view)
{
    if (entry->retired.since == 0) {
        return;
    }
    view->retired = entry->ended.since != 0 ? entry->ended.kind : entry->retired.kind;
    view->forked = entry->ended.forked;
    view->retired_seq = entry->retired.seq;
    struct row_key key = key_of_journal(TABLE_HOLDER, entry->journal);
    uint8_t memory[64];
    struct buffer value = BUFFER_OVER(memory);
    struct holder_record holder;
    if (rows_load_committed(node->rows, row_key_bytes(&key), &value) &&
        holder_decode(buffer_bytes(&value), &holder)) {
        view->left_principal = holder.principal;
        view->left_bonus = holder.bonus;
    }
    struct walk walk = walk_over(key_of_journal(TABLE_LOSS, entry->journal));
    struct loss_record loss;
    value = BUFFER_OVER(memory);
    while (walk_next(node, &walk, &value)) {
        if (loss_decode(buffer_bytes(&value), &loss)) {
            view->made_good += loss.principal + loss.bonus;
        }
    }
}

static void view_journal(struct node *node, uint32_t at, struct journal_view *view)
{
    const struct frontier_entry *entry = &node->frontier.entries[at];
    *view = (struct journal_view){.journal = entry->journal,
                                  .seq = node->seqs_committed[at],
                                  .id = node->ids_committed[at],
                                  .at_ms = (int64_t)(entry->hlc >> 16),
                                  .frozen = entry->frozen,
                                  .heard_ms = -1,
                                  .their_seq = node->shown[at]};
    if (node->heard_ms[at] >= 0) {
        view->heard_ms = (int64_t)world_monotonic_ms(node->world) - node->heard_ms[at];
    }
    for (uint32_t i = 0; i < node->peers_max; i++) {
        view->connected = view->connected || (node->peers[i].state == PEER_ESTABLISHED &&
                                              node->peers[i].journal == entry->journal);
    }
    const struct roster_journal *known =
        roster_journal(&node->roster, entry->journal, node->roster.seq);
    if (known != NULL) {
        view->roles = known->roles;
        view->suspended = known->suspended;
        view_end(node, known, view);
        view->name_size = known->name_size;
        memcpy(view->name, known->name, known->name_size);
        view->endpoint_size = known->endpoint_size;
        memcpy(view->endpoint, known->endpoint, known->endpoint_size);
    }
}

/* Cursor: the journal last shown, eight bytes. */
void query_branches(struct node *node, const struct request *request, struct page *page)
{
    uint64_t after = request->cursor.size == 8 ? key_u64(request->cursor.data) : 0;
    bool start = request->cursor.size != 8;
    for (uint32_t i = 0; i < node->frontier.count; i++) {
        uint64_t journal = node->frontier.entries[i].journal;
        if (!start && journal <= after) {
            continue;
        }
        if (page->count == request->page_limit) {
            struct row_key cursor =
                key_of_journal(TABLE_FRONTIER, node->frontier.entries[i - 1].journal);
            page->more = true;
            page->cursor_size = 8;
            memcpy(page->cursor, cursor.bytes + 1, 8);
            return;
        }
        view_journal(node, i, &page->rows.journals[page->count++]);
    }
}
