/* satcheld: the office's program. Its commands are listed in office_command.c; usage.c shows their help and parses
 * their calls. */
#include <signal.h>

#include "office_command.h"
#include "vault.h"

static int start(struct cli *cli, int argc, char **argv, int *status, struct error *e)
{
    int code;
    (void)signal(SIGPIPE, SIG_IGN);
    /* Core files off, libsodium and the vault ready, before anything secret is in this process. */
    code = vault_init(e);
    return code != 0 ? code : office_command_run(cli, argc, argv, status, e);
}

int main(int argc, char **argv)
{
    return usage_main(&office_command_program, argc, argv, start);
}
