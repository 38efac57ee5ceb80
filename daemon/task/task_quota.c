/* `satcheld device quota`: what a laptop has brought and may bring; and allowing it more, or less. */
#include <stdio.h>

#include "device.h"
#include "moment.h"
#include "quota.h"
#include "task.h"
#include "task_find.h"

struct allowing {
    struct task_setting setting;
    char percent[24];
};

static int allow(struct task *t, void *arg, struct error *e)
{
    struct allowing *a = arg;
    int code = task_set(t, &a->setting, e);
    return code != 0 ? code : quota_open_link(t->central, &a->setting.record, e);
}

static void put_json(struct json *j, const struct quota *q)
{
    const struct {
        const char *name;
        uint64_t number;
    } all[] = {{"percent", q->percent},
               {"changes", q->day.changes},
               {"changes_max", q->limit.changes},
               {"bytes", q->day.bytes},
               {"bytes_max", q->limit.bytes},
               {"records", q->day.records},
               {"records_max", q->limit.records},
               {"links", q->day.links},
               {"links_max", q->limit.links},
               {"waiting", q->waiting},
               {"waiting_max", q->waiting_limit},
               {"held", q->held_changes},
               {"held_max", q->held_changes_limit},
               {"held_bytes", q->held_bytes},
               {"held_bytes_max", q->held_bytes_limit}};
    json_object(j);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        json_uint(json_key(j, all[i].name), all[i].number);
    json_flag(json_key(j, "closed"), q->closed);
    json_end(j);
}

static void put_line(FILE *out, const char *what, uint64_t brought, uint64_t most)
{
    (void)fprintf(out, "%10llu of %8llu  %s\n", (unsigned long long)brought, (unsigned long long)most, what);
}

static unsigned long long kilobytes(uint64_t bytes)
{
    return (bytes + 1023) / 1024;
}

static void say_brought(FILE *out, const struct quota *q)
{
    put_line(out, "changes in 24 hours", q->day.changes, q->limit.changes);
    put_line(out, "kilobytes of them", kilobytes(q->day.bytes), kilobytes(q->limit.bytes));
    put_line(out, "new persons and cases in 24 hours", q->day.records, q->limit.records);
    put_line(out, "links between persons in 24 hours", q->day.links, q->limit.links);
    put_line(out, "persons taken down who have no case yet", q->waiting, q->waiting_limit);
    put_line(out, "changes that wait as held", q->held_changes, q->held_changes_limit);
    put_line(out, "kilobytes of them", kilobytes(q->held_bytes), kilobytes(q->held_bytes_limit));
}

static int device_quota(struct task *t, struct usage_call *call, struct error *e)
{
    struct allowing a = {.setting = {.field = "quota", .value = a.percent}};
    uint64_t percent = usage_number(call, "percent", 0);
    struct json j = json_start(t->cli->out);
    struct device device;
    struct quota q;
    int code = task_find_device(t, call->words[0], &a.setting.record, e);
    if (code != 0)
        return code;
    (void)snprintf(a.percent, sizeof a.percent, "%llu", (unsigned long long)percent);
    if ((percent != 0 && (code = task_write(t, usage_text(call, "as"), allow, &a, e)) != 0) ||
        (code = device_by_id(t->central->db, &a.setting.record, &device, e)) != 0 ||
        (code = quota_read(t->central, &device, &q, e)) != 0)
        return code;
    task_say_device(t, &a.setting.record);
    (void)fprintf(t->cli->err, " may bring %llu percent of what is usual%s\n", (unsigned long long)q.percent,
                  q.closed ? "; it is shut out, has brought more, and its link is closed" : "");
    if (t->cli->json)
        put_json(&j, &q);
    else
        say_brought(t->cli->out, &q);
    return 0;
}

const struct task_row task_device_quota = {
    .usage =
        {.group = "device",
         .name = "quota",
         .words = "LAPTOP",
         .options = {{.name = "percent",
                      .value = "N",
                      .help = "allow it so much, in percent of what is usual; 100 is the usual",
                      .min = 1,
                      .max = QUOTA_PERCENT_MAX},
                     TASK_AS},
         .help = "tell what a laptop has brought and may bring, or allow it more",
         .more =
             "LAPTOP is its label, or the login of its person if that person has one laptop, or the first word that\n"
             "`satcheld device list` shows. Over its quota a laptop is told to come later, and keeps what it has.\n"
             "With --percent a link that was closed to it is open again.",
         .example = "satcheld device quota /srv/office 'anna, blue' --percent 500"},
    .run = device_quota,
};
