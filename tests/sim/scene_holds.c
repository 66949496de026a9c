/* What is set aside for orders in a story. */
#include "scene.h"

#include "hold_watch.h"

#include <stdlib.h>
#include <string.h>

static void set_aside(struct scene *scene)
{
    struct world *machine = scene_machine(scene, scene->captured[0]);
    struct thing *card = scene_need(scene, THING_CARD, scene->captured[2]);
    struct request request = {.kind = COMMAND_HOLD};
    struct answer answer;
    if (machine == NULL || card == NULL ||
        !scene_money(scene, scene->captured[1], &request.body.spend.amount)) {
        return;
    }
    char order[SCENE_WORD_SIZE];
    memcpy(order, scene->captured[4], sizeof order);
    request.body.spend.account.card = BYTES_OF(card->card);
    request.body.spend.order = bytes_of(order, strlen(order));
    request.body.spend.until_ms =
        hold_now_ms(machine) + strtoull(scene->captured[3], NULL, 10) * 1000;
    if (scene_send(scene, machine, &request, &answer) && answer.verdict == VERDICT_ALLOWED) {
        scene_name(scene, THING_ORDER, order)->sale = answer.event;
    }
}

static void end(struct scene *scene, enum command_kind kind)
{
    bool captures = kind == COMMAND_CAPTURE;
    struct world *machine = scene_machine(scene, scene->captured[0]);
    struct thing *order = scene_need(scene, THING_ORDER, scene->captured[captures ? 2 : 1]);
    struct request request = {.kind = kind};
    struct answer answer;
    if (machine == NULL || order == NULL ||
        (captures && !scene_money(scene, scene->captured[1], &request.body.capture.amount))) {
        return;
    }
    char sale[SCENE_WORD_SIZE];
    (void)snprintf(sale, sizeof sale, "%s", order->name);
    request.body.capture.hold = order->sale;
    if (scene_send(scene, machine, &request, &answer) && captures &&
        answer.verdict == VERDICT_ALLOWED) {
        scene_name(scene, THING_SALE, sale)->sale = answer.event;
    }
}

/* "at A 30.00 of account 7 are on hold", of the whole chain, as A sees it. */
static void is_on_hold(struct scene *scene)
{
    struct world *machine = scene_machine(scene, scene->captured[0]);
    struct thing *account = scene_need(scene, THING_ACCOUNT, scene->captured[2]);
    int64_t wanted = 0;
    struct page *page = calloc(1, sizeof *page);
    if (page == NULL) {
        abort();
    }
    if (machine != NULL && account != NULL && scene_money(scene, scene->captured[1], &wanted)) {
        struct request request = {.kind = QUERY_ACCOUNT,
                                  .body.account.account.account = account->account};
        if (scene_query(scene, machine, &request, page) && page->rows.account.on_hold != wanted) {
            scene_fail(scene, "%lld are on hold", (long long)page->rows.account.on_hold);
        }
    }
    free(page);
}

bool scene_holds(struct scene *scene, const char *sentence)
{
    if (scene_matches(scene, sentence, "{} sets aside {} of card {} for {} s as order {}")) {
        set_aside(scene);
    } else if (scene_matches(scene, sentence, "{} captures {} of order {}")) {
        end(scene, COMMAND_CAPTURE);
    } else if (scene_matches(scene, sentence, "{} releases order {}")) {
        end(scene, COMMAND_RELEASE);
    } else if (scene_matches(scene, sentence, "at {} {} of account {} are on hold")) {
        is_on_hold(scene);
    } else {
        return false;
    }
    return true;
}
