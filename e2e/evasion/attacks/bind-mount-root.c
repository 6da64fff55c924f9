/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

#include <sys/mount.h>

static void run(void)
{
	char reached[2 * PATH_MAX];
	const char *point = open_path("root");

	if (mkdir(point, 0755) < 0)
		step_failed("mkdir");
	if (mount("/", point, NULL, MS_BIND | MS_REC, NULL) < 0) {
		step_failed("mount MS_BIND");
		return;
	}
	snprintf(reached, sizeof(reached), "%.3000s%.3000s", point, target);
	reach_path(reached);
	umount2(point, MNT_DETACH);
}

ATTACK(.name = "bind-mount-root", .goals = READ | EXEC | WRITE, .alert_elsewhere = true)
