#include "foresight.h"

#include "auditor.h"

#include <stdlib.h>

struct foresight {
    bool used;
    uint32_t machine;
    struct subject_id account;
    int64_t spendable;
    uint32_t count;
    struct {
        uint64_t journal;
        uint64_t seq; /* what the machine had of it */
        bool knows;   /* only orders that were promised before may still be paid there (A4) */
    } others[SIM_MACHINES_MAX * 4];
};

struct foresights {
    uint32_t next;
    struct foresight list[FORESIGHTS_MAX];
};

struct foresights *foresights_new(void)
{
    struct foresights *foresights = calloc(1, sizeof *foresights);
    if (foresights == NULL) {
        abort();
    }
    return foresights;
}

void foresights_free(struct foresights *foresights)
{
    free(foresights);
}

void foresight_note(struct world *machine, const struct answer *answer)
{
    const struct page *page = answer->page;
    /* A node that has not heard of the allowance cannot count it. */
    if (auditor_durable(machine, journal_of(0, 1)) < machine->sim->risk_since ||
        page->rows.exposure.freezes == 0 || auditor_lifted_elsewhere(machine, &answer->account)) {
        return; /* nobody is asked to stop */
    }
    struct foresights *foresights = machine->sim->foresights;
    struct foresight *one = &foresights->list[foresights->next++ % FORESIGHTS_MAX];
    *one = (struct foresight){.used = true,
                              .machine = machine->index,
                              .account = answer->account,
                              .spendable = page->rows.exposure.spendable};
    sim_tell(machine->sim, "  machine %u says that %lld can be spent", machine->index,
             (long long)one->spendable);
    for (uint32_t i = 0; i < page->rows.exposure.entry_count; i++) {
        const struct exposure_entry *entry = &page->rows.exposure.entries[i];
        if (one->count < SIM_MACHINES_MAX * 4) {
            one->others[one->count].knows = entry->acknowledged;
            one->others[one->count].journal = entry->journal;
            one->others[one->count].seq = auditor_durable(machine, entry->journal);
            one->count++;
        }
    }
}

/* + what left the account there since, - what came in there since. */
static int64_t loss_by(const struct foresight *one, const struct book_event *event)
{
    bool later = false;
    for (uint32_t i = 0; i < one->count; i++) {
        later = later || (one->others[i].journal == event->place.journal &&
                          event->place.seq > one->others[i].seq &&
                          (!one->others[i].knows || event->type == EVENT_SPEND_CAPTURE));
    }
    bool received = event->type == EVENT_LOT_REBIND && subject_equal(&event->other, &one->account);
    if (!later || event->reason != INVALID_NONE ||
        (!received && !subject_equal(&event->subject, &one->account))) {
        return 0;
    }
    switch (event->type) {
    case EVENT_LOT_REBIND:
        return received ? -(event->principal + event->bonus) : event->principal + event->bonus;
    case EVENT_SPEND:
    case EVENT_SPEND_CAPTURE:
        return event->principal + event->bonus + event->uncovered;
    case EVENT_TOPUP:
    case EVENT_REFUND:
        return -(event->principal + event->bonus);
    default:
        return 0;
    }
}

static void settle(struct sim *sim, struct foresight *one)
{
    const struct book *book = auditor_book_of(&sim->machines[one->machine]);
    int64_t loss = 0;
    for (uint32_t i = 0; i < book->events.count; i++) {
        loss += loss_by(one, map_at(&book->events, i));
    }
    if (loss > one->spendable) {
        sim_finding(sim, "F2", "machine %u said at most %lld could still be spent; it was %lld",
                    one->machine, (long long)one->spendable, (long long)loss);
    }
    one->used = false;
}

void foresight_lifted(struct sim *sim, const struct subject_id *account)
{
    for (uint32_t i = 0; i < FORESIGHTS_MAX; i++) {
        struct foresight *one = &sim->foresights->list[i];
        if (one->used && subject_equal(&one->account, account)) {
            settle(sim, one);
        }
    }
}

void foresight_check(struct sim *sim)
{
    for (uint32_t i = 0; i < FORESIGHTS_MAX; i++) {
        if (sim->foresights->list[i].used) {
            settle(sim, &sim->foresights->list[i]);
        }
    }
}
