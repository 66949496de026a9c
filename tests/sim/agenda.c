#include "agenda.h"

#include <stdlib.h>

/* A step that is given was planned long ago, one that is drawn just now, and a till draws its own:
 * all of them come first, so that a run and its replay are the same. */
static bool is_step(const struct happening *happening)
{
    return happening->kind == HAPPENING_STEP || happening->kind == HAPPENING_TILL;
}

static bool is_before(const struct happening *a, const struct happening *b)
{
    if (a->at_us != b->at_us) {
        return a->at_us < b->at_us;
    }
    return is_step(a) != is_step(b) ? is_step(a) : a->order < b->order;
}

void agenda_free(struct agenda *agenda)
{
    for (size_t i = 0; i < agenda->count; i++) {
        free(agenda->list[i].frame);
    }
    free(agenda->list);
    *agenda = (struct agenda){0};
}

void agenda_plan(struct agenda *agenda, struct happening happening)
{
    if (agenda->count == agenda->capacity) {
        agenda->capacity = agenda->capacity == 0 ? 1024 : agenda->capacity * 2;
        agenda->list = realloc(agenda->list, agenda->capacity * sizeof *agenda->list);
        if (agenda->list == NULL) {
            abort();
        }
    }
    happening.order = ++agenda->planned;
    size_t at = agenda->count++;
    while (at > 0 && is_before(&happening, &agenda->list[(at - 1) / 2])) {
        agenda->list[at] = agenda->list[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    agenda->list[at] = happening;
}

bool agenda_take(struct agenda *agenda, uint64_t until_us, struct happening *happening)
{
    if (agenda->count == 0 || agenda->list[0].at_us > until_us) {
        return false;
    }
    *happening = agenda->list[0];
    struct happening last = agenda->list[--agenda->count];
    size_t at = 0;
    for (;;) {
        size_t child = at * 2 + 1;
        if (child >= agenda->count) {
            break;
        }
        if (child + 1 < agenda->count &&
            is_before(&agenda->list[child + 1], &agenda->list[child])) {
            child++;
        }
        if (!is_before(&agenda->list[child], &last)) {
            break;
        }
        agenda->list[at] = agenda->list[child];
        at = child;
    }
    agenda->list[at] = last;
    return true;
}
