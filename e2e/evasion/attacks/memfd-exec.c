/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

#include <sys/mman.h>

static void run_fd(void *arg)
{
	char *argv[] = { (char *)"target", NULL }, *envp[] = { NULL };

	fexecve(*(int *)arg, argv, envp);
}

static void run(void)
{
	static char bytes[4 << 20];
	int from = open(target, O_RDONLY | O_CLOEXEC), memory;
	ssize_t size;

	if (from < 0) {
		step_failed("open the program for reading");
		return;
	}
	size = read(from, bytes, sizeof(bytes));
	close(from);
	memory = memfd_create("memory", MFD_CLOEXEC);
	if (memory < 0 || write(memory, bytes, (size_t)size) != size) {
		step_failed("fill the memfd");
		return;
	}
	reach_exec(run_fd, &memory, "fexecve of a memfd");
}

ATTACK(.name = "memfd-exec", .goals = EXEC, .alert_names = "/memfd:")
