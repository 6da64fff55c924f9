/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

/* A read-only rule lets the file be read; the descriptor is then opened again for writing. */
static void run(void)
{
	char proc[64];
	int fd = open(target, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		step_failed("open for reading");
		return;
	}
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	reach_path(proc);
	close(fd);
}

ATTACK(.name = "reopen-for-write", .goals = WRITE)
