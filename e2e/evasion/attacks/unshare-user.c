/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

#include <sched.h>
#include <sys/mount.h>

/* Root of a user namespace of its own may mount without any capability outside. */
static void inside(void *unused)
{
	(void)unused;
	if (!become_user_root(CLONE_NEWNS))
		return;
	if (reach_path(target))
		return;
	mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	if (mount(target, decoy_path(), NULL, MS_BIND, NULL) < 0)
		step_failed("mount MS_BIND in the user namespace");
	else
		reach_path(decoy_path());
}

static void run(void)
{
	in_child(inside, NULL);
}

ATTACK(.name = "unshare-user", .goals = READ | EXEC | WRITE)
