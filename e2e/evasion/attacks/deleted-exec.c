/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

/* An unlinked copy: its path ends in " (deleted)" for /proc, and has none for the file system. */
static void run_fd(void *arg)
{
	char *argv[] = { (char *)"target", NULL }, *envp[] = { NULL };

	fexecve(*(int *)arg, argv, envp);
}

static void run(void)
{
	static char bytes[4 << 20];
	const char *copy = open_path("deleted");
	int from = open(target, O_RDONLY | O_CLOEXEC), to, fd;
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
	fd = open(copy, O_RDONLY | O_CLOEXEC);
	unlink(copy);
	reach_exec(run_fd, &fd, "fexecve of a deleted copy");
}

ATTACK(.name = "deleted-exec", .goals = EXEC)
