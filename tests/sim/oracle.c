#include "oracle.h"

#include <stdarg.h>
#include <stdio.h>

static char finding[1024];

void oracle_reset(void)
{
    finding[0] = '\0';
}

const char *oracle_finding(void)
{
    return finding[0] != '\0' ? finding : NULL;
}

void oracle_found(const char *format, ...)
{
    va_list args;
    if (finding[0] != '\0')
        return;
    va_start(args, format);
    (void)vsnprintf(finding, sizeof finding, format, args);
    va_end(args);
}

void oracle_command(const struct machine_run *run)
{
    (void)run;
}

void oracle_task(const struct machine_run *run)
{
    (void)run;
}

void oracle_put_back(unsigned machine, unsigned image)
{
    (void)machine, (void)image;
}

void oracle_copied(unsigned from, unsigned to)
{
    (void)from, (void)to;
}

void oracle_lost(unsigned machine)
{
    (void)machine;
}

void oracle_office_up(void)
{
}

void oracle_office_set_back(void)
{
}

void oracle_look(void)
{
}

void oracle_end(unsigned laptops)
{
    (void)laptops;
}

int oracle_is_settled(unsigned machine)
{
    (void)machine;
    return 1;
}
