/* What must be so at some point of a story, as the nodes themselves say it. */
#include "scene.h"

#include "auditor.h"
#include "inspection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool scene_query(struct scene *scene, struct world *machine, struct request *request,
                 struct page *page)
{
    struct answer answer;
    memset(page, 0, sizeof *page);
    request->page = page;
    request->page_limit = PAGE_ENTRIES_MAX;
    if (!reception_ask(machine, request, MEANING_PLAIN, &answer) || answer.page == NULL ||
        answer.verdict != VERDICT_ALLOWED) {
        scene_fail(scene, "a query is not answered");
        return false;
    }
    return true;
}

static bool view_account(struct scene *scene, struct world *machine, const char *name,
                         struct page *page)
{
    struct thing *account = scene_need(scene, THING_ACCOUNT, name);
    if (account == NULL || machine == NULL) {
        return false;
    }
    struct request request = {.kind = QUERY_ACCOUNT};
    request.body.account.account.account = account->account;
    return scene_query(scene, machine, &request, page);
}

static void expect(struct scene *scene, const struct world *machine, const char *what, int64_t said,
                   int64_t wanted)
{
    if (said != wanted) {
        scene_fail(scene, "at machine %u %s is %lld, not %lld", machine->index, what,
                   (long long)said, (long long)wanted);
    }
}

/* "account 7 holds 5.00 at A, at B and at the office": what those may use. */
static void holds_at(struct scene *scene, struct page *page)
{
    char captured[SCENE_WORDS_MAX][SCENE_WORD_SIZE];
    uint32_t count = scene->captured_count;
    memcpy(captured, scene->captured, sizeof captured);
    int64_t wanted = 0;
    if (!scene_money(scene, captured[1], &wanted)) {
        return;
    }
    for (uint32_t i = 2; i < count && !scene->failed; i++) {
        if (strcmp(captured[i], "at") == 0 || strcmp(captured[i], "and") == 0 ||
            strcmp(captured[i], "the") == 0) {
            continue;
        }
        struct world *machine = scene_machine(scene, captured[i]);
        if (view_account(scene, machine, captured[0], page)) {
            expect(scene, machine, "what it may use", page->rows.account.usable_here, wanted);
        }
    }
}

static void is_worth(struct scene *scene, struct page *page)
{
    int64_t wanted = 0;
    if (!scene_money(scene, scene->captured[1], &wanted)) {
        return;
    }
    char account[SCENE_WORD_SIZE];
    memcpy(account, scene->captured[0], sizeof account);
    for (uint32_t i = 0; i < scene->sim->machine_count && !scene->failed; i++) {
        struct world *machine = &scene->sim->machines[i];
        if (!machine->hostile && machine->running && view_account(scene, machine, account, page)) {
            expect(scene, machine, "the balance",
                   page->rows.account.principal + page->rows.account.bonus -
                       page->rows.account.owed,
                   wanted);
        }
    }
}

/* "account 7 owes 30.00 everywhere", "account 7 owes 5.00 at A". */
static void owes(struct scene *scene, struct page *page, bool everywhere)
{
    char captured[3][SCENE_WORD_SIZE];
    memcpy(captured, scene->captured, sizeof captured);
    int64_t wanted = 0;
    struct world *only = everywhere ? NULL : scene_machine(scene, captured[2]);
    if (!scene_money(scene, captured[1], &wanted) || (!everywhere && only == NULL)) {
        return;
    }
    for (uint32_t i = 0; i < scene->sim->machine_count && !scene->failed; i++) {
        struct world *machine = &scene->sim->machines[i];
        bool asked = !machine->hostile && (everywhere || machine == only);
        if (asked && view_account(scene, machine, captured[0], page)) {
            expect(scene, machine, "what is owed", page->rows.account.owed, wanted);
        }
    }
}

static void is_frozen(struct scene *scene, struct page *page, bool wanted)
{
    char account[SCENE_WORD_SIZE];
    memcpy(account, scene->captured[0], sizeof account);
    for (uint32_t i = 0; i < scene->sim->machine_count && !scene->failed; i++) {
        struct world *machine = &scene->sim->machines[i];
        if (!machine->hostile && view_account(scene, machine, account, page)) {
            expect(scene, machine, "frozen", page->rows.account.frozen > 0, wanted);
        }
    }
}

static void invalid_count(struct scene *scene, struct page *page, uint32_t wanted,
                          const char *amount)
{
    int64_t charged = 0;
    if (amount != NULL && !scene_money(scene, amount, &charged)) {
        return;
    }
    for (uint32_t i = 0; i < scene->sim->machine_count && !scene->failed; i++) {
        struct world *machine = &scene->sim->machines[i];
        struct request request = {.kind = QUERY_INVALID};
        if (machine->hostile || !machine->running || !scene_query(scene, machine, &request, page)) {
            continue;
        }
        expect(scene, machine, "the number of INVALID events", page->count, wanted);
        if (wanted == 1 && page->count == 1) {
            expect(scene, machine, "what the branch is charged", page->rows.invalid[0].amount,
                   charged);
        }
    }
}

static void may_still_be_spent(struct scene *scene, struct page *page)
{
    struct world *machine = scene_machine(scene, scene->captured[0]);
    struct thing *account = scene_need(scene, THING_ACCOUNT, scene->captured[2]);
    int64_t wanted = 0;
    if (machine == NULL || account == NULL || !scene_money(scene, scene->captured[1], &wanted)) {
        return;
    }
    struct request request = {.kind = QUERY_EXPOSURE};
    request.body.account.account.account = account->account;
    if (scene_query(scene, machine, &request, page)) {
        expect(scene, machine, "what can still be spent", page->rows.exposure.spendable, wanted);
    }
}

static const struct journal_view *branch_of(const struct page *page, uint64_t journal)
{
    for (uint32_t i = 0; i < page->count; i++) {
        if (page->rows.journals[i].journal == journal) {
            return &page->rows.journals[i];
        }
    }
    return NULL;
}

static bool is_named(struct scene *scene, char captured[][SCENE_WORD_SIZE], uint32_t count,
                     const struct world *machine)
{
    bool named = false;
    for (uint32_t i = 2; i < count; i++) {
        const struct thing *thing = scene_find(scene, THING_MACHINE, captured[i]);
        named = named || strcmp(captured[i], "everywhere") == 0 ||
                (thing != NULL && thing->machine == machine->index);
    }
    return named;
}

/* "branch A has lost 5.00 everywhere", ".. at B": what was made good for its journal. */
static void has_lost(struct scene *scene, struct page *page)
{
    char captured[SCENE_WORDS_MAX][SCENE_WORD_SIZE];
    uint32_t count = scene->captured_count;
    memcpy(captured, scene->captured, sizeof captured);
    const struct world *branch = scene_machine(scene, captured[0]);
    int64_t wanted = 0;
    if (branch == NULL || !scene_money(scene, captured[1], &wanted)) {
        return;
    }
    for (uint32_t i = 0; i < scene->sim->machine_count && !scene->failed; i++) {
        struct world *machine = &scene->sim->machines[i];
        struct request request = {.kind = QUERY_BRANCHES};
        if (machine->hostile || !machine->running || !is_named(scene, captured, count, machine) ||
            !scene_query(scene, machine, &request, page)) {
            continue;
        }
        const struct journal_view *view = branch_of(page, branch->journal);
        expect(scene, machine, "what was made good", view == NULL ? -1 : view->made_good, wanted);
    }
}

/* "branch A is in quarantine at the office, at B": by a proof that it shows. */
static void is_quarantined(struct scene *scene, struct page *page)
{
    char captured[SCENE_WORDS_MAX][SCENE_WORD_SIZE];
    uint32_t count = scene->captured_count;
    memcpy(captured, scene->captured, sizeof captured);
    const struct world *branch = scene_machine(scene, captured[0]);
    for (uint32_t i = 1; branch != NULL && i < count && !scene->failed; i++) {
        if (strcmp(captured[i], "at") == 0 || strcmp(captured[i], "and") == 0 ||
            strcmp(captured[i], "the") == 0) {
            continue;
        }
        struct world *machine = scene_machine(scene, captured[i]);
        struct request request = {.kind = QUERY_NODE};
        if (machine != NULL && scene_query(scene, machine, &request, page)) {
            const struct node_view *node = &page->rows.node;
            bool shown = node->quarantine_count == 1 &&
                         node->quarantined[0].journal == branch->journal &&
                         !digest_equal(&node->quarantined[0].ids[0], &node->quarantined[0].ids[1]);
            expect(scene, machine, "the proof shown", shown, 1);
        }
    }
}

/* By its own word. */
static void keeps_unknown(struct scene *scene, struct page *page)
{
    struct world *machine = scene_machine(scene, scene->captured[0]);
    int64_t wanted = (int64_t)strtoll(scene->captured[1], NULL, 10);
    struct request request = {.kind = QUERY_NODE};
    if (machine != NULL && scene_query(scene, machine, &request, page)) {
        expect(scene, machine, "the events it keeps for later",
               (int64_t)page->rows.node.unknown_events, wanted);
    }
}

static void has_sales(struct scene *scene)
{
    struct thing *account = scene_need(scene, THING_ACCOUNT, scene->captured[0]);
    const struct book *book = auditor_book(scene->sim);
    uint32_t sales = 0;
    for (uint32_t i = 0; account != NULL && i < book->events.count; i++) {
        const struct book_event *event = map_at(&book->events, i);
        sales +=
            event->type == EVENT_SPEND && subject_equal(&event->subject, &account->account) ? 1 : 0;
    }
    expect(scene, &scene->sim->machines[SIM_OFFICE], "the number of sales", sales,
           (int64_t)strtoll(scene->captured[1], NULL, 10));
}

static void cards_differ(struct scene *scene)
{
    struct thing *a = scene_need(scene, THING_CARD, scene->captured[0]);
    struct thing *b = scene_need(scene, THING_CARD, scene->captured[1]);
    if (a != NULL && b != NULL && memcmp(a->card, b->card, sizeof a->card) == 0) {
        scene_fail(scene, "both cards have one number");
    }
}

bool scene_check(struct scene *scene, const char *sentence)
{
    struct page *page = malloc(sizeof *page);
    if (page == NULL) {
        abort();
    }
    bool known = true;
    if (scene_matches(scene, sentence, "account {} holds {} {..}")) {
        holds_at(scene, page);
    } else if (scene_matches(scene, sentence, "account {} is worth {} everywhere")) {
        is_worth(scene, page);
    } else if (scene_matches(scene, sentence, "account {} is frozen everywhere")) {
        is_frozen(scene, page, true);
    } else if (scene_matches(scene, sentence, "account {} is frozen nowhere")) {
        is_frozen(scene, page, false);
    } else if (scene_matches(scene, sentence, "account {} owes {} everywhere")) {
        owes(scene, page, true);
    } else if (scene_matches(scene, sentence, "account {} owes {} at {}")) {
        owes(scene, page, false);
    } else if (scene_matches(scene, sentence, "{} events are INVALID everywhere")) {
        invalid_count(scene, page, (uint32_t)strtoul(scene->captured[0], NULL, 10), NULL);
    } else if (scene_matches(scene, sentence, "nothing is INVALID")) {
        invalid_count(scene, page, 0, NULL);
    } else if (scene_matches(scene, sentence, "one event is INVALID everywhere and costs {}")) {
        char amount[SCENE_WORD_SIZE];
        memcpy(amount, scene->captured[0], sizeof amount);
        invalid_count(scene, page, 1, amount);
    } else if (scene_matches(scene, sentence, "account {} has {} sales")) {
        has_sales(scene);
    } else if (scene_matches(scene, sentence, "branch {} has lost {} {..}")) {
        has_lost(scene, page);
    } else if (scene_matches(scene, sentence, "branch {} is in quarantine {..}")) {
        is_quarantined(scene, page);
    } else if (scene_matches(scene, sentence, "{} keeps {} events of a newer version")) {
        keeps_unknown(scene, page);
    } else if (scene_matches(scene, sentence, "cards {} and {} differ")) {
        cards_differ(scene);
    } else if (scene_matches(scene, sentence,
                             "at {} at most {} of account {} can still be spent")) {
        may_still_be_spent(scene, page);
    } else if (scene_matches(scene, sentence, "all nodes agree")) {
        inspection_run(scene->sim);
    } else {
        known = false;
    }
    free(page);
    return known;
}
