/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

static void run(void)
{
	if (syscall(SYS_renameat2, AT_FDCWD, decoy_path(), AT_FDCWD, target, 2 /* RENAME_EXCHANGE */) < 0)
		step_failed("renameat2 RENAME_EXCHANGE");
	else
		reach_path(decoy_path());
}

ATTACK(.name = "rename-exchange", .goals = READ | EXEC | WRITE)
