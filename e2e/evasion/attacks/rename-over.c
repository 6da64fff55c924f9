/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

static void run(void)
{
	if (rename(decoy_path(), target) < 0)
		step_failed("rename over the target");
}

ATTACK(.name = "rename-over", .goals = WRITE)
