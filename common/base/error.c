/* Filling an error with its code and its sentence, and the table of the codes. */
#include "error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int error_set(struct error *e, int code, const char *format, ...)
{
    if (e != NULL) {
        va_list args;
        e->code = code;
        va_start(args, format);
        (void)vsnprintf(e->text, sizeof e->text, format, args);
        va_end(args);
    }
    return code;
}

int error_system(struct error *e, int code, int number, const char *format, ...)
{
    if (number == ENOSPC || number == EDQUOT)
        code = E_FULL;
    else if (number == ENOMEM)
        code = E_MEMORY;
    if (e != NULL) {
        char words[128];
        size_t used;
        va_list args;
        e->code = code;
        va_start(args, format);
        (void)vsnprintf(e->text, sizeof e->text, format, args);
        va_end(args);
        used = strlen(e->text);
        (void)snprintf(e->text + used, sizeof e->text - used, ": %s", strerror_r(number, words, sizeof words));
    }
    return code;
}

int error_prefix(struct error *e, const char *format, ...)
{
    struct error kept;
    size_t used;
    va_list args;
    if (e == NULL)
        return E_INTERNAL;
    kept = *e;
    va_start(args, format);
    (void)vsnprintf(e->text, sizeof e->text, format, args);
    va_end(args);
    used = strlen(e->text);
    (void)snprintf(e->text + used, sizeof e->text - used, ": %s", kept.text);
    return e->code;
}

int error_code(const struct error *e)
{
    return e != NULL && e->code != 0 ? e->code : E_IO;
}

static const struct {
    int status;
    const char *name;
} codes[] = {
#define ERROR_ROW(code, status, name) [code] = {status, name},
    ERROR_LIST(ERROR_ROW)
#undef ERROR_ROW
};

static int is_known(int code)
{
    return code >= 0 && (size_t)code < sizeof codes / sizeof *codes;
}

int error_status(int code)
{
    return is_known(code) ? codes[code].status : 2;
}

const char *error_name(int code)
{
    return is_known(code) ? codes[code].name : "internal";
}
