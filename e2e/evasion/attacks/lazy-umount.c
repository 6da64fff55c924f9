/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

#include <sched.h>
#include <sys/mount.h>

/* The mount is taken out of the tree while the attacker stands on it: paths below it have lost their beginning. */
static void inside(void *unused)
{
	char top[PATH_MAX], *slash;
	struct stat here, above;

	(void)unused;
	if (unshare(CLONE_NEWNS) < 0) {
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
	if (chdir(vault) < 0 || umount2(top, MNT_DETACH) < 0) {
		step_failed("umount MNT_DETACH");
		return;
	}
	reach_path("target");
}

static void run(void)
{
	in_child(inside, NULL);
}

ATTACK(.name = "lazy-umount", .goals = READ | EXEC | WRITE, .alert_elsewhere = true)
