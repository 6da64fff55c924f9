/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

static void run(void)
{
	int fd = creat(target, 0644);

	if (fd < 0)
		step_failed("creat");
	else
		close(fd);
}

ATTACK(.name = "creat", .goals = WRITE)
