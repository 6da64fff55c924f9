/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

static void run(void)
{
	if (rename(vault, open_path("moved")) < 0)
		step_failed("rename of the directory");
	else
		reach_path(open_path("moved/target"));
}

ATTACK(.name = "rename-parent", .goals = READ | EXEC | WRITE, .alert_elsewhere = true)
