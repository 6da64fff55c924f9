/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

static void run(void)
{
	if (chown(target, 4242, 4242) < 0)
		step_failed("chown");
	if (lchown(target, 4242, 4242) < 0)
		step_failed("lchown");
}

ATTACK(.name = "chown", .goals = WRITE)
