/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

static void run(void)
{
	int fd = open(target, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fchown(fd, 4242, 4242) < 0)
		step_failed("fchown");
}

ATTACK(.name = "fchown", .goals = WRITE)
