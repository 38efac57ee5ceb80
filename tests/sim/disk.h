#ifndef SATCHEL_SIM_DISK_H
#define SATCHEL_SIM_DISK_H
#include "luck.h"
#include <stdint.h>
enum disk_call { DISK_OPEN, DISK_READ, DISK_WRITE, DISK_SYNC, DISK_TRUNCATE, DISK_RENAME, DISK_UNLINK, DISK_CALLS };
static inline void disk_start(const char *root)
{
    (void)root;
}
static inline void disk_end(void)
{
}
static inline int disk_is_dark(unsigned m)
{
    (void)m;
    return 0;
}
static inline void disk_kill(unsigned m)
{
    (void)m;
}
static inline void disk_on(unsigned m)
{
    (void)m;
}
static inline void disk_cut(unsigned m, struct luck *l)
{
    (void)m;
    (void)l;
}
static inline void disk_cut_after(unsigned m, uint64_t n, struct luck *l)
{
    (void)m;
    (void)l;
    (void)n;
}
static inline void disk_quota(unsigned m, int64_t n)
{
    (void)m;
    (void)n;
}
static inline void disk_fail(unsigned m, enum disk_call c, uint64_t n)
{
    (void)m;
    (void)c;
    (void)n;
}
static inline int disk_copy(unsigned m, unsigned n)
{
    (void)m;
    (void)n;
    return 0;
}
#endif
static inline void disk_calm(unsigned m)
{
    (void)m;
}
static inline void disk_erase(unsigned m)
{
    (void)m;
}
