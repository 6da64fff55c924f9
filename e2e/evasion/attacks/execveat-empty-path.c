/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

static void run_empty(void *arg)
{
	char *argv[] = { (char *)"target", NULL }, *envp[] = { NULL };

	syscall(SYS_execveat, *(int *)arg, "", argv, envp, AT_EMPTY_PATH);
}

static void run(void)
{
	int fd = open(target, O_PATH | O_CLOEXEC);

	if (fd < 0) {
		step_failed("open O_PATH");
		return;
	}
	reach_exec(run_empty, &fd, "execveat AT_EMPTY_PATH");
	close(fd);
	fd = open(target, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		step_failed("open O_RDONLY");
	else
		reach_exec(run_empty, &fd, "execveat AT_EMPTY_PATH of a readable descriptor");
}

ATTACK(.name = "execveat-empty-path", .goals = EXEC)
