#include "join.h"

#include "hostile.h"
#include "sim.h"

#include "message_codec.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum {
    RETRY_US = 300000,
    JOIN_TILL = 900, /* the manager's desk at the office */
    INVITATION_HOURS = 24 * 30,
    JOIN_REFUSALS_MAX = 8,
};

static void again(struct world *machine)
{
    agenda_plan(&machine->sim->agenda, (struct happening){.at_us = machine->sim->now_us + RETRY_US,
                                                          .kind = HAPPENING_JOIN,
                                                          .node = machine->index,
                                                          .boot = machine->boot});
}

static void take_token(struct world *machine, const struct answer *answer)
{
    struct sim *sim = machine->sim;
    uint8_t memory[INVITATION_TEXT_SIZE_MAX];
    struct buffer scratch = BUFFER_OVER(memory);
    struct invitation invitation;
    if (invitation_decode(bytes_of(answer->token, answer->token_size), &scratch, &invitation) !=
        STATUS_OK) {
        sim_finding(sim, "J", "an invitation does not decode");
        return;
    }
    if (!bytes_equal(invitation.manifest, sim->manifest) ||
        journal_branch(invitation.journal) != answer->branch ||
        sim_machine_of(sim, invitation.journal) != NULL ||
        memcmp(invitation.office_transport_key, sim->machines[SIM_OFFICE].transport_key, 32) != 0) {
        sim_finding(sim, "J", "an invitation says the wrong thing (branch %u)", answer->branch);
        return;
    }
    machine->journal = invitation.journal;
    uint8_t secret_key[32];
    memcpy(machine->invitation_secret, invitation.secret, 32);
    invitation_transport_keys(invitation.secret, machine->invitation_key, secret_key);
    machine->joining = JOINING_DIALS;
    sim_tell(sim, "machine %u is invited as branch %u", machine->index, answer->branch);
}

static void ask_for_invitation(struct world *machine)
{
    struct sim *sim = machine->sim;
    struct pending *pending = map_find(&sim->reception.pending, &machine->invite_number);
    if (pending != NULL && pending->done && !pending->lost && !pending->answer.unknown &&
        pending->answer.verdict == VERDICT_ALLOWED) {
        take_token(machine, &pending->answer);
        return;
    }
    if (pending != NULL && !pending->done) {
        return;
    }
    if (id_is_none(machine->invite_ticket.bytes, 16)) {
        random_fill(&machine->random, machine->invite_ticket.bytes, 16);
    }
    char name[32];
    int size = snprintf(name, sizeof name, "branch-%u", machine->index);
    struct request request = {.kind = COMMAND_INVITE,
                              .till = JOIN_TILL,
                              .ticket = machine->invite_ticket,
                              .body.invite = {.name = bytes_of(name, (size_t)size),
                                              .hours = INVITATION_HOURS,
                                              .branch = machine->rejoins}};
    memcpy(request.request_hash, machine->invite_ticket.bytes, 16);
    pending = reception_send(&sim->machines[SIM_OFFICE], &request, TILL_NONE, MEANING_PLAIN);
    machine->invite_number = pending == NULL ? 0 : pending->number;
}

static void say_join(struct world *machine, uint32_t link)
{
    struct sim *sim = machine->sim;
    static const char endpoint[] = "tcp://branch:7000";
    struct message message = {.kind = MESSAGE_JOIN};
    message.body.join.invitation = invitation_name(machine->invitation_secret);
    memcpy(message.body.join.public_key, machine->public_key, 32);
    memcpy(message.body.join.transport_key, machine->transport_key, 32);
    message.body.join.endpoint_count = 1;
    message.body.join.endpoints[0] = bytes_of(endpoint, sizeof endpoint - 1);
    uint8_t memory[256];
    struct buffer body = BUFFER_OVER(memory);
    if (join_signed_bytes(&sim->network_id, &message.body.join.invitation, machine->public_key,
                          machine->transport_key, &body) != STATUS_OK) {
        sim_finding(sim, "J", "no JOIN could be made");
        return;
    }
    sim_sign(sim, machine->public_key, machine->secret_key, buffer_bytes(&body),
             message.body.join.proof);
    uint8_t frame_memory[1024];
    struct buffer frame = BUFFER_OVER(frame_memory);
    if (message_encode(&message, &frame) != STATUS_OK) {
        sim_finding(sim, "J", "a JOIN does not encode");
        return;
    }
    network_send(sim, machine->index, link, CHANNEL_CONTROL, buffer_bytes(&frame));
}

void join_link_up(struct world *machine, uint32_t link)
{
    if (machine->joining == JOINING_DIALS) {
        say_join(machine, link);
    }
}

static void dial(struct world *machine)
{
    struct sim *sim = machine->sim;
    uint32_t link = network_number_between(sim, SIM_OFFICE, machine->index);
    if (link != 0) {
        say_join(machine, link);
    } else {
        (void)network_dial_to_join(sim, machine->index);
    }
}

void join_step(struct world *machine)
{
    switch (machine->joining) {
    case JOINING_NOT:
        machine->joining = JOINING_INVITED;
        ask_for_invitation(machine);
        again(machine);
        break;
    case JOINING_INVITED:
        ask_for_invitation(machine);
        again(machine);
        break;
    case JOINING_DIALS:
        dial(machine);
        again(machine);
        break;
    case JOINING_DONE:
        break;
    }
}

/* The office's clock jumps by years, and an invitation ends after a month at the latest: another
 * one is asked for, as a person would. Refused again and again, though, it is the office that is
 * wrong. */
static void refused(struct world *machine, uint32_t status)
{
    machine->join_refusals++;
    if (machine->join_refusals > JOIN_REFUSALS_MAX) {
        sim_finding(machine->sim, "J", "machine %u may not join: status %u", machine->index,
                    status);
    }
    machine->joining = JOINING_INVITED;
    machine->invite_ticket = (struct ticket_id){{0}};
    machine->invite_number = 0;
    /* The connection proved the key of this invitation; the next one needs a connection of its own.
     */
    uint32_t link = network_number_between(machine->sim, SIM_OFFICE, machine->index);
    if (link != 0) {
        network_drop(machine->sim, link);
    }
}

void join_frame(struct world *machine, struct bytes frame)
{
    struct sim *sim = machine->sim;
    struct message message;
    if (machine->joining != JOINING_DIALS || message_decode(frame, &message) != STATUS_OK ||
        message.kind != MESSAGE_JOINED) {
        return;
    }
    if (message.body.joined.status != 0) {
        if (message.body.joined.status != MESSAGE_ERROR_BUSY) {
            refused(machine, message.body.joined.status);
        }
        return;
    }
    if (message.body.joined.journal != machine->journal) {
        sim_finding(sim, "J", "machine %u joined as somebody else", machine->index);
        return;
    }
    sim_tell(sim, "machine %u is admitted as journal %llx", machine->index,
             (unsigned long long)machine->journal);
    machine->joining = JOINING_DONE;
    uint32_t link = network_number_between(sim, SIM_OFFICE, machine->index);
    if (link != 0) {
        network_drop(sim, link);
    }
    if (machine->hostile) {
        hostile_joined(machine);
        return;
    }
    if (node_found(machine, &sim->network_id, machine->journal) != STATUS_OK) {
        sim_finding(sim, "J", "machine %u could not found its store", machine->index);
        return;
    }
    if (disk_has_batch(machine->disk)) {
        disk_settle(machine->disk, true);
    }
    sim_start(machine);
}
