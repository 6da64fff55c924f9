/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

static void run(void)
{
	const char *name = open_path("renamed");

	if (rename(target, name) < 0)
		step_failed("rename");
	else
		reach_path(name);
}

ATTACK(.name = "rename-file", .goals = READ | EXEC | WRITE)
