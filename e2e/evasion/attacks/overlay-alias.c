/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

#include <sys/mount.h>

/* An overlay whose lower layer is the vault: another superblock that shows the same bytes. */
static void run(void)
{
	char options[3 * PATH_MAX];
	const char *point = open_path("merged");

	if (mkdir(point, 0755) < 0 || mkdir(open_path("upper"), 0755) < 0 || mkdir(open_path("work"), 0755) < 0 ||
	    mkdir(open_path("empty"), 0755) < 0)
		step_failed("mkdir");
	snprintf(options, sizeof(options), "lowerdir=%.3000s:%.3000s", vault, open_path("empty"));
	if (mount("overlay", point, "overlay", 0, options) < 0) {
		step_failed("mount overlay");
		return;
	}
	reach_path(open_path("merged/target"));
	umount2(point, MNT_DETACH);
}

ATTACK(.name = "overlay-alias", .goals = READ | EXEC, .alert_elsewhere = true)
