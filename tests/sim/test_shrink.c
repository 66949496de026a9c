/* A failing run can be listed, made short, written down and replayed. The bug is planted at the
 * seam: a disk that now and then reports a commit as done and loses it. */
#include "plan.h"
#include "run.h"
#include "shrink.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS_MAX = 30, SECONDS_MAX = 120, LOG_STEPS = 100000 };

static struct census census;

static struct run_result run_with(const struct plan *plan, struct step_log *log)
{
    return run_plan(plan, &(struct run_options){.log = log}, &census);
}

static void a_run_with_its_steps_listed_is_the_same_run(void **state)
{
    (void)state;
    struct step_log log = {.capacity = LOG_STEPS, .steps = calloc(LOG_STEPS, sizeof(struct step))};
    assert_non_null(log.steps);
    for (uint64_t seed = 11; seed <= 14; seed++) {
        struct plan plan = plan_of(seed, false);
        log.count = 0;
        struct run_result drawn = run_with(&plan, &log);
        assert_int_equal(drawn.findings, 0);
        assert_true(log.count > 0 && log.count < log.capacity);
        plan.given = true;
        plan.steps = log.steps;
        plan.step_count = log.count;
        struct run_result given = run_with(&plan, NULL);
        assert_int_equal(given.findings, 0);
        assert_true(given.steps == drawn.steps && given.trace == drawn.trace);
    }
    free(log.steps);
}

static void a_planted_bug_is_told_in_a_few_steps_and_replayed_from_a_file(void **state)
{
    (void)state;
    struct plan plan = {0};
    struct shrunk shrunk = {0};
    for (uint64_t seed = 1; seed <= 20 && !shrunk.failed; seed++) {
        plan = plan_of(seed, false);
        plan.lying_disk = true;
        shrunk = shrink_plan(&plan, SECONDS_MAX);
    }
    assert_true(shrunk.failed);
    assert_true(shrunk.steps_before > shrunk.steps);
    assert_in_range(shrunk.steps, 1, STEPS_MAX);

    FILE *file = tmpfile();
    assert_non_null(file);
    plan_write(&plan, file);
    rewind(file);
    struct plan read = {0};
    assert_true(plan_read(file, &read));
    (void)fclose(file);
    assert_int_equal(read.step_count, plan.step_count);
    struct run_result again = run_with(&read, NULL);
    assert_true(again.findings > 0);
    assert_string_equal(again.invariant, shrunk.invariant);

    /* It is the bug that fails, not the replay. */
    read.lying_disk = false;
    assert_int_equal(run_with(&read, NULL).findings, 0);
    plan_free(&read);
    plan_free(&plan);
}

static void what_is_no_plan_is_refused(void **state)
{
    (void)state;
    FILE *file = tmpfile();
    assert_non_null(file);
    (void)fputs("seed 4\nstep dance storm 0 at 1 a 0 b 0 n 0 value 0\n", file);
    rewind(file);
    struct plan plan;
    assert_false(plan_read(file, &plan));
    (void)fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_with_its_steps_listed_is_the_same_run),
        cmocka_unit_test(a_planted_bug_is_told_in_a_few_steps_and_replayed_from_a_file),
        cmocka_unit_test(what_is_no_plan_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
