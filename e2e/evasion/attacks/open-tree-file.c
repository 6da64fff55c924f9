/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

/* The tree is the file itself; it is opened again through its descriptor. */
static void run(void)
{
	char proc[64];
	int tree = (int)syscall(SYS_open_tree, AT_FDCWD, target, 1 /* OPEN_TREE_CLONE */ | O_CLOEXEC);

	if (tree < 0) {
		step_failed("open_tree OPEN_TREE_CLONE");
		return;
	}
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", tree);
	reach_path(proc);
	close(tree);
}

ATTACK(.name = "open-tree-file", .goals = READ | EXEC | WRITE, .alert_elsewhere = true)
