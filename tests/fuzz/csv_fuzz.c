/* Any bytes as a CSV file, of each encoding: rows, bad rows, an end; every field a UTF-8 text inside the row's memory.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "csv.h"
#include "pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char path[64];
    static int fd = -1;
    const char *why = "";
    enum csv_result r;
    struct csv c;
    size_t rows = 0;
    if (fd < 0) {
        fd = memfd_create("csv", 0);
        (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    }
    if (ftruncate(fd, 0) != 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
        abort();
    if (csv_open(&c, path, NULL, NULL) != 0 && csv_open(&c, path, "windows-1252", NULL) != 0)
        return 0;
    while ((r = csv_next(&c, &why)) != CSV_END) {
        if (++rows > size + 1 || c.last_line < c.line || c.last_line > size + 1) /* each row and line takes bytes */
            abort();
        for (size_t i = 0; r == CSV_ROW && i < c.count; i++) {
            size_t length = strlen(c.fields[i]);
            if (c.fields[i] < c.row || c.fields[i] + length >= c.row + CSV_ROW_MAX ||
                !pack_is_utf8((const uint8_t *)c.fields[i], length))
                abort();
        }
    }
    csv_close(&c);
    return 0;
}
