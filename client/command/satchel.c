/* satchel: the laptop's program. Its commands are listed in command.h; usage.c shows their help and parses their calls.
 */
#include "command.h"
#include "vault.h"

static int start(struct cli *cli, int argc, char **argv, int *status, struct error *e)
{
    /* Core files off, libsodium and the vault ready, before anything secret is in this process. */
    int code = vault_init(e);
    return code != 0 ? code : command_run(cli, argc, argv, status, e);
}

int main(int argc, char **argv)
{
    return usage_main(&command_program, argc, argv, start);
}
