/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

/* A free file takes the name. */
static void run(void)
{
	if (unlink(target) < 0)
		step_failed("unlink");
	if (link(decoy_path(), target) < 0)
		step_failed("link");
}

ATTACK(.name = "unlink-then-link", .goals = WRITE)
