/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

static void run(void)
{
	char proc[64];
	int fd = open(target, O_PATH | O_CLOEXEC);

	if (fd < 0) {
		step_failed("open O_PATH");
		return;
	}
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	reach_path(proc);
	snprintf(proc, sizeof(proc), "/proc/thread-self/fd/%d", fd);
	reach_path(proc);
	snprintf(proc, sizeof(proc), "/dev/fd/%d", fd);
	reach_path(proc);
	close(fd);
}

ATTACK(.name = "opath-reopen", .goals = READ | EXEC | WRITE)
