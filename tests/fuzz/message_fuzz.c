/* Whatever bytes come, reading a message neither crashes nor takes a second encoding for the first: what is accepted
 * is written again as the very same bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct message m;
    struct slice bytes = {data, size};
    struct error e;
    struct pack w;
    if (message_read(bytes, &m, &e) != 0)
        return 0;
    if (message_write(&m, &w, &e) != 0 || !slice_equal(pack_bytes(&w), bytes))
        abort();
    pack_free(&w);
    if (m.type == MESSAGE_PUSHED) {
        struct unpack r;
        unpack_start(&r, m.as.pushed.held);
        (void)unpack_array(&r);
        for (size_t i = 0; i < m.as.pushed.held_count; i++)
            (void)message_next_held(&r);
        if (unpack_end(&r, "held", &e) != 0)
            abort();
    }
    return 0;
}
