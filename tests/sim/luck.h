/* Random numbers that a seed repeats, for the simulator: xoshiro256**, its state filled by splitmix64. */
#ifndef SATCHEL_TESTS_LUCK_H
#define SATCHEL_TESTS_LUCK_H

#include <stdint.h>

struct luck {
    uint64_t state[4];
};

static inline uint64_t luck_turn(uint64_t x, int by)
{
    return (x << by) | (x >> (64 - by));
}

/* Any 64 bits. */
static inline uint64_t luck_next(struct luck *l)
{
    uint64_t *s = l->state, out = luck_turn(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = luck_turn(s[3], 45);
    return out;
}

/* The same seed gives the same numbers, on every machine. */
static inline void luck_seed(struct luck *l, uint64_t seed)
{
    for (int i = 0; i < 4; i++) {
        uint64_t z = seed += 0x9e3779b97f4a7c15;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        l->state[i] = z ^ (z >> 31);
    }
}

/* 0 to end - 1; end is not 0. The bias, end of 2^32 parts, is nothing to a test. */
static inline uint32_t luck_below(struct luck *l, uint32_t end)
{
    return (uint32_t)((luck_next(l) >> 32) * end >> 32);
}

/* 1 in per_mille of 1000 cases. */
static inline int luck_chance(struct luck *l, unsigned per_mille)
{
    return luck_below(l, 1000) < per_mille;
}

#endif
