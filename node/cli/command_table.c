#include "command_table.h"

#include "demo.h"
#include "replay.h"
#include "session.h"
#include "subcommands.h"

#include <string.h>

enum {
    NAME_COLUMNS = 18,
    WORD_SIZE_MAX = 64,
};

static const char group_tools[] = "Trying it out";

static const struct subcommand replay_command = {
    .name = "replay",
    .group = group_tools,
    .summary = "play recorded traffic against running nodes and check the sums",
    .usage = "[OPTIONS ..]",
    .example = "tally replay --help",
    .words_max = POSITIONALS_MAX,
    .main = replay_main,
};

static const struct subcommand demo_command = {
    .name = "demo",
    .group = group_tools,
    .summary = "run a chain of nodes on this machine, with branches that come and go",
    .usage = "[OPTIONS ..]",
    .example = "tally demo --help",
    .words_max = POSITIONALS_MAX,
    .main = demo_main,
};

static const struct subcommand *const commands[] = {
    &cluster_init_command,
    &branch_invite_command,
    &branch_join_command,
    &branch_list_command,
    &branch_retire_command,
    &branch_suspend_command,
    &branch_resume_command,
    &branch_resolve_command,
    &till_add_command,
    &till_list_command,
    &product_list_command,
    &product_publish_command,
    &risk_show_command,
    &risk_set_command,
    &limits_show_command,
    &limits_set_command,
    &quota_show_command,
    &quota_set_command,
    &mint_pending_command,
    &mint_approve_command,
    &organisation_set_command,
    &member_add_command,
    &member_find_command,
    &card_issue_command,
    &card_show_command,
    &card_loss_command,
    &card_replace_command,
    &account_show_command,
    &lot_list_command,
    &history_command,
    &topup_command,
    &spend_command,
    &hold_place_command,
    &hold_capture_command,
    &hold_release_command,
    &hold_show_command,
    &hold_list_command,
    &refund_command,
    &request_refund_command,
    &request_list_command,
    &transfer_command,
    &sale_show_command,
    &freeze_command,
    &unfreeze_command,
    &exposure_command,
    &rights_move_command,
    &ticket_command,
    &office_days_command,
    &office_liability_command,
    &office_expired_command,
    &office_holders_command,
    &office_branches_command,
    &node_status_command,
    &node_doctor_command,
    &sync_status_command,
    &verify_command,
    &void_command,
    &adjust_propose_command,
    &adjust_approve_command,
    &adjust_withdraw_command,
    &adjust_list_command,
    &audit_conservation_command,
    &authority_request_command,
    &authority_sign_command,
    &authority_install_command,
    &recovery_key_new_command,
    &node_backup_command,
    &backup_verify_command,
    &node_restore_command,
    &replay_command,
    &demo_command,
    &completion_command,
};

const struct subcommand *const *command_table(size_t *count)
{
    *count = sizeof commands / sizeof commands[0];
    return commands;
}

/* How many of the words the name takes, or 0 if they do not begin with it. */
static int name_words(const char *name, int argc, char *const *argv)
{
    int words = 0;
    for (const char *at = name; *at != '\0'; words++) {
        size_t size = strcspn(at, " ");
        if (words == argc || strlen(argv[words]) != size || memcmp(argv[words], at, size) != 0) {
            return 0;
        }
        at += size;
        at += *at == ' ';
    }
    return words;
}

const struct subcommand *command_find(int argc, char *const *argv, int *words)
{
    const struct subcommand *found = NULL;
    *words = 0;
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        int taken = name_words(commands[i]->name, argc, argv);
        if (taken > *words) {
            *words = taken;
            found = commands[i];
        }
    }
    return found;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Levenshtein: letters to insert, delete or replace. Both are cut at WORD_SIZE_MAX. */
static size_t distance(const char *a, const char *b)
{
    size_t row[WORD_SIZE_MAX + 1];
    size_t a_size = smaller(strlen(a), WORD_SIZE_MAX);
    size_t b_size = smaller(strlen(b), WORD_SIZE_MAX);
    for (size_t j = 0; j <= b_size; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= a_size; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            size_t above = row[j];
            size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = smaller(replaced, smaller(above, row[j - 1]) + 1);
            diagonal = above;
        }
    }
    return row[b_size];
}

const struct subcommand *command_nearest(int argc, char *const *argv)
{
    const struct subcommand *nearest = NULL;
    size_t least = SIZE_MAX;
    for (int words = 1; words <= 2 && words <= argc; words++) {
        char typed[2 * WORD_SIZE_MAX];
        (void)snprintf(typed, sizeof typed, "%.60s%s%.60s", argv[0], words == 2 ? " " : "",
                       words == 2 ? argv[1] : "");
        for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
            size_t far = distance(typed, commands[i]->name);
            if (far < least && far <= 1 + strlen(commands[i]->name) / 4) {
                least = far;
                nearest = commands[i];
            }
        }
    }
    return nearest;
}

static void options_print(FILE *out, const struct option_form *forms)
{
    for (const struct option_form *form = forms; form != NULL && form->name != NULL; form++) {
        char left[64];
        (void)snprintf(left, sizeof left, "--%s%s%s", form->name, form->value != NULL ? " " : "",
                       form->value != NULL ? form->value : "");
        (void)fprintf(out, "  %-24s %s\n", left, form->meaning);
    }
}

void command_help_all(FILE *out)
{
    const char *group = "";
    (void)fputs(
        "tally: membership cards with stored value, at every branch, with or without a line\n\n"
        "Usage: tally COMMAND [WORDS] [OPTIONS]\n",
        out);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(commands[i]->group, group) != 0) {
            group = commands[i]->group;
            (void)fprintf(out, "\n%s\n", group);
        }
        (void)fprintf(out, "  %-*s %s\n", NAME_COLUMNS, commands[i]->name, commands[i]->summary);
    }
    (void)fputs("\nOptions of every command\n", out);
    options_print(out, session_options);
    (void)fputs(
        "\nExit codes\n"
        "  0 done   1 refused   2 usage   3 no node reached   4 outcome unknown: repeat with the "
        "same --key\n"
        "\nExamples\n"
        "  tally cluster init --dir /var/lib/tally --name \"Tea House\" --bonus 300:60\n"
        "  tally topup 8000010010000018 300.00\n"
        "  tally help topup\n",
        out);
}

void command_help(FILE *out, const struct subcommand *subcommand)
{
    (void)fprintf(out, "tally %s: %s\n\nUsage: tally %s%s%s\n", subcommand->name,
                  subcommand->summary, subcommand->name, subcommand->usage[0] != '\0' ? " " : "",
                  subcommand->usage);
    if (subcommand->options != NULL) {
        (void)fputs("\nOptions\n", out);
        options_print(out, subcommand->options);
    }
    (void)fprintf(out, "\nExample\n");
    for (const char *at = subcommand->example; *at != '\0';) {
        size_t size = strcspn(at, "\n");
        (void)fprintf(out, "  %.*s\n", (int)size, at);
        at += size + (at[size] == '\n');
    }
    if (subcommand->main == NULL) {
        (void)fputs("\nOptions of every command\n", out);
        options_print(out, session_options);
    }
}

bool command_help_prefix(FILE *out, const char *word)
{
    size_t size = strlen(word);
    bool any = false;
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        const struct subcommand *each = commands[i];
        if (strncmp(each->name, word, size) == 0 && each->name[size] == ' ') {
            (void)fprintf(out, "  tally %-*s %s\n", NAME_COLUMNS, each->name, each->summary);
            any = true;
        }
    }
    return any;
}
