/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

/* O_TRUNC changes the file even when it is opened for reading. */
static void run(void)
{
	int fd = open(target, O_RDONLY | O_TRUNC | O_CLOEXEC);

	if (fd < 0)
		step_failed("open O_TRUNC");
	else
		close(fd);
}

ATTACK(.name = "open-truncate", .goals = WRITE)
