/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

#include <spawn.h>

static void spawn_target(void *unused)
{
	char *argv[] = { (char *)"target", NULL }, *envp[] = { NULL };
	pid_t child;
	int failure = posix_spawn(&child, target, NULL, NULL, argv, envp);

	(void)unused;
	if (failure == 0) {
		waitpid(child, NULL, 0);
		_exit(0);
	}
	errno = failure;
}

static void run(void)
{
	reach_exec(spawn_target, NULL, "posix_spawn");
}

ATTACK(.name = "posix-spawn", .goals = EXEC)
