/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

static void run(void)
{
	if (unlink(target) < 0)
		step_failed("unlink");
	if (symlink(decoy_path(), target) < 0)
		step_failed("symlink");
}

ATTACK(.name = "unlink-then-symlink", .goals = WRITE)
