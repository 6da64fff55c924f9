/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

static void run(void)
{
	reach_path(target);
}

ATTACK(.name = "deep-path", .goals = READ | EXEC | WRITE, .layout = LAYOUT_DEEP, .directory_rule = true)
