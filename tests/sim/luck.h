/* A seeded generator: the same seed, the same luck. xoshiro256** (Blackman and Vigna 2018), seeded by splitmix64. */
#ifndef SATCHEL_SIM_LUCK_H
#define SATCHEL_SIM_LUCK_H

#include <stdint.h>

struct luck {
    uint64_t state[4];
};

static inline void luck_seed(struct luck *l, uint64_t seed)
{
    for (int i = 0; i < 4; i++) {
        uint64_t z = seed += 0x9e3779b97f4a7c15u;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        l->state[i] = z ^ (z >> 31);
    }
}

static inline uint64_t luck_next(struct luck *l)
{
    uint64_t *s = l->state, five = s[1] * 5, result = ((five << 7) | (five >> 57)) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = (s[3] << 45) | (s[3] >> 19);
    return result;
}

/* 0 .. end - 1; end 0 gives 0. The bias of a modulus does not matter here. */
static inline uint32_t luck_below(struct luck *l, uint32_t end)
{
    uint32_t n = (uint32_t)(luck_next(l) >> 32);
    return end == 0 ? 0 : n % end;
}

static inline int luck_chance(struct luck *l, unsigned per_mille)
{
    return luck_below(l, 1000) < per_mille;
}

#endif
