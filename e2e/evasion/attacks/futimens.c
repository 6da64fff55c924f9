/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

#include <sys/time.h>

static void run(void)
{
	struct timespec times[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
	int fd = open(target, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || futimens(fd, times) < 0)
		step_failed("futimens");
}

ATTACK(.name = "futimens", .goals = WRITE)
