/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

static void run(void)
{
	if (unlink(target) < 0)
		step_failed("unlink");
}

ATTACK(.name = "unlink", .goals = WRITE)
