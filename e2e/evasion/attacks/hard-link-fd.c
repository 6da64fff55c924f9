/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

/* The same from a descriptor: AT_EMPTY_PATH, and through /proc/self/fd with AT_SYMLINK_FOLLOW. */
static void run(void)
{
	const char *name = open_path("linked-empty-path");
	char proc[64];
	int fd = open(target, O_PATH | O_CLOEXEC);

	if (fd < 0) {
		step_failed("open O_PATH");
		return;
	}
	if (linkat(fd, "", AT_FDCWD, name, AT_EMPTY_PATH) < 0)
		step_failed("linkat AT_EMPTY_PATH");
	else
		reach_path(name);
	name = open_path("linked-proc");
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	if (linkat(AT_FDCWD, proc, AT_FDCWD, name, AT_SYMLINK_FOLLOW) < 0)
		step_failed("linkat through /proc");
	else
		reach_path(name);
	close(fd);
}

ATTACK(.name = "hard-link-fd", .goals = READ | EXEC | WRITE)
