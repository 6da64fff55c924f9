/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

#include <sched.h>
#include <sys/mount.h>

/*
 * The mount that the target lies on becomes the root itself, so that the target's path loses its beginning. Works only
 * where that mount is not the root already, as for volumes.
 */
static void inside(void *unused)
{
	char top[PATH_MAX], reached[PATH_MAX], *slash;
	struct stat here, above;

	(void)unused;
	if (unshare(CLONE_NEWNS) < 0 && !become_user_root(CLONE_NEWNS)) {
		step_failed("unshare");
		return;
	}
	mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	snprintf(top, sizeof(top), "%s", case_dir);
	for (;;) {
		slash = strrchr(top, '/');
		if (slash == NULL || slash == top) {
			errno = ENXIO;
			step_failed("find the mount point");
			return;
		}
		stat(top, &here);
		*slash = '\0';
		stat(top, &above);
		if (here.st_dev != above.st_dev) {
			*slash = '/';
			break;
		}
	}
	if (chdir(top) < 0 || syscall(SYS_pivot_root, ".", ".") < 0) {
		step_failed("pivot_root");
		return;
	}
	umount2(".", MNT_DETACH);
	snprintf(reached, sizeof(reached), "%s", target + strlen(top));
	reach_path(reached);
}

static void run(void)
{
	in_child(inside, NULL);
}

ATTACK(.name = "pivot-root-mount", .goals = READ | EXEC | WRITE, .alert_elsewhere = true)
