/* Whole chains under faults: a few seeds each time; ops/check runs more. SEED=N runs one. */
#include "plan.h"
#include "run.h"
#include "scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

enum { SEEDS = 40 };

static struct census total;

static void branches_agree_once_the_storm_is_over(void **state)
{
    (void)state;
    const char *only = getenv("SEED"); /* NOLINT(concurrency-mt-unsafe): one thread */
    if (only != NULL) {
        assert_int_equal(run_seed(strtoull(only, NULL, 10), false, true, &total).findings, 0);
        return;
    }
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        assert_int_equal(run_seed(seed, false, false, &total).findings, 0);
    }
    /* The weather was real: a storm in which nothing happened proves nothing. */
    assert_true(total.counts[CENSUS_CRASHES] > 0);
    assert_true(total.counts[CENSUS_FRAMES_LOST] > 0);
    assert_true(total.counts[CENSUS_PARTITIONS] > 0);
    assert_true(total.counts[CENSUS_PULLED_SPENDS] > 0);
    assert_true(total.counts[CENSUS_REPLAYED_ANSWERS] > 0);
    assert_true(total.counts[CENSUS_ACCOUNTS_COMPARED] > 0);
}

/* Seeds that once found something, whatever they find by now. */
static void a_seed_that_failed_once_does_not_fail_again(void **state)
{
    (void)state;
    FILE *file = fopen(TALLY_SOURCE_DIR "/tests/sim/seeds.txt", "r");
    assert_non_null(file);
    char line[128];
    uint32_t seeds = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        uint64_t seed = strtoull(line, NULL, 10);
        if (seed > 0) {
            assert_int_equal(run_seed(seed, false, false, &total).findings, 0);
            seeds++;
        }
    }
    (void)fclose(file);
    assert_true(seeds > 0);
}

/* Runs that --shrink left behind, step by step: what they once found is found no more. */
static void a_run_that_was_kept_finds_nothing_any_more(void **state)
{
    (void)state;
    glob_t found;
    assert_int_equal(glob(TALLY_SOURCE_DIR "/tests/sim/plans/*.plan", 0, NULL, &found), 0);
    assert_true(found.gl_pathc >= 1);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        FILE *file = fopen(found.gl_pathv[i], "r");
        assert_non_null(file);
        struct plan plan;
        assert_true(plan_read(file, &plan));
        (void)fclose(file);
        assert_int_equal(run_plan(&plan, &(struct run_options){0}, &total).findings, 0);
        plan_free(&plan);
    }
    globfree(&found);
}

static void one_seed_gives_one_run(void **state)
{
    (void)state;
    for (uint64_t seed = 3; seed <= 5; seed++) {
        struct run_result first = run_seed(seed, false, false, &total);
        struct run_result second = run_seed(seed, false, false, &total);
        assert_true(first.trace == second.trace);
        assert_true(first.steps == second.steps && first.steps > 0);
    }
}

static void two_seeds_give_two_runs(void **state)
{
    (void)state;
    assert_true(run_seed(3, false, false, &total).trace != run_seed(4, false, false, &total).trace);
}

static void every_story_comes_out_as_it_is_told(void **state)
{
    (void)state;
    glob_t found;
    assert_int_equal(glob(TALLY_SOURCE_DIR "/tests/scenario/*.txt", 0, NULL, &found), 0);
    assert_true(found.gl_pathc >= 8);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        assert_true(scenario_run(found.gl_pathv[i]));
    }
    globfree(&found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(branches_agree_once_the_storm_is_over),
        cmocka_unit_test(a_seed_that_failed_once_does_not_fail_again),
        cmocka_unit_test(a_run_that_was_kept_finds_nothing_any_more),
        cmocka_unit_test(one_seed_gives_one_run),
        cmocka_unit_test(two_seeds_give_two_runs),
        cmocka_unit_test(every_story_comes_out_as_it_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
