/* Archives that were made to hurt. The checksums are made right before reading, or nothing but them would be tested. No
 * passphrase: deriving keys is slow, and what is behind the tag nobody can make up. */
#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "archive.h"
#include "chain.h"
#include "change.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char magic[] = "satchel archive 1\n";
enum { SUM = 16 };

/* The input is items without magic and checksums: length (2 bytes) and bytes. */
static void build(FILE *out, const uint8_t *data, size_t size)
{
    fwrite(magic, 1, sizeof magic - 1, out);
    while (size > 2) {
        size_t n = (size_t)data[0] << 8 | data[1];
        uint8_t length[4] = {0, 0, data[0], data[1]}, sum[SUM];
        data += 2;
        size -= 2;
        fwrite(length, 1, sizeof length, out);
        n = n < size ? n : size;
        fwrite(data, 1, n, out);
        crypto_generichash(sum, sizeof sum, data, n, (const uint8_t *)"satchel archive 1", 17);
        fwrite(sum, 1, sizeof sum, out);
        data += n;
        size -= n;
    }
    fwrite(data, 1, size, out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct change change;
    struct archive_item item;
    struct archive *a;
    struct chain_head head;
    uint64_t entries = 0;
    char path[64];
    FILE *file;
    int fd = memfd_create("archive", MFD_CLOEXEC);
    if (fd < 0 || (file = fdopen(fd, "wb")) == NULL)
        abort();
    build(file, data, size);
    if (fflush(file) != 0)
        abort();
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (archive_open(&a, path, NULL, 0, NULL) == 0) {
        while (archive_next(a, &item, NULL) == 0 && item.type != ARCHIVE_END) {
            if (item.type == ARCHIVE_HEAD)
                (void)chain_peek(item.head, &head, NULL);
            if (item.type == ARCHIVE_ENTRY) {
                if (item.position != entries++ || item.body.p != NULL)
                    abort();
                (void)change_read_header(item.header, &change, NULL);
            }
        }
        archive_close(a);
    }
    (void)fclose(file);
    return 0;
}
