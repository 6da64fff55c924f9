/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

/* No evasion at all: the control that the rule is in force. */
static void run(void)
{
	reach_path(target);
}

ATTACK(.name = "plain", .goals = READ | EXEC | WRITE)
