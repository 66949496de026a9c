#include "zap.h"

#include "tally/bytes.h"

#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

enum {
    REQUEST_FRAMES = 7,
    FRAME_VERSION = 0,
    FRAME_REQUEST_ID = 1,
    FRAME_DOMAIN = 2,
    FRAME_MECHANISM = 5,
    FRAME_KEY = 6,
    QUESTION_WAIT_MS = 250, /* the core answers within one turn of its loop */
};

struct zap {
    void *socket;
    struct admission *admission;
    pthread_t thread;
    _Atomic uint64_t admitted;
    _Atomic uint64_t refused;
    _Atomic uint64_t malformed;
};

void zap_user_id(const struct transport_key *key, char text[static ZAP_USER_ID_SIZE])
{
    sodium_bin2hex(text, ZAP_USER_ID_SIZE, key->bytes, sizeof key->bytes);
}

bool zap_user_key(const char *text, struct transport_key *key)
{
    size_t size = 0;
    return strlen(text) == ZAP_USER_ID_SIZE - 1 &&
           sodium_hex2bin(key->bytes, sizeof key->bytes, text, ZAP_USER_ID_SIZE - 1, NULL, &size,
                          NULL) == 0 &&
           size == sizeof key->bytes;
}

static struct bytes frame_bytes(zmq_msg_t *frame)
{
    return bytes_of(zmq_msg_data(frame), zmq_msg_size(frame));
}

static bool frame_is(zmq_msg_t *frame, const char *text)
{
    return bytes_equal(frame_bytes(frame), bytes_of(text, strlen(text)));
}

/* Receives one whole request. `*count` frames are filled, at most REQUEST_FRAMES; more are received
 * and thrown away, but counted. False when the context ends. */
static bool receive_request(void *socket, zmq_msg_t frames[static REQUEST_FRAMES], size_t *count)
{
    *count = 0;
    bool more = true;
    while (more) {
        zmq_msg_t extra;
        zmq_msg_t *frame = *count < REQUEST_FRAMES ? &frames[*count] : &extra;
        zmq_msg_init(frame);
        if (zmq_msg_recv(frame, socket, 0) < 0) {
            zmq_msg_close(frame);
            return false;
        }
        more = zmq_msg_more(frame) != 0;
        if (*count >= REQUEST_FRAMES) {
            zmq_msg_close(frame);
        }
        *count += 1;
    }
    return true;
}

static bool send_text(void *socket, const char *text, int flags)
{
    return zmq_send(socket, text, strlen(text), flags) >= 0;
}

static void reply(struct zap *zap, struct bytes request_id, const char *user_id)
{
    bool good = user_id[0] != '\0';
    bool sent = send_text(zap->socket, "1.0", ZMQ_SNDMORE) &&
                zmq_send(zap->socket, request_id.data, request_id.size, ZMQ_SNDMORE) >= 0 &&
                send_text(zap->socket, good ? "200" : "400", ZMQ_SNDMORE) &&
                send_text(zap->socket, good ? "OK" : "unknown key", ZMQ_SNDMORE) &&
                send_text(zap->socket, user_id, ZMQ_SNDMORE) && send_text(zap->socket, "", 0);
    /* A reply that cannot be sent admits nobody: the handshake times out. */
    (void)sent;
}

static void decide(struct zap *zap, zmq_msg_t frames[static REQUEST_FRAMES], size_t count)
{
    char user_id[ZAP_USER_ID_SIZE] = "";
    struct transport_key key;
    if (count != REQUEST_FRAMES || !frame_is(&frames[FRAME_VERSION], "1.0") ||
        !frame_is(&frames[FRAME_DOMAIN], ZAP_DOMAIN) ||
        !frame_is(&frames[FRAME_MECHANISM], "CURVE") ||
        zmq_msg_size(&frames[FRAME_KEY]) != sizeof key.bytes) {
        atomic_fetch_add(&zap->malformed, 1);
    } else {
        memcpy(key.bytes, zmq_msg_data(&frames[FRAME_KEY]), sizeof key.bytes);
        if (admission_ask(zap->admission, &key, QUESTION_WAIT_MS)) {
            zap_user_id(&key, user_id);
            atomic_fetch_add(&zap->admitted, 1);
        } else {
            atomic_fetch_add(&zap->refused, 1);
        }
    }
    struct bytes request_id = {0};
    if (count > FRAME_REQUEST_ID) {
        request_id = frame_bytes(&frames[FRAME_REQUEST_ID]);
    }
    reply(zap, request_id, user_id);
}

static void *serve(void *argument)
{
    struct zap *zap = argument;
    bool open = true;
    while (open) {
        zmq_msg_t frames[REQUEST_FRAMES];
        size_t count = 0;
        open = receive_request(zap->socket, frames, &count);
        if (open) {
            decide(zap, frames, count);
        }
        for (size_t i = 0; i < count && i < REQUEST_FRAMES; i++) {
            zmq_msg_close(&frames[i]);
        }
    }
    zmq_close(zap->socket);
    return NULL;
}

struct zap *zap_start(void *context, struct admission *admission)
{
    struct zap *zap = calloc(1, sizeof *zap);
    if (zap == NULL) {
        return NULL;
    }
    zap->admission = admission;
    zap->socket = zmq_socket(context, ZMQ_REP);
    int linger = 0;
    if (zap->socket == NULL ||
        zmq_setsockopt(zap->socket, ZMQ_LINGER, &linger, sizeof linger) != 0 ||
        zmq_bind(zap->socket, "inproc://zeromq.zap.01") != 0 ||
        pthread_create(&zap->thread, NULL, serve, zap) != 0) {
        if (zap->socket != NULL) {
            zmq_close(zap->socket);
        }
        free(zap);
        return NULL;
    }
    return zap;
}

void zap_join(struct zap *zap)
{
    if (zap == NULL) {
        return;
    }
    pthread_join(zap->thread, NULL);
    free(zap);
}

struct zap_counters zap_counters(struct zap *zap)
{
    return (struct zap_counters){
        .admitted = atomic_load(&zap->admitted),
        .refused = atomic_load(&zap->refused),
        .malformed = atomic_load(&zap->malformed),
    };
}
