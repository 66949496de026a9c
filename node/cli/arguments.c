#include "arguments.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

const struct option_form *option_form_find(const struct option_form *forms, const char *name,
                                           size_t size)
{
    for (const struct option_form *form = forms; form != NULL && form->name != NULL; form++) {
        if (strlen(form->name) == size && memcmp(form->name, name, size) == 0) {
            return form;
        }
    }
    return NULL;
}

/* How many of `words` the option at the front takes: 1 or 2; 0 with a problem. */
static int option_take(struct arguments *arguments, int left, char *const *words,
                       const struct option_form *const forms[2], char problem[static PROBLEM_SIZE])
{
    const char *name = strcmp(words[0], "-h") == 0 ? "help" : words[0] + 2;
    size_t size = strcspn(name, "=");
    const struct option_form *form = option_form_find(forms[0], name, size);
    if (form == NULL) {
        form = option_form_find(forms[1], name, size);
    }
    if (form == NULL) {
        (void)snprintf(problem, PROBLEM_SIZE, "There is no option %.100s here.", words[0]);
        return 0;
    }
    if (arguments->option_count == OPTIONS_MAX) {
        (void)snprintf(problem, PROBLEM_SIZE, "More than %d options.", OPTIONS_MAX);
        return 0;
    }
    const char *value = name[size] == '=' ? name + size + 1 : NULL;
    int taken = 1;
    if (form->value == NULL && value != NULL) {
        (void)snprintf(problem, PROBLEM_SIZE, "--%s takes no value.", form->name);
        return 0;
    }
    if (form->value != NULL && value == NULL) {
        if (left < 2) {
            (void)snprintf(problem, PROBLEM_SIZE, "--%s needs a value: --%s %s.", form->name,
                           form->name, form->value);
            return 0;
        }
        value = words[1];
        taken = 2;
    }
    arguments->options[arguments->option_count++] =
        (struct option_given){.form = form, .value = value != NULL ? value : ""};
    return taken;
}

static bool positional_take(struct arguments *arguments, const char *word,
                            char problem[static PROBLEM_SIZE])
{
    if (arguments->positional_count == POSITIONALS_MAX) {
        (void)snprintf(problem, PROBLEM_SIZE, "More than %d words.", POSITIONALS_MAX);
        return false;
    }
    arguments->positionals[arguments->positional_count++] = word;
    return true;
}

bool arguments_parse(struct arguments *arguments, int argc, char *const *argv,
                     const struct option_form *const forms[2], char problem[static PROBLEM_SIZE])
{
    assert(argc >= 0);
    *arguments = (struct arguments){0};
    bool options_ended = false;
    for (int i = 0; i < argc;) {
        bool option = strncmp(argv[i], "--", 2) == 0 || strcmp(argv[i], "-h") == 0;
        if (options_ended || !option) {
            if (!positional_take(arguments, argv[i], problem)) {
                return false;
            }
            i++;
        } else if (strcmp(argv[i], "--") == 0) {
            options_ended = true;
            i++;
        } else {
            int taken = option_take(arguments, argc - i, argv + i, forms, problem);
            if (taken == 0) {
                return false;
            }
            i += taken;
        }
    }
    return true;
}

const char *arguments_option_nth(const struct arguments *arguments, const char *name, uint32_t n)
{
    for (uint32_t i = 0; i < arguments->option_count; i++) {
        if (strcmp(arguments->options[i].form->name, name) == 0 && n-- == 0) {
            return arguments->options[i].value;
        }
    }
    return NULL;
}

const char *arguments_option(const struct arguments *arguments, const char *name)
{
    const char *last = NULL;
    for (uint32_t i = 0; i < arguments->option_count; i++) {
        if (strcmp(arguments->options[i].form->name, name) == 0) {
            last = arguments->options[i].value;
        }
    }
    return last;
}

bool arguments_has(const struct arguments *arguments, const char *name)
{
    return arguments_option(arguments, name) != NULL;
}
