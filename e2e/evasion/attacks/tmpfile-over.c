/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

static void run(void)
{
	char proc[64];
	int fd = open(scratch, O_TMPFILE | O_WRONLY, 0644);

	if (fd < 0) {
		step_failed("open O_TMPFILE");
		return;
	}
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	if (unlink(target) < 0)
		step_failed("unlink");
	if (linkat(AT_FDCWD, proc, AT_FDCWD, target, AT_SYMLINK_FOLLOW) < 0)
		step_failed("linkat over the target");
	close(fd);
}

ATTACK(.name = "tmpfile-over", .goals = WRITE)
