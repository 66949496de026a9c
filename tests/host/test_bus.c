#include "bus.h"

#include "clock.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    PATIENCE_MS = 20000, /* only a failing test waits so long */
    FRAMES_PER_ROUND = 32,
};

/* One end: a bus and what it has given so far. */
struct end {
    struct bus *bus;
    struct admission *admission;
    struct curve_keys keys;
    struct transport_key key; /* the public half */
    uint32_t link;            /* of the last LINK_UP */
    struct transport_key link_key;
    bool dialed;
    uint32_t ups;
    uint32_t downs;
    uint32_t frames;
    enum channel channel; /* of the last frame */
    struct transport_key frame_key;
    size_t frame_size;
    uint8_t frame[FRAME_SIZE_MAX];
};

static void end_identity(struct end *end)
{
    memset(end, 0, sizeof *end);
    crypto_box_keypair(end->keys.public_key, end->keys.secret_key);
    memcpy(end->key.bytes, end->keys.public_key, sizeof end->key.bytes);
    end->admission = admission_new();
    assert_non_null(end->admission);
}

static void end_open(struct end *end, const char *listen)
{
    struct bus_options options = {.listen = listen, .keys = end->keys, .admission = end->admission};
    struct explanation why = {""};
    if (bus_open(&options, &end->bus, &why) != STATUS_OK) {
        fail_msg("%s", why.text);
    }
}

static void end_close(struct end *end)
{
    bus_close(end->bus);
    end->bus = NULL;
}

static void end_free(struct end *end)
{
    end_close(end);
    admission_free(end->admission);
}

static void admit(struct end *end, const struct end *peer)
{
    assert_true(admission_set(end->admission, &peer->key, true));
}

static struct line_target target_of(const struct end *server, uint16_t port)
{
    struct line_target target;
    char endpoint[64];
    (void)snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%u", (unsigned)port);
    assert_true(line_target_set(&target, endpoint, &server->key));
    return target;
}

static void dial(struct end *client, const struct end *server)
{
    struct line_target target = target_of(server, bus_port(server->bus));
    bus_dial(client->bus, &target, 1);
}

static void take_all(struct end *end)
{
    struct bus_event event;
    bus_round(end->bus, clock_monotonic_ms(), FRAMES_PER_ROUND);
    while (bus_take(end->bus, &event)) {
        switch (event.kind) {
        case BUS_LINK_UP:
            end->ups += 1;
            end->link = event.link;
            end->link_key = event.key;
            end->dialed = event.dialed;
            break;
        case BUS_LINK_DOWN:
            end->downs += 1;
            break;
        case BUS_FRAME:
            end->frames += 1;
            end->channel = event.channel;
            end->frame_key = event.key;
            end->frame_size = event.frame.size;
            memcpy(end->frame, event.frame.data, event.frame.size);
            break;
        }
    }
}

/* One turn of both ends; `b` may be NULL. */
static void turn(struct end *a, struct end *b)
{
    bus_wait(a->bus, NULL, 0, 2);
    take_all(a);
    if (b != NULL && b->bus != NULL) {
        bus_wait(b->bus, NULL, 0, 2);
        take_all(b);
    }
}

/* Turns both ends until the condition holds; fails after PATIENCE_MS. */
#define until(a, b, condition)                                                                     \
    for (uint64_t until_ms = clock_monotonic_ms() + PATIENCE_MS; !(condition);) {                  \
        turn(a, b);                                                                                \
        if (clock_monotonic_ms() > until_ms) {                                                     \
            fail_msg("never came true: %s", #condition);                                           \
        }                                                                                          \
    }

static void connect_ends(struct end *server, struct end *client)
{
    end_identity(server);
    end_identity(client);
    admit(server, client);
    admit(client, server);
    end_open(server, "tcp://127.0.0.1:0");
    end_open(client, NULL);
    dial(client, server);
    until(server, client, server->ups == 1 && client->ups == 1);
}

static void free_ends(struct end *server, struct end *client)
{
    end_free(client);
    end_free(server);
}

static void send_text(struct end *end, enum channel channel, const char *text)
{
    bus_send(end->bus, end->link, channel, bytes_of(text, strlen(text)));
}

static void assert_frame(const struct end *end, enum channel channel, const char *text)
{
    assert_int_equal(end->channel, channel);
    assert_int_equal(end->frame_size, strlen(text));
    assert_memory_equal(end->frame, text, strlen(text));
}

static void assert_keys_equal(const struct transport_key *a, const struct transport_key *b)
{
    assert_memory_equal(a->bytes, b->bytes, sizeof a->bytes);
}

static struct end server;
static struct end client;

static void an_unknown_key_is_refused(void **state)
{
    (void)state;
    end_identity(&server);
    end_identity(&client);
    admit(&client, &server);
    end_open(&server, "tcp://127.0.0.1:0");
    end_open(&client, NULL);
    /* The two refusals of the self-test come first. */
    assert_int_equal(bus_counters(server.bus).zap.refused, 2);
    dial(&client, &server);
    until(&server, &client,
          bus_counters(server.bus).zap.refused >= 3 &&
              bus_counters(client.bus).lines.refusals >= 1);
    assert_int_equal(server.ups + client.ups + server.frames + client.frames, 0);
    assert_int_equal(bus_counters(server.bus).zap.admitted, 0);
    free_ends(&server, &client);
}

static void a_key_that_the_core_knows_when_asked_gets_in(void **state)
{
    (void)state;
    end_identity(&server);
    end_identity(&client);
    admit(&client, &server);
    end_open(&server, "tcp://127.0.0.1:0");
    end_open(&client, NULL);
    admission_attend(server.admission);
    dial(&client, &server);
    uint64_t deadline_ms = clock_monotonic_ms() + PATIENCE_MS;
    while (server.ups == 0 && clock_monotonic_ms() < deadline_ms) {
        struct transport_key key;
        struct pollfd question = {.fd = admission_descriptor(server.admission)};
        bus_wait(server.bus, &question, 1, 2);
        if (question.revents != 0 && admission_next_question(server.admission, &key)) {
            bool known = memcmp(key.bytes, client.key.bytes, sizeof key.bytes) == 0;
            admission_answer(server.admission, &key, known);
        }
        turn(&client, &server);
    }
    assert_int_equal(server.ups, 1);
    assert_keys_equal(&server.link_key, &client.key);
    free_ends(&server, &client);
}

static void frames_pass_both_ways_on_both_channels(void **state)
{
    (void)state;
    connect_ends(&server, &client);
    assert_true(client.dialed);
    assert_false(server.dialed);
    assert_keys_equal(&server.link_key, &client.key);
    assert_keys_equal(&client.link_key, &server.key);
    send_text(&client, CHANNEL_CONTROL, "hello");
    until(&server, &client, server.frames == 1);
    assert_frame(&server, CHANNEL_CONTROL, "hello");
    assert_keys_equal(&server.frame_key, &client.key);
    send_text(&client, CHANNEL_BULK, "much");
    until(&server, &client, server.frames == 2);
    assert_frame(&server, CHANNEL_BULK, "much");
    send_text(&server, CHANNEL_CONTROL, "welcome");
    until(&server, &client, client.frames == 1);
    assert_frame(&client, CHANNEL_CONTROL, "welcome");
    send_text(&server, CHANNEL_BULK, "history");
    until(&server, &client, client.frames == 2);
    assert_frame(&client, CHANNEL_BULK, "history");
    assert_int_equal(server.downs + client.downs, 0);
    free_ends(&server, &client);
}

static void the_largest_frame_arrives_whole(void **state)
{
    (void)state;
    static uint8_t frame[FRAME_SIZE_MAX];
    connect_ends(&server, &client);
    randombytes_buf(frame, sizeof frame);
    frame[0] = 0x92;
    bus_send(client.bus, client.link, CHANNEL_BULK, BYTES_OF(frame));
    until(&server, &client, server.frames == 1);
    assert_int_equal(server.frame_size, sizeof frame);
    assert_memory_equal(server.frame, frame, sizeof frame);
    free_ends(&server, &client);
}

/* A peer with a good key whose program is not ours. */
struct stranger {
    void *context;
    void *sockets[2];
    uint8_t id[LINK_ID_SIZE];
};

static void stranger_connect(struct stranger *stranger, const struct end *who, const struct end *to)
{
    struct line_target target = target_of(to, bus_port(to->bus));
    stranger->context = zmq_ctx_new();
    randombytes_buf(stranger->id, sizeof stranger->id);
    for (int channel = 0; channel < 2; channel++) {
        uint8_t greeting[GREETING_SIZE];
        greeting_write(GREETING_HERE, stranger->id, greeting);
        void *socket = curve_socket_client(stranger->context, &who->keys, &to->key);
        assert_non_null(socket);
        assert_int_equal(zmq_connect(socket, channel == 0 ? target.control : target.bulk), 0);
        assert_true(curve_socket_send(socket, BYTES_OF(greeting)));
        stranger->sockets[channel] = socket;
    }
}

static void stranger_leave(struct stranger *stranger)
{
    curve_socket_close(stranger->sockets[0], NULL);
    curve_socket_close(stranger->sockets[1], NULL);
    (void)zmq_ctx_term(stranger->context);
}

static void open_server_that_admits_client(void)
{
    end_identity(&server);
    end_identity(&client);
    admit(&server, &client);
    end_open(&server, "tcp://127.0.0.1:0");
}

static void a_frame_above_the_bound_is_dropped(void **state)
{
    (void)state;
    static uint8_t frame[FRAME_SIZE_MAX + 1];
    struct stranger stranger;
    open_server_that_admits_client();
    stranger_connect(&stranger, &client, &server);
    until(&server, NULL, server.ups == 1);
    frame[0] = 0x92;
    assert_true(curve_socket_send(stranger.sockets[0], BYTES_OF(frame)));
    until(&server, NULL, bus_counters(server.bus).dropped_oversize == 1);
    assert_true(curve_socket_send(stranger.sockets[0], bytes_of("after", 5)));
    until(&server, NULL, server.frames == 1);
    assert_frame(&server, CHANNEL_CONTROL, "after");
    stranger_leave(&stranger);
    end_free(&server);
    admission_free(client.admission);
}

static void a_message_above_the_wire_bound_ends_the_connection(void **state)
{
    (void)state;
    static uint8_t message[WIRE_MESSAGE_SIZE_MAX + 1024];
    struct stranger stranger;
    open_server_that_admits_client();
    stranger_connect(&stranger, &client, &server);
    until(&server, NULL, server.ups == 1);
    assert_true(curve_socket_send(stranger.sockets[1], BYTES_OF(message)));
    until(&server, NULL, server.downs == 1);
    assert_int_equal(server.frames, 0);
    stranger_leave(&stranger);
    end_free(&server);
    admission_free(client.admission);
}

static void a_message_of_several_parts_is_dropped(void **state)
{
    (void)state;
    struct stranger stranger;
    open_server_that_admits_client();
    stranger_connect(&stranger, &client, &server);
    until(&server, NULL, server.ups == 1);
    assert_int_equal(zmq_send(stranger.sockets[0], "one", 3, ZMQ_SNDMORE), 3);
    assert_int_equal(zmq_send(stranger.sockets[0], "two", 3, ZMQ_SNDMORE), 3);
    assert_int_equal(zmq_send(stranger.sockets[0], "three", 5, 0), 5);
    assert_true(curve_socket_send(stranger.sockets[0], bytes_of("whole", 5)));
    until(&server, NULL, server.frames == 1);
    assert_frame(&server, CHANNEL_CONTROL, "whole");
    assert_int_equal(bus_counters(server.bus).dropped_malformed, 1);
    stranger_leave(&stranger);
    end_free(&server);
    admission_free(client.admission);
}

static void a_broken_greeting_is_no_frame(void **state)
{
    (void)state;
    static const uint8_t broken[][4] = {{0xc1, 1, 9, 0}, {0xc1, 0, 0, 0}, {0xc1, 1, 1, 1}};
    struct stranger stranger;
    open_server_that_admits_client();
    stranger_connect(&stranger, &client, &server);
    until(&server, NULL, server.ups == 1);
    for (size_t i = 0; i < 3; i++) {
        assert_true(curve_socket_send(stranger.sockets[0], BYTES_OF(broken[i])));
    }
    until(&server, NULL, bus_counters(server.bus).dropped_malformed == 3);
    assert_int_equal(server.frames + server.downs, 0);
    stranger_leave(&stranger);
    end_free(&server);
    admission_free(client.admission);
}

static void one_channel_alone_is_no_link(void **state)
{
    (void)state;
    struct stranger stranger;
    open_server_that_admits_client();
    stranger_connect(&stranger, &client, &server);
    until(&server, NULL, server.ups == 1);
    uint8_t greeting[GREETING_SIZE];
    uint8_t other_id[LINK_ID_SIZE] = {7};
    greeting_write(GREETING_HERE, other_id, greeting);
    assert_true(curve_socket_send(stranger.sockets[0], BYTES_OF(greeting)));
    assert_true(curve_socket_send(stranger.sockets[0], bytes_of("early", 5)));
    until(&server, NULL, bus_counters(server.bus).dropped_stale == 1);
    assert_int_equal(server.ups, 1);
    assert_int_equal(server.downs, 1);
    assert_int_equal(server.frames, 0);
    assert_true(curve_socket_send(stranger.sockets[1], BYTES_OF(greeting)));
    until(&server, NULL, server.ups == 2);
    stranger_leave(&stranger);
    end_free(&server);
    admission_free(client.admission);
}

static void the_newest_connection_of_a_key_counts_and_the_older_one_does_not(void **state)
{
    (void)state;
    struct stranger first;
    struct stranger second;
    open_server_that_admits_client();
    stranger_connect(&first, &client, &server);
    until(&server, NULL, server.ups == 1);
    uint32_t first_link = server.link;
    stranger_connect(&second, &client, &server);
    until(&server, NULL, server.ups == 2);
    assert_int_equal(server.downs, 1);
    assert_int_not_equal(server.link, first_link);
    assert_true(curve_socket_send(first.sockets[0], bytes_of("old", 3)));
    until(&server, NULL, bus_counters(server.bus).dropped_stale == 1);
    assert_true(curve_socket_send(second.sockets[0], bytes_of("new", 3)));
    until(&server, NULL, server.frames == 1);
    assert_frame(&server, CHANNEL_CONTROL, "new");
    stranger_leave(&first);
    stranger_leave(&second);
    end_free(&server);
    admission_free(client.admission);
}

static void a_peer_that_goes_and_comes_back_is_another_link(void **state)
{
    (void)state;
    connect_ends(&server, &client);
    uint32_t first_link = server.link;
    end_close(&client);
    until(&server, NULL, server.downs == 1);
    end_open(&client, NULL);
    dial(&client, &server);
    until(&server, &client, server.ups == 2 && client.ups == 2);
    assert_int_not_equal(server.link, first_link);
    send_text(&client, CHANNEL_CONTROL, "again");
    until(&server, &client, server.frames == 1);
    /* The number of the old link leads nowhere. */
    bus_send(server.bus, first_link, CHANNEL_CONTROL, bytes_of("lost", 4));
    send_text(&server, CHANNEL_CONTROL, "found");
    until(&server, &client, client.frames == 1);
    assert_frame(&client, CHANNEL_CONTROL, "found");
    free_ends(&server, &client);
}

static void a_dialer_finds_a_listener_that_was_restarted(void **state)
{
    (void)state;
    char endpoint[64];
    connect_ends(&server, &client);
    (void)snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%u", (unsigned)bus_port(server.bus));
    end_close(&server);
    until(&client, NULL, client.downs == 1);
    end_open(&server, endpoint);
    until(&server, &client, server.ups == 2 && client.ups == 2);
    send_text(&server, CHANNEL_BULK, "back");
    until(&server, &client, client.frames == 1);
    assert_frame(&client, CHANNEL_BULK, "back");
    free_ends(&server, &client);
}

static void a_dropped_link_is_down_for_both_and_dialled_anew(void **state)
{
    (void)state;
    connect_ends(&server, &client);
    bus_drop(server.bus, server.link);
    until(&server, &client, server.downs == 1 && client.downs == 1);
    until(&server, &client, server.ups == 2 && client.ups == 2);
    bus_drop(client.bus, client.link);
    until(&server, &client, server.downs == 2 && client.downs == 2);
    until(&server, &client, server.ups == 3 && client.ups == 3);
    free_ends(&server, &client);
}

static void a_revoked_peer_is_heard_no_more(void **state)
{
    (void)state;
    struct stranger stranger;
    open_server_that_admits_client();
    stranger_connect(&stranger, &client, &server);
    until(&server, NULL, server.ups == 1);
    assert_true(admission_set(server.admission, &client.key, false));
    assert_true(curve_socket_send(stranger.sockets[0], bytes_of("still", 5)));
    assert_true(curve_socket_send(stranger.sockets[1], bytes_of("here", 4)));
    until(&server, NULL, bus_counters(server.bus).dropped_revoked == 2);
    assert_int_equal(server.frames, 0);
    assert_int_equal(server.downs, 1);
    stranger_leave(&stranger);
    end_free(&server);
    admission_free(client.admission);
}

static void a_peer_that_is_revoked_here_is_not_heard_on_a_dialled_link_either(void **state)
{
    (void)state;
    connect_ends(&server, &client);
    assert_true(admission_set(client.admission, &server.key, false));
    send_text(&server, CHANNEL_CONTROL, "obey");
    until(&server, &client, client.downs == 1 && server.downs == 1);
    assert_int_equal(client.frames, 0);
    free_ends(&server, &client);
}

static void a_listener_with_another_key_than_expected_gets_nothing(void **state)
{
    (void)state;
    struct end expected;
    end_identity(&expected);
    end_identity(&server);
    end_identity(&client);
    admit(&server, &client);
    admit(&client, &expected);
    end_open(&server, "tcp://127.0.0.1:0");
    end_open(&client, NULL);
    struct line_target target = target_of(&expected, bus_port(server.bus));
    bus_dial(client.bus, &target, 1);
    until(&server, &client,
          bus_counters(client.bus).lines.refusals + bus_counters(client.bus).lines.failures >= 1);
    assert_int_equal(server.ups + client.ups, 0);
    assert_int_equal(bus_counters(server.bus).zap.admitted, 0);
    admission_free(expected.admission);
    free_ends(&server, &client);
}

static int connect_plain(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int plain = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(plain >= 0);
    assert_int_equal(connect(plain, (struct sockaddr *)&address, sizeof address), 0);
    return plain;
}

static void random_bytes_on_the_port_change_nothing(void **state)
{
    (void)state;
    /* A proper ZMTP 3.0 greeting for CURVE, then noise: deeper than noise alone comes. */
    static const uint8_t greeting[64] = {0xff, 0, 0, 0,   0,   0,   0,   0,  1,
                                         0x7f, 3, 0, 'C', 'U', 'R', 'V', 'E'};
    connect_ends(&server, &client);
    uint16_t port = bus_port(server.bus);
    for (int i = 0; i < 40; i++) {
        uint8_t noise[4096];
        size_t size = 1 + randombytes_uniform(sizeof noise);
        randombytes_buf(noise, sizeof noise);
        int plain = connect_plain((uint16_t)(port + i % 2));
        if (i % 4 >= 2) {
            (void)send(plain, greeting, sizeof greeting, MSG_NOSIGNAL);
        }
        (void)send(plain, noise, size, MSG_NOSIGNAL);
        (void)close(plain);
        turn(&server, &client);
    }
    until(&server, &client, bus_counters(server.bus).door.accepted >= 42);
    assert_int_equal(server.frames + server.downs + client.downs, 0);
    assert_int_equal(server.ups, 1);
    send_text(&client, CHANNEL_CONTROL, "unmoved");
    until(&server, &client, server.frames == 1);
    free_ends(&server, &client);
}

static void a_peer_that_reads_nothing_loses_its_link_and_blocks_nobody(void **state)
{
    (void)state;
    static const uint8_t frame[FRAME_SIZE_MAX] = {0x92};
    struct stranger stranger;
    open_server_that_admits_client();
    stranger_connect(&stranger, &client, &server);
    until(&server, NULL, server.ups == 1);
    /* Two queues of 256 frames and the kernel's buffers hold less than this. */
    for (int i = 0; i < 2000 && bus_counters(server.bus).send_failures == 0; i++) {
        bus_send(server.bus, server.link, CHANNEL_BULK, BYTES_OF(frame));
    }
    assert_int_equal(bus_counters(server.bus).send_failures, 1);
    until(&server, NULL, server.downs == 1);
    stranger_leave(&stranger);
    end_free(&server);
    admission_free(client.admission);
}

static void a_round_takes_no_more_than_its_share_of_a_socket(void **state)
{
    (void)state;
    connect_ends(&server, &client);
    for (int i = 0; i < 50; i++) {
        send_text(&client, CHANNEL_CONTROL, "c");
        send_text(&client, CHANNEL_BULK, "b");
    }
    send_text(&client, CHANNEL_CONTROL, "last");
    uint32_t most = 0;
    uint64_t deadline_ms = clock_monotonic_ms() + PATIENCE_MS;
    uint32_t total = 0;
    while (total < 101 && clock_monotonic_ms() < deadline_ms) {
        struct bus_event event;
        uint32_t by_channel[2] = {0, 0};
        bus_wait(server.bus, NULL, 0, 5);
        bus_round(server.bus, clock_monotonic_ms(), 7);
        while (bus_take(server.bus, &event)) {
            assert_int_equal(event.kind, BUS_FRAME);
            by_channel[event.channel] += 1;
            total += 1;
        }
        most = by_channel[0] > most ? by_channel[0] : most;
        most = by_channel[1] > most ? by_channel[1] : most;
    }
    assert_int_equal(total, 101);
    assert_in_range(most, 1, 7);
    free_ends(&server, &client);
}

static void who_is_not_to_be_dialled_any_more_is_hung_up_on(void **state)
{
    (void)state;
    connect_ends(&server, &client);
    dial(&client, &server); /* the same again changes nothing */
    assert_int_equal(client.downs, 0);
    bus_dial(client.bus, NULL, 0);
    until(&server, &client, client.downs == 1 && server.downs == 1);
    assert_int_equal(bus_counters(client.bus).dialling, 0);
    free_ends(&server, &client);
}

static void a_taken_port_is_explained(void **state)
{
    (void)state;
    char endpoint[64];
    struct bus *second = NULL;
    struct explanation why = {""};
    end_identity(&server);
    end_open(&server, "tcp://127.0.0.1:0");
    (void)snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%u", (unsigned)bus_port(server.bus));
    struct bus_options options = {
        .listen = endpoint, .keys = server.keys, .admission = server.admission};
    assert_int_equal(bus_open(&options, &second, &why), STATUS_BUSY);
    assert_non_null(strstr(why.text, "peer_listen"));
    assert_null(second);
    end_free(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unknown_key_is_refused),
        cmocka_unit_test(a_key_that_the_core_knows_when_asked_gets_in),
        cmocka_unit_test(frames_pass_both_ways_on_both_channels),
        cmocka_unit_test(the_largest_frame_arrives_whole),
        cmocka_unit_test(a_frame_above_the_bound_is_dropped),
        cmocka_unit_test(a_message_above_the_wire_bound_ends_the_connection),
        cmocka_unit_test(a_message_of_several_parts_is_dropped),
        cmocka_unit_test(a_broken_greeting_is_no_frame),
        cmocka_unit_test(one_channel_alone_is_no_link),
        cmocka_unit_test(the_newest_connection_of_a_key_counts_and_the_older_one_does_not),
        cmocka_unit_test(a_peer_that_goes_and_comes_back_is_another_link),
        cmocka_unit_test(a_dialer_finds_a_listener_that_was_restarted),
        cmocka_unit_test(a_dropped_link_is_down_for_both_and_dialled_anew),
        cmocka_unit_test(a_revoked_peer_is_heard_no_more),
        cmocka_unit_test(a_peer_that_is_revoked_here_is_not_heard_on_a_dialled_link_either),
        cmocka_unit_test(a_listener_with_another_key_than_expected_gets_nothing),
        cmocka_unit_test(random_bytes_on_the_port_change_nothing),
        cmocka_unit_test(a_peer_that_reads_nothing_loses_its_link_and_blocks_nobody),
        cmocka_unit_test(a_round_takes_no_more_than_its_share_of_a_socket),
        cmocka_unit_test(who_is_not_to_be_dialled_any_more_is_hung_up_on),
        cmocka_unit_test(a_taken_port_is_explained),
    };
    if (sodium_init() < 0) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
