#include "names.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void well_known_numbers_have_their_names(void **state)
{
    (void)state;
    assert_string_equal(status_name(STATUS_OK), "ok");
    assert_string_equal(status_name(STATUS_TOO_LARGE), "too_large");
    assert_string_equal(event_type_name(EVENT_TOPUP), "topup");
    assert_string_equal(event_type_name(EVENT_SPEND), "spend");
    assert_string_equal(event_type_name(EVENT_RIGHTS_MOVE), "rights_move");
    assert_string_equal(event_type_name(EVENT_JOURNAL_ADMIT), "journal_admit");
    assert_string_equal(bucket_name(BUCKET_PRINCIPAL), "principal");
    assert_string_equal(tender_name(TENDER_BANK_CARD), "bank_card");
    assert_string_equal(freeze_kind_name(FREEZE_LOSS), "loss");
    assert_string_equal(spend_order_name(SPEND_EXPIRY_FIRST), "expiry_first");
    assert_string_equal(event_verdict_name(EVENT_INVALID), "invalid");
    assert_string_equal(invalid_reason_name(INVALID_NOT_COVERED), "not_covered");
    assert_string_equal(verdict_name(VERDICT_ALLOWED), "allowed");
    assert_string_equal(verdict_name(REFUSED_RIGHTS), "rights");
    assert_string_equal(verdict_name(REFUSED_FROZEN), "frozen");
    assert_string_equal(alarm_name(ALARM_JOURNAL_FORK), "journal_fork");
    assert_string_equal(message_name(MESSAGE_RIGHTS_REQ), "rights_req");
    assert_string_equal(member_field_name(FIELD_ID_NUMBER), "id_number");
}

static void numbers_without_a_name_are_unknown(void **state)
{
    (void)state;
    assert_string_equal(status_name((enum status)99), "unknown");
    assert_string_equal(event_type_name(0), "unknown");
    assert_string_equal(event_type_name(65535), "unknown");
    assert_string_equal(bucket_name(0), "unknown");
    assert_string_equal(tender_name(5), "unknown");
    assert_string_equal(freeze_kind_name(0), "unknown");
    assert_string_equal(spend_order_name(4), "unknown");
    assert_string_equal(event_verdict_name(9), "unknown");
    assert_string_equal(invalid_reason_name(21), "unknown");
    assert_string_equal(verdict_name(VERDICT_COUNT), "unknown");
    assert_string_equal(alarm_name(ALARM_COUNT), "unknown");
    assert_string_equal(message_name((enum message_kind)99), "unknown");
    assert_string_equal(member_field_name(0), "unknown");
}

static void every_verdict_and_alarm_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (unsigned a = 0; a < VERDICT_COUNT; a++) {
        assert_string_not_equal(verdict_name((enum verdict)a), "unknown");
        for (unsigned b = 0; b < a; b++) {
            assert_string_not_equal(verdict_name((enum verdict)a), verdict_name((enum verdict)b));
        }
    }
    for (unsigned a = 1; a < ALARM_COUNT; a++) {
        assert_string_not_equal(alarm_name((enum alarm)a), "unknown");
    }
}

static struct bytes text(const char *name)
{
    return bytes_of(name, strlen(name));
}

static void names_lead_back_to_their_numbers(void **state)
{
    (void)state;
    for (unsigned number = 1; number < 300; number++) {
        const char *name = event_type_name((uint16_t)number);
        if (strcmp(name, "unknown") != 0) {
            assert_int_equal(event_type_by_name(text(name)), number);
        }
    }
    assert_int_equal(tender_by_name(text("cash")), TENDER_CASH);
    assert_int_equal(tender_by_name(text("mobile")), TENDER_MOBILE);
    assert_int_equal(tender_by_name(text("other")), TENDER_OTHER);
    assert_int_equal(freeze_kind_by_name(text("court")), FREEZE_COURT);
    assert_int_equal(spend_order_by_name(text("proportional")), SPEND_PROPORTIONAL);
    assert_int_equal(spend_order_by_name(text("expiry_first")), SPEND_EXPIRY_FIRST);
}

static void nothing_else_leads_to_a_number(void **state)
{
    (void)state;
    static const char *const names[] = {"", "unknown", "cas", "cashe", "CASH", "topups", "los"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_int_equal(tender_by_name(text(names[i])), 0);
        assert_int_equal(freeze_kind_by_name(text(names[i])), 0);
        assert_int_equal(event_type_by_name(text(names[i])), 0);
        assert_int_equal(spend_order_by_name(text(names[i])), 255);
    }
    assert_int_equal(tender_by_name(bytes_of("cash\0", 5)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(well_known_numbers_have_their_names),
        cmocka_unit_test(numbers_without_a_name_are_unknown),
        cmocka_unit_test(every_verdict_and_alarm_has_a_name_of_its_own),
        cmocka_unit_test(names_lead_back_to_their_numbers),
        cmocka_unit_test(nothing_else_leads_to_a_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
