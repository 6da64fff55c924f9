/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

static void run(void)
{
	const char *link = open_path("link");

	if (symlink(target, link) < 0)
		step_failed("symlink");
	else
		reach_path(link);
	link = open_path("relative-link");
	if (symlink("../vault/target", link) < 0)
		step_failed("symlink");
	else
		reach_path(link);
}

ATTACK(.name = "symlink", .goals = READ | EXEC | WRITE)
