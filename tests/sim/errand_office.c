/* What the office says of branches: limits, quotas, approvals, suspensions. Drawn also at branches,
 * which are refused. */
#include "errand_office.h"

#include "auditor.h"
#include "book_trust.h"
#include "sim.h"

#include <stdio.h>

enum { DAYS_USUAL = 7 };

static uint32_t some_branch(struct world *machine, struct random_stream *random)
{
    uint64_t drawn = random_below(random, machine->sim->machine_count + 1);
    return drawn == machine->sim->machine_count
               ? 99
               : journal_branch(machine->sim->machines[drawn].journal);
}

static void draw_limits(struct world *machine, struct random_stream *random,
                        struct request *request)
{
    static const int64_t amounts[] = {0, 1, 700, 30000, 50000, -1};
    static const int64_t days[] = {0, 1, DAYS_USUAL, DAYS_USUAL, DAYS_USUAL, 4000};
    request->kind = COMMAND_SET_LIMITS;
    request->body.limits.branch = random_chance(random, 6000) ? some_branch(machine, random) : 0;
    request->body.limits.given = 1U << random_below(random, LIMIT_KIND_COUNT);
    for (uint32_t kind = 0; kind < LIMIT_KIND_COUNT; kind++) {
        request->body.limits.values[kind] = days[random_below(random, 6)];
    }
    request->body.limits.values[LIMIT_UNWITNESSED] = amounts[random_below(random, 6)];
    request->body.limits.values[LIMIT_PENDING_MINTS] = (int64_t)random_below(random, 2);
    request->body.limits.values[LIMIT_REFUND_DAYS] = 365;
}

static void draw_quota(struct world *machine, struct random_stream *random, struct request *request)
{
    static const int64_t amounts[] = {0, 30000, 60000, 1000000, 100000000, -1};
    request->kind = COMMAND_SET_QUOTA;
    request->body.quota.branch = random_chance(random, 7000) ? some_branch(machine, random) : 0;
    request->body.quota.bucket = (uint8_t)(BUCKET_PRINCIPAL + random_below(random, 2));
    request->body.quota.per_day = amounts[random_below(random, 6)];
}

/* One that the machine's own past has, or one that nobody has. */
static void draw_approval(struct world *machine, struct random_stream *random,
                          struct request *request)
{
    const struct map *pendings = &auditor_book(machine->sim)->pendings;
    request->kind = COMMAND_APPROVE_MINT;
    request->body.approve.mint = (struct event_ref){journal_of(1, 1), 1, 0};
    if (pendings->count > 0 && random_chance(random, 9500)) {
        const struct book_pending *pending =
            map_at(pendings, (uint32_t)random_below(random, pendings->count));
        request->body.approve.mint = (struct event_ref){pending->mint.journal, pending->mint.seq,
                                                        (uint16_t)pending->mint.index};
    }
}

static void draw_suspension(struct world *machine, struct random_stream *random,
                            struct errand *errand)
{
    struct request *request = &errand->request;
    request->kind = COMMAND_SUSPEND;
    request->body.suspend.branch = random_chance(random, 8000) ? 2 : some_branch(machine, random);
    request->body.suspend.resume = random_chance(random, 6000);
    (void)snprintf(errand->texts[0], ERRAND_TEXT_MAX, "examined");
}

void errand_office_draw(struct world *machine, struct random_stream *random, struct errand *errand)
{
    uint64_t drawn = random_below(random, 10);
    if (drawn < 5) {
        draw_approval(machine, random, &errand->request);
    } else if (drawn < 7) {
        draw_quota(machine, random, &errand->request);
    } else if (drawn < 8) {
        draw_limits(machine, random, &errand->request);
    } else {
        draw_suspension(machine, random, errand);
    }
}
