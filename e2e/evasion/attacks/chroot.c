/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

static void inside(void *root)
{
	if (chroot(root) < 0 || chdir("/") < 0) {
		step_failed("chroot");
		return;
	}
	reach_path(strcmp(root, vault) == 0 ? "/target" : "/vault/target");
}

static void run(void)
{
	in_child(inside, vault);
	in_child(inside, case_dir);
}

ATTACK(.name = "chroot", .goals = READ | EXEC | WRITE)
