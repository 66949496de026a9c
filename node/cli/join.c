#include "join_machine.h"
#include "subcommands.h"

#include "data_dir.h"
#include "founding.h"
#include "joining.h"
#include "output.h"
#include "session.h"

#include "clock.h"
#include "file.h"
#include "hash.h"
#include "host.h"
#include "identity.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    TIMEOUT_SECONDS = 60,
    TIMEOUT_SECONDS_MAX = 24 * 3600,
    MARK_SIZE = 64,
    ROLES_OF_BRANCH = ROLE_MINT | ROLE_SELL | ROLE_RELAY,
};

/* How far an attempt came, in a file of the directory, so that the next one can go on. Keys that
 * were ever shown to the office are never made again: it knows the joiner by them. */
static const char keys_begun[] = "keys begun";
static const char keys_made[] = "keys made";
/* What is left when the very first step was interrupted (file_replace). */
static const char mark_unfinished[] = "joining.new";

struct plan {
    char directory[FILE_PATH_SIZE_MAX]; /* absolute */
    uint8_t scratch_memory[INVITATION_TEXT_SIZE_MAX];
    struct buffer scratch; /* holds what the invitation borrows */
    struct invitation invitation;
    struct digest network;
    struct data_dir_settings settings;
    uint32_t timeout_ms;
    struct joined joined;
};

static enum status plan_path(const struct plan *plan, const char *name,
                             char path[static FILE_PATH_SIZE_MAX])
{
    return file_path(path, plan->directory, name);
}

static enum outcome token_read(struct session *session, struct plan *plan, const char *text)
{
    plan->scratch =
        (struct buffer){.data = plan->scratch_memory, .capacity = sizeof plan->scratch_memory};
    enum status status =
        invitation_decode(bytes_of(text, strlen(text)), &plan->scratch, &plan->invitation);
    if (status != STATUS_OK) {
        return session_misused(session, "That is no whole invitation. It begins with \"tally1-\", "
                                        "is printed by: tally branch invite NAME, and says by "
                                        "itself when a letter of it is wrong or missing.");
    }
    plan->network = hash_network(plan->invitation.manifest);
    return OUTCOME_DONE;
}

/* One that others can dial, not "any address of this machine". */
static bool is_address(const char *endpoint)
{
    return strstr(endpoint, "//0.0.0.0:") == NULL && strstr(endpoint, "//[::]:") == NULL &&
           strstr(endpoint, "//*:") == NULL;
}

static enum outcome place_read(struct session *session, struct plan *plan)
{
    uint64_t seconds = TIMEOUT_SECONDS;
    struct explanation explanation = {{0}};
    const char *options[] = {session_option(session, "listen"),
                             session_option(session, "peer-listen"),
                             session_option(session, "advertise")};
    const char *directory = session_option(session, "dir");
    const char *timeout = session_option(session, "timeout");
    struct buffer absolute = {.data = (uint8_t *)plan->directory,
                              .capacity = sizeof plan->directory};
    directory = directory != NULL ? directory : getenv("TALLY_DIR");
    if (directory == NULL || directory[0] == '\0') {
        return session_misused(session, "--dir is missing: where shall the branch's data be kept?");
    }
    if (timeout != NULL && !session_number(timeout, 1, TIMEOUT_SECONDS_MAX, &seconds)) {
        return session_misused(session, "--timeout takes 1 to %d seconds.", TIMEOUT_SECONDS_MAX);
    }
    if (data_dir_absolute(directory, &absolute, &explanation) != STATUS_OK) {
        return session_misused(session, "%s.", explanation.text);
    }
    plan->timeout_ms = (uint32_t)seconds * 1000;
    plan->settings = (struct data_dir_settings){
        .directory = plan->directory,
        .api_listen = options[0] != NULL ? options[0] : "127.0.0.1:7080",
        .peer_listen = options[1] != NULL ? options[1] : "",
        .peer_advertise = options[2] != NULL                             ? options[2]
                          : options[1] != NULL && is_address(options[1]) ? options[1]
                                                                         : "",
    };
    const char *problem = data_dir_settings_problem(&plan->settings);
    return problem == NULL ? OUTCOME_DONE : session_misused(session, "%s", problem);
}

static void mark_make(const struct plan *plan, const char *stage, char mark[static MARK_SIZE])
{
    char name[2 * sizeof(struct ticket_id) + 1];
    struct ticket_id invitation = invitation_name(plan->invitation.secret);
    sodium_bin2hex(name, sizeof name, invitation.bytes, sizeof invitation.bytes);
    (void)snprintf(mark, MARK_SIZE, "%s %s\n", name, stage);
}

static enum status mark_write(const struct plan *plan, const char *stage,
                              struct explanation *explanation)
{
    char path[FILE_PATH_SIZE_MAX];
    char mark[MARK_SIZE];
    mark_make(plan, stage, mark);
    enum status status = plan_path(plan, "joining", path);
    return status == STATUS_OK ? file_replace(path, bytes_of(mark, strlen(mark)), 0600, explanation)
                               : status;
}

/* True if an earlier attempt with this token came to this stage. */
static bool mark_says(const struct plan *plan, const char *stage)
{
    char path[FILE_PATH_SIZE_MAX];
    char mark[MARK_SIZE];
    uint8_t memory[MARK_SIZE];
    struct buffer content = BUFFER_OVER(memory);
    mark_make(plan, stage, mark);
    return plan_path(plan, "joining", path) == STATUS_OK &&
           file_read(path, &content, NULL) == STATUS_OK &&
           bytes_equal(buffer_bytes(&content), bytes_of(mark, strlen(mark)));
}

static bool plan_has_mark(const struct plan *plan)
{
    char path[FILE_PATH_SIZE_MAX];
    return plan_path(plan, "joining", path) == STATUS_OK && file_exists(path);
}

/* Does this directory belong to the branch of this token already? */
static enum outcome identity_check(struct session *session, const struct plan *plan, bool *joined)
{
    char path[FILE_PATH_SIZE_MAX];
    struct explanation explanation = {{0}};
    *joined = false;
    if (plan_path(plan, "identity", path) != STATUS_OK) {
        return session_refused(session, "The path of the data directory is too long.");
    }
    if (!file_exists(path)) {
        return OUTCOME_DONE;
    }
    struct identity *identity = calloc(1, sizeof *identity);
    enum status status = identity != NULL ? identity_read(path, identity, &explanation) : STATUS_IO;
    bool same = status == STATUS_OK && digest_equal(&identity->network, &plan->network) &&
                journal_of(identity->branch, identity->incarnation) == plan->invitation.journal;
    free(identity);
    *joined = same;
    return same ? OUTCOME_DONE
                : session_refused(session, "%s belongs to another node. Choose another directory.",
                                  plan->directory);
}

static enum status keys_make(const struct plan *plan, struct explanation *explanation)
{
    char path[FILE_PATH_SIZE_MAX];
    if (mark_says(plan, keys_made)) {
        return STATUS_OK;
    }
    enum status status = mark_write(plan, keys_begun, explanation);
    if (status == STATUS_OK) {
        status = plan_path(plan, "keys", path);
    }
    if (status == STATUS_OK) {
        status = data_dir_discard(path, explanation);
    }
    if (status == STATUS_OK) {
        status = key_store_create(plan->directory, false, explanation);
    }
    return status == STATUS_OK ? mark_write(plan, keys_made, explanation) : status;
}

static enum status identity_make(const struct plan *plan, const struct key_store *keys,
                                 struct explanation *explanation)
{
    char path[FILE_PATH_SIZE_MAX];
    struct public_keys own = key_store_public(keys);
    const struct invitation *invitation = &plan->invitation;
    struct identity identity = {.network = plan->network,
                                .manifest_size = (uint32_t)invitation->manifest.size,
                                .branch = journal_branch(invitation->journal),
                                .incarnation = journal_incarnation(invitation->journal),
                                .roles = ROLES_OF_BRANCH};
    memcpy(identity.manifest, invitation->manifest.data, invitation->manifest.size);
    memcpy(identity.journal_key, own.journal, sizeof own.journal);
    memcpy(identity.transport_key, own.transport, sizeof own.transport);
    memcpy(identity.office_transport_key, invitation->office_transport_key,
           sizeof identity.office_transport_key);
    (void)snprintf(identity.name, sizeof identity.name, "%.*s", (int)invitation->name.size,
                   (const char *)invitation->name.data);
    (void)snprintf(identity.office_endpoint, sizeof identity.office_endpoint, "%.*s",
                   (int)invitation->endpoint.size, (const char *)invitation->endpoint.data);
    randombytes_buf(identity.database, sizeof identity.database);
    enum status status = plan_path(plan, "identity", path);
    return status == STATUS_OK ? identity_write(path, &identity, explanation) : status;
}

/* What the node needs to start; the identity comes last and makes it a node. */
static enum status node_make(const struct plan *plan, struct key_store *keys,
                             struct explanation *explanation)
{
    char path[FILE_PATH_SIZE_MAX];
    enum status status = plan_path(plan, "db", path);
    if (status == STATUS_OK && !file_exists(path)) {
        status = founding_of_branch(plan->directory, keys, &plan->network, plan->invitation.journal,
                                    explanation);
    }
    if (status == STATUS_OK) {
        status = data_dir_write_manifest(plan->directory, plan->invitation.manifest, explanation);
    }
    if (status == STATUS_OK) {
        status = data_dir_write_config(plan->directory, &plan->settings, explanation);
    }
    if (status == STATUS_OK) {
        status = data_dir_write_token(plan->directory, explanation);
    }
    if (status == STATUS_OK) {
        status = identity_make(plan, keys, explanation);
    }
    if (status == STATUS_OK && plan_path(plan, "joining", path) == STATUS_OK) {
        (void)unlink(path);
    }
    return status;
}

static enum outcome admission_ask(struct session *session, struct plan *plan,
                                  struct key_store *keys)
{
    struct explanation explanation = {{0}};
    char problem[JOINING_PROBLEM_SIZE];
    struct joining joining = {.invitation = &plan->invitation,
                              .network = plan->network,
                              .keys = keys,
                              .advertise = plan->settings.peer_advertise,
                              .timeout_ms = plan->timeout_ms};
    if (!session->json) {
        printf("Asking the office at %.*s ..\n", (int)plan->invitation.endpoint.size,
               (const char *)plan->invitation.endpoint.data);
        (void)fflush(stdout);
    }
    enum outcome outcome = joining_ask(&joining, &plan->joined, problem);
    if (outcome != OUTCOME_DONE) {
        session_refused(session, "%s", problem);
        return outcome;
    }
    if (node_make(plan, keys, &explanation) != STATUS_OK) {
        return session_refused(session,
                               "The office has admitted this branch, but its directory is not "
                               "complete: %s. Repeat the same command.",
                               explanation.text);
    }
    return OUTCOME_DONE;
}

static enum outcome join(struct session *session, struct plan *plan)
{
    struct explanation explanation = {{0}};
    struct key_store *keys = NULL;
    bool begun = mark_says(plan, keys_begun) || mark_says(plan, keys_made);
    if (!begun && !data_dir_is_empty(plan->directory, mark_unfinished)) {
        return session_refused(session,
                               "%s is not empty, and nothing is ever overwritten. Choose another "
                               "directory%s.",
                               plan->directory,
                               plan_has_mark(plan) ? "; in this one an attempt with another token "
                                                     "was begun"
                                                   : "");
    }
    if ((uint64_t)clock_wall_ms() > plan->invitation.until_ms) {
        return session_refused(session, "The invitation has ended, by the clock of this machine. "
                                        "Ask for a new one: tally branch invite NAME.");
    }
    enum status status = STATUS_OK;
    if (!file_exists(plan->directory)) {
        status = file_make_directory(plan->directory, 0700, &explanation);
    }
    if (status == STATUS_OK) {
        status = keys_make(plan, &explanation);
    }
    if (status == STATUS_OK) {
        status = key_store_open(plan->directory, &keys, &explanation);
    }
    if (status != STATUS_OK) {
        return session_refused(session, "The directory cannot be prepared: %s.", explanation.text);
    }
    enum outcome outcome = admission_ask(session, plan, keys);
    key_store_close(keys);
    return outcome;
}

/* Once a second, while the node fetches what the others have. */
static void progress_show(const struct node_view *view)
{
    printf("  authority %llu blocks, %llu blocks and %llu events in all, %u connected%s\n",
           (unsigned long long)view->auth_seq, (unsigned long long)view->blocks,
           (unsigned long long)view->events, (unsigned)view->peers,
           view->synced ? ", up to date" : "");
    (void)fflush(stdout);
}

static enum outcome catch_up(struct session *session, const struct plan *plan)
{
    struct host_options options = {.directory = plan->directory,
                                   .until_synced = true,
                                   .progress = session->json ? NULL : progress_show};
    if (!session->json) {
        puts("Fetching what the chain knows (interrupt it at will; the node goes on at its start) "
             "..");
        (void)fflush(stdout);
    }
    int code = host_run(&options);
    if (code == HOST_EXIT_OK) {
        return OUTCOME_DONE;
    }
    return session_refused(session,
                           "The branch is admitted, but it could not catch up yet (code %d, see "
                           "above). Start it: tallyd --dir %s",
                           code, plan->directory);
}

static void joined_show(const struct session *session, const struct plan *plan)
{
    const struct invitation *invitation = &plan->invitation;
    unsigned branch = (unsigned)journal_branch(invitation->journal);
    if (session->json) {
        char name[NAME_SIZE_MAX + 1];
        (void)snprintf(name, sizeof name, "%.*s", (int)invitation->name.size,
                       (const char *)invitation->name.data);
        json_t *answer = json_pack("{s:i, s:s, s:s}", "branch", (int)branch, "name", name,
                                   "directory", plan->directory);
        output_json(answer);
        json_decref(answer);
        return;
    }
    printf("This machine is branch %u, %.*s.\n"
           "Next\n"
           "  1. Start the node:   tallyd --dir %s\n"
           "  2. Register a till:  tally till add \"Till 1\" --dir %s\n",
           branch, (int)invitation->name.size, (const char *)invitation->name.data, plan->directory,
           plan->directory);
}

static enum outcome plan_carry_out(struct session *session, struct plan *plan, const char *token,
                                   join_fill *fill)
{
    bool joined = false;
    enum outcome outcome = token_read(session, plan, token);
    if (outcome == OUTCOME_DONE) {
        outcome = place_read(session, plan);
    }
    if (outcome == OUTCOME_DONE) {
        outcome = identity_check(session, plan, &joined);
    }
    if (outcome == OUTCOME_DONE && !joined) {
        outcome = join(session, plan);
    }
    if (outcome == OUTCOME_DONE && fill != NULL) {
        outcome = fill(session, plan->directory);
    }
    if (outcome == OUTCOME_DONE && !arguments_has(&session->arguments, "no-sync")) {
        outcome = catch_up(session, plan);
    }
    if (outcome == OUTCOME_DONE) {
        joined_show(session, plan);
    }
    return outcome;
}

enum outcome join_machine(struct session *session, const char *token, join_fill *fill)
{
    struct plan *plan = calloc(1, sizeof *plan);
    if (plan == NULL) {
        return session_refused(session, "Not enough memory.");
    }
    enum outcome outcome = plan_carry_out(session, plan, token, fill);
    sodium_memzero(plan, sizeof *plan);
    free(plan);
    return outcome;
}

static enum outcome join_run(struct session *session)
{
    return join_machine(session, session_word(session, 0), NULL);
}

static const struct option_form join_options[] = {
    {"listen", "HOST:PORT", "where tills and this command reach the node (127.0.0.1:7080)"},
    {"peer-listen", "ENDPOINT", "where other branches may reach it (default: nowhere)"},
    {"advertise", "ENDPOINT",
     "the address of --peer-listen as others see it (default: that address)"},
    {"no-sync", NULL, "leave it to the node's first start to fetch what the chain knows"},
    {0},
};

const struct subcommand branch_join_command = {
    .name = "branch join",
    .group = "Chain",
    .summary = "make this machine a branch, with the office's invitation; repeat it if interrupted",
    .usage = "TOKEN --dir DIR [--listen HOST:PORT] [--peer-listen tcp://..] [--advertise tcp://..]",
    .example = "tally branch join tally1-0A1B2C.. --dir /var/lib/tally",
    .options = join_options,
    .words_min = 1,
    .words_max = 1,
    .run = join_run,
};
