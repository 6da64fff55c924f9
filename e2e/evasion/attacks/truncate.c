/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

static void run(void)
{
	if (truncate(target, 1) < 0)
		step_failed("truncate");
}

ATTACK(.name = "truncate", .goals = WRITE)
