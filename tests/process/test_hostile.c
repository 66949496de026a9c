/* Strangers, and a branch that means harm, at the ports of real daemons: nothing changes, nothing
 * grows, and a till works on meanwhile. */
#include "clock.h"
#include "load.h"
#include "mallory.h"
#include "raw_http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    ROUNDS = 300,         /* of each kind of attack */
    ATTACK_MS_MAX = 2000, /* and no longer */
    PATIENCE_MS = 20 * 1000,
    OPEN_MAX = 8, /* connections left open at a time */
    GROWTH_KIB_MAX = 16 * 1024,
    JUNK_SIZE = 4096,
    QUIET_MS = 150,
    DEEDS_LEAST = 5, /* of the till during each attack */
};

struct stage {
    struct fleet fleet;
    struct load load;
    struct fleet_node guest; /* the branch whose keys the attacker has */
    struct mallory mallory;
    struct dice dice;
    bool busy; /* the till works meanwhile */
    uint64_t until_ms;
    int open[OPEN_MAX];
    size_t opened;
    char request[RAW_REQUEST_SIZE];
};

static struct stage stage;

#if defined(SANITIZED)
static const bool sanitized = true;
#else
static const bool sanitized = false;
#endif

/* Between two blows. False when this attack has lasted long enough. */
static bool breathe(struct stage *on)
{
    if (on->busy) {
        load_turn(&on->load, true, 0);
    }
    return clock_monotonic_ms() < on->until_ms;
}

static void random_bytes(struct stage *on, uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)dice_roll(&on->dice);
    }
}

static uint16_t some_port(struct stage *on)
{
    const struct fleet_node *node = &on->fleet.nodes[dice_between(&on->dice, 0, 1)];
    return (uint16_t)(node->peer_port + dice_between(&on->dice, 0, 1));
}

static void shut_open(struct stage *on)
{
    for (size_t i = 0; i < on->opened; i++) {
        (void)close(on->open[i]);
    }
    on->opened = 0;
}

/* Says it at some peer port and leaves the connection open for a while. */
static void say_at_peer_port(struct stage *on, const void *bytes, size_t size)
{
    if (on->opened == OPEN_MAX) {
        shut_open(on);
    }
    int connection = raw_connect(some_port(on));
    assert_true(connection >= 0);
    raw_send(connection, bytes, size);
    on->open[on->opened++] = connection;
}

/* ---- attacks on the peer ports, without a key ---- */

/* The greeting of ZMTP 3.1 with CURVE. */
static void write_greeting(uint8_t greeting[static 64])
{
    static const uint8_t start[12] = {0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 1};
    memset(greeting, 0, 64);
    memcpy(greeting, start, sizeof start);
    memcpy(greeting + 12, "CURVE", 5);
}

static void random_bytes_at_peer_ports(struct stage *on)
{
    uint8_t junk[JUNK_SIZE];
    for (int i = 0; i < ROUNDS * 2 && breathe(on); i++) {
        size_t size = (size_t)dice_between(&on->dice, 1, JUNK_SIZE);
        random_bytes(on, junk, size);
        say_at_peer_port(on, junk, size);
    }
}

static void half_greetings(struct stage *on)
{
    uint8_t junk[64 + 32];
    for (int i = 0; i < ROUNDS * 2 && breathe(on); i++) {
        write_greeting(junk);
        random_bytes(on, junk + 64, 32);
        say_at_peer_port(on, junk, (size_t)dice_between(&on->dice, 1, sizeof junk));
    }
}

static void oversized_commands(struct stage *on)
{
    static uint8_t junk[64 + 9 + 64 * 1024];
    for (int i = 0; i < ROUNDS && breathe(on); i++) {
        write_greeting(junk);
        junk[64] = dice_between(&on->dice, 0, 1) == 0 ? 0x06 : 0x02; /* long command, or frame */
        random_bytes(on, junk + 65, 8);
        junk[65] = (uint8_t)(junk[65] & 0x7f);
        memcpy(junk + 73, "\5HELLO", 6);
        say_at_peer_port(on, junk, (size_t)dice_between(&on->dice, 73, sizeof junk));
    }
}

static void keys_that_nobody_knows(struct stage *on)
{
    for (size_t i = 0; i < 4 && breathe(on); i++) {
        const struct fleet_node *victim = &on->fleet.nodes[i % on->fleet.count];
        uint64_t until = clock_monotonic_ms() + ATTACK_MS_MAX / 8;
        assert_true(mallory_dial(&on->mallory, victim->dir, victim->peer_port, true));
        while (clock_monotonic_ms() < until && breathe(on)) {
            mallory_turn(&on->mallory, 2);
        }
        assert_int_equal(on->mallory.ups, 0);
        mallory_hang_up(&on->mallory);
    }
}

/* ---- attacks with the key of a branch ---- */

static void await_link(struct stage *on, bool session)
{
    uint64_t until = clock_monotonic_ms() + PATIENCE_MS;
    while (on->mallory.link == 0 || (session && on->mallory.session == 0)) {
        assert_true(clock_monotonic_ms() < until);
        bool was_up = on->mallory.link != 0;
        mallory_turn(&on->mallory, 2);
        if (session && !was_up && on->mallory.link != 0) {
            mallory_say_hello(&on->mallory);
        }
        (void)breathe(on);
    }
}

static void dial(struct stage *on, size_t node, bool session)
{
    const struct fleet_node *victim = &on->fleet.nodes[node];
    on->mallory.ups = 0;
    assert_true(mallory_dial(&on->mallory, victim->dir, victim->peer_port, false));
    await_link(on, session);
    on->until_ms = clock_monotonic_ms() + ATTACK_MS_MAX;
}

/* Lets the victim answer; whoever was thrown out comes in again. */
static void go_on(struct stage *on, bool session)
{
    mallory_turn(&on->mallory, 0);
    if (on->mallory.link == 0) {
        mallory_hang_up(&on->mallory);
        uint64_t until_ms = on->until_ms;
        dial(on, (size_t)dice_between(&on->dice, 0, 1), session);
        on->until_ms = until_ms;
    } else if (session && on->mallory.session == 0) {
        await_link(on, true);
    }
}

static void noise_of_a_branch(struct stage *on)
{
    dial(on, FLEET_OFFICE, false);
    for (int i = 0; i < ROUNDS * 4 && breathe(on); i++) {
        mallory_say_noise(&on->mallory);
        go_on(on, false);
    }
    assert_true(on->mallory.ups > 0);
    mallory_hang_up(&on->mallory);
}

static uint64_t branch_journal(void)
{
    return journal_of(2, 1);
}

static void floods_of_a_branch(struct stage *on)
{
    dial(on, FLEET_BRANCH, true);
    for (int i = 0; i < ROUNDS * 10 && breathe(on); i++) {
        uint64_t session = i % 5 == 0 ? dice_roll(&on->dice) >> 1 : on->mallory.session;
        uint64_t journal = i % 3 == 0 ? dice_roll(&on->dice) >> 16 : branch_journal();
        if (i % 2 == 0) {
            mallory_say_want(&on->mallory, journal == 0 ? 1 : journal, session);
        } else {
            mallory_say_rights_request(&on->mallory, branch_journal(), session);
        }
        go_on(on, true);
    }
    assert_true(on->mallory.frames > 0);
    mallory_hang_up(&on->mallory);
}

static void garbled_messages_of_a_branch(struct stage *on)
{
    dial(on, FLEET_OFFICE, true);
    for (int i = 0; i < ROUNDS * 4 && breathe(on); i++) {
        if (i % 3 == 0) {
            mallory_say_want(&on->mallory, branch_journal(), on->mallory.session);
        } else if (i % 3 == 1) {
            mallory_say_rights_request(&on->mallory, branch_journal(), on->mallory.session);
        } else {
            mallory_say_hello(&on->mallory);
        }
        mallory_say_garbled(&on->mallory);
        go_on(on, true);
    }
    mallory_hang_up(&on->mallory);
}

static void forged_blocks_of_a_branch(struct stage *on)
{
    uint64_t own = journal_of(on->mallory.identity.branch, on->mallory.identity.incarnation);
    struct fleet_view view;
    assert_true(fleet_look(&on->fleet, FLEET_BRANCH, &view));
    dial(on, FLEET_OFFICE, true);
    for (int i = 0; i < ROUNDS * 2 && breathe(on); i++) {
        enum mallory_forgery forgery = (enum mallory_forgery)(i % FORGERY_COUNT);
        bool stranger = forgery == FORGERY_STRANGER;
        uint64_t seq = stranger ? view.head_seq + 1 : 5;
        mallory_say_tips(&on->mallory, stranger ? branch_journal() : own, seq);
        mallory_turn(&on->mallory, 2);
        if (on->mallory.link != 0 && on->mallory.session != 0) {
            mallory_say_block(&on->mallory, forgery, branch_journal(), seq);
        }
        go_on(on, true);
    }
    assert_true(on->mallory.wants > 0);
    mallory_hang_up(&on->mallory);
}

/* ---- attacks on the HTTP port ---- */

static void check_refused(const char *name, int status, const char *answer)
{
    if (status == -1 || (status >= 200 && status < 400) || strstr(answer, "HTTP/1.1 20") != NULL) {
        fail_msg("%s: %d\n%.600s", name, status, answer);
    }
}

static void malformed_requests(struct stage *on)
{
    const struct fleet_node *branch = &on->fleet.nodes[FLEET_BRANCH];
    char answer[RAW_ANSWER_SIZE];
    const char *name = "";
    size_t size = 0;
    on->until_ms = clock_monotonic_ms() + PATIENCE_MS;
    for (size_t row = 0; raw_http_row(row, branch->till_token, on->load.accounts[0].card,
                                      on->request, &size, &name);
         row++) {
        int status = raw_http_say(branch->api_port, on->request, size, QUIET_MS, answer);
        check_refused(name, status, answer);
        assert_true(breathe(on));
    }
}

static void malformed_bodies(struct stage *on)
{
    const struct fleet_node *branch = &on->fleet.nodes[FLEET_BRANCH];
    char answer[RAW_ANSWER_SIZE];
    size_t size = 0;
    const char *body = NULL;
    on->until_ms = clock_monotonic_ms() + PATIENCE_MS;
    for (size_t row = 0; (body = raw_http_body(row, &size)) != NULL; row++) {
        int head = snprintf(on->request, sizeof on->request,
                            "POST /v1/spends HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n"
                            "Content-Type: application/json\r\nIdempotency-Key: hidden-body-%zu\r\n"
                            "Connection: close\r\nContent-Length: %zu\r\n\r\n",
                            branch->till_token, row, size);
        memcpy(on->request + head, body, size);
        int status =
            raw_http_say(branch->api_port, on->request, (size_t)head + size, PATIENCE_MS, answer);
        check_refused(body, status, answer);
        assert_true(status >= 400 && status < 500);
        assert_true(breathe(on));
    }
}

static void random_bytes_at_the_api(struct stage *on)
{
    const struct fleet_node *branch = &on->fleet.nodes[FLEET_BRANCH];
    static const char *const beginnings[] = {"", "GET / HTTP/1.1\r\n",
                                             "POST /v1/spends HTTP/1.1\r\n",
                                             "GET /v1/node HTTP/1.1\r\nHost: "};
    for (int i = 0; i < ROUNDS && breathe(on); i++) {
        const char *beginning = beginnings[i % 4];
        size_t start = strlen(beginning);
        size_t size = start + (size_t)dice_between(&on->dice, 1, 2000);
        memcpy(on->request, beginning, start);
        random_bytes(on, (uint8_t *)on->request + start, size - start);
        if (on->opened == OPEN_MAX) {
            shut_open(on);
        }
        int connection = raw_connect(branch->api_port);
        assert_true(connection >= 0);
        raw_send(connection, on->request, size);
        on->open[on->opened++] = connection;
    }
}

/* ---- the tests ---- */

static const struct attack {
    const char *name;
    void (*run)(struct stage *on);
} attacks[] = {
    {"random bytes at the peer ports", random_bytes_at_peer_ports},
    {"half greetings", half_greetings},
    {"oversized commands", oversized_commands},
    {"keys that nobody knows", keys_that_nobody_knows},
    {"noise of a branch", noise_of_a_branch},
    {"floods of a branch", floods_of_a_branch},
    {"garbled messages of a branch", garbled_messages_of_a_branch},
    {"forged blocks of a branch", forged_blocks_of_a_branch},
    {"malformed requests", malformed_requests},
    {"malformed bodies", malformed_bodies},
    {"random bytes at the API", random_bytes_at_the_api},
};

enum { ATTACKS = sizeof attacks / sizeof attacks[0] };

static void attack_with(struct stage *on, const struct attack *attack)
{
    on->until_ms = clock_monotonic_ms() + ATTACK_MS_MAX;
    on->mallory.ups = 0;
    on->mallory.wants = 0;
    attack->run(on);
    shut_open(on);
}

/* Resident memory of a daemon. */
static uint64_t resident_kib(struct stage *on, size_t node)
{
    char path[64];
    char line[200];
    uint64_t kib = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)on->fleet.nodes[node].daemon.pid);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "VmRSS:", 6) == 0) {
            kib = strtoull(line + 6, NULL, 10);
        }
    }
    (void)fclose(file);
    assert_true(kib > 0);
    return kib;
}

static void check_alive(struct stage *on)
{
    for (size_t i = 0; i < on->fleet.count; i++) {
        assert_true(daemon_alive(&on->fleet.nodes[i].daemon));
    }
}

static void an_attack_changes_nothing_and_memory_does_not_grow(void **state)
{
    uint64_t before_kib[FLEET_NODES_MAX];
    struct fleet_view before;
    struct fleet_view after;
    (void)state;
    stage.busy = false;
    assert_true(fleet_converge(&stage.fleet, PATIENCE_MS, &before));
    for (size_t i = 0; i < stage.fleet.count; i++) {
        before_kib[i] = resident_kib(&stage, i);
    }
    for (size_t i = 0; i < ATTACKS; i++) {
        uint64_t started = clock_monotonic_ms();
        /* The office signs a checkpoint or a lease by itself at times: once more, then. What an
         * attack does it does each time. */
        for (int tries = 0; tries < 3; tries++) {
            assert_true(fleet_converge(&stage.fleet, PATIENCE_MS, &before));
            attack_with(&stage, &attacks[i]);
            check_alive(&stage);
            assert_true(fleet_converge(&stage.fleet, PATIENCE_MS, &after));
            if (strcmp(after.state, before.state) == 0) {
                break;
            }
        }
        assert_string_equal(after.state, before.state);
        assert_string_equal(after.frontier, before.frontier);
        print_message("%-32s nothing changed, %" PRIu64 " ms\n", attacks[i].name,
                      clock_monotonic_ms() - started);
    }
    for (size_t i = 0; i < stage.fleet.count && !sanitized; i++) {
        uint64_t kib = resident_kib(&stage, i);
        print_message("node %zu: %" PRIu64 " KiB before, %" PRIu64 " KiB after\n", i, before_kib[i],
                      kib);
        assert_true(kib <= before_kib[i] + GROWTH_KIB_MAX);
    }
}

static void a_till_works_on_during_every_attack(void **state)
{
    (void)state;
    stage.busy = true;
    for (size_t i = 0; i < ATTACKS; i++) {
        uint64_t done = stage.load.counts.done;
        uint64_t started = clock_monotonic_ms();
        do {
            attack_with(&stage, &attacks[i]);
        } while (stage.load.counts.done < done + DEEDS_LEAST &&
                 clock_monotonic_ms() - started < ATTACK_MS_MAX);
        check_alive(&stage);
        print_message("%-32s %" PRIu64 " of the till's deeds meanwhile\n", attacks[i].name,
                      stage.load.counts.done - done);
        assert_true(stage.load.counts.done >= done + DEEDS_LEAST);
    }
    assert_true(load_resolve(&stage.load, PATIENCE_MS));
    if (!load_check(&stage.load)) {
        fail_msg("%" PRIu64 " wrong, the first: %s", stage.load.counts.wrong, stage.load.wrong);
    }
}

static int set_up(void **state)
{
    char dir[FLEET_TEXT_SIZE_MAX];
    struct explanation explanation = {""};
    struct fleet_view view;
    (void)state;
    (void)snprintf(dir, sizeof dir, "%s/process/hostile", TALLY_BINARY_DIR);
    stage.dice.state = UINT64_C(0x51ab3f2d9c);
    const struct fleet_plan plan = {.branches = 1, .config = "api_connections_per_address = 128"};
    if (fleet_start(&stage.fleet, dir, &plan, &explanation) != STATUS_OK ||
        fleet_join(&stage.fleet, "Mallory", &stage.guest, &explanation) != STATUS_OK) {
        print_error("%s\n", explanation.text);
        return -1;
    }
    bool ready = mallory_become(&stage.mallory, stage.guest.dir, 4711) &&
                 load_start(&stage.load, &stage.fleet, 3);
    /* What is allocated once is allocated before memory is measured. */
    for (int i = 0; i < 100 && ready; i++) {
        load_turn(&stage.load, true, 2);
    }
    stage.load.lanes = 4;
    return ready && load_resolve(&stage.load, PATIENCE_MS) &&
                   fleet_converge(&stage.fleet, PATIENCE_MS, &view)
               ? 0
               : -1;
}

static int tear_down(void **state)
{
    (void)state;
    mallory_end(&stage.mallory);
    load_stop(&stage.load);
    return fleet_stop(&stage.fleet) ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_attack_changes_nothing_and_memory_does_not_grow),
        cmocka_unit_test(a_till_works_on_during_every_attack),
    };
    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
