#include "likeness.h"

#include "row_key.h"
#include "sim.h"

void likeness_check(struct sim *sim, struct world *a, struct world *b)
{
    struct bytes keys[2] = {{0}, {0}};
    struct bytes values[2] = {{0}, {0}};
    for (;;) {
        bool more[2];
        struct world *machines[2] = {a, b};
        for (int i = 0; i < 2; i++) {
            do {
                more[i] = disk_peek(machines[i]->disk, keys[i], &keys[i], &values[i]) == STATUS_OK;
            } while (more[i] && !row_is_replicated(keys[i]));
        }
        if (!more[0] && !more[1]) {
            return;
        }
        if (more[0] != more[1] || !bytes_equal(keys[0], keys[1]) ||
            !bytes_equal(values[0], values[1])) {
            sim_finding(sim, "S11", "machines %u and %u differ in a row of table %c", a->index,
                        b->index, more[0] ? keys[0].data[0] : keys[1].data[0]);
            return;
        }
    }
}
