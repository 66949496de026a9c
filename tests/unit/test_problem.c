#include "problem.h"

#include "names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>

static json_t *json_of(struct render *out)
{
    json_error_t error;
    json_t *json = json_loadb(out->data, out->size, JSON_REJECT_DUPLICATES, &error);
    render_free(out);
    assert_non_null(json);
    return json;
}

static json_t *problem_of(const struct answer *answer)
{
    struct render out = {0};
    render_open(&out, NULL, '{');
    verdict_render(&out, answer);
    render_close(&out, '}');
    return json_of(&out);
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

/* Codes and statuses are what programs rely on: they never change. */
static void each_refusal_has_its_stable_status(void **state)
{
    (void)state;
    static const struct {
        enum verdict verdict;
        const char *code;
        unsigned status;
    } table[] = {
        {REFUSED_AMOUNT, "amount", 422},
        {REFUSED_UNKNOWN_CARD, "unknown_card", 404},
        {REFUSED_UNKNOWN_ACCOUNT, "unknown_account", 404},
        {REFUSED_UNKNOWN_MEMBER, "unknown_member", 404},
        {REFUSED_UNKNOWN_PRODUCT, "unknown_product", 404},
        {REFUSED_UNKNOWN_SALE, "unknown_sale", 404},
        {REFUSED_UNKNOWN_HOLD, "unknown_hold", 404},
        {REFUSED_UNKNOWN_BRANCH, "unknown_branch", 404},
        {REFUSED_UNKNOWN_KEY, "unknown_key", 404},
        {REFUSED_REVOKED_CARD, "revoked_card", 409},
        {REFUSED_FROZEN, "frozen", 409},
        {REFUSED_NEWER_FACT, "newer_fact", 409},
        {REFUSED_NOT_FROZEN, "not_frozen", 409},
        {REFUSED_BALANCE, "balance", 409},
        {REFUSED_RIGHTS, "rights", 409},
        {REFUSED_REFUNDABLE, "refundable", 409},
        {REFUSED_OTHER_BRANCH, "other_branch", 409},
        {REFUSED_HOLD_UNTIL, "hold_until", 422},
        {REFUSED_HOLD_AMOUNT, "hold_amount", 409},
        {REFUSED_HOLD_ELSEWHERE, "hold_elsewhere", 409},
        {REFUSED_HOLD_ENDED, "hold_ended", 409},
        {REFUSED_HOLD_OVER, "hold_over", 409},
        {REFUSED_CAP, "cap", 409},
        {REFUSED_LOTS, "lots", 409},
        {REFUSED_MISSING_FIELD, "missing_field", 422},
        {REFUSED_FIELD, "field", 422},
        {REFUSED_NUMBERS, "numbers", 409},
        {REFUSED_SELF, "self", 409},
        {REFUSED_CURRENCY, "currency", 422},
        {REFUSED_ROLE, "role", 403},
        {REFUSED_VERSION, "version", 409},
        {REFUSED_OTHER_MEMBER, "other_member", 409},
        {REFUSED_OTHER_PRODUCT, "other_product", 409},
        {REFUSED_STILL_WRITES, "still_writes", 409},
        {REFUSED_AWAY, "away", 409},
        {REFUSED_NOT_FORKED, "not_forked", 409},
        {REFUSED_ENDED, "ended", 409},
        {REFUSED_KEY_REUSED, "key_reused", 409},
        {REFUSED_UNWITNESSED, "unwitnessed", 409},
        {REFUSED_QUOTA, "quota", 409},
        {REFUSED_SUSPENDED, "suspended", 409},
        {REFUSED_UNKNOWN_MINT, "unknown_mint", 404},
        {REFUSED_BUSY, "busy", 503},
        {REFUSED_SPACE, "space", 507},
        {REFUSED_READ_ONLY, "read_only", 503},
        {REFUSED_LEASE, "lease", 503},
        {REFUSED_RETIRED, "retired", 503},
    };
    assert_int_equal(sizeof table / sizeof table[0], VERDICT_COUNT - 1);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        assert_int_equal(table[i].verdict, i + 1);
        assert_int_equal(verdict_status(table[i].verdict), table[i].status);
        assert_string_equal(verdict_name(table[i].verdict), table[i].code);
    }
}

/* What was refused, why, what to do next: that takes more than a word. */
static void each_refusal_is_explained_to_people(void **state)
{
    (void)state;
    for (enum verdict verdict = REFUSED_AMOUNT; verdict < VERDICT_COUNT; verdict++) {
        struct answer answer = {.kind = COMMAND_SPEND, .verdict = verdict};
        json_t *problem = problem_of(&answer);
        char type[64];
        (void)snprintf(type, sizeof type, "/problems/%s", verdict_name(verdict));
        assert_string_equal(text_of(problem, "type"), type);
        assert_string_equal(text_of(problem, "code"), verdict_name(verdict));
        assert_true(strlen(text_of(problem, "title")) >= 10);
        const char *detail = text_of(problem, "detail");
        assert_true(strlen(detail) >= 40);
        assert_true(strlen(detail) < 390); /* not cut */
        assert_string_equal(detail + strlen(detail) - 1, ".");
        assert_int_equal(json_integer_value(json_object_get(problem, "status")),
                         verdict_status(verdict));
        json_decref(problem);
    }
}

static json_int_t minor_of(const json_t *problem, const char *name)
{
    return json_integer_value(json_object_get(json_object_get(problem, name), "minor"));
}

static void a_refusal_for_rights_offers_what_can_be_taken(void **state)
{
    (void)state;
    struct answer answer = {.verdict = REFUSED_RIGHTS,
                            .currency = {'C', 'N', 'Y'},
                            .offer = 8000,
                            .balance = 12345,
                            .usable_here = 8000};
    json_t *problem = problem_of(&answer);
    assert_int_equal(minor_of(problem, "offer"), 8000);
    assert_int_equal(minor_of(problem, "balance"), 12345);
    assert_non_null(strstr(text_of(problem, "detail"), "80.00 CNY"));
    json_decref(problem);
}

static void a_refusal_for_the_cap_tells_the_headroom(void **state)
{
    (void)state;
    struct answer answer = {.verdict = REFUSED_CAP, .currency = {'J', 'P', 'Y'}, .limit = 700};
    json_t *problem = problem_of(&answer);
    assert_int_equal(minor_of(problem, "limit"), 700);
    assert_non_null(strstr(text_of(problem, "detail"), "700 JPY"));
    json_decref(problem);
}

static void a_missing_field_is_named(void **state)
{
    (void)state;
    struct answer answer = {.verdict = REFUSED_MISSING_FIELD, .field = FIELD_ID_NUMBER};
    json_t *problem = problem_of(&answer);
    assert_string_equal(text_of(problem, "field"), "id_number");
    assert_non_null(strstr(text_of(problem, "detail"), "id_number"));
    json_decref(problem);
}

static void a_stored_refusal_that_is_repeated_says_so(void **state)
{
    (void)state;
    struct answer answer = {.verdict = REFUSED_FROZEN, .replayed = true};
    json_t *problem = problem_of(&answer);
    assert_true(json_is_true(json_object_get(problem, "replayed")));
    json_decref(problem);
}

static void the_api_s_own_refusals_have_codes_of_their_own(void **state)
{
    (void)state;
    for (enum problem a = PROBLEM_TARGET; a < PROBLEM_COUNT; a++) {
        assert_true(problem_status(a) >= 400 && problem_status(a) < 600);
        assert_true(strlen(problem_title(a)) > 10);
        for (enum problem b = a + 1; b < PROBLEM_COUNT; b++) {
            assert_string_not_equal(problem_code(a), problem_code(b));
        }
    }
    assert_string_equal(problem_code(PROBLEM_AMOUNT), "amount");
    assert_string_equal(problem_code(PROBLEM_FIELD), "field");
    assert_string_equal(problem_code(PROBLEM_UNKNOWN), "unknown");
    assert_int_equal(problem_status(PROBLEM_UNKNOWN), 503);
    assert_int_equal(problem_status(PROBLEM_TOKEN), 401);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_refusal_has_its_stable_status),
        cmocka_unit_test(each_refusal_is_explained_to_people),
        cmocka_unit_test(a_refusal_for_rights_offers_what_can_be_taken),
        cmocka_unit_test(a_refusal_for_the_cap_tells_the_headroom),
        cmocka_unit_test(a_missing_field_is_named),
        cmocka_unit_test(a_stored_refusal_that_is_repeated_says_so),
        cmocka_unit_test(the_api_s_own_refusals_have_codes_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
