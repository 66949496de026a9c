#include "check.h"

#include "peer.h"

enum { JOURNALS = 8 };

static uint64_t has[JOURNALS];
static struct peer peer;

static int start(void **state)
{
    (void)state;
    const uint8_t key[32] = {1};
    peer = (struct peer){.has = has};
    memset(has, 0xff, sizeof has);
    peer_reset(&peer, 9, true, key, JOURNALS);
    peer_establish(&peer, 77, 5, 1000);
    return 0;
}

/* S2: nothing of an earlier session is believed. */
static void a_new_link_forgets_what_the_peer_had(void **state)
{
    (void)state;
    peer.has[3] = 12;
    const uint8_t key[32] = {2};
    peer_reset(&peer, 10, false, key, JOURNALS);
    assert_int_equal(peer.state, PEER_GREETING);
    assert_int_equal(peer.has[3], 0);
    assert_int_equal(peer.link, 10);
    assert_true(peer.tips_full);
}

static void only_a_nearly_level_peer_is_pushed_to(void **state)
{
    (void)state;
    peer.has[2] = 10;
    assert_false(peer_may_push(&peer, 2, 10));
    assert_true(peer_may_push(&peer, 2, 11));
    assert_true(peer_may_push(&peer, 2, 10 + PEER_PUSH_BLOCKS));
    assert_false(peer_may_push(&peer, 2, 11 + PEER_PUSH_BLOCKS));
    peer_pushed(&peer, 2, 11);
    assert_int_equal(peer.has[2], 11);
    assert_false(peer_may_push(&peer, 2, 11));
}

static void a_peer_that_tells_no_tips_is_not_drowned(void **state)
{
    (void)state;
    for (uint64_t seq = 1; seq <= PEER_PUSH_WINDOW; seq++) {
        assert_true(peer_may_push(&peer, 1, seq));
        peer_pushed(&peer, 1, seq);
    }
    assert_false(peer_may_push(&peer, 1, PEER_PUSH_WINDOW + 1));
}

/* S3: one that stalls or lies is asked last, and for ever longer. */
static void wants_that_come_to_nothing_pause_the_peer(void **state)
{
    (void)state;
    *peer_want_free(&peer) = (struct want){.id = 1, .journal = 7, .sent_ms = 1000};
    peer_expire_wants(&peer, 1000 + PEER_WANT_TIMEOUT_MS);
    assert_non_null(peer_want_for(&peer, 7));
    peer_expire_wants(&peer, 1001 + PEER_WANT_TIMEOUT_MS);
    assert_null(peer_want_for(&peer, 7));
    uint64_t now = 1001 + PEER_WANT_TIMEOUT_MS;
    assert_true(peer_is_paused(&peer, now + PEER_PAUSE_MS - 1));
    assert_false(peer_is_paused(&peer, now + PEER_PAUSE_MS));
    *peer_want_free(&peer) = (struct want){.id = 2, .journal = 7, .sent_ms = 0};
    peer_expire_wants(&peer, now);
    assert_true(peer_is_paused(&peer, now + 2 * PEER_PAUSE_MS - 1));
    peer_delivered(&peer);
    assert_false(peer_is_paused(&peer, now));
}

static void there_are_only_so_many_wants(void **state)
{
    (void)state;
    for (uint64_t id = 1; id <= WANTS_PER_PEER_MAX; id++) {
        *peer_want_free(&peer) = (struct want){.id = id, .journal = 100 + id};
    }
    assert_null(peer_want_free(&peer));
    assert_int_equal(peer_want_by_id(&peer, 3)->journal, 103);
    assert_null(peer_want_by_id(&peer, 0));
    assert_null(peer_want_by_id(&peer, 99));
}

static void a_journal_inserted_before_others_moves_what_is_known_of_them(void **state)
{
    (void)state;
    peer.has[0] = 5;
    peer.has[1] = 6;
    peer.has[2] = 7;
    peer_insert(&peer, 1, 3);
    assert_int_equal(peer.has[0], 5);
    assert_int_equal(peer.has[1], 0);
    assert_int_equal(peer.has[2], 6);
    assert_int_equal(peer.has[3], 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_new_link_forgets_what_the_peer_had, start),
        cmocka_unit_test_setup(only_a_nearly_level_peer_is_pushed_to, start),
        cmocka_unit_test_setup(a_peer_that_tells_no_tips_is_not_drowned, start),
        cmocka_unit_test_setup(wants_that_come_to_nothing_pause_the_peer, start),
        cmocka_unit_test_setup(there_are_only_so_many_wants, start),
        cmocka_unit_test_setup(a_journal_inserted_before_others_moves_what_is_known_of_them, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
