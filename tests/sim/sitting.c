/* The agent as the simulation has it, in the place of client/store/agent.c: one for each machine, which forgets when
 * its machine does. A process of its own and a socket are what it leaves out. */
#include <sodium.h>
#include <string.h>

#include "agent.h"
#include "process.h"
#include "sitting.h"

static struct {
    int is_there;
    uint8_t key[AGENT_KEY_BYTES];
    struct id session;
} sittings[PROCESS_MACHINES];

void sitting_forget(unsigned machine)
{
    memset(&sittings[machine], 0, sizeof sittings[machine]);
}

int sitting_is_there(unsigned machine)
{
    return sittings[machine].is_there;
}

int agent_start(const char *folder, uint8_t key[AGENT_KEY_BYTES], const struct id *session, unsigned idle_minutes,
                struct error *e)
{
    unsigned m = process_machine();
    (void)folder, (void)idle_minutes;
    if (sittings[m].is_there)
        return error_set(e, E_EXISTS, "there is an agent already");
    sittings[m].is_there = 1;
    memcpy(sittings[m].key, key, AGENT_KEY_BYTES);
    sittings[m].session = *session;
    sodium_memzero(key, AGENT_KEY_BYTES);
    return 0;
}

int agent_ask(const char *folder, uint8_t key[AGENT_KEY_BYTES], struct id *session, struct error *e)
{
    unsigned m = process_machine();
    (void)folder;
    if (!sittings[m].is_there)
        return error_set(e, E_LOCKED, "the store is locked; run `satchel unlock` first");
    memcpy(key, sittings[m].key, AGENT_KEY_BYTES);
    *session = sittings[m].session;
    return 0;
}

int agent_check(const char *folder, struct error *e)
{
    (void)folder;
    (void)e;
    return 0;
}

int agent_is_there(const char *folder)
{
    (void)folder;
    return sittings[process_machine()].is_there;
}

int agent_stop(const char *folder, int *was, struct error *e)
{
    (void)folder, (void)e;
    *was = sittings[process_machine()].is_there;
    sitting_forget(process_machine());
    return 0;
}
