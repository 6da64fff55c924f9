/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

#include <sched.h>
#include <sys/mount.h>

/* No bind mount at all: a fresh tmpfs becomes the root, and everything else hangs below it under longer names. */
static void inside(void *unused)
{
	char reached[3 * PATH_MAX];
	const char *root = open_path("new-root");

	(void)unused;
	if (unshare(CLONE_NEWNS) < 0 && !become_user_root(CLONE_NEWNS)) {
		step_failed("unshare");
		return;
	}
	mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	if (mkdir(root, 0755) < 0 || mount("tmpfs", root, "tmpfs", 0, NULL) < 0) {
		step_failed("mount tmpfs");
		return;
	}
	if (chdir(root) < 0 || mkdir("old", 0755) < 0 || syscall(SYS_pivot_root, ".", "old") < 0) {
		step_failed("pivot_root");
		return;
	}
	snprintf(reached, sizeof(reached), "/old%s", target);
	reach_path(reached);
}

static void run(void)
{
	in_child(inside, NULL);
}

ATTACK(.name = "pivot-root-tmpfs", .goals = READ | EXEC | WRITE, .alert_elsewhere = true)
