/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

static void run(void)
{
	const char *link_name = open_path("hard-link");

	if (link(target, link_name) < 0)
		step_failed("link");
	else
		reach_path(link_name);
}

ATTACK(.name = "hard-link", .goals = READ | EXEC | WRITE)
