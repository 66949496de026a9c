/* Branches that end in a story: they burn down, are retired, come back, are restored or cloned. */
#include "scene.h"

#include "auditor.h"
#include "double.h"
#include "writeoff.h"

#include "names.h"

#include <stdio.h>
#include <string.h>

enum { MANAGER = 901 };

static void burn(struct scene *scene)
{
    struct world *machine = scene_machine(scene, scene->captured[0]);
    if (machine == NULL || !machine->running) {
        return;
    }
    machine->written_off.begun = true;
    machine->written_off.burnt = true;
    sim_crash(machine);
    sim_run(scene->sim, scene->sim->now_us + 500000);
}

/* Its disk is found: it starts, and knows nothing of what happened since. */
static void come_back(struct scene *scene)
{
    struct world *machine = scene_machine(scene, scene->captured[0]);
    if (machine != NULL && machine->written_off.burnt) {
        machine->written_off.burnt = false;
        sim_start(machine);
        sim_run(scene->sim, scene->sim->now_us + 3000000);
    }
}

static uint8_t kind_of(const char *word)
{
    return strcmp(word, "forked") == 0   ? RETIRE_FORKED
           : strcmp(word, "stolen") == 0 ? RETIRE_STOLEN
           : strcmp(word, "lost") == 0   ? RETIRE_LOST
                                         : RETIRE_CLOSED;
}

/* Said twice under two tickets: the second says what is so already. */
static void retire(struct scene *scene)
{
    struct world *machine = scene_machine(scene, scene->captured[0]);
    struct world *office = &scene->sim->machines[SIM_OFFICE];
    for (int i = 0; machine != NULL && i < 2; i++) {
        struct request request = {.kind = COMMAND_RETIRE,
                                  .till = MANAGER,
                                  .body.retire = {.branch = journal_branch(machine->journal),
                                                  .kind = kind_of(scene->captured[1]),
                                                  .reason = bytes_of("story", 5)}};
        random_fill(&scene->sim->random_engine, request.ticket.bytes, 16);
        memcpy(request.request_hash, request.ticket.bytes, 16);
        struct answer answer;
        machine->written_off.begun = true;
        machine->written_off.done = true;
        if (!reception_ask(office, &request, MEANING_PLAIN, &answer) ||
            answer.verdict != VERDICT_ALLOWED) {
            scene_fail(scene, "the office does not retire it: %s", verdict_name(answer.verdict));
            return;
        }
    }
    sim_run(scene->sim, scene->sim->now_us + 3000000);
}

static void back_up(struct scene *scene)
{
    struct world *machine = scene_machine(scene, scene->captured[0]);
    if (machine != NULL) {
        double_backup(machine);
    }
}

static void restore(struct scene *scene)
{
    struct world *machine = scene_machine(scene, scene->captured[0]);
    if (machine != NULL) {
        double_restore(machine, HEAD_OLD);
        sim_run(scene->sim, scene->sim->now_us + 2000000);
    }
}

/* The clone is a machine of its own, cut off from everybody until something heals. */
static void clone(struct scene *scene)
{
    struct world *machine = scene_machine(scene, scene->captured[0]);
    if (machine == NULL) {
        return;
    }
    struct sim *sim = scene->sim;
    uint32_t before = sim->machine_count;
    double_clone(machine);
    if (sim->machine_count == before) {
        scene_fail(scene, "there is no backup to make a clone from");
        return;
    }
    struct thing *thing = scene_name(scene, THING_MACHINE, scene->captured[1]);
    thing->machine = before;
    for (uint32_t i = 0; i < before; i++) {
        network_cut(sim, before, i, true);
        network_cut(sim, i, before, true);
    }
    sim_run(sim, sim->now_us + 500000);
}

bool scene_retired(struct scene *scene, const char *sentence)
{
    if (scene_matches(scene, sentence, "{} burns down")) {
        burn(scene);
    } else if (scene_matches(scene, sentence, "{} comes back")) {
        come_back(scene);
    } else if (scene_matches(scene, sentence, "the office retires {} as {}")) {
        retire(scene);
    } else if (scene_matches(scene, sentence, "the office resolves {}")) {
        (void)snprintf(scene->captured[1], SCENE_WORD_SIZE, "forked");
        retire(scene);
    } else if (scene_matches(scene, sentence, "{} is backed up")) {
        back_up(scene);
    } else if (scene_matches(scene, sentence, "the backup of {} is put back")) {
        restore(scene);
    } else if (scene_matches(scene, sentence, "the backup of {} is started beside it as {}")) {
        clone(scene);
    } else {
        return false;
    }
    return true;
}
