/* Stories about the ends of lots: products whose bonus ends, days that go by, what was burned. */
#include "scene.h"

#include "auditor.h"
#include "expiry_watch.h"
#include "hostile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PRODUCT = 1, DAY_MS = 86400000, MINUTE_MS = 60000, ZONE_MINUTES = 480 };

static const struct {
    const char *name;
    enum spend_order order;
} orders[] = {{"in-proportion", SPEND_PROPORTIONAL},
              {"principal-first", SPEND_PRINCIPAL_FIRST},
              {"bonus-first", SPEND_BONUS_FIRST},
              {"by-end", SPEND_EXPIRY_FIRST}};

/* "cards give a bonus of 60.00 for 300.00 that lasts 30 days, spent by-end": those issued next. */
static void publish(struct scene *scene)
{
    struct request request = {.kind = COMMAND_PUBLISH_PRODUCT};
    struct answer answer;
    request.body.product.product = PRODUCT;
    request.body.product.name = bytes_of("Stored value", 12);
    request.body.product.currency = bytes_of("CNY", 3);
    request.body.product.step_count = 1;
    request.body.product.bonus_days = (uint32_t)strtoul(scene->captured[2], NULL, 10);
    bool known = false;
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        if (strcmp(scene->captured[3], orders[i].name) == 0) {
            request.body.product.order = (uint8_t)orders[i].order;
            known = true;
        }
    }
    if (!known) {
        scene_fail(scene, "lots are spent in-proportion, principal-first, bonus-first or by-end");
        return;
    }
    if (scene_money(scene, scene->captured[0], &request.body.product.steps[0].bonus) &&
        scene_money(scene, scene->captured[1], &request.body.product.steps[0].amount)) {
        (void)scene_send(scene, &scene->sim->machines[SIM_OFFICE], &request, &answer);
        sim_run(scene->sim, scene->sim->now_us + 2000000);
    }
}

static void set_grace(struct scene *scene)
{
    struct request request = {.kind = COMMAND_SET_EXPIRY};
    struct answer answer;
    request.body.expiry.grace = strtoll(scene->captured[0], NULL, 10);
    (void)scene_send(scene, &scene->sim->machines[SIM_OFFICE], &request, &answer);
    sim_run(scene->sim, scene->sim->now_us + 2000000);
}

static void pass_days(struct scene *scene)
{
    int64_t days = strtoll(scene->captured[0], NULL, 10);
    for (uint32_t i = 0; i < scene->sim->machine_count; i++) {
        scene->sim->machines[i].clock.base_ms += days * DAY_MS;
    }
    sim_run(scene->sim, scene->sim->now_us + 2000000);
}

/* "it is 23:59 at A B office": by the organisation's zone, on the day that it is there. */
static void set_time(struct scene *scene)
{
    unsigned hour = 0;
    unsigned minute = 0;
    if (sscanf(scene->captured[0], "%u:%u", &hour, &minute) != 2 || hour > 23 || minute > 59) {
        scene_fail(scene, "\"%s\" is not a time of day", scene->captured[0]);
        return;
    }
    for (uint32_t i = 1; i < scene->captured_count; i++) {
        struct world *machine = scene_machine(scene, scene->captured[i]);
        if (machine == NULL) {
            return;
        }
        int64_t wanted = expiry_clock_day(machine) * DAY_MS +
                         ((int64_t)hour * 60 + (int64_t)minute - ZONE_MINUTES) * MINUTE_MS;
        machine->clock.base_ms += wanted - world_wall_ms(machine);
    }
}

static const struct book_lot *ending_lot(struct scene *scene, const struct thing *account)
{
    const struct book *book = auditor_book(scene->sim);
    for (uint32_t i = 0; i < book->lots.count; i++) {
        const struct book_lot *lot = map_at(&book->lots, i);
        if (lot->to_day != 0 && lot->bucket == BUCKET_BONUS &&
            memcmp(lot->account, account->account.bytes, 16) == 0) {
            return lot;
        }
    }
    scene_fail(scene, "the account has no lot that ends");
    return NULL;
}

/* A branch with a valid key burns what it does not hold, or what has not ended. */
static void plant_burn(struct scene *scene)
{
    struct world *machine = scene_machine(scene, scene->captured[0]);
    struct thing *account = scene_need(scene, THING_ACCOUNT, scene->captured[2]);
    struct event event = {.type = EVENT_LOT_EXPIRE, .till = 1, .known = true};
    const struct book_lot *lot = account == NULL ? NULL : ending_lot(scene, account);
    if (machine == NULL || lot == NULL ||
        !scene_money(scene, scene->captured[1], &event.body.expire.lines[0].amount)) {
        return;
    }
    event.subject = account->account;
    event.body.expire.line_count = 1;
    memcpy(event.body.expire.lines[0].lot.bytes, lot->id, 16);
    hostile_publish(machine, &event, (struct block_dep){0}, INVALID_NOT_COVERED);
}

static void expect(struct scene *scene, const char *what, int64_t said, int64_t wanted)
{
    if (said != wanted) {
        scene_fail(scene, "%s: %lld, not %lld", what, (long long)said, (long long)wanted);
    }
}

/* What the office reports of a branch. */
static bool report_of(struct scene *scene, const char *branch, struct expired_entry *sum)
{
    struct page *page = malloc(sizeof *page);
    if (page == NULL) {
        abort();
    }
    struct request request = {.kind = QUERY_EXPIRED};
    struct world *machine = scene_machine(scene, branch);
    bool said =
        machine != NULL && scene_query(scene, &scene->sim->machines[SIM_OFFICE], &request, page);
    for (uint32_t i = 0; said && i < page->count; i++) {
        const struct expired_entry *entry = &page->rows.expired.entries[i];
        if (entry->branch == journal_branch(machine->journal)) {
            sum->burned += entry->burned;
            sum->unburned += entry->unburned;
            sum->coming += entry->coming;
        }
    }
    free(page);
    return said;
}

bool scene_ends(struct scene *scene, const char *sentence)
{
    struct expired_entry sum = {0};
    int64_t wanted = 0;
    if (scene_matches(scene, sentence,
                      "cards give a bonus of {} for {} that lasts {} days, spent {}")) {
        publish(scene);
    } else if (scene_matches(scene, sentence, "nothing is burned in the first {} days")) {
        set_grace(scene);
    } else if (scene_matches(scene, sentence, "{} days go by")) {
        pass_days(scene);
    } else if (scene_matches(scene, sentence, "it is {} at {..}")) {
        set_time(scene);
    } else if (scene_matches(scene, sentence, "{} plants a burn of {} of account {}")) {
        plant_burn(scene);
    } else if (scene_matches(scene, sentence, "the office sees that {} has burned {}")) {
        if (report_of(scene, scene->captured[0], &sum) &&
            scene_money(scene, scene->captured[1], &wanted)) {
            expect(scene, "burned", sum.burned, wanted);
        }
    } else if (scene_matches(scene, sentence, "the office sees that {} holds {} that has ended")) {
        if (report_of(scene, scene->captured[0], &sum) &&
            scene_money(scene, scene->captured[1], &wanted)) {
            expect(scene, "ended and not burned", sum.unburned + sum.coming, wanted);
        }
    } else {
        return false;
    }
    return true;
}
