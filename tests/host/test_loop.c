/* What the loop does with requests, commits, signals, peers, and a head that nobody confirmed. */
#include "scripted_node.h"

/* ---- requests, commits, answers ---- */

static void stop_after_first_answer(void)
{
    if (answer_count > 0 && !node.draining) {
        stop_now();
    }
}

static void a_command_is_answered_once_its_row_is_durable(void **state)
{
    (void)state;
    struct request request;
    ask(&request, 41, COMMAND_SPEND);
    node.at_tick = stop_after_first_answer;
    assert_int_equal(run(), LOOP_STOPPED);
    assert_int_equal(answer_count, 1);
    assert_int_equal(answers[0].number, 41);
    assert_int_equal(answers[0].answer.verdict, VERDICT_ALLOWED);
    assert_int_equal(answers[0].commits, 1);
    uint8_t memory[16];
    struct buffer value = BUFFER_OVER(memory);
    assert_int_equal(world_load(&world, bytes_of("row", 3), &value), STATUS_OK);
    assert_memory_equal(memory, "value", 5);
}

static void a_failed_commit_ends_the_loop_and_leaves_what_was_asked_unknown(void **state)
{
    (void)state;
    struct rlimit before;
    struct request requests[2];
    ask(&requests[0], 7, COMMAND_TOP_UP);
    ask(&requests[1], 8, COMMAND_SPEND);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    struct rlimit none = {.rlim_cur = 0, .rlim_max = before.rlim_max};
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    struct loop *loop = loop_new(&parts);
    enum loop_end end = loop_run(loop);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(end, LOOP_FAILED);
    assert_int_equal(loop_commit_failure(loop), STATUS_UNKNOWN);
    loop_free(loop);
    assert_int_equal(answer_count, 2);
    assert_int_equal(answers[0].number, 7);
    assert_int_equal(answers[0].answer.kind, COMMAND_TOP_UP);
    assert_true(answers[0].answer.unknown);
    assert_int_equal(answers[1].number, 8);
    assert_true(answers[1].answer.unknown);
}

static void stop_at_tick_20(void)
{
    if (node.ticks == 20) {
        refill = false;
        stop_now();
    }
}

static void a_flood_of_requests_starves_no_tick_and_no_turn(void **state)
{
    (void)state;
    refill = true;
    for (uint64_t i = 0; i < REQUESTS_QUEUED_MAX; i++) {
        ask(&flood[i], i, COMMAND_SPEND);
    }
    node.at_tick = stop_at_tick_20;
    assert_int_equal(run(), LOOP_STOPPED);
    assert_in_range(node.most_requests_a_turn, 1, 64);
    assert_true(answer_count > REQUESTS_QUEUED_MAX);
}

/* ---- stopping ---- */

static struct request late;

static void stop_with_a_request_on_its_way(void)
{
    if (node.ticks == 3) {
        ask(&late, 77, COMMAND_REFUND);
        stop_now();
    }
}

static void the_first_signal_lets_what_was_asked_be_answered_and_writes_the_head(void **state)
{
    (void)state;
    node.head = (struct node_head){.seq = 12, .hlc = 34, .day = 56};
    node.at_tick = stop_with_a_request_on_its_way;
    assert_int_equal(run(), LOOP_STOPPED);
    assert_true(node.draining);
    assert_int_equal(answer_count, 1);
    assert_int_equal(answers[0].answer.verdict, VERDICT_ALLOWED);
    assert_true(head_keeper_stop(parts.heads));
    parts.heads = NULL;
    struct head_record head;
    struct explanation why = {""};
    assert_int_equal(head_file_read(scratch_in(folder, "head"), &head, &why), STATUS_OK);
    assert_int_equal(head.journal, journal_of(5, 1));
    assert_int_equal(head.seq, 13);
    assert_int_equal(head.hlc, 34);
    uint8_t memory[256];
    struct buffer body = BUFFER_OVER(memory);
    assert_int_equal(head_signed_bytes(&parts.network, head.journal, head.seq, &head.id, &body),
                     STATUS_OK);
    struct public_keys keys = key_store_public(world.keys);
    assert_true(signature_holds(buffer_bytes(&body), head.signature, keys.journal));
}

static void stop_again_and_again(void)
{
    if (node.ticks == 3 || node.ticks == 5) {
        stop_now();
    }
}

static void the_second_signal_ends_it_at_once(void **state)
{
    (void)state;
    node.never_idle = true;
    node.at_tick = stop_again_and_again;
    assert_int_equal(run(), LOOP_ABANDONED);
    assert_in_range(node.ticks, 5, 7);
}

static void progress_nothing(const struct node_view *view)
{
    assert_int_equal(view->auth_seq, 1);
    node.view.peers = 1;
    node.view.synced = true;
}

static void a_run_until_synced_ends_by_itself(void **state)
{
    (void)state;
    parts.until_synced = true;
    parts.progress = progress_nothing;
    assert_int_equal(run(), LOOP_STOPPED);
    assert_true(node.draining);
}

/* ---- a head that nobody has confirmed ---- */

static struct request before_it;
static struct request query_before;
static struct request after_it;

static void confirm_in_the_middle(void)
{
    if (node.ticks == 1) {
        ask(&before_it, 1, COMMAND_SPEND);
        ask(&query_before, 2, QUERY_ACCOUNT);
    }
    if (answer_count == 2 && node.view.peers == 0) {
        assert_false(health.ready);
        node.view.peers = 1;
        node.view.synced = true;
    }
    if (answer_count == 2 && access(parts.unconfirmed_path, F_OK) != 0) {
        ask(&after_it, 3, COMMAND_SPEND);
        node.at_tick = stop_with_a_request_on_its_way;
        node.ticks = 0;
    }
}

static void money_waits_until_a_peer_has_confirmed_the_head(void **state)
{
    (void)state;
    scratch_write(parts.unconfirmed_path, "x", 1);
    node.at_tick = confirm_in_the_middle;
    assert_int_equal(run(), LOOP_STOPPED);
    assert_int_equal(answers[0].number, 1);
    assert_int_equal(answers[0].answer.verdict, REFUSED_READ_ONLY);
    assert_int_equal(answers[1].number, 2);
    assert_int_equal(answers[1].answer.verdict, VERDICT_ALLOWED);
    assert_int_equal(answers[2].number, 3);
    assert_int_equal(answers[2].answer.verdict, VERDICT_ALLOWED);
}

static void what_was_done_before_is_repeated_even_while_money_waits(void **state)
{
    (void)state;
    struct request request = {
        .number = 9, .kind = COMMAND_SPEND, .ticket = {.bytes = {KNOWN_TICKET}}};
    scratch_write(parts.unconfirmed_path, "x", 1);
    assert_true(inbox_put(parts.inbox, &request));
    node.at_tick = stop_after_first_answer;
    assert_int_equal(run(), LOOP_STOPPED);
    assert_int_equal(answers[0].answer.verdict, VERDICT_ALLOWED);
}

static void stop_after_two_seconds(void)
{
    if (node.ticks == 40) {
        stop_now();
    }
}

static void a_head_that_a_peer_refutes_must_be_confirmed_after_the_next_start_too(void **state)
{
    (void)state;
    node.head.seq = 3;
    node.view.read_only = true;
    node.at_tick = stop_after_two_seconds;
    assert_int_equal(run(), LOOP_STOPPED);
    assert_int_equal(access(parts.unconfirmed_path, F_OK), 0);
}

/* A peer that never saw the newer blocks is level with us, and its word is worth nothing any more.
 */
static void a_refuted_head_is_not_confirmed_by_who_knows_less(void **state)
{
    (void)state;
    node.head.seq = 3;
    node.view.read_only = true;
    node.at_tick = stop_after_two_seconds;
    assert_int_equal(run(), LOOP_STOPPED);
    node.view.read_only = false;
    node.view.peers = 1;
    node.view.synced = true;
    node.ticks = 0;
    assert_int_equal(run(), LOOP_STOPPED);
    assert_int_equal(access(parts.unconfirmed_path, F_OK), 0);
}

static void a_read_only_node_leaves_its_head_file_alone(void **state)
{
    (void)state;
    parts.read_only = true;
    node.head.seq = 3;
    node.at_tick = stop_after_two_seconds;
    assert_int_equal(run(), LOOP_STOPPED);
    assert_int_equal(head_keeper_counters(parts.heads).writes, 0);
}

/* ---- signatures ---- */

static void verify_two(void)
{
    static uint8_t public_key[32];
    static uint8_t secret_key[64];
    static uint8_t signature[64];
    static const uint8_t body[] = "body";
    if (node.ticks == 1) {
        crypto_sign_keypair(public_key, secret_key);
        crypto_sign_detached(signature, NULL, body, sizeof body, secret_key);
        struct signature_check checks[2] = {
            {bytes_of(body, sizeof body), signature, public_key},
            {bytes_of(body, sizeof body - 1), signature, public_key},
        };
        world_verify(&world, 500, &checks[0], 1);
        memset(&checks[0], 0, sizeof checks[0]);
        /* One bad signature spoils the list. */
        checks[0] = (struct signature_check){bytes_of(body, sizeof body), signature, public_key};
        world_verify(&world, 501, checks, 2);
    }
    if (node.verified[0] + node.verified[1] == 2 && !node.draining) {
        stop_now();
    }
}

static void checked_signatures_come_back_good_or_not(void **state)
{
    (void)state;
    node.at_tick = verify_two;
    assert_int_equal(run(), LOOP_STOPPED);
    assert_int_equal(node.verified[1], 1);
    assert_int_equal(node.verified[0], 1);
    assert_int_equal(node.last_token, 501);
}

/* ---- what is published ---- */

static void stop_once_published(void)
{
    if (metrics_text[0] != '\0' && !node.draining) {
        stop_now();
    }
}

/* Every sample belongs to the metric that the last HELP and TYPE named. */
static void assert_metrics_are_well_formed(void)
{
    char name[128] = "";
    char type[32] = "";
    uint32_t samples = 0;
    for (const char *line = metrics_text; *line != '\0'; line = strchr(line, '\n') + 1) {
        assert_non_null(strchr(line, '\n'));
        if (strncmp(line, "# HELP ", 7) == 0) {
            assert_int_equal(sscanf(line + 7, "%127s", name), 1);
        } else if (strncmp(line, "# TYPE ", 7) == 0) {
            char same[128];
            assert_int_equal(sscanf(line + 7, "%127s %31s", same, type), 2);
            assert_string_equal(same, name);
            bool total = strlen(name) > 6 && strcmp(name + strlen(name) - 6, "_total") == 0;
            assert_int_equal(total, strcmp(type, "counter") == 0);
        } else {
            assert_int_equal(strncmp(line, name, strlen(name)), 0);
            assert_true(strncmp(line, "tally_", 6) == 0 || strncmp(line, "process_", 8) == 0);
            samples += 1;
        }
    }
    assert_true(samples > 60);
}

static void health_and_metrics_are_published(void **state)
{
    (void)state;
    static const char name[] = "a\"b\\c\nd";
    node.journal = (struct journal_view){.journal = journal_of(3, 2), .seq = 17};
    memcpy(node.journal.name, name, sizeof name - 1);
    node.journal.name_size = sizeof name - 1;
    node.at_tick = stop_once_published;
    assert_int_equal(run(), LOOP_STOPPED);
    assert_true(health.alive);
    assert_true(health.ready);
    assert_string_equal(health.reason, "");
    assert_int_equal(zone, 480);
    assert_metrics_are_well_formed();
    assert_non_null(
        strstr(metrics_text, "tally_journal_seq{journal=\"3.2\",name=\"a\\\"b\\\\c\\nd\"} 17\n"));
    assert_non_null(strstr(metrics_text, "tally_http_responses_total{class=\"4xx\"} 1\n"));
    assert_non_null(strstr(metrics_text, "tally_commit_seconds_bucket{le=\"+Inf\"} "));
}

static void a_read_only_node_is_alive_and_not_ready(void **state)
{
    (void)state;
    node.view.read_only = true;
    node.at_tick = stop_once_published;
    assert_int_equal(run(), LOOP_STOPPED);
    assert_true(health.alive);
    assert_false(health.ready);
    assert_non_null(strstr(health.reason, "re-enrol"));
}

/* ---- peers ---- */

static struct bus *other;
static struct admission *other_admission;
static struct curve_keys other_keys;
static uint32_t other_link;
static uint32_t other_ups;
static uint32_t other_downs;

static void open_other(const char *listen)
{
    struct explanation why = {""};
    struct transport_key ours;
    other_link = 0;
    other_ups = 0;
    other_downs = 0;
    crypto_box_keypair(other_keys.public_key, other_keys.secret_key);
    other_admission = admission_new();
    memcpy(ours.bytes, own_keys.public_key, sizeof ours.bytes);
    assert_true(admission_set(other_admission, &ours, true));
    struct bus_options options = {
        .listen = listen, .keys = other_keys, .admission = other_admission};
    assert_int_equal(bus_open(&options, &other, &why), STATUS_OK);
}

static void close_other(void)
{
    bus_close(other);
    admission_free(other_admission);
}

static void turn_other(void)
{
    struct bus_event event;
    bus_round(other, clock_monotonic_ms(), 32);
    while (bus_take(other, &event)) {
        other_link = event.kind == BUS_LINK_UP ? event.link : other_link;
        other_ups += event.kind == BUS_LINK_UP;
        other_downs += event.kind == BUS_LINK_DOWN;
    }
}

static void other_dials_us(void)
{
    char endpoint[64];
    struct line_target target;
    struct transport_key ours;
    memcpy(ours.bytes, own_keys.public_key, sizeof ours.bytes);
    (void)snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%u", (unsigned)bus_port(world.bus));
    assert_true(line_target_set(&target, endpoint, &ours));
    bus_dial(other, &target, 1);
}

static struct request revoking;

static void talk_and_be_revoked(void)
{
    turn_other();
    if (other_ups == 1 && node.ups == 1 && node.frames == 0) {
        bus_send(other, other_link, CHANNEL_CONTROL, bytes_of("\x90", 1));
    }
    if (node.frames > 0 && revoking.number == 0) {
        memset(&node.admitted, 0, sizeof node.admitted);
        ask(&revoking, 1, COMMAND_SPEND);
    }
    if (node.downs == 1 && other_downs == 1 && !node.draining) {
        stop_now();
    }
}

static void a_guest_of_an_invitation_gets_in_and_is_out_with_the_commit_that_ends_it(void **state)
{
    (void)state;
    memset(&revoking, 0, sizeof revoking);
    open_other(NULL);
    memcpy(node.admitted.bytes, other_keys.public_key, sizeof node.admitted.bytes);
    other_dials_us();
    node.at_tick = talk_and_be_revoked;
    assert_int_equal(run(), LOOP_STOPPED);
    assert_memory_equal(node.peer.bytes, other_keys.public_key, 32);
    assert_false(node.dialed);
    assert_int_equal(node.ups, 1);
    close_other();
}

static void stop_once_dialled(void)
{
    turn_other();
    if (node.ups == 1 && other_ups == 1 && !node.draining) {
        stop_now();
    }
}

static void set_contact(struct node_contact *contact, uint64_t journal, uint16_t port)
{
    char endpoint[ENDPOINT_SIZE_MAX + 1];
    int size = snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%u", (unsigned)port);
    *contact = (struct node_contact){.journal = journal, .endpoint_size = (uint32_t)size};
    memcpy(contact->endpoint, endpoint, (size_t)size);
    memcpy(contact->transport_key, other_keys.public_key, 32);
}

static void the_elder_of_two_branches_is_dialled(void **state)
{
    (void)state;
    open_other("tcp://127.0.0.1:0");
    set_contact(&node.contacts[0], journal_of(4, 1), bus_port(other));
    node.contact_count = 1;
    node.at_tick = stop_once_dialled;
    assert_int_equal(run(), LOOP_STOPPED);
    assert_true(node.dialed);
    assert_memory_equal(node.peer.bytes, other_keys.public_key, 32);
    close_other();
}

static void stop_at_tick_30(void)
{
    turn_other();
    if (node.ticks == 30) {
        stop_now();
    }
}

static void the_younger_of_two_branches_is_waited_for(void **state)
{
    (void)state;
    open_other("tcp://127.0.0.1:0");
    (void)snprintf(config.peer_advertise, sizeof config.peer_advertise, "tcp://127.0.0.1:9");
    set_contact(&node.contacts[0], journal_of(6, 1), bus_port(other));
    node.contact_count = 1;
    node.at_tick = stop_at_tick_30;
    assert_int_equal(run(), LOOP_STOPPED);
    assert_int_equal(bus_counters(world.bus).lines.attempts, 0);
    assert_int_equal(dialer_contact_count(parts.dialer), 1);
    close_other();
}

static void who_cannot_be_dialled_dials_the_younger_too(void **state)
{
    (void)state;
    open_other("tcp://127.0.0.1:0");
    config.peer_advertise[0] = '\0';
    set_contact(&node.contacts[0], journal_of(6, 1), bus_port(other));
    node.contact_count = 1;
    node.at_tick = stop_once_dialled;
    assert_int_equal(run(), LOOP_STOPPED);
    assert_true(node.dialed);
    close_other();
}

static void a_listed_address_replaces_the_one_that_the_authority_names(void **state)
{
    (void)state;
    open_other("tcp://127.0.0.1:0");
    set_contact(&node.contacts[0], journal_of(6, 1), 9); /* nobody listens there */
    node.contact_count = 1;
    config.peers_auto = false;
    config.peers_office = false;
    config.peer_count = 1;
    (void)snprintf(config.peers[0], sizeof config.peers[0], "6@tcp://127.0.0.1:%u",
                   (unsigned)bus_port(other));
    node.at_tick = stop_once_dialled;
    assert_int_equal(run(), LOOP_STOPPED);
    assert_true(node.dialed);
    close_other();
}

static void before_the_authority_is_known_the_office_of_the_identity_file_is_dialled(void **state)
{
    (void)state;
    open_other("tcp://127.0.0.1:0");
    (void)snprintf(identity.office_endpoint, sizeof identity.office_endpoint, "tcp://127.0.0.1:%u",
                   (unsigned)bus_port(other));
    memcpy(identity.office_transport_key, other_keys.public_key, 32);
    node.at_tick = stop_once_dialled;
    assert_int_equal(run(), LOOP_STOPPED);
    assert_true(node.dialed);
    close_other();
}

#define with_machine(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_machine(a_command_is_answered_once_its_row_is_durable),
        with_machine(a_failed_commit_ends_the_loop_and_leaves_what_was_asked_unknown),
        with_machine(a_flood_of_requests_starves_no_tick_and_no_turn),
        with_machine(the_first_signal_lets_what_was_asked_be_answered_and_writes_the_head),
        with_machine(the_second_signal_ends_it_at_once),
        with_machine(a_run_until_synced_ends_by_itself),
        with_machine(money_waits_until_a_peer_has_confirmed_the_head),
        with_machine(what_was_done_before_is_repeated_even_while_money_waits),
        with_machine(a_head_that_a_peer_refutes_must_be_confirmed_after_the_next_start_too),
        with_machine(a_refuted_head_is_not_confirmed_by_who_knows_less),
        with_machine(a_read_only_node_leaves_its_head_file_alone),
        with_machine(checked_signatures_come_back_good_or_not),
        with_machine(health_and_metrics_are_published),
        with_machine(a_read_only_node_is_alive_and_not_ready),
        with_machine(a_guest_of_an_invitation_gets_in_and_is_out_with_the_commit_that_ends_it),
        with_machine(the_elder_of_two_branches_is_dialled),
        with_machine(the_younger_of_two_branches_is_waited_for),
        with_machine(who_cannot_be_dialled_dials_the_younger_too),
        with_machine(a_listed_address_replaces_the_one_that_the_authority_names),
        with_machine(before_the_authority_is_known_the_office_of_the_identity_file_is_dialled),
    };
    if (sodium_init() < 0) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
