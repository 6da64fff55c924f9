/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

/* On a descriptor that may be opened: reading is free. */
static void run(void)
{
	int fd = open(target, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fchmod(fd, 0777) < 0)
		step_failed("fchmod");
}

ATTACK(.name = "fchmod", .goals = WRITE)
