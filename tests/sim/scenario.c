#include "scenario.h"

#include "scene.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_SIZE = 512 };

void scene_fail(struct scene *scene, const char *format, ...)
{
    scene->failed = true;
    printf("%s:%u: ", scene->path, scene->line);
    va_list arguments;
    va_start(arguments, format);
    (void)vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
}

struct thing *scene_find(struct scene *scene, enum thing_kind kind, const char *name)
{
    for (uint32_t i = 0; i < scene->thing_count; i++) {
        if (scene->things[i].kind == kind && strcmp(scene->things[i].name, name) == 0) {
            return &scene->things[i];
        }
    }
    return NULL;
}

struct thing *scene_name(struct scene *scene, enum thing_kind kind, const char *name)
{
    struct thing *thing = scene_find(scene, kind, name);
    if (thing == NULL) {
        if (scene->thing_count == SCENE_THINGS_MAX) {
            abort();
        }
        thing = &scene->things[scene->thing_count++];
        *thing = (struct thing){.kind = kind};
        (void)snprintf(thing->name, sizeof thing->name, "%s", name);
    }
    return thing;
}

struct thing *scene_need(struct scene *scene, enum thing_kind kind, const char *name)
{
    struct thing *thing = scene_find(scene, kind, name);
    if (thing == NULL) {
        scene_fail(scene, "nothing is called \"%s\" here", name);
    }
    return thing;
}

struct world *scene_machine(struct scene *scene, const char *name)
{
    struct thing *thing = scene_need(scene, THING_MACHINE, name);
    return thing == NULL ? NULL : &scene->sim->machines[thing->machine];
}

bool scene_money(struct scene *scene, const char *text, int64_t *amount)
{
    char *end = NULL;
    long long whole = strtoll(text, &end, 10);
    if (end == text || *end != '.' || !isdigit((unsigned char)end[1]) ||
        !isdigit((unsigned char)end[2]) || end[3] != '\0') {
        scene_fail(scene, "\"%s\" is not an amount", text);
        return false;
    }
    *amount = whole * 100 + (int64_t)(end[1] - '0') * 10 + (end[2] - '0');
    return true;
}

/* The next word, without a comma or full stop behind it. */
static const char *next_word(const char *at, char word[SCENE_WORD_SIZE])
{
    while (*at == ' ') {
        at++;
    }
    size_t size = 0;
    while (*at != '\0' && *at != ' ') {
        if (size + 1 < SCENE_WORD_SIZE) {
            word[size++] = *at;
        }
        at++;
    }
    while (size > 0 && (word[size - 1] == ',' || word[size - 1] == '.')) {
        size--;
    }
    word[size] = '\0';
    return at;
}

bool scene_matches(struct scene *scene, const char *sentence, const char *pattern)
{
    char said[SCENE_WORD_SIZE];
    char wanted[SCENE_WORD_SIZE];
    scene->captured_count = 0;
    for (;;) {
        sentence = next_word(sentence, said);
        pattern = next_word(pattern, wanted);
        if (strcmp(wanted, "{}") == 0 && said[0] != '\0') {
            (void)snprintf(scene->captured[scene->captured_count++], SCENE_WORD_SIZE, "%s", said);
        } else if (strcmp(wanted, "{..}") == 0) {
            /* all that follows, word by word */
            while (said[0] != '\0' && scene->captured_count < SCENE_WORDS_MAX) {
                (void)snprintf(scene->captured[scene->captured_count++], SCENE_WORD_SIZE, "%s",
                               said);
                sentence = next_word(sentence, said);
            }
            return true;
        } else if (strcmp(said, wanted) != 0) {
            return false;
        }
        if (said[0] == '\0') {
            return true;
        }
    }
}

static void trim(char *text)
{
    size_t size = strlen(text);
    while (size > 0 && isspace((unsigned char)text[size - 1])) {
        text[--size] = '\0';
    }
    size_t lead = strspn(text, " ");
    memmove(text, text + lead, size - lead + 1);
}

static void tell(struct scene *scene, char *line)
{
    char *comment = strchr(line, '#');
    if (comment != NULL) {
        *comment = '\0';
    }
    scene->expected[0] = '\0';
    char *arrow = strstr(line, "->");
    if (arrow != NULL) {
        *arrow = '\0';
        (void)snprintf(scene->expected, sizeof scene->expected, "%s", arrow + 2);
        trim(scene->expected);
    }
    trim(line);
    if (line[0] == '\0') {
        return;
    }
    if (!scene_do(scene, line) && !scene_check(scene, line)) {
        scene_fail(scene, "this is not a sentence I know: \"%s\"", line);
    }
    if (scene->sim != NULL && scene->sim->findings > 0) {
        scene_fail(scene, "an invariant is broken");
    }
}

bool scenario_run(const char *path)
{
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        printf("%s: cannot be opened\n", path);
        return false;
    }
    struct census *census = calloc(1, sizeof *census);
    struct scene *scene = calloc(1, sizeof *scene);
    if (census == NULL || scene == NULL) {
        abort();
    }
    scene->census = census;
    scene->path = path;
    scene->options = (struct sim_options){.seed = 1,
                                          .limits = founding_defaults(),
                                          .weather = weather_calm(),
                                          .topology = TOPOLOGY_MESH,
                                          .step_count = 1,
                                          .steps = {{.amount = 30000, .bonus = 6000}}};
    char line[LINE_SIZE];
    while (!scene->failed && fgets(line, sizeof line, file) != NULL) {
        scene->line++;
        tell(scene, line);
    }
    bool passed = !scene->failed;
    sim_free(scene->sim);
    free(scene);
    free(census);
    (void)fclose(file);
    return passed;
}
