/* Seeded random numbers. Each subsystem draws from its own stream, so that a change of one does not
 * shift the others. */
#ifndef RANDOM_STREAM_H
#define RANDOM_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct random_stream {
    uint64_t state[4];
};

/* The stream with this number of this seed. */
struct random_stream random_stream_of(uint64_t seed, uint64_t stream);

uint64_t random_next(struct random_stream *stream);
/* 0 to bound - 1; bound > 0. */
uint64_t random_below(struct random_stream *stream, uint64_t bound);
/* low to high, both included; low <= high. */
uint64_t random_between(struct random_stream *stream, uint64_t low, uint64_t high);
/* True `permyriad` times in 10,000. */
bool random_chance(struct random_stream *stream, uint32_t permyriad);
/* Log-uniform: each order of magnitude between low and high (both >= 1) is as likely as the next.
 */
uint64_t random_magnitude(struct random_stream *stream, uint64_t low, uint64_t high);
/* 0 to count - 1, small numbers far more often (the harmonic law). */
uint32_t random_zipf(struct random_stream *stream, uint32_t count);
void random_fill(struct random_stream *stream, uint8_t *out, size_t size);

/* One good mixing step, for trace hashes. */
uint64_t random_mix(uint64_t value);

#endif
