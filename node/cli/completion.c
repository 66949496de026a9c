#include "subcommands.h"

#include "session.h"

#include <stdio.h>
#include <string.h>

static void option_names(const struct option_form *forms)
{
    for (const struct option_form *form = forms; form != NULL && form->name != NULL; form++) {
        printf(" --%s", form->name);
    }
}

/* The words that may follow `first`, or the first words if it is NULL; each once. */
static void word_names(const char *first)
{
    size_t count = 0;
    const char *before = "";
    size_t before_size = 0;
    const struct subcommand *const *table = command_table(&count);
    for (size_t i = 0; i < count; i++) {
        const char *name = table[i]->name;
        size_t size = strcspn(name, " ");
        if (first == NULL && (size != before_size || memcmp(name, before, size) != 0)) {
            printf(" %.*s", (int)size, name);
        } else if (first != NULL && strlen(first) == size && memcmp(name, first, size) == 0 &&
                   name[size] == ' ') {
            printf(" %s", name + size + 1);
        }
        before = name;
        before_size = size;
    }
}

static void groups_print(void)
{
    size_t count = 0;
    const struct subcommand *const *table = command_table(&count);
    for (size_t i = 0; i < count; i++) {
        char first[32];
        size_t size = strcspn(table[i]->name, " ");
        bool known = i > 0 && strncmp(table[i - 1]->name, table[i]->name, size + 1) == 0;
        if (table[i]->name[size] == ' ' && !known && size < sizeof first) {
            (void)snprintf(first, sizeof first, "%.*s", (int)size, table[i]->name);
            printf("        %s) words=\"", first);
            word_names(first);
            puts("\" ;;");
        }
    }
}

static void bash_print(void)
{
    size_t count = 0;
    const struct subcommand *const *table = command_table(&count);
    puts("# eval \"$(tally completion bash)\"\n"
         "_tally() {\n"
         "    local word=\"${COMP_WORDS[COMP_CWORD]}\" words=\"\"\n"
         "    if [[ $word == -* ]]; then\n"
         "        case \"${COMP_WORDS[1]} ${COMP_WORDS[2]}\" in");
    for (size_t i = 0; i < count; i++) {
        printf("        \"%s%s) words=\"", table[i]->name,
               strchr(table[i]->name, ' ') != NULL ? "\"*" : " \"*");
        option_names(table[i]->options);
        puts("\" ;;");
    }
    printf("        esac\n        words+=\"");
    option_names(session_options);
    printf("\"\n    elif [[ $COMP_CWORD -eq 1 ]]; then\n        words=\"help");
    word_names(NULL);
    puts("\"\n    elif [[ $COMP_CWORD -eq 2 ]]; then\n        case \"${COMP_WORDS[1]}\" in");
    groups_print();
    puts("        esac\n    fi\n"
         "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
         "    [[ ${#COMPREPLY[@]} -gt 0 ]] || mapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n"
         "}\n"
         "complete -F _tally tally");
}

static enum outcome completion_run(struct session *session)
{
    if (strcmp(session_word(session, 0), "bash") != 0) {
        return session_misused(session, "Only bash is known.");
    }
    bash_print();
    return OUTCOME_DONE;
}

const struct subcommand completion_command = {
    .name = "completion",
    .group = "Trying it out",
    .summary = "what a shell needs to complete commands and options",
    .usage = "bash",
    .example = "eval \"$(tally completion bash)\"",
    .words_min = 1,
    .words_max = 1,
    .run = completion_run,
};
