#include "seam.h"

#include "block_codec.h"
#include "clock.h"
#include "member_keys.h"
#include "names.h"

#include <assert.h>
#include <sodium.h>

enum { SPACE_EVERY_MS = 50 };

uint64_t world_monotonic_ms(struct world *world)
{
    (void)world;
    return clock_monotonic_ms();
}

int64_t world_wall_ms(struct world *world)
{
    (void)world;
    return clock_wall_ms();
}

void world_random(struct world *world, uint8_t *out, size_t size)
{
    (void)world;
    randombytes_buf(out, size);
}

void world_sign(struct world *world, enum signer signer, struct bytes body,
                uint8_t signature[static 64])
{
    key_store_sign(world->keys, signer, body, signature);
}

void world_verify(struct world *world, uint64_t token, const struct signature_check *checks,
                  size_t count)
{
    verifier_put(world->verifier, token, checks, count);
}

bool world_verify_now(struct world *world, const struct signature_check *check)
{
    (void)world;
    return crypto_sign_verify_detached(check->signature, check->body.data, check->body.size,
                                       check->public_key) == 0;
}

enum status world_load(struct world *world, struct bytes key, struct buffer *value)
{
    return store_load(world->store, key, value);
}

enum status world_next(struct world *world, struct bytes prefix, struct bytes after,
                       struct buffer *key, struct buffer *value)
{
    return store_next(world->store, prefix, after, key, value);
}

void world_commit(struct world *world, const struct write *writes, size_t count)
{
    if (world->committer == NULL) {
        world->committed = store_commit(world->store, writes, count);
        return;
    }
    committer_put(world->committer, writes, count);
}

bool world_space_low(struct world *world)
{
    /* Asked for every command: the disk is, twenty times a second. The reserve covers what can be
     * written meanwhile many times over. */
    uint64_t now_ms = clock_monotonic_ms();
    if (world->space_ms == 0 || now_ms - world->space_ms >= SPACE_EVERY_MS) {
        world->space_ms = now_ms;
        world->space_low = store_space_low(world->store);
    }
    return world->space_low;
}

void world_send(struct world *world, uint32_t link, enum channel channel, struct bytes frame)
{
    if (world->bus != NULL) {
        bus_send(world->bus, link, channel, frame);
    }
}

void world_drop_link(struct world *world, uint32_t link)
{
    if (world->bus != NULL) {
        bus_drop(world->bus, link);
    }
}

enum status world_member_key_get(struct world *world, const struct subject_id *member,
                                 uint8_t class_number, uint8_t key[static 32])
{
    return member_keys_get(key_store_members(world->keys), member, class_number, key);
}

enum status world_member_key_put(struct world *world, const struct subject_id *member,
                                 uint8_t class_number, const uint8_t key[static 32])
{
    return member_keys_put(key_store_members(world->keys), member, class_number, key);
}

void world_node_secret(struct world *world, uint8_t secret[static 32])
{
    key_store_node_secret(world->keys, secret);
}

void world_alarm(struct world *world, enum alarm alarm, uint64_t journal, uint64_t seq)
{
    assert(alarm > 0 && alarm < ALARM_COUNT);
    world->alarms[alarm] += 1;
    if (world->alarm_limit.burst == 0) {
        world->alarm_limit = (struct log_limit){.burst = 20, .period_ms = 10000};
    }
    uint64_t dropped = 0;
    if (log_limit_pass(&world->alarm_limit, clock_monotonic_ms(), &dropped)) {
        log_event(LOG_ERROR, "alarm", log_text("alarm", alarm_name(alarm)),
                  log_journal("journal", journal), log_count("seq", seq),
                  log_count("not_logged", dropped));
    }
}

bool seam_has_room(const struct world *world)
{
    return world->asked_count < SEAM_ASKED_MAX;
}

void seam_asked(struct world *world, const struct request *request)
{
    assert(seam_has_room(world));
    world->asked[world->asked_count] =
        (struct asked){.number = request->number, .kind = request->kind};
    world->asked_count += 1;
}

static void forget(struct world *world, uint64_t number)
{
    /* Answers come nearly in the order of the questions, so this looks at few. */
    for (uint32_t i = 0; i < world->asked_count; i++) {
        if (world->asked[i].number == number) {
            world->asked_count -= 1;
            memmove(&world->asked[i], &world->asked[i + 1],
                    (world->asked_count - i) * sizeof world->asked[0]);
            return;
        }
    }
}

void world_answer(struct world *world, uint64_t request, const struct answer *answer)
{
    if (request >= SEAM_OWN_REQUEST) {
        world->own_answered = request;
        world->own_verdict = answer->verdict;
        return;
    }
    forget(world, request);
    world->answered += 1;
    if (world->http != NULL) {
        http_deliver(world->http, request, answer);
    }
}

void seam_refuse(struct world *world, const struct request *request, enum verdict verdict)
{
    struct answer answer = {.kind = request->kind, .verdict = verdict};
    world->answered += 1;
    if (world->http != NULL) {
        http_deliver(world->http, request->number, &answer);
    }
}

void seam_say_unknown(struct world *world, const struct request *request)
{
    struct answer answer = {.kind = request->kind, .unknown = true};
    world->answered += 1;
    if (world->http != NULL) {
        http_deliver(world->http, request->number, &answer);
    }
}

void seam_answer_unknown(struct world *world)
{
    for (uint32_t i = 0; i < world->asked_count && world->http != NULL; i++) {
        struct answer answer = {.kind = world->asked[i].kind, .unknown = true};
        http_deliver(world->http, world->asked[i].number, &answer);
    }
    world->asked_count = 0;
}
