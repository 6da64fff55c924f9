/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

/* A detached copy of the mount tree: the file is reached below a mount that hangs nowhere. */
static void run(void)
{
	int tree = (int)syscall(SYS_open_tree, AT_FDCWD, vault, 1 /* OPEN_TREE_CLONE */ | O_CLOEXEC);

	if (tree < 0) {
		step_failed("open_tree OPEN_TREE_CLONE");
		return;
	}
	reach_at(tree, "target");
	close(tree);
}

ATTACK(.name = "open-tree", .goals = READ | EXEC | WRITE, .alert_elsewhere = true)
