#include "subcommands.h"

#include "chain_terms.h"
#include "data_dir.h"
#include "founding.h"
#include "money_text.h"
#include "output.h"
#include "passphrase.h"
#include "session.h"

#include "block_codec.h"
#include "calendar.h"
#include "clock.h"
#include "event_codec.h"
#include "file.h"
#include "hash.h"
#include "identity.h"
#include "manifest.h"
#include "root_key.h"
#include "spread.h"
#include "text.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    OFFICE_BRANCH = 1,
    CERTIFICATE_DAYS = 5 * 365, /* after that nodes warn until the root signs a new one */
    SIGNED_SIZE_MAX = 1024,
    ROLES_OF_OFFICE = ROLE_OFFICE | ROLE_MINT | ROLE_SELL | ROLE_RELAY,
};

/* All that was typed, checked, and what becomes of it. */
struct plan {
    char directory[FILE_PATH_SIZE_MAX]; /* absolute */
    char making[FILE_PATH_SIZE_MAX];    /* where it is built, until it is whole */
    const char *name;
    const char *office_name;
    const char *product_name;
    char currency[CURRENCY_SIZE + 1];
    int32_t zone_minutes;
    struct bonus_step steps[BONUS_STEPS_MAX];
    uint8_t step_count;
    struct spread_terms spread;
    struct data_dir_settings settings;
    char passphrase[PASSPHRASE_SIZE_MAX];
    struct digest network;
    uint8_t manifest_memory[MANIFEST_SIZE_MAX];
    struct buffer manifest;
    uint8_t root_key[32];
};

static const char *option_or(const struct session *session, const char *name, const char *fallback)
{
    const char *value = session_option(session, name);
    return value != NULL ? value : fallback;
}

static bool name_is_sound(const char *name)
{
    return text_is_sound(bytes_of(name, strlen(name)), NAME_SIZE_MAX);
}

static enum outcome steps_read(struct session *session, struct plan *plan)
{
    for (uint32_t i = 0;; i++) {
        const char *text = arguments_option_nth(&session->arguments, "bonus", i);
        if (text == NULL) {
            return OUTCOME_DONE;
        }
        if (i == BONUS_STEPS_MAX) {
            return session_misused(session, "At most %d steps of bonus.", BONUS_STEPS_MAX);
        }
        if (!bonus_parse(text, plan->currency, &plan->steps[i])) {
            return session_misused(session, "--bonus is written AMOUNT:BONUS, like 300:60.");
        }
        if (i > 0 && plan->steps[i].amount <= plan->steps[i - 1].amount) {
            return session_misused(session, "Steps of bonus rise: %s does not.", text);
        }
        plan->step_count = (uint8_t)(i + 1);
    }
}

static enum outcome spread_read(struct session *session, struct plan *plan)
{
    const char *text = option_or(session, "spread", "on");
    plan->spread = spread_defaults();
    if (strcmp(text, "off") == 0) {
        plan->spread.mode = SPREAD_OFF;
    } else if (strcmp(text, "shares") == 0) {
        plan->spread.mode = SPREAD_SHARES;
    } else if (strcmp(text, "on") != 0 && strcmp(text, "visits") != 0) {
        return session_misused(session, "--spread is on, off, visits or shares.");
    }
    return OUTCOME_DONE;
}

static enum outcome terms_read(struct session *session, struct plan *plan)
{
    const char *currency = option_or(session, "currency", "CNY");
    plan->name = session_option(session, "name");
    plan->office_name = option_or(session, "office-name", "Office");
    plan->product_name = option_or(session, "product", "Stored value card");
    if (plan->name == NULL) {
        return session_misused(session, "--name is missing: what is the chain called?");
    }
    if (!name_is_sound(plan->name) || !name_is_sound(plan->office_name) ||
        !name_is_sound(plan->product_name)) {
        return session_misused(session, "A name has 1 to %d bytes of text.", NAME_SIZE_MAX);
    }
    if (!money_text_is_currency(currency)) {
        return session_misused(session, "--currency takes three capital letters, like CNY.");
    }
    memcpy(plan->currency, currency, CURRENCY_SIZE);
    if (!zone_parse(option_or(session, "zone", "+08:00"), &plan->zone_minutes)) {
        return session_misused(session, "--zone is written like +08:00.");
    }
    if (spread_read(session, plan) != OUTCOME_DONE) {
        return OUTCOME_USAGE;
    }
    return steps_read(session, plan);
}

static enum outcome place_read(struct session *session, struct plan *plan)
{
    struct explanation explanation = {{0}};
    const char *directory = option_or(session, "dir", getenv("TALLY_DIR"));
    struct buffer absolute = {.data = (uint8_t *)plan->directory,
                              .capacity = sizeof plan->directory - 8};
    if (directory == NULL || directory[0] == '\0') {
        return session_misused(session, "--dir is missing: where shall the office's data be kept?");
    }
    if (data_dir_absolute(directory, &absolute, &explanation) != STATUS_OK) {
        return session_misused(session, "%s.", explanation.text);
    }
    (void)snprintf(plan->making, sizeof plan->making, "%.*s.new", (int)absolute.size,
                   plan->directory);
    const char *listen = option_or(session, "peer-listen", "tcp://127.0.0.1:7081");
    plan->settings = (struct data_dir_settings){
        .directory = plan->directory,
        .api_listen = option_or(session, "listen", "127.0.0.1:7080"),
        .peer_listen = listen,
        .peer_advertise = option_or(session, "advertise", listen),
    };
    const char *problem = data_dir_settings_problem(&plan->settings);
    return problem == NULL ? OUTCOME_DONE : session_misused(session, "%s", problem);
}

/* Nothing is ever overwritten. */
static enum outcome place_check(struct session *session, const struct plan *plan)
{
    if (!data_dir_is_empty(plan->directory, NULL)) {
        return session_refused(session,
                               "%s is not empty, and nothing is ever overwritten. Choose another "
                               "directory.",
                               plan->directory);
    }
    if (file_exists(plan->making)) {
        return session_refused(session,
                               "%s was left by an attempt that was interrupted. Remove it if "
                               "nothing else uses it, and try again.",
                               plan->making);
    }
    return OUTCOME_DONE;
}

static enum status manifest_make(struct plan *plan, struct explanation *explanation)
{
    char path[FILE_PATH_SIZE_MAX];
    struct manifest manifest = {.name = bytes_of(plan->name, strlen(plan->name)),
                                .threshold = 1,
                                .root_count = 1,
                                .created_day = calendar_day(clock_wall_ms(), plan->zone_minutes)};
    enum status status = file_path(path, plan->making, "root.key");
    if (status == STATUS_OK) {
        status = root_key_create(path, plan->passphrase, plan->root_key, explanation);
    }
    if (status != STATUS_OK) {
        return status;
    }
    memcpy(manifest.roots[0], plan->root_key, sizeof plan->root_key);
    plan->manifest =
        (struct buffer){.data = plan->manifest_memory, .capacity = sizeof plan->manifest_memory};
    status = manifest_encode(&manifest, &plan->manifest);
    if (status != STATUS_OK) {
        explain(explanation, "the manifest cannot be written: is the name too long?");
        return status;
    }
    plan->network = hash_network(buffer_bytes(&plan->manifest));
    return data_dir_write_manifest(plan->making, buffer_bytes(&plan->manifest), explanation);
}

static enum status genesis_sign(const struct plan *plan, struct genesis *genesis,
                                struct explanation *explanation)
{
    char path[FILE_PATH_SIZE_MAX];
    uint8_t memory[SIGNED_SIZE_MAX];
    struct buffer body = BUFFER_OVER(memory);
    struct event epoch = node_genesis_epoch(genesis);
    enum status status = auth_signed_bytes(&plan->network, &epoch, &body);
    if (status == STATUS_OK) {
        status = file_path(path, plan->making, "root.key");
    }
    if (status != STATUS_OK) {
        explain(explanation, "the authority's certificate cannot be written");
        return status;
    }
    return root_key_sign(path, plan->passphrase, buffer_bytes(&body), genesis->root_signature,
                         explanation);
}

static enum status network_found(const struct plan *plan, struct key_store *keys,
                                 struct explanation *explanation)
{
    struct public_keys own = key_store_public(keys);
    const char *endpoint = plan->settings.peer_advertise;
    struct genesis genesis = {
        .network = plan->network,
        .until_day = calendar_day(clock_wall_ms(), plan->zone_minutes) + CERTIFICATE_DAYS,
        .office_journal = journal_of(OFFICE_BRANCH, 1),
        .office_endpoint = bytes_of(endpoint, strlen(endpoint)),
        .office_name = bytes_of(plan->office_name, strlen(plan->office_name)),
        .organisation = bytes_of(plan->name, strlen(plan->name)),
        .zone_minutes = plan->zone_minutes,
        .currency = bytes_of(plan->currency, CURRENCY_SIZE),
        .product_name = bytes_of(plan->product_name, strlen(plan->product_name)),
        .step_count = plan->step_count,
        .spread = &plan->spread,
    };
    memcpy(genesis.authority_key, own.authority, sizeof own.authority);
    memcpy(genesis.office_key, own.journal, sizeof own.journal);
    memcpy(genesis.office_transport_key, own.transport, sizeof own.transport);
    memcpy(genesis.steps, plan->steps, sizeof plan->steps);
    enum status status = genesis_sign(plan, &genesis, explanation);
    if (status == STATUS_OK) {
        status = founding_of_network(plan->making, keys, &genesis, explanation);
    }
    return status;
}

static enum status identity_make(const struct plan *plan, const struct key_store *keys,
                                 struct explanation *explanation)
{
    char path[FILE_PATH_SIZE_MAX];
    struct public_keys own = key_store_public(keys);
    struct identity identity = {.network = plan->network,
                                .manifest_size = (uint32_t)plan->manifest.size,
                                .branch = OFFICE_BRANCH,
                                .incarnation = 1,
                                .roles = ROLES_OF_OFFICE,
                                .has_authority_key = true};
    memcpy(identity.manifest, plan->manifest.data, plan->manifest.size);
    (void)snprintf(identity.name, sizeof identity.name, "%s", plan->office_name);
    randombytes_buf(identity.database, sizeof identity.database);
    memcpy(identity.journal_key, own.journal, sizeof own.journal);
    memcpy(identity.transport_key, own.transport, sizeof own.transport);
    memcpy(identity.authority_key, own.authority, sizeof own.authority);
    enum status status = file_path(path, plan->making, "identity");
    return status == STATUS_OK ? identity_write(path, &identity, explanation) : status;
}

/* Everything below `plan->making`; the last step gives it its name. */
static enum status build(struct plan *plan, struct explanation *explanation)
{
    struct key_store *keys = NULL;
    enum status status = file_make_directory(plan->making, 0700, explanation);
    if (status == STATUS_OK) {
        status = key_store_create(plan->making, true, explanation);
    }
    if (status == STATUS_OK) {
        status = key_store_open(plan->making, &keys, explanation);
    }
    if (status == STATUS_OK) {
        status = manifest_make(plan, explanation);
    }
    if (status == STATUS_OK) {
        status = network_found(plan, keys, explanation);
    }
    if (status == STATUS_OK) {
        status = identity_make(plan, keys, explanation);
    }
    key_store_close(keys);
    if (status == STATUS_OK) {
        status = data_dir_write_config(plan->making, &plan->settings, explanation);
    }
    if (status == STATUS_OK) {
        status = data_dir_write_token(plan->making, explanation);
    }
    if (status == STATUS_OK && rename(plan->making, plan->directory) != 0) {
        explain(explanation, "cannot rename %s: %s", plan->making, strerror(errno));
        status = file_status(errno);
    }
    return status == STATUS_OK ? file_sync_parent(plan->directory) : status;
}

static void founded_print(const struct plan *plan)
{
    char network[2 * sizeof plan->network.bytes + 1];
    const char *directory = plan->directory;
    sodium_bin2hex(network, sizeof network, plan->network.bytes, sizeof plan->network.bytes);
    printf("The network of %s is founded; this machine is its office, branch %d.\n"
           "  network      %s\n"
           "  directory    %s\n"
           "  admin token  %s/admin.token\n"
           "  root key     %s/root.key, %s\n",
           plan->name, OFFICE_BRANCH, network, directory, directory, directory,
           plan->passphrase[0] != '\0' ? "sealed under the passphrase"
                                       : "NOT ENCRYPTED: whoever reads that file owns the network");
    printf("\nNext\n"
           "  1. Move %s/root.key to two safe places off this machine; daily work never needs it.\n"
           "  2. Start the node:    tallyd --dir %s\n"
           "  3. Invite a branch:   tally branch invite \"NAME\" --dir %s\n",
           directory, directory, directory);
    if (strncmp(plan->settings.peer_advertise, "tcp://127.", 10) == 0) {
        printf("\nBranches on other machines cannot reach %s. For a chain over several machines "
               "give\n--peer-listen tcp://0.0.0.0:7081 --advertise tcp://THIS-MACHINE:7081.\n",
               plan->settings.peer_advertise);
    }
}

static void founded_print_json(const struct plan *plan)
{
    char network[2 * sizeof plan->network.bytes + 1];
    char root[FILE_PATH_SIZE_MAX + 16];
    sodium_bin2hex(network, sizeof network, plan->network.bytes, sizeof plan->network.bytes);
    (void)snprintf(root, sizeof root, "%s/root.key", plan->directory);
    json_t *answer = json_pack("{s:s, s:s, s:i, s:s, s:b}", "network", network, "directory",
                               plan->directory, "branch", OFFICE_BRANCH, "root_key", root,
                               "root_key_sealed", plan->passphrase[0] != '\0');
    output_json(answer);
    json_decref(answer);
}

static enum outcome plan_read(struct session *session, struct plan *plan)
{
    enum outcome outcome = terms_read(session, plan);
    if (outcome == OUTCOME_DONE) {
        outcome = place_read(session, plan);
    }
    if (outcome == OUTCOME_DONE) {
        outcome = place_check(session, plan);
    }
    if (outcome == OUTCOME_DONE) {
        outcome = passphrase_read(session, plan->passphrase);
    }
    return outcome;
}

static enum outcome init_run(struct session *session)
{
    struct explanation explanation = {{0}};
    struct plan *plan = calloc(1, sizeof *plan);
    if (plan == NULL) {
        return session_refused(session, "Not enough memory.");
    }
    enum outcome outcome = plan_read(session, plan);
    if (outcome == OUTCOME_DONE) {
        if (build(plan, &explanation) != STATUS_OK) {
            outcome =
                session_refused(session, "The network could not be founded: %s.", explanation.text);
        } else if (session->json) {
            founded_print_json(plan);
        } else {
            founded_print(plan);
        }
    }
    sodium_memzero(plan->passphrase, sizeof plan->passphrase);
    free(plan);
    return outcome;
}

static const struct option_form init_options[] = {
    {"name", "NAME", "of the chain (required)"},
    {"zone", "+HH:MM", "of the chain's days (default +08:00)"},
    {"office-name", "NAME", "of this first branch (default Office)"},
    {"product", "NAME", "of the first kind of card (default Stored value card)"},
    {"bonus", "AMOUNT:BONUS", "of that card: who pays AMOUNT gets BONUS more; several times"},
    {"listen", "HOST:PORT", "where tills and this command reach the node (127.0.0.1:7080)"},
    {"peer-listen", "ENDPOINT", "where branches reach it (tcp://127.0.0.1:7081)"},
    {"advertise", "ENDPOINT", "the address of --peer-listen as branches see it"},
    {"spread", "on|off",
     "move rights in advance to where members go (default on, by their visits;\n"
     "                           \"shares\": fixed shares of home, second branch, vault)"},
    {"passphrase-file", "FILE", "seals the root key; the first line counts"},
    {0},
};

const struct subcommand cluster_init_command = {
    .name = "cluster init",
    .group = "Chain",
    .summary = "found a network: its root key, its authority, its office",
    .usage = "--dir DIR --name NAME [--currency CNY] [--zone +08:00] [--bonus 300:60 ..] ..",
    .example = "tally cluster init --dir /var/lib/tally --name \"Tea House\" --bonus 300:60 \\\n"
               "    --peer-listen tcp://0.0.0.0:7081 --advertise tcp://office.example:7081 \\\n"
               "    --passphrase-file passphrase.txt",
    .options = init_options,
    .run = init_run,
};
