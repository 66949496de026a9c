/* Chains in which some machines are of an older version. */
#include "plan.h"
#include "run.h"
#include "sim.h"
#include "skew.h"
#include "workload.h"

#include "later.h"
#include "record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>

static void after_an_update_a_node_has_the_rows_of_those_who_knew_at_once(void **state)
{
    (void)state;
    static const uint32_t lacking[] = {SKEW_STOPS, SKEW_REQUESTS, SKEW_STOPS | SKEW_REQUESTS};
    static struct census census;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct plan plan = plan_of(seed, false);
        plan.weather.unknown_types = lacking[seed % 3];
        assert_int_equal(run_plan(&plan, &(struct run_options){0}, &census).findings, 0);
        plan_free(&plan);
    }
    assert_true(census.counts[CENSUS_UPDATED] > 0);
    assert_true(census.counts[CENSUS_UNKNOWN_KEPT] > 0);
    assert_true(census.counts[CENSUS_VERDICT + REFUSED_NEWER_FACT] > 0);
}

static void a_plan_remembers_what_its_older_machines_lack(void **state)
{
    (void)state;
    struct plan plan = plan_of(1, false);
    plan.weather.unknown_types = SKEW_STOPS;
    FILE *file = tmpfile();
    assert_non_null(file);
    plan_write(&plan, file);
    rewind(file);
    struct plan read;
    assert_true(plan_read(file, &read));
    assert_int_equal(read.weather.unknown_types, SKEW_STOPS);
    plan_free(&read);
    plan_free(&plan);
    (void)fclose(file);
}

/* What is folded late is judged by what its writer had named then: at the tip that is the row. */
static void what_a_block_had_named_is_found_in_the_blocks_before_it(void **state)
{
    (void)state;
    static struct census census;
    struct sim_options options = {.seed = 3,
                                  .weather = weather_calm(),
                                  .limits = founding_defaults(),
                                  .topology = TOPOLOGY_MESH};
    struct sim *sim = sim_new(&options, &census);
    (void)sim_add_branch(sim, false);
    (void)sim_add_branch(sim, false);
    sim_run(sim, sim->now_us + 20000000);
    workload_start(sim);
    sim_run(sim, sim->now_us + 30000000);
    assert_int_equal(sim->findings, 0);
    struct node *node = sim->machines[SIM_OFFICE].node;
    uint32_t named = 0;
    for (uint32_t i = 0; i < node->frontier.count; i++) {
        const struct frontier_entry *entry = &node->frontier.entries[i];
        for (uint32_t k = 0; k < node->frontier.count && !journal_is_authority(entry->journal);
             k++) {
            uint64_t from = node->frontier.entries[k].journal;
            struct dep_record dep;
            (void)dep_load(node->rows, entry->journal, from, &dep);
            assert_int_equal(later_named(node->rows, entry->journal, entry->seq, from), dep.seq);
            assert_int_equal(later_named(node->rows, entry->journal, 0, from), 0);
            named += dep.seq > 0 ? 1 : 0;
        }
    }
    assert_true(named > 1);
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(after_an_update_a_node_has_the_rows_of_those_who_knew_at_once),
        cmocka_unit_test(a_plan_remembers_what_its_older_machines_lack),
        cmocka_unit_test(what_a_block_had_named_is_found_in_the_blocks_before_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
