#include "traffic.h"

#include "file.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    COLUMNS_MAX = 32,
    BASKET_AMOUNT_MAX = 1000000000,
    GENERATED_BASKET_FIRST = 1000000,
    GENERATED_STORES = 308,
    GENERATED_VISITS_A_HOUSEHOLD = 24,
    GENERATED_STORES_A_HOUSEHOLD_MAX = 12,
};

static const uint64_t named_by_place = UINT64_C(1) << 63;

/* A basket as its source has it. */
struct basket {
    uint64_t id; /* 0: it has none that can be read */
    uint64_t household;
    uint64_t store;
    int64_t sales;
    int64_t coupons;
};

enum column { COLUMN_ID, COLUMN_HOUSEHOLD, COLUMN_STORE, COLUMN_SALES, COLUMN_COUPONS, COLUMN_ALL };

static const char *const column_names[COLUMN_ALL] = {
    [COLUMN_ID] = "basket_id",
    [COLUMN_HOUSEHOLD] = "household_id",
    [COLUMN_STORE] = "store_id",
    [COLUMN_SALES] = "sales_cents",
    [COLUMN_COUPONS] = "coupon_disc_cents",
};

/* Numbers by which a source names something, made dense in order of appearance. */
struct numbering {
    uint64_t *names; /* a hash table of `capacity` (a power of two) slots */
    uint32_t *numbers;
    size_t capacity;
    uint32_t count;
};

static bool numbering_start(struct numbering *numbering, size_t names_max)
{
    size_t capacity = 64;
    while (capacity < names_max * 2) {
        capacity *= 2;
    }
    numbering->names = calloc(capacity, sizeof *numbering->names);
    numbering->numbers = calloc(capacity, sizeof *numbering->numbers);
    numbering->capacity = capacity;
    numbering->count = 0;
    return numbering->names != NULL && numbering->numbers != NULL;
}

static void numbering_end(struct numbering *numbering)
{
    free(numbering->names);
    free(numbering->numbers);
}

static uint32_t numbering_of(struct numbering *numbering, uint64_t name)
{
    size_t slot = (size_t)(name * UINT64_C(0x9e3779b97f4a7c15)) & (numbering->capacity - 1);
    while (numbering->numbers[slot] != 0 && numbering->names[slot] != name) {
        slot = (slot + 1) & (numbering->capacity - 1);
    }
    if (numbering->numbers[slot] == 0) {
        assert(numbering->count < numbering->capacity / 2);
        numbering->names[slot] = name;
        numbering->numbers[slot] = ++numbering->count;
    }
    return numbering->numbers[slot] - 1;
}

struct store_rank {
    uint32_t store;
    uint32_t visits;
};

static int store_rank_compare(const void *a, const void *b)
{
    const struct store_rank *first = a;
    const struct store_rank *second = b;
    if (first->visits != second->visits) {
        return first->visits > second->visits ? -1 : 1;
    }
    return first->store < second->store ? -1 : 1;
}

/* Renumbers stores so that 0 is the busiest. */
static bool rank_stores(struct traffic *traffic)
{
    struct store_rank *ranks = calloc(traffic->store_count + 1, sizeof *ranks);
    uint32_t *place = calloc(traffic->store_count + 1, sizeof *place);
    if (ranks != NULL && place != NULL) {
        for (uint32_t i = 0; i < traffic->store_count; i++) {
            ranks[i].store = i;
        }
        for (size_t i = 0; i < traffic->visit_count; i++) {
            ranks[traffic->visits[i].store].visits++;
        }
        qsort(ranks, traffic->store_count, sizeof *ranks, store_rank_compare);
        for (uint32_t i = 0; i < traffic->store_count; i++) {
            place[ranks[i].store] = i;
        }
        for (size_t i = 0; i < traffic->visit_count; i++) {
            traffic->visits[i].store = place[traffic->visits[i].store];
        }
    }
    bool done = ranks != NULL && place != NULL;
    free(ranks);
    free(place);
    return done;
}

/* What the visit is called: its basket's number, or its place among the baskets when the source has
 * no number for it or gave that number to another before. */
static uint64_t name_visit(struct numbering *baskets, uint64_t id, size_t place,
                           struct traffic *traffic)
{
    uint32_t known = baskets->count;
    if (id != 0 && numbering_of(baskets, id) == known) {
        return id;
    }
    traffic->unnamed_count++;
    return named_by_place | place;
}

static enum status traffic_from(const struct basket *baskets, size_t count, struct traffic *traffic,
                                struct explanation *explanation)
{
    struct traffic made = {.basket_count = count};
    struct numbering cards = {0};
    struct numbering stores = {0};
    struct numbering names = {0};
    made.visits = calloc(count + 1, sizeof *made.visits);
    bool enough = made.visits != NULL;
    enough = numbering_start(&cards, count) && enough;
    enough = numbering_start(&stores, count) && enough;
    enough = numbering_start(&names, count) && enough;
    for (size_t i = 0; enough && i < count; i++) {
        const struct basket *basket = &baskets[i];
        int64_t amount = basket->sales - basket->coupons;
        made.sales += basket->sales;
        made.coupons += basket->coupons;
        if (amount <= 0) {
            made.free_count++;
            made.coupon_over -= amount;
            continue;
        }
        made.payable += amount;
        made.visits[made.visit_count++] = (struct visit){
            .basket = name_visit(&names, basket->id, i + 1, &made),
            .household = basket->household,
            .card = numbering_of(&cards, basket->household),
            .store = numbering_of(&stores, basket->store),
            .amount = amount,
        };
    }
    made.card_count = cards.count;
    made.store_count = stores.count;
    numbering_end(&cards);
    numbering_end(&stores);
    numbering_end(&names);
    if (!enough || !rank_stores(&made)) {
        traffic_free(&made);
        explain(explanation, "There is not enough memory for %zu visits.", count);
        return STATUS_FULL;
    }
    *traffic = made;
    return STATUS_OK;
}

/* Cuts a line at its commas, in place. */
static size_t split_line(char *line, char *fields[static COLUMNS_MAX])
{
    size_t count = 0;
    line[strcspn(line, "\r\n")] = '\0';
    for (char *at = line; at != NULL && count < COLUMNS_MAX;) {
        fields[count++] = at;
        at = strchr(at, ',');
        if (at != NULL) {
            *at++ = '\0';
        }
    }
    return count;
}

static bool find_columns(char *header, size_t columns[static COLUMN_ALL],
                         struct explanation *explanation)
{
    char *fields[COLUMNS_MAX];
    size_t count = split_line(header, fields);
    for (size_t column = 0; column < COLUMN_ALL; column++) {
        size_t i = 0;
        while (i < count && strcmp(fields[i], column_names[column]) != 0) {
            i++;
        }
        if (i == count) {
            explain(explanation, "its first line names no column \"%s\"", column_names[column]);
            return false;
        }
        columns[column] = i;
    }
    return true;
}

static bool parse_number(const char *text, uint64_t max, uint64_t *number)
{
    char *end = NULL;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value > max) {
        return false;
    }
    *number = value;
    return true;
}

static bool parse_basket(char *line, const size_t columns[static COLUMN_ALL], struct basket *basket,
                         struct explanation *explanation)
{
    char *fields[COLUMNS_MAX];
    size_t count = split_line(line, fields);
    uint64_t values[COLUMN_ALL] = {0};
    for (size_t column = 0; column < COLUMN_ALL; column++) {
        bool is_amount = column == COLUMN_SALES || column == COLUMN_COUPONS;
        uint64_t max = is_amount ? BASKET_AMOUNT_MAX : named_by_place - 1;
        bool read =
            columns[column] < count && parse_number(fields[columns[column]], max, &values[column]);
        /* Some sources lost a basket's number to floating point; the visit is real all the same. */
        if (!read && (column != COLUMN_ID || columns[column] >= count)) {
            explain(explanation, "\"%s\" is missing or is no whole number in its bounds",
                    column_names[column]);
            return false;
        }
    }
    *basket = (struct basket){
        .id = values[COLUMN_ID],
        .household = values[COLUMN_HOUSEHOLD],
        .store = values[COLUMN_STORE],
        .sales = (int64_t)values[COLUMN_SALES],
        .coupons = (int64_t)values[COLUMN_COUPONS],
    };
    return true;
}

struct basket_list {
    struct basket *items;
    size_t count;
    size_t capacity;
};

static struct basket *basket_list_more(struct basket_list *list)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 4096 : list->capacity * 2;
        struct basket *items = capacity > (size_t)TRAFFIC_VISITS_MAX * 2
                                   ? NULL
                                   : realloc(list->items, capacity * sizeof *items);
        if (items == NULL) {
            return NULL;
        }
        list->items = items;
        list->capacity = capacity;
    }
    return &list->items[list->count++];
}

static enum status read_baskets(FILE *file, const char *path, size_t limit,
                                struct basket_list *list, struct explanation *explanation)
{
    char line[TRAFFIC_LINE_SIZE_MAX];
    size_t columns[COLUMN_ALL];
    struct explanation why = {.text = "it is empty"};
    if (fgets(line, sizeof line, file) == NULL || !find_columns(line, columns, &why)) {
        explain(explanation, "%s cannot be replayed: %s.", path, why.text);
        return STATUS_MALFORMED;
    }
    while ((limit == 0 || list->count < limit) && fgets(line, sizeof line, file) != NULL) {
        struct basket basket;
        if (!parse_basket(line, columns, &basket, &why)) {
            explain(explanation, "%s:%zu: %s.", path, list->count + 2, why.text);
            return STATUS_MALFORMED;
        }
        struct basket *place = basket_list_more(list);
        if (place == NULL) {
            explain(explanation, "%s has more baskets than this machine can hold.", path);
            return STATUS_TOO_LARGE;
        }
        *place = basket;
    }
    return ferror(file) ? STATUS_IO : STATUS_OK;
}

enum status traffic_read(const char *path, size_t limit, struct traffic *traffic,
                         struct explanation *explanation)
{
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        enum status status = file_status(errno);
        explain(explanation, "%s cannot be opened. Name a file of baskets, or use --generate N.",
                path);
        return status;
    }
    struct basket_list list = {0};
    enum status status = read_baskets(file, path, limit, &list, explanation);
    (void)fclose(file);
    if (status == STATUS_OK) {
        status = traffic_from(list.items, list.count, traffic, explanation);
    }
    free(list.items);
    return status;
}

/* SplitMix64: small, seeded, the same everywhere. */
static uint64_t draw(uint64_t *state)
{
    *state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t mixed = *state;
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

static uint64_t draw_below(uint64_t *state, uint64_t bound)
{
    assert(bound > 0);
    return draw(state) % bound;
}

/* The smaller of two draws: low numbers, the busy stores, come up more often. */
static uint32_t draw_store(uint64_t *state)
{
    uint64_t first = draw_below(state, GENERATED_STORES);
    uint64_t second = draw_below(state, GENERATED_STORES);
    return (uint32_t)(first < second ? first : second);
}

/* Half of the baskets below 3.50, a tenth above 12.00, the largest around 100.00. */
static int64_t draw_amount(uint64_t *state)
{
    int64_t amount = 50 + (int64_t)draw_below(state, 600);
    while (amount < 5000 && draw_below(state, 100) < 30) {
        amount += amount / 2 + (int64_t)draw_below(state, 400);
    }
    return amount;
}

/* A generated household and the stores that it goes to, one of them more often if it is there
 * twice.
 */
struct household {
    uint32_t store_count;
    uint32_t stores[GENERATED_STORES_A_HOUSEHOLD_MAX];
};

static struct household draw_household(uint64_t *state)
{
    struct household household = {.store_count = 1};
    while (household.store_count < GENERATED_STORES_A_HOUSEHOLD_MAX &&
           draw_below(state, 100) < 58) {
        household.store_count++;
    }
    for (uint32_t i = 0; i < household.store_count; i++) {
        household.stores[i] = draw_store(state);
    }
    return household;
}

static struct basket draw_basket(uint64_t *state, uint64_t id, const struct household *households,
                                 size_t household_count)
{
    uint64_t number = draw_below(state, household_count);
    const struct household *household = &households[number];
    int64_t sales = draw_amount(state);
    bool coupon = draw_below(state, 100) < 2;
    return (struct basket){
        .id = id,
        .household = number + 1,
        .store = household->stores[draw_below(state, household->store_count)] + 1,
        .sales = sales,
        .coupons = coupon ? (int64_t)draw_below(state, 150) : 0,
    };
}

enum status traffic_generate(uint64_t seed, size_t count, struct traffic *traffic,
                             struct explanation *explanation)
{
    uint64_t state = seed;
    size_t household_count = count / GENERATED_VISITS_A_HOUSEHOLD + 1;
    struct basket *baskets = calloc(count + 1, sizeof *baskets);
    struct household *households = calloc(household_count, sizeof *households);
    bool enough = baskets != NULL && households != NULL;
    for (size_t i = 0; enough && i < household_count; i++) {
        households[i] = draw_household(&state);
    }
    for (size_t i = 0; enough && i < count; i++) {
        baskets[i] = draw_basket(&state, GENERATED_BASKET_FIRST + i, households, household_count);
    }
    enum status status = STATUS_FULL;
    if (enough) {
        status = traffic_from(baskets, count, traffic, explanation);
    } else {
        explain(explanation, "There is not enough memory for %zu visits.", count);
    }
    free(baskets);
    free(households);
    return status;
}

void traffic_free(struct traffic *traffic)
{
    free(traffic->visits);
    *traffic = (struct traffic){0};
}
