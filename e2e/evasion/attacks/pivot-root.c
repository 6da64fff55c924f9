/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

#include <sched.h>
#include <sys/mount.h>

/* The vault's parent becomes the root of a mount namespace, so that every path is shorter than the rule's. */
static void inside(void *unused)
{
	(void)unused;
	if (unshare(CLONE_NEWNS) < 0 && !become_user_root(CLONE_NEWNS)) {
		step_failed("unshare");
		return;
	}
	mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	if (mount(case_dir, case_dir, NULL, MS_BIND | MS_REC, NULL) < 0) {
		step_failed("mount MS_BIND onto itself");
		return;
	}
	if (chdir(case_dir) < 0 || syscall(SYS_pivot_root, ".", ".") < 0) {
		step_failed("pivot_root");
		return;
	}
	umount2(".", MNT_DETACH);
	reach_path("/vault/target");
}

static void run(void)
{
	in_child(inside, NULL);
}

ATTACK(.name = "pivot-root", .goals = READ | EXEC | WRITE, .alert_elsewhere = true)
