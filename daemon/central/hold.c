/* Writes `hold` records. */
#include "hold.h"

#include "device.h"
#include "schema.h"

int hold_write(struct central *c, const struct hold *hold, struct error *e)
{
    struct id record = id_new(c->author.wall());
    char hex[DEVICE_HEX];
    const struct central_field fields[] = {{"device", .text = hex},
                                           {"epoch", .number = hold->epoch},
                                           {"seq", .number = hold->seq},
                                           {"reason", .text = hold->reason},
                                           {"author", .id = hold->author},
                                           {"status", .text = "held"},
                                           {.name = NULL}};
    device_hex(hold->device, hex);
    return central_write_record(c, &(struct central_record){.kind = KIND_HOLD, .record = &record, .fields = fields}, e);
}
