/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

/* A copy that first has no name at all and gets one by linkat. */
static void run(void)
{
	static char bytes[4 << 20];
	const char *name = open_path("from-tmpfile");
	char proc[64];
	int from = open(target, O_RDONLY | O_CLOEXEC), to;
	ssize_t size;

	if (from < 0) {
		step_failed("open for reading");
		return;
	}
	size = read(from, bytes, sizeof(bytes));
	close(from);
	to = open(scratch, O_TMPFILE | O_WRONLY, 0755);
	if (to < 0 || write(to, bytes, (size_t)size) != size) {
		step_failed("open O_TMPFILE");
		return;
	}
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", to);
	if (linkat(AT_FDCWD, proc, AT_FDCWD, name, AT_SYMLINK_FOLLOW) < 0) {
		step_failed("linkat");
		return;
	}
	close(to);
	reach_path(name);
}

ATTACK(.name = "tmpfile-link", .goals = EXEC)
