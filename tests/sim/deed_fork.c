/* A hostile branch that says of an honest journal that it has two histories. Nobody may believe it:
 * the two headers are not signed with that journal's key. */
#include "deed_parts.h"

#include "auditor.h"
#include "hostile.h"
#include "sim.h"

#include "block_codec.h"

#include <assert.h>
#include <string.h>

void deed_accuse(struct world *machine)
{
    struct sim *sim = machine->sim;
    const struct world *victim =
        &sim->machines[random_below(hostile_random(machine), sim->machine_count)];
    const struct book_journal *journal = book_journal_of(auditor_book(sim), victim->journal);
    if (journal == NULL || victim == machine) {
        return;
    }
    struct event event = hostile_event(machine, EVENT_JOURNAL_FORK, &(struct subject_id){{0}});
    uint8_t headers[2][BLOCK_HEADER_SIZE_MAX];
    uint8_t signatures[2][64];
    for (int i = 0; i < 2; i++) {
        struct block_header header = {.version = 1,
                                      .journal = victim->journal,
                                      .seq = 1,
                                      .hlc = 1 + (uint64_t)i,
                                      .auth = 1,
                                      .rules = 1,
                                      .count = 1,
                                      .size = 8};
        struct buffer out = BUFFER_OVER(headers[i]);
        enum status status = block_header_encode(&header, &out);
        assert(status == STATUS_OK);
        uint8_t body_memory[BLOCK_HEADER_SIZE_MAX + 128];
        struct buffer body = BUFFER_OVER(body_memory);
        status = block_signed_bytes(&sim->network_id, buffer_bytes(&out), &body);
        assert(status == STATUS_OK);
        /* Its own key signs well; it is not the victim's. */
        sim_sign(sim, machine->public_key, machine->secret_key, buffer_bytes(&body), signatures[i]);
        event.body.fork.headers[i] = buffer_bytes(&out);
        event.body.fork.signatures[i] = BYTES_OF(signatures[i]);
    }
    if (random_chance(hostile_random(machine), 5000)) {
        hostile_accuse(machine, &event);
    } else {
        hostile_publish(machine, &event, (struct block_dep){0}, INVALID_BAD_REF);
    }
}
