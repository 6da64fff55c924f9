/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

#include <sched.h>

/* The overlay of overlay-alias, made by the new mount calls and used without being attached anywhere. */
enum { SET_STRING = 1, CREATE = 6 };

static void inside(void *unused)
{
	int config, mounted;

	(void)unused;
	if (unshare(CLONE_NEWNS) < 0 && !become_user_root(CLONE_NEWNS))
		return;
	if (mkdir(open_path("empty"), 0755) < 0)
		step_failed("mkdir");
	config = (int)syscall(SYS_fsopen, "overlay", 0);
	if (config < 0) {
		step_failed("fsopen");
		return;
	}
	char layers[3 * PATH_MAX];

	snprintf(layers, sizeof(layers), "%.3000s:%.3000s", vault, open_path("empty"));
	if (syscall(SYS_fsconfig, config, SET_STRING, "lowerdir", layers, 0) < 0 ||
	    syscall(SYS_fsconfig, config, CREATE, NULL, NULL, 0) < 0) {
		step_failed("fsconfig");
		return;
	}
	mounted = (int)syscall(SYS_fsmount, config, 0, 0);
	if (mounted < 0) {
		step_failed("fsmount");
		return;
	}
	reach_at(mounted, "target");
}

static void run(void)
{
	in_child(inside, NULL);
}

ATTACK(.name = "overlay-detached", .goals = READ | EXEC, .alert_elsewhere = true)
