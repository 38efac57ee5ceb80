/* What concerns the stores of laptops and office: lease, event list. */
#include <stdio.h>
#include <stdlib.h>

#include "lease.h"
#include "task.h"

int task_lease(struct task *t, int argc, char **argv, struct error *e)
{
    const char *as = NULL;
    const struct cli_option options[] = {{"as", &as, NULL}, {"json", NULL, &t->cli->json}, {NULL, NULL, NULL}};
    struct task_setting s = {.record = t->central->office, .field = "lease_days"};
    unsigned days = 0;
    char *end = NULL;
    int code;
    if ((code = cli_options(&argc, argv, options, e)) != 0)
        return code;
    if (argc > 1) {
        unsigned long wanted = strtoul(argv[1], &end, 10);
        if ((code = task_words(argc, 1, 1, "lease DIR [DAYS]", e)) != 0)
            return code;
        if (argv[1][0] == '-' || *end != 0 || wanted < 1 || wanted > LEASE_DAYS_MAX)
            return error_set(e, E_USAGE, "a lease takes 1 to %d days", LEASE_DAYS_MAX);
        s.value = argv[1];
        if ((code = task_write(t, as, task_set, &s, e)) != 0)
            return code;
    }
    if ((code = lease_days(t->central, &days, e)) == 0)
        (void)fprintf(t->cli->out, t->cli->json ? "{\"lease_days\": %u}\n" : "%u days\n", days);
    return code;
}

int task_event_list(struct task *t, int argc, char **argv, struct error *e)
{
    return task_list(
        t, argc, argv, "event list DIR",
        "SELECT strftime('%Y-%m-%dT%H:%M:%SZ', entry.received / 1000, 'unixepoch') AS received, event.at, "
        "coalesce(device.label, 'the office') AS store, coalesce(holder.login, '') AS login, event.what, "
        "coalesce(event.count, '') AS count, coalesce(one.login || ' and ' || two.login, '') AS officers, "
        "coalesce(device.id, '') AS device " TASK_EVENTS " LEFT JOIN device ON device.id = id_text(entry.device)"
        " LEFT JOIN \"user\" holder ON holder.id = device.\"user\""
        " LEFT JOIN \"user\" one ON one.id = event.officer LEFT JOIN \"user\" two ON two.id = event.second_officer"
        " ORDER BY entry.position",
        e);
}
