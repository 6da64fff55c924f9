/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

static void run(void)
{
	int dir = open(vault, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0) {
		step_failed("open the vault O_PATH");
		return;
	}
	reach_at(dir, "target");
	close(dir);
}

ATTACK(.name = "opath-directory", .goals = READ | EXEC | WRITE)
