/* Reads an archive for its erasures alone. */
#include "audit_erased.h"

#include <stdlib.h>

#include "archive.h"
#include "checkpoint.h"
#include "schema.h"

static int take_erasure(const struct archive_item *item, const struct id *office, struct change *c,
                        int (*each)(void *arg, const struct change *erasure, struct error *e), void *arg,
                        struct error *e)
{
    int code = change_read_header(item->header, c, e);
    if (code != 0 || c->kind != KIND_ERASURE || !id_equal(&c->device, office))
        return code;
    return (code = change_read(item->header, item->body, c, e)) != 0 ? code : each(arg, c, e);
}

int audit_erased_each(const char *archive, const char *passphrase, size_t passphrase_bytes,
                      int (*each)(void *arg, const struct change *erasure, struct error *e), void *arg, struct error *e)
{
    struct change *c = malloc(sizeof *c);
    struct archive *a = NULL;
    struct archive_item item;
    struct checkpoint_vkey key;
    struct id office;
    int code = c == NULL ? error_memory(e) : archive_open(&a, archive, passphrase, passphrase_bytes, e);
    if (code == 0 && (code = checkpoint_vkey_parse(archive_log_key(a), &key, e)) == 0)
        office = id_of_device(key.public_key);
    while (code == 0 && (code = archive_next(a, &item, e)) == 0 && item.type != ARCHIVE_END) {
        if (item.type == ARCHIVE_ENTRY && !item.sealed && (code = take_erasure(&item, &office, c, each, arg, e)) != 0) {
            error_prefix(e, "entry %llu", (unsigned long long)item.position);
            if (code == E_INPUT || code == E_LIMIT)
                code = e->code = E_VERIFY;
        }
    }
    archive_close(a);
    free(c);
    return code;
}
