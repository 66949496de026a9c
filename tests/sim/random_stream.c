#include "random_stream.h"

#include <assert.h>
#include <string.h>

uint64_t random_mix(uint64_t value)
{
    value += UINT64_C(0x9e3779b97f4a7c15);
    value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
    return value ^ value >> 31;
}

struct random_stream random_stream_of(uint64_t seed, uint64_t stream)
{
    struct random_stream made = {{0}};
    uint64_t value = random_mix(seed) ^ random_mix(~stream);
    for (size_t i = 0; i < 4; i++) {
        value = random_mix(value);
        made.state[i] = value;
    }
    return made;
}

static uint64_t rotate_left(uint64_t value, unsigned bits)
{
    return value << bits | value >> (64 - bits);
}

/* xoshiro256** */
uint64_t random_next(struct random_stream *stream)
{
    uint64_t *s = stream->state;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

uint64_t random_below(struct random_stream *stream, uint64_t bound)
{
    assert(bound > 0);
    return random_next(stream) % bound;
}

uint64_t random_between(struct random_stream *stream, uint64_t low, uint64_t high)
{
    assert(low <= high);
    return low + random_below(stream, high - low + 1);
}

bool random_chance(struct random_stream *stream, uint32_t permyriad)
{
    return random_below(stream, 10000) < permyriad;
}

uint64_t random_magnitude(struct random_stream *stream, uint64_t low, uint64_t high)
{
    assert(low >= 1 && low <= high);
    uint32_t doublings = 0;
    while (low << (doublings + 1) <= high && doublings < 40) {
        doublings++;
    }
    uint64_t floor_value = low << random_below(stream, doublings + 1);
    uint64_t ceiling = floor_value * 2 - 1;
    return random_between(stream, floor_value, ceiling < high ? ceiling : high);
}

uint32_t random_zipf(struct random_stream *stream, uint32_t count)
{
    assert(count > 0);
    /* The smaller of some draws: not the exact law, but as skewed, and integers only. */
    uint32_t drawn = (uint32_t)random_below(stream, count);
    for (int i = 0; i < 2; i++) {
        uint32_t other = (uint32_t)random_below(stream, count);
        if (other < drawn) {
            drawn = other;
        }
    }
    return drawn;
}

void random_fill(struct random_stream *stream, uint8_t *out, size_t size)
{
    for (size_t at = 0; at < size; at += sizeof(uint64_t)) {
        uint64_t value = random_next(stream);
        size_t part = size - at < sizeof value ? size - at : sizeof value;
        memcpy(out + at, &value, part);
    }
}
