/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

static void run(void)
{
	reach_path(target);
}

ATTACK(.name = "name-not-utf8", .goals = READ | EXEC | WRITE, .layout = LAYOUT_BYTES, .directory_rule = true)
