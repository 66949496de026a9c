/* A whole chain in one process, on one thread, from one seed. `struct world` is one machine as its
 * node sees it (tally/world.h): disk, clock, keys, links. The engine feeds the nodes one input at a
 * time from an agenda ordered by virtual time.
 *
 * Two runs of one seed are equal in every step: nothing here reads the real clock, addresses or the
 * order of allocations.
 */
#ifndef SIM_H
#define SIM_H

#include "agenda.h"
#include "census.h"
#include "disk.h"
#include "join.h"
#include "map.h"
#include "network.h"
#include "random_stream.h"
#include "reception.h"
#include "schedule.h"
#include "weather.h"

#include "manifest.h"
#include "node.h"
#include "spread.h"
#include "tally/world.h"

enum {
    SIM_MACHINES_MAX = 12,
    SIM_OFFICE = 0, /* index of the office's machine */
    SIM_ALARM_KINDS = 16,
    SIM_TEXT_MAX = 256,
    SIM_EPOCHS_MAX = 8,
};

/* 2026-03-02 08:00 in UTC+8. */
static const int64_t SIM_WALL_START_MS = INT64_C(1772409600000);

struct sim;
struct auditor;
struct workload;
struct hostile;
struct doubling;

/* The steps by which a machine becomes a branch. */
enum joining {
    JOINING_NOT = 0,
    JOINING_INVITED, /* the office is asked for an invitation until it gives one */
    JOINING_DIALS,   /* has the token, says JOIN until it hears JOINED */
    JOINING_DONE,
};

/* What a machine's clock shows. */
struct world_clock {
    uint64_t base_us; /* since this virtual time .. */
    int64_t base_ms;  /* .. when it showed this .. */
    int64_t rate_ppm; /* .. it runs so many millionths of real time */
};

struct world {
    struct sim *sim;
    uint32_t index;
    uint64_t journal; /* 0 until invited */
    bool hostile;     /* no node runs here: tests/sim/hostile.c speaks for it */
    bool running;
    bool may_be_read_only;    /* its journal was doubled (double.h) */
    bool knows_double;        /* its node said so itself: kept beside the store, for ever */
    bool knows_fork;          /* its node saw two blocks of the doubled journal at one number */
    bool unconfirmed;         /* the head file was lost: nothing is written until a peer agrees */
    uint64_t confirm_us;      /* when that was last looked for */
    uint32_t place;           /* in the topology: a clone stands where its original does */
    uint32_t unknown_types;   /* of an older version, which lacks these (skew.h) */
    uint32_t updates_at_boot; /* from this boot on it is not */
    uint32_t boot;            /* counts starts; what was meant for an earlier life is dropped */
    struct node *node;
    void *memory; /* sim.c keeps it */
    struct node_setup setup;
    uint32_t inputs_since_turn;

    struct disk *disk;
    struct disk *backup; /* NULL: none was made */
    struct node_head backup_head;
    bool stopping; /* an injected fault allows the node to stop */
    uint64_t space_low_until_us;
    uint64_t paused_until_us; /* stands still (SIGSTOP): nothing reaches it before */
    bool read_failed;
    bool starting;
    uint64_t dies_at_read;       /* while it starts; 0 = it does not */
    uint64_t dies_in_commit_us;  /* off for so long, in the middle of the next commit; 0 = no */
    struct node_head saved_head; /* the checkpoint beside the store */
    uint64_t saved_at_us;
    uint64_t commit_counter;
    uint64_t commits;
    bool was_stuck;      /* some commit in this storm took long */
    bool commit_unknown; /* the batch in flight will be reported so */
    bool commit_keep;

    struct world_clock clock;
    struct random_stream random; /* world_random */

    uint8_t public_key[32];
    uint8_t secret_key[64];
    uint8_t transport_key[32];
    uint8_t node_secret[32];
    uint8_t database[16];
    struct map member_keys; /* key: member16, class1 */

    enum joining joining;
    uint32_t join_refusals;
    uint64_t invite_number; /* the request for an invitation */
    struct ticket_id invite_ticket;
    uint8_t invitation_secret[32];
    uint8_t invitation_key[32]; /* transport key while joining */
    uint32_t rejoins;           /* branch that is enrolled again on this machine; 0 = a new one */
    struct {
        bool begun;
        bool done;  /* the office has retired its journal */
        bool burnt; /* off for good, unless somebody finds its disk */
        bool anew;
        uint8_t kind; /* enum retire_kind */
        struct ticket_id ticket;
        uint64_t number; /* of the request */
    } written_off;
    uint32_t next_link;
    uint64_t alarms[SIM_ALARM_KINDS];
};

struct sim {
    uint64_t seed;
    uint64_t now_us;
    uint64_t steps;
    uint64_t trace; /* hash of all that happened */
    uint32_t findings;
    char invariant[16]; /* of the first finding */
    bool loud;          /* print what happens */
    bool ed25519;       /* real signatures; else keyed hashes, which are much cheaper */
    bool storm;         /* faults happen */
    uint32_t storm_number;
    uint64_t storm_start_us;
    bool lying_disk; /* see plan.h */
    bool narrate;    /* print the steps that happen, as a list */
    uint32_t narrated;
    uint32_t turn_every;

    uint8_t mac_key[32];
    uint8_t root_public[32];
    uint8_t root_secret[64];
    struct sim_epoch { /* keys of the authority, in order */
        uint8_t public_key[32];
        uint8_t secret_key[64];
    } epochs[SIM_EPOCHS_MAX];
    uint32_t epoch_count;
    bool epoch_begins; /* the office is writing the block that begins the last of them */
    struct random_stream random_epochs;
    uint8_t manifest_bytes[MANIFEST_SIZE_MAX];
    struct bytes manifest;
    struct digest network_id;

    struct weather weather;
    struct random_stream random_engine;
    struct random_stream random_weather;
    struct random_stream random_disk;
    struct random_stream random_fault; /* does it strike the n-th? */
    struct schedule schedule;
    struct agenda agenda;
    struct network network;
    uint64_t risk_since; /* authority position at which the risk allowance was set; 0 = off */
    uint32_t machine_count;
    struct world machines[SIM_MACHINES_MAX];
    struct census *census;
    struct reception reception;
    struct auditor *auditor;
    struct foresights *foresights;
    struct workload *workload;
    struct hostile *hostile;
    struct doubling *doubling; /* NULL until a journal exists twice */
    uint32_t wrong_remainders; /* sales that the hostile branch signed with a false remainder */
};

struct sim_options {
    uint64_t seed;
    bool loud;
    bool narrate;
    struct weather weather;
    enum topology topology;
    struct bonus_step steps[BONUS_STEPS_MAX];
    uint8_t step_count;
    struct spread_terms spread; /* zeros: off */
    bool pull_exact;
    struct founding_limits limits;
};

/* The office is founded and running; there are no branches yet. */
struct sim *sim_new(const struct sim_options *options, struct census *census);
void sim_free(struct sim *sim);

/* A new machine that will join as a branch: starts at once, takes some virtual time. NULL if there
 * are SIM_MACHINES_MAX. */
struct world *sim_add_branch(struct sim *sim, bool hostile);

/* A second machine with this one's keys and its backup, not started. */
struct world *sim_add_clone(struct world *original);

/* Runs until virtual time `until_us`, or the first finding. */
void sim_run(struct sim *sim, uint64_t until_us);

void sim_crash(struct world *machine);
/* Off for so long. */
void sim_crash_for(struct world *machine, uint64_t for_us);
void sim_pause(struct world *machine, uint64_t for_us);
/* Running, and not paused. */
bool sim_is_awake(const struct world *machine);
void sim_start(struct world *machine);
/* Feeds one input, then node_turn as drawn; a node that stops without an injected reason is a
 * finding. No-op if the machine is off. */
void sim_feed(struct world *machine, struct input *input);
/* All links whole, all machines on, no more faults. */
void sim_heal(struct sim *sim);

struct world *sim_machine_of(struct sim *sim, uint64_t journal);
/* Signs as `machine` (or as the authority) the way this seed does. */
void sim_sign(struct sim *sim, const uint8_t public_key[32], const uint8_t secret_key[64],
              struct bytes body, uint8_t signature[64]);
bool sim_signature_holds(struct sim *sim, const struct signature_check *check);
void sim_make_keys(struct sim *sim, struct random_stream *random, uint8_t public_key[32],
                   uint8_t secret_key[64]);

/* Records and prints a broken invariant; the run ends soon after. */
void sim_finding(struct sim *sim, const char *invariant, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* One line of the list of what happened: a step, or what a till asks. */
void sim_narrate(struct sim *sim, const struct step *step);
/* Printed when loud. */
void sim_tell(struct sim *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));
void sim_note(struct sim *sim, uint64_t value); /* into the trace */

static inline uint64_t sim_ms(const struct sim *sim)
{
    return sim->now_us / 1000;
}

#endif
