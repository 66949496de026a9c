#include "sheet.h"

#include <assert.h>
#include <string.h>

int64_t sheet_owed(const struct sheet *sheet)
{
    return sheet->uncovered > sheet->covered ? sheet->uncovered - sheet->covered : 0;
}

int64_t sheet_balance(const struct sheet *sheet)
{
    return sheet->principal + sheet->bonus - sheet_owed(sheet);
}

int64_t sheet_on_hold(const struct sheet *sheet)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < sheet->lot_count; i++) {
        sum += sheet->lots[i].on_hold;
    }
    return sum;
}

static int order_of_numbers(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

/* By (issued journal, seq, index, lot id): the same list on every node, whatever came first. */
static int order_of_lots(const struct sheet_lot *a, const struct sheet_lot *b)
{
    int order = order_of_numbers(a->issued.journal, b->issued.journal);
    if (order == 0) {
        order = order_of_numbers(a->issued.seq, b->issued.seq);
    }
    if (order == 0) {
        order = order_of_numbers(a->issued.index, b->issued.index);
    }
    if (order == 0) {
        order = memcmp(a->lot.bytes, b->lot.bytes, sizeof a->lot.bytes);
    }
    return order;
}

struct sheet_lot *sheet_find(struct sheet *sheet, const struct lot_id *lot)
{
    assert(sheet->lot_count <= SHEET_LOTS_MAX);
    for (size_t i = 0; i < sheet->lot_count; i++) {
        if (lot_equal(&sheet->lots[i].lot, lot)) {
            return &sheet->lots[i];
        }
    }
    return NULL;
}

struct sheet_lot *sheet_list(struct sheet *sheet, const struct sheet_lot *terms)
{
    struct sheet_lot *listed = sheet_find(sheet, &terms->lot);
    if (listed != NULL) {
        return listed;
    }
    if (sheet->lot_count == SHEET_LOTS_MAX) {
        return NULL;
    }
    size_t at = 0;
    while (at < sheet->lot_count && order_of_lots(&sheet->lots[at], terms) < 0) {
        at++;
    }
    struct sheet_lot *place = &sheet->lots[at];
    memmove(place + 1, place, (sheet->lot_count - at) * sizeof *place);
    *place = *terms;
    sheet->lot_count++;
    return place;
}

bool sheet_lot_is_spent(const struct sheet_lot *lot)
{
    return lot->left == 0 && lot->holder_count == 0 && lot->flight_count == 0;
}

void sheet_tidy(struct sheet *sheet)
{
    assert(sheet->lot_count <= SHEET_LOTS_MAX);
    uint8_t kept = 0;
    for (size_t i = 0; i < sheet->lot_count; i++) {
        const struct sheet_lot *lot = &sheet->lots[i];
        if (sheet_lot_is_spent(lot)) {
            continue;
        }
        if (kept != i) {
            sheet->lots[kept] = *lot;
        }
        kept++;
    }
    sheet->lot_count = kept;
}

static void drop_holder(struct sheet_lot *lot, size_t at)
{
    lot->holder_count--;
    memmove(&lot->holders[at], &lot->holders[at + 1],
            (lot->holder_count - at) * sizeof lot->holders[0]);
}

/* Of equally poor holders the last one. */
static size_t poorest_holder(const struct sheet_lot *lot)
{
    size_t poorest = 0;
    for (size_t i = 1; i < lot->holder_count; i++) {
        if (lot->holders[i].held <= lot->holders[poorest].held) {
            poorest = i;
        }
    }
    return poorest;
}

void sheet_set_holder(struct sheet_lot *lot, uint64_t journal, int64_t held)
{
    assert(lot->holder_count <= SHEET_HOLDERS_MAX);
    size_t at = 0;
    while (at < lot->holder_count && lot->holders[at].journal < journal) {
        at++;
    }
    bool listed = at < lot->holder_count && lot->holders[at].journal == journal;
    if (listed && held > 0) {
        lot->holders[at].held = held;
        return;
    }
    if (listed) {
        drop_holder(lot, at);
        return;
    }
    if (held <= 0) {
        return;
    }
    if (lot->holder_count == SHEET_HOLDERS_MAX) {
        lot->crowded = 1;
        size_t poorest = poorest_holder(lot);
        if (held <= lot->holders[poorest].held) {
            return;
        }
        drop_holder(lot, poorest);
        at -= poorest < at ? 1 : 0;
    }
    memmove(&lot->holders[at + 1], &lot->holders[at],
            (lot->holder_count - at) * sizeof lot->holders[0]);
    lot->holders[at] = (struct sheet_holder){.journal = journal, .held = held};
    lot->holder_count++;
}

static void drop_flight(struct sheet_lot *lot, size_t at)
{
    lot->flight_count--;
    memmove(&lot->flights[at], &lot->flights[at + 1],
            (lot->flight_count - at) * sizeof lot->flights[0]);
}

/* Of equally small flights the last one. */
static size_t smallest_flight(const struct sheet_lot *lot)
{
    size_t smallest = 0;
    for (size_t i = 1; i < lot->flight_count; i++) {
        if (lot->flights[i].amount <= lot->flights[smallest].amount) {
            smallest = i;
        }
    }
    return smallest;
}

static int order_of_flight(const struct sheet_flight *flight, uint64_t from, uint64_t to)
{
    int order = order_of_numbers(flight->from, from);
    return order != 0 ? order : order_of_numbers(flight->to, to);
}

void sheet_set_flight(struct sheet_lot *lot, uint64_t from, uint64_t to, int64_t amount)
{
    assert(lot->flight_count <= SHEET_FLIGHTS_MAX);
    size_t at = 0;
    while (at < lot->flight_count && order_of_flight(&lot->flights[at], from, to) < 0) {
        at++;
    }
    bool listed = at < lot->flight_count && order_of_flight(&lot->flights[at], from, to) == 0;
    if (listed && amount > 0) {
        lot->flights[at].amount = amount;
        return;
    }
    if (listed) {
        drop_flight(lot, at);
        return;
    }
    if (amount <= 0) {
        return;
    }
    if (lot->flight_count == SHEET_FLIGHTS_MAX) {
        lot->crowded = 1;
        size_t smallest = smallest_flight(lot);
        if (amount <= lot->flights[smallest].amount) {
            return;
        }
        drop_flight(lot, smallest);
        at -= smallest < at ? 1 : 0;
    }
    memmove(&lot->flights[at + 1], &lot->flights[at],
            (lot->flight_count - at) * sizeof lot->flights[0]);
    lot->flights[at] = (struct sheet_flight){.from = from, .to = to, .amount = amount};
    lot->flight_count++;
}

int64_t sheet_lot_held(const struct sheet_lot *lot, uint64_t journal)
{
    for (size_t i = 0; i < lot->holder_count; i++) {
        if (lot->holders[i].journal == journal) {
            return lot->holders[i].held;
        }
    }
    return 0;
}

int64_t sheet_lot_coming(const struct sheet_lot *lot, uint64_t journal)
{
    int64_t coming = 0;
    for (size_t i = 0; i < lot->flight_count; i++) {
        if (lot->flights[i].to == journal) {
            coming += lot->flights[i].amount;
        }
    }
    return coming;
}
