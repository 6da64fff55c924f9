/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

static void run(void)
{
	int fd = open(target, O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		step_failed("open O_RDWR");
		return;
	}
	if (ftruncate(fd, 1) < 0)
		step_failed("ftruncate");
	close(fd);
}

ATTACK(.name = "ftruncate", .goals = WRITE)
