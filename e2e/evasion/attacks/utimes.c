/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

#include <sys/time.h>

static void run(void)
{
	struct timespec times[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };

	if (utimensat(AT_FDCWD, target, times, 0) < 0)
		step_failed("utimensat");
}

ATTACK(.name = "utimes", .goals = WRITE)
