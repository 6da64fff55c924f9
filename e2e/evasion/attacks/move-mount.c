/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

#include <sys/mount.h>

static void run(void)
{
	const char *point = open_path("moved");
	int tree = (int)syscall(SYS_open_tree, AT_FDCWD, vault, 1 /* OPEN_TREE_CLONE */ | O_CLOEXEC);

	if (tree < 0) {
		step_failed("open_tree OPEN_TREE_CLONE");
		return;
	}
	if (mkdir(point, 0755) < 0)
		step_failed("mkdir");
	if (syscall(SYS_move_mount, tree, "", AT_FDCWD, point, 4 /* MOVE_MOUNT_F_EMPTY_PATH */) < 0) {
		step_failed("move_mount");
	} else {
		reach_path(open_path("moved/target"));
		umount2(point, MNT_DETACH);
	}
	close(tree);
}

ATTACK(.name = "move-mount", .goals = READ | EXEC | WRITE, .alert_elsewhere = true)
