/* What the office says of branches in a story: quotas, limits, approvals, suspensions. Each is said
 * twice, under two tickets: the second must change nothing. */
#include "scene.h"

#include "auditor.h"
#include "book_trust.h"

#include "names.h"

#include <string.h>

enum { MANAGER = 901 };

static void say(struct scene *scene, struct request *request)
{
    struct world *office = &scene->sim->machines[SIM_OFFICE];
    for (int i = 0; i < 2; i++) {
        struct answer answer;
        request->till = MANAGER;
        random_fill(&scene->sim->random_engine, request->ticket.bytes, 16);
        memcpy(request->request_hash, request->ticket.bytes, 16);
        if (!reception_ask(office, request, MEANING_PLAIN, &answer)) {
            scene_fail(scene, "there was no answer");
            return;
        }
        if (answer.verdict != VERDICT_ALLOWED) {
            scene_fail(scene, "the office refused: %s", verdict_name(answer.verdict));
            return;
        }
        if (i == 1 && answer.event.journal != 0) {
            scene_fail(scene, "said twice it was written twice");
        }
    }
    sim_run(scene->sim, scene->sim->now_us + 2000000);
}

static void suspend(struct scene *scene, bool resume)
{
    struct world *machine = scene_machine(scene, scene->captured[0]);
    if (machine != NULL) {
        say(scene, &(struct request){.kind = COMMAND_SUSPEND,
                                     .body.suspend = {.branch = journal_branch(machine->journal),
                                                      .resume = resume,
                                                      .reason = bytes_of("story", 5)}});
    }
}

static void set_quota(struct scene *scene)
{
    struct world *machine = scene_machine(scene, scene->captured[1]);
    struct request request = {.kind = COMMAND_SET_QUOTA};
    if (machine != NULL && scene_money(scene, scene->captured[0], &request.body.quota.per_day)) {
        request.body.quota.branch = journal_branch(machine->journal);
        request.body.quota.bucket = BUCKET_PRINCIPAL;
        say(scene, &request);
    }
}

static void set_unwitnessed(struct scene *scene)
{
    struct world *machine = scene_machine(scene, scene->captured[1]);
    struct request request = {.kind = COMMAND_SET_LIMITS};
    if (machine != NULL &&
        scene_money(scene, scene->captured[0], &request.body.limits.values[LIMIT_UNWITNESSED])) {
        request.body.limits.branch = journal_branch(machine->journal);
        request.body.limits.given = 1U << LIMIT_UNWITNESSED;
        say(scene, &request);
    }
}

static void let_wait(struct scene *scene, int64_t wait)
{
    struct request request = {.kind = COMMAND_SET_LIMITS};
    request.body.limits.given = 1U << LIMIT_PENDING_MINTS;
    request.body.limits.values[LIMIT_PENDING_MINTS] = wait;
    say(scene, &request);
}

static void approve_all(struct scene *scene)
{
    const struct map *pendings = &auditor_book(scene->sim)->pendings;
    uint32_t count = 0;
    for (uint32_t i = 0; i < pendings->count; i++) {
        const struct book_pending *pending = map_at(pendings, i);
        if (!pending->released) {
            struct request request = {.kind = COMMAND_APPROVE_MINT};
            request.body.approve.mint = (struct event_ref){pending->mint.journal, pending->mint.seq,
                                                           (uint16_t)pending->mint.index};
            say(scene, &request);
            count++;
        }
    }
    if (count == 0) {
        scene_fail(scene, "nothing waits");
    }
}

bool scene_limits(struct scene *scene, const char *sentence)
{
    if (scene_matches(scene, sentence, "office suspends {}")) {
        suspend(scene, false);
    } else if (scene_matches(scene, sentence, "office resumes {}")) {
        suspend(scene, true);
    } else if (scene_matches(scene, sentence, "office sets a quota of {} a day at {}")) {
        set_quota(scene);
    } else if (scene_matches(scene, sentence, "office allows {} unwitnessed at {}")) {
        set_unwitnessed(scene);
    } else if (scene_matches(scene, sentence, "office lets top-ups above a quota wait")) {
        let_wait(scene, 1);
    } else if (scene_matches(scene, sentence, "office refuses top-ups above a quota")) {
        let_wait(scene, 0);
    } else if (scene_matches(scene, sentence, "office approves all that waits")) {
        approve_all(scene);
    } else {
        return false;
    }
    return true;
}
