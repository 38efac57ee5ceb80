#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "process.h"
#include "vault.h"
#include "world.h"

int main(int argc, char **argv)
{
    char root[] = "/dev/shm/satchel-sim.XXXXXX", hex[65];
    struct world_result result;
    struct script script;
    struct error e = {0, ""};
    if (argc != 2 || vault_init(&e) != 0 || script_read(&script, argv[1]) != 0 || mkdtemp(root) == NULL)
        return 2;
    world_play(&script, NULL, root, stdout, &result);
    sodium_bin2hex(hex, sizeof hex, result.trace_hash, 32);
    printf("%s %s\n", hex, result.finding);
    script_free(&script);
    return result.finding[0] != '\0';
}
