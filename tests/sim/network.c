#include "network.h"

#include "sim.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { LISTENER = 0, DIALER = 1 };

void network_start(struct sim *sim, uint64_t seed, enum topology topology)
{
    sim->network = (struct network){.topology = topology, .random = random_stream_of(seed, 2)};
}

void network_free(struct sim *sim)
{
    free(sim->network.links);
    sim->network.links = NULL;
}

bool network_allows(const struct sim *sim, uint32_t a, uint32_t b)
{
    /* The hostile machine talks to whoever it can reach, but a machine that joins later than it
     * would have to dial it, and it does not listen. */
    if (sim->machines[a].hostile || sim->machines[b].hostile) {
        uint32_t hostile = sim->machines[a].hostile ? a : b;
        return (a == hostile ? b : a) < hostile;
    }
    a = sim->machines[a].place;
    b = sim->machines[b].place;
    if (a == b) {
        return false;
    }
    switch (sim->network.topology) {
    case TOPOLOGY_MESH:
        return true;
    case TOPOLOGY_STAR:
        return a == SIM_OFFICE || b == SIM_OFFICE;
    case TOPOLOGY_LINE:
        return a + 1 == b || b + 1 == a;
    }
    return false;
}

static struct network_link *link_numbered(struct sim *sim, uint32_t number)
{
    assert(number >= 1 && number <= sim->network.link_count);
    return &sim->network.links[number - 1];
}

static uint32_t number_of(const struct sim *sim, const struct network_link *link)
{
    return (uint32_t)(link - sim->network.links) + 1;
}

struct network_link *network_between(struct sim *sim, uint32_t a, uint32_t b)
{
    uint32_t number = sim->network.newest[a][b];
    struct network_link *link = number == 0 ? NULL : link_numbered(sim, number);
    return link == NULL || link->ended ? NULL : link;
}

uint32_t network_number_between(struct sim *sim, uint32_t a, uint32_t b)
{
    const struct network_link *link = network_between(sim, a, b);
    return link == NULL ? 0 : number_of(sim, link);
}

static bool is_whole(const struct sim *sim, uint32_t a, uint32_t b)
{
    return !sim->network.cut[a][b] && !sim->network.cut[b][a];
}

static uint64_t draw_delay(struct sim *sim)
{
    const struct weather *weather = &sim->weather;
    struct random_stream *random = &sim->network.random;
    uint64_t delay = random_between(random, weather->delay_low_us, weather->delay_high_us);
    if (weather->long_tail) {
        uint64_t bits = random_next(random);
        for (int i = 0; i < 6 && (bits & 1) != 0; i++) {
            delay *= 2;
            bits >>= 1;
        }
    }
    return delay;
}

static void open_link(struct sim *sim, uint32_t listener, uint32_t dialer, bool joining)
{
    struct network *network = &sim->network;
    if (network->link_count == network->link_capacity) {
        network->link_capacity = network->link_capacity == 0 ? 64 : network->link_capacity * 2;
        network->links = realloc(network->links, network->link_capacity * sizeof *network->links);
        if (network->links == NULL) {
            abort();
        }
    }
    struct network_link *link = &network->links[network->link_count++];
    *link = (struct network_link){.listener = listener, .dialer = dialer, .joining = joining};
    uint64_t at_us = sim->now_us + draw_delay(sim);
    uint32_t number = number_of(sim, link);
    network->newest[listener][dialer] = number;
    network->newest[dialer][listener] = number;
    agenda_plan(&sim->agenda, (struct happening){.at_us = at_us,
                                                 .kind = HAPPENING_LINK_UP,
                                                 .node = listener,
                                                 .boot = sim->machines[listener].boot,
                                                 .link = number});
    agenda_plan(&sim->agenda, (struct happening){.at_us = at_us,
                                                 .kind = HAPPENING_LINK_UP,
                                                 .node = dialer,
                                                 .boot = sim->machines[dialer].boot,
                                                 .link = number});
}

static bool can_reach(struct sim *sim, uint32_t listener, uint32_t dialer,
                      const uint8_t transport_key[static 32])
{
    struct world *other = &sim->machines[listener];
    return other->running && is_whole(sim, listener, dialer) &&
           network_between(sim, listener, dialer) == NULL &&
           node_admits(other->node, transport_key);
}

static void dial_machine(struct sim *sim, struct world *machine, uint32_t other)
{
    if (can_reach(sim, other, machine->index, machine->transport_key)) {
        open_link(sim, other, machine->index, false);
    }
}

static void dial_as_hostile(struct sim *sim, struct world *machine)
{
    for (uint32_t i = 0; i < machine->index; i++) {
        if (sim->machines[i].running) {
            dial_machine(sim, machine, i);
        }
    }
}

/* A link to the office that served only to learn of the others ends once it is not needed. */
static void leave_office(struct sim *sim, uint32_t dialer)
{
    uint32_t place = sim->machines[dialer].place;
    if (network_allows(sim, SIM_OFFICE, dialer) || place == 0 ||
        network_between(sim, dialer, place - 1) == NULL) {
        return;
    }
    struct network_link *link = network_between(sim, SIM_OFFICE, dialer);
    if (link != NULL) {
        network_drop(sim, number_of(sim, link));
    }
}

void network_dial(struct sim *sim, uint32_t dialer)
{
    struct world *machine = &sim->machines[dialer];
    if (machine->hostile) {
        dial_as_hostile(sim, machine);
        return;
    }
    if (!machine->running || dialer == SIM_OFFICE) {
        return;
    }
    struct node_contact contacts[SIM_MACHINES_MAX * 2];
    uint32_t count = node_contacts(machine->node, contacts, SIM_MACHINES_MAX * 2);
    bool near = false;
    for (uint32_t i = 0; i < count; i++) {
        struct world *other = sim_machine_of(sim, contacts[i].journal);
        if (other == NULL) {
            sim_finding(sim, "I5", "machine %u is told to contact journal %llu, which is nobody",
                        dialer, (unsigned long long)contacts[i].journal);
            return;
        }
        if (memcmp(contacts[i].transport_key, other->transport_key, 32) != 0) {
            sim_finding(sim, "I5", "machine %u has a wrong transport key of machine %u", dialer,
                        other->index);
        }
        if (contacts[i].journal < machine->journal && network_allows(sim, other->index, dialer)) {
            dial_machine(sim, machine, other->index);
            near = near || network_between(sim, other->index, dialer) != NULL;
        }
    }
    if (near) {
        leave_office(sim, dialer);
    } else {
        /* The invitation names the office: it is dialled until others are known and answer. */
        dial_machine(sim, machine, SIM_OFFICE);
    }
}

bool network_dial_to_join(struct sim *sim, uint32_t dialer)
{
    if (!can_reach(sim, SIM_OFFICE, dialer, sim->machines[dialer].invitation_key)) {
        return false;
    }
    open_link(sim, SIM_OFFICE, dialer, true);
    return true;
}

static void plan_frame(struct sim *sim, struct network_link *link, int towards,
                       enum channel channel, struct bytes frame)
{
    const struct weather *weather = &sim->weather;
    uint64_t at_us = sim->now_us;
    if (sim->storm && weather->bytes_per_s > 0) {
        uint64_t start = link->towards[towards].busy_until_us;
        start = start > at_us ? start : at_us;
        at_us = start + frame.size * 1000000 / weather->bytes_per_s;
        link->towards[towards].busy_until_us = at_us;
        sim->census->counts[CENSUS_FRAMES_SLOWED]++;
    }
    at_us += draw_delay(sim);
    uint32_t from = towards == LISTENER ? link->dialer : link->listener;
    uint32_t to = towards == LISTENER ? link->listener : link->dialer;
    int64_t nothing = 0;
    if (schedule_strikes(sim, STEP_OVERTAKE, from, to, weather->overtaking, 10000, &nothing)) {
        sim->census->counts[CENSUS_FRAMES_OVERTAKEN]++;
    } else {
        uint64_t last = link->towards[towards].last_us[channel];
        at_us = at_us > last ? at_us : last;
        link->towards[towards].last_us[channel] = at_us;
    }
    uint8_t *copy = malloc(frame.size == 0 ? 1 : frame.size);
    if (copy == NULL) {
        abort();
    }
    memcpy(copy, frame.data, frame.size);
    link->towards[towards].frames++;
    link->towards[towards].bytes += frame.size;
    agenda_plan(&sim->agenda, (struct happening){.at_us = at_us,
                                                 .kind = HAPPENING_FRAME,
                                                 .node = to,
                                                 .boot = sim->machines[to].boot,
                                                 .link = number_of(sim, link),
                                                 .number = channel,
                                                 .frame = copy,
                                                 .frame_size = frame.size});
}

void network_send(struct sim *sim, uint32_t machine, uint32_t link_number, enum channel channel,
                  struct bytes frame)
{
    struct network_link *link = link_numbered(sim, link_number);
    bool is_listener = link->listener == machine;
    int towards = is_listener ? DIALER : LISTENER;
    uint32_t to = is_listener ? link->dialer : link->listener;
    if (link->ended || !link->open[is_listener ? LISTENER : DIALER]) {
        return;
    }
    const struct weather *weather = &sim->weather;
    int64_t nothing = 0;
    if (sim->network.cut[machine][to] ||
        schedule_strikes(sim, STEP_LOSE, machine, to, weather->loss, 10000, &nothing)) {
        sim->census->counts[CENSUS_FRAMES_LOST]++;
        return;
    }
    if (schedule_strikes(sim, STEP_DAMAGE, machine, to, weather->damage, 10000, &nothing)) {
        /* The transport's own seal does not hold: it ends the session before a node sees it. */
        sim->census->counts[CENSUS_FRAMES_DAMAGED]++;
        network_drop(sim, link_number);
        return;
    }
    if (link->towards[towards].frames >= weather->queue_frames ||
        link->towards[towards].bytes + frame.size > NETWORK_QUEUE_BYTES_MAX) {
        /* What a real socket does at its high-water mark: the session is lost. */
        sim->census->counts[CENSUS_FRAMES_QUEUE_FULL]++;
        network_drop(sim, link_number);
        return;
    }
    plan_frame(sim, link, towards, channel, frame);
    if (schedule_strikes(sim, STEP_DOUBLE, machine, to, weather->doubling, 10000, &nothing)) {
        sim->census->counts[CENSUS_FRAMES_DOUBLED]++;
        plan_frame(sim, link, towards, channel, frame);
    }
}

static void plan_down(struct sim *sim, const struct network_link *link, uint32_t machine,
                      uint64_t delay_us)
{
    agenda_plan(&sim->agenda, (struct happening){.at_us = sim->now_us + delay_us,
                                                 .kind = HAPPENING_LINK_DOWN,
                                                 .node = machine,
                                                 .boot = sim->machines[machine].boot,
                                                 .link = number_of(sim, link)});
}

void network_drop(struct sim *sim, uint32_t link_number)
{
    struct network_link *link = link_numbered(sim, link_number);
    if (link->ended) {
        return;
    }
    link->ended = true;
    plan_down(sim, link, link->listener, draw_delay(sim));
    plan_down(sim, link, link->dialer, draw_delay(sim));
}

void network_crashed(struct sim *sim, uint32_t machine)
{
    for (uint32_t other = 0; other < sim->machine_count; other++) {
        struct network_link *link = network_between(sim, machine, other);
        if (link == NULL) {
            continue;
        }
        link->ended = true;
        /* A process that dies closes its sockets; a power cut shows by silence only. */
        uint64_t delay_us = random_chance(&sim->network.random, 5000) ? draw_delay(sim) : 3000000;
        plan_down(sim, link, other, delay_us);
    }
}

void network_cut(struct sim *sim, uint32_t from, uint32_t to, bool kill)
{
    sim->network.cut[from][to] = true;
    struct network_link *link = kill ? network_between(sim, from, to) : NULL;
    if (link != NULL) {
        network_drop(sim, number_of(sim, link));
    }
}

void network_rejoin(struct sim *sim, uint32_t machine)
{
    for (uint32_t i = 0; i < NETWORK_MACHINES_MAX; i++) {
        sim->network.cut[machine][i] = false;
        sim->network.cut[i][machine] = false;
    }
}

void network_heal(struct sim *sim)
{
    memset(sim->network.cut, 0, sizeof sim->network.cut);
}

bool network_link_up(struct sim *sim, uint32_t machine, uint32_t link_number, bool *dialed,
                     uint8_t peer_key[32])
{
    struct network_link *link = link_numbered(sim, link_number);
    if (link->ended) {
        return false;
    }
    bool is_listener = link->listener == machine;
    link->open[is_listener ? LISTENER : DIALER] = true;
    *dialed = !is_listener;
    const struct world *peer = &sim->machines[is_listener ? link->dialer : link->listener];
    memcpy(peer_key, link->joining && is_listener ? peer->invitation_key : peer->transport_key, 32);
    return true;
}

bool network_link_down(struct sim *sim, uint32_t machine, uint32_t link_number)
{
    struct network_link *link = link_numbered(sim, link_number);
    int end = link->listener == machine ? LISTENER : DIALER;
    bool was_open = link->open[end];
    link->open[end] = false;
    return was_open;
}

bool network_arrived(struct sim *sim, uint32_t machine, uint32_t link_number, size_t size)
{
    struct network_link *link = link_numbered(sim, link_number);
    int end = link->listener == machine ? LISTENER : DIALER;
    link->towards[end].frames--;
    link->towards[end].bytes -= size;
    return !link->ended && link->open[end];
}
