/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

#include <linux/sched.h>
#include <signal.h>

#include "cgroup.h"

/* A task born in another cgroup. */
static void run(void)
{
	struct clone_args args = { .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD };
	char group[PATH_MAX];
	long child;

	if (!cgroup_make(group, sizeof(group))) {
		step_failed("mkdir of a cgroup");
		return;
	}
	args.cgroup = (uint64_t)open(group, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	child = syscall(SYS_clone3, &args, sizeof(args));
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
