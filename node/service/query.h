/* Questions: answered from committed rows, never from decisions that are not durable (J2). */
#ifndef QUERY_H
#define QUERY_H

#include "node_state.h"

/* Answers the request at once. */
void query_answer(struct node *node, const struct request *request);

/* One page of an account's statement (history.c). */
enum verdict query_history(struct node *node, const struct request *request, struct answer *answer,
                           struct page *page);
/* One page of the journals that are known (branches.c). */
void query_branches(struct node *node, const struct request *request, struct page *page);
/* One page of all lots that an account ever had (lots.c). */
enum verdict query_lots(struct node *node, const struct request *request, struct answer *answer,
                        struct page *page);
/* One page of admitted events in admission order (feed.c). */
enum verdict query_feed(struct node *node, const struct request *request, struct page *page);
/* As many whole blocks behind a position as fit a page. */
void query_blocks(struct node *node, const struct request *request, struct page *page);

/* Walking a table's committed rows. */
struct walk {
    struct row_key prefix;
    uint8_t after[ROW_KEY_SIZE_MAX];
    size_t after_size;
    uint8_t key_memory[ROW_KEY_SIZE_MAX];
    struct buffer key;
};
struct walk walk_over(struct row_key prefix);
/* Continues behind `after` instead of at the start. */
void walk_from(struct walk *walk, struct bytes after);
/* The next row into walk->key and `value`; false at the end. */
bool walk_next(struct node *node, struct walk *walk, struct buffer *value);
/* The page goes on behind the row just read. */
void page_continue(struct page *page, const struct walk *walk);

#endif
