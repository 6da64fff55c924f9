/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

#include <sys/xattr.h>

static void run(void)
{
	if (setxattr(target, "user.evasion", "x", 1, 0) < 0)
		step_failed("setxattr");
}

ATTACK(.name = "setxattr", .goals = WRITE)
