/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

#include <sys/mount.h>

static void run(void)
{
	const char *point = decoy_path();

	if (mount(target, point, NULL, MS_BIND, NULL) < 0) {
		step_failed("mount MS_BIND");
		return;
	}
	reach_path(point);
	umount2(point, MNT_DETACH);
}

ATTACK(.name = "bind-mount-file", .goals = READ | EXEC | WRITE, .alert_elsewhere = true)
