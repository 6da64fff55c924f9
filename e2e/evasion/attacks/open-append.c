/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

static void run(void)
{
	int fd = open(target, O_WRONLY | O_APPEND | O_CLOEXEC);

	if (fd < 0) {
		step_failed("open O_APPEND");
		return;
	}
	if (write(fd, "more", 4) < 0)
		step_failed("write");
	close(fd);
}

ATTACK(.name = "open-append", .goals = WRITE)
