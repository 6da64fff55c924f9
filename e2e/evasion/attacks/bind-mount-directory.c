/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

#include <sys/mount.h>

static void run(void)
{
	const char *point = open_path("mounted");

	if (mkdir(point, 0755) < 0)
		step_failed("mkdir");
	if (mount(vault, point, NULL, MS_BIND, NULL) < 0) {
		step_failed("mount MS_BIND");
		return;
	}
	reach_path(open_path("mounted/target"));
	umount2(point, MNT_DETACH);
}

ATTACK(.name = "bind-mount-directory", .goals = READ | EXEC | WRITE, .alert_elsewhere = true)
