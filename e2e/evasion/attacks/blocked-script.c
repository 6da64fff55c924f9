/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

static void run(void)
{
	reach_path(target);
}

ATTACK(.name = "blocked-script", .goals = EXEC, .layout = LAYOUT_SCRIPT)
