/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

static void run(void)
{
	const char *link = open_path("directory-link");

	if (symlink(vault, link) < 0)
		step_failed("symlink");
	else
		reach_path(open_path("directory-link/target"));
	if (symlink("directory-link/target", open_path("chain")) < 0)
		step_failed("symlink");
	else
		reach_path(open_path("chain"));
}

ATTACK(.name = "symlink-directory", .goals = READ | EXEC | WRITE)
