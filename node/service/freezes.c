#include "freezes.h"

#include "fold_parts.h"
#include "journal.h"
#include "members.h"
#include "pull.h"
#include "query.h"
#include "row_key.h"
#include "sales.h"
#include "trust.h"

#include <assert.h>
#include <string.h>

enum {
    SWEEP_ACCOUNTS = 8, /* acknowledged in one go */
    SWEEP_EVENTS = SHEET_HOLDERS_MAX * 2 + 2,
    SWEEP_SIZE = 16 * 1024,
};

static enum decision refuse(struct answer *answer, enum verdict verdict)
{
    answer->verdict = verdict;
    return DECIDED;
}

bool freezes_card_works(struct node *node, struct bytes number, const struct card_record *card)
{
    struct revocation revocation;
#if !defined(MUTANT_revoked_card_works)
    if (revocation_load(node->rows, number, &revocation)) {
        return false;
    }
#endif
    if (id_is_none(card->replaces, sizeof card->replaces)) {
        return true;
    }
    (void)revocation_load(node->rows, BYTES_OF(card->replaces), &revocation);
    return memcmp(revocation.by, card->number, sizeof revocation.by) == 0;
}

enum decision freezes_freeze(struct node *node, const struct request *request,
                             struct answer *answer)
{
    struct account_record account;
    enum verdict verdict = desk_account(node, &request->body.freeze.account, answer, &account);
    if (verdict != VERDICT_ALLOWED) {
        return refuse(answer, verdict);
    }
    struct event event = desk_event(request, EVENT_ACCOUNT_FREEZE, &answer->account);
    event.flags = EVENT_FLAG_CRITICAL;
    event.body.freeze.kind = request->body.freeze.kind;
    event.body.freeze.reason = request->body.freeze.reason;
    answer->event = journal_append(node, &event);
    sales_report(node, answer);
    return DECIDED;
}

/* The live tokens of an account that are committed here and pass `wanted`, at most
 * FREEZE_TOKENS_MAX. */
static uint8_t live_tokens(struct node *node, const struct subject_id *account,
                           bool (*wanted)(struct node *, const struct subject_id *,
                                          struct event_ref, const struct freeze_record *),
                           struct event_ref *tokens)
{
    struct walk walk = walk_over(key_of_subject(TABLE_FREEZE, account));
    uint8_t memory[64];
    struct buffer value = BUFFER_OVER(memory);
    uint8_t count = 0;
    while (count < FREEZE_TOKENS_MAX && walk_next(node, &walk, &value)) {
        struct event_ref place = key_ref(walk.key_memory + walk.prefix.size);
        struct freeze_record token;
        /* As decided by now, not only as committed. */
        if (freeze_load(node->rows, account, place, &token) && token.seen && !token.lifted &&
            wanted(node, account, place, &token)) {
            tokens[count++] = place;
        }
    }
    return count;
}

static bool is_any(struct node *node, const struct subject_id *account, struct event_ref place,
                   const struct freeze_record *token)
{
    (void)node;
    (void)account;
    (void)place;
    return token->seen;
}

static bool is_of_loss(struct node *node, const struct subject_id *account, struct event_ref place,
                       const struct freeze_record *token)
{
    (void)node;
    (void)account;
    (void)place;
    return token->kind == FREEZE_LOSS;
}

/* Names the tokens that this node knows to be live: a freeze it has not heard of survives. */
enum decision freezes_unfreeze(struct node *node, const struct request *request,
                               struct answer *answer)
{
    struct account_record account;
    enum verdict verdict = desk_account(node, &request->body.freeze.account, answer, &account);
    if (verdict != VERDICT_ALLOWED) {
        return refuse(answer, verdict);
    }
    struct event event = desk_event(request, EVENT_ACCOUNT_UNFREEZE, &answer->account);
    event.body.unfreeze.reason = request->body.freeze.reason;
    event.body.unfreeze.token_count =
        live_tokens(node, &answer->account, is_any, event.body.unfreeze.tokens);
    if (event.body.unfreeze.token_count == 0) {
        return refuse(answer, REFUSED_NOT_FROZEN);
    }
    answer->event = journal_append(node, &event);
    sales_report(node, answer);
    return DECIDED;
}

enum decision freezes_report_loss(struct node *node, const struct request *request,
                                  struct answer *answer)
{
    struct account_record account;
    enum verdict verdict = desk_account(node, &request->body.freeze.account, answer, &account);
    if (verdict != VERDICT_ALLOWED) {
        return refuse(answer, verdict);
    }
    struct event event = desk_event(request, EVENT_CARD_LOSS_REPORT, &answer->account);
    event.flags = EVENT_FLAG_CRITICAL;
    event.body.loss.number = request->body.freeze.account.card;
    event.body.loss.reason = request->body.freeze.reason;
    answer->event = journal_append(node, &event);
    sales_report(node, answer);
    return DECIDED;
}

enum decision freezes_replace_card(struct node *node, const struct request *request,
                                   struct answer *answer)
{
    struct card_record old;
    struct bytes number = request->body.replace.card;
    if (!card_load(node->rows, number, &old)) {
        return refuse(answer, REFUSED_UNKNOWN_CARD);
    }
    struct revocation revocation;
    if (revocation_load(node->rows, number, &revocation) && revocation.hlc != 0) {
        return refuse(answer, REFUSED_REVOKED_CARD); /* it has a successor already */
    }
    struct account_record account;
    struct account_name name = {.account = old.account};
    enum verdict verdict = desk_account(node, &name, answer, &account);
    if (verdict != VERDICT_ALLOWED) {
        return refuse(answer, verdict);
    }
    (void)journal_header(node);
    if (!members_next_number(node, answer->card)) {
        return refuse(answer, REFUSED_NUMBERS);
    }
    struct event event = desk_event(request, EVENT_CARD_REPLACE, &answer->account);
    event.body.replace.old = number;
    event.body.replace.number = BYTES_OF(answer->card);
    event.body.replace.form = request->body.replace.form;
    event.body.replace.holder = old.holder;
    answer->event = journal_append(node, &event);
    struct event unfreeze = desk_event(request, EVENT_ACCOUNT_UNFREEZE, &answer->account);
    unfreeze.body.unfreeze.token_count =
        live_tokens(node, &answer->account, is_of_loss, unfreeze.body.unfreeze.tokens);
    if (unfreeze.body.unfreeze.token_count > 0 && request->body.replace.keep_frozen == 0) {
        (void)journal_append(node, &unfreeze);
    }
    sales_report(node, answer);
    return DECIDED;
}

/* An unfreeze that names the freeze and is durable here; false if there is none. */
static bool find_lift(struct node *node, const struct subject_id *account, struct event_ref freeze,
                      struct event_ref *unfreeze)
{
    struct row_key prefix = key_of_subject(TABLE_LIFT, account);
    row_key_ref(&prefix, freeze);
    struct walk walk = walk_over(prefix);
    uint8_t memory[32];
    struct buffer value = BUFFER_OVER(memory);
    if (!walk_next(node, &walk, &value)) {
        return false;
    }
    *unfreeze = key_ref(walk.key_memory + walk.prefix.size);
    return true;
}

/* A dep is part of a block and never stands without an event: first it is asked whether all fit. */
static bool may_name(struct node *node, uint32_t journals)
{
    (void)journal_header(node);
    return node->block.header.dep_count + journals <= BLOCK_DEPS_MAX;
}

static void name(struct node *node, uint64_t journal)
{
    if (journal != node->journal) {
        bool named = journal_depend(node, journal);
        assert(named);
    }
}

bool freezes_pass(struct node *node, const struct subject_id *account)
{
    struct row_key gate = key_of_gate(account, node->journal);
    if (number_load(node->rows, row_key_bytes(&gate)) == 0) {
        return true;
    }
    struct row_key prefix = key_of_subject(TABLE_ACK, account);
    row_key_u64(&prefix, node->journal);
    struct walk walk = walk_over(prefix);
    uint8_t memory[32];
    struct buffer value = BUFFER_OVER(memory);
    struct event event = {.type = EVENT_FREEZE_ACK, .subject = *account, .known = true};
    while (event.body.freeze_ack.lifted_count < FREEZE_TOKENS_MAX &&
           walk_next(node, &walk, &value)) {
        struct lifted_freeze lifted = {.freeze = key_ref(walk.key_memory + walk.prefix.size)};
        struct row_key ack = key_of_ack(account, node->journal, lifted.freeze);
        if (number_load(node->rows, row_key_bytes(&ack)) == ACK_LIVE &&
            find_lift(node, account, lifted.freeze, &lifted.unfreeze)) {
            event.body.freeze_ack.lifted[event.body.freeze_ack.lifted_count++] = lifted;
        }
    }
    uint8_t count = event.body.freeze_ack.lifted_count;
    if (count == 0 || !may_name(node, count)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        name(node, event.body.freeze_ack.lifted[i].unfreeze.journal);
    }
    (void)journal_append(node, &event);
    return number_load(node->rows, row_key_bytes(&gate)) == 0;
}

static bool is_unacknowledged(struct node *node, const struct subject_id *account,
                              struct event_ref place, const struct freeze_record *token)
{
    (void)token;
    struct row_key ack = key_of_ack(account, node->journal, place);
    return number_load(node->rows, row_key_bytes(&ack)) == 0;
}

/* Where the rights of a frozen account go: its home branch, else the office; 0 = they stay. */
static uint64_t home_of(struct node *node, const struct subject_id *account)
{
    struct account_record record;
    (void)account_load(node->rows, account, &record);
    uint64_t home = 0;
    uint64_t office = 0;
    for (uint32_t i = 0; i < node->roster.journal_count; i++) {
        const struct roster_journal *one = &node->roster.journals[i];
        bool reached = (one->journal == node->journal ||
                        (!one->suspended && pull_reaches(node, one->journal))) &&
                       roster_is_active(&node->roster, one->journal, node->roster.seq) &&
                       !journal_is_frozen(node, one->journal);
        if (reached && journal_branch(one->journal) == record.home_branch) {
            home = one->journal;
        }
        if (reached && (one->roles & ROLE_OFFICE) != 0) {
            office = one->journal;
        }
    }
    uint64_t to = home != 0 ? home : office;
    return to == node->journal ? 0 : to;
}

void freezes_send_home(struct node *node, const struct subject_id *account)
{
    uint64_t to = home_of(node, account);
    struct sheet sheet;
    (void)sheet_load(node->rows, account, &sheet);
    struct event move = {.type = EVENT_RIGHTS_MOVE, .subject = *account, .known = true};
    move.body.move.to = to;
    move.body.move.why = MOVE_HOME;
    int64_t headroom = to == 0 ? 0 : trust_headroom(node, account);
    for (uint32_t i = 0; to != 0 && i < sheet.lot_count; i++) {
        int64_t raw = own_raw(node, account, &sheet.lots[i].lot);
        int64_t goes = raw > 0 ? trust_share(node, account, &sheet.lots[i].lot, raw, &headroom) : 0;
        if (goes > 0 && move.body.move.line_count < EVENT_LINES_MAX) {
            move.body.move.lines[move.body.move.line_count++] =
                (struct lot_line){.lot = sheet.lots[i].lot, .amount = goes, .after = raw - goes};
        }
    }
    if (move.body.move.line_count > 0 && journal_would_hold(node, &move)) {
        (void)journal_append(node, &move);
    }
}

/* Everything that was decided is durable: a freeze that came is among the committed rows. */
static bool is_settled(const struct node *node)
{
    return !node->in_flight && rows_open_is_empty(node->rows);
}

/* False when the open block has no room: again after the commit. */
static bool acknowledge(struct node *node, const struct subject_id *account)
{
    struct event event = {.type = EVENT_FREEZE_ACK, .subject = *account, .known = true};
    event.body.freeze_ack.freeze_count =
        live_tokens(node, account, is_unacknowledged, event.body.freeze_ack.freezes);
    if (event.body.freeze_ack.freeze_count == 0 && is_settled(node)) {
        struct row_key task = key_of_subject(TABLE_FREEZE_TASK, account);
        rows_put(node->rows, row_key_bytes(&task), bytes_of(NULL, 0));
    }
    if (event.body.freeze_ack.freeze_count == 0) {
        return true;
    }
    if (!journal_has_room(node, SWEEP_EVENTS, SWEEP_SIZE)) {
        return false;
    }
    /* Whoever admits this block, and the rights that it sends home, has the freeze. */
    if (!may_name(node, event.body.freeze_ack.freeze_count)) {
        return false;
    }
    for (uint32_t i = 0; i < event.body.freeze_ack.freeze_count; i++) {
        name(node, event.body.freeze_ack.freezes[i].journal);
    }
    (void)journal_append(node, &event);
    freezes_send_home(node, account);
    return true;
}

void freezes_sweep(struct node *node)
{
    bool may_write = !node->draining && !node->read_only && !node->held &&
                     !world_space_low(node->world) &&
                     roster_journal(&node->roster, node->journal, node->roster.seq) != NULL;
    if (!node->freeze_tasks || !may_write || rows_nearly_full(node->rows)) {
        return;
    }
    struct walk walk = walk_over(row_key(TABLE_FREEZE_TASK));
    uint8_t memory[32];
    struct buffer value = BUFFER_OVER(memory);
    uint32_t done = 0;
    while (done < SWEEP_ACCOUNTS && walk_next(node, &walk, &value)) {
        struct subject_id account;
        memcpy(account.bytes, walk.key_memory + 1, sizeof account.bytes);
        if (!acknowledge(node, &account)) {
            return;
        }
        done++;
    }
    /* Once more, when what was decided is durable: only then are its tasks seen here. */
    node->freeze_tasks = done > 0 || !is_settled(node);
}
