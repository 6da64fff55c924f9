/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

static void run(void)
{
	int fd = open(target, O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		step_failed("open O_RDWR");
		return;
	}
	if (fallocate(fd, 0, 0, 8192) < 0)
		step_failed("fallocate");
	close(fd);
}

ATTACK(.name = "fallocate", .goals = WRITE)
