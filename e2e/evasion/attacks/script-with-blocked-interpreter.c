/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

static void run(void)
{
	reach_path(open_path("script"));
}

ATTACK(.name = "script-with-blocked-interpreter", .goals = EXEC, .layout = LAYOUT_INTERPRETER)
