/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

/* The child of vfork runs in the parent's memory until it executes. */
static void vfork_and_exec(void *unused)
{
	char *argv[] = { (char *)"target", NULL }, *envp[] = { NULL };
	volatile int failure = 0;
	pid_t child = vfork();

	(void)unused;
	if (child == 0) {
		execve(target, argv, envp);
		failure = errno;
		_exit(127);
	}
	waitpid(child, NULL, 0);
	if (failure == 0)
		_exit(0);
	errno = failure;
}

static void run(void)
{
	reach_exec(vfork_and_exec, NULL, "exec after vfork");
}

ATTACK(.name = "vfork-exec", .goals = EXEC)
