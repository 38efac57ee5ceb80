/* `satcheld lease` and `event list`: what concerns the stores of laptops and office. */
#include <stdio.h>
#include <stdlib.h>

#include "lease.h"
#include "task.h"

static int lease(struct task *t, struct usage_call *call, struct error *e)
{
    struct task_setting s = {.record = t->central->office, .field = "lease_days", .value = call->words[0]};
    unsigned days = 0;
    uint64_t wanted;
    int code;
    if (s.value != NULL && cli_number(s.value, "", 1, LEASE_DAYS_MAX, &wanted, NULL) != 0)
        return error_set(e, E_USAGE, "a lease takes 1 to %d days", LEASE_DAYS_MAX);
    if (s.value != NULL && (code = task_write(t, usage_text(call, "as"), task_set, &s, e)) != 0)
        return code;
    if ((code = lease_days(t->central, &days, e)) != 0)
        return code;
    if (t->cli->json)
        task_number_json(t, "lease_days", days);
    else
        (void)fprintf(t->cli->out, "%u days\n", days);
    return 0;
}

const struct task_row task_lease = {
    .usage = {.name = "lease",
              .words = "[DAYS]",
              .options = {TASK_AS},
              .help = "tell or set how many days a laptop opens its store without meeting the office",
              .example = "satcheld lease /srv/office 14"},
    .run = lease,
};

const struct task_row task_event_list = {
    .usage =
        {.group = "event",
         .name = "list",
         .help =
             "list what laptops and office say of their stores: recoveries, wrong passphrases, that they were wiped",
         .example = "satcheld event list /srv/office"},
    .none = "no event is written down",
    .sql = "SELECT strftime('%Y-%m-%dT%H:%M:%SZ', entry.received / 1000, 'unixepoch') AS received, event.at, "
           "coalesce(device.label, 'the office') AS store, holder.login AS login, "
           "CASE WHEN event.what = 'wiped' THEN 'says that it was wiped' ELSE event.what END AS what, "
           "event.count AS count, one.login || ' and ' || two.login AS officers, "
           "device.id AS device " TASK_EVENTS " LEFT JOIN device ON device.id = id_text(entry.device)"
           " LEFT JOIN \"user\" holder ON holder.id = device.\"user\""
           " LEFT JOIN \"user\" one ON one.id = event.officer LEFT JOIN \"user\" two ON two.id = event.second_officer"
           " ORDER BY entry.position",
};
