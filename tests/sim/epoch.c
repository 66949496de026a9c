#include "epoch.h"

#include "census.h"

#include "event_codec.h"

#include <stdlib.h>
#include <string.h>

enum {
    RENEWALS = 1500, /* of 10,000 starts of the office */
    DAYS = 400,
};

const struct sim_epoch *epoch_of(const struct world *office)
{
    const struct sim *sim = office->sim;
    struct node_authority authority;
    if (sim->epoch_begins || office->node == NULL || !node_authority(office->node, &authority)) {
        return &sim->epochs[sim->epoch_count - 1];
    }
    for (uint32_t i = 0; i < sim->epoch_count; i++) {
        if (memcmp(sim->epochs[i].public_key, authority.public_key, 32) == 0) {
            return &sim->epochs[i];
        }
    }
    return &sim->epochs[0];
}

struct sim_epoch *epoch_new(struct sim *sim)
{
    struct sim_epoch *epoch = &sim->epochs[sim->epoch_count++];
    sim_make_keys(sim, &sim->random_epochs, epoch->public_key, epoch->secret_key);
    return epoch;
}

void epoch_certify(struct sim *sim, struct event *event)
{
    uint8_t memory[1024];
    struct buffer body = BUFFER_OVER(memory);
    if (auth_signed_bytes(&sim->network_id, event, &body) != STATUS_OK) {
        abort();
    }
    event->body.auth_epoch.signature_count = 1;
    event->body.auth_epoch.signatures[0].root_index = 0;
    sim_sign(sim, sim->root_public, sim->root_secret, buffer_bytes(&body),
             event->body.auth_epoch.signatures[0].signature);
}

void epoch_renew(struct world *office)
{
    struct sim *sim = office->sim;
    struct node_authority authority;
    if (office->boot <= 1 || sim->epoch_count == SIM_EPOCHS_MAX ||
        !random_chance(&sim->random_epochs, RENEWALS) || node_is_read_only(office->node) ||
        !node_authority(office->node, &authority)) {
        return;
    }
    const struct sim_epoch *epoch = epoch_new(sim);
    struct event event = {.type = EVENT_AUTH_EPOCH, .known = true};
    event.body.auth_epoch.epoch = authority.epoch + 1;
    memcpy(event.body.auth_epoch.public_key, epoch->public_key, 32);
    event.body.auth_epoch.prev_seq = authority.seq;
    event.body.auth_epoch.prev_id = authority.id;
    event.body.auth_epoch.until_day = authority.day + DAYS;
    epoch_certify(sim, &event);
    sim->epoch_begins = true;
    enum status status = node_renew_authority(office->node, &event);
    sim->epoch_begins = false;
    if (status != STATUS_OK) {
        sim_finding(sim, "S13", "the office may not begin epoch %llu: status %d",
                    (unsigned long long)event.body.auth_epoch.epoch, (int)status);
        return;
    }
    sim_tell(sim, "the office begins epoch %llu", (unsigned long long)event.body.auth_epoch.epoch);
    sim->census->counts[CENSUS_EPOCHS]++;
}

bool epoch_signed(struct sim *sim, struct bytes body, const uint8_t signature[static 64])
{
    for (uint32_t i = 0; i < sim->epoch_count; i++) {
        struct signature_check check = {
            .body = body, .signature = signature, .public_key = sim->epochs[i].public_key};
        if (sim_signature_holds(sim, &check)) {
            return true;
        }
    }
    return false;
}
