/* `tally replay` as a program, against a node that the test plays: a toy ledger behind HTTP, which
 * can be told to lose answers, to refuse, and to lie. */
#include "hash.h"
#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    CONNECTIONS_MAX = 64,
    MESSAGE_SIZE_MAX = 64 * 1024,
    EVENTS_MAX = 4096,
    ANSWERS_MAX = 4096,
    TILL = 7,
    FEED_LIMIT = 50,
};

/* What the fake does wrong. */
struct mischief {
    unsigned lose_every;   /* carries every n-th write out and closes without an answer */
    unsigned busy_every;   /* answers every n-th write with 503 busy first */
    unsigned rights_every; /* refuses every n-th first sale for want of rights, offering 1.00 */
    bool hides_event;      /* leaves one acknowledged sale out of the feed */
    bool adds_event;       /* shows a sale of this till that nobody asked for */
    bool changes_amount;   /* shows one sale with one cent more */
    bool states_differ;    /* shows a state that changes with every question */
    bool refuses_token;
};

struct fake_event {
    const char *type;
    char subject[33];
    char ticket[33];
    int64_t principal;
    int64_t bonus;
};

struct fake_answer {
    char key[100];
    int http;
    char body[512];
};

struct fake_connection {
    int socket;
    size_t size;
    char message[MESSAGE_SIZE_MAX];
};

struct fake {
    struct mischief mischief;
    int listener;
    int wake[2];
    uint16_t port;
    struct fake_connection connections[CONNECTIONS_MAX];
    struct fake_event events[EVENTS_MAX];
    size_t event_count;
    struct fake_answer answers[ANSWERS_MAX];
    size_t answer_count;
    int64_t balances[EVENTS_MAX]; /* by number of account */
    unsigned account_count;
    unsigned writes;
    unsigned sales_refused;
    unsigned questions;
    int64_t issued;
    int64_t spent;
    int64_t topups;
    int64_t sales;
};

static struct fake *fake; /* one a test */

static void add_event(const char *type, const char *subject, const char *key, int64_t principal)
{
    assert_true(fake->event_count < EVENTS_MAX);
    struct fake_event *event = &fake->events[fake->event_count++];
    struct ticket_id ticket = hash_ticket(TILL, bytes_of(key, strlen(key)));
    event->type = type;
    event->principal = principal;
    (void)snprintf(event->subject, sizeof event->subject, "%s", subject);
    (void)sodium_bin2hex(event->ticket, sizeof event->ticket, ticket.bytes, sizeof ticket.bytes);
}

static int64_t amount_of(const json_t *body)
{
    return json_integer_value(json_object_get(json_object_get(body, "amount"), "minor"));
}

static void say(struct fake_answer *answer, int http, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void say(struct fake_answer *answer, int http, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    answer->http = http;
    (void)vsnprintf(answer->body, sizeof answer->body, format, arguments);
    va_end(arguments);
}

static void sell(struct fake_answer *answer, const char *subject, int64_t *balance, int64_t amount)
{
    if (fake->mischief.rights_every > 0 && strstr(answer->key, "-sale-0") != NULL &&
        ++fake->sales_refused % fake->mischief.rights_every == 0) {
        say(answer, 409, "{\"code\":\"rights\",\"offer\":{\"minor\":100},\"status\":409}");
        return;
    }
    if (amount > *balance) {
        say(answer, 409, "{\"code\":\"balance\",\"usable_here\":{\"minor\":%" PRId64 "}}",
            *balance);
        return;
    }
    *balance -= amount;
    fake->spent += amount;
    fake->sales++;
    add_event("spend", subject, answer->key, amount);
    say(answer, 201,
        "{\"event\":\"2.1-%zu-0\",\"at\":\"2026-11-21T21:59:53.123Z\","
        "\"principal\":{\"minor\":%" PRId64 "},\"bonus\":{\"minor\":0},\"pulled_ms\":0}",
        fake->event_count, amount);
}

static void write_to_ledger(struct fake_answer *answer, const char *target, const json_t *body)
{
    const char *card = json_string_value(json_object_get(body, "card"));
    unsigned number = card == NULL ? 0 : (unsigned)strtoul(card + 1, NULL, 10);
    char subject[33];
    assert_true(number <= fake->account_count);
    (void)snprintf(subject, sizeof subject, "%032x", number);
    if (strcmp(target, "/v1/members") == 0) {
        add_event("member_enrol", "000000000000000000000000000000aa", answer->key, 0);
        say(answer, 201,
            "{\"member\":\"000000000000000000000000000000aa\",\"event\":\"2.1-%zu-0\"}",
            fake->event_count);
    } else if (strcmp(target, "/v1/cards") == 0) {
        number = ++fake->account_count;
        (void)snprintf(subject, sizeof subject, "%032x", number);
        add_event("account_open", subject, answer->key, 0);
        say(answer, 201,
            "{\"card\":\"8%015u\",\"account\":\"%s\",\"member\":\"aa\",\"event\":\"2.1-%zu-0\"}",
            number, subject, fake->event_count);
    } else if (strcmp(target, "/v1/topups") == 0) {
        fake->balances[number] += amount_of(body);
        fake->issued += amount_of(body);
        fake->topups++;
        assert_string_equal(json_string_value(json_object_get(body, "tender")), "other");
        add_event("topup", subject, answer->key, amount_of(body));
        say(answer, 201,
            "{\"event\":\"2.1-%zu-0\",\"principal\":{\"minor\":%" PRId64
            "},\"bonus\":{\"minor\":0}}",
            fake->event_count, amount_of(body));
    } else {
        assert_string_equal(target, "/v1/spends");
        sell(answer, subject, &fake->balances[number], amount_of(body));
    }
}

/* NULL: close without an answer. */
static const struct fake_answer *write_once(const char *target, const char *key, const char *text)
{
    static const struct fake_answer busy = {.http = 503, .body = "{\"code\":\"busy\"}"};
    static struct fake_answer again;
    fake->writes++;
    for (size_t i = 0; i < fake->answer_count; i++) {
        if (strcmp(fake->answers[i].key, key) == 0) {
            const char *rest = fake->answers[i].body + 1;
            say(&again, fake->answers[i].http, "{\"replayed\":true,%.480s", rest);
            return &again;
        }
    }
    if (fake->mischief.busy_every > 0 && fake->writes % fake->mischief.busy_every == 0) {
        return &busy;
    }
    json_t *body = json_loads(text, 0, NULL);
    assert_non_null(body);
    assert_true(fake->answer_count < ANSWERS_MAX);
    struct fake_answer *answer = &fake->answers[fake->answer_count++];
    (void)snprintf(answer->key, sizeof answer->key, "%s", key);
    write_to_ledger(answer, target, body);
    json_decref(body);
    bool lose = fake->mischief.lose_every > 0 && fake->writes % fake->mischief.lose_every == 0;
    return lose ? NULL : answer;
}

static json_t *feed_row(size_t index)
{
    const struct fake_event *event = &fake->events[index];
    bool sale = strcmp(event->type, "spend") == 0;
    int64_t shown = event->principal + (sale && fake->mischief.changes_amount ? 1 : 0);
    char ref[64];
    size_t position = index + 1;
    (void)snprintf(ref, sizeof ref, "2.1-%zu-0", position);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:I, s:{s:I}, s:{s:I}}", "event", ref, "type",
                     event->type, "verdict", "valid", "subject", event->subject, "ticket",
                     event->ticket, "till", TILL, "position", (json_int_t)position, "principal",
                     "minor", (json_int_t)shown, "bonus", "minor", (json_int_t)event->bonus);
}

static json_t *feed_page(const char *target)
{
    const char *after = strstr(target, "after=");
    size_t at = after == NULL ? 0 : strtoul(after + 6, NULL, 10);
    json_t *rows = json_array();
    bool hidden = false;
    if (fake->mischief.adds_event && at == 0) {
        fake->mischief.adds_event = false;
        add_event("spend", fake->events[1].subject, "nobody asked", 5);
    }
    size_t end = at + FEED_LIMIT < fake->event_count ? at + FEED_LIMIT : fake->event_count;
    for (size_t i = at; i < end; i++) {
        bool hide = fake->mischief.hides_event && !hidden && at == 0 &&
                    strcmp(fake->events[i].type, "spend") == 0;
        hidden = hidden || hide;
        if (!hide) {
            (void)json_array_append_new(rows, feed_row(i));
        }
    }
    return json_pack("{s:o, s:b, s:n}", "entries", rows, "more", end < fake->event_count, "cursor");
}

static json_t *read_from_ledger(const char *target)
{
    char state[9];
    (void)snprintf(state, sizeof state, "%08x",
                   fake->mischief.states_differ ? fake->questions++ : 1);
    if (strcmp(target, "/v1/node") == 0) {
        return json_pack("{s:s, s:s, s:s}", "currency", "USD", "frontier", "00ff", "state", state);
    }
    if (strncmp(target, "/v1/feed", 8) == 0) {
        return feed_page(target);
    }
    if (strncmp(target, "/v1/accounts/", 13) == 0) {
        unsigned long number = strtoul(target + 13, NULL, 16);
        assert_in_range(number, 1, fake->account_count);
        return json_pack("{s:{s:I}}", "balance", "minor", (json_int_t)fake->balances[number]);
    }
    if (strcmp(target, "/v1/office/liability") == 0) {
        return json_pack("{s:[{s:i, s:s, s:I, s:I, s:i, s:i, s:I, s:i}]}", "entries", "product", 1,
                         "bucket", "principal", "issued", (json_int_t)fake->issued, "spent",
                         (json_int_t)fake->spent, "refunded", 0, "expired", 0, "held",
                         (json_int_t)(fake->issued - fake->spent), "in_flight", 0);
    }
    assert_string_equal(target, "/v1/office/days");
    return json_pack("{s:[{s:I, s:I, s:I, s:i, s:I, s:i}]}", "entries", "topups",
                     (json_int_t)fake->topups, "sales", (json_int_t)fake->sales, "topup_principal",
                     (json_int_t)fake->issued, "topup_bonus", 0, "sale_principal",
                     (json_int_t)fake->spent, "sale_bonus", 0);
}

static void reply(struct fake_connection *connection, int http, const char *body)
{
    char header[160];
    int size = snprintf(header, sizeof header,
                        "HTTP/1.1 %d X\r\nContent-Type: application/json\r\ncontent-length: %zu\r\n"
                        "\r\n",
                        http, strlen(body));
    /* Two writes: the client must put an answer together from pieces. */
    (void)!send(connection->socket, header, (size_t)size, MSG_NOSIGNAL);
    (void)!send(connection->socket, body, strlen(body), MSG_NOSIGNAL);
}

static void hang_up(struct fake_connection *connection)
{
    (void)close(connection->socket);
    connection->socket = -1;
    connection->size = 0;
}

static void answer_request(struct fake_connection *connection, char *header, const char *body)
{
    char *left = NULL;
    char *method = strtok_r(header, " ", &left);
    char *target = strtok_r(NULL, " ", &left);
    char *rest = left;
    char key[100] = "";
    char *key_at = strstr(rest, "Idempotency-Key: ");
    assert_non_null(strstr(rest, "Authorization: Bearer secret\r\n"));
    if (key_at != NULL) {
        key_at += strlen("Idempotency-Key: ");
        (void)snprintf(key, sizeof key, "%.*s", (int)strcspn(key_at, "\r"), key_at);
    }
    if (fake->mischief.refuses_token) {
        reply(connection, 401, "{\"code\":\"token\"}");
    } else if (strcmp(method, "POST") == 0) {
        assert_string_not_equal(key, "");
        const struct fake_answer *answer = write_once(target, key, body);
        if (answer == NULL) {
            hang_up(connection);
        } else {
            reply(connection, answer->http, answer->body);
        }
    } else {
        json_t *json = read_from_ledger(target);
        char *text = json_dumps(json, JSON_COMPACT);
        reply(connection, 200, text);
        free(text);
        json_decref(json);
    }
}

static void hear(struct fake_connection *connection)
{
    ssize_t got = recv(connection->socket, connection->message + connection->size,
                       sizeof connection->message - connection->size - 1, 0);
    if (got <= 0) {
        hang_up(connection);
        return;
    }
    connection->size += (size_t)got;
    connection->message[connection->size] = '\0';
    char *end = strstr(connection->message, "\r\n\r\n");
    char *length = strstr(connection->message, "Content-Length: ");
    if (end == NULL || length == NULL) {
        return;
    }
    size_t body_size = strtoul(length + strlen("Content-Length: "), NULL, 10);
    if (connection->size >= (size_t)(end + 4 - connection->message) + body_size) {
        connection->size = 0;
        end[2] = '\0';
        answer_request(connection, connection->message, end + 4);
    }
}

static void take_connection(void)
{
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        if (fake->connections[i].socket < 0) {
            fake->connections[i].socket = accept4(fake->listener, NULL, NULL, SOCK_CLOEXEC);
            fake->connections[i].size = 0;
            int on = 1;
            (void)setsockopt(fake->connections[i].socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            return;
        }
    }
    fail_msg("more connections than were asked for");
}

/* False when the test is over. */
static bool play_turn(void)
{
    struct pollfd polls[CONNECTIONS_MAX + 2];
    polls[0] = (struct pollfd){.fd = fake->wake[0], .events = POLLIN};
    polls[1] = (struct pollfd){.fd = fake->listener, .events = POLLIN};
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        polls[i + 2] = (struct pollfd){.fd = fake->connections[i].socket, .events = POLLIN};
    }
    (void)poll(polls, CONNECTIONS_MAX + 2, -1);
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        if (polls[i + 2].revents != 0) {
            hear(&fake->connections[i]);
        }
    }
    if (polls[1].revents != 0) {
        take_connection();
    }
    return polls[0].revents == 0;
}

static void *play_node(void *context)
{
    (void)context;
    while (play_turn()) {
    }
    return NULL;
}

static char folder[SCRATCH_PATH_SIZE];

static int set_up(void **state)
{
    (void)state;
    scratch_make(folder);
    fake = calloc(1, sizeof *fake);
    assert_non_null(fake);
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        fake->connections[i].socket = -1;
    }
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    fake->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr *generic = (struct sockaddr *)(void *)&address;
    assert_int_equal(bind(fake->listener, generic, sizeof address), 0);
    assert_int_equal(listen(fake->listener, 64), 0);
    assert_int_equal(getsockname(fake->listener, generic, &size), 0);
    fake->port = ntohs(address.sin_port);
    assert_int_equal(pipe2(fake->wake, O_CLOEXEC), 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        if (fake->connections[i].socket >= 0) {
            (void)close(fake->connections[i].socket);
        }
    }
    (void)close(fake->listener);
    (void)close(fake->wake[0]);
    (void)close(fake->wake[1]);
    free(fake);
    scratch_remove(folder);
    return 0;
}

static char node_url[64];

/* The program's exit code; what it wrote is in folder/out. `more` is NULL-terminated. The node
 * plays only meanwhile: before and after, the test may touch it without a lock. */
static int run_replay(const char *const *more)
{
    static const char program[] = TALLY_BINARY_DIR "/tally";
    const char *words[32] = {program,   "replay", "--node", node_url,
                             "--token", "secret", "--json", scratch_in(folder, "figures")};
    size_t count = 8;
    (void)snprintf(node_url, sizeof node_url, "http://127.0.0.1:%u", fake->port);
    while (*more != NULL && count < 31) {
        words[count++] = *more++;
    }
    const char *out_path = scratch_in(folder, "out");
    pthread_t player;
    assert_int_equal(pthread_create(&player, NULL, play_node, NULL), 0);
    pid_t pid = fork();
    if (pid == 0) {
        char *arguments[32];
        memcpy(arguments, words, sizeof arguments);
        int out = open(out_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        (void)dup2(out, 1);
        (void)dup2(out, 2);
        (void)execv(program, arguments);
        _exit(127);
    }
    int how = 0;
    assert_int_equal(waitpid(pid, &how, 0), pid);
    char woken = 'x';
    assert_int_equal(write(fake->wake[1], &woken, 1), 1);
    assert_int_equal(pthread_join(player, NULL), 0);
    assert_int_equal(read(fake->wake[0], &woken, 1), 1);
    assert_true(WIFEXITED(how));
    assert_int_not_equal(WEXITSTATUS(how), 127);
    return WEXITSTATUS(how);
}

#define RUN(...) run_replay((const char *const[]){__VA_ARGS__, NULL})
#define PROVE "--prove", node_url, "--alone"

static json_t *figures(void)
{
    json_t *json = json_load_file(scratch_in(folder, "figures"), 0, NULL);
    assert_non_null(json);
    return json;
}

static int64_t figure(const json_t *json, const char *name)
{
    const json_t *value = json_object_get(json, name);
    assert_true(json_is_integer(value));
    return json_integer_value(value);
}

static bool written(const char *text)
{
    size_t size = 0;
    uint8_t *out = scratch_read(scratch_in(folder, "out"), &size);
    bool found = memmem(out, size, text, strlen(text)) != NULL;
    free(out);
    return found;
}

/* How many checks of the proof did not hold. */
static size_t failed_checks(const json_t *json)
{
    const json_t *checks = json_object_get(json_object_get(json, "proof"), "checks");
    size_t failed = 0;
    assert_true(json_array_size(checks) >= 10);
    for (size_t i = 0; i < json_array_size(checks); i++) {
        failed += json_is_true(json_object_get(json_array_get(checks, i), "holds")) ? 0 : 1;
    }
    return failed;
}

static void every_visit_is_sold_and_the_proof_holds(void **state)
{
    (void)state;
    assert_int_equal(RUN("--generate", "300", "--connections", "8", PROVE), 0);
    json_t *json = figures();
    assert_int_equal(figure(json, "baskets"), 300);
    assert_int_equal(figure(json, "visits"), fake->sales);
    assert_int_equal(figure(json, "sold"), fake->spent);
    assert_int_equal(figure(json, "payable"), fake->spent);
    assert_int_equal(figure(json, "visits_refused"), 0);
    assert_int_equal(failed_checks(json), 0);
    json_decref(json);
}

static void a_lost_answer_is_asked_for_again_under_the_same_key(void **state)
{
    (void)state;
    fake->mischief.lose_every = 5;
    assert_int_equal(RUN("--generate", "200", "--connections", "4", PROVE), 0);
    json_t *json = figures();
    const json_t *node = json_array_get(json_object_get(json, "nodes"), 0);
    assert_true(figure(node, "recovered") > 20);
    assert_true(figure(node, "unanswered") >= figure(node, "recovered"));
    assert_int_equal(figure(json, "visits"), fake->sales);
    assert_int_equal(failed_checks(json), 0);
    json_decref(json);
}

static void a_busy_node_is_asked_again(void **state)
{
    (void)state;
    fake->mischief.busy_every = 3;
    assert_int_equal(RUN("--generate", "100", PROVE), 0);
    json_t *json = figures();
    assert_int_equal(figure(json, "visits_sold"), fake->sales);
    assert_int_equal(json_array_size(json_object_get(json, "refusals")), 0);
    json_decref(json);
}

static void a_sale_refused_for_rights_is_counted_topped_up_and_sold(void **state)
{
    (void)state;
    fake->mischief.rights_every = 10;
    assert_int_equal(RUN("--generate", "200", PROVE), 0);
    json_t *json = figures();
    const json_t *reason = json_array_get(json_object_get(json, "refusals"), 0);
    assert_string_equal(json_string_value(json_object_get(reason, "code")), "rights");
    assert_int_equal(figure(reason, "answers"), fake->sales_refused / 10);
    assert_int_equal(figure(reason, "visits"), 0);
    assert_int_equal(figure(json, "rescue_topups"), fake->sales_refused / 10);
    assert_int_equal(figure(json, "visits_sold"), figure(json, "visits"));
    assert_int_equal(failed_checks(json), 0);
    json_decref(json);
}

static void an_acknowledged_sale_that_is_missing_breaks_the_proof(void **state)
{
    (void)state;
    fake->mischief.hides_event = true;
    assert_int_equal(RUN("--generate", "100", PROVE), 1);
    assert_true(written("acknowledged, and not in the feed"));
    assert_true(written("THE PROOF DOES NOT HOLD"));
}

static void a_sale_that_nobody_asked_for_breaks_the_proof(void **state)
{
    (void)state;
    fake->mischief.adds_event = true;
    assert_int_equal(RUN("--generate", "100", PROVE), 1);
    assert_true(written("1 strange ones"));
}

static void another_amount_in_the_feed_breaks_the_proof(void **state)
{
    (void)state;
    fake->mischief.changes_amount = true;
    assert_int_equal(RUN("--generate", "100", PROVE), 1);
    assert_true(written("the event has another type or other amounts"));
}

static void the_same_seed_repeats_the_same_keys(void **state)
{
    (void)state;
    assert_int_equal(RUN("--generate", "100", "--seed", "5"), 0);
    size_t events = fake->event_count;
    assert_int_equal(RUN("--generate", "100", "--seed", "5", PROVE), 0);
    assert_int_equal(fake->event_count, events);
}

static void another_seed_is_other_traffic(void **state)
{
    (void)state;
    assert_int_equal(RUN("--generate", "100", "--seed", "5"), 0);
    int64_t spent = fake->spent;
    assert_int_equal(RUN("--generate", "100", "--seed", "6"), 0);
    assert_int_not_equal(fake->spent, 2 * spent);
}

static void write_baskets(const char *text)
{
    scratch_write(scratch_in(folder, "baskets.csv"), text, strlen(text));
}

static void baskets_with_nothing_to_pay_are_left_out_and_counted(void **state)
{
    (void)state;
    write_baskets("basket_id,household_id,store_id,sales_cents,coupon_disc_cents\n"
                  "11,1,5,1000,0\n12,1,5,0,0\n13,2,6,300,50\n14,2,6,100,130\n");
    assert_int_equal(RUN(scratch_in(folder, "baskets.csv"), PROVE), 0);
    json_t *json = figures();
    assert_int_equal(figure(json, "visits"), 2);
    assert_int_equal(figure(json, "sold"), 1250);
    assert_true(written("14.00 sales - 1.80 coupons + 0.30 coupons beyond their basket = 12.50"));
    assert_int_equal(fake->issued, 10000); /* each card once, the smallest whole 50.00 */
    assert_true(written("nothing to pay"));
    assert_true(written("1400 - 180 coupons - 0 refused - 0 undetermined + 30 of coupons beyond "
                        "their basket = 1250 minor units"));
    assert_int_equal(figure(json, "visits_with_nothing_to_pay"), 2);
    assert_int_equal(figure(json, "sales") - figure(json, "coupons"),
                     figure(json, "sold") - figure(json, "coupons_beyond_their_basket"));
    json_decref(json);
}

static void a_card_is_topped_up_only_by_what_is_missing(void **state)
{
    (void)state;
    write_baskets("basket_id,household_id,store_id,sales_cents,coupon_disc_cents\n"
                  "11,1,5,5000,0\n12,1,5,5001,0\n13,1,5,4999,0\n");
    assert_int_equal(RUN(scratch_in(folder, "baskets.csv"), PROVE), 0);
    assert_int_equal(fake->issued, 15000);
    assert_int_equal(fake->topups, 2);
    assert_int_equal(fake->spent, 15000);
}

static void a_damaged_file_is_refused_with_its_line(void **state)
{
    (void)state;
    write_baskets("basket_id,household_id,store_id,sales_cents,coupon_disc_cents\n"
                  "11,1,5,1000,0\n12,1,5,-7,0\n");
    assert_int_equal(RUN(scratch_in(folder, "baskets.csv")), 2);
    assert_true(written("baskets.csv:3: \"sales_cents\""));
    assert_int_equal(fake->event_count, 0);
}

static void a_refused_token_is_said(void **state)
{
    (void)state;
    fake->mischief.refuses_token = true;
    assert_int_equal(RUN("--generate", "10"), 3);
    assert_true(written("does not accept the token"));
}

static void each_acknowledgement_is_one_line_of_the_log(void **state)
{
    (void)state;
    assert_int_equal(RUN("--generate", "100", "--ack-log", scratch_in(folder, "acks")), 0);
    size_t size = 0;
    uint8_t *log = scratch_read(scratch_in(folder, "acks"), &size);
    size_t lines = 0;
    for (size_t i = 0; i < size; i++) {
        lines += log[i] == '\n' ? 1 : 0;
    }
    assert_int_equal(lines, fake->event_count);
    json_t *first = json_loadb((const char *)log, size, JSON_DISABLE_EOF_CHECK, NULL);
    assert_string_equal(json_string_value(json_object_get(first, "kind")), "enrol");
    assert_string_equal(json_string_value(json_object_get(first, "event")), "2.1-1-0");
    json_decref(first);
    free(log);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_visit_is_sold_and_the_proof_holds),
        TEST(a_lost_answer_is_asked_for_again_under_the_same_key),
        TEST(a_busy_node_is_asked_again),
        TEST(a_sale_refused_for_rights_is_counted_topped_up_and_sold),
        TEST(an_acknowledged_sale_that_is_missing_breaks_the_proof),
        TEST(a_sale_that_nobody_asked_for_breaks_the_proof),
        TEST(another_amount_in_the_feed_breaks_the_proof),
        TEST(the_same_seed_repeats_the_same_keys),
        TEST(another_seed_is_other_traffic),
        TEST(baskets_with_nothing_to_pay_are_left_out_and_counted),
        TEST(a_card_is_topped_up_only_by_what_is_missing),
        TEST(a_damaged_file_is_refused_with_its_line),
        TEST(a_refused_token_is_said),
        TEST(each_acknowledgement_is_one_line_of_the_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
