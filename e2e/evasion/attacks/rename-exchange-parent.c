/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

/* The free directory takes the vault's name: rename hooks see the paths in the other order. */
static void run(void)
{
	if (mkdir(open_path("other"), 0755) < 0)
		step_failed("mkdir");
	if (syscall(SYS_renameat2, AT_FDCWD, open_path("other"), AT_FDCWD, vault, 2 /* RENAME_EXCHANGE */) < 0)
		step_failed("renameat2 RENAME_EXCHANGE");
	else
		reach_path(open_path("other/target"));
}

ATTACK(.name = "rename-exchange-parent", .goals = READ | EXEC | WRITE, .alert_elsewhere = true)
