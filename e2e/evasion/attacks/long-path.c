/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

static void run(void)
{
	reach_path(target);
}

ATTACK(.name = "long-path", .goals = READ | EXEC | WRITE, .layout = LAYOUT_LONG, .directory_rule = true)
