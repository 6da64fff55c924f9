/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

static void run(void)
{
	const char *name = open_path("whiteout");

	if (syscall(SYS_renameat2, AT_FDCWD, target, AT_FDCWD, name, 4 /* RENAME_WHITEOUT */) < 0)
		step_failed("renameat2 RENAME_WHITEOUT");
	else
		reach_path(name);
}

ATTACK(.name = "rename-whiteout", .goals = READ | EXEC | WRITE)
