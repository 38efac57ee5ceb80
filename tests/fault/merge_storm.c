/* The merge and the projection against a naive model, over histories made at random: all policies, several devices,
 * clocks that are years wrong, voids, holds, copies, receipts that come late, masks.
 *
 *   merge_storm [HISTORIES [SEED]]     by default a million, and a fresh seed
 *
 * One of 32 histories goes through the projection too, and of these one of 256 in every order of arrival, each state on
 * the way looked at. Stops at the first history that fails, shrinks it, and prints it as a test to paste into
 * tests/unit/record/merge_storm_test.c. Exit status 1 then. */
#include "merge_storm_fixture.h"

enum { STRIDE = 32 };

int main(int argc, char **argv)
{
    uint64_t histories = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000, seed;
    struct storm_counts counts;
    if (sodium_init() < 0)
        return 2;
    seed = argc > 2 ? strtoull(argv[2], NULL, 10) : randombytes_random();
    if (histories == 0 || argc > 3) {
        (void)fprintf(stderr, "usage: merge_storm [HISTORIES [SEED]]\n");
        return 2;
    }
    (void)printf("seed %llu\n", (unsigned long long)seed);
    (void)fflush(stdout);
    if (storm_run(histories, STRIDE, seed, &counts) != 0)
        return 1;
    (void)printf("%llu histories of %llu changes; %llu of them in the projection, %llu in every order; all hold\n",
                 (unsigned long long)counts.histories, (unsigned long long)counts.changes,
                 (unsigned long long)counts.in_store, (unsigned long long)counts.every_order);
    return 0;
}
