#include "officers.h"

#include <stdlib.h>

#include "keyfile.h"
#include "officer.h"

int officers_keep(struct store *s, struct slice recovery, struct error *e)
{
    struct keyfile_pair pairs[KEYFILE_PAIRS_MAX];
    size_t count = recovery.size / OFFICER_PAIR_BYTES;
    char *path;
    int code = 0;
    if (count > KEYFILE_PAIRS_MAX || count * OFFICER_PAIR_BYTES != recovery.size)
        return error_set(e, E_LIMIT, "the office names more pairs of recovery officers than %d", KEYFILE_PAIRS_MAX);
    for (size_t i = 0; code == 0 && i < count; i++)
        code = officer_read(recovery.p + i * OFFICER_PAIR_BYTES, s->office_key.public_key, &pairs[i], e);
    if (code != 0)
        return code;
    if ((path = store_path(s->folder, STORE_KEYS)) == NULL)
        return error_set(e, E_MEMORY, "there is no memory left; close other programs and try again");
    code = keyfile_recovery_set(path, s->key, pairs, count, e);
    free(path);
    return code;
}
