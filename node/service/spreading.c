#include "spreading.h"

#include "journal.h"
#include "later.h"
#include "row_key.h"
#include "sales.h"
#include "talk.h"
#include "trust.h"

#include "calendar.h"
#include "usage.h"

#include <assert.h>
#include <string.h>

enum {
    LINGER_MS = 200, /* several touches of one visit are one look */
    BUSY_MS = 2000,  /* no longer than this for a moment when nothing is under way */
    SWEEP_LOOKS = 8, /* accounts a tick */
    SWEEP_MOVES = 4, /* of one account: home, second, vault and one more */
    SWEEP_SIZE = 4 * 1024,
};

static int64_t limit_of(const struct node *node, const char *name)
{
    return roster_limit(&node->roster, name, journal_branch(node->journal), node->roster.seq);
}

struct spread_terms spread_terms_now(const struct node *node)
{
    int64_t values[SPREAD_TERMS];
    for (uint32_t i = 0; i < SPREAD_TERMS; i++) {
        values[i] = limit_of(node, spread_names[i]);
    }
    return spread_from_values(values);
}

static bool is_on(const struct node *node)
{
    return limit_of(node, spread_names[0]) != SPREAD_OFF;
}

/* ---- what is heard ---- */

static bool is_touch(const struct event *event)
{
    switch (event->type) {
    case EVENT_TOPUP:
    case EVENT_SPEND:
    case EVENT_SPEND_CAPTURE:
    case EVENT_SPEND_RELEASE:
    case EVENT_REFUND:
    case EVENT_ACCOUNT_UNFREEZE:
        return true;
    case EVENT_RIGHTS_MOVE:
        /* Not what distribution or a manager moved: one look leads to no other. */
        return event->body.move.why == MOVE_PULLED;
    default:
        return false;
    }
}

static void touch(struct node *node, const struct subject_id *account)
{
    uint32_t at = 0;
    while (at < node->touched_count && !subject_equal(&node->touched[at].account, account)) {
        at++;
    }
    if (at == TOUCHED_MAX) {
        /* The oldest is forgotten: its next visit is as good an occasion. */
        memmove(&node->touched[0], &node->touched[1], (TOUCHED_MAX - 1) * sizeof node->touched[0]);
        at = --node->touched_count;
    }
    if (at == node->touched_count) {
        node->touched_count++;
        node->touched[at].account = *account;
        node->touched[at].since_ms = world_monotonic_ms(node->world);
    }
}

static void note_use(struct node *node, const struct fold *fold)
{
    uint32_t day = fold->header->day;
    uint32_t today = calendar_day(world_wall_ms(node->world), node->roster.zone_minutes);
    struct usage usage;
    (void)usage_load(node->rows, &fold->event->subject, &usage);
    /* A clock that is years ahead must not make all other visits old. */
    usage_add(&usage, journal_branch(fold->header->journal), day < today ? day : today);
    usage_save(node->rows, &fold->event->subject, &usage);
}

void spread_hear(struct node *node, const struct fold *fold)
{
    if (fold->verdict != EVENT_VALID || !is_touch(fold->event) || !is_on(node)) {
        return;
    }
    if (fold->event->type == EVENT_SPEND || fold->event->type == EVENT_SPEND_CAPTURE ||
        fold->event->type == EVENT_TOPUP) {
        note_use(node, fold);
    }
    touch(node, &fold->event->subject);
}

/* ---- where it should be ---- */

/* One account while it is looked at. */
struct look {
    struct subject_id account;
    struct spread_terms terms;
    struct sheet sheet;
    uint32_t day;
    size_t count;
    size_t own; /* its place */
    struct spread_place places[SPREAD_PLACES_MAX];
    int64_t whole;
    size_t lot_count;
    struct spendable lots[SHEET_LOTS_MAX]; /* what this journal may move */
};

/* Value that is of use for a while: not what ends in a few days, and not refund rights. */
static bool is_movable(const struct look *look, const struct sheet_lot *lot)
{
    bool money = lot->bucket == BUCKET_PRINCIPAL || lot->bucket == BUCKET_BONUS;
    return money && lot->from_day <= look->day &&
           (lot->to_day == 0 || lot->to_day >= look->day + SPREAD_KEEP_DAYS);
}

static bool is_connected(const struct node *node, uint64_t journal)
{
    for (uint32_t i = 0; i < node->peers_max; i++) {
        if (node->peers[i].state == PEER_ESTABLISHED && node->peers[i].journal == journal) {
            return true;
        }
    }
    return false;
}

static bool is_alone(const struct node *node)
{
    for (uint32_t i = 0; i < node->peers_max; i++) {
        if (node->peers[i].state == PEER_ESTABLISHED) {
            return false;
        }
    }
    return true;
}

/* The journal that a branch writes now: its last incarnation. 0 = it has none. */
static uint64_t journal_now(const struct node *node, uint32_t branch)
{
    uint64_t journal = 0;
    for (uint32_t i = 0; i < node->roster.journal_count; i++) {
        if (journal_branch(node->roster.journals[i].journal) == branch) {
            journal = node->roster.journals[i].journal;
        }
    }
    return journal;
}

static struct spread_place *place_at(struct look *look, uint64_t journal)
{
    for (size_t i = 0; i < look->count; i++) {
        if (look->places[i].journal == journal) {
            return &look->places[i];
        }
    }
    if (journal == 0 || look->count == SPREAD_PLACES_MAX) {
        return NULL;
    }
    look->places[look->count] = (struct spread_place){.journal = journal};
    return &look->places[look->count++];
}

static int64_t held_in_all(struct node *node, uint64_t journal)
{
    struct row_key key = key_of_journal(TABLE_HOLDER, journal);
    uint8_t memory[64];
    struct buffer value = BUFFER_OVER(memory);
    struct holder_record holder = {0};
    if (rows_load(node->rows, row_key_bytes(&key), &value, NULL)) {
        (void)holder_decode(buffer_bytes(&value), &holder);
    }
    return holder.principal + holder.bonus;
}

static void find_places(struct node *node, struct look *look)
{
    struct account_record account;
    struct usage usage;
    (void)account_load(node->rows, &look->account, &account);
    (void)usage_load(node->rows, &look->account, &usage);
    struct spread_place *place = place_at(look, node->journal);
    place = place_at(look, journal_now(node, account.home_branch));
    if (place != NULL) {
        place->home = true;
    }
    for (uint32_t i = 0; i < node->roster.journal_count; i++) {
        const struct roster_journal *one = &node->roster.journals[i];
        place = (one->roles & ROLE_OFFICE) != 0 ? place_at(look, one->journal) : NULL;
        if (place != NULL && place->journal == journal_now(node, journal_branch(one->journal))) {
            place->vault = true;
        }
    }
    uint32_t second = usage_second(&usage, account.home_branch, look->day);
    for (uint32_t i = 0; i < usage.count; i++) {
        (void)place_at(look, journal_now(node, usage.branches[i].branch));
    }
    for (size_t i = 0; i < look->count; i++) {
        place = &look->places[i];
        uint32_t branch = journal_branch(place->journal);
        place->second = branch == second;
        place->visits = usage_of(&usage, branch, look->day);
        place->reachable = is_connected(node, place->journal);
        place->room = look->terms.branch_max - held_in_all(node, place->journal);
    }
}

static void add_up(struct node *node, struct look *look)
{
    for (uint32_t i = 0; i < look->sheet.lot_count; i++) {
        const struct sheet_lot *lot = &look->sheet.lots[i];
        if (!is_movable(look, lot)) {
            continue;
        }
        look->whole += lot->left - lot->on_hold;
        for (size_t k = 0; k < look->count; k++) {
            look->places[k].held += sheet_lot_held(lot, look->places[k].journal) +
                                    sheet_lot_coming(lot, look->places[k].journal);
        }
        /* Of its own only what it has accepted: what is on its way here is used when it is needed.
         */
        int64_t raw = own_raw(node, &look->account, &lot->lot);
        if (raw > 0) {
            look->lots[look->lot_count++] = (struct spendable){.lot = lot->lot,
                                                               .bucket = lot->bucket,
                                                               .to_day = lot->to_day,
                                                               .issued = lot->issued,
                                                               .usable = raw};
        }
    }
}

static int64_t own_holding(const struct look *look)
{
    int64_t own = 0;
    for (size_t i = 0; i < look->lot_count; i++) {
        own += look->lots[i].usable;
    }
    return own;
}

/* ---- what is moved ---- */

static void take_off(struct look *look, const struct spend_plan *plan)
{
    for (uint32_t i = 0; i < plan->line_count; i++) {
        for (size_t k = 0; k < look->lot_count; k++) {
            if (lot_equal(&look->lots[k].lot, &plan->lines[i].lot)) {
                look->lots[k].usable -= plan->lines[i].amount;
            }
        }
    }
}

static void give(struct node *node, struct look *look, const struct spread_move *part)
{
    /* In proportion to what is held, so that principal and bonus stay together everywhere. */
    struct spend_plan plan;
    spend_plan(look->lots, look->lot_count, part->amount, SPEND_PROPORTIONAL, &plan);
    struct event move = {.type = EVENT_RIGHTS_MOVE, .subject = look->account, .known = true};
    move.body.move.to = part->to;
    move.body.move.why = MOVE_SPREAD;
    int64_t headroom = trust_headroom(node, &look->account);
    for (uint32_t i = 0; i < plan.line_count; i++) {
        int64_t raw = own_raw(node, &look->account, &plan.lines[i].lot);
        int64_t amount =
            trust_share(node, &look->account, &plan.lines[i].lot, plan.lines[i].amount, &headroom);
        if (amount == 0) {
            continue;
        }
#if defined(MUTANT_spread_more_than_held)
        amount += raw;
#endif
        move.body.move.lines[move.body.move.line_count++] = (struct lot_line){
            .lot = plan.lines[i].lot, .amount = amount, .after = amount < raw ? raw - amount : 0};
    }
    if (move.body.move.line_count > 0 && journal_would_hold(node, &move)) {
        (void)journal_append(node, &move);
        node->spreads++;
        take_off(look, &plan);
    }
}

/* False when the open block has no room for it: again later. */
static bool look_at(struct node *node, const struct subject_id *account,
                    const struct spread_terms *terms)
{
    if (!journal_has_room(node, SWEEP_MOVES, SWEEP_SIZE * SWEEP_MOVES)) {
        return false;
    }
    struct look look = {.account = *account, .terms = *terms};
    (void)sheet_load(node->rows, account, &look.sheet);
#if !defined(MUTANT_spread_of_frozen)
    if (look.sheet.frozen > 0) {
        return true;
    }
#endif
    if (later_blocks(node, account)) {
        return true;
    }
    look.day = journal_header(node)->day;
    find_places(node, &look);
    assert(look.count > 0 && look.places[0].journal == node->journal);
    add_up(node, &look);
    int64_t movable = own_holding(&look);
    struct spread_move moves[SPREAD_PLACES_MAX];
    size_t count = spread_moves(terms, look.places, look.count, 0, look.whole, movable, moves);
    for (size_t i = 0; i < count && i < SWEEP_MOVES; i++) {
        give(node, &look, &moves[i]);
    }
    return true;
}

static bool may_write(struct node *node)
{
    return !node->draining && !node->read_only && !node->held && !world_space_low(node->world) &&
           roster_journal(&node->roster, node->journal, node->roster.seq) != NULL;
}

/* What touched it is durable, and no till waits; or it has waited long enough. */
static bool is_ripe(const struct node *node, const struct touched_account *touched, uint64_t now_ms)
{
    bool quiet = !node->in_flight && rows_open_is_empty(node->rows) && node->parked_count == 0;
    uint64_t age = now_ms - touched->since_ms;
    return age >= BUSY_MS || (quiet && age >= LINGER_MS);
}

void spread_sweep(struct node *node, uint64_t now_ms)
{
    /* Alone, there is nobody to give to: what was touched is looked at when somebody is back. */
    if (node->touched_count == 0 || is_alone(node) || !may_write(node)) {
        return;
    }
    struct spread_terms terms = spread_terms_now(node);
    bool quiet = !node->in_flight && rows_open_is_empty(node->rows);
    for (uint32_t done = 0; done < SWEEP_LOOKS && node->touched_count > 0; done++) {
        bool ripe = is_ripe(node, &node->touched[0], now_ms) ||
                    (quiet && done > 0 && now_ms - node->touched[0].since_ms >= LINGER_MS);
        if (!ripe || !look_at(node, &node->touched[0].account, &terms)) {
            return;
        }
        node->touched_count--;
        memmove(&node->touched[0], &node->touched[1],
                node->touched_count * sizeof node->touched[0]);
    }
}
