#ifndef SATCHEL_SIM_DISK_H
#define SATCHEL_SIM_DISK_H
static inline int disk_is_dark(unsigned m)
{
    (void)m;
    return 0;
}
static inline void disk_kill(unsigned m)
{
    (void)m;
}
#endif
