#include "joining.h"

#include "clock.h"
#include "line.h"
#include "message_codec.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

enum {
    REPEAT_MS = 3000, /* an office that is busy, or whose answer was lost, is asked again */
    TURN_MS = 100,
    REFUSALS_MAX = 2,
    REFUSAL_QUICK_MS = 6000, /* who refuses says so at once; who is not there is given up on */
    SIGNED_SIZE_MAX = 256,
};

/* A conversation with the office, while it lasts. */
struct conversation {
    struct line *line;
    uint8_t frame_memory[FRAME_SIZE_MAX];
    struct buffer frame; /* the JOIN */
    bool up;
    bool was_up;
    uint64_t asked_ms; /* when last; 0 = not since the line is up */
    uint64_t refusals; /* seen on the line */
    uint64_t refused_ms;
    uint32_t quick_refusals;
};

static enum status join_encode(const struct joining *joining, struct buffer *frame)
{
    struct public_keys own = key_store_public(joining->keys);
    uint8_t memory[SIGNED_SIZE_MAX];
    struct buffer body = BUFFER_OVER(memory);
    struct message *message = calloc(1, sizeof *message);
    if (message == NULL) {
        return STATUS_IO;
    }
    message->kind = MESSAGE_JOIN;
    message->body.join.invitation = invitation_name(joining->invitation->secret);
    memcpy(message->body.join.public_key, own.journal, sizeof own.journal);
    memcpy(message->body.join.transport_key, own.transport, sizeof own.transport);
    if (joining->advertise[0] != '\0') {
        message->body.join.endpoint_count = 1;
        message->body.join.endpoints[0] = bytes_of(joining->advertise, strlen(joining->advertise));
    }
    enum status status = join_signed_bytes(&joining->network, &message->body.join.invitation,
                                           own.journal, own.transport, &body);
    if (status == STATUS_OK) {
        key_store_sign(joining->keys, SIGNER_JOURNAL, buffer_bytes(&body),
                       message->body.join.proof);
        status = message_encode(message, frame);
    }
    free(message);
    return status;
}

/* True if the frame settles it. */
static bool answer_read(const struct joining *joining, struct bytes frame, enum outcome *outcome,
                        struct joined *joined, char problem[static JOINING_PROBLEM_SIZE])
{
    bool settled = false;
    struct message *message = calloc(1, sizeof *message);
    if (message == NULL || message_decode(frame, message) != STATUS_OK) {
        free(message);
        return false;
    }
    bool refused = message->kind == MESSAGE_JOINED && message->body.joined.status != 0 &&
                   message->body.joined.status != MESSAGE_ERROR_BUSY;
    if (message->kind == MESSAGE_JOINED && message->body.joined.status == 0) {
        settled = true;
        bool expected = message->body.joined.journal == joining->invitation->journal;
        *outcome = expected ? OUTCOME_DONE : OUTCOME_REFUSED;
        *joined = (struct joined){.journal = message->body.joined.journal,
                                  .auth_seq = message->body.joined.auth_seq};
        (void)snprintf(problem, JOINING_PROBLEM_SIZE,
                       "The office names another branch than the token does; ask for a new token.");
    } else if (refused) {
        settled = true;
        *outcome = OUTCOME_REFUSED;
        struct bytes text = message->body.joined.text;
        (void)snprintf(problem, JOINING_PROBLEM_SIZE, "The office refuses: %.*s.",
                       (int)(text.size < 300 ? text.size : 300), (const char *)text.data);
    }
    free(message);
    return settled;
}

/* Takes what has come in. True if that settles it. */
static bool frames_take(const struct joining *joining, struct conversation *conversation,
                        enum outcome *outcome, struct joined *joined,
                        char problem[static JOINING_PROBLEM_SIZE])
{
    static const enum channel channels[] = {CHANNEL_CONTROL, CHANNEL_BULK};
    for (size_t i = 0; i < sizeof channels / sizeof channels[0]; i++) {
        enum line_news news = LINE_CONSUMED;
        while (news == LINE_CONSUMED || news == LINE_FRAME) {
            zmq_msg_t frame;
            zmq_msg_init(&frame);
            news = line_receive(conversation->line, channels[i], &frame, clock_monotonic_ms());
            struct bytes bytes = bytes_of(zmq_msg_data(&frame), zmq_msg_size(&frame));
            bool settled =
                news == LINE_FRAME && answer_read(joining, bytes, outcome, joined, problem);
            zmq_msg_close(&frame);
            if (settled) {
                return true;
            }
            conversation->up = news == LINE_UP || (news != LINE_DOWN && conversation->up);
        }
    }
    return false;
}

static void wait_for_news(const struct line *line)
{
    void *sockets[LINE_SOCKETS_MAX];
    zmq_pollitem_t items[LINE_SOCKETS_MAX] = {{0}};
    size_t count = line_sockets(line, sockets);
    for (size_t i = 0; i < count; i++) {
        items[i] = (zmq_pollitem_t){.socket = sockets[i], .events = ZMQ_POLLIN};
    }
    zmq_poll(items, (int)count, TURN_MS);
}

static void ask_if_due(struct conversation *conversation, uint64_t now_ms)
{
    if (!conversation->up) {
        conversation->asked_ms = 0;
        return;
    }
    conversation->was_up = true;
    if (conversation->asked_ms == 0 || now_ms - conversation->asked_ms >= REPEAT_MS) {
        conversation->asked_ms = now_ms;
        if (!line_send(conversation->line, CHANNEL_CONTROL, buffer_bytes(&conversation->frame))) {
            line_end(conversation->line, false, now_ms);
            conversation->up = false;
        }
    }
}

/* True once the office has shown that it does not let us in. */
static bool refusals_count(struct conversation *conversation, uint64_t now_ms)
{
    uint64_t refusals = line_counters(conversation->line).refusals;
    if (refusals != conversation->refusals) {
        if (now_ms - conversation->refused_ms < REFUSAL_QUICK_MS) {
            conversation->quick_refusals++;
        }
        conversation->refusals = refusals;
        conversation->refused_ms = now_ms;
    }
    return conversation->quick_refusals >= REFUSALS_MAX;
}

static enum outcome converse(const struct joining *joining, struct conversation *conversation,
                             struct joined *joined, char problem[static JOINING_PROBLEM_SIZE])
{
    enum outcome outcome = OUTCOME_UNREACHABLE;
    uint64_t deadline_ms = clock_monotonic_ms() + joining->timeout_ms;
    conversation->refused_ms = clock_monotonic_ms();
    for (uint64_t now_ms = clock_monotonic_ms(); now_ms < deadline_ms;
         now_ms = clock_monotonic_ms()) {
        enum line_news news = line_turn(conversation->line, now_ms);
        conversation->up = news == LINE_UP || (news != LINE_DOWN && conversation->up);
        if (frames_take(joining, conversation, &outcome, joined, problem)) {
            return outcome;
        }
        ask_if_due(conversation, now_ms);
        if (refusals_count(conversation, now_ms)) {
            (void)snprintf(
                problem, JOINING_PROBLEM_SIZE,
                "The office does not let this token in: it was used by another machine, it "
                "has ended, or it is of another network. Ask for a new one: tally branch "
                "invite NAME.");
            return OUTCOME_REFUSED;
        }
        wait_for_news(conversation->line);
    }
    (void)snprintf(
        problem, JOINING_PROBLEM_SIZE, "%s at %.*s. Repeat the same command; nothing is lost.",
        conversation->was_up ? "The office was reached but gave no answer"
                             : "The office cannot be reached",
        (int)joining->invitation->endpoint.size, (const char *)joining->invitation->endpoint.data);
    return OUTCOME_UNREACHABLE;
}

enum outcome joining_ask(const struct joining *joining, struct joined *joined,
                         char problem[static JOINING_PROBLEM_SIZE])
{
    struct curve_keys keys;
    struct transport_key server;
    struct line_target target;
    char endpoint[ENDPOINT_SIZE_MAX + 1];
    enum outcome outcome = OUTCOME_REFUSED;
    void *context = zmq_ctx_new();
    struct conversation *conversation = calloc(1, sizeof *conversation);

    (void)snprintf(problem, JOINING_PROBLEM_SIZE, "Not enough memory or descriptors.");
    invitation_transport_keys(joining->invitation->secret, keys.public_key, keys.secret_key);
    memcpy(server.bytes, joining->invitation->office_transport_key, sizeof server.bytes);
    (void)snprintf(endpoint, sizeof endpoint, "%.*s", (int)joining->invitation->endpoint.size,
                   (const char *)joining->invitation->endpoint.data);
    if (context == NULL || conversation == NULL) {
        goto done;
    }
    if (!line_target_set(&target, endpoint, &server)) {
        (void)snprintf(problem, JOINING_PROBLEM_SIZE,
                       "The token names no usable address of the office.");
        goto done;
    }
    conversation->frame = (struct buffer){.data = conversation->frame_memory,
                                          .capacity = sizeof conversation->frame_memory};
    conversation->line = line_new(context, &keys, &target);
    if (conversation->line == NULL || join_encode(joining, &conversation->frame) != STATUS_OK) {
        goto done;
    }
    outcome = converse(joining, conversation, joined, problem);

done:
    if (conversation != NULL && conversation->line != NULL) {
        line_free(conversation->line);
    }
    free(conversation);
    if (context != NULL) {
        zmq_ctx_term(context);
    }
    sodium_memzero(&keys, sizeof keys);
    return outcome;
}
