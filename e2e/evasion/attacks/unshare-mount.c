/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

#include <sched.h>
#include <sys/mount.h>

static void run(void)
{
	if (unshare(CLONE_NEWNS) < 0) {
		step_failed("unshare CLONE_NEWNS");
		return;
	}
	if (reach_path(target))
		return;
	mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	if (mount(target, decoy_path(), NULL, MS_BIND, NULL) < 0)
		step_failed("mount MS_BIND in the new namespace");
	else
		reach_path(decoy_path());
}

ATTACK(.name = "unshare-mount", .goals = READ | EXEC | WRITE)
