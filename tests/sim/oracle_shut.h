/* Of property 4: what comes from somebody whom the office has shut out is held. Who that is, and from which position of
 * the log on, is read here once more from what the office wrote about laptops and persons. */
#ifndef SATCHEL_SIM_ORACLE_SHUT_H
#define SATCHEL_SIM_ORACLE_SHUT_H

#include "oracle_log.h"

void oracle_shut_judge(const struct oracle_log *log);

#endif
