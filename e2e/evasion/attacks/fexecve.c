/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

static void run_fd(void *arg)
{
	char *argv[] = { (char *)"target", NULL }, *envp[] = { NULL };

	fexecve(*(int *)arg, argv, envp);
}

static void run(void)
{
	int fd = open(target, O_RDONLY);

	if (fd < 0) {
		step_failed("open O_RDONLY");
		return;
	}
	reach_exec(run_fd, &fd, "fexecve");
}

ATTACK(.name = "fexecve", .goals = EXEC)
