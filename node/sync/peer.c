#include "peer.h"

#include <assert.h>
#include <string.h>

void peer_reset(struct peer *peer, uint32_t link, bool dialed, const uint8_t key[static 32],
                uint32_t journals)
{
    uint64_t *has = peer->has;
    *peer = (struct peer){.state = PEER_GREETING,
                          .link = link,
                          .dialed = dialed,
                          .next_want = 1,
                          .tips_full = true,
                          .has = has};
    memcpy(peer->key, key, sizeof peer->key);
    memset(has, 0, journals * sizeof *has);
}

void peer_establish(struct peer *peer, uint64_t session, uint64_t boot, uint64_t now_ms)
{
    assert(peer->state != PEER_FREE && session != 0);
    peer->state = PEER_ESTABLISHED;
    peer->session = session;
    peer->boot = boot;
    peer->heard_ms = now_ms;
    peer->digest_ms = now_ms;
    peer->tips_full = true;
    peer->tips_heard = false;
    peer->compared = 0;
    peer->told_auth = 0;
    peer->told_own = 0;
    peer->disputed = 0;
    peer->forks_told_ms = 0;
    peer->fork_count = 0;
    peer->pushed = 0;
    memset(peer->wants, 0, sizeof peer->wants);
}

struct want *peer_want_for(struct peer *peer, uint64_t journal)
{
    for (uint32_t i = 0; i < WANTS_PER_PEER_MAX; i++) {
        if (peer->wants[i].id != 0 && peer->wants[i].journal == journal) {
            return &peer->wants[i];
        }
    }
    return NULL;
}

struct want *peer_want_by_id(struct peer *peer, uint64_t id)
{
    for (uint32_t i = 0; id != 0 && i < WANTS_PER_PEER_MAX; i++) {
        if (peer->wants[i].id == id) {
            return &peer->wants[i];
        }
    }
    return NULL;
}

struct want *peer_want_free(struct peer *peer)
{
    for (uint32_t i = 0; i < WANTS_PER_PEER_MAX; i++) {
        if (peer->wants[i].id == 0) {
            return &peer->wants[i];
        }
    }
    return NULL;
}

void peer_failed(struct peer *peer, uint64_t now_ms)
{
    peer->pause_ms = peer->pause_ms == 0 ? PEER_PAUSE_MS : peer->pause_ms * 2;
    if (peer->pause_ms > PEER_PAUSE_MS_MAX) {
        peer->pause_ms = PEER_PAUSE_MS_MAX;
    }
    peer->paused_till = now_ms + peer->pause_ms;
}

void peer_expire_wants(struct peer *peer, uint64_t now_ms)
{
    for (uint32_t i = 0; i < WANTS_PER_PEER_MAX; i++) {
        if (peer->wants[i].id != 0 && now_ms - peer->wants[i].sent_ms > PEER_WANT_TIMEOUT_MS) {
            peer->wants[i].id = 0;
            peer_failed(peer, now_ms);
        }
    }
}

void peer_delivered(struct peer *peer)
{
    peer->pause_ms = 0;
    peer->paused_till = 0;
}

bool peer_is_paused(const struct peer *peer, uint64_t now_ms)
{
    return now_ms < peer->paused_till;
}

bool peer_may_push(const struct peer *peer, uint32_t position, uint64_t tip)
{
    uint64_t has = peer->has[position];
    return peer->state == PEER_ESTABLISHED && has < tip && tip - has <= PEER_PUSH_BLOCKS &&
           peer->pushed < PEER_PUSH_WINDOW;
}

void peer_pushed(struct peer *peer, uint32_t position, uint64_t seq)
{
    assert(peer->has[position] < seq);
    peer->has[position] = seq;
    peer->pushed++;
}

void peer_insert(struct peer *peer, uint32_t position, uint32_t count_before)
{
    assert(position <= count_before);
    memmove(&peer->has[position + 1], &peer->has[position],
            (count_before - position) * sizeof peer->has[0]);
    peer->has[position] = 0;
}
