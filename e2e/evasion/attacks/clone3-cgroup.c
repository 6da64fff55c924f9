/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

#include <linux/sched.h>
#include <signal.h>

/* A task born in another cgroup, where the cgroup tree can be written. */
static void run(void)
{
	const char *group = "/sys/fs/cgroup/evasion";
	struct clone_args args = { .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD };
	long child;
	int fd;

	if (mkdir(group, 0755) < 0 && errno != EEXIST) {
		step_failed("mkdir of a cgroup");
		return;
	}
	fd = open(group, O_PATH | O_DIRECTORY | O_CLOEXEC);
	args.cgroup = (uint64_t)fd;
	child = fd < 0 ? -1 : syscall(SYS_clone3, &args, sizeof(args));
	if (child == 0) {
		reach_path(target);
		_exit(0);
	}
	if (child < 0)
		step_failed("clone3 CLONE_INTO_CGROUP");
	else
		waitpid((pid_t)child, NULL, 0);
	rmdir(group);
}

ATTACK(.name = "clone3-cgroup", .goals = READ | EXEC | WRITE)
