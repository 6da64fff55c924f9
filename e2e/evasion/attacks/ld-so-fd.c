/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

/* The loader gets the program by a descriptor, so that no path of it is in the command line. */
static int fd;

static void load(void *loader)
{
	char proc[64];
	char *argv[] = { loader, proc, NULL }, *envp[] = { NULL };

	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	execve(loader, argv, envp);
}

static void run(void)
{
	fd = open(target, O_RDONLY);
	if (fd < 0) {
		step_failed("open for reading");
		return;
	}
	reach_exec(load, (void *)open_path("ld.so"), "exec through ld.so");
}

ATTACK(.name = "ld-so-fd", .goals = EXEC, .layout = LAYOUT_DYNAMIC)
