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

int error_status(int code)
{
    switch (code) {
#define ERROR_CASE(code_, status, name)                                                                                \
    case code_:                                                                                                        \
        return status;
        ERROR_LIST(ERROR_CASE)
#undef ERROR_CASE
    default:
        return 2;
    }
}

const char *error_name(int code)
{
    switch (code) {
#define ERROR_CASE(code_, status, name)                                                                                \
    case code_:                                                                                                        \
        return name;
        ERROR_LIST(ERROR_CASE)
#undef ERROR_CASE
    default:
        return "internal";
    }
}
