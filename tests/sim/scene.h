/* The state of a story while it is told: who plays, what things are called. */
#ifndef SCENE_H
#define SCENE_H

#include "sim.h"

enum {
    SCENE_WORDS_MAX = 32,
    SCENE_WORD_SIZE = 48,
    SCENE_THINGS_MAX = 32,
};

enum thing_kind {
    THING_MACHINE = 1,
    THING_ACCOUNT,
    THING_CARD,
    THING_SALE,
    THING_TICKET,
    THING_ORDER, /* its hold stands in `sale` */
};

struct thing {
    enum thing_kind kind;
    char name[SCENE_WORD_SIZE];
    uint32_t machine;
    struct subject_id account;
    struct subject_id member; /* whose account it is */
    uint8_t card[CARD_NUMBER_SIZE];
    struct event_ref sale;
    struct ticket_id ticket;
    int64_t amount; /* of the ticket's first use */
};

struct scene {
    struct sim *sim;
    struct sim_options options;
    struct census *census;
    const char *path;
    uint32_t line;
    bool failed;
    uint32_t thing_count;
    struct thing things[SCENE_THINGS_MAX];
    /* the sentence at hand */
    char captured[SCENE_WORDS_MAX][SCENE_WORD_SIZE];
    uint32_t captured_count;
    char expected[SCENE_WORDS_MAX * SCENE_WORD_SIZE];
};

void scene_fail(struct scene *scene, const char *format, ...) __attribute__((format(printf, 2, 3)));
struct thing *scene_find(struct scene *scene, enum thing_kind kind, const char *name);
struct thing *scene_name(struct scene *scene, enum thing_kind kind, const char *name);
/* Fails the scene and returns NULL when there is no such thing. */
struct thing *scene_need(struct scene *scene, enum thing_kind kind, const char *name);
struct world *scene_machine(struct scene *scene, const char *name);
/* "12.34" as minor units. */
bool scene_money(struct scene *scene, const char *text, int64_t *amount);

/* scene_deeds.c: what people do. scene_facts.c: what must then be so. Both return false if no
 * sentence of theirs has this form. */
bool scene_do(struct scene *scene, const char *sentence);
bool scene_check(struct scene *scene, const char *sentence);

/* scene_ends.c: what is done and must be so about the ends of lots, in the same way. */
bool scene_ends(struct scene *scene, const char *sentence);
/* Sends a request as a till does and holds the answer against what is expected. */
bool scene_send(struct scene *scene, struct world *machine, struct request *request,
                struct answer *answer);
/* Asks a machine; fails the scene when it does not answer. */
bool scene_query(struct scene *scene, struct world *machine, struct request *request,
                 struct page *page);
/* scene_holds.c: what is set aside for orders. */
bool scene_holds(struct scene *scene, const char *sentence);
/* scene_limits.c: what the office says of branches. */
bool scene_limits(struct scene *scene, const char *sentence);
/* scene_retired.c: how branches end. */
bool scene_retired(struct scene *scene, const char *sentence);

/* Does `sentence` have the form of `pattern`? {} captures one word. */
bool scene_matches(struct scene *scene, const char *sentence, const char *pattern);

#endif
