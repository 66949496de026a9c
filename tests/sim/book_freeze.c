/* Freezes in the account book: who set, lifted and acknowledged which. */
#include "book_entry.h"
#include "book_key.h"

static struct book_token *token_of(const struct entry *entry, struct event_ref freeze)
{
    struct token_key key = {.freeze = book_place_of(freeze)};
    memcpy(key.account, entry->event->subject.bytes, sizeof key.account);
    struct book_token *token = map_put(&entry->book->tokens, &key);
    if (!token->listed) {
        struct book_account *account = map_put(&entry->book->accounts, key.account);
        token->listed = true;
        token->earlier = account->tokens;
        account->tokens = token;
    }
    return token;
}

enum invalid_reason enter_freeze(const struct entry *entry, uint8_t kind)
{
    token_of(entry, entry->at)->seen = true;
    entry->record->kind = kind;
    return INVALID_NONE;
}

enum invalid_reason enter_unfreeze(const struct entry *entry)
{
    for (uint32_t i = 0; i < entry->event->body.unfreeze.token_count; i++) {
        struct book_token *token = token_of(entry, entry->event->body.unfreeze.tokens[i]);
        if (token->lift_count < BOOK_LIFTS_MAX) {
            token->lifts[token->lift_count++] = book_place_of(entry->at);
        }
    }
    return INVALID_NONE;
}

static struct book_ack *ack_of(struct book_token *token, uint64_t journal)
{
    for (uint32_t i = 0; i < token->ack_count; i++) {
        if (token->acks[i].journal == journal) {
            return &token->acks[i];
        }
    }
    return NULL;
}

/* The unfreeze is one that the book has for this freeze, and the writer had it: on its own journal,
 * or named in its deps. */
static bool lift_is_known(const struct entry *entry, const struct book_token *token,
                          struct event_ref unfreeze)
{
    struct book_place place = book_place_of(unfreeze);
    bool named = unfreeze.journal == entry->at.journal ||
                 book_dep_seq(entry->book, entry->at.journal, unfreeze.journal) >= unfreeze.seq;
    for (uint32_t i = 0; i < token->lift_count && named; i++) {
        if (memcmp(&token->lifts[i], &place, sizeof place) == 0) {
            return true;
        }
    }
    return false;
}

enum invalid_reason enter_freeze_ack(const struct entry *entry)
{
    const struct event *event = entry->event;
    if (event->body.freeze_ack.freeze_count + event->body.freeze_ack.lifted_count == 0) {
        return INVALID_MALFORMED;
    }
    for (uint32_t i = 0; i < event->body.freeze_ack.lifted_count; i++) {
        const struct lifted_freeze *lifted = &event->body.freeze_ack.lifted[i];
        struct book_token *token = token_of(entry, lifted->freeze);
        const struct book_ack *ack = ack_of(token, entry->at.journal);
        if (ack == NULL || ack->lifted || !lift_is_known(entry, token, lifted->unfreeze)) {
            return INVALID_BAD_REF;
        }
    }
    for (uint32_t i = 0; i < event->body.freeze_ack.lifted_count; i++) {
        struct book_token *token = token_of(entry, event->body.freeze_ack.lifted[i].freeze);
        struct book_ack *ack = ack_of(token, entry->at.journal);
        if (ack != NULL) { /* it is: judged above */
            ack->lifted = true;
        }
    }
    for (uint32_t i = 0; i < event->body.freeze_ack.freeze_count; i++) {
        struct book_token *token = token_of(entry, event->body.freeze_ack.freezes[i]);
        if (ack_of(token, entry->at.journal) == NULL && token->ack_count < BOOK_ACKS_MAX) {
            token->acks[token->ack_count++] = (struct book_ack){.journal = entry->at.journal};
        }
    }
    return INVALID_NONE;
}

bool book_is_gated(const struct book *book, const struct subject_id *account, uint64_t journal)
{
    const struct book_account *record = map_find(&book->accounts, account->bytes);
    struct book_token *token = record == NULL ? NULL : record->tokens;
    for (; token != NULL; token = token->earlier) {
        const struct book_ack *ack = ack_of(token, journal);
        if (ack != NULL && !ack->lifted) {
            return true;
        }
    }
    return false;
}

bool book_has_acknowledged(const struct book *book, uint64_t journal)
{
    for (uint32_t i = 0; i < book->tokens.count; i++) {
        struct book_token *token = map_at(&book->tokens, i);
        if (token->seen && token->lift_count == 0 && ack_of(token, journal) == NULL) {
            return false;
        }
    }
    return true;
}
