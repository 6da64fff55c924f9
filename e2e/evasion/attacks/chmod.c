/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

static void run(void)
{
	if (chmod(target, 0777) < 0)
		step_failed("chmod");
}

ATTACK(.name = "chmod", .goals = WRITE)
