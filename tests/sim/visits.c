#include "visits.h"

#include "random_stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    COLUMNS_MAX = 32,
    LINE_MAX_SIZE = 1024,
    DAY_S = 86400,
    DRAWN_STORES = 120,
    DRAWN_VISITS_A_CARD = 24,
};

enum column { HOUSEHOLD, STORE, TIME, SALES, COUPONS, COLUMN_COUNT };

static const char *const column_names[COLUMN_COUNT] = {
    [HOUSEHOLD] = "household_id",
    [STORE] = "store_id",
    [TIME] = "epoch_utc",
    [SALES] = "sales_cents",
    [COUPONS] = "coupon_disc_cents",
};

/* Names as a source has them, and their numbers in order of appearance. */
struct naming {
    uint64_t *names;
    uint32_t count;
    uint32_t capacity;
};

static uint32_t number_of_name(struct naming *naming, uint64_t name)
{
    for (uint32_t i = 0; i < naming->count; i++) {
        if (naming->names[i] == name) {
            return i;
        }
    }
    if (naming->count == naming->capacity) {
        naming->capacity = naming->capacity == 0 ? 256 : naming->capacity * 2;
        naming->names = realloc(naming->names, naming->capacity * sizeof *naming->names);
        if (naming->names == NULL) {
            abort();
        }
    }
    naming->names[naming->count] = name;
    return naming->count++;
}

static struct one_visit *more(struct visits *visits, size_t *capacity)
{
    if (visits->count == *capacity) {
        *capacity = *capacity == 0 ? 4096 : *capacity * 2;
        visits->list = realloc(visits->list, *capacity * sizeof *visits->list);
        if (visits->list == NULL) {
            abort();
        }
    }
    return &visits->list[visits->count++];
}

static size_t cut_line(char *line, char *fields[static COLUMNS_MAX])
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

static bool find_columns(char *header, size_t places[static COLUMN_COUNT])
{
    char *fields[COLUMNS_MAX];
    size_t count = cut_line(header, fields);
    for (size_t column = 0; column < COLUMN_COUNT; column++) {
        places[column] = 0;
        while (places[column] < count &&
               strcmp(fields[places[column]], column_names[column]) != 0) {
            places[column]++;
        }
        if (places[column] == count) {
            return false;
        }
    }
    return true;
}

static bool read_line(char *line, const size_t places[static COLUMN_COUNT],
                      uint64_t values[static COLUMN_COUNT])
{
    char *fields[COLUMNS_MAX];
    size_t count = cut_line(line, fields);
    for (size_t column = 0; column < COLUMN_COUNT; column++) {
        char *end = NULL;
        if (places[column] >= count || fields[places[column]][0] < '0' ||
            fields[places[column]][0] > '9') {
            return false;
        }
        values[column] = strtoull(fields[places[column]], &end, 10);
        if (*end != '\0' || values[column] > UINT64_C(100000000000)) {
            return false;
        }
    }
    return true;
}

struct rank {
    uint32_t store;
    uint32_t visits;
};

static int busier(const void *a, const void *b)
{
    const struct rank *first = a;
    const struct rank *second = b;
    if (first->visits != second->visits) {
        return first->visits > second->visits ? -1 : 1;
    }
    return first->store < second->store ? -1 : 1;
}

static void rank_stores(struct visits *visits)
{
    struct rank *ranks = calloc(visits->store_count + 1U, sizeof *ranks);
    uint32_t *place = calloc(visits->store_count + 1U, sizeof *place);
    if (ranks == NULL || place == NULL) {
        abort();
    }
    for (uint32_t i = 0; i < visits->store_count; i++) {
        ranks[i].store = i;
    }
    for (size_t i = 0; i < visits->count; i++) {
        ranks[visits->list[i].store].visits++;
    }
    qsort(ranks, visits->store_count, sizeof *ranks, busier);
    for (uint32_t i = 0; i < visits->store_count; i++) {
        place[ranks[i].store] = i;
    }
    for (size_t i = 0; i < visits->count; i++) {
        visits->list[i].store = place[visits->list[i].store];
    }
    free(ranks);
    free(place);
}

bool visits_read(const char *path, struct visits *visits, char *why, size_t size)
{
    *visits = (struct visits){0};
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        (void)snprintf(why, size, "%s cannot be opened", path);
        return false;
    }
    char line[LINE_MAX_SIZE];
    size_t places[COLUMN_COUNT];
    struct naming cards = {0};
    struct naming stores = {0};
    size_t capacity = 0;
    size_t number = 1;
    uint64_t first = 0;
    bool good = fgets(line, sizeof line, file) != NULL && find_columns(line, places);
    while (good && fgets(line, sizeof line, file) != NULL) {
        uint64_t values[COLUMN_COUNT];
        number++;
        good = read_line(line, places, values);
        if (!good || values[SALES] <= values[COUPONS]) {
            continue;
        }
        first = first == 0 ? values[TIME] / DAY_S : first;
        uint64_t day = values[TIME] / DAY_S;
        *more(visits, &capacity) =
            (struct one_visit){.day = (uint32_t)(day > first ? day - first : 0),
                               .card = number_of_name(&cards, values[HOUSEHOLD]),
                               .store = number_of_name(&stores, values[STORE]),
                               .amount = (int64_t)(values[SALES] - values[COUPONS])};
    }
    visits->card_count = cards.count;
    visits->store_count = stores.count;
    free(cards.names);
    free(stores.names);
    (void)fclose(file);
    if (!good || visits->count == 0) {
        (void)snprintf(why, size, "%s is not a file of baskets (line %zu)", path, number);
        visits_free(visits);
        return false;
    }
    visits->day_count = visits->list[visits->count - 1].day + 1;
    rank_stores(visits);
    return true;
}

void visits_draw(uint64_t seed, size_t count, struct visits *visits)
{
    struct random_stream random = random_stream_of(seed, 32);
    *visits = (struct visits){.count = count, .store_count = DRAWN_STORES, .day_count = 365};
    visits->card_count = (uint32_t)(count / DRAWN_VISITS_A_CARD) + 1;
    visits->list = calloc(count + 1, sizeof *visits->list);
    uint32_t(*liked)[2] = calloc(visits->card_count, sizeof *liked);
    if (visits->list == NULL || liked == NULL) {
        abort();
    }
    for (uint32_t i = 0; i < visits->card_count; i++) {
        liked[i][0] = random_zipf(&random, DRAWN_STORES);
        liked[i][1] = random_zipf(&random, DRAWN_STORES);
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t card = (uint32_t)random_below(&random, visits->card_count);
        uint64_t where = random_below(&random, 100);
        uint32_t store = where < 72   ? liked[card][0]
                         : where < 90 ? liked[card][1]
                                      : (uint32_t)random_below(&random, DRAWN_STORES);
        int64_t amount = 50 + (int64_t)random_below(&random, 600);
        while (amount < 5000 && random_chance(&random, 3000)) {
            amount += amount / 2 + (int64_t)random_below(&random, 400);
        }
        visits->list[i] = (struct one_visit){.day = (uint32_t)(i * visits->day_count / count),
                                             .card = card,
                                             .store = store,
                                             .amount = amount};
    }
    free(liked);
}

void visits_thin(struct visits *visits, uint32_t every)
{
    size_t kept = 0;
    for (size_t i = 0; i < visits->count; i++) {
        struct one_visit visit = visits->list[i];
        if (visit.card % every == 0) {
            visit.card /= every;
            visits->list[kept++] = visit;
        }
    }
    visits->count = kept;
    visits->card_count = (visits->card_count + every - 1) / every;
    visits->day_count = kept == 0 ? 0 : visits->list[kept - 1].day + 1;
}

void visits_free(struct visits *visits)
{
    free(visits->list);
    *visits = (struct visits){0};
}
