#include "dialer.h"

#include "log.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { CONTACTS_MAX = 1024 };

struct dialer {
    const struct config *config;
    const struct identity *identity;
    uint64_t journal; /* own */
    struct node_contact contacts[CONTACTS_MAX];
    uint32_t contact_count;
    struct transport_key keys[ADMISSION_KEYS_MAX];
    struct line_target targets[BUS_LINKS_MAX];
    size_t target_count;
    bool complained[CONFIG_PEERS_MAX]; /* about an endpoint that fits no contact */
};

struct dialer *dialer_new(const struct config *config, const struct identity *identity)
{
    struct dialer *dialer = calloc(1, sizeof *dialer);
    if (dialer == NULL) {
        return NULL;
    }
    dialer->config = config;
    dialer->identity = identity;
    dialer->journal = journal_of(identity->branch, identity->incarnation);
    return dialer;
}

void dialer_free(struct dialer *dialer)
{
    free(dialer);
}

uint32_t dialer_contact_count(const struct dialer *dialer)
{
    return dialer->contact_count;
}

static struct transport_key office_key(const struct dialer *dialer)
{
    struct transport_key key;
    memcpy(key.bytes, dialer->identity->office_transport_key, sizeof key.bytes);
    return key;
}

/* A node that knows nothing of the authority yet believes the key that came with its invitation. */
static bool trusts_identity(const struct dialer *dialer, const struct transport_key *key)
{
    struct transport_key office = office_key(dialer);
    return dialer->contact_count == 0 && !id_is_none(office.bytes, sizeof office.bytes) &&
           memcmp(office.bytes, key->bytes, sizeof key->bytes) == 0;
}

static bool admits(const struct dialer *dialer, const struct node *node,
                   const struct transport_key *key)
{
    return node_admits(node, key->bytes) || trusts_identity(dialer, key);
}

void dialer_answer(struct dialer *dialer, const struct node *node, struct admission *admission)
{
    struct transport_key key;
    for (size_t i = 0; i < ADMISSION_QUESTIONS_MAX && admission_next_question(admission, &key);
         i++) {
        admission_answer(admission, &key, admits(dialer, node, &key));
    }
}

/* Asks the node about the first `count` of dialer->keys. */
static void revoke(struct dialer *dialer, const struct node *node, struct admission *admission,
                   size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!admits(dialer, node, &dialer->keys[i])) {
            (void)admission_set(admission, &dialer->keys[i], false);
        }
    }
}

void dialer_revoke(struct dialer *dialer, const struct node *node, struct admission *admission,
                   const struct bus *bus)
{
    revoke(dialer, node, admission, bus_keys(bus, dialer->keys, ADMISSION_KEYS_MAX));
}

static void add_target(struct dialer *dialer, const char *endpoint,
                       const struct transport_key *server)
{
    struct line_target target;
    if (dialer->target_count >= BUS_LINKS_MAX || !line_target_set(&target, endpoint, server)) {
        return;
    }
    for (size_t i = 0; i < dialer->target_count; i++) {
        if (memcmp(dialer->targets[i].server.bytes, server->bytes, sizeof server->bytes) == 0) {
            return; /* one line a peer; the first one named wins */
        }
    }
    dialer->targets[dialer->target_count] = target;
    dialer->target_count += 1;
}

static void contact_endpoint(const struct node_contact *contact,
                             char endpoint[static ENDPOINT_SIZE_MAX + 1])
{
    assert(contact->endpoint_size <= ENDPOINT_SIZE_MAX);
    memcpy(endpoint, contact->endpoint, contact->endpoint_size);
    endpoint[contact->endpoint_size] = '\0';
}

static struct transport_key contact_key(const struct node_contact *contact)
{
    struct transport_key key;
    memcpy(key.bytes, contact->transport_key, sizeof key.bytes);
    return key;
}

static void add_contact(struct dialer *dialer, const struct node_contact *contact)
{
    char endpoint[ENDPOINT_SIZE_MAX + 1];
    struct transport_key key = contact_key(contact);
    contact_endpoint(contact, endpoint);
    add_target(dialer, endpoint, &key);
}

/* The newest incarnation of a branch; NULL if the branch is not known. */
static const struct node_contact *contact_of_branch(const struct dialer *dialer, uint32_t branch)
{
    const struct node_contact *found = NULL;
    for (uint32_t i = 0; i < dialer->contact_count; i++) {
        if (journal_branch(dialer->contacts[i].journal) == branch) {
            found = &dialer->contacts[i];
        }
    }
    return found;
}

static const struct node_contact *contact_at(const struct dialer *dialer, const char *endpoint)
{
    for (uint32_t i = 0; i < dialer->contact_count; i++) {
        const struct node_contact *contact = &dialer->contacts[i];
        if (bytes_equal(bytes_of(contact->endpoint, contact->endpoint_size),
                        bytes_of(endpoint, strlen(endpoint)))) {
            return contact;
        }
    }
    return NULL;
}

static const struct node_contact *office_contact(const struct dialer *dialer)
{
    for (uint32_t i = 0; i < dialer->contact_count; i++) {
        if ((dialer->contacts[i].roles & ROLE_OFFICE) != 0) {
            return &dialer->contacts[i];
        }
    }
    return NULL;
}

/* "12@tcp://host:port": branch 12 is found there whatever the authority says; without a branch, the
 * contact that has this endpoint. */
static void add_listed(struct dialer *dialer, size_t index)
{
    const char *text = dialer->config->peers[index];
    const char *at = strchr(text, '@');
    const struct node_contact *contact = NULL;
    if (at != NULL) {
        contact = contact_of_branch(dialer, (uint32_t)strtoul(text, NULL, 10));
        text = at + 1;
    } else {
        contact = contact_at(dialer, text);
    }
    if (contact != NULL) {
        struct transport_key key = contact_key(contact);
        add_target(dialer, text, &key);
    } else if (dialer->contact_count > 0 && !dialer->complained[index]) {
        dialer->complained[index] = true;
        log_event(LOG_WARNING, "peer_unknown", log_text("peer", dialer->config->peers[index]),
                  log_text("reason",
                           "no admitted branch has this number or endpoint; write it as "
                           "BRANCH@tcp://host:port, it is dialled once the branch is admitted"));
    }
}

static void add_office(struct dialer *dialer)
{
    const struct node_contact *office = office_contact(dialer);
    if (office != NULL) {
        add_contact(dialer, office);
    } else if (dialer->identity->office_endpoint[0] != '\0') {
        struct transport_key key = office_key(dialer);
        add_target(dialer, dialer->identity->office_endpoint, &key);
    }
}

/* Before the authority journal has come, the office of the identity file is the only one known; a
 * listed way to it ("1@..") replaces the endpoint that came with the invitation. */
static void add_first_office(struct dialer *dialer)
{
    struct transport_key key = office_key(dialer);
    for (size_t i = 0; i < dialer->config->peer_count; i++) {
        const char *at = strchr(dialer->config->peers[i], '@');
        if (at != NULL && strtoul(dialer->config->peers[i], NULL, 10) == 1) {
            add_target(dialer, at + 1, &key);
        }
    }
    add_target(dialer, dialer->identity->office_endpoint, &key);
}

static void choose_targets(struct dialer *dialer)
{
    dialer->target_count = 0;
    bool branch = dialer->identity->office_endpoint[0] != '\0';
    if (dialer->contact_count == 0) {
        if (branch) {
            add_first_office(dialer);
        }
        return;
    }
    for (size_t i = 0; i < dialer->config->peer_count; i++) {
        add_listed(dialer, i);
    }
    if (branch && (dialer->config->peers_office || dialer->config->peers_auto)) {
        add_office(dialer);
    }
    for (uint32_t i = 0; i < dialer->contact_count && dialer->config->peers_auto; i++) {
        /* The younger of two dials; but one that nobody can dial dials everybody. */
        bool ours = dialer->contacts[i].journal < dialer->journal ||
                    dialer->config->peer_advertise[0] == '\0';
        if (ours && dialer->contacts[i].endpoint_size > 0) {
            add_contact(dialer, &dialer->contacts[i]);
        }
    }
}

void dialer_turn(struct dialer *dialer, const struct node *node, struct admission *admission,
                 struct bus *bus)
{
    dialer->contact_count = node_contacts(node, dialer->contacts, CONTACTS_MAX);
    revoke(dialer, node, admission, admission_list(admission, dialer->keys, ADMISSION_KEYS_MAX));
    for (uint32_t i = 0; i < dialer->contact_count; i++) {
        struct transport_key key = contact_key(&dialer->contacts[i]);
        (void)admission_set(admission, &key, node_admits(node, key.bytes));
    }
    struct transport_key office = office_key(dialer);
    if (trusts_identity(dialer, &office)) {
        (void)admission_set(admission, &office, true);
    }
    choose_targets(dialer);
    bus_dial(bus, dialer->targets, dialer->target_count);
}
