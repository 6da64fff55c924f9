/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

#include <sys/mount.h>

/* A fresh file system hides the vault, and a counterfeit takes the name. It stays mounted: the harness looks at the path. */
static void run(void)
{
	int fd;

	if (mount("tmpfs", vault, "tmpfs", 0, NULL) < 0) {
		step_failed("mount tmpfs over the vault");
		return;
	}
	fd = open(target, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		step_failed("create the counterfeit");
	else
		close(fd);
}

ATTACK(.name = "tmpfs-over-parent", .goals = WRITE, .alert_elsewhere = true)
