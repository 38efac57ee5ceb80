/* The four things that a person can say of two client records, and the words for each. */
#include "pairing.h"

#include <stdio.h>

#include "json.h"
#include "whose.h"

const struct pairing pairing_link = {person_link, "linked as one person; whoever holds one gets the other",
                                     "they are linked as one person already; nothing was written"};
const struct pairing pairing_unlink = {person_unlink, "no longer linked, and each record as it was", NULL};
const struct pairing pairing_part = {person_part, "marked as two people, and not proposed any more",
                                     "they are marked as two people already; nothing was written"};
const struct pairing pairing_unpart = {person_unpart, "no longer marked as two people", NULL};

/* Names the record through which the two are one person's still, if there is one. */
static int tell_still(struct db *db, const struct cli *cli, const struct id both[2], struct error *e)
{
    struct person_map map;
    char brief[ID_BRIEF];
    struct id next;
    int code = person_map_of(db, &both[0], NULL, &map, e), found;
    if (code == 0 && (found = person_map_next(&map, &both[0], &both[1], &next, e)) != 0) {
        code = found < 0 ? error_code(e) : 0;
        if (found == 1)
            (void)fputs("; they are still one person's through ", cli->err);
        if (found == 1) {
            whose_say(cli->err, db, &next);
            (void)fprintf(cli->err, " (%s)", id_brief(&next, brief));
        }
    }
    person_map_free(&map);
    return code;
}

int pairing_tell(const struct pairing *what, struct db *db, const struct cli *cli, const struct id both[2], int written,
                 struct error *e)
{
    char one[ID_BRIEF], other[ID_BRIEF];
    if (cli->json) {
        struct json j = json_start(cli->out);
        json_object(&j);
        json_ids(json_key(&j, "clients"), both, 2);
        json_flag(json_key(&j, "written"), written);
        json_end(&j);
    }
    whose_say(cli->err, db, &both[0]);
    (void)fprintf(cli->err, " (%s) and ", id_brief(&both[0], one));
    whose_say(cli->err, db, &both[1]);
    (void)fprintf(cli->err, " (%s): %s", id_brief(&both[1], other),
                  written || what->already == NULL ? what->done : what->already);
    return what == &pairing_unlink ? tell_still(db, cli, both, e) : 0;
}
