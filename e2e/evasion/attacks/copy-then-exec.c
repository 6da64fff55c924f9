/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

/* A blocked program may still be read: its copy has another path. */
static void run(void)
{
	static char bytes[4 << 20];
	const char *copy = open_path("copy");
	int from = open(target, O_RDONLY | O_CLOEXEC), to;
	ssize_t size;

	if (from < 0) {
		step_failed("open the program for reading");
		return;
	}
	size = read(from, bytes, sizeof(bytes));
	close(from);
	to = open(copy, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	if (to < 0 || write(to, bytes, (size_t)size) != size) {
		step_failed("write the copy");
		return;
	}
	close(to);
	reach_path(copy);
}

ATTACK(.name = "copy-then-exec", .goals = EXEC)
